"""Contexts are reported without holding up anything that counts, and not again and again."""
from __future__ import unicode_literals

import logging
import time

import pytest

from flagship import Config, Flagship
from flagship.hits import Page
from flagship.tracking import contexts
from tests.support import LIVES, SLOW, eventually, run_program
from tests.test_tracking_delivery import CLOCKS

pytestmark = pytest.mark.skipif(not LIVES, reason=SLOW)

PAGE = Page("https://shop.example/")


@pytest.fixture
def deferred(start):
    """The SDK in bucketing mode, whose synchronisations make no request."""
    def deferred(**options):
        options.setdefault("tracking_interval", 0.05)
        return start(tracking="deferred", mode=Config.Mode.BUCKETING, polling_interval=0, **options)
    return deferred


def synchronise(visitor, **context):
    if context:
        visitor.update_context(context)
    assert visitor.synchronize_modifications() == (True, "")


def reported(emulator):
    assert Flagship.instance().flush(10)
    return [(each["vid"], each["s"]) for each in emulator.segments]


def test_many_visitors(emulator, deferred):
    """1,000 visitors with a hit each, 30 ms a request: a few more requests than full batches, all
    hits without waiting for the contexts, and nothing lost at the end."""
    emulator.misbehave("hit", delay=0.03)
    flagship = deferred(tracking_interval=1.0)
    for number in range(1000):
        visitor = flagship.create_visitor("v%d" % number, context={"n": number})
        synchronise(visitor)
        visitor.send_hit(PAGE)
    last = time.time()
    flagship.close()
    assert time.time() - last < 10
    assert len(emulator.hits) == len(emulator.segments) == 1000
    assert len([each for each in emulator.requests if each.endpoint == "hit"]) <= 25


def test_contexts_fill_their_batches(emulator, deferred):
    """2,000 visitors synchronised make the request for the file and 20 with 100 contexts each."""
    flagship = deferred(tracking_interval=60)
    for number in range(2000):
        synchronise(flagship.create_visitor("v%d" % number, context={"n": number}))
    assert flagship.flush(10)
    assert [len(each.json()["h"]) for each in emulator.requests if each.endpoint == "hit"
            ] == [100] * 20
    assert len(emulator.requests) == 21 and len(emulator.segments) == 2000


def test_hits_do_not_wait_for_contexts(emulator, deferred):
    """Of what waits the hits go first."""
    runtime = deferred(tracking_interval=60)._runtime
    runtime.state.set_panic(True)  # so that all of it waits
    for number in range(80):
        runtime.parts.tracking.send_context("v%d" % number, {"n": number})
    for number in range(60):
        runtime.parts.tracking.send_hit("w", None, PAGE)
    runtime.state.set_panic(False)
    assert Flagship.instance().flush(10)
    first = [each["t"] for each in emulator.requests[-2].json()["h"]]
    assert first.count("PAGEVIEW") == 60 and len(first) == 100


def test_a_repetition_is_left_out(emulator, deferred):
    """What repeats the visitor's last is not sent; what changed is, and what changed back."""
    flagship = deferred()
    ann = flagship.create_visitor("ann", context={"a": 1})
    for _ in range(3):
        synchronise(ann)
    synchronise(ann, a=2)
    synchronise(ann, a=1)
    synchronise(flagship.create_visitor("bob", context={"a": 1}))
    synchronise(flagship.create_visitor("ann", context={"a": 1}))
    assert [(vid, context["a"]) for vid, context in reported(emulator)] == [
        ("ann", 1), ("ann", 2), ("ann", 1), ("bob", 1)]


def test_all_are_sent_where_that_is_asked_for(emulator, deferred):
    visitor = deferred(repeat_contexts=True).create_visitor("ann", context={"a": 1})
    for _ in range(3):
        synchronise(visitor)
    assert len(reported(emulator)) == 3


def test_private_keys_stay(emulator, deferred):
    synchronise(deferred().create_visitor("ann", context={"a": 1}))
    (_, context), = reported(emulator)
    assert not [key for key in context if key.startswith("fs_")]


