# -*- coding: utf-8 -*-
"""A pytest suite that every visitor cache must pass, for authors of visitor caches::

    class TestMyStore(VisitorCacheSuite):
        def make_manager(self):
            return MyStore(...)
"""
from __future__ import unicode_literals

import contextlib
import copy
import logging
import socket
import threading

from flagship.app import Flagship
from flagship.cache.assignments import make_record, read_record
from flagship.cache.cache_visitor import VisitorCacheManager
from flagship.config import Config
from flagship.handler import FlagshipEventHandler

_FLAG = "flag"


class VisitorCacheSuite(object):
    """The requirements for a visitor cache. Subclass it in a test file, with a name that starts
    with ``Test``.

    Some tests start the SDK, in bucketing mode and without a network; they replace an SDK that is
    already running, and close it afterwards.

    :cvar int many: number of visitors that the largest test saves, default 10000; lower it if a
        call takes milliseconds.
    :cvar bool nul: whether an id may contain a NUL character, default True.
    """

    many = 10000
    nul = True

    def make_manager(self):
        """Return the manager under test, with an empty store; called once per test."""
        raise NotImplementedError(
            "a subclass of VisitorCacheSuite makes its manager in make_manager")

    def corrupt(self, manager, visitor_id):
        """Make the visitor's saved record unreadable in the store. The default does nothing, which
        is right only for a store whose records cannot become unreadable."""

    def close(self, manager):
        """Release the manager's resources; called after each test. The default calls its ``close``,
        if any."""
        close = getattr(manager, "close", None)
        if callable(close):
            close()

    @contextlib.contextmanager
    def _open_manager(self):
        manager = self.make_manager()
        try:
            yield manager
        finally:
            self.close(manager)

    def test_an_unknown_visitor_gives_none(self):
        with self._open_manager() as manager:
            assert manager.lookup("nobody") is None
            manager.save("ann", make_record("ann", ["a"]))
            assert manager.lookup("nobody") is None

    def test_what_was_saved_comes_back(self):
        with self._open_manager() as manager:
            for ids in ([], ["a"], ["variation-%d" % place for place in range(1000)],
                        ["é", "\U0001f680", "'\"\\%\n"]):
                manager.save("ann", make_record("ann", ids))
                assert read_record(manager.lookup("ann"), "ann") == tuple(ids)
                assert read_record(manager.lookup("ann"), "ann") == tuple(ids)

    def test_the_last_save_counts(self):
        with self._open_manager() as manager:
            for visitor_id, variation_id in (("ann", "a"), ("bob", "b"), ("ann", "c")):
                manager.save(visitor_id, make_record(visitor_id, [variation_id]))
            assert read_record(manager.lookup("ann"), "ann") == ("c",)
            assert read_record(manager.lookup("bob"), "bob") == ("b",)

    def test_any_text_is_an_id(self):
        """Any text is a valid id, and all ids are distinct: case, white space and the end of a long
        id matter."""
        with self._open_manager() as manager:
            ids = ["ann", "Ann", "ann ", " ann", "é", "e\u0301", "\U0001f680",
                   "\U0001f680\U0001f680", "访客", "a b",
                   "a\nb", "a\r\nb", "a\tb", "a/b", "a\\b", "../a", "a:b", "a'b", 'a"b', "a%b",
                   "a%2Fb", "a_b", "a*b", "a?b",
                   "{a}", "[a]", "$a", "#a", "a;b", "--", "0", "null", "v" * 500, "v" * 499 + "w",
                   "é" * 500,
                   "\U0001f680" * 500, "\x01", "\x7f"] + ["a\0b", "a\0c", "\0"] * self.nul
            for visitor_id in ids:
                assert manager.lookup(visitor_id) is None
                manager.save(visitor_id, make_record(visitor_id, [visitor_id]))
            for visitor_id in ids:
                assert read_record(manager.lookup(visitor_id), visitor_id) == (visitor_id,)

    def test_a_record_is_the_store_s(self):
        """The saved record does not change when the argument of save, or the result of lookup, is
        modified."""
        with self._open_manager() as manager:
            given = make_record("ann", ["a"])
            manager.save("ann", given)
            _spoil_record(given)
            assert read_record(manager.lookup("ann"), "ann") == ("a",)
            _spoil_record(manager.lookup("ann"))
            assert read_record(manager.lookup("ann"), "ann") == ("a",)

    def test_a_record_is_not_changed(self):
        with self._open_manager() as manager:
            given = make_record("ann", ["a", "b"])
            before = copy.deepcopy(given)
            manager.save("ann", given)
            assert given == before

    def test_both_shapes_of_a_record_can_be_read(self):
        """The SDK reads what comes back of a record with ``data``, and of a flat one."""
        with self._open_manager() as manager:
            nested = make_record("ann", ["a", "b"])
            manager.save("ann", nested)
            manager.save("bob", {"version": nested["version"], "vId": "bob", "vaIds": ["c"]})
            assert read_record(manager.lookup("ann"), "ann") == ("a", "b")
            assert read_record(manager.lookup("bob"), "bob") == ("c",)

    def test_many_visitors(self):
        with self._open_manager() as manager:
            for place in range(self.many):
                visitor_id = "visitor-%d" % place
                manager.save(visitor_id, make_record(visitor_id, ["variation-%d" % place]))
            lost = [place for place in range(self.many) if not _has_variation(
                manager, "visitor-%d" % place, "variation-%d" % place)]
            assert lost == []

    def test_many_threads(self):
        """Eight threads write concurrently: each finds its own visitors, and a visitor that all of
        them write is never a mixture."""
        with self._open_manager() as manager:
            errors, ready = [], threading.Event()

            def work(name):
                ready.wait(10)
                try:
                    for place in range(50):
                        own = "%s-%d" % (name, place)
                        manager.save(own, make_record(own, [own]))
                        manager.save("shared", make_record("shared", [name, own]))
                        assert _has_variation(manager, own, own)
                        name_kept, own_kept = read_record(manager.lookup("shared"), "shared")
                        assert own_kept.startswith(name_kept + "-")
                except Exception as error:
                    errors.append("%s: %s" % (type(error).__name__, error))

            names = ["thread%d" % number for number in range(8)]
            threads = [threading.Thread(target=work, args=(name,)) for name in names]
            for thread in threads:
                thread.start()
            ready.set()
            for thread in threads:
                thread.join()
            assert errors == []
            kept = ["%s-%d" % (name, place) for name in names for place in range(50)]
            assert [each for each in kept if not _has_variation(manager, each, each)] == []

    def test_environments_are_kept_apart(self):
        """Environments are separate if the manager implements ``use_environment``; otherwise, give
        each environment its own store."""
        with self._open_manager() as manager:
            apart, use_environment = _environments(manager)
            use_environment("one")
            manager.save("ann", make_record("ann", ["a"]))
            use_environment("two")
            if apart:
                assert manager.lookup("ann") is None
            manager.save("ann", make_record("ann", ["b"]))
            use_environment("one")
            if apart:
                assert read_record(manager.lookup("ann"), "ann") == ("a",)
            use_environment("two")
            assert read_record(manager.lookup("ann"), "ann") == ("b",)

    def test_a_visitor_keeps_its_variation(self):
        """A visitor keeps its variation when the allocation of that drops to 0; a new visitor gets
        the other one."""
        with self._open_manager() as manager:
            before, _ = _served_flags(manager, {"old": 100, "new": 0}, "ann")
            after, lines = _served_flags(manager, {"old": 0, "new": 100}, "ann", "bob")
            assert (before, after) == (["old"], ["old", "new"])
            assert lines == []

    def test_a_corrupt_record_costs_no_decision(self):
        """A visitor with a corrupt record gets flags, and the next save repairs the record."""
        with self._open_manager() as manager:
            _served_flags(manager, {"old": 100}, "ann", "bob")
            self.corrupt(manager, "ann")
            flags, _ = _served_flags(manager, {"old": 100}, "ann", "bob")
            assert flags == ["old", "old"]
            flags, lines = _served_flags(manager, {"old": 0, "new": 100}, "ann", "bob")
            assert (flags, lines) == (["old", "old"], [])


