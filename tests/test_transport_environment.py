# -*- coding: utf-8 -*-
"""TLS, proxies and credentials: what the user puts on the session wins over the environment."""
from __future__ import unicode_literals

import os
import socket
import threading

import pytest
import requests

from flagship import Config, Flagship
from flagship.emulator import Emulator
from flagship.helpers.hits import Page
from tests.faults.servers import AUTHORITY, Relay, tls

PAGE = Page("https://shop.example/")
# A bundle that exists and vouches for nothing that is used here.
OTHER = os.path.join(os.path.dirname(AUTHORITY), "expired.pem")


@pytest.fixture
def platform():
    """A platform behind TLS with a certificate that only AUTHORITY vouches for; gives its URL and
    the emulator."""
    with Emulator({"campaigns": []}, "env", "key") as emulator:
        relay = Relay(emulator.port, tls("valid"))
        yield "https://localhost:%d" % relay.port, emulator
        relay.close()


@pytest.fixture
def environment(monkeypatch):
    """Sets variables, and unsets those that would decide otherwise."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        for each in (name, name.lower()):
            monkeypatch.delenv(str(each), raising=False)

    def set_all(**values):
        for name, value in values.items():
            monkeypatch.setenv(str(name), str(value))
    set_all(no_proxy="", NO_PROXY="")
    return set_all


def decide(url, session=None):
    """What a synchronisation over ``url`` returns."""
    flagship = Flagship.instance()
    flagship.start("env", "key", Config(decision_api_url=url + "/v2", tracking_url=url, cdn_url=url,
                                        session=session, timeout=5))
    try:
        return flagship.create_visitor("ann").synchronize_modifications()
    finally:
        flagship.close()
        if session is not None:
            session.close()


def session(**attributes):
    made = requests.Session()
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize("variables", [
    {}, {"REQUESTS_CA_BUNDLE": OTHER}, {"CURL_CA_BUNDLE": OTHER}, {"CURL_CA_BUNDLE": ""},
    {"REQUESTS_CA_BUNDLE": "/nowhere.pem"}], ids=repr)
def test_a_pinned_authority(platform, environment, variables):
    """``session.verify`` decides which authority is trusted, whatever the environment says."""
    url, emulator = platform
    environment(**variables)
    assert decide(url, session(verify=AUTHORITY)) == (True, "")
    assert len(emulator.decisions) == 1


def test_a_pinned_authority_that_does_not_know_the_platform(platform, environment):
    """An authority in the environment does not help one who trusts another."""
    url, emulator = platform
    environment(REQUESTS_CA_BUNDLE=AUTHORITY)
    success, reason = decide(url, session(verify=OTHER))
    assert success is False and "TLS with localhost" in reason
    assert emulator.requests == []


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_authority_of_the_environment(platform, environment, name):
    url, _ = platform
    environment(**{name: AUTHORITY})
    assert decide(url) == (True, "")


@pytest.mark.parametrize("variables", [
    {}, {"CURL_CA_BUNDLE": ""}, {"REQUESTS_CA_BUNDLE": ""},
    {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}], ids=repr)
@pytest.mark.parametrize("verify", [None, True, ""], ids=repr)
def test_an_empty_variable_turns_nothing_off(platform, environment, variables, verify):
    """An impostor gets no API key."""
    url, emulator = platform
    environment(**variables)
    for given in (None, session(verify=verify)):
        success, reason = decide(url, given)
        assert success is False and "certificate" in reason
    assert emulator.requests == []


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
def test_who_turns_checks_off_has_them_off(platform, environment):
    url, emulator = platform
    environment(REQUESTS_CA_BUNDLE=OTHER)
    assert decide(url, session(verify=False)) == (True, "")


def test_trust_env_is_heeded(platform, environment):
    """A session without trust in the environment takes neither its authority nor its proxy."""
    url, _ = platform
    environment(REQUESTS_CA_BUNDLE=AUTHORITY, HTTPS_PROXY="http://127.0.0.1:1")
    success, reason = decide(url, session(trust_env=False))
    assert success is False and "certificate" in reason
    assert decide(url, session(trust_env=False, verify=AUTHORITY)) == (True, "")


class Proxy(object):
    """A forward proxy that answers 204 to all, and counts."""

    def __init__(self):
        self.requests, self.heads = 0, []
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(5)
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self._ended = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            connection = self._listener.accept()[0]
            if self._ended:
                connection.close()
                return
            file = connection.makefile("rb")
            head = b"".join(iter(file.readline, b"\r\n"))
            if head:
                self.requests += 1
                self.heads.append(head.decode("latin-1"))
                connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            file.close()
            connection.close()

    def close(self):
        self._ended = True
        host, port = self.address.split(":")
        socket.create_connection((host, int(port))).close()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def proxies():
    made = [Proxy(), Proxy()]
    yield made
    for each in made:
        each.close()


@pytest.mark.parametrize("given", [
    lambda own: {"http": own}, lambda own: {"all": own}, lambda own: {"http://shop.example": own}])
@pytest.mark.parametrize("no_proxy", ["", "shop.example", "*"])
def test_a_proxy_on_the_session(proxies, environment, given, no_proxy):
    """It is used although the environment names another one, or none."""
    own, other = proxies
    environment(HTTP_PROXY="http://" + other.address, http_proxy="http://" + other.address,
                ALL_PROXY="http://" + other.address, no_proxy=no_proxy, NO_PROXY=no_proxy)
    decide("http://shop.example", session(proxies=given("http://ann:pass@" + own.address)))
    assert own.requests and not other.requests
    assert "proxy-authorization: basic yw5uonbhc3m=" in own.heads[0].lower()


def test_a_proxy_of_the_environment(proxies, environment):
    """It is used where the session says nothing of this kind of URL."""
    own, other = proxies
    environment(http_proxy="http://" + other.address)
    decide("http://shop.example", session(proxies={"https": "http://" + own.address}))
    assert other.requests and not own.requests


@pytest.mark.parametrize("url", [
    "http://user:s3cr3t@127.0.0.1:99999", "http://user:s3cr3t@127.0.0.1:80x", "user:s3cr3t",
    "http://user:s3cr3t@[::1", "http://user:s3cr3t @127.0.0.1:9", "ftp://user:s3cr3t@127.0.0.1:9",
    "http://user:s3cr3t/@127.0.0.1:9", "http://user:s3cr3t#@127.0.0.1:9", "http://user:s3cr3t@",
    "http://user:s3cr3t", "http://user:s3cr3t@no such host:80", "http://user:s3cr3t?@h:80"])
@pytest.mark.parametrize("where", ["session", "environment"])
def test_a_malformed_proxy(environment, log, url, where):
    """It is said to be malformed, and nothing more."""
    if where == "environment":
        environment(http_proxy=url)
    given = session(proxies={"http": url}) if where == "session" else None
    success, reason = decide("http://shop.example", given)
    assert (success, reason) == (
        False, "[synchronize_modifications] campaigns: the proxy's URL is malformed "
        "(see troubleshooting: malformed-url)")


@pytest.mark.parametrize("content", [
    "default login alice password hunter2\n", "machine 127.0.0.1 login alice password hunter2\n"])
def test_netrc(emulator, start, monkeypatch, tmpdir, content):
    """Credentials of ~/.netrc are others': they go nowhere, in neither mode."""
    tmpdir.join("netrc").write(content)
    monkeypatch.setenv(str("NETRC"), str(tmpdir.join("netrc")))
    for mode in Config.Mode:
        visitor = start(mode=mode).create_visitor("ann")
        assert visitor.synchronize_modifications() == (True, "")
        assert visitor.send_hit(PAGE) == (True, "200")
    assert not [each for each in emulator.requests if "authorization" in each.headers]


def test_credentials_that_are_meant(emulator, start, monkeypatch, tmpdir):
    """Those of a base URL and of the session are sent, netrc or not."""
    tmpdir.join("netrc").write("default login alice password hunter2\n")
    monkeypatch.setenv(str("NETRC"), str(tmpdir.join("netrc")))
    with_user = emulator.urls["decision_api_url"].replace("//", "//bob:p%40ss@")
    assert start(decision_api_url=with_user).create_visitor("ann").synchronize_modifications()[0]
    given = session(auth=("carol", "secret"))
    assert start(session=given).create_visitor("ann").synchronize_modifications()[0]
    given.close()
    decisions = [each for each in emulator.requests if "campaigns" in each.path]
    assert [each.headers["authorization"] for each in decisions] == [
        "Basic Ym9iOnBAc3M=", "Basic Y2Fyb2w6c2VjcmV0"]
