# -*- coding: utf-8 -*-
"""Bucketing mode: decisions of this process, and how it keeps its file up to date."""
from __future__ import unicode_literals

import io
import json
import logging
import os
import sys
import threading
import time

import pytest

from benchmarks.bucketing_soak import soak
from flagship import Config, Flagship
from flagship.helpers.hits import Page
from tests.support import WHOLE, data, eventually, everybody, file_of, slow

INTERVAL = 0.05
PAGE = Page("https://shop.example/")


@pytest.fixture
def bucketing(start):
    """Starts the SDK in bucketing mode; it does not poll unless it is told."""
    def bucketing(**options):
        options.setdefault("polling_interval", 0)
        return start(mode=Config.Mode.BUCKETING, **options)
    return bucketing


def pollers():
    return [thread for thread in threading.enumerate() if thread.name == "flagship-bucketing"]


def polls(emulator):
    return [request for request in emulator.requests if request.endpoint == "bucketing"]


def flag(flagship, key="flag0", **options):
    """What a new visitor gets for a flag, or the log of its failed synchronisation."""
    visitor = flagship.create_visitor("ann", **options)
    success, log = visitor.synchronize_modifications()
    return visitor.get_modification(key, None) if success else log


def shown(visitor):
    return {key: {"value": each.value, "campaignId": each.campaign_id,
                  "variationGroupId": each.variation_group_id,
                  "variationId": each.variation_id, "reference": each.reference}
            for key, each in visitor.modifications.items()}


@pytest.mark.parametrize("mode", list(Config.Mode), ids=str)
@pytest.mark.parametrize("name", ["decisions.json", "decisions_unicode.json"])
def test_vectors(emulator, start, mode, name):
    """Through the public API both modes give the vendor's decisions; in API mode keys that only
    other variations of a group set are null, and hide those of earlier campaigns."""
    with io.open(data(name), encoding="utf-8") as file:
        documents = json.load(file)
    for document in documents:
        emulator.set_bucketing(document["bucketing"])
        flagship = start(mode=mode, polling_interval=0)
        for case in document["cases"][::1 if WHOLE else 4]:
            visitor = flagship.create_visitor(case["visitorId"], context=case["context"])
            assert visitor.synchronize_modifications() == (True, "")
            flags, expected = shown(visitor), case["expected"]
            if mode is Config.Mode.API:
                expected = {key: flag for key, flag in expected.items() if flags[key] == flag
                            or not is_hidden(key, flags[key], flag, document["bucketing"])}
                flags = {key: flag for key, flag in flags.items()
                         if key in expected or flag["value"] is not None}
            assert flags == expected


def is_hidden(key, null, flag, bucketing):
    """Whether a later campaign's null may hide a flag: another variation of its group sets the
    key."""
    ids = [campaign["id"] for campaign in bucketing["campaigns"]]
    groups = [group for campaign in bucketing["campaigns"] for group in campaign["variationGroups"]
              if group["id"] == null["variationGroupId"]]
    setters = [each["id"] for each in groups[0]["variations"]
               if key in each["modifications"]["value"]]
    return (null["value"] is None and ids.index(null["campaignId"]) > ids.index(flag["campaignId"])
            and setters and null["variationId"] not in setters)


def test_hash_vectors(emulator, bucketing):
    """Through the public API every visitor is in the vendor's bucket, wherever group and visitor id
    are cut."""
    with io.open(data("hash.json"), encoding="utf-8") as file:
        cases = [case for case in json.load(file) if len(case["text"].encode("utf-8")) > 4
                 or len(case["text"]) > 2]
    assert len(cases) > 50
    campaigns = []
    for place, case in enumerate(cases):
        campaign = everybody("c%d" % place,
                             *[("c%d-%d" % (place, bucket), 1, {"flag%d" % place: bucket})
                                              for bucket in range(100)])
        campaign["variationGroups"][0]["id"] = case["text"][:1]
        campaigns.append(campaign)
    emulator.set_bucketing({"campaigns": campaigns})
    flagship = bucketing()
    for place, case in enumerate(cases):
        if case["text"][0] >= "\ud800" and sys.maxunicode == 0xffff:
            continue  # a narrow build would cut a character in two
        assert flag_of(flagship, case["text"][1:], "flag%d" % place) == case["bucket"]


def flag_of(flagship, visitor_id, key):
    visitor = flagship.create_visitor(visitor_id)
    assert visitor.synchronize_modifications() == (True, "")
    return visitor.get_modification(key, None)


