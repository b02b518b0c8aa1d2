# -*- coding: utf-8 -*-
"""Hits: what of them goes on the wire, what is left out of them, and what is no hit."""
from __future__ import unicode_literals

import copy
import json
import logging
import pickle
import sys
import uuid
from decimal import Decimal
from fractions import Fraction

import pytest

from flagship.errors import FlagshipError, TypingError
from flagship.context import PresetContext
from flagship.hits import Event, EventCategory, Hit, HitType, Item, Page, Screen, Transaction

PY2 = sys.version_info[0] == 2
NAN, INF = float("nan"), float("inf")
SURROGATE = "a\ud800"
EURO, EMOJI = "\u20ac", "\U0001f600"  # 3 and 4 bytes of UTF-8
NO_DATA = [[], {}, ("a",), 1j, object()] + ([] if PY2 else [b"a"])  # of no type that data has
NOT_TEXT = NO_DATA + [1.5, True]
REF = uuid.UUID("12345678-1234-5678-1234-567812345678")


def page():
    return Page("https://example.com")


def event():
    return Event(EventCategory.ACTION_TRACKING, "cart")


def transaction():
    return Transaction("t-1", "shop")


def item():
    return Item("t-1", "Shoe", "sku-1")


def exact(value):
    """Tells 1, 1.0 and True apart, which compare equal."""
    return json.dumps(value, sort_keys=True)


def short(value):
    return repr(value)[:40] if isinstance(value, (bytes, type(""))) else None


COMMON_SETTERS = [("with_ip", ("2001:db8::1",)), ("with_resolution", (1920, 1080)),
                  ("with_locale", ("fr-FR",)),
                  ("with_session_number", (3,)), ("with_session_timestamp", (1600000000123,))]
COMMON = {"uip": "2001:db8::1", "sr": "1920x1080", "ul": "fr-FR", "sn": 3, "cst": 1600000000123}

WIRE = {
    "page": (page, [], {"t": "PAGEVIEW", "dl": "https://example.com"}, {}),
    "screen": (lambda: Screen("Réglages/" + EMOJI), [],
               {"t": "SCREENVIEW", "dl": "Réglages/" + EMOJI}, {}),
    "action": (
        event, [("with_event_label", ("étiquette",)), ("with_event_value", (10,))],
        {"t": "EVENT", "ec": "Action Tracking", "ea": "cart"}, {"el": "étiquette", "ev": 10}),
    "engagement": (
        lambda: Event(category=EventCategory.USER_ENGAGEMENT, action="lu"),
        [("with_event_label", ("",)), ("with_event_value", (1,))],
        {"t": "EVENT", "ec": "User Engagement", "ea": "lu"}, {"el": "", "ev": 1}),
    "transaction": (
        transaction,
        [("with_total_revenue", (99.5,)), ("with_shipping_cost", (5,)),
         ("with_shipping_method", ("express",)),
         ("with_taxes", (0.1,)), ("with_currency", ("EUR",)), ("with_payment_method", ("card",)),
         ("with_item_count", (2,)), ("with_coupon_code", ("NOËL",))],
        {"t": "TRANSACTION", "tid": "t-1", "ta": "shop"},
        {"tr": 99.5, "ts": 5, "sm": "express", "tt": 0.1, "tc": "EUR", "pm": "card", "icn": 2,
         "tcc": "NOËL"}),
    "refund": (
        transaction, [("with_total_revenue", (-12,)), ("with_shipping_cost", (0,)),
                      ("with_taxes", (-0.5,)),
                      ("with_item_count", (0,))],
        {"t": "TRANSACTION", "tid": "t-1", "ta": "shop"},
        {"tr": -12, "ts": 0, "tt": -0.5, "icn": 0}),
    "item": (
        item, [("with_price", (49.75,)), ("with_item_quantity", (2,)),
               ("with_item_category", ("Été",))],
        {"t": "ITEM", "tid": "t-1", "in": "Shoe", "ic": "sku-1"},
        {"ip": 49.75, "iq": 2, "iv": "Été"}),
}


