# -*- coding: utf-8 -*-
"""Data of every kind in every call: what is sent, what is left out, what is refused, what raises.

The kinds are those of `tests/kinds.py`. A parameter belongs to a class (text, required text, money,
...); the class says what becomes of a kind in it, once for all parameters of that class.
"""
from __future__ import unicode_literals

import collections
import logging
import pickle
from collections import namedtuple

import pytest
from django.http import QueryDict
from django.utils.functional import SimpleLazyObject, lazystr
from werkzeug.datastructures import MultiDict
from werkzeug.local import LocalProxy

from flagship import Config, Flagship
from flagship._compat import MappingProxyType
from flagship.errors import FlagshipError, InitializationError
from flagship.helpers.hits import Event, EventCategory, Item, Page, Screen, Transaction
from flagship.helpers.preset_context import PresetContext
from flagship.visitor import Visitor
from tests.django_project import project
from tests.kinds import KINDS, NUMBERS, RAISING, TEXT, TEXTS, UNKNOWN, Text, fail
from tests.support import SLOW, WHOLE, Log, closes, panics

pytestmark = pytest.mark.skipif(not WHOLE, reason=SLOW)

try:
    from collections import ChainMap
except ImportError:
    ChainMap = None

# What becomes of a value.
Sent = namedtuple("Sent", "value")  # it arrives, as this value
LEFT_OUT = "left out"               # the hit arrives without it
REFUSED = "refused"                 # the hit is built, and send_hit refuses it
RAISES = "raises"                   # a mistake of the program


@pytest.fixture(autouse=True, scope="module")
def settings():
    """gettext_lazy and QueryDict want Django's settings."""
    with project(USE_I18N=False):
        yield


# --- classes of parameters: what becomes of a kind -----------------------------------------------

def cut(text, limit):
    """The text within a limit in bytes of UTF-8, ended between two characters."""
    return text.encode("utf-8")[:limit].decode("utf-8", "ignore")


def text(kind, limit=500):
    if "text" in kind.raises or kind.null:
        return LEFT_OUT
    if kind.hit_text is None:
        return RAISES
    return UNKNOWN if kind.hit_text is UNKNOWN else Sent(cut(kind.hit_text, limit))


def required_text(kind, limit=500):
    if "text" in kind.raises:
        return REFUSED
    return Sent("") if kind.null else text(kind, limit)


def screen(kind):
    return required_text(kind, 2048)


def url(kind):
    """No kind is a URL; see test_location for those that are."""
    becomes = required_text(kind, 2048)
    return REFUSED if isinstance(becomes, Sent) else becomes


def money(kind):
    if kind.number is UNKNOWN:
        return UNKNOWN
    if kind.number is not None:
        return Sent(kind.number)
    data = kind.unread or kind.null or kind.text is not None or kind.raises
    return LEFT_OUT if data else RAISES


def count(kind):
    """What is not integral cannot be counted."""
    becomes = money(kind)
    if not isinstance(becomes, Sent):
        return becomes
    return Sent(int(becomes.value)) if becomes.value == int(becomes.value) else LEFT_OUT


def count_within(minimum, maximum=float("inf")):
    """A count that the platform takes within bounds alone: beyond them the hit goes without it."""
    def becomes(kind):
        found = count(kind)
        if isinstance(found, Sent) and not minimum <= found.value <= maximum:
            return LEFT_OUT
        return found
    return becomes


pixels, session_number = count_within(1), count_within(0)
timestamp = count_within(0, 2 ** 63 - 1)


def event_value(kind):
    becomes = count(kind)
    if isinstance(becomes, Sent) and becomes.value <= 0:
        return LEFT_OUT
    # A number as text is none for the contract, which names int, 5.0 and Decimal(5).
    return UNKNOWN if isinstance(becomes, Sent) and kind.text is not None else becomes


def category(kind):
    return REFUSED if "text" in kind.raises else RAISES


# --- parameters ----------------------------------------------------------------------------------

HITS = {
    "page": lambda: Page("https://example.com"),
    "event": lambda: Event(EventCategory.ACTION_TRACKING, "cart"),
    "transaction": lambda: Transaction("t", "shop"),
    "item": lambda: Item("t", "shoe", "sku")}

SALE = [("transaction_id", "t"), ("affiliation", "shop")]
CART = [("category", EventCategory.ACTION_TRACKING), ("action", "cart")]
SHOE = [("transaction_id", "t"), ("product_name", "shoe"), ("product_sku", "sku")]
SIZE = [("width", 640), ("height", 480)]

