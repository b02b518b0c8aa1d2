# -*- coding: utf-8 -*-
"""The visitor cache in Django's cache framework: in memory, in files and in a database."""
from __future__ import unicode_literals

import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import django
import pytest
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.management import call_command
from django.core.management.commands.createcachetable import Command
from django.db import connections

from flagship import Config
from flagship.contrib.django import DjangoVisitorCache
from flagship.errors import ParamError, TypingError
from flagship.testing.visitor_cache import VisitorCacheSuite
from tests.django_project import project
from tests.support import ROOT, WHOLE, eventually, everybody, slow

RECORD = {"version": 1, "data": {"vId": "ann", "vaIds": ["a", "b"]}}
KEY = "flagship:" + hashlib.sha256(b"env:ann").hexdigest()
ROOMY = {"MAX_ENTRIES": 100000}


class Noting(LocMemCache):
    """Django's cache in memory, which notes its calls and may be read-only."""

    calls, read_only, timeout = [], False, 300

    def get(self, key, default=None, version=None):
        self.calls.append("get")
        return LocMemCache.get(self, key, default, version)

    def _note(self, name):
        self.calls.append(name)
        if self.read_only:
            raise RuntimeError("read only")

    def set(self, key, value, timeout=300, version=None):
        self._note("set")
        Noting.timeout = timeout
        LocMemCache.set(self, key, value, timeout, version)

    if hasattr(LocMemCache, "touch"):
        def touch(self, key, timeout=300, version=None):
            self._note("touch")
            return LocMemCache.touch(self, key, timeout, version)


TOUCH = "touch" if hasattr(LocMemCache, "touch") else "set"


@pytest.fixture(scope="module", autouse=True)
def configured():
    folder = tempfile.mkdtemp()
    options = {"timeout": 20}
    if django.VERSION >= (5, 1):
        options["transaction_mode"] = "IMMEDIATE"
    backends = "django.core.cache.backends."
    with project(
            USE_TZ=True,
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3",
                                   "NAME": os.path.join(folder, "database"),
                                   "OPTIONS": options}},
            CACHES={"default": {"BACKEND": backends + "locmem.LocMemCache", "LOCATION": "memory",
                                "OPTIONS": ROOMY},
                    "files": {"BACKEND": backends + "filebased.FileBasedCache",
                              "LOCATION": os.path.join(folder, "files"), "OPTIONS": ROOMY},
                    "database": {"BACKEND": backends + "db.DatabaseCache", "LOCATION": "visitors",
                                 "OPTIONS": ROOMY},
                    "noting": {"BACKEND": __name__ + ".Noting", "LOCATION": "noting",
                               "OPTIONS": ROOMY}}):
        call_command(Command())
        yield
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def empty(configured):
    for alias in settings.CACHES:
        caches[alias].clear()
    Noting.calls, Noting.read_only = [], False


@pytest.fixture
def bucketing(emulator, start):
    """Starts the SDK in bucketing mode on one campaign of these variations."""
    def bucketing(cache, *variations):
        emulator.set_bucketing({"campaigns": [everybody("c", *variations)]})
        return start(mode=Config.Mode.BUCKETING, polling_interval=0, timeout=10,
                     visitor_cache_manager=cache)
    return bucketing


def made(alias="default", **options):
    cache = DjangoVisitorCache(alias, **options)
    cache.use_environment("env")
    return cache


class InBackend(VisitorCacheSuite):
    alias = None
    many = 300  # a call takes a millisecond in a file or database

    def make_manager(self):
        return DjangoVisitorCache(self.alias)

    def corrupt(self, manager, visitor_id):
        key = "flagship:" + hashlib.sha256(("suite:" + visitor_id).encode("utf-8")).hexdigest()
        assert json.loads(caches[self.alias].get(key))
        caches[self.alias].set(key, "{")


class TestInMemory(InBackend):
    alias = "default"
    many = 10000 if WHOLE else 300


class TestInFiles(InBackend):
    alias = "files"


