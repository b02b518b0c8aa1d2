# -*- coding: utf-8 -*-
"""Mistakes of the program: what every call refuses, in which words, and what is left unchanged; and
the data that it takes in their place."""
from __future__ import unicode_literals

import logging
import sys
from collections import OrderedDict, namedtuple
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction

import pytest
import requests
from requests.adapters import HTTPAdapter
from werkzeug.local import LocalProxy

from flagship import Config, Flagship
from flagship._compat import Mapping, MappingProxyType
from flagship.cache.cache_visitor import VisitorCacheManager
from flagship.errors import FlagshipError, InitializationError, ParamError, TypingError
from flagship.handler import FlagshipEventHandler
from flagship.helpers.hits import (
    Event, EventCategory, Hit, HitType, Item, Page, Screen, Transaction)
from flagship.helpers.preset_context import PresetContext
from flagship.visitor import Visitor
from tests.support import Log

PY2 = sys.version_info[0] == 2
TEXT = type("")
NAN, INF = float("nan"), float("inf")
SURROGATE = "a\ud800"
BYTES = [] if PY2 else [b"key"]


class Strange(object):
    """Of a type whose name no message holds by chance."""

    def __repr__(self):
        return "<strange>"


class Session(object):
    """Looks like a session, but neither is one nor makes one."""

    send = prepare_request = None


class CacheManager(VisitorCacheManager):
    def save(self, visitor_id, visitor_data):
        """Keeps nothing."""

    def lookup(self, visitor_id):
        """Knows nobody."""


# What a parameter refuses: (error, what the message says is allowed, values).
def mistyped(allowed, *values):
    return [(TypingError, allowed, (Strange(),) + values)]


def outside(allowed, *values):
    return [(ParamError, allowed, values)]


# Of no kind that data is, as text and as a number.
NO_DATA = mistyped("text", 1.5, True, [], {}, ("key",), {"key"}, *BYTES)
NOT_TEXT = mistyped("text", None, 7, 1.5, True, [], {}, ("key",), *BYTES)
NOT_ID = mistyped("text", 7, 1.5, True, [], {}, ("ann",), *BYTES)
NOT_NAME = NOT_TEXT + outside("empty", "")
NOT_CREDENTIAL = NOT_NAME + outside("empty", " ", "\r\n") + outside(
    "character", "a b", "a\nb", "a\x00", SURROGATE, "cl\u20ac", *([b"\xff"] if PY2 else []))
NOT_BOOL = mistyped("bool", None, 0, 1, "True", 1.0, [])
# Text least of all: "no" would be true. None, 0 and 1 come out of databases.
NOT_CONSENT = mistyped("bool", "yes", "no", "", "1", 2, -1, 0.5, [], {}, (True,))
NOT_INT = mistyped("int", None, True, False, 1.0, NAN, "1", Decimal(1), [])
NOT_NUMBER = mistyped("int or float", None, True, "1", 1j, Decimal(1), [])
NOT_FINITE = NOT_NUMBER + outside("finite", NAN, INF, -INF)
NOT_COUNT = mistyped("a whole number", 1j, [], {}, (1,), *BYTES)
NOT_MONEY = mistyped("a number", 1j, [], {}, (1,), *BYTES)
NOT_CONTEXT = mistyped("mapping", [], (), "key", 7, True, [("key", 1)], {"key"})
ANYTHING = []


def at_least(minimum, *values):
    return NOT_INT + outside("at least %d" % minimum, *values)


GREEN = "green"
KEY = ("key", "cta-color", NOT_TEXT)
READING = [KEY, ("default_value", GREEN, ANYTHING), ("activate", False, ANYTHING)]
SYNCHRONIZE = ("synchronize", False, ANYTHING)

# The hits whose setters are called.
HITS = {
    "page": lambda: Page("https://example.com"),
    "event": lambda: Event(EventCategory.ACTION_TRACKING, "cart"),
    "transaction": lambda: Transaction("t", "shop"), "item": lambda: Item("t", "shoe", "sku")}