#: call: a constructor, or a setter of the hit ``owner``; arguments: all of them, good, in order;
#: wire: where the value stands in what arrives, None where it is not alone there.
Parameter = namedtuple("Parameter", "owner call arguments name becomes wire")
PARAMETERS = [
    Parameter(None, Page, [("location", "https://example.com")], "location", url, "dl"),
    Parameter(None, Screen, [("location", "home")], "location", screen, "dl"),
    Parameter(None, Event, CART, "category", category, "ec"),
    Parameter(None, Event, CART, "action", required_text, "ea"),
    Parameter(None, Transaction, SALE, "transaction_id", required_text, "tid"),
    Parameter(None, Transaction, SALE, "affiliation", required_text, "ta"),
    Parameter(None, Item, SHOE, "transaction_id", required_text, "tid"),
    Parameter(None, Item, SHOE, "product_name", required_text, "in"),
    Parameter(None, Item, SHOE, "product_sku", required_text, "ic"),
    Parameter("page", "with_ip", [("ip", "::1")], "ip", text, "uip"),
    Parameter("page", "with_locale", [("locale", "fr")], "locale", text, "ul"),
    Parameter("page", "with_resolution", SIZE, "width", pixels, None),
    Parameter("page", "with_resolution", SIZE, "height", pixels, None),
    Parameter("page", "with_session_number", [("number", 1)], "number", session_number, "sn"),
    Parameter("page", "with_session_timestamp", [("timestamp", 1)], "timestamp", timestamp, "cst"),
    Parameter("event", "with_event_label", [("label", "l")], "label", text, "el"),
    Parameter("event", "with_event_value", [("value", 1)], "value", event_value, "ev"),
    Parameter("transaction", "with_total_revenue", [("revenue", 1)], "revenue", money, "tr"),
    Parameter("transaction", "with_shipping_cost", [("shipping", 1)], "shipping", money, "ts"),
    Parameter("transaction", "with_taxes", [("taxes", 1)], "taxes", money, "tt"),
    Parameter("transaction", "with_shipping_method", [("shipping_method", "m")], "shipping_method",
              text, "sm"),
    Parameter("transaction", "with_currency", [("currency", "EUR")], "currency", text, "tc"),
    Parameter("transaction", "with_payment_method", [("payment", "p")], "payment", text, "pm"),
    Parameter("transaction", "with_item_count", [("item_nb", 1)], "item_nb", count, "icn"),
    Parameter("transaction", "with_coupon_code", [("coupon", "c")], "coupon", text, "tcc"),
    Parameter("item", "with_price", [("price", 1)], "price", money, "ip"),
    Parameter("item", "with_item_quantity", [("item_quantity", 1)], "item_quantity", count, "iq"),
    Parameter("item", "with_item_category", [("category", "c")], "category", text, "iv"),
]


def function_of(parameter):
    return parameter.call if parameter.owner else TEXT(parameter.call.__name__)


parameters = pytest.mark.parametrize("parameter", PARAMETERS, ids=[
    "%s-%s" % (function_of(each), each.name) for each in PARAMETERS])


def build(parameter, value, by_keyword):
    """The hit whose parameter has been given a value."""
    call = getattr(HITS[parameter.owner](), parameter.call) if parameter.owner else parameter.call
    given = [(str(name), value if name == parameter.name else good)
             for name, good in parameter.arguments]
    return call(**dict(given)) if by_keyword else call(*[each for _, each in given])


# --- what happened -------------------------------------------------------------------------------

class Findings(object):
    """Collects what differs from the expectation, so that one run shows all of it."""

    def __init__(self):
        self.lines = []

    def expect(self, holds, where, *facts):
        if not holds:
            told = [("%r" % (fact,))[:160] for fact in facts]
            self.lines.append(" | ".join(["%s" % where] + told))

    def call(self, where, call):
        """``call()``'s result; an exception is a finding."""
        try:
            return call()
        except Exception as error:
            self.expect(False, where, error)

    def close(self):
        assert self.lines == [], "%d findings\n%s" % (len(self.lines), "\n".join(self.lines))


def outcome_of(parameter, value, by_keyword, ann, emulator):
    """What became of the value: (Sent, LEFT_OUT, REFUSED or RAISES, what send_hit said)."""
    emulator.clear()
    try:
        hit = build(parameter, value, by_keyword)
    except FlagshipError as error:
        return RAISES, error
    success, log = ann.send_hit(hit)
    if not success:
        return REFUSED, log
    (arrived,) = emulator.hits
    if parameter.wire is None:
        return (Sent(arrived["sr"]) if "sr" in arrived else LEFT_OUT), log
    return (Sent(arrived[parameter.wire]) if parameter.wire in arrived else LEFT_OUT), log


def same(expected, got, parameter):
    """Whether an outcome is the expected one; a number is never a bool."""
    if expected is UNKNOWN:
        return True
    if not (isinstance(expected, Sent) and isinstance(got, Sent)):
        return expected == got
    if parameter.wire is None:
        width, height = ("%d" % expected.value if name == parameter.name else "%d" % good
                         for name, good in parameter.arguments)
        return got.value == width + "x" + height
    integral = parameter.becomes in (count, pixels, session_number, timestamp, event_value)
    return got.value == expected.value and not isinstance(got.value, bool) and (
        not integral or not isinstance(got.value, float))


