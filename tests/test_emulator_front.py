# -*- coding: utf-8 -*-
"""The emulator's front: its own addresses are for this machine alone, and whatever comes is
answered."""
from __future__ import unicode_literals

import json
import os
import runpy
import shutil
import socket
import sys
import threading

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from six.moves import BaseHTTPServer

from flagship.emulator import Emulator
from flagship.errors import FlagshipError
from tests.emulated import emulator, session  # noqa: F401
from tests.support import ROOT, SLOW, WHOLE, eventually, everybody

pytestmark = pytest.mark.skipif(not WHOLE, reason=SLOW)

CONTROL = [("GET", "received", None), ("GET", "arrivals?after=0", None), ("GET", "", None),
           ("GET", "requests?after=0", None),
           ("DELETE", "received", None), ("DELETE", "faults", None),
           ("POST", "faults", {"endpoint": "hit", "status": 503}), ("GET", "panic", None),
           ("POST", "panic", True), ("POST", "bucketing", {"campaigns": []}),
           ("GET", "results", None), ("POST", "simulation", {"visitors": 1}),
           ("DELETE", "simulation", None), ("GET", "page.results.js", None)]
PAGE = {"cid": "env", "ds": "APP", "vid": "ann", "t": "SCREENVIEW", "dl": "home"}


@pytest.fixture
def ask(emulator, session):
    """Asks one of the emulator's own addresses."""
    def ask(method, name, body=None, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode("ascii")
        return session.request(method, emulator.url + "/_emulator/" + name, data=content,
                               headers=headers, timeout=5)
    return ask


def untouched(emulator):
    return not emulator.panic and emulator.requests == []


# Who may ask.

@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "",
    "rebound.localhost", "0.0.0.0", "192.168.0.1", "[::ffff:7f00:1]", "2130706433", "[::1",
    "127.0.0.1:port", "evil.example@127.0.0.1.example"])
@pytest.mark.parametrize("method, name, body", CONTROL)
def test_a_name_that_is_not_loopback_is_refused(emulator, ask, method, name, body, host):
    """A page's own name may resolve to this machine."""
    answer = ask(method, name, body, Host=host)
    assert answer.status_code == 403 and list(answer.json()) == ["message"]
    assert untouched(emulator)


@pytest.mark.parametrize("origin", [
    "null", "https://evil.example", "http://evil.example:{port}", "https://127.0.0.1:{port}",
    "http://127.0.0.1:1", "http://localhost", "http://127.0.0.1:{port}.evil.example", "", "[",
    "file://", "http://[::1"])
@pytest.mark.parametrize("method, name, body", CONTROL)
def test_a_page_of_another_origin_is_refused(emulator, ask, method, name, body, origin):
    """Another port of this machine is another origin too."""
    answer = ask(method, name, body, Origin=origin.format(port=emulator.port))
    assert answer.status_code == 403 and list(answer.json()) == ["message"]
    assert untouched(emulator)


@pytest.mark.parametrize("headers", [
    {}, {"Host": "localhost"}, {"Host": "LocalHost:1"}, {"Host": "127.0.0.1"},
    {"Host": "127.1.2.3:8080"}, {"Host": "[::1]:80"}, {"Origin": "http://127.0.0.1:{port}"},
    {"Host": "localhost", "Origin": "http://localhost:{port}"}], ids=repr)
@pytest.mark.parametrize("method, name, body", CONTROL)
def test_programs_of_this_machine_may_ask(emulator, ask, method, name, body, headers):
    headers = {key: value.format(port=emulator.port) for key, value in headers.items()}
    assert ask(method, name, body, **headers).status_code == 200


def test_the_platform_s_addresses_have_any_host(emulator, ask):
    """A program may reach them through a name of its own."""
    answer = requests.post(emulator.url + "/collect/", data=json.dumps(PAGE), timeout=5, headers={
        "Host": "collect.example", "Origin": "https://shop.example"})
    assert answer.status_code == 200 and emulator.hits == [PAGE]


class Page(BaseHTTPServer.BaseHTTPRequestHandler):
    """A web page that attacks the emulator at ``port``."""

    port = None

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>page</title><form method=post enctype=text/plain "
                         b"action='http://127.0.0.1:%d/_emulator/panic'>"
                         b"<input name=true value=''></form>" % self.port)

    def log_message(self, *arguments):
        """Nothing."""


