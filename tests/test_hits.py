# -*- coding: utf-8 -*-
"""Hits: what of them goes on the wire, and what they refuse."""
from __future__ import unicode_literals

import json
import logging
import sys
from decimal import Decimal

import pytest

from flagship.errors import FlagshipError, ParamError, TypingError
from flagship.hits import Event, EventCategory, Hit, HitType, Item, Page, Screen, Transaction

PY2 = sys.version_info[0] == 2
NAN, INF = float("nan"), float("inf")
SURROGATE = "a\ud800"
EURO, EMOJI = "\u20ac", "\U0001f600"  # 3 and 4 bytes of UTF-8
NOT_TEXT = [None, 1, 1.5, True, [], {}, ("a",), object()] + ([] if PY2 else [b"a"])
NOT_UTF8 = [SURROGATE] + ([b"\xff"] if PY2 else [])
NOT_INT = [None, True, False, 1.0, NAN, "1", Decimal(1), [], object()]
NOT_NUMBER = [None, True, "1", 1j, Decimal(1), [], object()]
NOT_FINITE = [NAN, INF, -INF]


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


COMMON_SETTERS = [("with_ip", ("2001:db8::1",)), ("with_resolution", (1920, 1080)), ("with_locale", ("fr-FR",)),
                  ("with_session_number", (3,)), ("with_session_timestamp", (1600000000123,))]
COMMON = {"uip": "2001:db8::1", "sr": "1920x1080", "ul": "fr-FR", "sn": 3, "cst": 1600000000123}

WIRE = {
    "page": (page, [], {"t": "PAGEVIEW", "dl": "https://example.com"}, {}),
    "screen": (lambda: Screen("Réglages/" + EMOJI), [], {"t": "SCREENVIEW", "dl": "Réglages/" + EMOJI}, {}),
    "action": (
        event, [("with_event_label", ("étiquette",)), ("with_event_value", (10,))],
        {"t": "EVENT", "ec": "Action Tracking", "ea": "cart"}, {"el": "étiquette", "ev": 10}),
    "engagement": (
        lambda: Event(category=EventCategory.USER_ENGAGEMENT, action="lu"),
        [("with_event_label", ("",)), ("with_event_value", (1,))],
        {"t": "EVENT", "ec": "User Engagement", "ea": "lu"}, {"el": "", "ev": 1}),
    "transaction": (
        transaction,
        [("with_total_revenue", (99.5,)), ("with_shipping_cost", (5,)), ("with_shipping_method", ("express",)),
         ("with_taxes", (0.1,)), ("with_currency", ("EUR",)), ("with_payment_method", ("card",)),
         ("with_item_count", (2,)), ("with_coupon_code", ("NOËL",))],
        {"t": "TRANSACTION", "tid": "t-1", "ta": "shop"},
        {"tr": 99.5, "ts": 5, "sm": "express", "tt": 0.1, "tc": "EUR", "pm": "card", "icn": 2, "tcc": "NOËL"}),
    "refund": (
        transaction, [("with_total_revenue", (-12,)), ("with_shipping_cost", (0,)), ("with_taxes", (-0.5,)),
                      ("with_item_count", (0,))],
        {"t": "TRANSACTION", "tid": "t-1", "ta": "shop"}, {"tr": -12, "ts": 0, "tt": -0.5, "icn": 0}),
    "item": (
        item, [("with_price", (49.75,)), ("with_item_quantity", (2,)), ("with_item_category", ("Été",))],
        {"t": "ITEM", "tid": "t-1", "in": "Shoe", "ic": "sku-1"}, {"ip": 49.75, "iq": 2, "iv": "Été"}),
}


@pytest.mark.parametrize("kind", sorted(WIRE))
@pytest.mark.parametrize("authenticated", [False, True])
def test_wire(kind, authenticated, visitor, emulator):
    """A hit is one JSON object with exactly the platform's keys, first with what is required, then with every
    optional fact; sending changes nothing of it."""
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
    assert [exact(request.json()) for request in emulator.requests] == [exact(bare), exact(full), exact(full)]
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
    assert [(hit["vid"], hit.get("cuid")) for hit in emulator.hits] == [("ann", None), ("ann", "Ann"), ("ann", None)]


