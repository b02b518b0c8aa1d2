"""Children of Celery's and RQ's workers deliver what they queued before they end."""
from __future__ import unicode_literals

import io
import json
import os
import signal
import subprocess
import sys

import pytest

from tests.support import ROOT, eventually, screens
from tests.test_cache_redis import Server, executable

pytestmark = pytest.mark.skipif(sys.version_info[:2] not in ((3, 11), (3, 13)),
                                reason="two Pythons are enough; the library forks alike on all")

TASKS = """
import json, os
from flagship import Config, Flagship
from flagship.hits import Screen

def start():
    Flagship.instance().start("env", "key", Config(
        tracking="deferred", tracking_interval=60, bucketing_file=None,
        **json.loads(os.environ["URLS"])))

def send(number):
    if not Flagship.instance().is_flagship_started():
        start()
    Flagship.instance().create_visitor("v").send_hit(Screen("s%d" % number))
"""

CELERY = """
from celery import Celery
from celery.signals import worker_ready
import tasks
app = Celery("app", broker="filesystem://", backend=None)
app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False, broker_transport_options={
    "data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control",
    "polling_interval": 0.05})
tasks.start()
work = app.task(tasks.send, name="send")

@worker_ready.connect
def enqueue(**ignored):
    for number in range(6):
        work.delay(number)
"""
NAMES = ["s%d" % number for number in range(6)]


def environment(emulator):
    return dict(os.environ, URLS=json.dumps(emulator.urls), C_FORCE_ROOT="1",
                PYTHONPATH=os.pathsep.join([ROOT, os.getcwd()] + list(filter(None, sys.path))))


def run(emulator, *arguments):
    with open("log", "ab") as log:
        return subprocess.Popen([sys.executable] + list(arguments), env=environment(emulator),
                                stdout=log, stderr=log)


def written():
    with io.open("log", encoding="utf-8") as log:
        return log.read()


@pytest.fixture
def files(tmpdir):
    for name, content in (("tasks.py", TASKS), ("app.py", CELERY)):
        tmpdir.join(name).write(content)
    for name in ("queue", "control"):
        tmpdir.mkdir(name)


@pytest.mark.parametrize("options", [["--max-tasks-per-child", "1"], []],
                         ids=["a child a task", "warm shutdown"])
def test_celery(emulator, files, options):
    """Started before the fork; whether a child ends after its task or with its worker."""
    worker = run(emulator, "-m", "celery", "-A", "app", "worker", "-P", "prefork", "-c", "2",
                 "-l", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat",
                 *options)
    try:
        assert eventually(lambda: written().count("succeeded in") == 6, 60)
        if options:
            assert eventually(lambda: screens(emulator) == NAMES, 20)
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0
    assert screens(emulator) == NAMES


@pytest.mark.skipif(executable() is None, reason="there is no redis-server")
@pytest.mark.parametrize("started", ["in the job", "in the worker"])
def test_rq(emulator, files, tmpdir, started):
    """A work horse ends with os._exit, whether the SDK was started in it or before the fork."""
    server = Server(str(tmpdir.mkdir("redis")))
    try:
        code = """
import sys, redis, rq, tasks
connection = redis.Redis(port=%d)
queue = rq.Queue(connection=connection)
for number in range(6):
    queue.enqueue(tasks.send, number)
if %r:
    tasks.start()
rq.Worker([queue], connection=connection).work(burst=True)
""" % (server.port, started == "in the worker")
        assert run(emulator, "-c", code).wait() == 0, written()
    finally:
        server.kill()
    assert screens(emulator) == NAMES