class _Lines(FlagshipEventHandler):
    """Keeps the SDK's log lines about the cache at WARNING and above."""

    def __init__(self):
        super(_Lines, self).__init__()
        self.lines = []

    def on_log(self, level, message):
        if level >= logging.WARNING and "visitor cache" in message:
            self.lines.append(message)


def _spoil_record(record):
    """Modify everything that is mutable in a record."""
    if isinstance(record, dict):
        for each in list(record.values()):
            _spoil_record(each)
        record.clear()
    elif isinstance(record, list):
        record.append("spoiled")


def _environments(manager):
    """Return ``(whether it keeps environments separate, its use_environment)``."""
    own = getattr(manager, "use_environment", None)
    inherited = getattr(VisitorCacheManager.use_environment, "__func__",
                        VisitorCacheManager.use_environment)
    apart = own is not None and getattr(own, "__func__", own) is not inherited
    return apart, own or (lambda env_id: None)


def _has_variation(manager, visitor_id, variation_id):
    record = manager.lookup(visitor_id)
    return record is not None and read_record(record, visitor_id) == (variation_id,)


def _served_flags(manager, allocations, *visitor_ids):
    """Start the SDK with one campaign, ``{variation id: allocation}``, and synchronise visitors.

    :return: ``(the visitors' flag values, the lines logged about the cache)``.
    """
    variations = [{"id": name, "allocation": allocation,
                   "modifications": {"type": "FLAG", "value": {_FLAG: name}}}
                  for name, allocation in sorted(allocations.items())]
    everybody = {"targetingGroups": [
        {"targetings": [{"key": "fs_all_users", "operator": "EQUALS", "value": ""}]}]}
    campaign = {"id": "campaign", "type": "ab", "variationGroups": [
        {"id": "group", "targeting": everybody, "variations": variations}]}
    handler, values = _Lines(), []
    # Bound but not listening, so that every connection is refused at once and no other process can
    # get the port.
    nobody = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        nobody.bind(("127.0.0.1", 0))
        url = "http://127.0.0.1:%d" % nobody.getsockname()[1]
        with Flagship.instance() as flagship:
            flagship.start("suite", "key", Config(
                mode=Config.Mode.BUCKETING, initial_bucketing={"campaigns": [campaign]},
                bucketing_file=None,
                polling_interval=0, visitor_cache_manager=manager, event_handler=handler,
                cdn_url=url, decision_api_url=url, tracking_url=url))
            for visitor_id in visitor_ids:
                visitor = flagship.create_visitor(visitor_id)
                visitor.synchronize_modifications()
                values.append(visitor.get_modification(_FLAG, "none"))
    finally:
        nobody.close()
    return values, handler.lines
