# -*- coding: utf-8 -*-
"""The visitor cache's interface: when it is called, with what, and what it may get wrong."""
from __future__ import unicode_literals

import copy
import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagship import Config
from flagship._compat import Mapping
from flagship.cache.assignments import UnreadableRecord, read_record
from flagship.cache.cache_visitor import VisitorCacheManager
from tests.support import everybody, slow


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
    assert store.calls[2:] == [("lookup", "bob"), ("save", "bob")]
    assert store.records["bob"]["data"]["vId"] == "bob"


def test_a_plain_object_will_do(visitor):
    class Plain(object):
        saved, data = [], None

        def lookup(self, visitor_id):
            return self.data

        def save(self, visitor_id, visitor_data):
            self.data = visitor_data
            self.saved.append(visitor_id)
    visitor = visitor("ann", visitor_cache_manager=Plain())
    assert visitor.synchronize_modifications() == (True, "") and Plain.saved == ["ann", "ann"]


def test_abstract():
    with pytest.raises(TypeError):
        VisitorCacheManager()


@pytest.mark.parametrize("record", [
    {"version": 1, "data": {"vId": "ann", "vaIds": ["a", "b"]}},
    {"version": 1, "vId": "ann", "vaIds": ["a"]},
    {"version": 1, "data": {"vId": "ann", "vaIds": []}},
    {"version": 1, "vId": str("ann"), "vaIds": (str("a"),)}, None])
def test_readable_records(visitor, log, record):
    """Both shapes of the record, and none, are read without a word."""
    store = Store()
    store.records["ann"] = record
    visitor("ann", visitor_cache_manager=store)
    assert log.at(logging.WARNING) == []


@pytest.mark.parametrize("record", [
    5, "text", [], {}, {"version": 1}, {"version": 2, "vId": "ann", "vaIds": []},
    {"vId": "ann", "vaIds": []},
    {"version": True, "vId": "ann", "vaIds": []}, {"version": 1, "vId": "bob", "vaIds": []},
    {"version": 1, "vaIds": []}, {"version": 1, "vId": "ann"},
    {"version": 1, "vId": "ann", "vaIds": "a"},
    {"version": 1, "vId": "ann", "vaIds": [1]}, {"version": 1, "vId": "ann", "vaIds": ["\ud800"]},
    {"version": 1, "data": []}, {"version": 1, "data": None},
    {"version": 1, "data": {"vId": "ann", "vaIds": {}}}], ids=repr)
def test_other_records_are_ignored_and_logged(visitor, log, record):
    store = Store()
    store.records["ann"] = record
    visitor("ann", visitor_cache_manager=store)
    assert len(log.at(logging.WARNING)) == 1 and "visitor cache" in log.at(logging.WARNING)[0]


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
              st.just("ann")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(
        st.one_of(st.sampled_from(["version", "data", "vId", "vaIds"]), st.text(max_size=3)), inner,
        max_size=4)),
    max_leaves=8)


@slow
@given(record=st.one_of(JSON, st.fixed_dictionaries({"version": st.just(1), "vId": st.just("ann"),
                                                     "vaIds": JSON})))
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
    """A store that comes back must still have what it had: an assignment made without it could be
    another."""
    store = Store()

    def broken(visitor_id):
        raise RuntimeError("down")
    store.lookup = broken
    visitor("ann", visitor_cache_manager=store)
    assert store.calls == []


@pytest.mark.parametrize("mode", Config.Mode)
def test_saved_after_each_synchronisation(visitor, mode):
    """Whether or not anything changed: a store may count from its last save how long a record
    lives."""
    store = Store()
    visitor = visitor("ann", context={"vip": True}, visitor_cache_manager=store, mode=mode)
    first = store.records.pop("ann")
    store.records["ann"] = copy.deepcopy(first)
    for _ in range(2):
        visitor.synchronize_modifications()
    assert [name for name, _ in store.calls] == ["lookup", "save"] * 3
    assert store.records["ann"] == first


def test_a_store_that_does_not_want_every_save_is_spared_what_changes_nothing(visitor):
    """The order of ids is no change."""
    store = Store()
    store.wants_every_save = False
    visitor = visitor("ann", context={"vip": True}, visitor_cache_manager=store)
    store.records["ann"]["data"]["vaIds"].reverse()
    visitor.synchronize_modifications()
    assert [name for name, _ in store.calls] == ["lookup", "save", "lookup"]
    visitor.update_context({"vip": False}, True)
    assert [name for name, _ in store.calls][3:] == ["lookup", "save"]


class Forgetful(Store):
    """A store of a user's whose records live 0.4 seconds from their last save, by a clock that the
    test sets."""

    now = 0

    def save(self, visitor_id, visitor_data):
        self.records[visitor_id] = self.now, visitor_data

    def lookup(self, visitor_id):
        saved, record = self.records.get(visitor_id, (0, None))
        return record if self.now - saved < 0.4 else None


