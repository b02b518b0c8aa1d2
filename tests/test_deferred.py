# -*- coding: utf-8 -*-
"""Deferred tracking: the caller waits for nothing, and everything arrives or is counted."""
from __future__ import unicode_literals

import logging
import os
import subprocess
import sys
import threading
import time

import pytest

from flagship import Config, Flagship
from flagship.emulator import Emulator
from flagship.helpers.hits import Event, EventCategory, Page, Screen
from tests.support import ROOT, eventually

PAGE = Page("https://shop.example/")


@pytest.fixture
def deferred(visitor, emulator):
    """A synchronised visitor whose activations, context events and hits are deferred; nothing is on
    its way."""
    def deferred(visitor_id="ann", **options):
        options.setdefault("tracking_interval", 0.05)
        made = visitor(visitor_id, context={"vip": True}, tracking="deferred", **options)
        assert Flagship.instance().flush() is True
        emulator.clear()
        return made
    return deferred


def counters():
    return tuple(Flagship.instance().status.tracking)[:4]


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "flagship-delivery"]


def test_what_arrives(emulator, deferred):
    """Hits and activations arrive as batches with their age, and carry the visitor as ever."""
    visitor = deferred(tracking_interval=60)
    visitor.authenticate("bob")
    assert visitor.send_hit(PAGE) == (True, "queued")
    assert visitor.send_hit(Event(EventCategory.ACTION_TRACKING, "buy")) == (True, "queued")
    assert visitor.activate_modification("discount") == (True, "queued")
    assert visitor.get_modification_with_results("cta-hint", 0, True)[3] == (True, "queued")
    assert emulator.requests == []
    assert Flagship.instance().flush(5) is True
    activations, hits = emulator.requests
    assert (hits.path, activations.path) == ("/collect/", "/v2/activate")
    body = hits.json()
    body["h"].sort(key=lambda hit: hit["t"], reverse=True)  # Python 2 tells hundredths of a second
    ages = [hit.pop("qt") for hit in body["h"]]
    assert body == {"t": "BATCH", "ds": "APP", "cid": "env", "h": [
        {"t": "PAGEVIEW", "dl": "https://shop.example/", "vid": "ann", "cuid": "bob"},
        {"t": "EVENT", "ec": "Action Tracking", "ea": "buy", "vid": "ann", "cuid": "bob"}]}
    body = activations.json()
    ages += [each.pop("qt") for each in body["batch"]]
    assert body["cid"] == "env" and body["batch"][0] == {
        "vid": "bob", "aid": "ann", "caid": "vip-gold", "vaid": "vip-on"}
    assert len(body["batch"]) == 2
    assert all(isinstance(age, int) and 0 <= age < 60000 for age in ages)
    assert activations.headers["x-sdk-client"] == "python"
    assert "x-api-key" not in activations.headers


def test_ages_differ(emulator, deferred):
    visitor = deferred(tracking_interval=60)
    visitor.send_hit(PAGE)
    time.sleep(0.05)
    visitor.send_hit(PAGE)
    Flagship.instance().flush(5)
    assert emulator.hits[0]["qt"] >= emulator.hits[1]["qt"] + 40


def test_contexts(emulator, deferred):
    """A synchronisation asks for the decision at once and queues the context, which travels among
    the hits."""
    visitor = deferred(tracking_interval=60, repeat_contexts=True)
    assert visitor.synchronize_modifications() == (True, "")
    assert [request.endpoint for request in emulator.requests] == ["campaigns"]
    visitor.send_hit(PAGE)
    assert Flagship.instance().flush(5)
    assert [request.endpoint for request in emulator.requests] == ["campaigns", "hit"]
    segment, = emulator.segments
    assert (segment["vid"], segment["s"]) == ("ann", {"vip": True}) and len(emulator.hits) == 1


@pytest.mark.parametrize("spool", [None, "spool.db"], ids=["memory", "spool"])
def test_sent_by_age(emulator, deferred, spool):
    """A hit waits for the interval, and not for anything longer."""
    visitor, began = deferred(tracking_interval=0.05, spool=spool), time.time()
    for number in range(1, 6):
        visitor.send_hit(PAGE)
        assert eventually(lambda: len(emulator.hits) == number)
    assert time.time() - began < 4