# Asks in ways that need nobody's leave, and one that reads; gives what the page came to know.
ATTACK = """
const done = arguments[arguments.length - 1], at = arguments[0] + "/_emulator/";
const simple = (name, body) => fetch(at + name, {method: "POST", mode: "no-cors", body: body});
Promise.allSettled([
    simple("panic", "true"), simple("faults", '{"endpoint": "hit", "status": 503}'),
    simple("bucketing", '{"campaigns": []}'), fetch(at + "received", {method: "DELETE"}),
    fetch(at + "received").then(answer => answer.json()),
    fetch(at + "arrivals").then(answer => answer.json()),
]).then(all => done(all.map(each => each.value &&
                                    (each.value.requests || each.value.rows) || null)));
"""


@pytest.mark.skipif(sys.version_info[:2] != (3, 11) or not shutil.which("chromedriver"),
                    reason="one browser is enough: Python 3.11, with chromium and chromedriver")
def test_pages_in_a_browser_neither_read_nor_change_anything(emulator):
    """A page of another origin, and one whose name is this machine's; chromium takes any name
    under localhost for that."""
    requests.post(emulator.url + "/collect/", data=json.dumps(PAGE), timeout=5)
    server = BaseHTTPServer.HTTPServer(("127.0.0.1", 0), type(str("Aimed"), (Page,), {
        "port": emulator.port}))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    browser = runpy.run_path(os.path.join(ROOT, "examples", "ecommerce", "browser.py"))["browser"]
    try:
        with browser() as driver:
            driver.get("http://127.0.0.1:%d/" % server.server_port)
            assert driver.title == "page"
            assert driver.execute_async_script(ATTACK, emulator.url) == [None] * 6
            driver.execute_script("document.forms[0].submit()")
            rebound = "http://rebound.localhost:%d" % emulator.port
            driver.get(rebound + "/cdn/env/bucketing.json")
            assert driver.execute_async_script(ATTACK, rebound) == [None] * 6
            driver.get(rebound + "/_emulator/received")
            assert "localhost" in driver.page_source and "SCREENVIEW" not in driver.page_source
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert emulator.panic is False and emulator.hits == [PAGE]
    assert requests.post(emulator.url + "/collect/", json=PAGE, timeout=5).status_code == 200


# The page.

@pytest.mark.parametrize("path", ["/", "/?", "/_emulator/", "/_emulator/page.js",
                                  "/_emulator/page.css"])
def test_the_page_is_for_this_machine_and_runs_nothing_but_itself(emulator, session, path):
    answer = session.get(emulator.url + path)
    assert answer.status_code == 200 and answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and len(answer.headers["Content-Type"].split(",")) == 1
    assert session.get(emulator.url + path, headers={"Host": "evil.example"}).status_code == 403
    assert emulator.requests == []


def test_what_is_sent_to_the_page_s_address_is_refused_and_shown(emulator, session):
    """A base URL without its path is a mistake that the page should tell of."""
    assert session.post(emulator.url + "/", json=PAGE).status_code == 404
    assert [each.path for each in emulator.requests] == ["/"]


BATCH = {"t": "BATCH", "ds": "APP", "cid": "env", "h": [
    {"t": "SCREENVIEW", "vid": "ann", "cuid": "ann@shop", "dl": "s%d" % number}
    for number in range(150)] + [{"t": "SEGMENT", "vid": "eve", "s": {"vip": True}}]}