def test_a_visitor_who_comes_often_keeps_its_variation_in_a_store_that_forgets(emulator, start):
    """Also after the allocation of its variation went to 0; who stays away does not."""
    store = Forgetful()

    def color(old, new, visitor_id):
        emulator.set_bucketing({"campaigns": [everybody(
            "c", ("old", old, {"color": "old"}), ("new", new, {"color": "new"}))]})
        visitor = start(mode=Config.Mode.BUCKETING, polling_interval=0,
                        visitor_cache_manager=store).create_visitor(visitor_id)
        assert visitor.synchronize_modifications() == (True, "")
        return visitor.get_modification("color", None)
    assert [color(100, 0, "ann"), color(100, 0, "bob")] == ["old", "old"]
    for _ in range(5):
        store.now += 0.2
        assert color(0, 100, "ann") == "old"
    assert color(0, 100, "bob") == "new"


@slow
def test_a_store_that_is_slow(visitor, log):
    """It costs one log line, never a decision."""
    store = Store()
    store.lookup = lambda visitor_id: time.sleep(0.6)
    visitor = visitor("ann", context={"vip": True}, visitor_cache_manager=store, timeout=0.5)
    assert visitor.get_modification("discount", 0) == 20
    line, = [line for line in log.at(logging.WARNING) if "cache" in line]
    assert "lookup took 0." in line


def test_the_environment_is_told(visitor):
    """A store learns the environment's id before its first lookup; one that does not care need not
    say so."""
    store = Store()
    assert VisitorCacheManager.use_environment(store, "env") is None
    store.use_environment = lambda env_id: store.calls.append(("environment", env_id))
    visitor("ann", visitor_cache_manager=store)
    assert store.calls[0] == ("environment", "env")


class Mean(object):
    """Raises whatever is done with it."""

    def _raise(self, *arguments):
        raise ValueError("mean")

    __eq__ = __ne__ = __lt__ = __len__ = __iter__ = __bool__ = __nonzero__ = _raise
    __str__ = __repr__ = __unicode__ = __format__ = _raise
    __hash__ = None


class MeanError(Exception):
    """One whose text cannot be read."""

    def __str__(self):
        raise ValueError("mean")

    __repr__ = __unicode__ = __str__


class MeanMapping(Mapping):
    def __getitem__(self, key):
        raise MeanError()

    def __iter__(self):
        raise MeanError()

    __len__ = __iter__


class MeanText(type("")):
    def _raise(self, *arguments):
        raise MeanError()

    __eq__ = __ne__ = encode = decode = __add__ = __str__ = __repr__ = _raise
    __hash__ = type("").__hash__


class MeanList(list):
    def __iter__(self):
        raise MeanError()

    __len__ = __str__ = __repr__ = __iter__


@pytest.mark.parametrize("mode", Config.Mode)
@pytest.mark.parametrize("record", [
    Mean(), MeanMapping(), {"version": Mean(), "vId": "ann", "vaIds": []},
    {"version": 1, "data": Mean()}, {"version": 1, "data": MeanMapping()},
    {"version": 1, "vId": Mean(), "vaIds": []}, {"version": 1, "vId": MeanText("ann"), "vaIds": []},
    {"version": 1, "vId": "ann", "vaIds": Mean()}, {"version": 1, "vId": "ann", "vaIds": [Mean()]},
    {"version": 1, "vId": "ann", "vaIds": MeanList(["a"])},
    {"version": 1, "vId": "ann", "vaIds": [MeanText("a")]}],
    ids=lambda value: value.name if isinstance(value, Config.Mode) else "record")
def test_a_record_that_raises_is_ignored_and_logged(visitor, log, record, mode):
    """Whatever is in it: the visitor is decided on, and its record replaced."""
    store = Store()
    store.records["ann"] = record
    visitor = visitor("ann", visitor_cache_manager=store, mode=mode)
    assert visitor.get_modification("cta-color", None) in ("blue", "red")
    line, = log.at(logging.WARNING)
    assert "[visitor cache] what lookup returned is ignored" in line
    assert store.records["ann"]["data"]["vId"] == "ann"


@pytest.mark.parametrize("error", [
    MeanError(), UnicodeDecodeError(str("utf-8"), b"\xff", 0, 1, str("no")), ValueError("é"),
    KeyError(), RuntimeError(Mean()), StopIteration()], ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("method", ["lookup", "save", "use_environment"])
def test_whatever_a_store_raises_is_one_log_line(visitor, log, method, error):
    """And costs neither the start nor a decision."""
    store = Store()

    def broken(*args):
        raise error
    setattr(store, method, broken)
    visitor = visitor("ann", visitor_cache_manager=store)
    assert visitor.get_modification("cta-color", None) in ("blue", "red")
    line, = log.at(logging.WARNING)
    assert "[visitor cache] %s raised %s" % (method, type(error).__name__) in line


def test_a_store_whose_wish_cannot_be_read(visitor, log):
    class Wishful(Store):
        @property
        def wants_every_save(self):
            raise MeanError()

    visitor = visitor("ann", visitor_cache_manager=Wishful())
    assert visitor.get_modification("cta-color", None) in ("blue", "red")
    line, = log.at(logging.WARNING)
    assert "[visitor cache] save raised MeanError" in line
