# -*- coding: utf-8 -*-
"""What an outage costs: one more try where that is safe, then nothing until it is over."""
from __future__ import unicode_literals

import logging
import socket
import struct
import threading

import pytest

from flagship import Config
from flagship._events import EventLog
from flagship.helpers.hits import Page
from flagship.transport import Endpoint, HttpClient, RequestFailed
from tests.support import eventually, slow

PAGE = Page("https://shop.example/")
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 37\r\n\r\n{"campaigns": [], "visitorId": "ann"}'


class Fickle(object):
    """A server that answers the first requests of each connection and resets it while the next is
    on its way.

    :param int answers: how many it answers.
    :param bool whole: whether it reads the next whole before it resets, or only its beginning.
    :param then: ``(answers, whole)`` of the connections after the first; None: the same.
    :ivar list requests: the last part of the path of every request that it read whole.
    """

    def __init__(self, answers=1, whole=True, then=None):
        self.requests, self._connection = [], None
        self._now, self._then = (answers, whole), then or (answers, whole)
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(5)
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        self._ended = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while not self._ended:
            self._connection = connection = self._listener.accept()[0]
            file = connection.makefile("rb")
            (answers, whole), self._now = self._now, self._then
            try:
                answered = 0
                while answered < answers and self._read(file):
                    connection.sendall(ANSWER)
                    answered += 1
                if answered == answers and (not whole or self._read(file)):
                    if not whole:
                        connection.recv(100)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                          struct.pack(str("ii"), 1, 0))
            except socket.error:
                pass  # the end of the test
            finally:
                file.close()
                connection.close()

    def _read(self, file):
        first, length = file.readline(), 0
        for line in iter(file.readline, b"\r\n"):
            if not line:
                return False
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if len(file.read(length)) < length:
            return False
        path = first.decode("ascii").split(" ")[1].split("?")[0]
        self.requests.append(path.strip("/").split("/")[-1])
        return True

    def close(self):
        self._ended = True
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except (AttributeError, socket.error):
            pass  # there is none
        socket.create_connection(self._listener.getsockname()).close()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def fickle():
    servers = []

    def fickle(**options):
        servers.append(Fickle(**options))
        return servers[-1]
    yield fickle
    for server in servers:
        server.close()


def test_a_decision_is_asked_for_again(fickle, start):
    """A kept connection that is reset while a decision is asked for costs a second request, not the
    decision."""
    server = fickle(answers=2)
    visitor = start(decision_api_url=server.url + "/v2").create_visitor("ann")
    assert [visitor.synchronize_modifications() for _ in range(2)] == [(True, "")] * 2
    assert server.requests == ["campaigns", "events"] + ["campaigns"] * 2 + ["events"]


def test_a_hit_is_not_sent_again(fickle, start):
    """A hit that the platform may have received is reported as failed rather than counted twice."""
    server = fickle()
    visitor = start(tracking_url=server.url + "/collect").create_visitor("ann")
    assert visitor.send_hit(PAGE) == (True, "200")
    success, reason = visitor.send_hit(PAGE)
    assert success is False and "hit" in reason
    assert len(server.requests) == 2
    assert visitor.send_hit(PAGE) == (True, "200")


def test_what_was_cut_off_is_sent_again(fickle, start):
    """What cannot have arrived whole is sent again, whatever it is."""
    server = fickle(whole=False)
    visitor = start(tracking_url=server.url + "/collect").create_visitor("ann")
    long = Page("https://shop.example/")
    long._data["pt"] = "title" * 3000000
    assert [visitor.send_hit(long) for _ in range(3)] == [(True, "200")] * 3
    assert len(server.requests) == 3


def test_the_second_try_may_have_arrived(fickle, log):
    """What is known of the first one, which was cut off, says nothing of it."""
    server = fickle(whole=False, then=(0, True))
    client, endpoint = HttpClient(Config(), EventLog(log)), Endpoint("hit", "POST", server.url)
    long = b'"' + b"x" * 15000000 + b'"'
    assert client.send(endpoint, body=long).status == 200
    with pytest.raises(RequestFailed) as caught:
        client.send(endpoint, body=long)
    assert len(server.requests) == 2 and caught.value.received is True
    client.close()


@slow
def test_an_outage_costs_nothing(emulator, visitor, log):
    """After five failures in a row calls fail at once and send nothing; one probe ends that. Few
    lines say so."""
    visitor = visitor()
    emulator.clear()
    del log.lines[:]
    emulator.misbehave("hit", status=503)
    results = [visitor.send_hit(PAGE) for _ in range(20)]
    assert [success for success, _ in results] == [False] * 20
    assert len(emulator.requests) == 5
    assert "circuit open after 5 failures in a row" in results[-1][1]
    assert "the last: the platform answered 503" in results[-1][1]
    assert len(log.at(logging.WARNING)) == 6 and "circuit open" in log.at(logging.WARNING)[-2]
    assert visitor.activate_modification("cta-color") == (True, "204")
    emulator.behave()
    assert eventually(lambda: visitor.send_hit(PAGE)[0])
    assert [visitor.send_hit(PAGE)[0] for _ in range(3)] == [True] * 3
    assert "answers again" in log.at(logging.INFO)[-1]


@slow
def test_one_probe(emulator, visitor):
    """When a pause ends, one of many callers tries; the others go on failing at once."""
    visitor = visitor()
    emulator.misbehave("hit", status=503)
    for _ in range(5):
        visitor.send_hit(PAGE)
    emulator.clear()
    ended = threading.Event()

    def work():
        while not ended.is_set():
            visitor.send_hit(PAGE)
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        assert eventually(lambda: emulator.requests)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert len(emulator.requests) == 1


def test_synchronisations_in_an_outage(emulator, visitor, log):
    """The visitor keeps its flags, and what fails at once is not logged again and again."""
    visitor = visitor("ann", context={"vip": True})
    emulator.misbehave("campaigns", reset="before")
    results = [visitor.synchronize_modifications() for _ in range(20)]
    assert not any(success for success, _ in results) and len(log.at(logging.WARNING)) == 6
    assert visitor.get_modification("discount", 0) == 20


@pytest.mark.parametrize("status, sent", [
    (400, 8), (413, 8), (429, 5), (401, 5), (403, 5), (404, 5)])
def test_what_opens_the_circuit(emulator, visitor, status, sent):
    """A platform that finds fault with a request is up; with a wrong key or address every next
    request is refused like the one before."""
    visitor = visitor()
    emulator.clear()
    emulator.misbehave("hit", status=status)
    for _ in range(8):
        visitor.send_hit(PAGE)
    assert len(emulator.requests) == sent


def test_without_breaker(emulator, visitor):
    visitor = visitor(circuit_breaker=False)
    emulator.clear()
    emulator.misbehave("hit", status=503)
    for _ in range(8):
        visitor.send_hit(PAGE)
    assert len(emulator.requests) == 8


def test_a_start_with_other_options_forgets(emulator, visitor):
    """The circuit is open still after a start that says the same."""
    first = visitor()
    emulator.misbehave("hit", status=503)
    for _ in range(6):
        first.send_hit(PAGE)
    emulator.behave()
    assert visitor(again=True).send_hit(PAGE)[0] is False
    assert visitor(again=True, timeout=1).send_hit(PAGE) == (True, "200") == first.send_hit(PAGE)
