# -*- coding: utf-8 -*-
"""Other people's parts below the transport: urllib3s, SOCKS proxies, recorders and mocks."""
from __future__ import unicode_literals

import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest
import requests
import requests_mock
import responses

from flagship import Config, Flagship
from flagship.emulator import Emulator
from flagship.helpers.hits import Page
from tests.support import ROOT, slow

PAGE = Page("https://shop.example/")
ANSWER = {"visitorId": "ann", "campaigns": [{"id": "c", "variationGroupId": "g", "variation": {
    "id": "v", "modifications": {"type": "JSON", "value": {"flag": "mocked"}}}}]}
OFFICIAL = {"decision_api_url": "https://decision.flagship.io/v2",
            "tracking_url": "https://ariane.abtasty.com"}

# What a urllib3 may lack -> whether the log says so.
URLLIB3S = {"as_it_is": False, "no_way_to_connect": True, "another_way_to_connect": True,
            "other_options": True, "another_reader": True, "no_pool_classes": True,
            "another_connection_class": True}


@slow
@pytest.mark.parametrize("case", sorted(URLLIB3S))
def test_another_urllib3(case):
    """A urllib3 without our hooks costs one line, never the start, a decision or an unbounded
    body."""
    program = os.path.join(ROOT, "tests", "faults", "other_urllib3.py")
    output = subprocess.check_output([sys.executable, program, case],
                                     env=dict(os.environ, PYTHONPATH=ROOT, NO_PROXY="*"))
    found = json.loads(output.decode("utf-8"))
    assert found["decided"] == [True, ""]
    assert found["sent"] == [[
        False, "hit: no answer within 0.5 s (tracking_timeout) (see troubleshooting: timeout)"]] * 2
    # A body of 1,000 bytes, one each 0.05 s, would take 50 s.
    assert found["took"] < 10
    said = [line for line in found["lines"] if line.startswith("[transport] urllib3")]
    assert len(said) == URLLIB3S[case]
    assert len(found["lines"]) == len(said) + 2


class Socks(object):
    """A SOCKS 5 proxy in front of one server.

    :ivar float drip: seconds between two bytes of what it says, 0 for at once.
    """

    def __init__(self, port, drip=0.0):
        self.drip, self.connections, self._port, self._open = drip, 0, port, []
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(5)
        self.port = self._listener.getsockname()[1]
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        while True:
            connection = self._listener.accept()[0]
            if self._ended.is_set():
                connection.close()
                return
            self.connections += 1
            self._begin(self._serve, connection)

    def _begin(self, run, *sockets):
        thread = threading.Thread(target=run, args=sockets)
        self._threads.append(thread)
        self._open.extend(sockets)
        thread.start()

    def _serve(self, client):
        server = None
        try:
            count = self._read(client, 2)[1]
            self._read(client, ord(count) if isinstance(count, bytes) else count)
            self._say(client, b"\x05\x00")
            kind = self._read(client, 4)[3:]
            length = 4 if kind == b"\x01" else ord(self._read(client, 1))
            self._read(client, length + 2)
            server = socket.create_connection(("127.0.0.1", self._port))
            self._say(client, b"\x05\x00\x00\x03\xc8" + b"x" * 200 + b"\x00\x50")
            self._begin(self._pump, server, client)
            self._pump(client, server)
        except (IndexError, TypeError, socket.error):
            pass  # the client has gone
        finally:
            for each in (client, server):
                if each is not None:
                    each.close()

    @staticmethod
    def _read(connection, size):
        return b"".join(connection.recv(1) for _ in range(size))

    def _say(self, connection, content):
        for place in range(len(content)):
            if self.drip and self._ended.wait(self.drip):
                return
            connection.sendall(content[place:place + 1])

    @staticmethod
    def _pump(source, target):
        try:
            for piece in iter(lambda: source.recv(65536), b""):
                target.sendall(piece)
            target.shutdown(socket.SHUT_RDWR)
        except socket.error:
            pass  # the other direction has ended

    def close(self):
        self._ended.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        for each in self._open:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except socket.error:
                pass  # closed already
        for thread in self._threads:
            thread.join()
        for each in self._open + [self._listener]:
            each.close()