def test_the_request(emulator, bucketing):
    """The file is asked for once at start, without a key and without a condition."""
    bucketing()
    request, = emulator.requests
    assert (request.method, request.path, request.body) == ("GET", "/cdn/env/bucketing.json", b"")
    assert set(request.headers) == {"host", "user-agent", "accept", "accept-encoding", "connection"}


def test_a_visitor(emulator, bucketing):
    """A synchronisation sends the context event only; activation and hits are as in API mode."""
    visitor = bucketing().create_visitor("ann", context={"vip": True, "fs_secret": 1})
    emulator.clear()
    assert visitor.synchronize_modifications() == (True, "")
    assert [request.json() for request in emulator.requests] == [
        {"type": "CONTEXT", "visitorId": "ann", "data": {"vip": True}}]
    assert visitor.get_modification("discount", 0, activate=True) == 20
    assert visitor.send_hit(PAGE) == (True, "200")
    assert emulator.activations == [{"cid": "env", "caid": "vip-gold", "vaid": "vip-on",
                                     "vid": "ann"}]
    assert emulator.hits == [{"cid": "env", "vid": "ann", "ds": "APP", "t": "PAGEVIEW",
                              "dl": "https://shop.example/"}]


def test_a_context_event_that_fails(emulator, bucketing, log):
    """It is logged, and empties nothing."""
    emulator.misbehave("events", status=500)
    visitor = bucketing().create_visitor("ann", context={"vip": True})
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.get_modification("discount", 0) == 20 and len(log.at(logging.WARNING)) == 1


def test_no_experience_continuity(bucketing, log):
    """authenticate and unauthenticate are ignored with a warning, and there is no anonymous id."""
    visitor = bucketing().create_visitor("ann", True, {"a": 1})
    visitor.authenticate("bob", {"b": 1}, True)
    visitor.unauthenticate()
    assert (visitor.visitor_id, visitor.anonymous_id) == ("ann", None)
    assert visitor.get_context() == {"a": 1}
    assert len(log.at(logging.WARNING)) == 2


