# -*- coding: utf-8 -*-
"""What deferred tracking delivers, in which order, and what becomes of what it cannot deliver."""
from __future__ import unicode_literals

import decimal
import json
import logging
import threading
import time

import pytest
import requests
from requests.adapters import HTTPAdapter

from flagship import Flagship
from flagship.hits import Event, EventCategory, Item, Page, Screen, Transaction
from flagship.tracking import delivery
from flagship.tracking.items import body_of, create_item
from flagship.transport import RequestFailed
from tests.support import LIVES, SLOW, eventually, run_program, screens

pytestmark = pytest.mark.skipif(not LIVES, reason=SLOW)

PAGE = Page("https://shop.example/")

#: Clocks that a program may move: ``steady[0]`` and ``wall[0]`` are seconds ahead of the real ones.
CLOCKS = """
import os, time
steady, wall = [0.0], [0.0]
real_time = time.time
time.time = lambda: real_time() + wall[0]
if hasattr(time, 'monotonic'):
    real_monotonic = time.monotonic
    time.monotonic = lambda: real_monotonic() + steady[0]
else:
    real_times = os.times
    os.times = lambda: real_times()[:4] + (real_times()[4] + steady[0],)
"""


@pytest.fixture
def deferred(visitor, emulator):
    """A synchronised visitor whose tracking is deferred; nothing is on its way."""
    def deferred(visitor_id="ann", **options):
        options.setdefault("tracking_interval", 60)
        made = visitor(visitor_id, context={"vip": True}, tracking="deferred", **options)
        assert Flagship.instance().flush(10) is True
        emulator.clear()
        return made
    return deferred


def counters():
    return Flagship.instance().status.tracking


def hit_requests(emulator):
    return [request for request in emulator.requests if request.endpoint == "hit"]


class BadPage(Page):
    """A page that no setter lets through."""

    def get_data(self):
        return dict(super(BadPage, self).get_data(), dl=5)


def bad_page():
    return BadPage("https://shop.example/bad")


class Priced(Transaction):
    """A hit of a user's own, whose data is not JSON."""

    def get_data(self):
        return dict(super(Priced, self).get_data(), tr=decimal.Decimal("9.90"))


@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
def test_what_cannot_be_encoded(emulator, visitor, log, tracking):
    """It is refused where it is taken, with the reason and one line; nothing else suffers."""
    visitor = visitor(tracking=tracking, circuit_breaker=True)
    for _ in range(8):
        success, reason = visitor.send_hit(Priced("order", "shop"))
        assert success is False and "Decimal" in reason
    assert visitor.send_hit(PAGE)[0] is True
    assert Flagship.instance().flush(10) and len(emulator.hits) == 1
    assert len(log.at(logging.WARNING)) == 8


class Speechless(Exception):
    def __str__(self):
        raise ValueError("nothing to say")


class Failing(Screen):
    def get_data(self):
        raise Speechless()


class Empty(Screen):
    def get_data(self):
        return None


class Unjudged(Screen):
    @property
    def problem(self):
        raise Speechless()


@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
@pytest.mark.parametrize("kind, reason", [
    (Failing, "Speechless"), (Empty, "TypeError"), (Unjudged, "Speechless")])
def test_a_hit_of_a_class_that_fails(visitor, log, tracking, kind, reason):
    """It is refused like a hit whose data is not JSON; no call raises."""
    success, told = visitor(tracking=tracking).send_hit(kind("home"))
    assert success is False and reason in told
    line, = log.at(logging.WARNING)
    assert reason in line


@pytest.mark.parametrize("error", [ValueError, Speechless, SystemExit, GeneratorExit])
def test_a_session_that_raises_ends_no_delivery(emulator, deferred, error):
    """What it raised at is counted as failed, and what comes after arrives."""
    class Adapter(HTTPAdapter):
        def send(self, request, **options):
            if b"lost" in request.body:
                raise error()
            return HTTPAdapter.send(self, request, **options)

    session = requests.Session()
    session.mount("http://", Adapter())
    visitor = deferred(session=session, tracking_interval=0.01)
    for name in ("lost", "home"):
        visitor.send_hit(Screen(name))
        assert Flagship.instance().flush(5)
    assert [hit["dl"] for hit in emulator.hits] == ["home"]
    assert (counters().queued, counters().failed, counters().dropped) == (0, 1, 0)
    session.close()


def test_a_hit_of_a_type_of_its_own(emulator, visitor, log):
    """Whatever the platform says to it: it is sent, as in 2.1.x."""
    hit = Screen("home")
    hit.hit_type = "BOOKMARK"
    assert visitor().send_hit(hit)[0] and len(emulator.hits) == 1


