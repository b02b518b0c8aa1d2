"""What the tests share: the emulator on a free port, a started SDK, its log lines, and a look for
what is left."""
import gc
import os
import tempfile
import threading
import warnings

import hypothesis
import pytest

from flagship import Config, Flagship
from flagship.emulator import Emulator
from tests.documented import undocumented
from tests.support import BETWEEN, WHOLE, Log, data, sockets

# An example that takes long on a busy machine has failed nothing, and nothing is kept in the
# working directory. Without the phase "target": no test here has one, and in the last hypothesis
# for 2.7 it can go on for minutes all the same.
hypothesis.settings.register_profile("patient", deadline=None, database=None, phases=[
    hypothesis.Phase.explicit, hypothesis.Phase.generate, hypothesis.Phase.shrink],
    max_examples=100 if WHOLE else 20)
hypothesis.settings.load_profile("patient")

# Files that only the Pythons at the ends and the main one run, unless they are named: the tools
# around the library, what reads its source, and what has long tests alone.
if BETWEEN:
    collect_ignore = ["test_%s.py" % name for name in (
        "batch cache_redis cli cli_completion cli_emulator cli_terminal compare decision_reads "
        "decision_refresh docs doctor documented ecommerce emulated emulator emulator_decisions "
        "emulator_front emulator_hits examples_start flask_app forks gunicorn kinds layering lint "
        "packaging peers quickstart readme servers shops soak tracking_celery tracking_contexts "
        "tracking_delivery tracking_ends tracking_spool tracking_threads troubleshooting types "
        "upgrade").split()]


def pytest_collection_finish():
    """What the collection made stays to the end: gc need not go through it in each collection, of
    which each took a third of a second. Python 2.7 and 3.6 have no way to say so."""
    gc.collect()
    getattr(gc, "freeze", int)()


@pytest.fixture
def log():
    return Log()


class _Witness(Emulator):
    """An emulator that remembers what a test has it forget.

    :ivar bool is_watched: whether the test fails where the SDK sent what it is not documented to;
        False in a test that makes it do so.
    """

    def __init__(self, bucketing):
        super(_Witness, self).__init__(bucketing)
        self.is_watched, self._forgotten = True, []

    def clear(self):
        self._forgotten += self.requests
        super(_Witness, self).clear()

    @property
    def all_requests(self):
        return self._forgotten + self.requests


@pytest.fixture
def emulator():
    """The emulator, which takes what the platform takes. A test whose SDK sent anything that it is
    not documented to send fails."""
    with _Witness(data("shop.json")) as emulator:
        yield emulator
    if emulator.is_watched:
        problems = [(undocumented(request), request.as_dict()) for request in emulator.all_requests]
        assert [each for each in problems if each[0]] == []


@pytest.fixture
def start(emulator, log):
    """Starts the SDK on the emulator, anew each time; options go to Config. With ``again=True`` as
    a program does that starts once more. Closed afterwards."""
    def start(again=False, **options):
        if not again:
            Flagship.instance().close()
        options.setdefault("event_handler", log)
        options.setdefault("bucketing_file", None)
        options.setdefault("timeout", 2)
        for name in ("tracking_timeout", "bucketing_timeout"):
            options.setdefault(name, options["timeout"])
        for name, url in emulator.urls.items():
            options.setdefault(name, url)
        Flagship.instance().start(emulator.env_id, emulator.api_key, Config(**options))
        return Flagship.instance()
    yield start
    Flagship.instance().close()


@pytest.fixture
def visitor(start):
    """A synchronised, authenticated visitor in API mode, of whom the emulator has forgotten
    everything."""
    def visitor(visitor_id="ann", authenticated=False, context=None, **options):
        visitor = start(**options).create_visitor(visitor_id, authenticated, context)
        assert visitor.synchronize_modifications() == (True, "")
        return visitor
    return visitor


@pytest.fixture(scope="session")
def folders(tmpdir_factory):
    return tmpdir_factory.mktemp("tests")


@pytest.fixture
def tmpdir(folders):
    """As pytest's own, which looks through all that it has made before it makes the next."""
    return type(folders)(tempfile.mkdtemp(dir=str(folders)))


@pytest.fixture(autouse=True)
def nothing_left(tmpdir, monkeypatch):
    """Each test runs in a directory of its own and leaves no thread and no socket; no proxy stands
    before loopback."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
    threads, before, old = set(threading.enumerate()), sockets(), os.getcwd()
    tmpdir.chdir()
    with warnings.catch_warnings():
        yield
    os.chdir(old)
    left = set(threading.enumerate()) - threads
    if left:
        gc.collect()  # asgiref's executors end their threads when they are collected
    for thread in left:
        thread.join(2)
    assert not [thread for thread in left if thread.is_alive()]
    if sockets() - before:
        gc.collect()  # an answer in a traceback keeps its socket for a while
    assert not sockets() - before
