# -*- coding: utf-8 -*-
"""Outages, and the SDK's own end: what opens a circuit, what closing does to requests under way."""
from __future__ import unicode_literals

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from flagship import Config
from flagship._events import EventLog
from flagship.emulator import Emulator
from flagship.transport import Endpoint, HttpClient, RequestFailed, breaker, retry
from tests.support import eventually, slow


class Clock(object):
    """A monotonic clock that a test turns."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def client_of_ones_own(request):
    """A test without the SDK sends what it likes, with a client of its own."""
    names = request.fixturenames
    if "emulator" in names and "start" not in names:
        request.getfixturevalue("emulator").is_watched = False


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(breaker, "monotonic", clock)
    return clock


def fail(circuit, times):
    return [circuit.fail() for _ in range(times)]


def test_a_circuit_opens_after_five_failures(clock):
    """It says so once, with the fifth in a row."""
    circuit = breaker.Breaker()
    assert fail(circuit, 4) == [False] * 4 and circuit.wait() == 0.0
    assert circuit.succeed() is False
    assert fail(circuit, 4) == [False] * 4 and circuit.wait() == 0.0
    assert fail(circuit, 1) == [True] and circuit.wait() == 1.0


def test_the_pause_doubles(clock):
    """1, 2, 4, 8, 16 and then 30 seconds; each pause lets one probe through."""
    circuit = breaker.Breaker()
    fail(circuit, 5)
    for pause in (1, 2, 4, 8, 16, 30, 30):
        assert circuit.wait() == pause
        clock.now += pause - 0.25
        assert circuit.wait() == 0.25
        clock.now += 0.25
        assert circuit.wait() == 0.0
        assert circuit.wait() > 0, "one probe"
        assert circuit.fail() is False
    # After its end an outage begins like the first.
    clock.now += 30
    assert circuit.wait() == 0.0 and circuit.succeed() is True
    assert fail(circuit, 5) == [False] * 4 + [True] and circuit.wait() == 1.0


def test_stragglers_do_not_lengthen_a_pause(clock):
    """Calls that were on their way when the circuit opened say nothing new."""
    circuit = breaker.Breaker()
    for _ in range(2):
        assert fail(circuit, 50).count(True) == 1
        assert circuit.wait() == 1.0
        clock.now += 1
        assert circuit.wait() == 0.0 and circuit.succeed() is True


def test_the_end_is_said_once(clock):
    circuit = breaker.Breaker()
    fail(circuit, 5)
    clock.now += 1
    circuit.wait()
    assert [circuit.succeed() for _ in range(3)] == [True, False, False]
    assert circuit.wait() == 0.0


def test_a_probe_without_an_end(clock):
    """A probe that nobody hears of again makes room for another."""
    circuit = breaker.Breaker()
    fail(circuit, 5)
    for _ in range(3):
        clock.now += 1
        assert circuit.wait() == 0.0 and circuit.wait() == 1.0


def test_a_clock_that_is_set_back(clock):
    """It lengthens no pause (Python 2 has no other clock)."""
    circuit = breaker.Breaker()
    fail(circuit, 5)
    clock.now -= 3600
    assert circuit.wait() == 0.0


YES, NO = True, False


@pytest.mark.parametrize("repeatable, sent, cut, connected, received, again", [
    (YES, YES, NO, NO, NO, YES), (NO, YES, NO, NO, NO, NO), (NO, YES, YES, NO, NO, YES),
    (YES, YES, YES, NO, NO, YES), (YES, YES, NO, YES, NO, NO), (YES, YES, YES, YES, NO, NO),
    (YES, YES, NO, NO, YES, NO), (YES, NO, NO, NO, NO, NO), (NO, NO, NO, NO, NO, NO)])
def test_when_a_request_may_go_twice(repeatable, sent, cut, connected, received, again):
    """On a kept connection that ended without an answer: what does no harm twice, and what cannot
    have arrived."""
    assert retry.may_send_again(repeatable, sent, cut, connected, received) is again


@pytest.mark.parametrize("sent, cut, connecting, connected, arrived", [
    (YES, NO, NO, NO, YES), (YES, NO, NO, YES, YES), (YES, YES, NO, NO, NO), (NO, NO, YES, NO, NO),
    (NO, NO, NO, YES, NO), (NO, NO, NO, NO, YES)])
def test_when_a_request_may_have_arrived(sent, cut, connecting, connected, arrived):
    """Unless sending broke off or did not begin; where nothing is known, it may have."""
    assert retry.may_have_arrived(sent, cut, connecting, connected) is arrived


@pytest.fixture
def http(log):
    made = []

    def http(**options):
        config = Config(event_handler=log, **options)
        made.append(HttpClient(config, EventLog(log)))
        return made[-1]
    yield http
    for each in made:
        each.close()


def hit_of(emulator, **options):
    return Endpoint("hit", "POST", emulator.urls["tracking_url"], **options)


def failure_of(client, *args, **kwargs):
    with pytest.raises(RequestFailed) as caught:
        client.send(*args, **kwargs)
    return caught.value


@pytest.fixture
def hung(emulator):
    """An endpoint that does not answer, and a wait until a request is there."""
    emulator.misbehave("hit", hang=True)
    return hit_of(emulator), lambda: eventually(lambda: emulator.connections)


def test_a_hung_request_is_cancelled(http, hung, log):
    """It ends at once, is not said to have timed out, and counts for no outage."""
    client, (endpoint, await_request), failures = http(timeout=60), hung, []
    for _ in range(6):
        deadline = client.deadline(endpoint)
        thread = threading.Thread(target=lambda: failures.append(
            failure_of(client, endpoint, {}, deadline=deadline)))
        began = time.time()
        thread.start()
        assert await_request() and eventually(lambda: deadline._sock is not None)
        deadline.cancel()
        thread.join(20)
        assert time.time() - began < 20
    assert {failure.cause for failure in failures} == {"given up, as Flagship is closed"}
    assert len(failures) == 6 and all(failure.tried for failure in failures)
    assert client.last_errors == {} and log.at(logging.INFO) == []


@pytest.mark.parametrize("status, opens", [
    (400, False), (401, True), (403, True), (404, True), (413, False), (422, False), (429, True),
    (499, False), (500, True), (503, True)])
def test_which_answers_open_a_circuit(emulator, http, status, opens):
    """Those of a platform that is down or not as it should be, not those that find fault with the
    request."""
    client, endpoint = http(), hit_of(emulator)
    emulator.misbehave("hit", status=status)
    assert [failure_of(client, endpoint, {}).tried for _ in range(6)] == [True] * 5 + [not opens]


def test_what_is_cancelled_before_it_connects_is_not_sent(emulator, http, monkeypatch):
    """So is one that waited for a name."""
    client, endpoint, real = http(timeout=60), hit_of(emulator), socket.getaddrinfo
    deadline = client.deadline(endpoint)

    def resolve(*args, **kwargs):
        deadline.cancel()
        return real(*args, **kwargs)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    failure = failure_of(client, endpoint, {}, deadline=deadline)
    assert failure.cause == "given up, as Flagship is closed" and not failure.received
    assert emulator.requests == [] and client.last_errors == {}


def test_a_hung_handshake_is_cancelled(http):
    """So is one that hangs in the beginning of TLS."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    endpoint = Endpoint("hit", "POST", "https://127.0.0.1:%d/" % listener.getsockname()[1])
    client, failures = http(timeout=60), []
    deadline = client.deadline()
    thread = threading.Thread(target=lambda: failures.append(
        failure_of(client, endpoint, {}, deadline=deadline)))
    thread.start()
    connection = listener.accept()[0]
    connection.recv(1)  # the client's hello has begun
    deadline.cancel()
    thread.join(20)
    assert not thread.is_alive() and not failures[0].received
    connection.close()
    listener.close()