ARRIVALS = [
    ("/v2/env/campaigns", {"visitorId": "ann", "context": {"vip": True, "age": 31}},
     [("decision", "ann", "age=31, vip=true", 200)]),
    ("/v2/env/events", {"type": "CONTEXT", "visitor_id": "ann", "data": {"a": "b"}},
     [("context", "ann", "a=b", 204)]),
    ("/v2/activate", {"cid": "env", "batch": [{"vid": "ann", "caid": "g", "vaid": "v"},
                                              {"vid": "bob", "caid": "g", "vaid": "w"}]},
     [("activation", "ann", "g, variation v", 204), ("activation", "bob", "g, variation w", 204)]),
    ("/v2/activate", {"cid": "env", "batch": []}, [("activation", "", "", 204)]),
    ("/collect/", {"t": "TRANSACTION", "cid": "env", "ds": "APP", "vid": "ann", "tid": "T1",
                   "ta": "purchase", "tr": 19.5},
     [("hit", "ann", "TRANSACTION T1 purchase 19.5", 200)]),
    ("/collect/", {"t": "SEGMENT", "cid": "env", "ds": "APP", "vid": "ann", "s": {}},
     [("context", "ann", "no context", 200)]),
    ("/collect/", {"t": ["x"], "vid": {"a": 1}, "ds": "APP", "cid": "env"},
     [("refused", '{"a": 1}', "t must be one of CAMPAIGN, EVENT, ITEM, PAGEVIEW, SCREENVIEW, "
       "SEGMENT, TRANSACTION", 400)]),
    ("/nowhere", {"vid": "ann"}, [("refused", "ann", "no such address: /nowhere", 404)]),
    ("/collect/", BATCH, [("hit", "ann@shop", "SCREENVIEW s%d" % number, 200)
                          for number in range(100)] + [("hit", "", "and 51 more", 200)])]


def arrivals(ask, after=0):
    answer = ask("GET", "arrivals?after=%s" % after).json()
    return answer, [(row["kind"], row["visitor"], row["what"], row["status"])
                    for row in answer["rows"]]


@pytest.mark.parametrize("path, body, wanted", ARRIVALS, ids=lambda value: repr(value)[:40])
def test_each_thing_that_arrived_is_a_row(emulator, session, ask, path, body, wanted):
    session.post(emulator.url + path, json=body, headers={"x-api-key": "key"})
    assert arrivals(ask)[1] == wanted


def test_an_activation_has_the_names_of_the_campaign_and_the_variation(emulator, session, ask):
    emulator.set_bucketing({"campaigns": [dict(everybody("c", ("red", 100, {})), name="Button")]})
    for group in ("c-group", "gone"):
        session.post(emulator.url + "/v2/activate",
                     json={"cid": "env", "vid": "ann", "caid": group, "vaid": "red"})
    assert [row[2] for row in arrivals(ask)[1]] == ["Button: red", "gone, variation red"]


def test_what_a_fault_kept_from_the_platform_is_no_hit(emulator, session, ask):
    emulator.misbehave("hit", status=204)
    session.post(emulator.url + "/collect/", json=PAGE)
    assert arrivals(ask)[1] == [
        ("refused", "ann", "the emulator misbehaves, as it was told", 204)]


def test_rows_after_a_number(emulator, session, ask):
    session.get(emulator.url + "/cdn/env/bucketing.json")
    first, rows = arrivals(ask)
    assert rows == [("file", "", "", 200)] and first["last"] == 1
    session.post(emulator.url + "/collect/", json=PAGE)
    second, rows = arrivals(ask, first["last"])
    assert [row[0] for row in rows] == ["hit"] and json.loads(second["rows"][0]["body"]) == PAGE
    assert arrivals(ask, 2)[1] == [] == arrivals(ask, 10 ** 30)[1]
    assert len(arrivals(ask, -1)[1]) == 2
    assert ask("GET", "arrivals?after=x").status_code == 400
    answer = ask("GET", "requests?after=1").json()
    assert [json.loads(each["body"]) for each in answer["requests"]] == [PAGE]
    assert answer["last"] == 2
    assert ask("GET", "requests?after=2").json() == {"last": 2, "requests": []}
    for _ in range(8):
        session.post(emulator.url + "/collect/", json=BATCH)
    assert 500 <= len(arrivals(ask)[1]) < 700 and arrivals(ask)[1][-1][2] == "and 51 more"


@pytest.mark.skipif(sys.version_info[:2] != (3, 11) or not shutil.which("chromedriver"),
                    reason="one browser is enough: Python 3.11, with chromium and chromedriver")
