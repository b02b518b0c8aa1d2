# -*- coding: utf-8 -*-
"""What a failure says: the cause in one line, with what to check, and without a secret."""
from __future__ import unicode_literals

import base64
import json
import logging
import socket
import sys
import threading

import pytest
import requests
from six.moves.urllib.parse import quote

from flagship import Config
from flagship._events import EventLog
from flagship.helpers.hits import Page
from flagship.transport import Endpoint, HttpClient, RequestFailed
from tests.faults.servers import AUTHORITY, Relay, tls
from tests.support import free_port

PAGE = Page("https://shop.example/")


def cause(start, **options):
    success, reason = start(**options).create_visitor("ann").synchronize_modifications()
    assert success is False
    return reason.partition("campaigns: ")[2]


def test_a_cause_is_one_line(emulator, start, log):
    """Readings after a synchronisation that failed do not say it again; one without any says so."""
    emulator.misbehave("campaigns", status=401)
    flagship = start()
    visitor, forgotten = flagship.create_visitor("ann"), flagship.create_visitor("bob")
    visitor.synchronize_modifications()
    for key in ("a", "b", "c"):
        assert visitor.get_modification(key, 1) == 1
    (line,) = log.at(logging.WARNING)
    assert "wrong-key" in line
    assert forgotten.get_modification("a", 1) == 1
    assert "not-synchronized" in log.at(logging.WARNING)[-1]


@pytest.mark.parametrize("status, said", [
    (401, "the API key or the environment is wrong (environment env, host {host}) "
          "(see troubleshooting: wrong-key)"),
    (403, "the API key or the environment is wrong (environment env, host {host}) "
          "(see troubleshooting: wrong-key)"),
    (404, "the environment or the base URL is wrong (environment env, host {host}) "
          "(see troubleshooting: wrong-url)"),
    (500, ""), (418, "")])
def test_a_status(emulator, start, status, said):
    """401, 403 and 404 name what to check, with environment and host; others say enough."""
    emulator.misbehave("campaigns", status=status)
    host = emulator.urls["decision_api_url"].split("/")[2]
    expected = "the platform answered %d%s" % (status, said and ": " + said.format(host=host))
    assert cause(start) == expected
    assert cause(start, decision_api_url="http://ann:pass@%s/v2" % host) == expected


def test_a_file_that_is_not_there(emulator, start, log):
    emulator.misbehave("bucketing", status=404)
    start(mode=Config.Mode.BUCKETING)
    host = emulator.urls["cdn_url"].split("/")[2]
    assert ("the platform answered 404: it does not know the environment (environment env, host %s)"
            % host) in log.at(logging.WARNING)[0]


def test_a_name(start):
    assert "the name of the host cannot be resolved (nowhere.invalid)" in cause(
        start, decision_api_url="http://ann:pass@nowhere.invalid/v2")


@pytest.mark.parametrize("certificate, meaning", [
    ("valid", "nobody whom this machine trusts has signed its certificate"),
    ("expired", "its certificate has expired")])
def test_a_certificate(emulator, start, monkeypatch, certificate, meaning):
    """What is wrong with it, where OpenSSL tells; it does from Python 3.7 on."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(str(name), raising=False)
    if certificate == "expired":
        monkeypatch.setenv(str("REQUESTS_CA_BUNDLE"), str(AUTHORITY))
    relay = Relay(emulator.port, tls(certificate))
    try:
        said = cause(start, decision_api_url="https://localhost:%d/v2" % relay.port)
        assert said.startswith("TLS with localhost:%d failed" % relay.port)
        assert said.endswith("(see troubleshooting: tls)")
        assert (meaning if sys.version_info >= (3, 7) else "certificate") in said
    finally:
        relay.close()


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks4"])
def test_a_proxy(start, monkeypatch, scheme):
    """A proxy that cannot be used is named as such, for each kind of proxy."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(str(name), str(""))
    session = requests.Session()
    session.proxies = {"http": "%s://ann:pass@127.0.0.1:%d" % (scheme, free_port())}
    said = cause(start, decision_api_url="http://shop.example/v2", session=session)
    assert said.startswith("the proxy cannot be used; ") and "pass" not in said
    session.close()


def test_a_proxy_that_asks_for_credentials(emulator, start):
    emulator.misbehave("campaigns", status=407)
    assert cause(start) == (
        "the proxy asks for credentials (407) (see troubleshooting: proxy)")


@pytest.mark.parametrize("endpoint, option", [
    ("campaigns", "timeout"), ("activate", "tracking_timeout"), ("events", "tracking_timeout"),
    ("hit", "tracking_timeout"), ("bucketing", "bucketing_timeout")])
def test_a_timeout_names_its_option(emulator, start, log, endpoint, option):
    emulator.misbehave(endpoint, hang=True)
    options = {"timeout": 5, option: 0.2}
    mode = Config.Mode.BUCKETING if endpoint == "bucketing" else Config.Mode.API
    visitor = start(mode=mode, **options).create_visitor("ann")
    visitor.synchronize_modifications()
    visitor.activate_modification("cta-color")
    visitor.send_hit(PAGE)
    lines = [line for line in log.at(logging.WARNING) if "no answer within" in line]
    assert len(lines) == 1 and "no answer within 0.2 s (%s)" % option in lines[0]


SECRETS = ["SECRETKEY123", "SECRET\n", "\tSECRET KEY", "SECRET’KEY", "SECRETé", "SECRET\\KEY",
           "SECRET'\"KEY", "SEC%RET/KEY+&?", "SECRET😀"]