def test_sent_by_size(emulator, deferred):
    """A full batch does not wait, and no batch is larger."""
    visitor = deferred(tracking_interval=60, tracking_batch_size=10)
    for _ in range(25):
        visitor.send_hit(PAGE)
    assert eventually(lambda: len(emulator.hits) == 20)
    assert Flagship.instance().flush(5)
    assert [len(request.json()["h"]) for request in emulator.requests] == [10, 10, 5]


def test_activations_by_the_hundred(emulator, deferred):
    visitor = deferred(tracking_interval=60, tracking_batch_size=1000)
    for _ in range(150):
        visitor.activate_modification("discount")
    assert Flagship.instance().flush(5)
    assert [len(request.json()["batch"]) for request in emulator.requests] == [100, 50]


def test_batches_stay_below_the_platforms_limit(emulator, deferred):
    """No batch is over 2.5 MB, however long its hits are; what would have followed one that fails
    waits with it."""
    visitor = deferred("ann", tracking_interval=60, tracking_batch_size=10000, timeout=10)
    emulator.misbehave("hit", status=503, times=1)
    for _ in range(1500):
        visitor.send_hit(Screen("é" * 1000))
    assert Flagship.instance().flush(20)
    assert len(emulator.hits) == 1500 and len(emulator.requests) > 1
    assert max(len(request.body) for request in emulator.requests) <= 2500000


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 503}, {"status": 429}], ids=repr)
def test_retried(emulator, deferred, fault):
    """What the platform says it did not take is sent again, older by then."""
    visitor = deferred()
    emulator.misbehave("hit", times=1, **fault)
    visitor.send_hit(PAGE)
    assert eventually(lambda: len(emulator.hits) == 1)
    assert emulator.hits[0]["qt"] >= 400
    assert eventually(lambda: counters()[0] == 0) and counters()[2:] == (0, 0)


def test_retried_after_a_refused_connection(emulator, deferred):
    """What cannot have arrived is sent again."""
    visitor = deferred()
    port = emulator.port
    emulator.stop()
    visitor.send_hit(PAGE)
    log = Flagship.instance().config.event_handler
    assert eventually(lambda: log.at(logging.WARNING))
    with Emulator(port=port) as again:
        assert eventually(lambda: len(again.hits) == 1)


@pytest.mark.parametrize("fault", [{"hang": True}, {"reset": "inside", "body": "{ }"},
                                   {"reset": "before"}], ids=repr)
def test_not_sent_twice(emulator, deferred, fault):
    """What may have arrived is counted as failed, not sent again: a purchase must not count
    double."""
    visitor = deferred(timeout=0.5)
    emulator.misbehave("hit", times=1, **fault)
    visitor.send_hit(PAGE)
    assert eventually(lambda: counters()[2] == 1)
    assert len([request for request in emulator.requests if request.endpoint == "hit"]) == 1


def test_one_bad_hit_does_not_take_the_others_with_it(emulator, deferred):
    """A batch that is refused is halved until the one that is refused is alone."""
    visitor = deferred(tracking_interval=60)
    bad = Screen("bad")
    bad._data["sr"] = "no size"  # what no setter lets through
    emulator.is_watched = False
    for place in range(7):
        visitor.send_hit(bad if place == 3 else PAGE)
    assert Flagship.instance().flush(10)
    assert len(emulator.hits) == 6 and counters()[2:] == (1, 0)


def test_the_oldest_are_dropped(emulator, deferred, log):
    """Over its bound the queue drops the oldest, counts them, and says so once in a while."""
    deferred(tracking_interval=60, tracking_queue_size=10)
    runtime, sent = Flagship.instance()._runtime, counters()[1]
    runtime.state.set_panic(True)  # so that all of it waits
    del log.lines[:]
    for place in range(30):
        runtime.parts.tracking.send_hit("ann", None, Screen("screen-%d" % place))
    assert counters() == (10, sent, 0, 20) and len(log.at(logging.WARNING)) == 1
    runtime.state.set_panic(False)
    assert Flagship.instance().flush(5)
    assert [hit["dl"] for hit in emulator.hits] == ["screen-%d" % place for place in range(20, 30)]
    assert counters() == (0, sent + 10, 0, 20)


def test_flush_has_a_bound(emulator, deferred):
    visitor = deferred(timeout=5)
    emulator.misbehave("hit", hang=True)
    visitor.send_hit(PAGE)
    assert Flagship.instance().flush(0.2) is False
    emulator.behave()
    emulator.stop()