class TestInDatabase(InBackend):
    alias = "database"

    def make_manager(self):
        class Tidy(DjangoVisitorCache):
            """Closes the connection that Django opens for each thread, as whoever starts a thread
            has to."""

            def lookup(self, visitor_id):
                return self._tidy(DjangoVisitorCache.lookup, visitor_id)

            def save(self, *arguments):
                self._tidy(DjangoVisitorCache.save, *arguments)

            def _tidy(self, call, *arguments):
                try:
                    return call(self, *arguments)
                finally:
                    if threading.current_thread().name != "MainThread":
                        connections.close_all()
        return Tidy(self.alias)

    def test_many_threads(self):
        if django.VERSION < (5, 1):
            pytest.skip("before 5.1 Django's database cache drops what threads save to SQLite at "
                        "the same time")
        VisitorCacheSuite.test_many_threads(self)


@pytest.mark.parametrize("alias", ["default", "files", "database"])
def test_key_and_value(alias):
    """JSON text under a key that memcached takes, whoever the visitor is; it never expires."""
    made(alias).save("ann", RECORD)
    assert json.loads(caches[alias].get(KEY)) == RECORD and len(KEY) < 100
    long = "访 客\n" * 1000
    made(alias, prefix="shop").save(long, {"version": 1, "data": {"vId": long, "vaIds": []}})
    assert caches[alias].get("shop:" + hashlib.sha256(("env:" + long).encode("utf-8")).hexdigest())
    assert made(alias, prefix="shop").lookup(long)["data"]["vId"] == long
    assert made(alias).lookup(long) is None


def test_none_is_for_ever():
    """Not Django's own default of 300 seconds."""
    made("noting").save("ann", RECORD)
    assert Noting.timeout is None


@pytest.mark.parametrize("content",
                         ["", "{", "NaN", "[" * 100000, "5", b"\xff", b"{", 5, ["a"], object],
                         ids=lambda content: repr(content)[:12])
def test_a_corrupt_value_is_repaired(bucketing, log, content):
    """It costs one line; the save after it makes it whole."""
    caches["default"].set(KEY, content)
    flagship = bucketing(DjangoVisitorCache(), ("a", 100, {}))
    for _ in range(2):
        assert flagship.create_visitor("ann").synchronize_modifications() == (True, "")
    assert len(log.at(logging.WARNING)) == 1 and "lookup" in log.at(logging.WARNING)[0]
    assert json.loads(caches["default"].get(KEY))["data"]["vId"] == "ann"


@pytest.mark.parametrize("alias", ["default", "files"])
def test_the_ttl_ends(alias):
    cache = made(alias, ttl=0.1)
    cache.save("ann", RECORD)
    assert eventually(lambda: (time.sleep(0.2), cache.lookup("ann"))[1] is None)


@slow
def test_the_ttl_slides():
    """A visitor that comes more often than the ttl is not forgotten."""
    kinds = [made(alias, ttl=2) for alias in ("default", "files", "database")]
    for cache in kinds:
        cache.save("ann", RECORD)
    ends = time.time() + 3
    while time.time() < ends:
        assert [cache.lookup("ann") for cache in kinds] == [RECORD] * 3
        time.sleep(0.1)


def test_a_refresh_is_rare():
    """A lookup writes only when a tenth of the ttl has passed since this process wrote."""
    cache = made("noting", ttl=1000)
    cache.save("ann", RECORD)
    for _ in range(10):
        cache.lookup("ann")
    assert Noting.calls == ["set"] + ["get"] * 10
    other, Noting.calls = made("noting", ttl=1000), []
    for _ in range(10):
        other.lookup("ann")
    assert Noting.calls == ["get", TOUCH] + ["get"] * 9
    cache, Noting.calls = made("noting", ttl=5), []
    cache.save("ann", RECORD)
    assert eventually(lambda: cache.lookup("ann") and TOUCH in Noting.calls[1:])