@pytest.mark.parametrize("places", [[0], [37], [99], [3, 50, 51]])
def test_a_refused_batch(emulator, deferred, log, places):
    """It is narrowed down to what is refused, in about 2 log n requests for each, and one line."""
    visitor = deferred()
    emulator.is_watched = False
    for place in range(100):
        visitor.send_hit(bad_page() if place in places else Screen("%02d" % place))
    assert Flagship.instance().flush(20)
    assert len(screens(emulator)) == 100 - len(places)
    assert len(hit_requests(emulator)) <= 1 + 14 * len(places)
    assert counters()[2:4] == (len(places), 0)
    line, = log.at(logging.WARNING)
    assert "of 100: %d PAGEVIEW" % len(places) in line and "answered 400" in line


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_platform_that_refuses_everything(emulator, deferred, log, status):
    """It is asked a few times, not twice an item, and one line says what was lost."""
    visitor = deferred()
    emulator.misbehave("hit", status=status)
    for place in range(100):
        visitor.send_hit(PAGE)
    assert Flagship.instance().flush(20)
    assert len(hit_requests(emulator)) <= 21 and counters()[2:4] == (100, 0)
    assert len(log.at(logging.WARNING)) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_answer_that_no_smaller_batch_helps(emulator, deferred, log, status):
    visitor = deferred()
    emulator.misbehave("hit", status=status)
    for place in range(50):
        visitor.send_hit(PAGE)
    assert Flagship.instance().flush(20)
    assert len(hit_requests(emulator)) == 1 and counters()[2:4] == (50, 0)
    line, = log.at(logging.WARNING)
    assert "%d" % status in line and "50 items" in line


def gaps(emulator, number):
    assert eventually(lambda: len(hit_requests(emulator)) >= number, 20)
    times = [request.time for request in hit_requests(emulator)][:number]
    return [later - earlier for earlier, later in zip(times, times[1:])]


def test_tries_become_rarer(emulator, deferred):
    """Each pause is twice the one before."""
    visitor = deferred(tracking_interval=0.05, circuit_breaker=False)
    emulator.misbehave("hit", status=503)
    visitor.send_hit(PAGE)
    first, second, third = gaps(emulator, 4)
    assert first >= 0.45 and second >= 0.95 and third >= 1.9
    emulator.behave()


def test_pauses_are_bounded(monkeypatch):
    """They double up to half a minute; what was not even tried lengthens none."""
    monkeypatch.setattr(delivery, "monotonic", lambda: 1000.0)
    route, failure = delivery.Route("hit", 100, 1000), RequestFailed("hit", "refused")
    route.note_failure(RequestFailed("hit", "circuit open", tried=False))
    for pause in (0.5, 1, 2, 4, 8, 16, 30, 30):
        route.note_failure(failure)
        assert route.opens == 1000.0 + pause
    route.note_success()
    route.note_failure(failure)
    assert route.opens == 1000.5


def test_a_success_ends_the_pauses(emulator, deferred):
    visitor = deferred(tracking_interval=0.05, circuit_breaker=False)
    emulator.misbehave("hit", status=503, times=3)
    visitor.send_hit(PAGE)
    assert eventually(lambda: len(emulator.hits) == 1)
    emulator.misbehave("hit", status=503, times=1)
    emulator.clear()
    visitor.send_hit(PAGE)
    assert gaps(emulator, 2)[0] < 2


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after(emulator, deferred, status):
    """A platform that asks for a pause gets it, also from a flush."""
    visitor = deferred(tracking_interval=0.05)
    emulator.misbehave("hit", status=status, headers={"Retry-After": "2"}, times=1)
    visitor.send_hit(PAGE)
    assert eventually(lambda: len(hit_requests(emulator)) == 1)
    assert Flagship.instance().flush(0.2) is False
    assert gaps(emulator, 2)[0] >= 1.9 and Flagship.instance().flush(5)


def test_retry_after_at_the_end(emulator, deferred, log):
    """close neither waits for longer than it may, nor asks again."""
    visitor = deferred(tracking_interval=0.05)
    emulator.misbehave("hit", status=503, headers={"Retry-After": "100"})
    visitor.send_hit(PAGE)
    assert eventually(lambda: len(hit_requests(emulator)) == 1)
    began = time.time()
    Flagship.instance().close(10)
    assert time.time() - began < 5 and len(hit_requests(emulator)) == 1
    assert "lost 1 item" in log.at(logging.WARNING)[-1]


@pytest.mark.parametrize("spool", [None, "spool.db"], ids=["memory", "spool"])
def test_close_tries_again(emulator, deferred, spool):
    """What fails while there is time for another try gets one."""
    visitor = deferred(spool=spool)
    emulator.misbehave("hit", status=503, times=1)
    visitor.send_hit(PAGE)
    Flagship.instance().close(10)
    assert len(emulator.hits) == 1