def test_keyword_arguments(visitor, emulator):
    """Every constructor and setter takes its arguments by name."""
    hits = [
        Page(location="https://example.com").with_ip(ip="::1").with_resolution(width=1, height=2)
        .with_locale(locale="fr").with_session_number(number=0).with_session_timestamp(timestamp=2 ** 63 - 1),
        Screen(location="home"),
        Event(category=EventCategory.USER_ENGAGEMENT, action="read").with_event_label(label="l")
        .with_event_value(value=1),
        Transaction(transaction_id="t", affiliation="a").with_total_revenue(revenue=1).with_shipping_cost(shipping=2)
        .with_shipping_method(shipping_method="m").with_taxes(taxes=3).with_currency(currency="EUR")
        .with_payment_method(payment="p").with_item_count(item_nb=4).with_coupon_code(coupon="c"),
        Item(transaction_id="t", product_name="n", product_sku="s").with_price(price=5)
        .with_item_quantity(item_quantity=6).with_item_category(category="c"),
    ]
    ann = visitor("ann")
    assert [ann.send_hit(hit)[0] for hit in hits] == [True] * 5
    who = {"cid": emulator.env_id, "ds": "APP", "vid": "ann"}
    assert emulator.hits == [dict(who, **each) for each in (
        {"t": "PAGEVIEW", "dl": "https://example.com", "uip": "::1", "sr": "1x2", "ul": "fr", "sn": 0,
         "cst": 2 ** 63 - 1},
        {"t": "SCREENVIEW", "dl": "home"},
        {"t": "EVENT", "ec": "User Engagement", "ea": "read", "el": "l", "ev": 1},
        {"t": "TRANSACTION", "tid": "t", "ta": "a", "tr": 1, "ts": 2, "sm": "m", "tt": 3, "tc": "EUR", "pm": "p",
         "icn": 4, "tcc": "c"},
        {"t": "ITEM", "tid": "t", "in": "n", "ic": "s", "ip": 5, "iq": 6, "iv": "c"})]