# owner, call, [(parameter, a good value, what it refuses)]
TABLE = [
    ("flagship", "start", [
        ("env_id", "other", NOT_CREDENTIAL + outside("character", "a/b", "a?b", "a#b", "a%2fb")),
        ("api_key", "other", NOT_CREDENTIAL),
        ("config", None, mistyped("Config or None", {}, "config", Config, 7))]),
    ("flagship", "create_visitor", [
        ("visitor_id", "bob", NOT_ID), ("authenticated", False, ANYTHING),
        ("context", {}, mistyped("mapping", "key", 7, True, 1.5, *BYTES)),
        ("has_consented", True, NOT_CONSENT)]),
    ("visitor", "update_context", [
        ("context", {"new": 1}, mistyped("mapping", [], [("new", 1)], "new", 7, True, {"new"})),
        SYNCHRONIZE]),
    ("visitor", "authenticate", [
        ("visitor_id", "Ann", NOT_ID), ("context", {"new": 1}, NOT_CONTEXT), SYNCHRONIZE]),
    ("visitor", "unauthenticate", [("context", {"new": 1}, NOT_CONTEXT), SYNCHRONIZE]),
    ("visitor", "set_consent", [("has_consented", True, NOT_CONSENT)]),
    ("visitor", "get_modification", READING),
    ("visitor", "get_modification_with_results", READING),
    ("visitor", "get_modification_info", [KEY]),
    ("visitor", "activate_modification", [KEY]),
    ("hits", Hit, [("hit_type", HitType.PAGE, mistyped("HitType", None, "PAGEVIEW", HitType))]),
    ("hits", Page, [("location", "https://example.com", NO_DATA)]),
    ("hits", Screen, [("location", "home", NO_DATA)]),
    ("hits", Event, [
        ("category", EventCategory.ACTION_TRACKING,
         mistyped("EventCategory", None, "", "Action", 1, HitType.EVENT, EventCategory, [])),
        ("action", "cart", NO_DATA)]),
    ("hits", Transaction, [("transaction_id", "t", NO_DATA), ("affiliation", "shop", NO_DATA)]),
    ("hits", Item, [("transaction_id", "t", NO_DATA), ("product_name", "shoe", NO_DATA),
                    ("product_sku", "sku", NO_DATA)]),
    ("page", "with_ip", [("ip", "::1", NO_DATA)]),
    ("page", "with_resolution", [("width", 1920, NOT_COUNT), ("height", 1080, NOT_COUNT)]),
    ("page", "with_locale", [("locale", "fr", NO_DATA)]),
    ("page", "with_session_number", [("number", 1, NOT_COUNT)]),
    ("page", "with_session_timestamp", [("timestamp", 1, NOT_COUNT)]),
    ("event", "with_event_label", [("label", "l", NO_DATA)]),
    ("event", "with_event_value", [("value", 1, NOT_COUNT)]),
    ("transaction", "with_total_revenue", [("revenue", 1, NOT_MONEY)]),
    ("transaction", "with_shipping_cost", [("shipping", 1, NOT_MONEY)]),
    ("transaction", "with_shipping_method", [("shipping_method", "m", NO_DATA)]),
    ("transaction", "with_taxes", [("taxes", 1, NOT_MONEY)]),
    ("transaction", "with_currency", [("currency", "EUR", NO_DATA)]),
    ("transaction", "with_payment_method", [("payment", "p", NO_DATA)]),
    ("transaction", "with_item_count", [("item_nb", 1, NOT_COUNT)]),
    ("transaction", "with_coupon_code", [("coupon", "c", NO_DATA)]),
    ("item", "with_price", [("price", 1, NOT_MONEY)]),
    ("item", "with_item_quantity", [("item_quantity", 1, NOT_COUNT)]),
    ("item", "with_item_category", [("category", "c", NO_DATA)]),
]

Mistake = namedtuple("Mistake", "owner call function parameters parameter refused")
MISTAKES = [
    Mistake(owner, call, call if isinstance(call, TEXT) else TEXT(call.__name__), parameters,
            parameter, refused)
    for owner, call, parameters in TABLE for parameter, _, refused in parameters if refused]
mistakes = pytest.mark.parametrize("mistake", MISTAKES,
                                   ids=["%s-%s" % (each.function, each.parameter)
                                        for each in MISTAKES])


class World(object):
    """A started SDK with one authenticated visitor and one hit of each kind."""

    def __init__(self, visitor, emulator, **options):
        self.emulator, self.visitor = emulator, visitor("ann", True, {"vip": True}, **options)
        self.flagship = Flagship.instance()
        self.owners = {name: make() for name, make in HITS.items()}
        self.owners.update(flagship=self.flagship, visitor=self.visitor)

    def state(self):
        """All that a refused call could have changed."""
        config, ann = self.flagship.config, self.visitor
        return (config, config.env_id, config.api_key, self.flagship.is_flagship_started(),
                ann.visitor_id,
                ann.anonymous_id, ann.has_consented, ann.get_context(),
                {key: tuple(flag) for key, flag in ann.modifications.items()},
                len(self.emulator.requests),
                [(dict(self.owners[name].get_data()), self.owners[name].left_out)
                 for name in sorted(HITS)])

    def ways(self, mistake):
        """(error, allowed, value, call) for each wrong value, positionally and by keyword."""
        owner = self.owners.get(mistake.owner)
        call = mistake.call if owner is None else getattr(owner, mistake.call)
        for error, allowed, values in mistake.refused:
            for value in values:
                given = {str(name): good for name, good, _ in mistake.parameters}
                if mistake.function == "start":
                    given[str("config")] = self.flagship.config
                given[str(mistake.parameter)] = value
                in_order = [given[name] for name, _, _ in mistake.parameters]
                yield error, allowed, value, lambda: call(*in_order)
                yield error, allowed, value, lambda: call(**given)


def names_all(error, function, parameter, value, allowed):
    """Whether a message names function, parameter, what came and what is allowed."""
    message, kind = error.message, type(value).__name__
    assert message == TEXT(error)
    assert (error.function, error.parameter) == (function, parameter)
    assert function in message and parameter in message and allowed in message
    assert kind in message or (not isinstance(error, TypeError) and repr(value) in message)
    return True


@mistakes
def test_mistake(mistake, visitor, emulator, log):
    """A wrong argument is refused at the call, by place and by name, in words that help, and
    nothing is changed. The handler hears of it, and logs nothing of what the caller is told."""
    world = World(visitor, emulator)
    before, lines = world.state(), list(log.lines)
    for kind, allowed, value, call in world.ways(mistake):
        del log.caught[:]
        with pytest.raises(kind) as info:
            call()
        assert names_all(info.value, mistake.function, mistake.parameter, value, allowed)
        assert isinstance(info.value, (TypeError, ValueError))
        assert isinstance(info.value, FlagshipError)
        assert world.state() == before
        assert [error for error, _ in log.caught] == [info.value]
    assert log.lines == lines


def is_refused_hit(result, error, value):
    return result.problem == error.message


def is_neutral_visitor(result, error, value):
    return type(result) is Visitor and result.get_context() == {}


