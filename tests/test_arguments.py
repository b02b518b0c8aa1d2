# -*- coding: utf-8 -*-
"""The caller's mistakes: what every call refuses, in which words, and what is left unchanged."""
from __future__ import unicode_literals

import logging
import sys
from collections import namedtuple
from decimal import Decimal
from enum import Enum, IntEnum

import pytest
import requests
from requests.adapters import HTTPAdapter

from flagship import Config, Flagship
from flagship.cache.cache_visitor import VisitorCacheManager
from flagship.errors import FlagshipError, InitializationError, ParamError, TypingError
from flagship.handler import FlagshipEventHandler
from flagship.helpers.hits import Event, EventCategory, Hit, HitType, Item, Page, Screen, Transaction
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


NOT_UTF8 = outside("UTF-8", SURROGATE, *([b"\xff"] if PY2 else []))
NOT_TEXT = mistyped("text", None, 7, 1.5, True, [], {}, ("key",), PresetContext.IP, *BYTES) + NOT_UTF8
NOT_TEXT_OR_NONE = mistyped("text", 7, 1.5, True, [], {}, ("ann",), *BYTES) + NOT_UTF8
NOT_NAME = NOT_TEXT + outside("empty", "")
NOT_BOOL = mistyped("bool", None, 0, 1, "True", 1.0, [])
NOT_INT = mistyped("int", None, True, False, 1.0, NAN, "1", Decimal(1), [])
NOT_NUMBER = mistyped("int or float", None, True, "1", 1j, Decimal(1), [])
NOT_FINITE = NOT_NUMBER + outside("finite", NAN, INF, -INF)
NOT_DICT_OR_NONE = mistyped("dict or None", [], (), "key", 7, True, [("key", 1)])
NOT_DEFAULT = mistyped("text, bool, int, float, dict, list or None", (), {1}, 1j, Decimal(1), *BYTES)


