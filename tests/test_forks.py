"""The bucketing file in forked children, frozen processes, and processes without threads: what is
decided is never older than it should be, and nobody waits for long."""
from __future__ import unicode_literals

import contextlib
import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import requests

from flagship import Config, Flagship
from flagship.decision import bucketing as bucketing_module
from tests.support import LIVES, ROOT, SLOW, eventually, file_of, free_port

pytestmark = pytest.mark.skipif(not LIVES, reason=SLOW)


@pytest.fixture
def bucketing(start):
    def bucketing(**options):
        return start(mode=Config.Mode.BUCKETING, **options)
    return bucketing


def pollers():
    return [thread for thread in threading.enumerate() if thread.name == "flagship-bucketing"]


def polls(emulator):
    return [each for each in emulator.requests if each.endpoint == "bucketing"]


def flag(flagship):
    visitor = flagship.create_visitor("ann")
    visitor.synchronize_modifications()
    return visitor.get_modification("flag0", None)


def child(work):
    """Fork, and have the child do ``work()``; the parent's view of it is a function that waits and
    returns what ``work`` returned, as text."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(reading)
            signal.alarm(60)
            os.write(writing, ("%s" % (work(),)).encode("utf-8"))
        finally:
            os._exit(0)
    os.close(writing)

    def answer():
        with os.fdopen(reading, "rb") as file:
            told = file.read().decode("utf-8")
        os.waitpid(pid, 0)
        return told
    return answer


@contextlib.contextmanager
def no_threads(monkeypatch):
    """The system refuses threads of the SDK's, as with a limit on processes."""
    real = threading.Thread.start

    def refuse(thread):
        if thread.name.startswith("flagship-bucketing"):
            raise RuntimeError("can't start new thread")
        return real(thread)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    yield
    monkeypatch.setattr(threading.Thread, "start", real)


def idle(seconds):
    """In a child: do nothing for so long, by the clock that tells how old the file is."""
    real = bucketing_module.elapsed
    bucketing_module.elapsed = lambda: real() + seconds


@contextlib.contextmanager
def forked(work):
    """A child that waits until the body is over and then does ``work()``; the body is given a list
    that holds afterwards what ``work`` returned, as text."""
    ready, go = os.pipe()

    def wait():
        os.read(ready, 1)
        return work()
    answer, told = child(wait), []
    yield told
    os.write(go, b".")
    told.append(answer())
    os.close(ready)
    os.close(go)


def test_the_first_decision_of_an_idle_child_is_on_a_fresh_file(emulator, bucketing):
    """A child that did nothing for longer than the interval asks before it decides."""
    emulator.set_bucketing(file_of(1))
    flagship = bucketing(polling_interval=60)

    def work():
        idle(70)
        return flag(flagship), len(pollers())
    with forked(work) as told:
        emulator.set_bucketing(file_of(2))
    assert told == ["(2, 1)"]


@pytest.mark.parametrize("before, after, told", [(False, True, "panic"), (True, False, "True")])
def test_a_child_knows_of_a_panic(emulator, bucketing, before, after, told):
    """Of one that began, and of one that is over, since the fork."""
    emulator.panic = before
    flagship = bucketing(polling_interval=60)

    def work():
        idle(70)
        return flagship.create_visitor("ann").synchronize_modifications()
    with forked(work) as found:
        emulator.panic = after
    assert told in found[0]


