# -*- coding: utf-8 -*-
"""The visitor cache's interface: when it is called, with what, and what it may get wrong."""
from __future__ import unicode_literals

import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagship.cache.assignments import UnreadableRecord, read_record
from flagship.cache.cache_visitor import VisitorCacheManager


class Store(VisitorCacheManager):
    """A cache in a dict that notes its calls."""

    def __init__(self):
        super(Store, self).__init__()
        self.calls, self.records = [], {}

    def save(self, visitor_id, visitor_data):
        self.calls.append(("save", visitor_id))
        self.records[visitor_id] = visitor_data

    def lookup(self, visitor_id):
        self.calls.append(("lookup", visitor_id))
        return self.records.get(visitor_id)


def test_called_before_and_after(emulator, visitor):
    """lookup comes before the request, save after it, with the documented record."""
    store = Store()
    store.lookup = lambda visitor_id: store.calls.append(("lookup", len(emulator.requests)))
    visitor = visitor("ann", context={"vip": True, "country": "fr"}, visitor_cache_manager=store)
    assert store.calls == [("lookup", 0), ("save", "ann")]
    record = store.records["ann"]
    color = visitor.get_modification_info("cta-color")["variationId"]
    assert record == {"version": 1, "data": {"vId": "ann", "vaIds": [color, "vip-on", "fr-on"]}}


def test_not_saved_after_a_failure(emulator, start):
    store = Store()
    emulator.misbehave("campaigns", status=500)
    start(visitor_cache_manager=store).create_visitor("ann").synchronize_modifications()
    assert store.calls == [("lookup", "ann")]


def test_the_current_id_is_used(visitor):
    store = Store()
    visitor = visitor("ann", visitor_cache_manager=store)
    visitor.authenticate("bob", synchronize=True)
    assert store.calls[2:] == [("lookup", "bob"), ("save", "bob")] and store.records["bob"]["data"]["vId"] == "bob"


def test_a_plain_object_will_do(visitor):
    class Plain(object):
        saved = []

        def lookup(self, visitor_id):
            return None

        def save(self, visitor_id, visitor_data):
            self.saved.append(visitor_id)
    visitor("ann", visitor_cache_manager=Plain())
    assert Plain.saved == ["ann"]


def test_abstract():
    with pytest.raises(TypeError):
        VisitorCacheManager()


@pytest.mark.parametrize("record", [
    {"version": 1, "data": {"vId": "ann", "vaIds": ["a", "b"]}}, {"version": 1, "vId": "ann", "vaIds": ["a"]},
    {"version": 1, "data": {"vId": "ann", "vaIds": []}}, {"version": 1, "vId": str("ann"), "vaIds": (str("a"),)}, None])
def test_readable_records(visitor, log, record):
    """Both shapes of the record, and none, are read without a word."""
    store = Store()
    store.records["ann"] = record
    visitor("ann", visitor_cache_manager=store)
    assert log.at(logging.WARNING) == []


@pytest.mark.parametrize("record", [
    5, "text", [], {}, {"version": 1}, {"version": 2, "vId": "ann", "vaIds": []}, {"vId": "ann", "vaIds": []},
    {"version": True, "vId": "ann", "vaIds": []}, {"version": 1, "vId": "bob", "vaIds": []},
    {"version": 1, "vaIds": []}, {"version": 1, "vId": "ann"}, {"version": 1, "vId": "ann", "vaIds": "a"},
    {"version": 1, "vId": "ann", "vaIds": [1]}, {"version": 1, "vId": "ann", "vaIds": ["\ud800"]}, {"version": 1, "data": []}, {"version": 1, "data": None},
    {"version": 1, "data": {"vId": "ann", "vaIds": {}}}], ids=repr)
def test_other_records_are_ignored_and_logged(visitor, log, record):
    store = Store()
    store.records["ann"] = record
    visitor("ann", visitor_cache_manager=store)
    assert len(log.at(logging.WARNING)) == 1 and "visitor cache" in log.at(logging.WARNING)[0]


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just("ann")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(
        st.one_of(st.sampled_from(["version", "data", "vId", "vaIds"]), st.text(max_size=3)), inner, max_size=4)),
    max_leaves=8)


@given(record=st.one_of(JSON, st.fixed_dictionaries({"version": st.just(1), "vId": st.just("ann"), "vaIds": JSON})))
def test_any_record_is_read_or_refused(record):
    """Whatever a store returns, it is a tuple of text or refused."""
    try:
        ids = read_record(record, "ann")
    except UnreadableRecord:
        return
    assert isinstance(ids, tuple) and all(type(each) is type("") for each in ids)  # noqa: E721


@pytest.mark.parametrize("method", ["lookup", "save"])
def test_a_store_that_raises(visitor, log, method):
    """It costs a log line, never a decision."""
    store = Store()

    def broken(*args):
        raise RuntimeError("down")
    setattr(store, method, broken)
    visitor = visitor("ann", context={"vip": True}, visitor_cache_manager=store)
    assert visitor.get_modification("discount", 0) == 20
    line, = log.at(logging.ERROR)
    assert method in line and "down" in line


def test_nothing_is_saved_after_a_lookup_that_failed(visitor):
    """A store that comes back must still have what it had: an assignment made without it could be another."""
    store = Store()

    def broken(visitor_id):
        raise RuntimeError("down")
    store.lookup = broken
    visitor("ann", visitor_cache_manager=store)
    assert store.calls == []


def test_saved_when_it_changed(visitor):
    """A synchronisation that assigns what lookup returned saves nothing; the order of ids is no change."""
    store = Store()
    visitor = visitor("ann", context={"vip": True}, visitor_cache_manager=store)
    store.records["ann"]["data"]["vaIds"].reverse()
    visitor.synchronize_modifications()
    assert [name for name, _ in store.calls] == ["lookup", "save", "lookup"]
    visitor.update_context({"vip": False}, True)
    assert [name for name, _ in store.calls][3:] == ["lookup", "save"]


def test_a_store_that_is_slow(visitor, log):
    """It costs one log line, never a decision."""
    store = Store()
    store.lookup = lambda visitor_id: time.sleep(0.6)
    visitor = visitor("ann", context={"vip": True}, visitor_cache_manager=store, timeout=0.5)
    assert visitor.get_modification("discount", 0) == 20
    line, = [line for line in log.at(logging.WARNING) if "cache" in line]
    assert "lookup took 0." in line


def test_the_environment_is_told(visitor):
    """A store that has a use_environment learns the environment's id before its first lookup."""
    store = Store()
    store.use_environment = lambda env_id: store.calls.append(("environment", env_id))
    visitor("ann", visitor_cache_manager=store)
    assert store.calls[0] == ("environment", "env")
