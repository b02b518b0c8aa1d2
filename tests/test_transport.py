# -*- coding: utf-8 -*-
"""The one road to the network: connections, sessions, proxies, bounds, forks and what is logged."""
from __future__ import unicode_literals

import gzip
import io
import json
import logging
import os
import socket
import threading
import time
import zlib

import pytest
import requests
from six.moves import BaseHTTPServer

from flagship import Flagship
from flagship.emulator import Emulator
from flagship.errors import TypingError
from flagship.helpers.hits import Page
from tests.support import slow

PAGE = Page("https://shop.example/")
ANSWER = json.dumps({"visitorId": "ann", "campaigns": [{
    "id": "c", "variationGroupId": "g", "variation": {
        "id": "v", "reference": True,
        "modifications": {"type": "JSON", "value": {"flag": "x" * 2000}}}}]}).encode("ascii")


def gzipped(content):
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb") as file:
        file.write(content)
    return buffer.getvalue()


def raw_deflate(content):
    deflater = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(content) + deflater.flush()


def test_connections_are_kept(emulator, visitor):
    """One thread needs one connection, however many requests of whatever kind."""
    visitor = visitor()
    for _ in range(10):
        assert visitor.synchronize_modifications()[0]
        assert visitor.activate_modification("cta-color")[0]
        assert visitor.send_hit(PAGE)[0]
    assert emulator.connections == 1


def test_a_refused_answer_keeps_its_connection(emulator, visitor):
    """An answer that says no is read to its end, so that the connection serves on."""
    visitor = visitor()
    emulator.misbehave("hit", status=500, times=4)
    assert [visitor.send_hit(PAGE)[0] for _ in range(5)] == [False] * 4 + [True]
    assert emulator.connections == 1


def test_a_closed_connection_is_replaced(emulator, visitor):
    """A server that closed the idle connection costs a new connection, not a failure."""
    visitor = visitor()
    port = emulator.port
    emulator.stop()
    with Emulator(port=port):
        assert visitor.send_hit(PAGE) == (True, "200")


