"""Microseconds that a visitor cache adds to a synchronisation in bucketing mode, with the network
part stubbed, against the store's own raw get, and get and set, measured in the same run.

"known" is a visitor whose assignments are in the store: one look-up. "new" is one whose assignments
change: a look-up and a save. "x get" is what a known visitor costs more than without a cache, in
raw gets; "x get+set" the same of a new one. "dict" is a store that does nothing else, so it shows
the SDK's own share. Stores whose library or server is not there are left out: Redis needs
redis-server and redis-py, Django itself.

Usage: python benchmarks/caches.py [--campaigns 10] [--budget 1.0]
"""
from __future__ import print_function

import argparse
import contextlib
import itertools
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Python looks beside a script first, and would take http.py there for the standard library's.
sys.path[:] = [os.path.dirname(HERE)] + [path for path in sys.path if os.path.abspath(path) != HERE]

import shutil  # noqa: E402
import socket  # noqa: E402
import sqlite3  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402

from benchmarks.decisions import CONTEXT, document, microseconds  # noqa: E402
from flagship import Config, Flagship  # noqa: E402
from flagship.cache import MemoryVisitorCache, RedisVisitorCache, SQLiteVisitorCache  # noqa: E402
from flagship.cache.cache_visitor import VisitorCacheManager  # noqa: E402

VISITORS = 1000


class Recorder(VisitorCacheManager):
    """Notes the record of the visitor, so that the raw calls carry the very same text."""

    record = None

    def save(self, visitor_id, visitor_data):
        self.record = visitor_data

    def lookup(self, visitor_id):
        return None


def synchronising(file, manager, budget):
    """``(known, new)``: microseconds of create_visitor and synchronize_modifications."""
    flagship = Flagship.instance()
    flagship.start("env", "key", Config(
        mode=Config.Mode.BUCKETING, bucketing_file=None, polling_interval=0, initial_bucketing=file,
        timeout=0.2, cdn_url="http://127.0.0.1:9", visitor_cache_manager=manager,
        context_events=False))
    numbers, fresh = itertools.cycle(range(VISITORS)), itertools.count()

    def synchronise(visitor_id):
        result = flagship.create_visitor(visitor_id, False, CONTEXT).synchronize_modifications()
        assert result == (True, ""), result
    for number in range(VISITORS):
        synchronise(u"visitor-%d" % number)
    known = microseconds(lambda: synchronise(u"visitor-%d" % next(numbers)), budget)
    new = microseconds(lambda: synchronise(u"new-%d" % next(fresh)), budget)
    flagship.close()
    return known, new


def raw(get, put, text, budget):
    """``(get, get and set)`` of the store alone, in microseconds."""
    for number in range(VISITORS):
        put(u"raw-%d" % number, text)
    numbers, fresh = itertools.cycle(range(VISITORS)), itertools.count()

    def get_and_put():
        key = u"fresh-%d" % next(fresh)
        get(key)
        put(key, text)
    assert get(u"raw-0")
    return microseconds(lambda: get(u"raw-%d" % next(numbers)), budget), microseconds(
        get_and_put, budget)


class Plain(VisitorCacheManager):
    """The least that a store can do: what it adds to a synchronisation is the SDK's own share."""

    def __init__(self):
        self.records = {}
        self.save, self.lookup = self.records.__setitem__, self.records.get

    def save(self, visitor_id, visitor_data):
        """Replaced."""

    def lookup(self, visitor_id):
        """Replaced."""


@contextlib.contextmanager
def plain(directory):
    """Raw: itself."""
    manager = Plain()
    yield manager, manager.lookup, manager.save


@contextlib.contextmanager
def memory(directory):
    """Raw: a dict."""
    records = {}
    yield MemoryVisitorCache(max_visitors=1000000), records.get, records.__setitem__


@contextlib.contextmanager
def sqlite(directory):
    """Raw: one statement on an open connection with the same settings, without a bound."""
    manager = SQLiteVisitorCache(os.path.join(directory, "visitors.db"))
    connection = sqlite3.connect(os.path.join(directory, "raw.db"), isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL",
                      "CREATE TABLE visitors (visitor_id TEXT PRIMARY KEY, record TEXT)"):
        connection.execute(statement)
    yield (manager,
           lambda key: connection.execute("SELECT record FROM visitors WHERE visitor_id = ?",
                                          (key,)).fetchone(),
           lambda key, text: connection.execute("INSERT OR REPLACE INTO visitors VALUES (?, ?)",
                                                (key, text)))
    connection.close()
    manager.close()


@contextlib.contextmanager
def redis(directory):
    """Raw: GET and SET of redis-py, on a server of this run."""
    from redis import Redis
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    listener.close()
    server = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save",
                               "",
                               "--appendonly", "no", "--dir", directory], stdout=subprocess.PIPE)
    try:
        client, manager = Redis(port=port), RedisVisitorCache("redis://127.0.0.1:%d/0" % port,
                                                              timeout=5)
        for _ in range(200):
            try:
                client.ping()
                break
            except Exception:
                time.sleep(0.05)
        yield manager, client.get, client.set
        getattr(manager, "close", lambda: None)()
        client.connection_pool.disconnect()
    finally:
        server.terminate()
        server.communicate()


@contextlib.contextmanager
def django(directory):
    """Raw: get and set of Django's cache in local memory."""
    from django.conf import settings
    settings.configure(CACHES={"default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 1000000}}})
    from django.core.cache import cache
    from flagship.contrib.django.cache import DjangoVisitorCache
    yield DjangoVisitorCache(), cache.get, lambda key, text: cache.set(key, text, None)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=10)
    parser.add_argument("--budget", type=float, default=1.0, help="seconds a figure")
    options = parser.parse_args()
    file, recorder = document(options.campaigns), Recorder()
    synchronising(file, recorder, 0.1)
    text = json.dumps(recorder.record)
    without, _ = synchronising(file, None, options.budget)
    print("%d campaigns, a record of %d bytes" % (options.campaigns, len(text)))
    print("%-8s %10s %10s %10s %10s %8s %10s"
          % ("store", "known us", "new us", "get us", "get+set us", "x get",
             "x get+set"))
    print("%-8s %10.1f %10.1f" % ("none", without, without))
    for name, store in (("dict", plain), ("memory", memory), ("sqlite", sqlite), ("redis", redis),
                        ("django", django)):
        directory = tempfile.mkdtemp()
        try:
            with store(directory) as (manager, get, put):
                one, both = raw(get, put, text, options.budget)
                known, new = synchronising(file, manager, options.budget)
            print("%-8s %10.1f %10.1f %10.2f %10.2f %8.1f %10.1f" % (
                name, known, new, one, both, (known - without) / one, (new - without) / both))
        except (ImportError, OSError) as problem:
            print("%-8s left out: %s" % (name, problem))
        finally:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