def test_close_delivers(emulator, deferred):
    visitor = deferred(tracking_interval=60)
    for _ in range(250):
        visitor.send_hit(PAGE)
    Flagship.instance().close()
    assert len(emulator.hits) == 250 and workers() == []
    assert visitor.send_hit(PAGE)[0] is False


def test_close_has_a_bound(emulator, deferred):
    """With a platform that never answers, close gives up in time."""
    visitor = deferred(tracking_interval=60, timeout=0.5)
    emulator.misbehave("hit", hang=True)
    for _ in range(250):
        visitor.send_hit(PAGE)
    began = time.time()
    Flagship.instance().close(0.5)
    assert time.time() - began < 5
    assert eventually(lambda: workers() == [])


def test_panic(emulator, deferred):
    """In panic nothing is taken and nothing of what was queued is sent; its end sends that."""
    visitor = deferred(tracking_interval=60)
    visitor.send_hit(PAGE)
    emulator.panic = True
    assert visitor.synchronize_modifications()[0] is False
    assert visitor.send_hit(PAGE)[0] is False
    assert Flagship.instance().flush(0.3) is False and emulator.hits == []
    emulator.panic = False
    assert visitor.synchronize_modifications() == (True, "")
    assert Flagship.instance().flush(5) and len(emulator.hits) == 1


def test_one_thread(emulator, deferred):
    """One worker, started by the first item; none before."""
    flagship = Flagship.instance()
    visitor = deferred()
    for _ in range(100):
        visitor.send_hit(PAGE)
    assert len(workers()) == 1 and flagship.flush(5)


def test_threads(emulator, deferred):
    """Nothing of what eight threads queue is lost or doubled."""
    visitor = deferred()

    def work(number):
        for place in range(100):
            visitor.send_hit(Screen("%d-%d" % (number, place)))
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Flagship.instance().flush(10)
    assert sorted(hit["dl"] for hit in emulator.hits) == sorted(
        "%d-%d" % (number, place) for number in range(8) for place in range(100))


def test_fork(emulator, deferred):
    """A child starts with an empty queue and a worker of its own."""
    visitor = deferred(tracking_interval=60)
    visitor.send_hit(Screen("parent"))
    child = os.fork()
    if not child:
        try:
            empty = counters() == (0, 0, 0, 0)
            visitor.send_hit(Screen("child"))
            os._exit(0 if Flagship.instance().flush(5) and empty else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert [hit["dl"] for hit in emulator.hits] == ["child"]
    assert Flagship.instance().flush(5)
    assert [hit["dl"] for hit in emulator.hits] == ["child", "parent"]


SCRIPT = """
import sys
from flagship import Config, Flagship
from flagship.hits import Screen
Flagship.instance().start(u"env", u"key", Config(
    tracking="deferred", tracking_interval=60, decision_api_url=sys.argv[1],
    tracking_url=sys.argv[2]))
visitor = Flagship.instance().create_visitor(u"ann")
for place in range(50):
    visitor.send_hit(Screen(u"screen-%d" % place))
"""


@pytest.mark.parametrize("up", [True, False])
def test_the_end_of_the_interpreter(emulator, up):
    """A script that ends without close delivers; without a platform it ends all the same."""
    urls = emulator.urls
    if not up:
        emulator.misbehave("hit", hang=True)
    environment = dict(os.environ,
                       PYTHONPATH=os.pathsep.join([ROOT] + [path for path in sys.path if path]))
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, urls["decision_api_url"], urls["tracking_url"]],
        env=environment, stderr=subprocess.PIPE)
    assert process.communicate()[1] == b"" and process.returncode == 0
    assert len(emulator.hits) == (50 if up else 0)


def test_immediate_has_nothing_to_flush(visitor):
    visitor()
    assert Flagship.instance().flush() is True and Flagship.instance().status.tracking is None


def test_bucketing_mode(emulator, start):
    visitor = start(mode=Config.Mode.BUCKETING, polling_interval=0,
                    tracking="deferred").create_visitor("ann")
    emulator.clear()
    assert visitor.synchronize_modifications() == (True, "") and emulator.requests == []
    assert visitor.get_modification("cta-color", None, activate=True) in ("red", "blue")
    assert Flagship.instance().flush(5)
    assert len(emulator.segments) == len(emulator.activations) == 1