# What the call returns where the handler catches its mistake; setters return the hit.
NEUTRAL = {
    "start": lambda result, error, value: result is None,
    "create_visitor": is_neutral_visitor,
    "update_context": lambda result, error, value: result == ((), None),
    "authenticate": lambda result, error, value: result is None,
    "unauthenticate": lambda result, error, value: result is None,
    "set_consent": lambda result, error, value: result is None,
    "get_modification": lambda result, error, value: result is value,
    "get_modification_with_results":
        lambda result, error, value: result[0] is value
        and result[1:] == (False, error.message, None),
    "get_modification_info": lambda result, error, value: result is None,
    "activate_modification": lambda result, error, value: result == (False, error.message),
    "Hit": is_refused_hit, "Page": is_refused_hit, "Screen": is_refused_hit,
    "Event": is_refused_hit,
    "Transaction": is_refused_hit, "Item": is_refused_hit,
}


@mistakes
def test_caught_mistake(mistake, visitor, emulator, log):
    """With catch_all_exceptions the handler is told once, with the traceback; the call returns its
    neutral result."""
    log.catch_all_exceptions = True
    world = World(visitor, emulator)
    before = world.state()
    for kind, allowed, value, call in world.ways(mistake):
        del log.caught[:]
        result = call()
        ((error, traceback),) = log.caught
        assert type(error) is kind
        assert names_all(error, mistake.function, mistake.parameter, value, allowed)
        assert "Traceback" in traceback and kind.__name__ in traceback
        assert "test_arguments.py" in traceback.splitlines()[1]
        if mistake.function in NEUTRAL:
            assert NEUTRAL[mistake.function](result, error, GREEN)
        else:
            assert result is world.owners[mistake.owner]
        assert world.state() == before


def test_neutral_visitor(visitor, emulator, log):
    """The visitor that a caught mistake leaves gives defaults and sends nothing; the others are not
    concerned."""
    log.catch_all_exceptions = True
    ann = visitor()
    nobody = Flagship.instance().create_visitor(7)
    emulator.clear()
    assert nobody.visitor_id and nobody.anonymous_id is None and dict(nobody.modifications) == {}
    assert nobody.update_context({"key": 1}) == ((("key", True, "", None),), None)
    assert nobody.synchronize_modifications()[0] is False
    assert nobody.get_modification("cta-color", "green", True) == "green"
    assert nobody.get_modification_with_results("cta-color", "green", True)[0::3] == ("green", None)
    assert nobody.get_modification_info("cta-color") is None
    assert nobody.activate_modification("cta-color")[0] is False
    assert nobody.authenticate("Ann", synchronize=True) is None
    assert nobody.unauthenticate(synchronize=True) is None
    assert nobody.send_hit(Page("https://example.com"))[0] is False
    assert emulator.requests == []
    assert ann.activate_modification("cta-color")[0] is True


OPTIONS = {
    "mode": mistyped("Config.Mode", None, "API", "BUCKETING", 1, Config.Mode),
    "timeout": NOT_FINITE + outside("greater than 0", 0, -1, 0.0, -0.1) + outside(
        "at most", 10 ** 8, 2000.0 ** 3),
    "polling_interval": NOT_NUMBER + outside("finite", NAN, -INF),
    "event_handler": mistyped("FlagshipEventHandler or None", 7, "log", FlagshipEventHandler,
                              logging.getLogger()),
    "visitor_cache_manager": mistyped("VisitorCacheManager", 7, "cache", {}, CacheManager,
                                      VisitorCacheManager),
    "debug": NOT_BOOL,
    "tracking_timeout": mistyped("int or float", True, "1") + outside("greater than 0", 0, -0.5),
    "bucketing_timeout": mistyped("int or float", None, True) + outside("greater than 0", 0, -0.5),
    "bucketing_file": mistyped("path", 7, True, [], {}, *BYTES) + outside("empty", ""),
    "initial_bucketing": mistyped("dict", 7, True, [], *BYTES) + outside("empty", ""),
    "session": mistyped("requests.Session", 7, "session", {}, Session()),
    "connection_pool_size": at_least(1, 0, -1),
    "max_response_size": at_least(1, 0, -1)[:1],
}
for name in ("decision_api_url", "cdn_url", "tracking_url"):
    OPTIONS[name] = NOT_NAME + outside(
        "http or https", PresetContext.IP, "example.com", "ftp://example.com", "http://",
        "https:///v2", "http://a b", "http://a:b/",
        "http://example.com\n") + outside("base URL", "http://example.com?a=1",
                                          "http://example.com/#a")


@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_option(option, log):
    """A wrong option is refused by name, at construction and on assignment; a caught one keeps its
    default."""
    log.catch_all_exceptions = True
    default, changed = getattr(Config(), option), Config()
    for kind, allowed, value in ((kind, allowed, value) for kind, allowed, values in OPTIONS[option]
                                 for value in values):
        before = getattr(changed, option)
        for call in (lambda: Config(**{str(option): value}),
                     lambda: setattr(changed, option, value)):
            with pytest.raises(kind) as info:
                call()
            assert names_all(info.value, "Config", option, value, allowed)
        assert getattr(changed, option) is before
        if option != "event_handler":
            del log.caught[:]
            config = Config(
                **dict({"event_handler": log, "debug": True, "timeout": 1}, **{str(option): value}))
            ((error, traceback),) = log.caught
            assert type(error) is kind and names_all(error, "Config", option, value, allowed)
            assert "Traceback" in traceback and getattr(config, option) == default
            assert config.event_handler is log and (option == "debug" or config.debug is True)


UNKNOWN = ["timeOut", "polling", "env_id", "api_key", "url"]