def up_to(size, kind):
    return kind + outside("%d" % size, "a" * (size + 1), "é" * (size // 2) + "a")


def at_least(minimum, *values):
    return NOT_INT + outside("at least %d" % minimum, *values)


NAME, FREE = up_to(500, NOT_NAME), up_to(500, NOT_TEXT)
GREEN = "green"
KEY = ("key", "cta-color", NOT_TEXT)
READING = [KEY, ("default_value", GREEN, NOT_DEFAULT), ("activate", False, NOT_BOOL)]
SYNCHRONIZE = ("synchronize", False, NOT_BOOL)

# The hits whose setters are called.
HITS = {
    "page": lambda: Page("https://example.com"), "event": lambda: Event(EventCategory.ACTION_TRACKING, "cart"),
    "transaction": lambda: Transaction("t", "shop"), "item": lambda: Item("t", "shoe", "sku")}

# owner, call, [(parameter, a good value, what it refuses)]
TABLE = [
    ("flagship", "start", [
        ("env_id", "other", NOT_NAME), ("api_key", "other", NOT_NAME),
        ("config", None, mistyped("Config", None, {}, "config", Config, 7))]),
    ("flagship", "create_visitor", [
        ("visitor_id", "bob", NOT_TEXT_OR_NONE), ("authenticated", False, NOT_BOOL),
        ("context", {}, NOT_DICT_OR_NONE)]),
    ("visitor", "update_context", [
        ("context", {"new": 1}, mistyped("dict or tuple", None, [], [("new", 1)], "new", 7, True, {"new"})),
        SYNCHRONIZE]),
    ("visitor", "authenticate", [
        ("visitor_id", "Ann", NOT_NAME), ("context", {"new": 1}, NOT_DICT_OR_NONE), SYNCHRONIZE]),
    ("visitor", "unauthenticate", [("context", {"new": 1}, NOT_DICT_OR_NONE), SYNCHRONIZE]),
    ("visitor", "get_modification", READING),
    ("visitor", "get_modification_with_results", READING),
    ("visitor", "get_modification_info", [KEY]),
    ("visitor", "activate_modification", [KEY]),
    ("hits", Hit, [("hit_type", HitType.PAGE, mistyped("HitType", None, "PAGEVIEW", HitType))]),
    ("hits", Page, [("location", "https://example.com", up_to(2048, NOT_NAME) + outside(
        "http or https", "example.com", "ftp://example.com", "http://", "http://a b", "http://a:b/"))]),
    ("hits", Screen, [("location", "home", up_to(2048, NOT_NAME))]),
    ("hits", Event, [
        ("category", EventCategory.ACTION_TRACKING,
         mistyped("EventCategory", None, "Action Tracking", "ACTION_TRACKING", HitType.EVENT, EventCategory)),
        ("action", "cart", NAME)]),
    ("hits", Transaction, [("transaction_id", "t", NAME), ("affiliation", "shop", NAME)]),
    ("hits", Item, [("transaction_id", "t", NAME), ("product_name", "shoe", NAME), ("product_sku", "sku", NAME)]),
    ("page", "with_ip", [("ip", "::1", FREE)]),
    ("page", "with_resolution", [("width", 1920, at_least(1, -1)), ("height", 1080, at_least(1, -1))]),
    ("page", "with_locale", [("locale", "fr", FREE)]),
    ("page", "with_session_number", [("number", 1, at_least(0, -1))]),
    ("page", "with_session_timestamp", [("timestamp", 1, at_least(0, -1) + outside("at most", 2 ** 63))]),
    ("event", "with_event_label", [("label", "l", FREE)]),
    ("event", "with_event_value", [("value", 1, at_least(1, 0, -1))]),
    ("transaction", "with_total_revenue", [("revenue", 1, NOT_FINITE)]),
    ("transaction", "with_shipping_cost", [("shipping", 1, NOT_FINITE)]),
    ("transaction", "with_shipping_method", [("shipping_method", "m", FREE)]),
    ("transaction", "with_taxes", [("taxes", 1, NOT_FINITE)]),
    ("transaction", "with_currency", [("currency", "EUR", FREE)]),
    ("transaction", "with_payment_method", [("payment", "p", FREE)]),
    ("transaction", "with_item_count", [("item_nb", 1, NOT_INT)]),
    ("transaction", "with_coupon_code", [("coupon", "c", FREE)]),
    ("item", "with_price", [("price", 1, NOT_FINITE)]),
    ("item", "with_item_quantity", [("item_quantity", 1, NOT_INT)]),
    ("item", "with_item_category", [("category", "c", FREE)]),
]

Mistake = namedtuple("Mistake", "owner call function parameters parameter refused")
MISTAKES = [
    Mistake(owner, call, call if isinstance(call, TEXT) else TEXT(call.__name__), parameters, parameter, refused)
    for owner, call, parameters in TABLE for parameter, _, refused in parameters]
mistakes = pytest.mark.parametrize("mistake", MISTAKES, ids=["%s-%s" % (each.function, each.parameter)
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
        return (config, config.env_id, config.api_key, self.flagship.is_flagship_started(), ann.visitor_id,
                ann.anonymous_id, ann.get_context(), {key: tuple(flag) for key, flag in ann.modifications.items()},
                len(self.emulator.requests), [self.owners[name].get_data() for name in sorted(HITS)])

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
    """A wrong argument is refused at the call, by place and by name, in words that help, and nothing is changed."""
    world = World(visitor, emulator)
    before = world.state()
    for kind, allowed, value, call in world.ways(mistake):
        with pytest.raises(kind) as info:
            call()
        assert names_all(info.value, mistake.function, mistake.parameter, value, allowed)
        assert isinstance(info.value, (TypeError, ValueError)) and isinstance(info.value, FlagshipError)
        assert world.state() == before
    assert log.caught == []


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
    "get_modification": lambda result, error, value: result is value,
    "get_modification_with_results":
        lambda result, error, value: result[0] is value and result[1:] == (False, error.message, None),
    "get_modification_info": lambda result, error, value: result is None,
    "activate_modification": lambda result, error, value: result == (False, error.message),
    "Hit": is_refused_hit, "Page": is_refused_hit, "Screen": is_refused_hit, "Event": is_refused_hit,
    "Transaction": is_refused_hit, "Item": is_refused_hit,
}


@mistakes
def test_caught_mistake(mistake, visitor, emulator, log):
    """With catch_all_exceptions the handler is told once, with the traceback; the call returns its neutral result."""
    log.catch_all_exceptions = True
    world = World(visitor, emulator)
    before = world.state()
    for kind, allowed, value, call in world.ways(mistake):
        del log.caught[:]
        result = call()
        ((error, traceback),) = log.caught
        assert type(error) is kind and names_all(error, mistake.function, mistake.parameter, value, allowed)
        assert "Traceback" in traceback and kind.__name__ in traceback
        if mistake.function in NEUTRAL:
            default = value if mistake.parameter == "default_value" else GREEN
            assert NEUTRAL[mistake.function](result, error, default)
        else:
            assert result is world.owners[mistake.owner]
        assert world.state() == before


def test_neutral_visitor(visitor, emulator, log):
    """The visitor that a caught mistake leaves gives defaults and sends nothing; the others are not concerned."""
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
    assert nobody.authenticate("Ann", synchronize=True) is None and nobody.unauthenticate(synchronize=True) is None
    assert nobody.send_hit(Page("https://example.com"))[0] is False
    assert emulator.requests == []
    assert ann.activate_modification("cta-color")[0] is True


OPTIONS = {
    "mode": mistyped("Config.Mode", None, "API", "BUCKETING", 1, Config.Mode),
    "timeout": NOT_FINITE + outside("greater than 0", 0, -1, 0.0, -0.1) + outside(
        "at most", 10 ** 8, 2000.0 ** 3),
    "polling_interval": NOT_NUMBER + outside("finite", NAN, -INF),
    "event_handler": mistyped("FlagshipEventHandler or None", 7, "log", FlagshipEventHandler, logging.getLogger()),
    "visitor_cache_manager": mistyped("VisitorCacheManager", 7, "cache", {}, CacheManager, VisitorCacheManager),
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
        "http or https", "example.com", "ftp://example.com", "http://", "https:///v2", "http://a b", "http://a:b/",
        "http://example.com\n") + outside("base URL", "http://example.com?a=1", "http://example.com/#a")


@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_option(option, log):
    """A wrong option is refused by name, at construction and on assignment; a caught one keeps its default."""
    log.catch_all_exceptions = True
    default, changed = getattr(Config(), option), Config()
    for kind, allowed, value in ((kind, allowed, value) for kind, allowed, values in OPTIONS[option]
                                 for value in values):
        before = getattr(changed, option)
        for call in (lambda: Config(**{str(option): value}), lambda: setattr(changed, option, value)):
            with pytest.raises(kind) as info:
                call()
            assert names_all(info.value, "Config", option, value, allowed)
        assert getattr(changed, option) is before
        if option != "event_handler":
            del log.caught[:]
            config = Config(**dict({"event_handler": log, "debug": True, "timeout": 1}, **{str(option): value}))
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
    options = dict(mode=Config.Mode.BUCKETING, timeout=0.001, polling_interval=-1, visitor_cache_manager=CacheManager(),
                   debug=True, bucketing_file=None, initial_bucketing={}, session=session)
    config = Config(decision_api_url="http://localhost:8080/v2/", **options)
    assert {name: getattr(config, name) for name in options} == options
    assert config.decision_api_url == "http://localhost:8080/v2"
    assert isinstance(Config(event_handler=None).event_handler, FlagshipEventHandler)
    assert Config(session=requests.Session).session is requests.Session


@pytest.mark.parametrize("env_id, api_key, options", [
    ("", "other", {}), (7, "other", {}), ("other", "", {}), ("other", None, {}),
    ("other", "other", {"session": lambda: Strange()})])
@pytest.mark.parametrize("catch", [False, True])
def test_failed_start(env_id, api_key, options, catch, visitor, emulator):
    """A start that fails leaves the running SDK, its config and the config that was given as they were."""
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
    assert ann.activate_modification("cta-color")[0] and ann.synchronize_modifications() == (True, "")


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
    made = [start().create_visitor(*arguments).visitor_id for arguments in ((), (None,), ("",), ("", True)) * 5]
    assert len(set(made)) == 20 and all(len(each) == 36 and each[14] == "4" for each in made)


BAD_KEYS = [None, 7, 1.5, True, ("key",), frozenset(), Strange(), HitType.PAGE, SURROGATE] + BYTES + (
    [b"\xff"] if PY2 else [])
BAD_VALUES = [None, [], {}, (), {1}, 1j, Decimal(1), Strange(), NAN, INF, -INF, SURROGATE, HitType.PAGE,
              PresetContext.IP] + BYTES + ([b"\xff"] if PY2 else [])
BAD_PAIRS = [(key, 1) for key in BAD_KEYS] + [("bad", value) for value in BAD_VALUES]


def same(one, other):
    # NaN differs from itself, and text from other bytes only with a warning on Python 2.
    return one is other or (type(one) is type(other) and one == other)


@pytest.mark.parametrize("key, value", BAD_PAIRS, ids=["%.20r-%.20r" % pair for pair in BAD_PAIRS])
def test_bad_pair(key, value, visitor, log):
    """A bad pair is refused alone, with one log line; the good ones of the same dict are kept."""
    ann = visitor("ann", False, {"old": 0})
    del log.lines[:]
    results, synchronized = ann.update_context({"good": 1, key: value, "fine": "b"})
    assert synchronized is None and type(results) is tuple and len(results) == 3
    (refused,) = [result for result in results if not result[1]]
    assert type(refused) is tuple and same(refused[0], key) and refused[1] is False and refused[3] is None
    assert {result for result in results if result[1]} == {("good", True, "", None), ("fine", True, "", None)}
    assert log.at(logging.WARNING) == [refused[2]] and "update_context" in refused[2]
    assert ann.get_context() == {"old": 0, "good": 1, "fine": "b"}
    assert ann.update_context((key, value)) == ((refused,), None)
    assert log.at(logging.WARNING) == [refused[2]] * 2
    assert ann.get_context() == {"old": 0, "good": 1, "fine": "b"}


@pytest.mark.parametrize("pair", [(), ("key",), ("key", 1, 2), (("key", 1),), (("a", 1), ("b", 2))], ids=str)
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
    lambda flagship, context: authenticated(flagship.create_visitor("ann", False, {"old": 0}), context),
    lambda flagship, context: unauthenticated(flagship.create_visitor("ann", True, {"old": 0}), context),
], ids=["create_visitor", "create_visitor by name", "authenticate", "unauthenticate"])
def test_bad_pairs_elsewhere(give, start, log):
    """Wherever a context is given, bad pairs are refused alone, with a log line each."""
    ann = give(start(), {"good": 1, 7: 1, "bad": None, PresetContext.IP: "::1"})
    assert ann.get_context() == {"good": 1} and len(log.at(logging.WARNING)) == 2


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
    ("b", "b"), ("", ""), ("é\U0001f600", "é\U0001f600"), (True, True), (False, False), (0, 0), (-7, -7),
    (2 ** 70, 2 ** 70), (1.5, 1.5), (-0.5, -0.5), (1e300, 1e300), (Size.SMALL, 1), (Colour.RED, "red"),
    (Text("b"), "b"), (Integer(7), 7), (Float(1.5), 1.5),
] + ([("é".encode("utf-8"), "é")] if PY2 else [])