def test_a_request_that_was_never_made(http, emulator):
    """After a cancellation, after closing and offline nothing is sent, or said to have timed
    out."""
    closed, offline, client = http(), http(offline=True), http()
    closed.close()
    deadline = client.deadline()
    deadline.cancel()
    for refused, options in ((closed, {}), (offline, {}), (client, {"deadline": deadline})):
        for _ in range(6):
            failure = failure_of(refused, hit_of(emulator), {}, **options)
            assert (failure.tried, failure.received) == (False, False)
            assert "no answer" not in failure.cause and "circuit" not in failure.cause
        assert refused.last_errors == {}
    assert emulator.requests == []
    emulator.misbehave("hit", status=200)
    assert client.send(hit_of(emulator), {}).status == 200


def test_tls_that_fails_has_sent_nothing(http):
    """What a peer without a good certificate cannot have received may be sent again."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)

    def serve():
        connection = listener.accept()[0]
        connection.recv(10)
        connection.sendall(b"no TLS here" * 100)
        connection.close()
    thread = threading.Thread(target=serve)
    thread.start()
    endpoint = Endpoint("hit", "POST", "https://127.0.0.1:%d/" % listener.getsockname()[1])
    failure = failure_of(http(), endpoint, {})
    assert failure.tried and not failure.received
    thread.join()
    listener.close()


@slow
def test_outage_lines(http, emulator, log):
    """An open circuit is one line with the last cause, its end is another; nothing else is said."""
    client, endpoint = http(), hit_of(emulator)
    emulator.misbehave("hit", status=503)
    failures = [failure_of(client, endpoint, {}) for _ in range(8)]
    assert [failure.tried for failure in failures] == [True] * 5 + [False] * 3
    assert failures[-1].cause.startswith("circuit open after 5 failures in a row, next try in ")
    assert failures[-1].cause.endswith("; the last: the platform answered 503")
    emulator.misbehave("hit", status=200)

    def answers():
        try:
            return client.send(endpoint, {}).status == 200
        except RequestFailed:
            return False
    assert eventually(answers)
    for _ in range(3):
        client.send(endpoint, {})
    assert log.at(logging.INFO) == [
        "[hit] circuit open after 5 failures in a row, the last: the platform answered 503",
        "[hit] answers again, circuit closed"]
    assert client.last_errors["hit"].count == 5


def test_each_endpoint_has_its_circuit(http, emulator):
    client = http()
    guarded, alone = hit_of(emulator), hit_of(emulator, breaks=False)
    emulator.misbehave("hit", status=503)
    for endpoint, asked in ((guarded, 5), (alone, 8)):
        emulator.clear()
        for _ in range(8):
            failure_of(client, endpoint, {})
        assert len(emulator.requests) == asked


PROGRAM = """
from __future__ import print_function
import os, signal, sys, threading, time
sys.path.insert(0, {root!r})
from flagship import Config
from flagship._events import EventLog
from flagship.handler import FlagshipEventHandler
from flagship.transport import Endpoint, HttpClient, RequestFailed
client = HttpClient(Config(timeout=20, circuit_breaker=True), EventLog(FlagshipEventHandler()))
endpoint, done = Endpoint("hit", "POST", {url!r}), []

