"""Real servers: every worker follows the file and a panic, and what was sent is received when the
server ends."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from multiprocessing.pool import ThreadPool

import pytest
from six.moves import http_client

from flagship.emulator import Emulator
from tests.documented import undocumented
from tests.support import LIVES, ROOT, eventually, file_of, free_port

pytestmark = pytest.mark.skipif(not LIVES or sys.version_info[:2] not in ((3, 11), (3, 13)),
                                reason="it takes long, and runs on 3.11 and 3.13")

INTERVAL = 0.2  # seconds between two polls
WORKERS = 2
STOPS = 20      # seconds that a server's end may take, with all that it has to deliver
AT_ONCE = 4     # servers; more would only wait for each other

WSGI = "tests.servers.wsgi:application"
ASGI = "tests.servers.asgi:application"
GTHREAD = ("--worker-class", "gthread", "--threads", "4")


def gunicorn(*arguments):
    return ["-m", "gunicorn", "--workers", str(WORKERS), "--bind", "127.0.0.1:{port}"] + list(
        arguments) + [WSGI]


def uwsgi(*arguments):
    return ["uwsgi", "--http-socket", "127.0.0.1:{port}", "--master", "--processes", str(WORKERS),
            "--die-on-term", "--need-app", "--module", WSGI] + list(arguments)


#: name: (command, whether its workers end without atexit and so need the recipe)
SERVERS = {
    "gunicorn sync": (gunicorn(), False),
    "gunicorn sync preload": (gunicorn("--preload"), False),
    "gunicorn gthread": (gunicorn(*GTHREAD), False),
    "gunicorn gthread preload": (gunicorn("--preload", *GTHREAD), False),
    "gunicorn gevent": (gunicorn("--worker-class", "gevent"), False),
    "gunicorn gevent preload": (gunicorn("--worker-class", "gevent", "--preload"), False),
    "gunicorn max-requests": (gunicorn("--max-requests", "60"), False),
    "uwsgi threads": (uwsgi("--enable-threads", "--threads", "2"), False),
    "uwsgi lazy threads": (uwsgi("--enable-threads", "--lazy-apps"), False),
    "uwsgi without threads": (uwsgi(), False),
    "waitress": (["-m", "waitress", "--listen=127.0.0.1:{port}", WSGI], True),
    "uvicorn Django": (["-m", "uvicorn", "--port", "{port}", "--log-level", "warning", ASGI], True),
    "gunicorn uvicorn": (["-m", "gunicorn", "--workers", str(WORKERS), "--bind", "127.0.0.1:{port}",
                          "--worker-class", "uvicorn.workers.UvicornWorker", ASGI], True),
    # These have it from the setting.
    "flask run": (["-m", "flask", "--app", "tests.servers.flask_app", "run", "--port",
                   "{port}"], True),
    "runserver": (["-m", "tests.servers.manage", "runserver", "--noreload",
                   "127.0.0.1:{port}"], True),
}
ONE_PROCESS = ("waitress", "uvicorn Django", "flask run", "runserver")
#: Those that are also told to replace their workers.
RELOADED = ("gunicorn sync preload", "gunicorn gthread preload", "gunicorn gthread")


class Server(object):
    """A server under way, the platform that it has to itself, and what its pages answered."""

    def __init__(self, name, folder, emulator):
        command, needs_recipe = SERVERS[name]
        self.workers = 1 if name in ONE_PROCESS else WORKERS
        self.emulator, self.taken, self.seen, self._changing = emulator, 0, {}, threading.Lock()
        options = dict(emulator.urls, polling_interval=INTERVAL, tracking="deferred",
                       tracking_interval=1, timeout=2)
        environment = dict(os.environ, FLAGSHIP_TEST_OPTIONS=json.dumps(options),
                           FLAGSHIP_TEST_SIGNALS="yes" if needs_recipe else "",
                           PYTHONPATH=os.pathsep.join([ROOT] + [path for path in sys.path if path]))
        port = self._port = free_port()
        command = [part.format(port=port) for part in command]
        beside = os.path.join(os.path.dirname(sys.executable), command[0])
        command = [beside] + command[1:] if command[0] == "uwsgi" else [sys.executable] + command
        self._log = folder.join("log")
        with self._log.open("w") as log:
            self.process = subprocess.Popen(command, env=environment, cwd=str(folder), stdout=log,
                                            stderr=log)

    def said(self):
        """The last that the server wrote."""
        return self._log.read()[-3000:]

    def lost(self):
        """The hits of which the workers' log says that they are lost, as where one ends in a
        panic."""
        return sum(int(count) for line in self._log.readlines() if "[tracking] lost" in line
                   for count in re.findall("([0-9]+) SCREENVIEW", line))

    def ask(self, times=2, at_once=8):
        """Ask from several threads at once; notes each worker's last value in ``seen``."""
        def work():
            for _ in range(times):
                try:
                    pid, value, taken = self._page().split()
                except (EnvironmentError, http_client.HTTPException, ValueError):
                    continue  # not up yet, or a worker that ended
                with self._changing:
                    self.seen[pid] = value
                    self.taken += int(taken)
        threads = [threading.Thread(target=work) for _ in range(at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _page(self):
        with contextlib.closing(
                http_client.HTTPConnection("127.0.0.1", self._port, timeout=10)) as connection:
            connection.request("GET", "/")
            return connection.getresponse().read().decode("ascii")

    def listens(self):
        """Whether it is up; asks no worker anything."""
        assert self.process.poll() is None, self.said()
        with contextlib.closing(socket.socket()) as connection:
            return connection.connect_ex(("127.0.0.1", self._port)) == 0

    def all_answer(self, value, but=()):
        """Whether every worker that answers now says so, and all do; none of them is one of
        ``but``."""
        self.seen.clear()
        self.ask()
        assert self.process.poll() is None, self.said()
        return len(self.seen) >= self.workers and set(self.seen.values()) == {value} \
            and not set(but) & set(self.seen)

    def await_answers(self, *expected):
        assert eventually(lambda: self.all_answer(*expected), 40), (self.seen, self.said())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOPS)
        finally:
            self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def run(name, folder):
    """One server's life, from its start to its end."""
    with Emulator(file_of("one")) as emulator:
        server = Server(name, folder, emulator)
        try:
            assert eventually(server.listens, 40), server.said()
            server.await_answers("one")
            emulator.set_bucketing(file_of("two"))
            server.await_answers("two")
            emulator.panic = True
            server.await_answers("None")
            emulator.panic = False
            server.await_answers("two")
            if name in RELOADED:
                before = set(server.seen)
                server.ask(times=10)
                server.process.send_signal(signal.SIGHUP)
                server.await_answers("two", before)
            server.ask(times=15)  # still queued, for the most part, when it is told to end
            threading.Event().wait(0.1)  # a worker of uWSGI's that is busy runs no exit hooks
            server.stop()
        finally:
            server.kill()
        assert len(emulator.hits) + server.lost() == server.taken, server.said()
        assert [undocumented(each) for each in emulator.requests if undocumented(each)] == []


@pytest.fixture(scope="module")
def ends(request, tmpdir_factory):
    """How the lives of the servers that are asked for went, ``{name: its result}``: several run at
    once, as each waits for the most part."""
    names = [each.callspec.params["name"] for each in request.session.items
             if each.module is request.module]
    pool = ThreadPool(AT_ONCE)
    lives = {name: pool.apply_async(run, (name, tmpdir_factory.mktemp("server"))) for name in names}
    pool.close()
    pool.join()
    return lives


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_workers_follow_and_lose_nothing(name, ends):
    """Every worker follows a changed file, a panic and its end; what the pages were told was taken
    is received, also where HUP replaces the workers, and the server ends in time."""
    ends[name].get()