@pytest.fixture
def socks(emulator, monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(str(name), str(""))
    proxy = Socks(emulator.port)
    yield proxy
    proxy.close()


@pytest.fixture
def through(emulator, start):
    """A visitor whose requests go through the proxy at a port."""
    sessions = []

    def through(scheme, port, **options):
        sessions.append(requests.Session())
        sessions[-1].proxies = {"all": "%s://127.0.0.1:%d" % (scheme, port)}
        return start(session=sessions[-1], **options).create_visitor("ann")
    yield through
    for session in sessions:
        session.close()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy(emulator, socks, through, scheme):
    """Requests go through it, over a connection that is kept, within their timeout."""
    visitor = through(scheme, socks.port, timeout=5, tracking_timeout=0.5)
    assert visitor.synchronize_modifications() == (True, "")
    assert [visitor.send_hit(PAGE) for _ in range(3)] == [(True, "200")] * 3
    assert socks.connections == 1
    emulator.misbehave("hit", drip=0.1)
    began = time.time()
    assert visitor.send_hit(PAGE) == (
        False, "hit: no answer within 0.5 s (tracking_timeout) (see troubleshooting: timeout)")
    assert time.time() - began < 5


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_that_drips(socks, through, scheme):
    """It holds nobody for longer than the timeout, though no single wait is that long."""
    socks.drip = 0.1  # 20 s for what it says
    visitor = through(scheme, socks.port, timeout=0.5)
    began = time.time()
    assert visitor.synchronize_modifications()[1] == (
        "[synchronize_modifications] campaigns: no answer within 0.5 s (timeout) "
        "(see troubleshooting: timeout)")
    assert time.time() - began < 5


@pytest.mark.filterwarnings("ignore:unclosed")  # VCR drops the connections that are kept
def test_vcr(tmpdir):
    """A cassette that is entered after the start records requests, and plays them."""
    if sys.version_info < (3, 10):
        pytest.skip("VCR of this Python needs another urllib3")
    import vcr
    flagship, cassette = Flagship.instance(), str(tmpdir.join("cassette.yaml"))
    with Emulator({"campaigns": []}) as emulator:
        emulator.misbehave("campaigns", body=json.dumps(ANSWER))
        flagship.start("env", "key", Config(**emulator.urls))
        visitor = flagship.create_visitor("ann")
        assert visitor.synchronize_modifications() == (True, "")
        with vcr.use_cassette(cassette, record_mode="once"):
            assert visitor.synchronize_modifications() == (True, "")
        assert visitor.synchronize_modifications() == (True, "")
        asked = len(emulator.requests)
        with vcr.use_cassette(cassette, record_mode="none") as played:
            assert visitor.synchronize_modifications() == (True, "")
            assert played.play_count == 2 and len(emulator.requests) == asked
    with vcr.use_cassette(cassette, record_mode="none"):
        visitor = flagship.create_visitor("ann")
        assert visitor.synchronize_modifications() == (True, "")
        assert visitor.get_modification("flag", "none") == "mocked"
    flagship.close()


def test_mocks_that_come_after_the_start(start, log):
    """``responses`` and ``requests-mock`` see requests of an SDK that was started before."""
    visitor = start(**OFFICIAL).create_visitor("ann")
    for _ in range(2):
        with responses.RequestsMock() as mock:
            mock.add(responses.POST, "https://decision.flagship.io/v2/env/campaigns/", json=ANSWER)
            mock.add(responses.POST, "https://decision.flagship.io/v2/env/events", status=204)
            assert visitor.synchronize_modifications() == (True, "")
            assert len(mock.calls) == 2
        with requests_mock.Mocker() as mock:
            mock.post("https://decision.flagship.io/v2/env/campaigns/", json=ANSWER)
            mock.post("https://decision.flagship.io/v2/env/events", status_code=204)
            mock.post("https://ariane.abtasty.com/", status_code=200)
            assert visitor.synchronize_modifications() == (True, "")
            assert visitor.send_hit(PAGE) == (True, "200")
            assert mock.call_count == 3
    assert visitor.get_modification("flag", "none") == "mocked"
    # Nor are they told off for what is not bounded.
    assert log.at(30) == []