def test_an_outage_of_hits_holds_up_no_activation(emulator, deferred):
    visitor = deferred(tracking_interval=0.05)
    emulator.misbehave("hit", status=503)
    visitor.send_hit(PAGE)
    assert eventually(lambda: len(hit_requests(emulator)) == 2)
    for number in range(5):
        visitor.activate_modification("discount")
        assert eventually(lambda: len(emulator.activations) == number + 1, 3)


def test_a_queue_that_is_smaller_than_a_batch(emulator, deferred):
    """It is emptied before it is full."""
    visitor = deferred(tracking_queue_size=50, tracking_interval=1.0)
    for number in range(200):
        visitor.send_hit(PAGE)
        time.sleep(0.002)
    assert Flagship.instance().flush(10)
    assert len(emulator.hits) == 200 and counters().dropped == 0


def test_memory_that_is_short_for_a_moment(emulator, deferred, monkeypatch):
    """What could not even be put together is sent later."""
    visitor, real, errors = deferred(), delivery.body_of, [MemoryError()]

    def body_of(*args):
        if errors:
            raise errors.pop()
        return real(*args)
    monkeypatch.setattr(delivery, "body_of", body_of)
    visitor.send_hit(PAGE)
    assert Flagship.instance().flush(10) and len(emulator.hits) == 1
    assert counters()[2:4] == (0, 0)


@pytest.mark.parametrize("fault", [{}, {"status": 503}], ids=repr)
@pytest.mark.parametrize("spool", [None, "spool.db"], ids=["memory", "spool"])
def test_who_has_nothing_to_send_does_nothing(emulator, deferred, monkeypatch, spool, fault):
    """Nor who has to wait: no processor is kept busy."""
    visitor, rounds = deferred(spool=spool, tracking_interval=0.1, circuit_breaker=False), []
    real = delivery.Delivery.deliver_round
    emulator.misbehave("hit", **fault) if fault else emulator.behave()

    def deliver_round(self):
        rounds.append(1)
        return real(self)
    visitor.send_hit(PAGE)
    assert eventually(lambda: hit_requests(emulator))
    time.sleep(0.1)
    monkeypatch.setattr(delivery.Delivery, "deliver_round", deliver_round)
    time.sleep(0.2)
    assert len(rounds) <= 5
    emulator.behave()


@pytest.mark.parametrize("age, sent", [
    (0.0, 0), (0.25, 250), (7.0, 7000), (4 * 3600.0, 14400000), (1e9, 14400000), (-5.0, 0)])
def test_an_items_age(age, sent):
    """In milliseconds, between none and the platform's four hours."""
    item = create_item("hit", 1000.0 - age, {"t": "EVENT"})
    body = json.loads(body_of([item, item], "env", 1000.0).decode("ascii"))
    assert body == {"t": "BATCH", "ds": "APP", "cid": "env",
                    "h": [{"t": "EVENT", "qt": sent}] * 2}


def test_what_counts_goes_first(emulator, deferred):
    """When the end has come: results before what was looked at, that before contexts."""
    visitor = deferred(tracking_batch_size=2, tracking_queue_size=100000, repeat_contexts=True)
    emulator.misbehave("hit", hang=True)
    tracking = Flagship.instance()._runtime.parts.tracking
    for number in range(60):
        tracking.send_context("v%d" % number, {"a": 1})
        tracking.send_hit("v", None, [PAGE, Screen("s")][number % 2])
        tracking.send_hit("v", None, [
            Transaction("t", "a"), Item("t", "n", "s"), Event(EventCategory.ACTION_TRACKING, "e")
        ][number % 3])
    # Whatever is under way in the meantime has its end.
    assert eventually(lambda: len(hit_requests(emulator)) >= 1)
    emulator.behave()
    emulator.clear()
    visitor.send_hit(PAGE)
    Flagship.instance().close(20)
    ranks = {"PAGEVIEW": 1, "SCREENVIEW": 1, "SEGMENT": 2}
    order = [[ranks.get(hit["t"], 0) for hit in request.json()["h"]]
             for request in hit_requests(emulator) if request.status == 200]
    order = [(min(each), max(each)) for each in order if len(each) > 2]
    assert order == sorted(order) and order[0] == (0, 0) and order[-1][1] == 2