@pytest.mark.parametrize("option", UNKNOWN)
def test_unknown_option(option, log):
    """An unknown option is refused with the options that there are; a caught one is passed over."""
    config = Config()
    for call in (lambda: Config(**{str(option): 1}), lambda: setattr(config, option, 1)):
        with pytest.raises(ParamError) as info:
            call()
        assert (info.value.function, info.value.parameter) == ("Config", option)
        assert all(name in info.value.message for name in list(OPTIONS) + ["Config", option])
    log.catch_all_exceptions = True
    config = Config(event_handler=log, timeout=1, **{str(option): 1})
    assert len(log.caught) == 1 and config.timeout == 1


def test_unknown_option_names_its_type():
    with pytest.raises(ParamError) as info:
        Config(unknown=Strange())
    assert names_all(info.value, "Config", "unknown", Strange(), "timeout")


def test_several_wrong_options(log):
    """Each caught mistake is told, whatever the order."""
    log.catch_all_exceptions = True
    config = Config(timeout="1", debug=1, mode=None, event_handler=log)
    assert sorted(error.parameter for error, _ in log.caught) == ["debug", "mode", "timeout"]
    assert (config.timeout, config.debug, config.mode) == (2.0, False, Config.Mode.API)


def test_accepted_options():
    """What the documentation allows is taken, and a base URL loses its last slash."""
    session = requests.Session()
    options = dict(mode=Config.Mode.BUCKETING, timeout=0.001, polling_interval=-1,
                   visitor_cache_manager=CacheManager(),
                   debug=True, bucketing_file=None, initial_bucketing={}, session=session)
    config = Config(decision_api_url="http://localhost:8080/v2/", **options)
    assert {name: getattr(config, name) for name in options} == options
    assert config.decision_api_url == "http://localhost:8080/v2"
    assert isinstance(Config(event_handler=None).event_handler, FlagshipEventHandler)
    assert Config(session=requests.Session).session is requests.Session


@pytest.mark.parametrize("option, value", [
    ("bucketing_file", "file.json"), ("initial_bucketing", "file.json"), ("spool", "spool.db"),
    ("cdn_url", "http://cdn.example"), ("tracking", "deferred"), ("timeout", 0.5),
    ("polling_interval", 30), ("tracking_queue_size", 5), ("debug", True), ("offline", False)])
def test_settings_may_be_lazy(option, value):
    """Such as Django's SimpleLazyObject: a setting that is worked out when it is first used."""
    kept = getattr(Config(**{str(option): LocalProxy(lambda: value)}), option)
    assert kept == value and type(kept) is type(value)
    with pytest.raises(TypingError):
        Config(**{str(option): LocalProxy(lambda: [])})


@pytest.mark.parametrize("env_id, api_key, options", [
    ("", "other", {}), (7, "other", {}), ("other", "", {}), ("other", None, {}),
    ("other", "other", {"session": lambda: Strange()})])
@pytest.mark.parametrize("catch", [False, True])
def test_failed_start(env_id, api_key, options, catch, visitor, emulator):
    """A start that fails leaves the running SDK, its config and the config that was given as they
    were."""
    ann = visitor()
    running, given = Flagship.instance().config, Config(event_handler=Log(catch), **options)
    for config in (given, running) if not options else (given,):
        if catch:
            running.event_handler.catch_all_exceptions = True
            assert Flagship.instance().start(env_id, api_key, config) is None
            assert len(config.event_handler.caught) == 1
        else:
            with pytest.raises(FlagshipError):
                Flagship.instance().start(env_id, api_key, config)
    assert (given.env_id, given.api_key) == (None, None)
    assert Flagship.instance().config is running
    assert (running.env_id, running.api_key) == (emulator.env_id, emulator.api_key)
    assert Flagship.instance().is_flagship_started()
    assert ann.activate_modification("cta-color")[0]
    assert ann.synchronize_modifications() == (True, "")


@pytest.mark.parametrize("catch", [False, True])
def test_not_started(catch, start, log):
    """Without a started SDK there is no visitor, not even a neutral one."""
    log.catch_all_exceptions = catch
    flagship = start()
    flagship.close()
    for arguments in ((), ("ann",), ("ann", False, {})):
        with pytest.raises(InitializationError):
            flagship.create_visitor(*arguments)


def test_no_visitor_id(start):
    """No id, or an empty one, gets a UUID4, each its own."""
    made = [start().create_visitor(*arguments).visitor_id
            for arguments in ((), (None,), ("",), ("", True)) * 5]
    assert len(set(made)) == 20 and all(len(each) == 36 and each[14] == "4" for each in made)


BAD_KEYS = [None, 7, 1.5, True, ("key",), frozenset(), Strange()] + BYTES
BAD_VALUES = [[], {}, (), {1}, 1j, Strange(), NAN, INF, -INF, Decimal("NaN"), Decimal("Infinity"),
              10 ** 400] + BYTES
BAD_PAIRS = [(key, 1) for key in BAD_KEYS] + [("bad", value) for value in BAD_VALUES]


def same(one, other):
    # NaN differs from itself, and text from other bytes only with a warning on Python 2.
    return one is other or (type(one) is type(other) and one == other)