FAULTS = [{"status": 500}, {"status": 404}, {"status": 304}, {"body": "<html>"}, {"body": "[]"},
          {"body": ""},
          {"body": '{"campaigns": 5}'}, {"body": "{}"},
          {"body": '{"message": "sorry"}'}, {"body": '{"campaigns": null}'},
          {"body": "[" * 100000}, {"body": b"\xff"}, {"truncate": True},
          {"reset": "before"}, {"reset": "inside"}, {"hang": True}, {"drip": 0.02},
          {"size": 20000000},
          {"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_start_without_a_file(emulator, bucketing, log, fault):
    """start never raises for the network; visitors get defaults and (False, reason)."""
    emulator.misbehave("bucketing", **fault)
    flagship = bucketing(timeout=0.3)
    assert flagship.is_flagship_started() and len(log.at(logging.WARNING)) == 1
    visitor = flagship.create_visitor("ann", context={"vip": True})
    success, reason = visitor.synchronize_modifications()
    assert success is False and "no bucketing file" in reason
    assert visitor.get_modification("discount", 0) == 0
    assert [request for request in emulator.requests if request.endpoint == "events"] == []


def test_a_file_that_comes_late(emulator, bucketing):
    """What failed at start is tried again at the interval."""
    emulator.set_bucketing(file_of(1))
    emulator.misbehave("bucketing", status=500, times=1)
    flagship = bucketing(polling_interval=INTERVAL)
    assert eventually(lambda: flag(flagship) == 1)


def test_a_change_is_followed(emulator, bucketing):
    emulator.set_bucketing(file_of(1))
    flagship = bucketing(polling_interval=INTERVAL)
    assert flag(flagship) == 1
    for version in (2, 3):
        emulator.set_bucketing(file_of(version))
        assert eventually(lambda: flag(flagship) == version)


def test_conditional_requests(emulator, bucketing, log):
    """Once a Last-Modified is known it is sent; a 304 keeps the file, without a word."""
    flagship = bucketing(polling_interval=INTERVAL)
    modified = flagship.status.last_modified
    assert eventually(lambda: len(polls(emulator)) >= 3)
    first, rest = polls(emulator)[0], polls(emulator)[1:3]
    assert "if-modified-since" not in first.headers and first.status == 200
    assert [(each.headers["if-modified-since"], each.status)
            for each in rest] == [(modified, 304)] * 2
    assert log.at(logging.INFO) == [line for line in log.at(logging.INFO) if "network file" in line]
    assert len(log.at(logging.INFO)) == 1


def test_without_last_modified(emulator, bucketing, log):
    """A 200 without Last-Modified is used like any other, asked for whole next time, and compiled
    when it changed."""
    emulator.misbehave("bucketing", body=json.dumps(file_of(1)))
    flagship = bucketing(polling_interval=INTERVAL)
    assert flag(flagship) == 1 and flagship.status.last_modified is None
    loaded = flagship.status.loaded_at
    assert eventually(lambda: len(polls(emulator)) >= 3)
    assert not [each for each in polls(emulator) if "if-modified-since" in each.headers]
    assert flagship.status.loaded_at == loaded and len(log.at(logging.INFO)) == 1
    emulator.misbehave("bucketing", body=json.dumps(file_of(2)))
    assert eventually(lambda: flag(flagship) == 2)


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_a_failed_refresh(emulator, bucketing, log, fault):
    """It keeps the present file and says why in one line; what comes after it is used."""
    emulator.set_bucketing(file_of(1))
    flagship = bucketing(polling_interval=INTERVAL, timeout=0.3)
    emulator.misbehave("bucketing", **fault)
    emulator.set_bucketing(file_of(2))
    if fault == {"status": 304}:
        # To a conditional request it is no failure.
        assert eventually(lambda: len(polls(emulator)) >= 3)
    else:
        assert eventually(lambda: log.at(logging.WARNING))
    assert flag(flagship) == 1
    emulator.behave()
    assert eventually(lambda: flag(flagship) == 2)
    lines = log.at(logging.WARNING)
    assert all("could not be refreshed" in line and "key" not in line for line in lines)
    # A refused condition is followed by a request without one, which is not said by itself.
    failed = [each for each in polls(emulator) if each.status not in (200, 304)
              and not (each.status == 404 and "if-modified-since" in each.headers)]
    assert not failed or len(lines) == len(failed)


@slow
def test_back_off(emulator, bucketing):
    """Repeated failures are tried again later and later, never faster than the interval; a success
    ends that."""
    emulator.misbehave("bucketing", status=503)
    bucketing(polling_interval=INTERVAL)
    assert eventually(lambda: len(polls(emulator)) >= 6)
    times = [each.time for each in polls(emulator)]
    gaps = [after - before for before, after in zip(times, times[1:])]
    for gap, intervals in zip(gaps, (1, 2, 4, 8, 8)):
        assert gap >= intervals * INTERVAL * 0.9
    emulator.behave()
    assert eventually(lambda: len([each for each in polls(emulator)
                                   if each.status in (200, 304)]) >= 3)


@pytest.mark.parametrize("interval", [0, -1, -0.5])
def test_no_polling(emulator, bucketing, interval):
    """polling_interval <= 0 starts no thread and asks once."""
    bucketing(polling_interval=interval)
    assert pollers() == [] and len(emulator.requests) == 1


def test_one_poller(emulator, bucketing):
    """There is one daemon thread, and no second request at start; starting again replaces it."""
    for _ in range(3):
        emulator.clear()
        flagship = bucketing(polling_interval=60)
        assert len(pollers()) == 1 and pollers()[0].daemon and len(emulator.requests) == 1
    flagship.close()
    assert pollers() == []


@pytest.mark.parametrize("fault", [{"hang": True}, {"drip": 0.05}, {"delay": 30}], ids=repr)
def test_close_during_a_request(emulator, bucketing, log, fault):
    """close ends the thread although its request has a long time to go."""
    flagship = bucketing(polling_interval=INTERVAL, timeout=30)
    emulator.misbehave("bucketing", **fault)
    before = len(polls(emulator))
    assert eventually(lambda: len(polls(emulator)) > before)
    flagship.close()
    assert pollers() == [] and log.at(logging.WARNING) == []


def test_panic_in_and_out(emulator, bucketing):
    """Panic takes effect at the next poll and ends likewise; nothing but the poll is sent
    meanwhile."""
    flagship = bucketing(polling_interval=INTERVAL)
    visitor = flagship.create_visitor("ann", context={"vip": True})
    visitor.synchronize_modifications()
    emulator.panic = True
    assert eventually(lambda: flagship.status.panic)
    emulator.clear()
    assert visitor.get_modification("discount", 0,
                                    activate=True) == 0 and dict(visitor.modifications) == {}
    for success, reason in (visitor.synchronize_modifications(), visitor.send_hit(PAGE)):
        assert success is False and "panic" in reason
    assert {request.endpoint for request in emulator.requests} <= {"bucketing"}
    emulator.panic = False
    assert eventually(lambda: not flagship.status.panic)
    assert visitor.get_modification("discount", 0) == 20
    assert visitor.synchronize_modifications() == (True, "")


def test_panic_that_stood_at_start(emulator, bucketing):
    emulator.panic = True
    flagship = bucketing(polling_interval=INTERVAL)
    assert flagship.status.panic and "panic" in flag(flagship)
    emulator.set_bucketing(file_of(1))
    emulator.panic = False
    assert eventually(lambda: flag(flagship) == 1)


def test_panic_ends_with_the_same_file(emulator, bucketing):
    """The file that ends a panic may be as old as before it, so none is asked for conditionally
    meanwhile."""
    flagship = bucketing(polling_interval=INTERVAL)
    emulator.misbehave("bucketing", body='{"panic": true}',
                       headers={"Last-Modified": "Fri, 01 Jan 2100 00:00:00 GMT"})
    assert eventually(lambda: flagship.status.panic)
    emulator.clear()
    assert eventually(lambda: len(polls(emulator)) >= 2)
    assert not [each for each in polls(emulator) if "if-modified-since" in each.headers]
    emulator.behave()
    assert eventually(lambda: not flagship.status.panic)


def test_what_a_file_has_wrong_is_said_once(emulator, bucketing, log):
    """Each thing that is not used costs one line a file, not one a visitor."""
    document = file_of(1)
    document["campaigns"] += [{"id": []}] * 30
    emulator.set_bucketing(document)
    flagship = bucketing(polling_interval=INTERVAL)
    assert eventually(lambda: len(polls(emulator)) >= 3)
    assert [flag(flagship) for _ in range(3)] == [1] * 3
    assert len(log.at(logging.WARNING)) == 21 and "10 more" in log.at(logging.WARNING)[-1]


class Store(object):
    """A visitor cache in a dict."""

    def __init__(self, **records):
        self.records = {visitor_id: {"version": 1, "vId": visitor_id, "vaIds": ids}
                        for visitor_id, ids in records.items()}

    def lookup(self, visitor_id):
        return self.records.get(visitor_id)

    def save(self, visitor_id, visitor_data):
        self.records[visitor_id] = visitor_data

    def ids(self, visitor_id="ann"):
        return self.records[visitor_id]["data"]["vaIds"]


def halves(first=50, second=50):
    return {"campaigns": [everybody("c", ("a", first, {"flag0": "a"}),
                                    ("b", second, {"flag0": "b"}))]}


def test_a_cached_variation_wins_over_the_hash(emulator, bucketing):
    """A visitor keeps its variation when allocations change, at 0 too, and after a restart."""
    store = Store()
    emulator.set_bucketing(halves())
    before = flag(bucketing(visitor_cache_manager=store))
    assert store.ids() == [before]
    emulator.set_bucketing(halves(0, 100) if before == "a" else halves(100, 0))
    assert flag(bucketing(visitor_cache_manager=store)) == before
    assert flag(bucketing()) != before


def test_a_variation_that_is_gone(emulator, bucketing):
    """A cached id that the file no longer has counts for nothing."""
    store = Store(ann=["old"])
    emulator.set_bucketing(halves(0, 100))
    assert flag(bucketing(visitor_cache_manager=store)) == "b"
    assert store.ids()[0] == "b"


def test_out_of_target_for_a_while(emulator, bucketing):
    """Assignments of groups that gave none this time are kept, so a targeting that was briefly
    false reshuffles nobody."""
    store = Store(ann=["a"])
    document = halves(0, 100)
    group = document["campaigns"][0]["variationGroups"][0]
    group["targeting"]["targetingGroups"][0]["targetings"] = [
        {"key": "in", "operator": "EQUALS", "value": True}]
    document["campaigns"].append(everybody("other", ("o", 100, {"other": 1})))
    emulator.set_bucketing(document)
    flagship = bucketing(visitor_cache_manager=store)
    visitor = flagship.create_visitor("ann", context={"in": False})
    visitor.synchronize_modifications()
    assert visitor.get_modification("flag0", None) is None and store.ids() == ["o", "a"]
    visitor.update_context({"in": True}, True)
    assert visitor.get_modification("flag0", None) == "a" and sorted(store.ids()) == ["a", "o"]


def test_a_campaign_that_pauses(emulator, bucketing):
    """A campaign that leaves the file and comes back finds its visitors where they were."""
    store = Store(ann=["a"])
    emulator.set_bucketing(file_of(1))
    bucketing(visitor_cache_manager=store).create_visitor("ann").synchronize_modifications()
    assert store.ids() == ["v0-1", "a"]
    emulator.set_bucketing(halves(0, 100))
    assert flag(bucketing(visitor_cache_manager=store)) == "a"


def test_an_assignment_is_replaced_in_its_group(emulator, bucketing):
    """Of one group only the new assignment is saved."""
    store = Store(ann=["b", "a"])
    emulator.set_bucketing(halves())
    assert flag(bucketing(visitor_cache_manager=store)) == "a"
    assert store.ids() == ["a"]


def test_a_record_does_not_grow_for_ever(emulator, bucketing):
    store = Store(ann=["old-%d" % place for place in range(5000)])
    emulator.set_bucketing(halves())
    flag(bucketing(visitor_cache_manager=store))
    assert len(store.ids()) == 1001


def test_status(emulator, bucketing, log):
    """The status says what the SDK runs on, and one INFO line says when that changed."""
    before = time.time()
    flagship = bucketing(polling_interval=INTERVAL)
    status = flagship.status
    assert (status.mode, status.started, status.panic, status.source, status.campaigns) == (
        Config.Mode.BUCKETING, True, False, "network", 3)
    assert before <= status.loaded_at <= time.time() and status.last_modified.endswith("GMT")
    with pytest.raises(AttributeError):
        status.panic = True
    emulator.set_bucketing(file_of(1))
    assert eventually(lambda: flagship.status.campaigns == 1)
    assert flagship.status.last_modified != status.last_modified
    assert eventually(lambda: len(log.at(logging.INFO)) == 2)
    assert "1 campaigns" in log.at(logging.INFO)[1]
    flagship.close()
    assert flagship.status.started is False


def test_status_in_api_mode(visitor):
    visitor()
    status = Flagship.instance().status
    assert (status.mode, status.started, status.panic) == (Config.Mode.API, True, False)
    assert (status.source, status.loaded_at, status.last_modified, status.campaigns) == (None,) * 4


def test_nothing_is_left(emulator, bucketing):
    """Threads, files and sockets are the same after close as before start."""
    def open_now():
        return len(threading.enumerate()), len(os.listdir("/proc/self/fd"))
    bucketing(polling_interval=INTERVAL, bucketing_file="copy.json").close()
    assert eventually(lambda: threading.active_count() == 2)
    before = open_now()
    for _ in range(5):
        flagship = bucketing(polling_interval=INTERVAL, bucketing_file="copy.json")
        flag(flagship)
        assert eventually(lambda: len(polls(emulator)) >= 2)
        flagship.close()
    assert eventually(lambda: open_now() == before)


def test_fork(emulator, bucketing):
    """A child follows changes with a poller of its own, started on first use; the parent's
    goes on."""
    emulator.set_bucketing(file_of(1))
    flagship = bucketing(polling_interval=INTERVAL)
    child = os.fork()
    if not child:
        try:
            first = flag(flagship) == 1 and len(pollers()) == 1
            # Told over the wire, as the emulator's memory is the parent's.
            flagship.create_visitor("ready").send_hit(PAGE)
            os._exit(0 if first and eventually(lambda: flag(flagship) == 2) else 1)
        finally:
            os._exit(2)
    assert eventually(lambda: [each for each in emulator.hits if each["vid"] == "ready"])
    emulator.set_bucketing(file_of(2))
    assert eventually(lambda: flag(flagship) == 2)
    assert os.waitpid(child, 0)[1] == 0


def test_fork_while_a_poll_hangs(emulator, bucketing):
    """Whatever the parent's thread was doing, the child decides and closes within
    bucketing_timeout."""
    emulator.set_bucketing(file_of(1))
    flagship = bucketing(polling_interval=INTERVAL, timeout=1)
    emulator.misbehave("bucketing", hang=True)
    before = len(polls(emulator))
    assert eventually(lambda: len(polls(emulator)) > before)
    began = time.time()
    child = os.fork()
    if not child:
        try:
            decided = flag(flagship) == 1
            flagship.close()
            os._exit(0 if decided and pollers() == [] else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert time.time() - began < 10  # two requests of a second at most


@slow
def test_soak(emulator):
    """While the file changes ten times a second and panic toggles, eight threads see whole sets and
    no exception."""
    report = soak(seconds=2, threads=8)
    assert report["errors"] == [] and report["torn"] == 0
    assert report["versions"] >= 10 and report["panics"] >= 1 and report["synchronisations"] > 100