@pytest.mark.parametrize("given, kept", GOOD_VALUES, ids=["%s" % number for number in range(len(GOOD_VALUES))])
def test_good_value(given, kept, visitor, emulator):
    """Text, bool, int and float, subclasses included, are kept as plain values and arrive as they are."""
    ann = visitor()
    emulator.clear()
    assert ann.update_context({"key": given}, True) == ((("key", True, "", None),), (True, ""))
    assert ann.update_context(("other", given), synchronize=True) == ((("other", True, "", None),), (True, ""))
    for context in (ann.get_context(), emulator.decisions[-1]["context"], emulator.context_events[-1]["data"]):
        assert context == {"key": kept, "other": kept}
    assert {type(value) for value in ann.get_context().values()} == {type(kept)}
    assert type(emulator.decisions[-1]["context"]["key"]) is type(kept)


GOOD_KEYS = [("key", "key"), ("", ""), ("clé", "clé"), (Text("key"), "key"), (Colour.RED, "red")] + (
    [("clé".encode("utf-8"), "clé")] if PY2 else [])


@pytest.mark.parametrize("key, kept", GOOD_KEYS, ids=["%s" % number for number in range(len(GOOD_KEYS))])
def test_good_key(key, kept, visitor):
    """Text, subclasses included, is kept as plain text."""
    ann = visitor()
    for context in ({key: 1}, (key, 2)):
        ((result,), _) = ann.update_context(context)
        assert result == (kept, True, "", None) and type(result[0]) is TEXT
    assert ann.get_context() == {kept: 2} and {type(each) for each in ann.get_context()} == {TEXT}