@pytest.mark.parametrize("key, value", BAD_PAIRS, ids=["%.20r-%.20r" % pair for pair in BAD_PAIRS])
def test_bad_pair(key, value, visitor, log):
    """A bad pair is rejected individually, with one ERROR line; the good ones of the same dict are
    kept."""
    ann = visitor("ann", False, {"old": 0})
    del log.lines[:]
    results, synchronized = ann.update_context({"good": 1, key: value, "fine": "b"})
    assert synchronized is None and type(results) is tuple and len(results) == 3
    (refused,) = [result for result in results if not result[1]]
    assert type(refused) is tuple and same(refused[0], key) and refused[1] is False
    assert refused[3] is None
    assert {result for result in results if result[1]} == {
        ("good", True, "", None), ("fine", True, "", None)}
    assert log.at(logging.ERROR) == [refused[2]] and "update_context" in refused[2]
    assert ann.get_context() == {"old": 0, "good": 1, "fine": "b"}
    assert ann.update_context((key, value)) == ((refused,), None)
    assert log.at(logging.WARNING) == [refused[2]] * 2
    assert ann.get_context() == {"old": 0, "good": 1, "fine": "b"}


def test_none_is_no_value(visitor, log):
    """It is everyday data: the pair is dropped with a DEBUG line, and what the visitor had under
    the key stays."""
    ann = visitor("ann", False, {"old": 0})
    del log.lines[:]
    for context in ({"old": None, "new": 1}, ("old", None), {PresetContext.IP: None}):
        results, _ = ann.update_context(context)
        dropped, = [result for result in results if not result[1]]
        assert dropped[0] in ("old", "sdk_ip") and dropped[1] is False and dropped[3] is None
        assert (logging.DEBUG, dropped[2]) in log.lines and "no value" in dropped[2]
    assert ann.get_context() == {"old": 0, "new": 1} and log.at(logging.INFO) == []


@pytest.mark.parametrize("pair", [(), ("key",), ("key", 1, 2), (("key", 1),), (("a", 1), ("b", 2))],
                         ids=str)
def test_bad_tuple(pair, visitor, log):
    """A tuple that is no (key, value) is refused with a log line."""
    ann = visitor("ann", False, {"old": 0})
    del log.lines[:]
    ((result,), synchronized) = ann.update_context(pair)
    assert synchronized is None and len(result) == 4 and result[1] is False and result[3] is None
    assert log.at(logging.WARNING) == [result[2]] and result[2]
    assert ann.get_context() == {"old": 0}


@pytest.mark.parametrize("give", [
    lambda flagship, context: flagship.create_visitor("ann", False, context),
    lambda flagship, context: flagship.create_visitor("ann", context=context),
    lambda flagship, context: authenticated(flagship.create_visitor("ann", False, {"old": 0}),
                                            context),
    lambda flagship, context: unauthenticated(flagship.create_visitor("ann", True, {"old": 0}),
                                              context),
], ids=["create_visitor", "create_visitor by name", "authenticate", "unauthenticate"])
def test_bad_pairs_elsewhere(give, start, log):
    """Wherever a context is given, bad pairs are rejected individually, with a log line each."""
    ann = give(start(), {"good": 1, 7: 1, "bad": [], "none": None, PresetContext.IP: "::1"})
    assert ann.get_context() == {"good": 1} and len(log.at(logging.WARNING)) == 2


class Stored(dict):
    """A dict whose storage is not what it shows, as a request's parameters are."""

    def __init__(self, shown):
        dict.__init__(self, {key: [value] for key, value in shown.items()})
        self._shown = shown

    def items(self):
        return self._shown.items()

    iteritems = items


class Own(Mapping):
    """A mapping that is no dict."""

    def __init__(self, shown):
        self._shown = shown

    def __getitem__(self, key):
        return self._shown[key]

    def __iter__(self):
        return iter(self._shown)

    def __len__(self):
        return len(self._shown)


class Form(object):
    """What has items() and is registered as nothing."""

    def __init__(self, shown):
        self.items = lambda: iter(shown.items())


MAPPINGS = {"Stored": Stored, "OrderedDict": OrderedDict, "MappingProxyType": MappingProxyType,
            "Own": Own,
            "Form": Form}


@pytest.mark.parametrize("kind", sorted(MAPPINGS))
def test_any_mapping_is_a_context(kind, start, emulator, log):
    """It is read by what its items() gives."""
    flagship, context = start(), MAPPINGS[kind]({"country": "fr", "page": 2})
    ann = flagship.create_visitor("ann", context=context)
    assert ann.get_context() == {"country": "fr", "page": 2}
    bob = flagship.create_visitor("bob", True, {"old": 0})
    assert len(bob.update_context(context, True)[0]) == 2
    assert emulator.decisions[0]["context"] == {"old": 0, "country": "fr", "page": 2}
    for replace in (lambda: bob.authenticate("Bob", context), lambda: bob.unauthenticate(context)):
        bob.update_context({"old": 0})
        replace()
        assert bob.get_context() == {"country": "fr", "page": 2}
    assert log.at(logging.WARNING) == []


@pytest.mark.parametrize("context", [
    [("country", "fr"), ["page", 2]], (("country", "fr"), ("page", 2)),
    iter([("country", "fr"), ("page", 2)])], ids=["list", "tuple", "iterator"])
def test_create_visitor_takes_pairs(context, start):
    assert start().create_visitor("ann", context=context).get_context() == {
        "country": "fr", "page": 2}


def test_no_context_changes_nothing(visitor, log):
    """None where a context may stand, empty text, an empty mapping, and one that raises, which is
    told."""
    ann = visitor("ann", context={"old": 0})
    assert ann.update_context(None) == ann.update_context({}) == ((), None)
    for empty in (None, "", b""):
        assert visitor("bob", context=empty).get_context() == {}
        assert ann.update_context(empty) == ((), None)
        ann.authenticate("Ann", empty)
        ann.unauthenticate(empty)
    assert ann.get_context() == {"old": 0} and log.at(logging.WARNING) == []
    broken = Form({})
    broken.items = lambda: 1 // 0
    assert ann.update_context(broken) == ((), None) and ann.get_context() == {"old": 0}
    line, = log.at(logging.WARNING)
    assert "update_context" in line and "ZeroDivisionError" in line