def send():
    try:
        return client.send(endpoint, {{"t": "PAGEVIEW"}}).status
    except RequestFailed as failure:
        return failure.cause

def handle(*_):
    done.append({action})
signal.signal(signal.SIGALRM, handle)
ends = time.time() + 60
for n in range({times}):
    if time.time() > ends or done and {stop}:
        break
    signal.setitimer(signal.ITIMER_REAL, 0.0001 + n % 37 * 0.00005)
    for _ in range({calls}):
        send()
signal.setitimer(signal.ITIMER_REAL, 0)
print(len(done), sorted(set(done), key=str))
"""


def run(emulator, action, stop="False", times=400, calls=1):
    """Interrupt requests at many places with a signal handler that does ``action``; what it
    gave."""
    program = PROGRAM.format(root=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                             url=str(emulator.urls["tracking_url"]), action=action, stop=stop,
                             times=times, calls=calls)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE,
                               env=dict(os.environ, NO_PROXY="*", no_proxy="*"))
    killer = threading.Timer(60, process.kill)
    killer.start()
    output = process.communicate()[0].decode("ascii")
    killer.cancel()
    assert process.returncode == 0, "it hangs"
    return output


@slow
def test_a_signal_handler_that_sends(emulator):
    """A request inside of a request, on one thread, is made and answered, wherever it comes."""
    emulator.misbehave("hit", status=200)
    output = run(emulator, "send()")
    count, statuses = output.split(" ", 1)
    assert int(count) > 100 and statuses.strip() == "[200]"


@slow
def test_a_signal_handler_that_closes(emulator):
    """It may interrupt a request of its own thread, at any place."""
    emulator.misbehave("hit", status=200)
    for _ in range(5):
        assert run(emulator, "client.close()", stop="True").startswith("1 ")


@slow
def test_a_signal_handler_in_an_outage(emulator):
    """The circuit breaker's lock may be met again on its own thread."""
    emulator.misbehave("hit", status=503)
    assert int(run(emulator, "send()", calls=200).split(" ")[0]) > 50


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_child_that_is_forked_while_a_lock_is_held(emulator, http):
    """Its requests do not hang on what a thread of the parent's holds."""
    client, endpoint = http(), hit_of(emulator)
    emulator.misbehave("hit", status=503)
    for _ in range(3):
        failure_of(client, endpoint, {})
    held, ended = threading.Event(), threading.Event()

    def hold():
        circuits = list(client._breakers.values())
        with client._changing, circuits[0]._changing:
            held.set()
            ended.wait(30)
    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if not child:
        signal.alarm(10)
        try:
            failures = [failure_of(client, endpoint, {}) for _ in range(7)]
            assert [failure.tried for failure in failures] == [True] * 5 + [False] * 2
            assert client.last_errors["hit"].count == 8
            client.close()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    ended.set()
    thread.join()
    assert status == 0


def test_a_restarted_platform_is_used(emulator, http):
    """A kept connection that the platform closed costs a new one, not a failure."""
    client, endpoint, port = http(), hit_of(emulator), emulator.port
    emulator.misbehave("hit", status=200)
    client.send(endpoint, {})
    emulator.stop()
    with Emulator(port=port) as again:
        again.misbehave("hit", status=200)
        assert client.send(endpoint, {}).status == 200