def test_a_child_waits_for_no_dead_platform(emulator, bucketing):
    """Its first decision waits within bounds, the others not at all, and goes on with the old
    file."""
    emulator.set_bucketing(file_of(1))
    flagship = bucketing(polling_interval=60, timeout=0.1, bucketing_timeout=30)

    def work():
        idle(70)
        times, ends = [], []
        for _ in range(3):
            began = time.time()
            assert flag(flagship) == 1
            times.append(time.time() - began)
        threads = [threading.Thread(target=lambda: ends.append(flag(flagship))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        return times[0] < 8 and max(times[1:]) < 1.5 and ends == [1] * 4
    with forked(work) as told:
        emulator.misbehave("bucketing", hang=True)
    assert told == ["True"]


def test_one_thread_refreshes(emulator, bucketing):
    """Of many first decisions one asks, and all decide on the fresh file."""
    emulator.set_bucketing(file_of(1))
    flagship = bucketing(polling_interval=60)

    def work():
        idle(70)
        seen = []
        threads = [threading.Thread(target=lambda: seen.append(flag(flagship))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        return seen == [2] * 8
    with forked(work) as told:
        emulator.set_bucketing(file_of(2))
        emulator.misbehave("bucketing", delay=0.3)
        before = len(polls(emulator))
    assert told == ["True"]
    assert len(polls(emulator)) - before == 1


def test_grandchildren(emulator, bucketing):
    """A child's child polls for itself, too."""
    emulator.set_bucketing(file_of(1))
    flagship = bucketing(polling_interval=0.05)

    def work():
        flag(flagship)
        return child(lambda: flag(flagship) == 1 and eventually(
            lambda: len([each for each in pollers() if each.is_alive()]) == 1))()
    assert child(work)() == "True"


def test_a_fork_of_which_nobody_is_told(emulator, bucketing):
    """uWSGI tells Python nothing of its forks: a child is recognised all the same."""
    from flagship import _process
    emulator.set_bucketing(file_of(1))
    flagship = bucketing(polling_interval=0.05)
    forks = _process.lineage()

    def work():
        _process._State.forks, _process._State.pid = forks, os.getppid()
        flag(flagship)
        return eventually(lambda: flag(flagship) == 2)
    answer = child(work)
    emulator.set_bucketing(file_of(2))
    assert answer() == "True"


SLEEPER = """
import sys
from flagship import Config, Flagship
cdn_url, decision_api_url, tracking_url = sys.argv[1:]
flagship = Flagship.instance()
flagship.start(u"env", u"key", Config(
    mode=Config.Mode.BUCKETING, polling_interval=1, bucketing_file=None, cdn_url=cdn_url,
    decision_api_url=decision_api_url, tracking_url=tracking_url))
while True:
    sys.stdout.write("ready\\n")
    sys.stdout.flush()
    if not sys.stdin.readline():
        break
    visitor = flagship.create_visitor(u"ann")
    visitor.synchronize_modifications()
    sys.stdout.write("%s\\n" % visitor.get_modification(u"flag0", None))
flagship.close()
"""


def environment(**more):
    path = os.pathsep.join([ROOT] + [path for path in sys.path if path])
    return dict(os.environ, PYTHONPATH=path, **{str(key): str(more[key]) for key in more})


def test_a_process_that_was_frozen(emulator):
    """What a laptop, a container or a function service stops for longer than the interval decides
    on a fresh file when it goes on."""
    emulator.set_bucketing(file_of(1))
    urls = [emulator.urls[name] for name in ("cdn_url", "decision_api_url", "tracking_url")]
    process = subprocess.Popen([sys.executable, "-c", SLEEPER] + urls,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())
    try:
        for version in (1, 2):
            assert process.stdout.readline() == b"ready\n"
            if version > 1:
                process.send_signal(signal.SIGSTOP)
                time.sleep(1.8)
                emulator.set_bucketing(file_of(version))
                process.stdin.write(b"go\n")
                process.stdin.flush()
                process.send_signal(signal.SIGCONT)
            else:
                process.stdin.write(b"go\n")
                process.stdin.flush()
            assert process.stdout.readline() == b"%d\n" % version
    finally:
        process.send_signal(signal.SIGCONT)
        process.communicate()


def test_a_process_that_was_frozen_while_it_polled(emulator, bucketing, monkeypatch):
    """What it asked for before is as old as the question, so it asks again."""
    emulator.set_bucketing(file_of(1))
    flagship = bucketing(polling_interval=0.5)
    emulator.misbehave("bucketing", delay=0.3)
    seen, real = len(polls(emulator)), bucketing_module.elapsed
    assert eventually(lambda: len(polls(emulator)) > seen)
    monkeypatch.setattr(bucketing_module, "elapsed", lambda: real() + 3600)
    emulator.behave("bucketing")
    emulator.set_bucketing(file_of(2))
    assert flag(flagship) == 2


def test_threads_that_the_system_refuses(emulator, bucketing, monkeypatch, log):
    """start does not raise, and one WARNING says what that means; decisions refresh an overdue
    file, and polling begins as soon as a thread can be had."""
    emulator.set_bucketing(file_of(1))
    with no_threads(monkeypatch):
        flagship = bucketing(polling_interval=0.2)
        assert flag(flagship) == 1 and pollers() == []
        emulator.set_bucketing(file_of(2))
        assert eventually(lambda: flag(flagship) == 2)
        line, = log.at(logging.WARNING)
        assert "no thread can be started" in line and "refreshed by decisions" in line
        snapshot = bucketing(polling_interval=0.2, initial_bucketing=file_of(0))
        assert flag(snapshot) == 2
    assert flag(snapshot) == 2 and len(pollers()) == 1
    emulator.clear()
    assert eventually(lambda: len(polls(emulator)) >= 2)


def uwsgi(port, *more):
    binary = os.path.join(os.path.dirname(sys.executable), "uwsgi")
    return [binary, "--http-socket", "127.0.0.1:%d" % port, "--wsgi-file", "application.py",
            "--master", "--processes", "3", "--die-on-term", "--need-app",
            "--pythonpath", ROOT] + list(more)


# uWSGI is in the test extra of 3.11 and 3.13.
HAS_UWSGI = os.path.exists(os.path.join(os.path.dirname(sys.executable), "uwsgi"))


class Uwsgi(object):
    """What uWSGI puts into a process of its own."""

    def __init__(self, **opt):
        self.opt = opt


def test_uwsgi_without_threads(emulator, bucketing, monkeypatch, log):
    """One WARNING says what will not happen and how to turn it on; decisions refresh the file."""
    monkeypatch.setitem(sys.modules, str("uwsgi"), Uwsgi(master=True))
    emulator.set_bucketing(file_of(1))
    flagship = bucketing(polling_interval=0.2)
    line, = log.at(logging.WARNING)
    assert "--enable-threads" in line and "polled" in line and "delivered" in line
    emulator.set_bucketing(file_of(2))
    assert eventually(lambda: flag(flagship) == 2)
    assert pollers() == [] and len(log.at(logging.WARNING)) == 1


UWSGI = """
import json, logging, os
from flagship import Config, Flagship
from flagship.hits import Screen

logging.basicConfig(level=logging.WARNING)
with Flagship.instance() as flagship:
    flagship.start(u"env", u"key", Config(tracking="deferred", bucketing_file=None,
                                          **json.loads(os.environ["OPTIONS"])))
    flagship.create_visitor(u"ann").send_hit(Screen(u"page"))
    # Nothing serves: uWSGI ends.
"""


@pytest.mark.skipif(not HAS_UWSGI, reason="uWSGI is in the test extra of 3.11 and 3.13")
@pytest.mark.parametrize("mode", ["API", "BUCKETING"])
@pytest.mark.parametrize("arguments, lines", [((), 1), (("--enable-threads",), 0)])
def test_deferred_tracking_under_uwsgi(emulator, tmpdir, mode, arguments, lines):
    """Without threads one WARNING says, in either mode, that nothing is delivered in the
    background, and how to turn it on; close delivers."""
    tmpdir.join("application.py").write(UWSGI.replace(
        'tracking="deferred"', 'mode=Config.Mode.%s, tracking="deferred"' % mode))
    process = subprocess.Popen(
        uwsgi(free_port(), *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=environment(OPTIONS=json.dumps(emulator.urls)))
    said = process.communicate()[0].decode("utf-8")
    warnings = [line for line in said.splitlines() if "WARNING:flagship" in line]
    assert len(warnings) == lines and len(emulator.hits) == 1, said
    assert all("--enable-threads" in line and "delivered" in line for line in warnings)


@pytest.mark.parametrize("option", ["enable-threads", "threads", b"enable-threads"], ids=repr)
def test_uwsgi_with_threads(emulator, bucketing, monkeypatch, log, option):
    monkeypatch.setitem(sys.modules, str("uwsgi"), Uwsgi())
    sys.modules["uwsgi"].opt = {option: True}
    bucketing(polling_interval=5)
    assert len(pollers()) == 1 and log.at(logging.WARNING) == []


def test_something_to_serve_does_not_wait(emulator, bucketing):
    """start waits a bounded time for the download, which goes on in the background."""
    emulator.set_bucketing(file_of(2))
    emulator.misbehave("bucketing", delay=3)
    began = time.time()
    flagship = bucketing(timeout=0.1, polling_interval=30, bucketing_timeout=20,
                         initial_bucketing=file_of(1))
    assert 1.5 < time.time() - began < 2.9 and flag(flagship) == 1
    assert eventually(lambda: flag(flagship) == 2)


def test_something_to_serve_is_refreshed_once_without_polling(emulator, bucketing, monkeypatch):
    """In the background as well."""
    monkeypatch.setattr(bucketing_module, "_LEAST_WAIT", 0.2)
    emulator.set_bucketing(file_of(2))
    emulator.misbehave("bucketing", delay=1)
    flagship = bucketing(timeout=0.1, polling_interval=0, bucketing_timeout=20,
                         initial_bucketing=file_of(1))
    assert flag(flagship) == 1
    assert eventually(lambda: flag(flagship) == 2)


def test_the_download_has_a_time_of_its_own(emulator, bucketing):
    """A page that allows a decision 0.1 s gets its file from a platform that needs longer."""
    emulator.set_bucketing(file_of(1))
    emulator.misbehave("bucketing", delay=0.4)
    assert flag(bucketing(timeout=0.1, polling_interval=5, bucketing_timeout=10)) == 1


class Closing(object):
    """A session that has the SDK closed while it makes a request, from another thread."""

    def __init__(self, times):
        self.times = times

    def __call__(self):
        session = requests.Session()
        real = session.send

        def send(request, **options):
            threads = [threading.Thread(target=Flagship.instance().close)
                       for _ in range(self.times)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return real(request, **options)
        session.send = send
        return session


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("initial", [None, file_of(1)], ids=["nothing", "something to serve"])
def test_close_during_start(emulator, bucketing, times, initial):
    """Whenever close comes, and however often, no thread is left."""
    bucketing(polling_interval=0.05, session=Closing(times), initial_bucketing=initial)
    Flagship.instance().close()
    assert eventually(lambda: pollers() == [])


def test_start_and_close_from_many_threads(emulator, bucketing, log):
    """In any order they leave no thread."""
    def work():
        for _ in range(5):
            bucketing(polling_interval=0.02, timeout=1)
            Flagship.instance().close()
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Flagship.instance().close()
    assert eventually(lambda: pollers() == [])


class Raising(object):
    """A session whose requests raise what they should not."""

    def __init__(self, error):
        self.error, self.calls = error, 0

    def __call__(self):
        session = requests.Session()
        real = session.send

        def send(request, **options):
            self.calls += 1
            if 2 <= self.calls <= 3:
                raise self.error
            return real(request, **options)
        session.send = send
        return session


@pytest.mark.parametrize("error", [ValueError("x"), MemoryError(), SystemExit(3),
                                   KeyboardInterrupt()], ids=repr)
def test_the_poller_survives(emulator, bucketing, log, error):
    """Whatever a poll raises is said in one line, and the next one follows."""
    emulator.set_bucketing(file_of(1))
    flagship = bucketing(polling_interval=0.05, session=Raising(error))
    assert eventually(lambda: len(log.at(logging.WARNING)) >= 2)
    emulator.set_bucketing(file_of(2))
    assert eventually(lambda: flag(flagship) == 2)
    assert len(log.at(logging.WARNING)) == 2


INTERVAL = 0.6  # seconds between two polls of the servers' workers
PAUSE = 1.2     # seconds in which a worker that has answered before has polled, or is late with it
APPLICATION = """
import logging, os, time
from flagship import Config, Flagship

logging.basicConfig(level=logging.WARNING)

flagship = Flagship.instance()
flagship.start(u"env", u"key", Config(
    mode=Config.Mode.BUCKETING, polling_interval=%g, bucketing_file=None,
    cdn_url=os.environ["CDN_URL"], decision_api_url=os.environ["DECISION_API_URL"],
    tracking_url=os.environ["TRACKING_URL"]))


def application(environ, start_response):
    if environ["PATH_INFO"] == "/up":
        answer = "up"
    else:
        visitor = flagship.create_visitor(u"ann")
        success, log = visitor.synchronize_modifications()
        sent = visitor.activate_modification(u"flag0")[0]
        answer = "%%d %%s %%s" %% (os.getpid(), visitor.get_modification(u"flag0", "none"), sent)
        time.sleep(0.15)  # so that another worker takes the next request
    start_response("200 OK", [("Content-Type", "text/plain"), ("Connection", "close")])
    return [answer.encode("ascii")]
""" % INTERVAL


def gunicorn(port, *more):
    return [sys.executable, "-m", "gunicorn.app.wsgiapp", "--preload", "--bind",
            "127.0.0.1:%d" % port, "application"] + list(more)


#: name: the command, given the port
SERVERS = {
    "gunicorn sync": lambda port: gunicorn(port, "--workers", "3")}
if sys.version_info >= (3,):  # it wants a library of its own on 2.7
    SERVERS["gunicorn gthread"] = lambda port: gunicorn(
        port, "--workers", "3", "--worker-class", "gthread", "--threads", "4")
if HAS_UWSGI:
    SERVERS["uwsgi"] = uwsgi
    SERVERS["uwsgi with threads"] = lambda port: uwsgi(port, "--enable-threads")


class Server(object):
    """The application, served."""

    def __init__(self, name, emulator):
        urls = {key.upper(): url for key, url in emulator.urls.items()}
        port, self._log = free_port(), name + ".log"
        with io.open(self._log, "wb") as log:
            self.process = subprocess.Popen(SERVERS[name](port), env=environment(**urls),
                                            stdout=log, stderr=log)
        self._url, self.name = "http://127.0.0.1:%d/" % port, name

    def said(self):
        with io.open(self._log, encoding="utf-8") as file:
            return file.read()

    def is_up(self):
        assert self.process.poll() is None, self.said()
        try:
            return requests.get(self._url + "up", timeout=10).text == "up"
        except requests.ConnectionError:
            return False

    def answer(self):
        """``(pid, what it says)`` of the worker that takes the request."""
        return tuple(requests.get(self._url, timeout=20).text.split(" ", 1))


def first_answers(servers, many=12):
    """What the workers of each server answer who are asked for at once, ``{name: set of
    answers}``; several workers of each answer."""
    seen, changing = {server.name: [] for server in servers}, threading.Lock()

    def ask(server):
        answer = server.answer()
        with changing:
            seen[server.name].append(answer)
    threads = [threading.Thread(target=ask, args=(server,)) for server in servers * many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = {}
    for name, answers in seen.items():
        pids, told[name] = map(set, zip(*answers))
        assert len(pids) >= 2, seen
    return told


@pytest.fixture
def servers(emulator, tmpdir):
    """All servers, up and not asked for anything yet."""
    emulator.set_bucketing(file_of(1))
    tmpdir.join("application.py").write(APPLICATION)
    servers = []
    try:
        for name in sorted(SERVERS):
            servers.append(Server(name, emulator))
        for server in servers:
            assert eventually(server.is_up, 60), server.said()
        yield servers
    finally:
        for server in servers:
            server.process.send_signal(signal.SIGTERM)
        for server in servers:
            server.process.wait()


def test_every_worker_s_first_answer_is_fresh(emulator, servers):
    """Workers that were idle since the fork, and again after a pause, know of a new file and of a
    panic with their first request, and activate nothing in it."""
    time.sleep(PAUSE)
    for told in ("2 True", "none False", "3 True"):
        emulator.panic = told == "none False"
        if not emulator.panic:
            emulator.set_bucketing(file_of(int(told[0])))
        if told != "2 True":
            time.sleep(PAUSE)
        before = len(emulator.activations)
        assert first_answers(servers) == {server.name: {told} for server in servers}
        assert told != "none False" or len(emulator.activations) == before
    for server in servers:
        assert server.said().count("uWSGI runs no threads") == (server.name == "uwsgi")


def test_a_child_is_not_held_by_what_another_thread_of_its_parent_does(emulator, start):
    """Contexts, identities and the state may be in the middle of a change when a process forks."""
    visitor, over = start().create_visitor("ann"), threading.Event()

    def change():
        while not over.is_set():
            visitor.update_context({"key": 1})
            visitor.authenticate("bob")
            visitor.unauthenticate()
    threads = [threading.Thread(target=change) for _ in range(3)]
    [thread.start() for thread in threads]
    try:
        for _ in range(25):
            pid = os.fork()
            if not pid:
                try:
                    signal.alarm(10)
                    visitor.update_context({"key": 2})
                    visitor.authenticate("eve")
                finally:
                    os._exit(0 if visitor.visitor_id == "eve" else 1)
            assert os.waitpid(pid, 0)[1] == 0
    finally:
        over.set()
        [thread.join() for thread in threads]