class Shown(object):
    """Has a truth, as the callable ``is_authenticated`` of an old Django."""

    def __init__(self, truth):
        self._truth = truth

    def __call__(self):
        return not self._truth

    def __bool__(self):
        if self._truth is None:
            raise ValueError("no truth")
        return self._truth

    __nonzero__ = __bool__


@pytest.mark.parametrize("flag, truth", [
    (None, False), (0, False), (1, True), ("", False), ("no", True), ([], False), (0.5, True),
    (Strange(), True), (Shown(True), True), (Shown(False), False), (Shown(None), False)], ids=repr)
def test_flags_go_by_truth(flag, truth, start, emulator, log):
    """``authenticated``, ``synchronize`` and ``activate``; what has no truth is false."""
    flagship = start()
    assert (flagship.create_visitor("ann", flag).anonymous_id is not None) is truth
    ann = flagship.create_visitor("ann")
    assert (ann.update_context({"a": 1}, flag)[1] == (True, "")) is truth
    ann.authenticate("Ann", synchronize=flag)
    ann.unauthenticate(synchronize=flag)
    assert len(emulator.decisions) == 3 * truth
    ann.synchronize_modifications()
    ann.get_modification("cta-color", GREEN, flag)
    assert (ann.get_modification_with_results("cta-color", GREEN, flag)[3] is not None) is truth
    assert len(emulator.activations) == 2 * truth and log.at(logging.WARNING) == [] == log.caught


@pytest.mark.parametrize("visitor_id", [None, ""])
def test_authenticating_nobody_is_ignored(visitor_id, visitor, log):
    ann = visitor("ann", context={"old": 0})
    del log.lines[:]
    assert ann.authenticate(visitor_id, {"new": 1}, True) is None
    assert (ann.visitor_id, ann.anonymous_id, ann.get_context()) == ("ann", None, {"old": 0})
    assert len(log.lines) == len(log.at(logging.WARNING)) == 1 and log.caught == []


@pytest.mark.parametrize("given, read", [
    (PresetContext.IP, "sdk_ip"), ("a\ud800\u20ac", "a\ufffd\u20ac")] + (
        [(b"\xffa", "\ufffda")] if PY2 else []), ids=["an Enum member", "a lone surrogate"]
        + ["bytes"] * PY2)
def test_text_that_is_read(given, read, start, emulator, log):
    """Ids and keys that are text in another dress are text, and go to the platform so."""
    flagship = start()
    ann = flagship.create_visitor(given)
    assert ann.visitor_id == read
    bob = flagship.create_visitor("bob")
    bob.authenticate(given)
    assert (bob.visitor_id, bob.anonymous_id) == (read, "bob")
    assert bob.synchronize_modifications() == (True, "")
    assert emulator.decisions[0]["visitorId"] == read
    assert bob.get_modification(given, GREEN) == GREEN
    assert repr(read).lstrip("u") in bob.activate_modification(given)[1]
    assert log.at(logging.WARNING) == [] == log.caught


def test_white_space_around_the_credentials_is_stripped(emulator, log):
    """With one WARNING each, which holds neither."""
    with Flagship.instance() as flagship:
        flagship.start(" env\n", "\tkey ", Config(event_handler=log, **emulator.urls))
        assert (flagship.config.env_id, flagship.config.api_key) == ("env", "key")
        assert len(log.at(logging.WARNING)) == 2
        assert flagship.create_visitor("ann").synchronize_modifications() == (True, "")
    assert emulator.requests[0].headers["x-api-key"] == "key"


@pytest.mark.parametrize("arguments", [("env", "key"), ("env", "key", None)], ids=len)
def test_a_start_needs_no_config(arguments):
    with Flagship.instance() as flagship:
        assert flagship.start(*arguments) is None and flagship.is_flagship_started()
        assert flagship.config.mode is Config.Mode.API and flagship.config.timeout == 2.0


def authenticated(visitor, context):
    visitor.authenticate("Ann", context)
    assert (visitor.visitor_id, visitor.anonymous_id) == ("Ann", "ann")
    return visitor


def unauthenticated(visitor, context):
    anonymous_id = visitor.anonymous_id
    visitor.unauthenticate(context)
    assert (visitor.visitor_id, visitor.anonymous_id) == (anonymous_id, None)
    return visitor


class Size(IntEnum):
    SMALL = 1


class Colour(TEXT, Enum):
    RED = "red"


class Text(TEXT):
    def __str__(self):
        return "not this"


class Integer(int):
    def __repr__(self):
        return "not this"


class Float(float):
    def __repr__(self):
        return "not this"


GOOD_VALUES = [
    ("b", "b"), ("", ""), ("é\U0001f600", "é\U0001f600"), (True, True), (False, False), (0, 0),
    (-7, -7),
    (2 ** 70, 2 ** 70), (1.5, 1.5), (-0.5, -0.5), (1e300, 1e300), (Size.SMALL, 1),
    (Colour.RED, "red"),
    (Text("b"), "b"), (Integer(7), 7), (Float(1.5), 1.5), (HitType.PAGE, "PAGEVIEW"),
    (PresetContext.IP, "sdk_ip"), (Decimal("1.5"), 1.5), (Fraction(1, 2), 0.5),
    (SURROGATE, "a\ufffd"),
] + ([("é".encode("utf-8"), "é")] if PY2 else [])