def test_the_page_in_a_browser(emulator):
    """It shows what arrives while it is open, as text, filters, pauses, and fits a telephone."""
    code = "<img src=x onerror=document.title='owned'>"
    load = runpy.run_path(os.path.join(ROOT, "examples", "ecommerce", "browser.py"))
    with load["browser"](390, 800, phone=True) as driver:
        def shown():
            return driver.execute_script(
                "return [...document.querySelectorAll('#rows > li')].filter(each => !each.hidden)"
                ".map(each => [...each.querySelectorAll('summary > :not(time)')]"
                ".map(part => part.textContent))")

        def click(selector):
            driver.execute_script("document.querySelector(arguments[0]).click()", selector)
        driver.get(emulator.url + "/")
        assert eventually(lambda: "FLAGSHIP_EMULATOR=" + emulator.url in driver.page_source
                          .replace('<span id="url">', ""))
        requests.post(emulator.url + "/collect/", json=dict(PAGE, vid=code, dl=code), timeout=5)
        requests.post(emulator.url + "/collect/", json={"vid": "bob"}, timeout=5)
        hit = ["Hit", code, "SCREENVIEW " + code, "200"]
        refused = ["Refused", "bob", "ds must be APP", "400"]
        assert eventually(lambda: shown() == [refused, hit]), shown()
        click("input[value=hit]")
        assert shown() == [hit]
        click("input[value='']")
        driver.find_element("name", "text").send_keys("BOB")
        assert shown() == [refused]
        driver.find_element("name", "text").clear()
        click("#pause")
        requests.post(emulator.url + "/collect/", json=PAGE, timeout=5)
        click("#clear")
        assert shown() == []
        click("#pause")
        assert eventually(lambda: shown() == [["Hit", "ann", "SCREENVIEW home", "200"]])
        driver.execute_script("location.hash = 'results'")
        driver.execute_script("document.forms[0].visitors.value = 30")
        click("#results button")
        assert eventually(lambda: "30 visitors simulated" in driver.page_source)
        heads = [each.text for each in driver.find_elements("css selector", "#results h2")]
        assert "Call to action" in "".join(heads) and driver.find_elements("tag name", "svg")
        assert driver.title == "Flagship emulator" and driver.get_log("browser") == []
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 390
        emulator.stop()
        assert eventually(lambda: "does not answer" in driver.page_source)


# What they take.

@pytest.mark.parametrize("name, body, said", [
    ("panic", 5, "panic"), ("panic", None, "panic"), ("panic", b"", "JSON"), ("panic", b"{", ""),
    ("bucketing", "/etc/passwd", "object"), ("bucketing", "shop.json", "object"),
    ("bucketing", None, "object"), ("bucketing", [], "object"), ("bucketing", {}, "campaigns"),
    ("bucketing", {"campaigns": 5}, "campaigns"), ("bucketing", b"[" * 100000, "deep"),
    ("bucketing", b'{"campaigns": ' + b"[" * 100000, "deep"), ("bucketing", b"\xff", "JSON"),
    ("bucketing", b'{"campaigns": [], "number": 1e999}', "JSON"),
    ("bucketing", b'{"campaigns": [], "number": NaN}', "JSON"),
    ("simulation", {}, "simulate"), ("simulation", [], "object"),
    ("simulation", {"visitors": "5"}, "visitors"), ("simulation", {"visitors": 0}, "visitors"),
    ("simulation", {"visitors": 10 ** 9}, "visitors"), ("simulation", {"self": 1}, "self"),
    ("faults", 5, "object"), ("faults", [], "object"), ("faults", {}, "endpoint"),
    ("faults", {"endpoint": "nowhere"}, "endpoint"), ("faults", {"endpoint": ["hit"]}, "endpoint"),
    ("faults", {"endpoint": "hit", "self": 1}, "self"),
    ("faults", {"endpoint": "hit", "emulator": 1}, "emulator"),
    ("faults", {"endpoint": "hit", "é": 1}, "")])
def test_odd_input_is_refused_with_a_message(emulator, ask, name, body, said):
    answer = ask("POST", name, body)
    assert answer.status_code == 400 and said in answer.json()["message"]
    assert ask("GET", "panic").json() is False
    file = requests.get(emulator.url + "/cdn/env/bucketing.json", timeout=5).json()
    assert file["campaigns"][0]["id"] == "cta"