@pytest.mark.parametrize("kind", sorted(WIRE))
@pytest.mark.parametrize("authenticated", [False, True])
def test_wire(kind, authenticated, visitor, emulator):
    """A hit is one JSON object with exactly the platform's keys, first with what is required, then
    with every optional fact; sending changes nothing of it."""
    make, setters, required, optional = WIRE[kind]
    ann = visitor("ann", authenticated)
    who = {"cid": emulator.env_id, "ds": "APP", "vid": "ann"}
    if authenticated:
        who.update(vid=ann.anonymous_id, cuid="ann")
    emulator.clear()
    hit = make()
    assert ann.send_hit(hit) == (True, "200")
    for name, arguments in setters + COMMON_SETTERS:
        assert getattr(hit, name)(*arguments) is hit
    assert ann.send_hit(hit) == ann.send_hit(hit) == (True, "200")
    bare, full = dict(who, **required), dict(who, **dict(dict(required, **optional), **COMMON))
    assert [exact(request.json()) for request in emulator.requests] == [
        exact(bare), exact(full), exact(full)]
    assert [exact(hit) for hit in emulator.hits] == [exact(bare), exact(full), exact(full)]


def test_request(visitor, emulator):
    """A hit is a POST of JSON to the tracking URL, with no header of the SDK's and no API key."""
    ann = visitor()
    emulator.clear()
    ann.send_hit(page())
    (request,) = emulator.requests
    assert (request.endpoint, request.method, request.path) == ("hit", "POST", "/collect/")
    assert request.headers["content-type"] == "application/json"
    assert not [name for name in request.headers if name.startswith("x-")]


def test_logging_in_and_out_changes_the_identity(visitor, emulator):
    """An anonymous visitor's hit has no cuid; once logged in it keeps the anonymous id as vid."""
    ann = visitor("ann")
    ann.send_hit(page())
    ann.authenticate("Ann")
    ann.send_hit(page())
    ann.unauthenticate()
    ann.send_hit(page())
    assert [(hit["vid"], hit.get("cuid")) for hit in emulator.hits] == [
        ("ann", None), ("ann", "Ann"), ("ann", None)]


def test_keyword_arguments(visitor, emulator):
    """Every constructor and setter takes its arguments by name."""
    hits = [
        Page(location="https://example.com").with_ip(ip="::1").with_resolution(width=1, height=2)
        .with_locale(locale="fr").with_session_number(number=0).with_session_timestamp(
            timestamp=2 ** 63 - 1),
        Screen(location="home"),
        Event(category=EventCategory.USER_ENGAGEMENT, action="read").with_event_label(label="l")
        .with_event_value(value=1),
        Transaction(transaction_id="t", affiliation="a").with_total_revenue(
            revenue=1).with_shipping_cost(shipping=2)
        .with_shipping_method(shipping_method="m").with_taxes(taxes=3).with_currency(currency="EUR")
        .with_payment_method(payment="p").with_item_count(item_nb=4).with_coupon_code(coupon="c"),
        Item(transaction_id="t", product_name="n", product_sku="s").with_price(price=5)
        .with_item_quantity(item_quantity=6).with_item_category(category="c"),
    ]
    ann = visitor("ann")
    assert [ann.send_hit(hit)[0] for hit in hits] == [True] * 5
    who = {"cid": emulator.env_id, "ds": "APP", "vid": "ann"}
    assert emulator.hits == [dict(who, **each) for each in (
        {"t": "PAGEVIEW", "dl": "https://example.com", "uip": "::1", "sr": "1x2", "ul": "fr",
         "sn": 0,
         "cst": 2 ** 63 - 1},
        {"t": "SCREENVIEW", "dl": "home"},
        {"t": "EVENT", "ec": "User Engagement", "ea": "read", "el": "l", "ev": 1},
        {"t": "TRANSACTION", "tid": "t", "ta": "a", "tr": 1, "ts": 2, "sm": "m", "tt": 3,
         "tc": "EUR", "pm": "p",
         "icn": 4, "tcc": "c"},
        {"t": "ITEM", "tid": "t", "in": "n", "ic": "s", "ip": 5, "iq": 6, "iv": "c"})]