@parameters
def test_hit(parameter, visitor, emulator, log):
    """A value arrives as it reads, or is left out, with a line and in send_hit's result; a mistake
    raises."""
    ann, findings = visitor(), Findings()
    for kind in KINDS:
        expected = parameter.becomes(kind)
        try:
            got, said = outcome_of(parameter, kind.make(), False, ann, emulator)
        except Exception as error:
            findings.expect(False, kind.name, expected, error)
            continue
        findings.expect(same(expected, got, parameter), kind.name, expected, got, said)
        if got == LEFT_OUT == expected and not kind.null:
            findings.expect(parameter.name in said or function_of(parameter) in said, kind.name,
                            "is not named", said)
            findings.expect(any(function_of(parameter) in line for line in log.at(logging.WARNING)),
                            kind.name, "has no line")
        elif got == RAISES:
            findings.expect(function_of(parameter) in TEXT(said) and parameter.name in TEXT(said)
                            and isinstance(said, (TypeError, ValueError)), kind.name,
                            "says too little", said)
    findings.close()


@parameters
def test_hit_by_keyword(parameter, visitor, log):
    """By keyword the same happens as by place."""
    visitor()
    findings = Findings()
    for kind in KINDS:
        made = []
        for by_keyword in (False, True):
            try:
                made.append(build(parameter, kind.make(), by_keyword).get_data())
            except FlagshipError as error:
                made.append(type(error))
            except Exception as error:
                findings.expect(False, kind.name, error)
        findings.expect(len(made) == 2 and made[0] == made[1], kind.name, made)
        mistake = parameter.becomes(kind) == RAISES
        findings.expect(not mistake or not isinstance(made[-1], dict), kind.name, "no mistake")
    findings.close()


@parameters
def test_hit_caught(parameter, visitor, log):
    """Where the handler catches all, a mistake is told once: a setter's hit goes on without it, and
    a constructor's is refused by send_hit."""
    ann, findings = visitor(), Findings()
    log.catch_all_exceptions = True
    for kind in KINDS:
        if parameter.becomes(kind) == RAISES:
            del log.caught[:]
            result = findings.call(kind.name, lambda: ann.send_hit(
                build(parameter, kind.make(), True)))
            findings.expect(len(log.caught) == 1, kind.name, "caught", log.caught)
            sent = result and result[0]
            findings.expect(sent is (parameter.owner is not None), kind.name, "sent", result)
    findings.close()


def unpickled(emulator):
    """Closes the SDK; test_hit_states then takes the visitor out of a pickle, as a process does
    that has not started it."""
    Flagship.instance().close()


@pytest.mark.parametrize("happens", [panics, closes, unpickled])
@pytest.mark.parametrize("catch", [False, True])
def test_hit_states(happens, catch, visitor, emulator, log):
    """In no state of the SDK does data raise."""
    ann, findings = visitor(), Findings()
    kept = pickle.dumps(ann)
    happens(emulator)
    ann.synchronize_modifications()
    if happens is unpickled:
        ann = pickle.loads(kept)
    log.catch_all_exceptions = catch
    emulator.clear()
    for parameter in PARAMETERS:
        for kind in KINDS:
            # After close() nobody is known any more who would catch a mistake in a hit.
            if parameter.becomes(kind) == RAISES and not (catch and happens is panics):
                continue
            where = "%s %s %s" % (function_of(parameter), parameter.name, kind.name)
            result = findings.call(where, lambda: ann.send_hit(
                build(parameter, kind.make(), True)))
            findings.expect(result and result[0] is False and result[1], where, result)
    assert [request for request in emulator.requests if request.endpoint == "hit"] == []
    findings.close()


# --- the particular ones -------------------------------------------------------------------------