def quotes(secret):
    """Texts of errors that quote a secret in every spelling."""
    encoded = secret.encode("utf-8")
    yield secret
    yield secret.strip()
    yield repr(secret)
    yield repr(encoded)
    yield repr({"x-api-key": secret})
    yield repr([repr(secret)])
    yield repr(secret.encode("latin-1", "replace"))
    yield encoded.decode("latin-1")
    yield json.dumps(secret)
    yield quote(encoded)
    yield quote(encoded, safe=str(""))


def raising(message):
    """A session whose adapter raises an error with this text."""
    class Adapter(requests.adapters.BaseAdapter):
        def send(self, request, **kwargs):
            raise requests.ConnectionError(message)

        def close(self):
            pass
    session = requests.Session()
    for prefix in ("http://", "https://"):
        session.mount(prefix, Adapter())
    return session


def said_of(message, log, api_key="key", **options):
    config = Config(session=raising(message), event_handler=log, debug=True, **options)
    config._start("env", api_key)
    client = HttpClient(config, EventLog(log))
    with pytest.raises(RequestFailed) as caught:
        client.send(Endpoint("hit", "POST", "http://shop.example/"), body=b"{}")
    return [caught.value.cause, caught.value.message] + [line for _, line in log.lines]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_key_in_an_error(log, secret):
    """An API key is masked in whatever spelling an error quotes it."""
    for text in quotes(secret):
        for said in said_of("cannot send %s to" % text, log, api_key=secret):
            assert "S" not in said and "RET" not in said, text


@pytest.mark.parametrize("password", SECRETS)
@pytest.mark.parametrize("where", ["decision_api_url", "environment"])
def test_a_password_in_an_error(log, monkeypatch, password, where):
    """So are passwords of proxies and of base URLs."""
    encoded = quote(password.encode("utf-8"), safe=str(""))
    url, options = "http://ann:%s@proxy.example" % encoded, {}
    if where == "environment":
        monkeypatch.setenv(str("http_proxy"), str(url))
    else:
        options[where] = url
    header = base64.b64encode(("ann:" + password).encode("utf-8")).decode("ascii")
    for text in list(quotes(password)) + [url, "ann:" + encoded, "Basic " + header]:
        for said in said_of("cannot send %s to" % text, log, **options):
            assert "SEC" not in said and "RET" not in said and header not in said, text


def test_any_url_s_credentials(log):
    """Nobody's credentials are quoted, known or not."""
    for said in said_of("cannot reach https://bob:hunter2@elsewhere.example/", log):
        assert "hunter2" not in said and "bob" not in said


@pytest.mark.parametrize("text", [
    "a\nb", "a\r\n2026 CRITICAL forged", "a\x1b[2J\x1b[31mb", "a\x00b", "a\x85b", "a\u2028b",
    "a\x9b31mb", "a\u202eb", "a\tb"])
def test_one_line(log, text):
    """What a peer or an exception says is one line, with control characters as escapes."""
    for said in said_of(text, log):
        assert not [char for char in said if ord(char) < 32 or 127 <= ord(char) < 160]
        assert not set(said) & set("\u2028\u2029\u202e")


def test_a_long_text_is_cut(log):
    assert all(len(said) < 500 for said in said_of("x" * 100000, log))


@pytest.mark.parametrize("error", [
    type(str("Unspeakable"), (Exception,), {"__str__": lambda self: 1 // 0,
                                            "__repr__": lambda self: 1 // 0})(),
    ValueError(b"\xff\xfe"), KeyError("broken"), Exception(), RuntimeError("a", ValueError("b"))],
    ids=lambda error: type(error).__name__)
def test_an_odd_error(emulator, error):
    """Whatever a session raises ends as a RequestFailed."""
    class Session(requests.Session):
        def send(self, request, **kwargs):
            raise error
    config = Config(session=Session(), **emulator.urls)
    client = HttpClient(config, EventLog(config.event_handler))
    with pytest.raises(RequestFailed):
        client.send(Endpoint("hit", "POST", "http://shop.example/"), body=b"{}")
    client.close()


def test_a_status_line_of_a_peer_s(start):
    """A peer's status line does not reach the log raw."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)

    def serve():
        connection = listener.accept()[0]
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 \x1b[31mforged\x07\r\n\r\n")
        connection.close()
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        said = cause(start, decision_api_url="http://127.0.0.1:%d/v2" % listener.getsockname()[1])
        assert "\x1b" not in said and "\x07" not in said
    finally:
        thread.join()
        listener.close()


def test_last_errors(emulator, log):
    """The client keeps each endpoint's last error: when, why, how often."""
    emulator.is_watched = False  # a client of its own, without the SDK
    client = HttpClient(Config(timeout=5, **emulator.urls), EventLog(log))
    hit = Endpoint("hit", "POST", emulator.urls["tracking_url"])
    gone = Endpoint("bucketing", "GET", "http://127.0.0.1:%d/" % free_port())
    assert client.last_errors == {}
    for status in (500, 503, 200):
        emulator.misbehave("hit", status=status)
        try:
            client.send(hit, {})
        except RequestFailed:
            pass
    with pytest.raises(RequestFailed):
        client.send(gone)
    emulator.misbehave("hit", body="<html>", status=200)
    with pytest.raises(RequestFailed):
        client.send(hit, {}).json()
    errors = client.last_errors
    assert sorted(errors) == ["bucketing", "hit"]
    assert errors["hit"].cause == "the answer is not JSON" and errors["hit"].count == 3
    assert "refused" in errors["bucketing"].cause.lower() and errors["bucketing"].count == 1
    assert errors["bucketing"].when <= errors["hit"].when
    client.close()
