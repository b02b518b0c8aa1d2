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

import pytest
import requests

from tests.support import ROOT, eventually, file_of, free_port

pytestmark = pytest.mark.skipif(sys.version_info[:2] not in ((3, 11), (3, 13)),
                                reason="it takes long, and runs on 3.11 and 3.13")

INTERVAL = 0.5  # seconds between two polls
WORKERS = 2
APPLICATION = "tests.servers.application:application"
GTHREAD = ("--worker-class", "gthread", "--threads", "4")
STOPS = 20      # seconds that a server's end may take, with all that it has to deliver


def gunicorn(*arguments):
    return ["-m", "gunicorn", "--workers", str(WORKERS), "--bind", "127.0.0.1:{port}"] + list(
        arguments) + [APPLICATION]


def uwsgi(*arguments):
    return ["uwsgi", "--http-socket", "127.0.0.1:{port}", "--master", "--processes", str(WORKERS),
            "--die-on-term", "--need-app", "--module", APPLICATION] + list(arguments)


#: name: (command, whether its workers end without atexit and so need the recipe)
SERVERS = {
    "gunicorn sync": (gunicorn(), False),
    "gunicorn sync preload": (gunicorn("--preload"), False),
    "gunicorn gthread": (gunicorn(*GTHREAD), False),
    "gunicorn gthread preload": (gunicorn("--preload", *GTHREAD), False),
    "gunicorn gevent": (gunicorn("--worker-class", "gevent"), False),
    "gunicorn gevent preload": (gunicorn("--worker-class", "gevent", "--preload"), False),
    "gunicorn max-requests": (gunicorn("--max-requests", "30"), False),
    "uwsgi threads": (uwsgi("--enable-threads", "--threads", "2"), True),
    "uwsgi lazy threads": (uwsgi("--enable-threads", "--lazy-apps"), True),
    "uwsgi without threads": (uwsgi(), True),
    "waitress": (["-m", "waitress", "--listen=127.0.0.1:{port}", APPLICATION], True),
    "uvicorn Django": (["-m", "uvicorn", "--port", "{port}", "--factory", "--log-level", "warning",
                        "tests.servers.application:asgi"], True),
}
ONE_PROCESS = ("waitress", "uvicorn Django")


def said():
    """The last that the server wrote."""
    with open("log") as log:
        return log.read()[-3000:]


def lost():
    """The hits of which the workers' log says that they are lost, as where one ends in a panic."""
    with open("log") as log:
        return sum(int(count) for line in log if "[tracking] lost" in line
                   for count in re.findall("([0-9]+) SCREENVIEW", line))


class Server(object):
    """A server under way, and what its pages answered."""

    def __init__(self, name, emulator):
        command, needs_recipe = SERVERS[name]
        self.workers = 1 if name in ONE_PROCESS else WORKERS
        self.taken, self.seen, self._changing = 0, {}, threading.Lock()
        options = dict(emulator.urls, polling_interval=INTERVAL, tracking="deferred",
                       tracking_interval=0.2, timeout=2)
        environment = dict(os.environ, FLAGSHIP_TEST_OPTIONS=json.dumps(options),
                           FLAGSHIP_TEST_SIGNALS="yes" if needs_recipe else "",
                           PYTHONPATH=os.pathsep.join([ROOT] + [path for path in sys.path if path]))
        port = self._port = free_port()
        self.url = "http://127.0.0.1:%d/" % port
        command = [part.format(port=port) for part in command]
        beside = os.path.join(os.path.dirname(sys.executable), command[0])
        command = [beside] + command[1:] if command[0] == "uwsgi" else [sys.executable] + command
        self._log = open("log", "w")
        self.process = subprocess.Popen(command, env=environment, stdout=self._log,
                                        stderr=self._log)

    def ask(self, times=5, at_once=8):
        """Ask from several threads at once; notes each worker's last value in ``seen``."""
        def work():
            for _ in range(times):
                try:
                    answer = requests.get(self.url, timeout=10)
                    pid, value, taken = answer.text.split()
                except (requests.RequestException, ValueError):
                    continue  # not up yet, or a worker that ended
                with self._changing:
                    self.seen[pid] = value
                    self.taken += int(taken)
        threads = [threading.Thread(target=work) for _ in range(at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def listens(self):
        """Whether it is up; asks no worker anything."""
        with contextlib.closing(socket.socket()) as connection:
            return connection.connect_ex(("127.0.0.1", self._port)) == 0

    def all_answer(self, value):
        """Whether every worker that answers now says so, and all do."""
        self.seen.clear()
        self.ask()
        assert self.process.poll() is None, said()
        return len(self.seen) >= self.workers and set(self.seen.values()) == {value}

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOPS)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._log.close()


@pytest.fixture
def serve(emulator):
    servers = []

    def serve(name, idle=False):
        emulator.set_bucketing(file_of("one"))
        servers.append(Server(name, emulator))
        up = servers[-1].listens if idle else lambda: servers[-1].all_answer("one")
        assert eventually(up, 30), said()
        return servers[-1]
    yield serve
    for server in servers:
        if server.process.poll() is None:
            server.stop()


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_workers_follow_and_lose_nothing(name, emulator, serve):
    """Every worker follows a changed file, a panic and its end; what the pages were told was taken
    is received, and the server ends in time."""
    server = serve(name)
    emulator.set_bucketing(file_of("two"))
    assert eventually(lambda: server.all_answer("two"), 30), server.seen
    emulator.panic = True
    assert eventually(lambda: server.all_answer("None"), 30), server.seen
    emulator.panic = False
    assert eventually(lambda: server.all_answer("two"), 30), server.seen
    server.ask(times=25)  # still queued, for the most part, when the server is told to end
    server.stop()
    assert len(emulator.hits) + lost() == server.taken, said()


@pytest.mark.parametrize("name", [
    "gunicorn sync preload", "gunicorn gthread preload", "gunicorn gthread"])
def test_a_reload_loses_nothing(name, emulator, serve):
    """HUP replaces the workers; what the old ones had queued is delivered."""
    server = serve(name)
    server.ask(times=25)
    before = set(server.seen)
    server.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: server.all_answer("one") and not before & set(server.seen), 30)
    server.stop()
    assert len(emulator.hits) + lost() == server.taken, said()


@pytest.mark.parametrize("name", [
    "gunicorn sync preload", "gunicorn gthread preload", "uwsgi without threads"])
def test_an_idle_worker_decides_its_first_request_on_a_fresh_file(name, emulator, serve):
    """A worker that was idle since the fork neither serves what is old nor knows nothing of a
    panic."""
    server = serve(name, idle=True)
    emulator.set_bucketing(file_of("two"))
    # Longer than an interval without a request.
    threading.Event().wait(3 * INTERVAL)
    for _ in range(10):
        server.ask(times=1, at_once=1)
        assert set(server.seen.values()) == {"two"}
        server.seen.clear()
    server.stop()