@pytest.mark.parametrize("key", list(PresetContext), ids=str)
def test_preset_key(key, visitor, emulator):
    """A preset key reaches the platform once it is set, unless it is private; the user's own context hides it."""
    ann = visitor()
    assert emulator.decisions[-1]["context"] == {}
    for context in ({key: "a"}, (key, "a")):
        assert ann.update_context(context, True) == (((key.value, True, "", None),), (True, ""))
    expected = {} if key.value.startswith("fs_") else {key.value: "a"}
    assert emulator.decisions[-1]["context"] == emulator.context_events[-1]["data"] == expected
    assert ann.get_context() == {}


def test_bad_value_of_a_preset_key(visitor):
    """A refused pair is told with the key's text, as an accepted one."""
    for context in ({PresetContext.IP: None}, (PresetContext.IP, None)):
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


@pytest.mark.parametrize("option", ["timeout", "polling_interval", "connection_pool_size", "max_response_size"])
def test_an_enormous_option(option):
    for value in (10 ** 5000, -10 ** 5000):
        try:
            Config(**{str(option): value})
        except ParamError as error:
            assert error.parameter == option


@pytest.mark.parametrize("default", ["", "b", True, 7, 2 ** 70, 1.5, NAN, {}, {"a": [1]}, [], None, Text("b"),
                                     Size.SMALL] + ([b"b"] if PY2 else []), ids=repr)