@pytest.mark.parametrize("size, expected", [(1, 1), (4, 4)])
def test_pool_size(emulator, visitor, size, expected):
    """connection_pool_size connections are kept; what more threads open at once is closed again."""
    visitor = visitor(connection_pool_size=size)

    def burst():
        emulator.misbehave("hit", delay=0.2)
        threads = [threading.Thread(target=visitor.send_hit, args=(PAGE,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    burst()
    before = emulator.connections
    burst()
    assert emulator.connections - before == 4 - expected


@pytest.mark.parametrize("encoding, compress", [
    ("gzip", gzipped), ("x-gzip", gzipped), ("deflate", zlib.compress), ("deflate", raw_deflate),
    ("GZIP", gzipped),
    ("identity", bytes)])
def test_compressed_answer(emulator, start, encoding, compress):
    emulator.misbehave("campaigns", body=compress(ANSWER), headers={"Content-Encoding": encoding})
    visitor = start().create_visitor("ann")
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.get_modification("flag", "") == "x" * 2000


@pytest.mark.parametrize("fault", [
    {"size": 1100000},
    {"body": gzipped(b" " * 1100000), "headers": {"Content-Encoding": "gzip"}},
    {"body": zlib.compress(b" " * 1100000), "headers": {"Content-Encoding": "deflate"}}],
    ids=["plain", "gzip", "zlib"])
def test_answer_over_the_size(emulator, start, fault):
    """An answer over max_response_size is refused, whatever it is compressed to."""
    emulator.misbehave("campaigns", **fault)
    visitor = start(max_response_size=1000000).create_visitor("ann")
    success, reason = visitor.synchronize_modifications()
    assert success is False and "over 1000000 bytes" in reason


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_answer_that_is_not_what_it_says(emulator, start, encoding):
    emulator.misbehave("campaigns", body="{}", headers={"Content-Encoding": encoding})
    assert start().create_visitor("ann").synchronize_modifications()[0] is False


@pytest.mark.parametrize("head", [
    b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 abc\r\n\r\n",
    b"\r\n\r\n", b"",
    b"\x00\xff\xfe", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000])
def test_garbage_on_the_wire(start, head):
    """Whatever comes back, the call returns (False, reason)."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)

    def serve():
        connection = listener.accept()[0]
        connection.recv(65536)
        connection.sendall(head)
        connection.close()
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        url = "http://127.0.0.1:%d/v2" % listener.getsockname()[1]
        visitor = start(decision_api_url=url).create_visitor("ann")
        success, reason = visitor.synchronize_modifications()
        assert success is False and "campaigns" in reason
    finally:
        thread.join()
        listener.close()


@pytest.mark.parametrize("fault", [{"hang": True}, {"drip": 0.02}, {"delay": 30}], ids=repr)
def test_time_out_bounds_the_whole_call(emulator, visitor, fault):
    """No peer holds a caller for longer than the timeout, not one that sends a byte now and
    then."""
    visitor = visitor(timeout=0.5)
    emulator.misbehave("hit", **fault)
    began = time.time()
    success, reason = visitor.send_hit(PAGE)
    assert (success, reason) == (
        False, "hit: no answer within 0.5 s (tracking_timeout) (see troubleshooting: timeout)")
    # The same bound with room for a busy machine; without it the call takes 3 to 30 seconds.
    assert time.time() - began < 2


def test_time_out_bounds_the_connect(start):
    """A listener with a full backlog answers no connect."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    try:
        visitor = start(decision_api_url="http://127.0.0.1:%d" % listener.getsockname()[1],
                        timeout=0.3).create_visitor("ann")
        assert visitor.synchronize_modifications() == (
            False, "[synchronize_modifications] campaigns: no answer within 0.3 s (timeout) "
            "(see troubleshooting: timeout)")
    finally:
        for each in fillers + [listener]:
            each.close()


@slow
def test_a_slow_call_leaves_the_connection_its_time_out(emulator, visitor):
    """What was left of one request's time is not what the next one has."""
    visitor = visitor(timeout=1)
    for _ in range(3):
        emulator.misbehave("hit", delay=0.7)
        assert visitor.send_hit(PAGE) == (True, "200")
    assert emulator.connections == 1


class Proxy(BaseHTTPServer.BaseHTTPRequestHandler):
    """A forward proxy that notes what it is asked for and answers by itself."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *args):
        pass


@pytest.fixture
def proxy():
    server = BaseHTTPServer.HTTPServer(("127.0.0.1", 0), Proxy)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_environment_proxy(proxy, start, monkeypatch):
    """The environment's proxy is used, NO_PROXY is heeded, and both are read once per host."""
    monkeypatch.setenv(str("http_proxy"), str("http://127.0.0.1:%d" % proxy.server_port))
    visitor = start(decision_api_url="http://decision.example/v2").create_visitor("ann")
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.send_hit(PAGE) == (True, "200")
    monkeypatch.setenv(str("http_proxy"), str("http://127.0.0.1:9"))
    assert visitor.synchronize_modifications() == (True, "")
    assert proxy.asked == [
        "http://decision.example/v2/env/campaigns/?exposeAllKeys=true&sendContextEvent=false",
        "http://decision.example/v2/env/events"] * 2


def test_environment_is_not_read_per_call(visitor, monkeypatch):
    """Once a host's settings are known, no request looks for proxies or CA bundles again."""
    visitor = visitor()
    visitor.send_hit(PAGE)

    def asked(*args, **kwargs):
        raise AssertionError("the environment was read")
    monkeypatch.setattr(requests.sessions, "get_environ_proxies", asked)
    monkeypatch.setattr(requests.sessions.Session, "merge_environment_settings", asked)
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.send_hit(PAGE) == (True, "200")


def test_ca_bundle_of_the_environment(start, monkeypatch, tmpdir):
    """REQUESTS_CA_BUNDLE is heeded: a bundle that is not there is the cause of the failure."""
    monkeypatch.setenv(str("REQUESTS_CA_BUNDLE"), str(tmpdir.join("none.pem")))
    visitor = start(decision_api_url="https://127.0.0.1:1/v2").create_visitor("ann")
    success, reason = visitor.synchronize_modifications()
    assert success is False and "none.pem" in reason


def test_session_of_the_user(emulator, visitor):
    """A given session's headers, hooks and adapters are used, and it stays the user's to close."""
    class Session(requests.Session):
        closed = 0

        def close(self):
            self.closed += 1
            requests.Session.close(self)
    session, seen = Session(), []
    session.headers["X-Team"] = "shop"
    session.hooks["response"].append(lambda response, **kwargs: seen.append(response.status_code))
    visitor = visitor(session=session)
    assert emulator.requests[0].headers["x-team"] == "shop"
    assert emulator.requests[0].headers["x-api-key"] == "key"
    assert seen == [200, 204]
    Flagship.instance().close()
    assert session.closed == 0
    session.close()


def test_session_is_bounded(emulator, visitor):
    """A given session's connections heed the bound on the whole call too."""
    session = requests.Session()
    visitor = visitor(session=session, timeout=0.5)
    emulator.misbehave("hit", drip=0.1)
    began = time.time()
    assert visitor.send_hit(PAGE) == (
        False, "hit: no answer within 0.5 s (tracking_timeout) (see troubleshooting: timeout)")
    assert time.time() - began < 2
    session.close()


def test_session_factory(emulator, start):
    """A callable's session is the SDK's: made once, closed at close."""
    made = []

    class Session(requests.Session):
        closed = False

        def close(self):
            self.closed = True
            requests.Session.close(self)

    def make():
        made.append(Session())
        made[-1].auth = ("user", "pass")
        return made[-1]
    flagship = start(session=make)
    visitor = flagship.create_visitor("ann")
    assert [visitor.synchronize_modifications() for _ in range(2)] == [(True, "")] * 2
    assert {request.headers["authorization"] for request in emulator.requests} == {
        "Basic dXNlcjpwYXNz"}
    flagship.close()
    assert len(made) == 1 and made[0].closed


def test_session_factory_that_makes_something_else(emulator, start):
    """It is the caller's mistake: what ran before goes on."""
    flagship = start()
    with pytest.raises(TypingError) as caught:
        start(again=True, session=lambda: 5)
    assert caught.value.parameter == "session" and flagship.is_flagship_started()
    assert flagship.create_visitor("ann").synchronize_modifications() == (True, "")


def test_session_that_raises(visitor):
    """What a user's adapter raises is one more failure of the network."""
    class Adapter(requests.adapters.HTTPAdapter):
        def send(self, *args, **kwargs):
            raise KeyError("broken")
    session = requests.Session()
    visitor = visitor(session=session)
    before = session.get_adapter("http://")
    session.mount("http://", Adapter())
    success, reason = visitor.send_hit(PAGE)
    assert success is False and "KeyError" in reason
    session.close()
    before.close()  # an old urllib3 does not by itself


def test_users_mocks_keep_working(start):
    """Tests that mock requests with `responses` or `requests-mock` see every request."""
    import requests_mock
    import responses
    options = {"decision_api_url": "https://decision.flagship.io/v2",
               "tracking_url": "https://ariane.abtasty.com"}
    with responses.RequestsMock() as mock:
        mock.add(responses.POST, "https://decision.flagship.io/v2/env/campaigns/", body=ANSWER,
                 content_type="application/json")
        mock.add(responses.POST, "https://decision.flagship.io/v2/env/events", status=204)
        mock.add(responses.POST, "https://ariane.abtasty.com/",
                 body=requests.exceptions.ConnectionError("down"))
        visitor = start(**options).create_visitor("ann")
        assert visitor.synchronize_modifications() == (True, "")
        assert visitor.get_modification("flag", "") == "x" * 2000
        assert visitor.send_hit(PAGE) == (False, "hit: ConnectionError: down")
        assert len(mock.calls) == 3
    with requests_mock.Mocker() as mock:
        mock.post("https://decision.flagship.io/v2/env/campaigns/", content=ANSWER)
        mock.post("https://decision.flagship.io/v2/env/events", status_code=204)
        mock.post("https://ariane.abtasty.com/", status_code=500)
        visitor = start(**options).create_visitor("ann")
        assert visitor.synchronize_modifications() == (True, "")
        assert visitor.send_hit(PAGE) == (False, "hit: the platform answered 500")
        assert [each.method for each in mock.request_history] == ["POST"] * 3


def test_cookies_do_not_travel(emulator, visitor):
    """A cookie that one visitor's answer set is not sent with another's request."""
    emulator.misbehave("hit", headers={"Set-Cookie": "session=ann; Path=/"})
    visitor = visitor()
    visitor.send_hit(PAGE)
    visitor.send_hit(PAGE)
    assert not [request for request in emulator.requests if "cookie" in request.headers]


def test_a_redirect_is_not_followed(emulator, start):
    """Neither the API key nor a context goes to an address that nobody configured."""
    with Emulator() as other:
        location = other.url + "/v2/env/campaigns/"
        emulator.misbehave("campaigns", status=307, headers={"Location": location})
        success, reason = start().create_visitor("ann").synchronize_modifications()
        assert success is False and "307" in reason
        assert other.connections == 0


@pytest.mark.parametrize("debug", [False, True])
def test_logs_hold_no_secret(emulator, start, log, debug):
    """Payloads and contexts are logged with debug only, the API key never."""
    flagship = start(debug=debug)
    visitor = flagship.create_visitor("visitor-4711", True, {"plan": "context-value"})
    visitor.synchronize_modifications()
    visitor.activate_modification("cta-color")
    visitor.send_hit(PAGE)
    for endpoint in ("campaigns", "hit", "activate"):
        emulator.misbehave(endpoint, status=500)
    visitor.synchronize_modifications()
    visitor.activate_modification("cta-color")
    visitor.send_hit(PAGE)
    lines = "\n".join(message for _, message in log.lines)
    assert "visitor-4711" in lines and "context-value" in lines if debug else (
        "visitor-4711" not in lines and "context-value" not in lines and "cta-blue" not in lines)
    assert "'key'" not in lines and '"key"' not in lines and "x-api-key" not in lines
    assert all(level == logging.DEBUG for level, message in log.lines if "context-value" in message)


def test_api_key_in_an_error(start, log):
    """An error of the network that quotes the key is logged without it."""
    def make():
        session = requests.Session()

        class Adapter(requests.adapters.HTTPAdapter):
            def send(self, request, **kwargs):
                raise requests.ConnectionError("cannot send %s" % dict(request.headers))
        session.mount("http://", Adapter())
        return session
    success, reason = start(session=make).create_visitor("ann").synchronize_modifications()
    assert success is False and "***" in reason and "'key'" not in reason


def test_fork(emulator, visitor):
    """A child uses connections of its own, and the parent's still serve."""
    visitor = visitor()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            results = [visitor.send_hit(PAGE)[0], visitor.synchronize_modifications()[0]]
            os.write(writer, json.dumps(results).encode("ascii"))
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as answer:
        assert json.loads(answer.read()) == [True, True]
    assert visitor.send_hit(PAGE) == (True, "200")
    assert emulator.connections == 2


def test_fork_with_a_session_of_the_user(emulator, visitor):
    """A given session's sockets are not shared with a child either."""
    session = requests.Session()
    visitor = visitor(session=session)
    child = os.fork()
    if not child:
        try:
            os._exit(0 if all(visitor.send_hit(PAGE)[0] for _ in range(3)) else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert visitor.send_hit(PAGE) == (True, "200")
    assert emulator.connections == 2
    session.close()


def test_fork_with_a_factory_that_fails(visitor):
    """A callable that makes no session in a child costs the child its requests, not its view."""
    parent = os.getpid()

    def make():
        if os.getpid() != parent:
            raise RuntimeError("no session here")
        return requests.Session()
    visitor = visitor(session=make)
    child = os.fork()
    if not child:
        try:
            success, reason = visitor.send_hit(PAGE)
            os._exit(0 if not success and "no session here" in reason else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert visitor.send_hit(PAGE) == (True, "200")


@slow
def test_threads_share_a_visitor(emulator, visitor):
    """Every hit, activation and synchronisation of eight threads arrives."""
    visitor, failures = visitor(), []
    emulator.clear()

    def work():
        for _ in range(10):
            for success, reason in (visitor.send_hit(PAGE), visitor.synchronize_modifications(),
                                    visitor.activate_modification("cta-color")):
                if not success:
                    failures.append(reason)
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (len(emulator.hits), len(emulator.activations), len(emulator.decisions)) == (80, 80, 80)