def test_who_it_is_about(emulator, start):
    """A context carries the visitor as a hit does."""
    visitor = start(tracking="deferred", tracking_interval=0.05).create_visitor(
        "ann", context={"a": 1})
    synchronise(visitor)
    visitor.authenticate("bob")
    synchronise(visitor)
    assert Flagship.instance().flush(10)
    assert [(each["vid"], each.get("cuid")) for each in emulator.segments] == [
        ("ann", None), ("ann", "bob")]


@pytest.mark.parametrize("fault", [{"status": 400}, {"status": 403}, {"hang": True}], ids=repr)
def test_what_was_not_delivered_was_not_reported(emulator, deferred, fault):
    """The next synchronisation sends it again."""
    visitor = deferred(timeout=0.5, circuit_breaker=False).create_visitor("ann", context={"a": 1})
    emulator.misbehave("hit", **fault)
    synchronise(visitor)
    assert eventually(lambda: Flagship.instance().status.tracking.failed == 1)
    emulator.behave()
    synchronise(visitor)
    assert [vid for vid, _ in reported(emulator)] == ["ann"]


def test_what_was_dropped_was_not_reported(emulator, deferred):
    flagship = deferred(tracking_interval=60, tracking_queue_size=1000, tracking_batch_size=1000)
    visitor = flagship.create_visitor("ann", context={"a": 1})
    flagship._runtime.state.set_panic(True)
    tracking = flagship._runtime.parts.tracking
    tracking.send_context("ann", {"a": 1})
    for _ in range(1000):
        tracking.send_hit("ann", None, PAGE)
    assert flagship.status.tracking.dropped == 1
    assert tracking.send_context("ann", {"a": 1}) == (True, "queued")
    assert visitor is not None


def test_after_half_an_hour(emulator):
    """A context that did not change is reported again after 30 minutes, not before."""
    assert run_program("""
visitor = start(mode=Config.Mode.BUCKETING, polling_interval=0, tracking_interval=0.05)
for step in (0, 29 * 60, 2 * 60):
    steady[0] += step
    visitor.synchronize_modifications()
    assert flagship.flush(10)
""", emulator, prelude=CLOCKS) == (0, "")
    assert len(emulator.segments) == 2


def test_memory_is_bounded(monkeypatch):
    """At most twice as many visitors are remembered as VISITORS says, the latest ones."""
    monkeypatch.setattr(contexts, "VISITORS", 100)
    memory = contexts.ReportedContexts()
    for number in range(1000):
        assert memory.is_repeated(("v%d" % number, None), b"{}") is False
        assert len(memory._young) + len(memory._old) <= 200
    assert [memory.is_repeated(("v%d" % number, None), b"{}") for number in (999, 905, 0)] == [
        True, True, False]


def test_whoever_is_forgotten_is_forgotten_whole(monkeypatch):
    """Also a visitor who was reported before most of the others."""
    monkeypatch.setattr(contexts, "VISITORS", 2)
    memory = contexts.ReportedContexts()
    visitors = [(name, None) for name in ("early", "earlier", "late")]
    for _ in range(2):
        assert [memory.is_repeated(visitor, b"{}") for visitor in visitors] == [False] * 3
        for visitor in visitors:
            memory.forget(visitor)


@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
def test_contexts_are_off(emulator, start, tracking):
    """With context_events=False no context leaves the process, but for the decision's."""
    visitor = start(tracking=tracking, context_events=False).create_visitor(
        "ann", context={"a": 1})
    synchronise(visitor)
    assert Flagship.instance().flush(10)
    assert [request.endpoint for request in emulator.requests] == ["campaigns"]
    assert emulator.segments == [] and emulator.decisions[0]["context"]["a"] == 1


def test_a_platform_without_context_events(emulator, start, log):
    """A 404 is said once, with the way out, not at each synchronisation."""
    visitor = start().create_visitor("ann", context={"a": 1})
    emulator.misbehave("events", status=404)
    for _ in range(5):
        synchronise(visitor)
    line, = [line for line in log.at(logging.WARNING) if "not sent" in line]
    assert "404" in line and "context_events=False" in line