def test_a_synchronisation_that_changes_nothing_writes_nothing(bucketing):
    flagship = bucketing(DjangoVisitorCache("noting"), ("a", 100, {}))
    for _ in range(3):
        assert flagship.create_visitor("ann").synchronize_modifications() == (True, "")
    assert Noting.calls == ["get", "set", "get", "get"]


def test_no_refresh_without_a_ttl():
    cache = made("noting")
    cache.save("ann", RECORD)
    cache.lookup("ann")
    assert Noting.calls == ["set", "get"]


def test_what_is_noted_is_bounded():
    """After ten thousand others a visitor is refreshed early, as memory must not grow with their
    number."""
    cache = made("noting", ttl=1000)
    for number in range(10001):
        cache.save("%d" % number, RECORD)
    Noting.calls = []
    assert cache.lookup("0") and Noting.calls == ["get", TOUCH]


def test_a_read_only_cache(bucketing, log):
    """What was read counts, and a line says that its expiry was not renewed."""
    made("noting").save("ann", {"version": 1, "data": {"vId": "ann", "vaIds": ["a"]}})
    Noting.read_only = True
    flagship = bucketing(DjangoVisitorCache("noting", ttl=5), ("a", 0, {"flag": "a"}),
                         ("b", 100, {"flag": "b"}))
    visitor = flagship.create_visitor("ann")
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.get_modification("flag", None) == "a"
    line, = log.at(logging.WARNING)
    assert "expiry was not renewed: RuntimeError" in line


def test_a_cache_that_is_not_there(start, log):
    """An alias that the settings do not have costs a line, and no decision."""
    flagship = start(visitor_cache_manager=DjangoVisitorCache("nowhere"))
    visitor = flagship.create_visitor("ann", context={"vip": True})
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.get_modification("discount", 0) == 20
    line, = log.at(logging.ERROR)
    assert "nowhere" in line


def test_made_before_the_settings():
    """The settings themselves may make one, and nothing of the library imports Django."""
    code = ("import sys, flagship, flagship.cache, flagship.contrib\n"
            "assert not [name for name in sys.modules if name.split('.')[0] == 'django']\n"
            "from flagship.contrib.django import DjangoVisitorCache\n"
            "cache = DjangoVisitorCache()\n"
            "from django.conf import settings\n"
            "assert not settings.configured\n"
            "settings.configure(CACHES={'default': {\n"
            "    'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}})\n"
            "assert cache.lookup('ann') is None\n")
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=dict(os.environ,
                 PYTHONPATH=os.pathsep.join([ROOT] + [path for path in sys.path if path])))
    output = process.communicate()[0].decode("utf-8")
    assert process.returncode == 0, output


@pytest.mark.parametrize("parameter, error, arguments", [
    ("alias", TypingError, {"alias": None}), ("alias", ParamError, {"alias": ""}),
    ("prefix", TypingError, {"prefix": 5}), ("prefix", ParamError, {"prefix": ""}),
    ("prefix", ParamError, {"prefix": "a b"}), ("prefix", ParamError, {"prefix": "é"}),
    ("prefix", ParamError, {"prefix": "a\n"}), ("prefix", ParamError, {"prefix": "a" * 101}),
    ("ttl", TypingError, {"ttl": "60"}), ("ttl", TypingError, {"ttl": True}),
    ("ttl", ParamError, {"ttl": 0}),
    ("ttl", ParamError, {"ttl": float("inf")}), ("ttl", ParamError, {"ttl": 1e12})], ids=repr)
def test_arguments(parameter, error, arguments):
    """A mistake is an error when the cache is made, and names its parameter."""
    with pytest.raises(error) as caught:
        DjangoVisitorCache(**arguments)
    assert caught.value.parameter == parameter and "DjangoVisitorCache" in str(caught.value)


@pytest.mark.parametrize("call", [
    lambda cache: cache.lookup(5), lambda cache: cache.save(None, RECORD),
    lambda cache: cache.use_environment(5)])
def test_arguments_of_calls(call):
    with pytest.raises(TypingError):
        call(DjangoVisitorCache())