@pytest.mark.parametrize("given, kept", GOOD_VALUES,
                         ids=["%s" % number for number in range(len(GOOD_VALUES))])
def test_good_value(given, kept, visitor, emulator):
    """Text, bool and numbers, whatever their type, are kept as plain values and arrive as what they
    say."""
    ann = visitor()
    emulator.clear()
    assert ann.update_context({"key": given}, True) == ((("key", True, "", None),), (True, ""))
    assert ann.update_context(("other", given), synchronize=True) == (
        (("other", True, "", None),), (True, ""))
    for context in (ann.get_context(), emulator.decisions[-1]["context"],
                    emulator.context_events[-1]["data"]):
        assert context == {"key": kept, "other": kept}
    assert {type(value) for value in ann.get_context().values()} == {type(kept)}
    assert type(emulator.decisions[-1]["context"]["key"]) is type(kept)


GOOD_KEYS = [("key", "key"), ("", ""), ("clé", "clé"), (Text("key"), "key"), (Colour.RED, "red"),
             (HitType.PAGE, "PAGEVIEW"), (SURROGATE, "a\ufffd")] + (
    [("clé".encode("utf-8"), "clé")] if PY2 else [])


@pytest.mark.parametrize("key, kept", GOOD_KEYS,
                         ids=["%s" % number for number in range(len(GOOD_KEYS))])
def test_good_key(key, kept, visitor):
    """Text, subclasses included, is kept as plain text."""
    ann = visitor()
    for context in ({key: 1}, (key, 2)):
        ((result,), _) = ann.update_context(context)
        assert result == (kept, True, "", None) and type(result[0]) is TEXT
    assert ann.get_context() == {kept: 2} and {type(each) for each in ann.get_context()} == {TEXT}


@pytest.mark.parametrize("key", list(PresetContext), ids=str)
def test_preset_key(key, visitor, emulator):
    """A preset key reaches the platform once it is set, unless it is private; the user's own
    context hides it."""
    ann = visitor()
    assert emulator.decisions[-1]["context"] == {}
    for context in ({key: "a"}, (key, "a")):
        assert ann.update_context(context, True) == (((key.value, True, "", None),), (True, ""))
    expected = {} if key.value.startswith("fs_") else {key.value: "a"}
    assert emulator.decisions[-1]["context"] == emulator.context_events[-1]["data"] == expected
    assert ann.get_context() == {}


def test_bad_value_of_a_preset_key(visitor):
    """A rejected pair is told with the key's text, as an accepted one."""
    for context in ({PresetContext.IP: []}, (PresetContext.IP, [])):
        (((key, success, _, _),), _) = visitor().update_context(context)
        assert (key, success) == ("sdk_ip", False)


def test_a_context_is_a_copy(visitor):
    """What the caller does later to a dict it gave or got changes nothing."""
    given = {"key": 1}
    ann = visitor("ann", False, given)
    given["key"] = 2
    ann.get_context()["key"] = 3
    assert ann.get_context() == {"key": 1}


def test_an_enormous_int(visitor):
    """An int of more digits than Python will write down breaks no call."""
    ann = visitor()
    for value in (10 ** 5000, -10 ** 5000):
        results, synchronized = ann.update_context({"key": value, "good": 1}, True)
        assert len(results) == 2 and synchronized[0] in (True, False)
        assert ann.synchronize_modifications()[0] in (True, False)
        assert ann.get_modification("cta-color", value) in ("blue", "red")


@pytest.mark.parametrize(
    "option", ["timeout", "polling_interval", "connection_pool_size", "max_response_size"])
def test_an_enormous_option(option):
    for value in (10 ** 5000, -10 ** 5000):
        try:
            Config(**{str(option): value})
        except ParamError as error:
            assert error.parameter == option


@pytest.mark.parametrize(
    "default", ["", "b", True, 7, 2 ** 70, 1.5, NAN, {}, {"a": [1]}, [], None, Text("b"),
                Size.SMALL, (), {1}, 1j, Decimal(1), b"b", Strange(), PresetContext, Shown(None),
                SURROGATE], ids=repr)
def test_default(default, visitor):
    """A default is anything: it is only ever given back, as it is, and never hides a flag's
    value."""
    ann = visitor()
    assert ann.get_modification("cta-color", default) in ("blue", "red")
    for activate in (False, True):
        assert ann.get_modification("unknown", default, activate) is default
        assert ann.get_modification("cta-hint", default, activate) is default
        value, success, reason, activation = ann.get_modification_with_results(
            "unknown", default, activate)
        assert value is default and success is False and reason and activation is None
        assert ann.get_modification_with_results("cta-hint", default)[1:] == (True, "", None)


class Raising(Log):
    """Keeps what it is told, and then raises."""

    def on_log(self, level, message):
        Log.on_log(self, level, message)
        raise RuntimeError("on_log")

    def on_exception_raised(self, exception, traceback):
        Log.on_exception_raised(self, exception, traceback)
        raise RuntimeError("on_exception_raised")


@pytest.fixture
def tracebacks_dropped(caplog):
    """A kept traceback keeps the answer that was being read, and its socket."""
    caplog.set_level(logging.CRITICAL + 1, logger="flagship")


