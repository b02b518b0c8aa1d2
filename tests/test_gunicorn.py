"""Under gunicorn --preload every worker follows the bucketing file with a poller of its own."""
from __future__ import unicode_literals

import io
import os
import signal
import subprocess
import sys
import threading

import requests

from flagship._compat import monotonic
from tests.support import ROOT, eventually, file_of, free_port, slow

APPLICATION = """
import os, threading, time
from flagship import Config, Flagship

flagship = Flagship.instance()
flagship.start(u"env", u"key", Config(
    mode=Config.Mode.BUCKETING, polling_interval=0.5, bucketing_file=None,
    cdn_url=os.environ["CDN_URL"], decision_api_url=os.environ["DECISION_API_URL"],
    tracking_url=os.environ["TRACKING_URL"]))


def application(environ, start_response):
    visitor = flagship.create_visitor(u"ann")
    success, log = visitor.synchronize_modifications()
    pollers = [each for each in threading.enumerate() if each.name == "flagship-bucketing"]
    time.sleep(0.005)  # so that another worker takes the next request
    start_response("200 OK", [("Content-Type", "text/plain"), ("Connection", "close")])
    flag = visitor.get_modification(u"flag0", None)
    return [("%d %s %d" % (os.getpid(), flag, len(pollers))).encode("ascii")]
"""
INTERVAL = 0.5  # seconds, the application's


def ask(url, seen):
    """Ask 40 times from eight threads; notes each worker's last answer in ``seen``, pid to
    (version, pollers)."""
    def work():
        for _ in range(5):
            try:
                pid, version, pollers = requests.get(url, timeout=10).text.split()
                seen[pid] = version, pollers
            except requests.ConnectionError:
                pass  # not up yet
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@slow
def test_every_worker_follows(emulator, tmpdir):
    """Four workers answer with a new file, which each process has fetched once, and none polls more
    than it should."""
    emulator.set_bucketing(file_of(1))
    with io.open("application.py", "w") as file:
        file.write(APPLICATION)
    urls = {name.upper(): url for name, url in emulator.urls.items()}
    environment = dict(os.environ,
                       PYTHONPATH=os.pathsep.join([ROOT] + [path for path in sys.path if path]), **{
                           str(name): str(url) for name, url in urls.items()})
    port = free_port()
    with open("log", "w") as log:
        server = subprocess.Popen([sys.executable, "-m", "gunicorn.app.wsgiapp", "--preload",
                                   "--workers", "4", "--bind",
                                   "127.0.0.1:%d" % port, "application"], env=environment,
                                  stdout=log, stderr=log)
    try:
        url, seen = "http://127.0.0.1:%d/" % port, {}

        def answered(version):
            ask(url, seen)
            assert server.poll() is None, io.open("log").read()
            return len(seen) == 4 and set(seen.values()) == {(version, "1")}
        assert eventually(lambda: answered("1"), 30), seen
        began = monotonic()
        emulator.clear()
        emulator.set_bucketing(file_of(2))
        assert eventually(lambda: answered("2"), 30), seen
        polls = [each for each in emulator.requests if each.endpoint == "bucketing"]
        # Four workers and the master; on a machine that is busy the answers take more than two
        # intervals.
        assert [each.status for each in polls].count(200) <= 5
        assert len(polls) <= 5 * ((monotonic() - began) / INTERVAL + 2)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    assert server.returncode == 0