def url_of(size, filling="a"):
    url = "https://example.com/"
    return url + filling * ((size - len(url)) // len(filling.encode("utf-8")))


VALID_URLS = [
    "http://example.com", "https://example.com/", "HTTPS://EXAMPLE.COM/A", "Http://Example.com",
    "https://shop.photography/p", "https://a.international", "https://x.xn--vermgensberatung-pwb",
    "https://bücher.example/é?à=ç#ü", "https://例え.テスト/", "https://пример.рф:8080/путь",
    "https://xn--bcher-kva.example",
    "http://☃.example", "http://localhost", "http://localhost:8000/a", "http://intranet/",
    "http://127.0.0.1:5000/",
    "http://[::1]", "https://[2001:db8::ff00:42:8329]:8443/a", "http://[::ffff:192.0.2.1]/",
    "http://example.com:1/", "http://example.com:65535/", "http://user@example.com/",
    "http://user:p%40ss@example.com:80/", "http://user:pass@[::1]:80/",
    "http://example.com?a=1&b=c%20d",
    "http://example.com/#frag", "http://a_b.example.com/", "http://-a.example.com/",
    "http://example.com./",
    "https://example.com/a(b)[c]{d}|e'f\"g<h>", "https://example.com//a/../b;c=d,e~f!g$h*i+j:k@l",
    url_of(2048), url_of(2048, "é"),
]
INVALID_URLS = [
    "", " ", "example.com", "www.example.com/a", "/a", "//example.com/a", "?a=1", "#a", "a", "http",
    "http:", "http:/",
    "http://", "https:///a", "http:example.com", "http:/example.com", "http://?a=1", "http://#a",
    "http://@/",
    "http://user@/", "http://user:pass@:80/", "http://:80/", "http://.", "http://./",
    "http://a..example.com/",
    "ftp://example.com", "file:///etc/passwd", "javascript:alert(1)", "mailto:a@example.com",
    "ws://example.com",
    "httpss://example.com", "://example.com",
    "http://exam ple.com", "http://example.com/a b",
    "http://example.com/a?b c", "http://us er@example.com/", "http://example.com:8 0/",
    "http://example.com/\u00a0a",
    "http://example.com/\u2003a", "http://example.com/a\tb", "http://example.com/a\nb",
    "http://example.com\r\n/",
    "http://example.com/\x00", "http://example.com/\x1fa", "http://example.com/\x7f",
    "\x01http://example.com",
    "http://example.com:99999/", "http://example.com:65536/", "http://example.com:x/",
    "http://example.com:-1/",
    "http://example.com:80a/", "http://example.com:+80/", "http://example.com:8_0/",
    "http://example.com:٨٠/",
    "http://example.com:80:80/", "http://user:pass@example.com:x/",
    "http://[::1", "http://::1]/", "http://[]/", "http://[1::2::3]/", "http://[12345::]/",
    "http://[::g]/",
    "http://[example.com]/", "http://[127.0.0.1]/", "http://[::1]x/", "http://x[::1]/",
    "http://[::1]:99999/",
    "http://[::1]:x/", "http://::1/",
    "http://<script>/", "http://a|b/", "http://a^b/", "http://a\"b/", "http://exa\\mple.com/",
    "http://a{b}/",
    "http://\u2100.example/",  # its compatibility form has a slash
    "http://" + "a" * 64 + ".example", SURROGATE, None,
]


@pytest.mark.parametrize("url", VALID_URLS, ids=short)
def test_valid_url(url):
    assert Page(url).get_data() == {"t": "PAGEVIEW", "ds": "APP", "dl": url}


@pytest.mark.parametrize("url", INVALID_URLS, ids=short)
def test_invalid_url(url, visitor, emulator, log):
    """A page whose location is no http(s) URL with a host is built, takes setters, and is refused
    when it is sent, with one line that can be printed."""
    ann = visitor()
    emulator.clear()
    hit = Page(url).with_ip("::1")
    assert hit.problem
    del log.lines[:]
    success, reason = ann.send_hit(hit)
    assert success is False and hit.problem in reason and "Page" in reason and "location" in reason
    assert log.at(logging.WARNING) == [reason] and emulator.requests == []


@pytest.mark.parametrize("url, read", [
    (" https://example.com/a\r\n", "https://example.com/a"),
    ("\u00a0http://example.com\x1f", "http://example.com"),
    ("http://example.com/" + SURROGATE, "http://example.com/a\ufffd"), (url_of(2049), url_of(2048)),
    (url_of(2050, "é"), url_of(2048, "é")), (url_of(2047) + EURO, url_of(2047))], ids=short)
def test_a_url_that_is_read(url, read, visitor, emulator):
    """White space around it is stripped, and what is over the limit cut between two characters."""
    assert visitor().send_hit(Page(url)) == (True, "200")
    assert [hit["dl"] for hit in emulator.hits] == [read]


@pytest.mark.parametrize(
    "url", ["http://user:s3cret@\u2100.example/", "http://user:s3cret@example.com:x/",
            "http://example.com:s3cret/", "http://user:s3cret@[::1/"], ids=short)
def test_a_refused_url_is_not_repeated(url, visitor, log):
    """What is wrong with a URL is told without the URL, which may hold a password."""
    assert visitor().send_hit(Page(url))[0] is False
    assert log.at(logging.WARNING) and not [line for line in log.lines if "s3cret" in line[1]]


def test_urls_arrive(visitor, emulator):
    """Each valid URL is sent as it was given."""
    ann = visitor()
    assert [ann.send_hit(Page(url))[0] for url in VALID_URLS] == [True] * len(VALID_URLS)
    assert [hit["dl"] for hit in emulator.hits] == VALID_URLS


# (how to make a hit with the text, function, parameter, wire key, bytes, whether it is required)
TEXTS = [
    (Screen, "Screen", "location", "dl", 2048, True),
    (lambda text: Event(EventCategory.ACTION_TRACKING, text), "Event", "action", "ea", 500, True),
    (lambda text: event().with_event_label(text), "with_event_label", "label", "el", 500, False),
    (lambda text: Transaction(text, "a"), "Transaction", "transaction_id", "tid", 500, True),
    (lambda text: Transaction("t", text), "Transaction", "affiliation", "ta", 500, True),
    (lambda text: transaction().with_shipping_method(text), "with_shipping_method",
     "shipping_method", "sm", 500, False),
    (lambda text: transaction().with_currency(text), "with_currency", "currency", "tc", 500, False),
    (lambda text: transaction().with_payment_method(text), "with_payment_method", "payment", "pm",
     500, False),
    (lambda text: transaction().with_coupon_code(text), "with_coupon_code", "coupon", "tcc", 500,
     False),
    (lambda text: Item(text, "n", "s"), "Item", "transaction_id", "tid", 500, True),
    (lambda text: Item("t", text, "s"), "Item", "product_name", "in", 500, True),
    (lambda text: Item("t", "n", text), "Item", "product_sku", "ic", 500, True),
    (lambda text: item().with_item_category(text), "with_item_category", "category", "iv", 500,
     False),
    (lambda text: page().with_ip(text), "with_ip", "ip", "uip", 500, False),
    (lambda text: page().with_locale(text), "with_locale", "locale", "ul", 500, False),
]
texts = pytest.mark.parametrize("make, function, parameter, key, size, required", TEXTS,
                                ids=["%s-%s" % each[1:3] for each in TEXTS])


@texts
def test_text(make, function, parameter, key, size, required, start):
    """Text arrives as given, measured in bytes of UTF-8; what is text in another dress arrives as
    text."""
    whole = ["a", "a" * size, EURO * (size // 3), EMOJI * (size // 4), "é" * (size // 2)]
    read = [(text, text) for text in whole] + [
        (SURROGATE, "a\ufffd"), (7, "7"), (-7, "-7"), (10 ** 30, "1" + "0" * 30), (REF, str(REF)),
        (PresetContext.IP, "sdk_ip")]
    read += [("é".encode("utf-8"), "é"), (b"a", "a"), (b"\xff", "\ufffd")] if PY2 else []
    start()
    for given, expected in read:
        hit = make(given)
        assert hit.get_data()[key] == expected and hit.problem is None and hit.left_out is None
        assert type(hit.get_data()[key]) is type("")


@texts
def test_text_over_the_limit_is_cut(make, function, parameter, key, size, required, start, log):
    """Between two characters, with one line that says where."""
    start()
    for given, kept in (("a" * (size + 1), "a" * size),
                        ("é" * (size // 2) + "a", "é" * (size // 2)),
                        (EMOJI * (size // 4) + EURO, EMOJI * (size // 4)),
                        ("a" * (size - 1) + EURO, "a" * (size - 1))):
        del log.lines[:]
        hit = make(given)
        assert hit.get_data()[key] == kept and hit.problem is None
        line, = [line for line in log.at(logging.WARNING) if "documents" not in line]
        assert function in line and "cut to %d bytes" % size in line


@texts
def test_text_that_is_none(make, function, parameter, key, size, required, visitor, emulator, log):
    """Where it is required, None and empty text are sent as ``""`` with a line; where it is
    optional None sets nothing, without one, and empty text is as good as any."""
    ann = visitor()
    for given in ("", None):
        del log.lines[:]
        emulator.clear()
        hit = make(given)
        assert hit.problem is None and hit.left_out is None
        lines = log.at(logging.WARNING)
        assert len(lines) == required and all(parameter in line for line in lines)
        ann.send_hit(hit)
        (request,) = emulator.requests
        assert request.json().get(key) == ("" if required or given == "" else None)


@texts
def test_what_is_no_text(make, function, parameter, key, size, required):
    """Of a type that no data has: a mistake of the program."""
    for given in NOT_TEXT:
        with pytest.raises(TypingError) as info:
            make(given)
        assert (info.value.function, info.value.parameter) == (function, parameter)
        assert "text" in str(info.value)


class Broken(type("")):
    """Text that cannot be had, as that of a proxy without an object."""

    @property
    def __class__(self):
        raise RuntimeError("no object")


@texts
def test_text_that_raises(make, function, parameter, key, size, required, visitor, emulator, log):
    """An optional one is left out; without a required one the hit is refused. A line says which."""
    ann = visitor()
    emulator.clear()
    del log.lines[:]
    success, reason = ann.send_hit(make(Broken("a")))
    assert success is not required and "RuntimeError" in log.at(logging.WARNING)[0]
    assert len(emulator.hits) == (not required) and not [hit for hit in emulator.hits if key in hit]
    assert ("is missing" if required else "left out: ") in reason


COUNTS = [(0, 0), (1, 1), (2 ** 63 - 1, 2 ** 63 - 1), (1.0, 1), (Decimal(3), 3),
          (Decimal("3.00"), 3),
          (Fraction(4, 2), 2), ("5", 5), (" 5.0 ", 5)]
# An int that a float cannot hold is no number to most JSON parsers.
TOO_MANY = [1e308, 10 ** 308, 2 ** 1024 - 1, "1e308"]
POSITIVE = [each for each in COUNTS if each[1] > 0]
MONEY = [(0, 0), (-1, -1), (2 ** 63, 2 ** 63), (0.0, 0.0), (-0.5, -0.5), (1e300, 1e300),
         (Decimal("19.90"), 19.9),
         (Decimal("-0.01"), -0.01), (Fraction(1, 4), 0.25), ("19.90", 19.9), ("-3", -3),
         (" 12 ", 12), ("1e2", 100.0)]
NO_NUMBERS = [True, False, NAN, INF, -INF, "", "ten", "1,5", "1_000", "0x10", "nan", "19.90 EUR",
              Decimal("NaN"),
              Decimal("sNaN"), Decimal("-Infinity"), 10 ** 400, Decimal("1e400"), SURROGATE]
# (how to make the hit, setter, parameter, wire key, {what is given: what arrives}, what is left
# out)
NUMBERS = [
    (event, "with_event_value", "value", "ev", POSITIVE,
     NO_NUMBERS + TOO_MANY + [0, -1, 1.5, 0.5, Decimal("1.5"), "0"]),
    (page, "with_session_number", "number", "sn", COUNTS, NO_NUMBERS + TOO_MANY),
    (page, "with_session_timestamp", "timestamp", "cst", COUNTS, NO_NUMBERS + [1.5, -1, 2 ** 63]),
    (transaction, "with_item_count", "item_nb", "icn", COUNTS + [(-2, -2)],
     NO_NUMBERS + TOO_MANY + [1.5]),
    (item, "with_item_quantity", "item_quantity", "iq", COUNTS + [(-2, -2)],
     NO_NUMBERS + TOO_MANY + [0.5]),
    (transaction, "with_total_revenue", "revenue", "tr", MONEY, NO_NUMBERS),
    (transaction, "with_shipping_cost", "shipping", "ts", MONEY, NO_NUMBERS + [10 ** 308]),
    (transaction, "with_taxes", "taxes", "tt", MONEY, NO_NUMBERS),
    (item, "with_price", "price", "ip", MONEY, NO_NUMBERS)]
numbers = pytest.mark.parametrize("make, setter, parameter, key, read, no_numbers", NUMBERS,
                                  ids=[each[1] for each in NUMBERS])


@numbers
def test_number(make, setter, parameter, key, read, no_numbers, visitor, emulator, log):
    """A number arrives as what it is, whatever its type; a count is whole."""
    ann = visitor()
    for given, expected in read:
        emulator.clear()
        hit = make()
        assert getattr(hit, setter)(given) is hit and ann.send_hit(hit) == (True, "200")
        assert exact(emulator.hits[0][key]) == exact(expected)
    assert log.at(logging.WARNING) == []


@numbers
def test_what_is_no_number_is_left_out(make, setter, parameter, key, read, no_numbers, visitor,
                                       emulator, log):
    """With one line; the hit goes without it, says so where it is sent, and keeps what was set
    before."""
    ann = visitor()
    for given in no_numbers:
        emulator.clear()
        del log.lines[:]
        hit = getattr(make(), setter)(given)
        line, = log.at(logging.WARNING)
        assert line.startswith("[%s] %s " % (setter, parameter))
        assert line.endswith(": it is left out")
        success, reason = ann.send_hit(hit)
        assert success is True and reason == "200; left out: %s" % hit.left_out
        assert hit.left_out == line[len("[%s] " % setter):-len(": it is left out")]
        assert len(emulator.hits) == 1 and key not in emulator.hits[0]
        getattr(hit, setter)(read[-1][0])
        assert hit.left_out is None and ann.send_hit(hit) == (True, "200")
        getattr(hit, setter)(given)
        assert exact(hit.get_data()[key]) == exact(read[-1][1]) and hit.left_out


@numbers
def test_a_number_that_is_none_sets_nothing(make, setter, parameter, key, read, no_numbers, visitor,
                                            emulator, log):
    """Without a line, but for an event's value."""
    ann, says = visitor(), setter == "with_event_value"
    assert ann.send_hit(getattr(make(), setter)(None))[0] and key not in emulator.hits[0]
    assert len(log.at(logging.WARNING)) == says
    hit = getattr(getattr(make(), setter)(read[-1][0]), setter)(None)
    assert exact(hit.get_data()[key]) == exact(read[-1][1])


@numbers
def test_what_no_number_has_the_type_of(make, setter, parameter, key, read, no_numbers):
    for given in NO_DATA:
        with pytest.raises(TypingError) as info:
            getattr(make(), setter)(given)
        assert (info.value.function, info.value.parameter) == (setter, parameter)


def test_what_was_left_out_is_said_in_one_line(visitor, log):
    """Whatever it was, by name; without a value."""
    hit = transaction().with_total_revenue(NAN).with_item_count("3 shoes").with_taxes("s3cret")
    assert visitor().send_hit(hit) == (
        True, "200; left out: item_nb is text that is not a number, revenue is not a "
        "number, taxes is text that is not a number")
    assert not [line for line in log.lines if "s3cret" in line[1]]


@pytest.mark.parametrize("given, read", [
    (("640", 480.0), "640x480"), ((Decimal(1), "2"), "1x2"), ((None, 480), None),
    ((640, None), None),
    ((0, 480), None), ((640, -1), None), ((1.5, 2), None), ((True, 2), None), ((1, "wide"), None)],
    ids=repr)
def test_resolution(given, read, visitor, emulator, log):
    """Both or none; what cannot be read is left out with a line, None without."""
    success, reason = visitor().send_hit(page().with_resolution(*given))
    assert success and emulator.hits[0].get("sr") == read
    silent = read is not None or None in given
    assert len(log.at(logging.WARNING)) == (not silent) and (reason == "200") is silent
    assert silent or "left out: width " in reason or "left out: height " in reason


@pytest.mark.parametrize("category", ["Action Tracking", "ACTION_TRACKING", "USER_ENGAGEMENT"])
def test_a_category_may_be_text(category, visitor, emulator):
    """Its documented name, or its value."""
    assert visitor().send_hit(Event(category, "cart")) == (True, "200")
    assert emulator.hits[0]["ec"] in ("Action Tracking", "User Engagement")


@pytest.mark.parametrize(
    "category", [None, "", "Action", "action tracking", EventCategory, HitType.EVENT, 1, []],
    ids=repr)
def test_wrong_category(category):
    with pytest.raises(TypingError) as info:
        Event(category, "cart")
    assert (info.value.function, info.value.parameter) == ("Event", "category")


FULL = [(make, setters + COMMON_SETTERS)
        for make, setters in (WIRE[kind][:2] for kind in sorted(WIRE))]


@pytest.mark.parametrize("make, setters", FULL, ids=sorted(WIRE))
def test_a_refused_setter_leaves_the_hit(make, setters, visitor, emulator):
    """A setter that raises changes nothing, whether it was set before or not."""
    hit = make()
    for name, arguments in setters:
        for place in range(len(arguments)):
            wrong = arguments[:place] + (object(),) + arguments[place + 1:]
            before = dict(hit.get_data())
            for _ in range(2):
                with pytest.raises(TypingError):
                    getattr(hit, name)(*wrong)
                assert hit.get_data() == before and hit.left_out is None
                before = dict(getattr(hit, name)(*arguments).get_data())
    ann = visitor()
    assert ann.send_hit(hit)[0]
    assert emulator.hits == [dict(hit.get_data(), cid=emulator.env_id, vid="ann")]


SHORT = [("with_shipping_method", "sm"), ("with_payment_method", "pm"), ("with_coupon_code", "tcc"),
         ("with_currency", "tc")]


@pytest.mark.parametrize("name, key", SHORT)
@pytest.mark.parametrize("text, warnings", [
    ("", 0), ("a" * 10, 0), ("é" * 5, 0), ("a" * 11, 1), ("é" * 6, 1), ("credit_card", 1),
    ("a" * 500, 1)], ids=short)
def test_a_documented_limit_of_ten_only_warns(name, key, text, warnings, visitor, emulator, log):
    """More than 10 bytes are sent, with one warning that names the method and does not repeat the
    text."""
    ann, hit = visitor(), transaction()
    assert getattr(hit, name)(text) is hit
    lines = log.at(logging.WARNING)
    assert len(lines) == warnings and all(name in line and "10" in line for line in lines)
    assert not text or not [line for line in lines if text in line]
    assert ann.send_hit(hit)[0] and emulator.hits[0][key] == text
    assert log.at(logging.WARNING) == lines


class Unmade(Page):
    def __init__(self):
        """Forgets the parent's."""


NO_HITS = {"None": lambda: None, "dict": page().get_data, "text": lambda: "hit",
           "class": lambda: Page,
           "type": lambda: HitType.PAGE, "bare": lambda: Hit(HitType.PAGE), "unmade": Unmade}


@pytest.mark.parametrize("kind", sorted(NO_HITS))
def test_what_is_no_hit_is_refused(kind, visitor, emulator, log):
    """Something that is no hit, or one without what its type requires, is refused with a log line,
    not raised."""
    ann = visitor()
    emulator.clear()
    del log.lines[:]
    success, reason = ann.send_hit(NO_HITS[kind]())
    assert success is False and reason and len(log.at(logging.WARNING)) == 1
    assert emulator.requests == []


REFUSED = {
    "Page": lambda: Page([]), "Screen": lambda: Screen(1.5), "Event": lambda: Event("cart", "a"),
    "Transaction": lambda: Transaction("t", {}), "Item": lambda: Item("t", "n", True),
    "Hit": lambda: Hit("PAGEVIEW")}


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_a_hit_refused_under_catch_all(kind, visitor, emulator, log):
    """With catch_all_exceptions the mistake goes to the handler once; the hit takes setters and is
    not sent."""
    log.catch_all_exceptions = True
    ann = visitor()
    emulator.clear()
    hit = REFUSED[kind]()
    ((error, _),) = log.caught
    assert isinstance(error, FlagshipError) and error.function == kind
    assert hit.with_ip("::1") is hit and repr(hit)
    del log.lines[:]
    success, reason = ann.send_hit(hit)
    assert success is False and error.message in reason and len(log.at(logging.WARNING)) == 1
    assert emulator.requests == [] and len(log.caught) == 1


@pytest.mark.parametrize("hit", [page, event, transaction, item, lambda: None])
def test_panic_sends_no_hit(hit, visitor, emulator):
    ann = visitor()
    emulator.panic = True
    ann.synchronize_modifications()
    emulator.clear()
    success, reason = ann.send_hit(hit())
    assert success is False and reason and emulator.requests == []


def test_hits_are_sent_again_after_panic(visitor, emulator):
    ann = visitor()
    for panic in (True, False):
        emulator.panic = panic
        ann.synchronize_modifications()
        assert ann.send_hit(page())[0] is not panic
    assert len(emulator.hits) == 1


@pytest.mark.parametrize("hit", [page, event, transaction, item, lambda: None])
def test_a_closed_sdk_sends_no_hit(hit, visitor, start, emulator):
    ann = visitor()
    start().close()
    emulator.clear()
    success, reason = ann.send_hit(hit())
    assert success is False and reason and emulator.requests == []


@pytest.mark.parametrize("fault", [{"status": 400}, {"status": 503}, {"reset": "before"}], ids=str)
def test_a_hit_that_fails(fault, visitor, emulator, log):
    """The world's mistakes come back as (False, reason), with one log line."""
    ann = visitor()
    emulator.misbehave("hit", **fault)
    del log.lines[:]
    success, reason = ann.send_hit(page())
    assert success is False and reason and len(log.at(logging.WARNING)) == 1
    emulator.behave()
    assert ann.send_hit(page()) == (True, "200")


def test_a_hit_prints():
    """A hit's text says what goes on the wire."""
    assert str(page()) == repr(page()) and "PAGEVIEW" in str(page())
    assert "https://example.com" in str(page())


class Visit(Page):
    """A hit of 2.1.x's users: a field of its own beside the library's."""

    def __init__(self, location, source):
        Page.__init__(self, location)
        self._data["qs"] = source


def test_a_field_of_a_subclass_arrives(visitor, emulator):
    ann = visitor()
    emulator.clear()
    emulator.is_watched = False  # no documentation has the field
    ann.send_hit(Visit("https://example.com", "mail").with_ip("::1"))
    sent = emulator.requests[0].json()
    assert (sent["qs"], sent["uip"], sent["t"], sent["vid"]) == ("mail", "::1", "PAGEVIEW", "ann")


@pytest.mark.parametrize("kind", sorted(WIRE))
def test_a_hit_knows_its_type(kind):
    hit = WIRE[kind][0]()
    assert isinstance(hit.hit_type, HitType) and hit.hit_type.value == hit.get_data()["t"]


def pickled(protocol):
    return lambda hit: pickle.loads(pickle.dumps(hit, protocol))


COPIES = {"pickle %d" % protocol: pickled(protocol)
          for protocol in range(pickle.HIGHEST_PROTOCOL + 1)}
COPIES.update(deepcopy=copy.deepcopy, copy=copy.copy)


@pytest.mark.parametrize("name", sorted(COPIES))
def test_a_hit_can_be_copied(name, visitor, emulator):
    """With what was left out of it, and whatever is wrong with it: for a queue of the user's, such
    as Celery's."""
    emulator.is_watched = False  # no documentation has the subclass's field
    ann = visitor()
    for hit in [make() for make, _ in FULL] + [
            transaction().with_taxes(NAN), Page("nowhere"), Visit("https://example.com", "mail")]:
        copied = COPIES[name](hit)
        assert type(copied) is type(hit) and copied.get_data() == hit.get_data()
        assert (copied.hit_type, copied.problem, copied.left_out) == (
            hit.hit_type, hit.problem, hit.left_out)
        assert ann.send_hit(copied) == ann.send_hit(hit)