def url_of(size, filling="a"):
    url = "https://example.com/"
    return url + filling * ((size - len(url)) // len(filling.encode("utf-8")))


VALID_URLS = [
    "http://example.com", "https://example.com/", "HTTPS://EXAMPLE.COM/A", "Http://Example.com",
    "https://shop.photography/p", "https://a.international", "https://x.xn--vermgensberatung-pwb",
    "https://bücher.example/é?à=ç#ü", "https://例え.テスト/", "https://пример.рф:8080/путь", "https://xn--bcher-kva.example",
    "http://☃.example", "http://localhost", "http://localhost:8000/a", "http://intranet/", "http://127.0.0.1:5000/",
    "http://[::1]", "https://[2001:db8::ff00:42:8329]:8443/a", "http://[::ffff:192.0.2.1]/",
    "http://example.com:1/", "http://example.com:65535/", "http://user@example.com/",
    "http://user:p%40ss@example.com:80/", "http://user:pass@[::1]:80/", "http://example.com?a=1&b=c%20d",
    "http://example.com/#frag", "http://a_b.example.com/", "http://-a.example.com/", "http://example.com./",
    "https://example.com/a(b)[c]{d}|e'f\"g<h>", "https://example.com//a/../b;c=d,e~f!g$h*i+j:k@l",
    url_of(2048), url_of(2048, "é"),
]
INVALID_URLS = [
    "", " ", "example.com", "www.example.com/a", "/a", "//example.com/a", "?a=1", "#a", "a", "http", "http:", "http:/",
    "http://", "https:///a", "http:example.com", "http:/example.com", "http://?a=1", "http://#a", "http://@/",
    "http://user@/", "http://user:pass@:80/", "http://:80/", "http://.", "http://./", "http://a..example.com/",
    "ftp://example.com", "file:///etc/passwd", "javascript:alert(1)", "mailto:a@example.com", "ws://example.com",
    "httpss://example.com", "://example.com",
    " http://example.com", "http://example.com ", "http://exam ple.com", "http://example.com/a b",
    "http://example.com/a?b c", "http://us er@example.com/", "http://example.com:8 0/", "http://example.com/\u00a0",
    "http://example.com/\u2003", "http://example.com/a\tb", "http://example.com/a\nb", "http://example.com\r\n",
    "http://example.com/\x00", "http://example.com/\x1f", "http://example.com/\x7f", "\x01http://example.com",
    "http://example.com:99999/", "http://example.com:65536/", "http://example.com:x/", "http://example.com:-1/",
    "http://example.com:80a/", "http://example.com:+80/", "http://example.com:8_0/", "http://example.com:٨٠/",
    "http://example.com:80:80/", "http://user:pass@example.com:x/",
    "http://[::1", "http://::1]/", "http://[]/", "http://[1::2::3]/", "http://[12345::]/", "http://[::g]/",
    "http://[example.com]/", "http://[127.0.0.1]/", "http://[::1]x/", "http://x[::1]/", "http://[::1]:99999/",
    "http://[::1]:x/", "http://::1/",
    "http://<script>/", "http://a|b/", "http://a^b/", "http://a\"b/", "http://exa\\mple.com/", "http://a{b}/",
    "http://\u2100.example/",  # its compatibility form has a slash
    "http://" + "a" * 64 + ".example", url_of(2049), url_of(2048, "é") + "a", url_of(2050, "é"),
    SURROGATE, "http://example.com/" + SURROGATE,
]


@pytest.mark.parametrize("url", VALID_URLS, ids=short)
def test_valid_url(url):
    assert Page(url).get_data() == {"t": "PAGEVIEW", "ds": "APP", "dl": url}


@pytest.mark.parametrize("url", INVALID_URLS, ids=short)
def test_invalid_url(url):
    """A location that is no http(s) URL with a host is refused in words that can be printed."""
    with pytest.raises(ParamError) as info:
        Page(url)
    assert (info.value.function, info.value.parameter) == ("Page", "location")
    assert "Page" in str(info.value) and "location" in str(info.value)


@pytest.mark.parametrize("url", ["http://user:s3cret@\u2100.example/", "http://user:s3cret@example.com:x/",
                                 "http://example.com:s3cret/", "http://user:s3cret@[::1/"], ids=short)
def test_a_refused_url_is_not_repeated(url):
    """What is wrong with a URL is told without the URL, which may hold a password."""
    with pytest.raises(ParamError) as info:
        Page(url)
    assert "s3cret" not in info.value.message


def test_urls_arrive(visitor, emulator):
    """Each valid URL is sent as it was given."""
    ann = visitor()
    assert [ann.send_hit(Page(url))[0] for url in VALID_URLS] == [True] * len(VALID_URLS)
    assert [hit["dl"] for hit in emulator.hits] == VALID_URLS


# (how to make a hit with the text, function, parameter, bytes, whether empty text is taken)
TEXTS = [
    (Screen, "Screen", "location", 2048, False),
    (lambda text: Event(EventCategory.ACTION_TRACKING, text), "Event", "action", 500, False),
    (lambda text: event().with_event_label(text), "with_event_label", "label", 500, True),
    (lambda text: Transaction(text, "a"), "Transaction", "transaction_id", 500, False),
    (lambda text: Transaction("t", text), "Transaction", "affiliation", 500, False),
    (lambda text: transaction().with_shipping_method(text), "with_shipping_method", "shipping_method", 500, True),
    (lambda text: transaction().with_currency(text), "with_currency", "currency", 500, True),
    (lambda text: transaction().with_payment_method(text), "with_payment_method", "payment", 500, True),
    (lambda text: transaction().with_coupon_code(text), "with_coupon_code", "coupon", 500, True),
    (lambda text: Item(text, "n", "s"), "Item", "transaction_id", 500, False),
    (lambda text: Item("t", text, "s"), "Item", "product_name", 500, False),
    (lambda text: Item("t", "n", text), "Item", "product_sku", 500, False),
    (lambda text: item().with_item_category(text), "with_item_category", "category", 500, True),
    (lambda text: page().with_ip(text), "with_ip", "ip", 500, True),
    (lambda text: page().with_locale(text), "with_locale", "locale", 500, True),
]


@pytest.mark.parametrize("make, function, parameter, size, empty", TEXTS, ids=["%s-%s" % each[1:3] for each in TEXTS])
def test_text(make, function, parameter, size, empty):
    """Text is measured in bytes of UTF-8, arrives as given, and is text that UTF-8 can express."""
    taken = ["a", "a" * size, EURO * (size // 3), EMOJI * (size // 4), "é" * (size // 2)] + ([""] if empty else [])
    taken = [(text, text) for text in taken] + ([("é".encode("utf-8"), "é"), (b"a", "a")] if PY2 else [])
    for text, expected in taken:
        sent = [value for value in make(text).get_data().values() if value == expected]
        assert sent and type(sent[0]) is type(expected), short(text)
    too_long = ["a" * (size + 1), EURO * (size // 3 + 1), "é" * (size // 2) + "a", EMOJI * (size // 4 + 1)]
    for kind, allowed, refused in (
            (TypingError, "text", NOT_TEXT), (ParamError, "UTF-8", NOT_UTF8),
            (ParamError, "at most %d" % size, too_long), (ParamError, "empty", [] if empty else [""])):
        for text in refused:
            with pytest.raises(kind) as info:
                make(text)
            assert (info.value.function, info.value.parameter) == (function, parameter)
            assert allowed in str(info.value)


NUMBERS = [
    (event, "with_event_value", "ev", [1, 2 ** 31, 2 ** 63], NOT_INT, [0, -1]),
    (transaction, "with_item_count", "icn", [0, 1, 2 ** 63], NOT_INT, []),
    (item, "with_item_quantity", "iq", [0, 1, 2 ** 63], NOT_INT, []),
    (page, "with_session_number", "sn", [1, 2 ** 31], NOT_INT, [-1]),
    (page, "with_session_timestamp", "cst", [0, 1600000000000, 2 ** 63 - 1], NOT_INT, [-1, 2 ** 63]),
] + [(make, name, key, [0, -1, 2 ** 63, 0.0, -0.5, 1e300], NOT_NUMBER, NOT_FINITE) for make, name, key in (
    (transaction, "with_total_revenue", "tr"), (transaction, "with_shipping_cost", "ts"),
    (transaction, "with_taxes", "tt"), (item, "with_price", "ip"))]


@pytest.mark.parametrize("make, name, key, taken, mistyped, outside", NUMBERS, ids=[each[1] for each in NUMBERS])
def test_number(make, name, key, taken, mistyped, outside):
    """A number arrives with its own type; bool is no int, and what is no JSON is refused."""
    for value in taken:
        assert exact(getattr(make(), name)(value).get_data()[key]) == exact(value)
    for kind, refused in ((TypingError, mistyped), (ParamError, outside)):
        for value in refused:
            with pytest.raises(kind) as info:
                getattr(make(), name)(value)
            assert info.value.function == name


@pytest.mark.parametrize("width, height, parameter", [
    (value, 1, "width") for value in NOT_INT + [-1]] + [(1, value, "height") for value in NOT_INT + [-1]])
def test_wrong_resolution(width, height, parameter):
    with pytest.raises(FlagshipError) as info:
        page().with_resolution(width, height)
    assert (info.value.function, info.value.parameter) == ("with_resolution", parameter)


@pytest.mark.parametrize("category", [None, "Action Tracking", "ACTION_TRACKING", EventCategory, HitType.EVENT, 1],
                         ids=repr)
def test_wrong_category(category):
    with pytest.raises(TypingError) as info:
        Event(category, "cart")
    assert (info.value.function, info.value.parameter) == ("Event", "category")


FULL = [(make, setters + COMMON_SETTERS) for make, setters in (WIRE[kind][:2] for kind in sorted(WIRE))]


@pytest.mark.parametrize("make, setters", FULL, ids=sorted(WIRE))
def test_a_refused_setter_leaves_the_hit(make, setters, visitor, emulator):
    """A setter that refuses what it is given changes nothing, whether it was set before or not."""
    hit = make()
    for name, arguments in setters:
        for place in range(len(arguments)):
            wrong = arguments[:place] + (object(),) + arguments[place + 1:]
            before = hit.get_data()
            for _ in range(2):
                with pytest.raises(TypingError):
                    getattr(hit, name)(*wrong)
                assert hit.get_data() == before
                before = getattr(hit, name)(*arguments).get_data()
    ann = visitor()
    assert ann.send_hit(hit)[0]
    assert emulator.hits == [dict(hit.get_data(), cid=emulator.env_id, vid="ann")]


SHORT = [("with_shipping_method", "sm"), ("with_payment_method", "pm"), ("with_coupon_code", "tcc"),
         ("with_currency", "tc")]


@pytest.mark.parametrize("name, key", SHORT)
@pytest.mark.parametrize("text, warnings", [
    ("", 0), ("a" * 10, 0), ("é" * 5, 0), ("a" * 11, 1), ("é" * 6, 1), ("credit_card", 1), ("a" * 500, 1)], ids=short)
def test_a_documented_limit_of_ten_only_warns(name, key, text, warnings, visitor, emulator, log):
    """More than 10 bytes are sent, with one warning that names the method and does not repeat the text."""
    ann, hit = visitor(), transaction()
    assert getattr(hit, name)(text) is hit
    lines = log.at(logging.WARNING)
    assert len(lines) == warnings and all(name in line and "10" in line for line in lines)
    assert not text or not [line for line in lines if text in line]
    assert ann.send_hit(hit)[0] and emulator.hits[0][key] == text
    assert log.at(logging.WARNING) == lines


@pytest.mark.parametrize("name, key", SHORT)
@pytest.mark.parametrize("text", ["a" * 501, "é" * 251], ids=short)
def test_a_short_text_over_500_is_refused(name, key, text, start, log):
    start()
    hit = transaction()
    with pytest.raises(ParamError) as info:
        getattr(hit, name)(text)
    assert info.value.function == name and "500" in str(info.value)
    assert key not in hit.get_data() and log.at(logging.WARNING) == []


class Unmade(Page):
    def __init__(self):
        """Forgets the parent's."""


NO_HITS = {"None": lambda: None, "dict": page().get_data, "text": lambda: "hit", "class": lambda: Page,
           "type": lambda: HitType.PAGE, "bare": lambda: Hit(HitType.PAGE), "unmade": Unmade}


@pytest.mark.parametrize("kind", sorted(NO_HITS))
def test_what_is_no_hit_is_refused(kind, visitor, emulator, log):
    """Something that is no hit, or one without what its type requires, is refused with a log line, not raised."""
    ann = visitor()
    emulator.clear()
    del log.lines[:]
    success, reason = ann.send_hit(NO_HITS[kind]())
    assert success is False and reason and len(log.at(logging.WARNING)) == 1
    assert emulator.requests == []


REFUSED = {
    "Page": lambda: Page("nowhere"), "Screen": lambda: Screen(1), "Event": lambda: Event("cart", "a"),
    "Transaction": lambda: Transaction("t", None), "Item": lambda: Item("t", "n", ""), "Hit": lambda: Hit("PAGEVIEW")}


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_a_hit_refused_under_catch_all(kind, visitor, emulator, log):
    """With catch_all_exceptions the mistake goes to the handler once; the hit takes setters and is not sent."""
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


@pytest.mark.parametrize("make, name", [(transaction, "with_item_count"), (item, "with_item_quantity"),
                                        (event, "with_event_value"), (transaction, "with_total_revenue"),
                                        (page, "with_session_number"), (page, "with_session_timestamp")])
def test_an_enormous_int(make, name, visitor):
    """An int of more digits than Python will write down is refused, or sent, or not sent; it raises nothing else."""
    ann = visitor()
    for number in (10 ** 5000, -10 ** 5000):
        hit = make()
        try:
            getattr(hit, name)(number)
        except FlagshipError as error:
            assert error.function == name
        assert ann.send_hit(hit)[0] in (True, False)


def test_a_hit_prints():
    """A hit's text says what goes on the wire."""
    assert str(page()) == repr(page()) and "PAGEVIEW" in str(page()) and "https://example.com" in str(page())