URLS = [
    ("https://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
    ("  https://example.com/ \n", "https://example.com/"),
    (Text("https://example.com/"), "https://example.com/"),
    (lazystr("https://example.com/"), "https://example.com/"),
    (SimpleLazyObject(lambda: "https://example.com/"), "https://example.com/"),
    (LocalProxy(lambda: "https://example.com/"), "https://example.com/"),
    ("https://example.com/" + "a" * 3000, ("https://example.com/" + "a" * 3000)[:2048]),
    ("https://example.com/" + "\U0001f600" * 1000, "https://example.com/" + "\U0001f600" * 507),
    ("https://example.com/\ud800", "https://example.com/\ufffd"),
]
NO_URLS = ["", " ", "example.com", "/path", "//example.com/", "ftp://example.com", "http://",
           "https:///a", "http://a b/", "javascript:alert(1)", "None", "http://a:b/", None, 7]


def test_location(visitor, emulator):
    """A URL arrives, whatever holds it and however long it is; send_hit refuses anything else."""
    ann, findings = visitor(), Findings()
    for given, arrives in URLS:
        emulator.clear()
        result = findings.call("%.30r" % given, lambda: ann.send_hit(Page(given)))
        got = [hit["dl"] for hit in emulator.hits]
        findings.expect(got == [arrives], "%.30r" % given, result, got)
    emulator.clear()
    for given in NO_URLS:
        result = findings.call(repr(given), lambda: ann.send_hit(Page(given)))
        refused = result and result[0] is False and "location" in result[1]
        findings.expect(refused, repr(given), result)
    findings.expect(emulator.requests == [], "sent", emulator.requests)
    findings.close()


CATEGORIES = [
    (EventCategory.ACTION_TRACKING, "Action Tracking"),
    (EventCategory.USER_ENGAGEMENT, "User Engagement"),
    ("ACTION_TRACKING", "Action Tracking"), ("USER_ENGAGEMENT", "User Engagement"),
    ("Action Tracking", "Action Tracking"), ("User Engagement", "User Engagement"),
    (Text("USER_ENGAGEMENT"), "User Engagement"), (lazystr("User Engagement"), "User Engagement"),
    (LocalProxy(lambda: EventCategory.USER_ENGAGEMENT), "User Engagement"),
]


def test_category(visitor, emulator):
    """A category is given as itself, by its documented name or by its value."""
    ann, findings = visitor(), Findings()
    for given, arrives in CATEGORIES:
        emulator.clear()
        findings.call(repr(given), lambda: ann.send_hit(Event(given, "cart")))
        got = [hit["ec"] for hit in emulator.hits]
        findings.expect(got == [arrives], repr(given), got)
    findings.close()


EVENT_VALUES = [(5, 5), (5.0, 5), (TEXT(5), UNKNOWN), (0, None), (-1, None), (1.5, None),
                (None, None), (True, None), (float("nan"), None)]


def test_event_value_as_in_2_1(visitor, emulator):
    """What is no int over 0 never keeps an event from arriving."""
    ann = visitor()
    for given, arrives in EVENT_VALUES:
        emulator.clear()
        event = Event(EventCategory.ACTION_TRACKING, "cart").with_event_value(given)
        assert ann.send_hit(event)[0] is True
        (hit,) = emulator.hits
        assert arrives is UNKNOWN or hit.get("ev") == arrives


def test_send_hit_names_all_that_was_left_out(visitor, emulator):
    """One result names every field that the hit went without, and the others have arrived."""
    success, said = visitor().send_hit(
        Transaction("t", "shop").with_total_revenue("free").with_taxes(float("nan"))
        .with_shipping_cost("4.90").with_item_count(True).with_coupon_code(None))
    assert success is True and all(name in said for name in ("revenue", "taxes", "item_nb"))
    assert "shipping" not in said and "coupon" not in said
    (hit,) = emulator.hits
    assert hit["ts"] == 4.9 and not {"tr", "tt", "icn", "tcc"} & set(hit)


@pytest.mark.parametrize("catch", [False, True])
def test_send_hit_of_what_is_no_hit(catch, visitor, emulator, log):
    """What is no hit is refused with a reason, as in 2.1.5."""
    log.catch_all_exceptions = catch
    ann, findings = visitor(), Findings()
    for kind in KINDS:
        result = findings.call(kind.name, lambda: ann.send_hit(kind.make()))
        findings.expect(result and result[0] is False and result[1], kind.name, result)
    assert emulator.hits == []
    findings.close()


# --- ids -----------------------------------------------------------------------------------------

def is_id(kind):
    """Whether a kind is data where an id belongs; another is a mistake."""
    return kind.text is not None or kind.null or "text" in kind.raises


def ids_of(flagship, emulator, value, by_keyword):
    """The id under which a new visitor's hit arrived."""
    emulator.clear()
    if by_keyword:
        ann = flagship.create_visitor(visitor_id=value)
    else:
        ann = flagship.create_visitor(value)
    assert ann.send_hit(Screen("home"))[0] is True
    ((arrived,), kept) = [hit["vid"] for hit in emulator.hits], ann.visitor_id
    assert arrived == kept and type(kept) is TEXT
    return arrived


def test_visitor_id(start, emulator):
    """An id arrives as it reads; for none, empty and unreadable ones one is made; what is no text
    raises."""
    flagship, findings = start(), Findings()
    for kind in KINDS:
        for by_keyword in (False, True):
            try:
                got = ids_of(flagship, emulator, kind.make(), by_keyword)
            except FlagshipError as error:
                findings.expect(not is_id(kind), kind.name, error)
                continue
            except Exception as error:
                findings.expect(False, kind.name, error)
                continue
            findings.expect(is_id(kind), kind.name, "no mistake", got)
            expected = kind.text.startswith(got) if kind.text else len(got) == 36
            findings.expect(expected, kind.name, got)
    findings.close()


def test_a_long_id_is_the_same_everywhere(start, emulator):
    """However an id comes, it is cut the same way, in every request."""
    flagship = start()
    for given in ("é" * 2000, "a" + "\U0001f600" * 2000):
        emulator.clear()
        ann, bob = flagship.create_visitor(given), flagship.create_visitor("bob")
        bob.authenticate(given)
        assert ann.synchronize_modifications()[0] and ann.activate_modification("cta-color")[0]
        assert ann.send_hit(Screen("home"))[0] and bob.send_hit(Screen("home"))[0]
        assert given.startswith(ann.visitor_id) and ann.visitor_id
        assert {emulator.decisions[0]["visitorId"], emulator.context_events[0]["visitorId"],
                emulator.activations[0]["vid"], emulator.hits[0]["vid"], emulator.hits[1]["cuid"],
                bob.visitor_id} == {ann.visitor_id}


def test_authenticate(start, log):
    """The new id as it reads; None and empty text change nothing; what is no text raises."""
    flagship, findings = start(), Findings()
    for kind in KINDS:
        ann = flagship.create_visitor("ann")
        del log.lines[:]
        try:
            ann.authenticate(kind.make())
        except FlagshipError as error:
            findings.expect(not is_id(kind), kind.name, error)
            continue
        except Exception as error:
            findings.expect(False, kind.name, error)
            continue
        if not kind.text:
            findings.expect(is_id(kind), kind.name, "no mistake")
            findings.expect((ann.visitor_id, ann.anonymous_id) == ("ann", None), kind.name)
        elif kind.text.strip():
            findings.expect(kind.text.startswith(ann.visitor_id) and ann.anonymous_id == "ann",
                            kind.name, ann.visitor_id)
    findings.close()


@pytest.mark.parametrize("value", [None, ""])
def test_authenticate_nobody(value, visitor, emulator, log):
    """authenticate(None) and authenticate("") change nothing, the context included, and say so."""
    ann = visitor("ann", False, {"age": 1})
    del log.lines[:]
    assert ann.authenticate(value, {"age": 2}) is None
    assert (ann.visitor_id, ann.anonymous_id, ann.get_context()) == ("ann", None, {"age": 1})
    assert len(log.at(logging.WARNING)) == 1 and "authenticate" in log.at(logging.WARNING)[0]


# --- flags ---------------------------------------------------------------------------------------

class CallableBool(object):
    """What Django 1.10 and 1.11 give for ``user.is_authenticated``."""

    def __init__(self, value):
        self.value = value

    def __call__(self):
        return self.value

    def __bool__(self):
        return self.value

    __nonzero__ = __bool__


class NeitherTrueNorFalse(object):
    def __bool__(self):
        raise RuntimeError("__bool__")

    __nonzero__ = __bool__


TRUTHS = [(True, True), (False, False), (1, True), (0, False), ("yes", True), ("", False),
          (None, False), ([], False), ([0], True), (1.5, True),
          (CallableBool(True), True), (CallableBool(False), False),
          (SimpleLazyObject(lambda: True), True), (SimpleLazyObject(lambda: False), False),
          (LocalProxy(lambda: False), False)]
DOUBTS = [NeitherTrueNorFalse(), SimpleLazyObject(fail), LocalProxy(fail)]

FLAGS = {
    "create_visitor": lambda ann, flag: Flagship.instance().create_visitor(
        "bob", flag).anonymous_id is not None,
    "create_visitor by name": lambda ann, flag: Flagship.instance().create_visitor(
        "bob", authenticated=flag).anonymous_id is not None,
    "update_context": lambda ann, flag: ann.update_context({"a": 1}, flag)[1] is not None,
    "update_context by name": lambda ann, flag: ann.update_context(
        ("a", 1), synchronize=flag)[1] is not None,
    "get_modification_with_results": lambda ann, flag: ann.get_modification_with_results(
        "cta-color", "", flag)[3] is not None,
    "get_modification_with_results by name": lambda ann, flag: ann.get_modification_with_results(
        "cta-color", "", activate=flag)[3] is not None,
}


@pytest.mark.parametrize("call", sorted(FLAGS))
def test_flag(call, visitor):
    """A flag counts by its truth; one that has none breaks nothing."""
    ann, findings = visitor(), Findings()
    for flag, true in TRUTHS:
        got = findings.call("%r" % (flag,), lambda: FLAGS[call](ann, flag))
        findings.expect(got is true, "%r" % (flag,), got)
    for number, flag in enumerate(DOUBTS):
        findings.call("doubt %d" % number, lambda: FLAGS[call](ann, flag))
    findings.close()


def test_flags_that_send(visitor, emulator):
    """activate and synchronize by their truth, seen from the platform."""
    ann = visitor()
    for flag, true in TRUTHS:
        emulator.clear()
        assert ann.get_modification("cta-color", "none", flag) in ("blue", "red")
        ann.authenticate("Ann", None, flag)
        ann.unauthenticate(None, flag)
        assert (len(emulator.activations), len(emulator.decisions)) == ((1, 2) if true else (0, 0))


# --- reading flags -------------------------------------------------------------------------------

def test_default(visitor):
    """A default of any kind is given back as it is, and never hides a flag's value."""
    ann, findings = visitor(), Findings()
    for kind in KINDS:
        default = kind.make()
        for activate in (False, True):
            for key, given_back in (("unknown", True), ("cta-hint", True), ("cta-color", False)):
                got = findings.call(kind.name, lambda: ann.get_modification(key, default, activate))
                findings.expect((got is default) is given_back, kind.name, key, activate)
                got = findings.call(kind.name, lambda: ann.get_modification_with_results(
                    key, default, activate))
                findings.expect(got and (got[0] is default) is given_back, kind.name, key, got)
                got = findings.call(kind.name, lambda: ann.get_modification(
                    key=key, default_value=default, activate=activate))
                findings.expect((got is default) is given_back, kind.name, key, "by name")
    findings.close()


READS = {
    "get_modification": lambda ann, key: ann.get_modification(key, "none"),
    "get_modification by name": lambda ann, key: ann.get_modification(
        key=key, default_value="none", activate=True),
    "get_modification_with_results": lambda ann, key: ann.get_modification_with_results(
        key, "none")[0],
    "get_modification_info": lambda ann, key: ann.get_modification_info(key),
    "activate_modification": lambda ann, key: ann.activate_modification(key)[0],
    "activate_modification by name": lambda ann, key: ann.activate_modification(key=key)[0],
}


@pytest.mark.parametrize("call", sorted(READS))
@pytest.mark.parametrize("happens", [None, panics, closes])
def test_key(call, happens, visitor, emulator, log):
    """A key is text of any kind; one that no flag has gives the neutral result; what is no text
    raises."""
    ann, findings = visitor(), Findings()
    if happens:
        happens(emulator)
        ann.synchronize_modifications()
    for catch in (False, True):
        log.catch_all_exceptions = catch
        for kind in KINDS:
            mistake = kind.text is None and "text" not in kind.raises
            try:
                got = READS[call](ann, kind.make())
            except FlagshipError as error:
                findings.expect(mistake and not catch, kind.name, error)
                continue
            except Exception as error:
                findings.expect(False, kind.name, error)
                continue
            findings.expect(catch or not mistake, kind.name, "no mistake", got)
            findings.expect(got in ("none", None, False), kind.name, got)
    findings.close()


def test_key_behind_a_proxy(visitor):
    """A key behind a proxy, lazy or of a subclass, finds its flag."""
    ann = visitor()
    color = ann.get_modification("cta-color", "none")
    for key in (lazystr("cta-color"), SimpleLazyObject(lambda: "cta-color"),
                LocalProxy(lambda: "cta-color"), Text("cta-color")):
        assert ann.get_modification(key, "none") == color
        assert ann.get_modification_with_results(key, 1)[0] == color
        assert ann.get_modification(key, "none", True) == color
        assert ann.get_modification_info(key)["variationId"] in ("cta-blue", "cta-red")
        assert ann.activate_modification(key)[0] is True


# --- contexts ------------------------------------------------------------------------------------

def is_kept(kind, context):
    """Whether a context holds what the kind reads as, or nothing where it has no reading."""
    if kind.context is UNKNOWN:
        return True
    if kind.context is None:
        return "key" not in context
    if "key" not in context:
        return False
    got = context["key"]
    return got == kind.context and isinstance(got, bool) == isinstance(kind.context, bool)


GIVE = {
    "create_visitor": lambda flagship, pair: flagship.create_visitor(
        "ann", False, dict([pair, ("ok", 1)])),
    "create_visitor by name": lambda flagship, pair: flagship.create_visitor(
        "ann", context=dict([pair, ("ok", 1)])),
    "create_visitor with pairs": lambda flagship, pair: flagship.create_visitor(
        "ann", False, [pair, ("ok", 1)]),
    "update_context": lambda flagship, pair: updated(flagship, [dict([pair, ("ok", 1)])]),
    "update_context by name": lambda flagship, pair: updated(
        flagship, [dict([("ok", 1), pair])], True),
    "update_context with a pair": lambda flagship, pair: updated(flagship, [pair, ("ok", 1)]),
    "authenticate": lambda flagship, pair: identified(
        flagship.create_visitor("ann"), "authenticate", "Ann", dict([pair, ("ok", 1)])),
    "unauthenticate": lambda flagship, pair: identified(
        flagship.create_visitor("ann", True), "unauthenticate", dict([pair, ("ok", 1)])),
}


def updated(flagship, contexts, by_name=False):
    ann = flagship.create_visitor("ann")
    for context in contexts:
        call = (lambda: ann.update_context(context=context)) if by_name else (
            lambda: ann.update_context(context))
        results, synchronized = call()
        assert type(results) is tuple and synchronized is None
        for key, success, said, nothing in results:
            assert success is True or said
    return ann


def identified(ann, call, *arguments):
    getattr(ann, call)(*arguments)
    return ann


@pytest.mark.parametrize("give", sorted(GIVE))
def test_context_value(give, start, emulator):
    """A value is kept and sent as it reads; one that cannot be read costs its pair alone."""
    flagship, findings = start(), Findings()
    for kind in KINDS:
        ann = findings.call(kind.name, lambda: GIVE[give](flagship, ("key", kind.make())))
        if ann is None:
            continue
        context = ann.get_context()
        kept = context.get("ok") == 1 and is_kept(kind, context)
        findings.expect(kept, kind.name, kind.context, context)
        emulator.clear()
        result = findings.call(kind.name, ann.synchronize_modifications)
        findings.expect(result and result[0] is True, kind.name, result)
        if kind.text is not UNKNOWN and emulator.decisions:
            sent = emulator.decisions[0]["context"]
            findings.expect(sent == context, kind.name, "sent", sent)
    findings.close()


@pytest.mark.parametrize("give", ["update_context", "update_context with a pair"])
def test_a_context_value_is_named_where_it_is_refused(give, start, log):
    """update_context's result names the pair; None is no value and has no line above DEBUG."""
    flagship = start()
    for kind in KINDS:
        del log.lines[:]
        ann = flagship.create_visitor("ann")
        pair = ("key", kind.make())
        results, _ = ann.update_context(dict([pair]) if give == "update_context" else pair)
        if kind.null:
            assert log.at(logging.INFO) == [] and ann.get_context() == {}
        elif kind.context is None:
            (key, success, said, nothing) = results[0]
            assert (key, success, nothing) == ("key", False, None) and "key" in said


def hashable(kind):
    try:
        hash(kind.make())
        return True
    except Exception:
        return False


@pytest.mark.parametrize("give", ["create_visitor", "create_visitor with pairs", "update_context",
                                  "update_context with a pair", "authenticate"])
def test_context_key(give, start):
    """A key is text; any other costs its pair alone."""
    flagship, findings = start(), Findings()
    pairs = give in ("create_visitor with pairs", "update_context with a pair")
    for kind in KINDS:
        if not pairs and not hashable(kind):
            continue
        ann = findings.call(kind.name, lambda: GIVE[give](flagship, (kind.make(), "v")))
        if ann is not None:
            expected = {"ok": 1} if kind.text is None else {"ok": 1, kind.text: "v"}
            got = ann.get_context()
            long = kind.text is not None and len(kind.text) > 500
            findings.expect(got == expected or long, kind.name, got)
    findings.close()


class Upper(dict):
    """Its storage is not what its items() give."""

    def items(self):
        return [(key, value.upper()) for key, value in dict.items(self)]


class Lazy(collections.OrderedDict):
    def items(self):
        raise RuntimeError("items")


MAPPINGS = {
    "OrderedDict": lambda: (collections.OrderedDict([("country", "fr")]), {"country": "fr"}),
    "defaultdict": lambda: (collections.defaultdict(int, country="fr"), {"country": "fr"}),
    "QueryDict": lambda: (QueryDict("country=de&country=fr&utm=1"), {"country": "fr", "utm": "1"}),
    "MultiDict": lambda: (MultiDict([("country", "fr"), ("country", "de")]), {"country": "fr"}),
    "MappingProxyType": lambda: (MappingProxyType({"country": "fr"}), {"country": "fr"}),
    "a lazy dict": lambda: (SimpleLazyObject(lambda: {"country": "fr"}), {"country": "fr"}),
    "a proxied dict": lambda: (LocalProxy(lambda: {"country": "fr"}), {"country": "fr"}),
    "a dict whose items differ": lambda: (Upper(country="fr"), {"country": "FR"}),
    "text in lists": lambda: ({"country": "fr", "utm": ["a"]}, {"country": "fr"}),
}
if ChainMap:
    MAPPINGS["ChainMap"] = lambda: (ChainMap({"country": "fr"}, {"country": "de", "utm": "1"}),
                                    {"country": "fr", "utm": "1"})


@pytest.mark.parametrize("name", sorted(MAPPINGS))
@pytest.mark.parametrize("mode", list(Config.Mode), ids=str)
def test_mapping(name, mode, start, emulator):
    """Any mapping is a context, by what its items() give, in both modes, and decides on flags."""
    flagship = start(mode=mode)
    given, context = MAPPINGS[name]()
    ann = flagship.create_visitor("ann", False, given)
    bob = flagship.create_visitor("bob")
    results, synchronized = bob.update_context(given, True)
    assert synchronized == (True, "")
    assert {result[0] for result in results if result[1]} == set(context)
    assert ann.get_context() == bob.get_context() == context
    assert ann.synchronize_modifications() == (True, "")
    for each in (ann, bob):
        assert ("delivery" in each.modifications) is (context["country"] == "fr")
        assert each.explain()["serving"] in (True, False)
    if mode is Config.Mode.API:
        bob.authenticate("Bob", given)
        assert bob.get_context() == context
        bob.unauthenticate(given)
        assert bob.get_context() == context


CONTEXTS_THAT_RAISE = {
    "items": Lazy, "a lazy one": lambda: SimpleLazyObject(fail),
    "a proxied one": lambda: LocalProxy(fail)}


@pytest.mark.parametrize("name", sorted(CONTEXTS_THAT_RAISE))
@pytest.mark.parametrize("catch", [False, True])
def test_a_context_that_raises(name, catch, start, log):
    """A context that raises when it is read costs itself alone."""
    raising = CONTEXTS_THAT_RAISE[name]()
    log.catch_all_exceptions = catch
    flagship = start()
    assert isinstance(flagship.create_visitor("ann", False, raising), Visitor)
    ann = flagship.create_visitor("ann", False, {"old": 1})
    results, synchronized = ann.update_context(raising, True)
    assert type(results) is tuple and synchronized == (True, "")
    ann.authenticate("Ann", raising)
    assert ann.synchronize_modifications() == (True, "")


@pytest.mark.parametrize("catch", [False, True])
def test_a_context_of_none(catch, start, log):
    """None in place of a context changes nothing and raises nothing."""
    log.catch_all_exceptions = catch
    for nothing in (None, SimpleLazyObject(lambda: None)):
        ann = start().create_visitor("ann", False, {"old": 1})
        assert ann.update_context(nothing) == ((), None)
        assert ann.update_context(nothing, True) == ((), (True, ""))
        ann.authenticate("Ann", nothing)
        assert (ann.visitor_id, ann.get_context()) == ("Ann", {"old": 1})
        ann.unauthenticate(nothing)
        assert (ann.visitor_id, ann.get_context()) == ("ann", {"old": 1})
        assert start().create_visitor("bob", False, nothing).get_context() == {}


@pytest.mark.parametrize("happens", [panics, closes])
@pytest.mark.parametrize("catch", [False, True])
def test_context_states(happens, catch, visitor, emulator, log):
    """In no state of the SDK does a context or an id raise."""
    ann, findings = visitor(), Findings()
    happens(emulator)
    ann.synchronize_modifications()
    log.catch_all_exceptions = catch
    for kind in KINDS:
        for call in (lambda: ann.update_context({"key": kind.make()}, True),
                     lambda: ann.update_context(("key", kind.make())),
                     lambda: ann.authenticate("Ann", {"key": kind.make()}, True),
                     lambda: ann.unauthenticate({"key": kind.make()}, True)):
            findings.call(kind.name, call)
        if is_id(kind):
            findings.call(kind.name, lambda: ann.authenticate(kind.make()))
            if happens is panics:
                findings.call(kind.name, lambda: Flagship.instance().create_visitor(kind.make()))
    if happens is closes:
        with pytest.raises(InitializationError):
            Flagship.instance().create_visitor("ann")
    findings.close()


def test_preset_keys_take_data_too(visitor, emulator):
    """A preset key's value is read like any other."""
    ann = visitor()
    for kind in TEXTS + NUMBERS + RAISING:
        emulator.clear()
        ann.update_context({PresetContext.LOCATION_CITY: "old"})
        ann.update_context((PresetContext.LOCATION_CITY, kind.make()), True)
        sent = emulator.decisions[0]["context"]["sdk_city"]
        assert sent == kind.context or kind.context in (None, UNKNOWN) and sent in ("old", 0.5, 2)


def test_targeting_on_data_in_bucketing_mode(start):
    """In this process, too, a value of any kind ends in a decision."""
    flagship, findings = start(mode=Config.Mode.BUCKETING), Findings()
    for kind in KINDS:
        for key in ("country", "vip", "age", "fs_users"):
            ann = findings.call(kind.name, lambda: flagship.create_visitor(
                "ann", False, {key: kind.make()}))
            result = ann and findings.call(kind.name, ann.synchronize_modifications)
            findings.expect(result == (True, ""), kind.name, result)
            color = ann and ann.get_modification("cta-color", "none")
            findings.expect(color in ("blue", "red"), kind.name, color)
    findings.close()


def test_a_log_that_listens_breaks_nothing(visitor):
    """With debug=True, where payloads are written down, values whose repr raises break nothing."""
    ann, findings = visitor(debug=True, event_handler=Log()), Findings()
    for kind in KINDS:
        findings.call(kind.name, lambda: ann.update_context({"key": kind.make()}, True))
        findings.call(kind.name, lambda: ann.get_modification("unknown", kind.make()))
        if money(kind) != RAISES:
            findings.call(kind.name, lambda: ann.send_hit(
                Item("t", "n", "s").with_price(kind.make())))
    findings.close()