FAULTS = [
    {"headers": {"X": "1\r\nSet-Cookie: session=fixed"}}, {"headers": {"X\r\nY": "1"}},
    {"headers": {"X": "1\n"}}, {"headers": {"X": "a\x00b"}}, {"headers": {"X Y": "1"}},
    {"headers": {"": "1"}}, {"headers": {"X": 5}}, {"headers": [["X", "1"]]}, {"headers": "X: 1"},
    {"headers": {"X": "€"}}, {"headers": {"X": "1" * 9000}},
    {"headers": {"X%d" % number: "1" for number in range(101)}}, {"body": 5}, {"body": {}},
    {"size": 3 * 10 ** 9}, {"size": 0}, {"size": True}, {"size": "1"}, {"status": 99},
    {"status": "500"}, {"delay": -1}, {"delay": 1e300}, {"delay": "1"}, {"drip": -1},
    {"drip": 10 ** 30}, {"share": 0}, {"share": 2}, {"times": 0}, {"times": 1.5},
    {"reset": "after"}, {"hang": 1}, {"truncate": "yes"}, {"new": 1}]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: repr(fault)[:40])
def test_faults_are_bounded(emulator, ask, fault):
    """From Python and over HTTP; the emulator goes on as it was."""
    with pytest.raises((FlagshipError, TypeError)):
        emulator.misbehave("hit", **{str(key): value for key, value in fault.items()})
    answer = ask("POST", "faults", dict(fault, endpoint="hit"))
    assert answer.status_code == 400 and answer.json()["message"]
    assert requests.post(emulator.url + "/collect/", json=PAGE, timeout=5).status_code == 200


def test_a_fault_with_headers_has_these(emulator, ask):
    assert ask("POST", "faults", {"endpoint": "bucketing", "headers": {"X-Odd": "é\t1"}}).ok
    answer = requests.get(emulator.url + "/cdn/env/bucketing.json", timeout=5)
    assert answer.headers["X-Odd"] == ("é\t1" if sys.version_info > (3,) else b"\xe9\t1")


# What is no request.

def exchange(port, content):
    """What comes back for these bytes, until the emulator has ended the connection."""
    with_end = socket.create_connection(("127.0.0.1", port), timeout=10)
    try:
        with_end.sendall(content)
        with_end.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: with_end.recv(65536), b""))
    finally:
        with_end.close()


POST = b"POST /collect/ HTTP/1.1\r\nHost: localhost\r\n"
HUGE = b"99999999999"