def test_default(default, visitor):
    """Every documented kind of default is given back as it is; None is let through."""
    ann = visitor()
    for activate in (False, True):
        assert ann.get_modification("unknown", default, activate) is default
        assert ann.get_modification("cta-hint", default, activate) is default
        value, success, reason, activation = ann.get_modification_with_results("unknown", default, activate)
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
    ann = flagship.create_visitor("ann", False, {"vip": True, "bad": None})
    yield ann.get_context()
    yield ann.synchronize_modifications()
    yield ann.update_context({"bad": None}, True)
    yield ann.update_context(7), ann.update_context((1, 2, 3))
    yield ann.get_modification("unknown", 1, True), ann.get_modification(7, 1), ann.get_modification("discount", ())
    yield ann.get_modification_with_results(7, 1), ann.get_modification_info(7), ann.get_modification_info("unknown")
    yield ann.activate_modification(7), ann.activate_modification("unknown"), ann.activate_modification("cta-color")
    yield ann.unauthenticate(), ann.authenticate(7), ann.authenticate("Ann"), ann.visitor_id
    yield ann.send_hit(7), ann.send_hit(Page("nowhere")), ann.send_hit(Page("https://example.com").with_ip(7))
    yield ann.send_hit(Transaction("t", "a").with_payment_method("credit_card"))
    for endpoint in ("campaigns", "activate", "events", "hit"):
        emulator.misbehave(endpoint, status=500)
    yield ann.synchronize_modifications(), ann.activate_modification("cta-color")
    yield ann.send_hit(Page("https://example.com"))
    emulator.behave()
    for panic in (True, False):
        emulator.panic = panic
        yield ann.synchronize_modifications(), ann.get_modification("discount", 1)
    nobody = flagship.create_visitor("bob", 7)
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
    assert [type(error) for error, _ in raising.caught] == [type(error) for error, _ in quiet.caught]
    assert len(raising.caught) == 12
    assert len(raising.at(logging.WARNING)) == len(quiet.at(logging.WARNING)) > 10


@pytest.mark.usefixtures("tracebacks_dropped")
def test_a_handler_that_only_raises_in_on_log(visitor):
    """A mistake that is not caught reaches the caller as ever."""
    ann = visitor(event_handler=Raising())
    with pytest.raises(TypingError):
        ann.update_context(7)
    with pytest.raises(TypingError):
        Transaction("t", "a").with_payment_method(7)
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
        raise requests.exceptions.ConnectionError("cannot send %r to %s" % (dict(request.headers), request.url))


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
    options = dict(emulator.urls, bucketing_file=None, timeout=2, debug=debug, event_handler=handler, **options)
    config = Config(**options)
    Flagship.instance().start(emulator.env_id, SECRET, config)
    for endpoint in ("campaigns", "activate", "events", "hit"):
        emulator.misbehave(endpoint, **fault)
    ann = Flagship.instance().create_visitor("ann")
    told = [ann.synchronize_modifications(), ann.activate_modification("cta-color"), ann.get_modification("a", 1, True),
            ann.send_hit(Page("https://example.com")), ann.send_hit(SECRET), ann, Flagship.instance(), config,
            vars(config)["event_handler"]]
    for mistake in (lambda: Flagship.instance().start(7, SECRET, config),
                    lambda: Flagship.instance().start(emulator.env_id, [SECRET], config),
                    lambda: Flagship.instance().start(emulator.env_id, SECRET + "\ud800", config),
                    lambda: Flagship.instance().start(emulator.env_id, SECRET, None),
                    lambda: Config(api_key=SECRET), lambda: Config(cdn_url="http://%s example" % SECRET),
                    lambda: Config(mode=SECRET)):
        with pytest.raises(FlagshipError) as info:
            mistake()
        told.append(info.value)
    assert config.api_key == SECRET and len(handler.lines) > 2
    assert not [line for line in handler.lines if SECRET in "%s" % (line,)]
    assert not [each for each in told if SECRET in "%s %r" % (each, each)]