def life(start, emulator, handler):
    """What the calls of a visitor's life return, mistakes and failures included."""
    flagship = start(event_handler=handler, debug=True)
    emulator.behave()
    ann = flagship.create_visitor("ann", False, {"vip": True, "bad": []})
    yield ann.get_context()
    yield ann.synchronize_modifications()
    yield ann.update_context({"bad": [], "none": None}, True)
    yield ann.update_context(7), ann.update_context((1, 2, 3))
    yield (ann.get_modification("unknown", 1, True), ann.get_modification(7, 1),
           ann.get_modification("discount", ()))
    yield (ann.get_modification_with_results(7, 1), ann.get_modification_info(7),
           ann.get_modification_info("unknown"))
    yield (ann.activate_modification(7), ann.activate_modification("unknown"),
           ann.activate_modification("cta-color"))
    yield ann.unauthenticate(), ann.authenticate(7), ann.authenticate("Ann"), ann.visitor_id
    yield (ann.send_hit(7), ann.send_hit(Page("nowhere")),
           ann.send_hit(Page("https://example.com").with_ip([])))
    yield ann.send_hit(Transaction("t", "a").with_payment_method("credit_card"))
    for endpoint in ("campaigns", "activate", "events", "hit"):
        emulator.misbehave(endpoint, status=500)
    yield ann.synchronize_modifications(), ann.activate_modification("cta-color")
    yield ann.send_hit(Page("https://example.com"))
    emulator.behave()
    for panic in (True, False):
        emulator.panic = panic
        yield ann.synchronize_modifications(), ann.get_modification("discount", 1)
    nobody = flagship.create_visitor("bob", context=7)
    yield nobody.synchronize_modifications(), nobody.get_modification("discount", 1)
    yield Config(event_handler=handler, timeout="1").timeout
    yield flagship.start(7, "key", flagship.config), flagship.is_flagship_started()
    yield flagship.close(), flagship.is_flagship_started()
    yield ann.synchronize_modifications(), ann.get_modification("discount", 1), ann.send_hit(7)


@pytest.mark.usefixtures("tracebacks_dropped")
def test_a_handler_that_raises(start, emulator):
    """What the user's handler raises breaks no call and changes no result."""
    quiet, raising = Log(True), Raising(True)
    assert list(life(start, emulator, raising)) == list(life(start, emulator, quiet))
    assert [type(error) for error, _ in raising.caught] == [
        type(error) for error, _ in quiet.caught]
    assert len(
        [error for error, _ in raising.caught
         if isinstance(error, (TypingError, ParamError))]) == 10
    assert len(raising.at(logging.WARNING)) == len(quiet.at(logging.WARNING)) > 10


@pytest.mark.usefixtures("tracebacks_dropped")
def test_a_handler_that_only_raises_in_on_log(visitor):
    """A mistake that is not caught reaches the caller as ever."""
    ann = visitor(event_handler=Raising())
    with pytest.raises(TypingError):
        ann.update_context(7)
    with pytest.raises(TypingError):
        Transaction("t", "a").with_payment_method([])
    assert ann.update_context(("bad", None))[0][0][1] is False


class Bare(FlagshipEventHandler):
    """A handler of 2.1.x may not call its parent's constructor."""

    def __init__(self):
        self.messages = []

    def on_log(self, level, message):
        self.messages.append(message)


def test_a_handler_without_its_parents_constructor(visitor):
    handler = Bare()
    ann = visitor(event_handler=handler)
    with pytest.raises(TypingError):
        ann.activate_modification(7)
    ann.send_hit(7)
    assert handler.messages


SECRET = "s3cr3t-4p1-k3y"


class Telling(HTTPAdapter):
    """Fails with the whole request in its words."""

    def send(self, request, **options):
        raise requests.exceptions.ConnectionError(
            "cannot send %r to %s" % (dict(request.headers), request.url))


def telling():
    session = requests.Session()
    session.mount("http://", Telling())
    return session


@pytest.mark.parametrize("options, fault", [
    ({}, {}), ({}, {"status": 401, "body": SECRET}), ({}, {"body": '{"echo": "%s"}' % SECRET}),
    ({"session": telling}, {}), ({}, {"reset": "inside"})], ids=str)
@pytest.mark.parametrize("debug", [False, True])
def test_the_api_key_is_never_told(options, fault, debug, start, emulator):
    """Neither a log line, nor an error, nor a repr, nor a result holds the API key."""
    handler = Log()
    start().close()
    options = dict(emulator.urls, bucketing_file=None, timeout=2, debug=debug,
                   event_handler=handler, **options)
    config = Config(**options)
    Flagship.instance().start(emulator.env_id, SECRET, config)
    for endpoint in ("campaigns", "activate", "events", "hit"):
        emulator.misbehave(endpoint, **fault)
    ann = Flagship.instance().create_visitor("ann")
    told = [ann.synchronize_modifications(), ann.activate_modification("cta-color"),
            ann.get_modification("a", 1, True),
            ann.send_hit(Page("https://example.com")), ann.send_hit(SECRET), ann,
            Flagship.instance(), config,
            vars(config)["event_handler"]]
    for mistake in (lambda: Flagship.instance().start(7, SECRET, config),
                    lambda: Flagship.instance().start(emulator.env_id, [SECRET], config),
                    lambda: Flagship.instance().start(emulator.env_id, SECRET + "\ud800", config),
                    lambda: Flagship.instance().start(emulator.env_id, SECRET + " " + SECRET,
                                                      config),
                    lambda: Flagship.instance().start(emulator.env_id, SECRET, {}),
                    lambda: Config(api_key=SECRET),
                    lambda: Config(cdn_url="http://%s example" % SECRET),
                    lambda: Config(mode=SECRET)):
        with pytest.raises(FlagshipError) as info:
            mistake()
        told.append(info.value)
    assert config.api_key == SECRET and len(handler.lines) > 2
    assert not [line for line in handler.lines if SECRET in "%s" % (line,)]
    assert not [each for each in told if SECRET in "%s %r" % (each, each)]