@pytest.mark.parametrize("content, status", [
    (b"rubbish\r\n\r\n", 400), (b"\x16\x03\x01\x00\xa5\x01\r\n\r\n", 400),
    (b"GET / HTTP/9.9\r\n\r\n", 505), (b"GET / HTTP/1.1 more\r\n\r\n", 400),
    (b"BREW / HTTP/1.1\r\n\r\n", 501), (b"TRACE / HTTP/1.1\r\n\r\n", 501),
    (b"GET http://[ HTTP/1.1\r\n\r\n", 404), (b"GET * HTTP/1.1\r\n\r\n", 404),
    (b"GET  HTTP/1.1\r\n\r\n", 404), (b"GET /%ff%00 HTTP/1.1\r\n\r\n", 404),
    (b"GET /\xff\xfe HTTP/1.1\r\n\r\n", 404), (b"GET ? HTTP/1.1\r\n\r\n", 404),
    (b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\n\r\n", 414),
    (b"PATCH /collect/ HTTP/1.1\r\n\r\n", 405), (b"OPTIONS /collect/ HTTP/1.1\r\n\r\n", 405),
    (POST + b"Content-Length: -1\r\n\r\n", 400), (POST + b"Content-Length: ten\r\n\r\n", 400),
    (POST + b"Content-Length: +1\r\n\r\nx", 400), (POST + b"Content-Length: 1_0\r\n\r\nx", 400),
    (POST + b"Content-Length: " + HUGE + b"\r\n\r\nx", 413),
    (POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nx", 400),
    (POST + b"Transfer-Encoding: gzip\r\n\r\nx", 501),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", 413),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)],
    ids=lambda value: repr(value)[:60])
def test_what_is_no_request_is_answered(emulator, content, status):
    """With a status and a message, and the emulator goes on."""
    head, _, body = exchange(emulator.port, content).partition(b"\r\n\r\n")
    assert head.startswith(("HTTP/1.1 %d " % status).encode("ascii")), head
    assert json.loads(body.decode("utf-8"))["message"]
    assert requests.post(emulator.url + "/collect/", json=PAGE, timeout=5).status_code == 200


def test_a_body_in_chunks_is_read(emulator):
    content = json.dumps(PAGE).encode("ascii")
    chunks = b"5;more=1\r\n" + content[:5] + b"\r\n%x\r\n" % len(content[5:]) + content[5:]
    body = chunks + b"\r\n0\r\nTrailer: 1\r\n\r\n"
    answer = exchange(emulator.port, POST + b"Transfer-Encoding: chunked\r\n\r\n" + body)
    assert answer.startswith(b"HTTP/1.1 200 ") and emulator.hits == [PAGE]


@pytest.mark.parametrize("more", [b"", b"x" * 100000, POST * 1000])
def test_an_answer_is_heard_though_more_was_sent(emulator, more):
    """Bytes that nobody reads would have the system reset the connection."""
    for _ in range(20):
        answer = exchange(emulator.port, POST + b"Connection: close\r\n\r\n" + more)
        assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("content", [
    b"", b"\r\n", b"GET", POST, POST + b"Content-Length: 10\r\n\r\n12345",
    POST + b"Transfer-Encoding: chunked\r\n\r\n",
    POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"])
def test_half_a_request_is_none(emulator, content):
    """Nothing is kept of it."""
    exchange(emulator.port, content)
    assert emulator.requests == [] or emulator.requests[0].body == b""
    assert requests.post(emulator.url + "/collect/", json=PAGE, timeout=5).status_code == 200


def test_an_answer_to_head_has_no_body(emulator):
    """Or the connection's next answer would begin in the middle of it."""
    request = b" /collect/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answers = exchange(emulator.port, b"HEAD" + request + b"GET" + request)
    assert answers.count(b"HTTP/1.1 405 ") == 2 and answers.count(b"message") == 1


def test_what_was_received_can_always_be_read(emulator, ask):
    """Bytes that are no text in address, headers and body too."""
    exchange(emulator.port, b"POST /\xff HTTP/1.1\r\nX-Odd: \xff\r\nContent-Length: 1\r\n\r\n\xff")
    request = ask("GET", "received").json()["requests"][0]
    assert (request["path"], request["headers"]["x-odd"]) == ("/\xff", "\xff")


VALUES = st.recursive(st.none() | st.booleans() | st.integers(-2, 10 ** 20) | st.text(max_size=5)
                      | st.floats(allow_nan=False, allow_infinity=False),
                      lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                          st.text(max_size=5), inner, max_size=3), max_leaves=5)
NAMES = st.sampled_from([
    "visitorId", "anonymous_id", "context", "cid", "vid", "caid", "vaid", "aid", "batch", "qt", "t",
    "ds", "h", "s", "dl", "endpoint", "size", "headers", "body", "campaigns", "accountSettings",
    "variationGroups", "bucketRanges", "id", "variations"])
BODIES = st.one_of(VALUES, st.dictionaries(NAMES, VALUES, max_size=6))
PATHS = st.sampled_from([
    "/v2/env/campaigns/?mode=full", "/v2/campaigns", "/v2/campaigns/c", "/v2/flags", "/collect/",
    "/v2/activate", "/v2/env/events", "/_emulator/faults", "/_emulator/bucketing",
    "/_emulator/panic"])


@given(path=PATHS, body=BODIES)
def test_whatever_is_posted_is_answered(path, body):
    """With JSON or nothing, and never with an error of the server."""
    with Emulator({"campaigns": []}) as emulator, requests.Session() as session:
        session.trust_env = False
        # One that hangs or waits would do as it is told.
        if not (path.endswith("faults") and isinstance(body, dict)):
            answer = session.post(emulator.url + path, json=body, headers={"x-api-key": "key"},
                                  timeout=10)
            assert answer.status_code < 500 and (answer.json() or True if answer.content else True)
        for name in ("received", "arrivals"):
            assert session.get(emulator.url + "/_emulator/" + name, timeout=10).status_code == 200