def test_the_queue_is_bounded_in_bytes(emulator, deferred, monkeypatch, log):
    """Long texts count for what they are: 64 MiB of them wait at most."""
    deferred(tracking_queue_size=100000)
    before, real = counters().queued, threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", lambda self: real(self))
    emulator.panic = True
    tracking = Flagship.instance()._runtime.parts.tracking
    Flagship.instance()._runtime.state.set_panic(True)
    long = Screen("é" * 1000)
    for _ in range(12000):
        tracking.send_hit("ann", None, long)
    left = counters()
    assert before == 0 and left.queued + left.dropped == 12000
    assert 9000 < left.queued < 12000 and "dropped" in log.at(logging.WARNING)[-1]
    Flagship.instance().close(0.1)


def test_what_is_lost_is_counted_and_said_once(emulator, deferred, log):
    """At close, in panic, over a full queue: the count outlives the client."""
    deferred(tracking_queue_size=10)
    sent, tracking = counters().sent, Flagship.instance()._runtime.parts.tracking
    Flagship.instance()._runtime.state.set_panic(True)  # nothing leaves the queue from now on
    for number in range(15):
        tracking.send_hit("ann", None, Screen("%d" % number))
    del log.lines[:]
    began = time.time()
    Flagship.instance().close(10)
    assert time.time() - began < 5  # a panic is not waited for
    assert tuple(counters()) == (0, sent, 10, 5, 0)
    lines = log.at(logging.WARNING)
    assert ["lost 10 items" in line and "10 SCREENVIEW" in line for line in lines][0]
    assert "4 items" in lines[1] and len(lines) == 2


def test_nothing_is_said_of_requests_that_were_not_made(emulator, deferred, log):
    """A close that is short of time says what is lost, not that the rest timed out."""
    visitor = deferred(tracking_batch_size=1, timeout=5)
    emulator.misbehave("hit", hang=True)
    for number in range(30):
        visitor.send_hit(Screen("%d" % number))
    assert eventually(lambda: len(hit_requests(emulator)) == 1)
    Flagship.instance().close(0.2)
    lines = log.at(logging.WARNING)
    assert len(lines) == 2 and "under way" in lines[0] and "lost 29 items" in lines[1]
    assert len(hit_requests(emulator)) == 1


def test_a_client_that_retires(emulator, deferred):
    """It delivers what it has in the background; what still comes goes out at once."""
    visitor = deferred()
    tracking = Flagship.instance()._runtime.parts.tracking
    emulator.misbehave("hit", delay=0.3)
    for number in range(5):
        visitor.send_hit(Screen("%d" % number))
    began = time.time()
    tracking.retire(5)
    assert time.time() - began < 0.25
    assert visitor.send_hit(Screen("late")) == (True, "200")
    assert visitor.activate_modification("discount") == (True, "204")
    assert eventually(lambda: len(screens(emulator)) == 6)
    assert tracking.send_context("ann", {"late": True}) == (True, "204")
    assert emulator.context_events[-1]["data"] == {"late": True}


STEPS = {
    "5 hours forward": 5 * 3600, "5 hours back": -5 * 3600, "from 1970": None,
}


@pytest.mark.parametrize("spool", ["None", "u'spool.db'"], ids=["memory", "spool"])
@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_step_of_the_wall_clock(emulator, step, spool):
    """It neither drops what waits nor ages it."""
    assert run_program("""
if sys.argv[1] == 'from 1970':
    wall[0] = 100.0 - real_time()
visitor = start(tracking_interval=60, spool=%s)
visitor.send_hit(screen('before'))
time.sleep(0.5)
wall[0] = 0.0 if sys.argv[1] == 'from 1970' else float(sys.argv[2])
visitor.send_hit(screen('after'))
assert flagship.flush(10)
assert flagship.status.tracking[1:4] == (2, 0, 0), flagship.status.tracking
""" % spool, emulator, step, STEPS[step] or 0, prelude=CLOCKS) == (0, "")
    ages = {hit["dl"]: hit["qt"] for hit in emulator.hits}
    assert 0 <= ages["after"] <= 30000 and 400 <= ages["before"] <= 30000


@pytest.mark.parametrize("spool", ["None", "u'spool.db'"], ids=["memory", "spool"])
def test_one_old_item(emulator, spool):
    """What grew older than four hours is dropped alone and counted; a younger one beside it is
    delivered with its age."""
    assert run_program("""
visitor = start(tracking_interval=3600, spool=%s)
visitor.send_hit(screen('old'))
time.sleep(0.3)
steady[0] += 4 * 3600 - 60
wall[0] += 4 * 3600 - 60
visitor.send_hit(screen('young'))
steady[0] += 120
wall[0] += 120
assert flagship.flush(10)
assert tuple(flagship.status.tracking) == (0, 1, 0, 1, 0), flagship.status.tracking
""" % spool, emulator, prelude=CLOCKS) == (0, "")
    hit, = emulator.hits
    assert hit["dl"] == "young" and 119000 <= hit["qt"] <= 180000
