"""What a refresh of the bucketing file costs: compiling a file against decoding it, and what a view
sees of a refresh in another thread.

Usage: python benchmarks/refresh.py [--campaigns N] [--changed N] [--refreshes N]

A process of its own serves files, each with some campaigns changed. One thread downloads and
compiles them, one after the other, while the main thread makes visitors and reads one flag of each,
or all. A call is timed by what the whole process computed in the meantime, the refresh included:
that is how long it takes on a machine that has nothing else to do, and other processes do not
count. "Without" are as many calls without a refresh. The first call of all, which prepares what all
later ones share, counts by itself. So do the full passes of Python's garbage collector, which stop
all threads for a time that depends on all of the process's objects (Python 3 only). Needs nothing
but the library.
"""
from __future__ import print_function

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Python looks beside a script first, and would take http.py there for the standard library's.
sys.path[:] = [os.path.dirname(HERE)] + [path for path in sys.path if os.path.abspath(path) != HERE]

import argparse  # noqa: E402
import copy  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
import subprocess  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402

from six.moves import BaseHTTPServer  # noqa: E402

from benchmarks.decisions import CONTEXT, Stub, document  # noqa: E402
from flagship import Config, Flagship  # noqa: E402
from flagship.decision.compiled import Campaigns  # noqa: E402

_cpu = getattr(time, "process_time", None) or time.clock


def variant(file, number, changed):
    """The file with the flags of some campaigns changed, as JSON."""
    file = copy.deepcopy(file)
    campaigns = file["campaigns"]
    for place in range(changed):
        campaign = campaigns[(number * changed + place) % len(campaigns)]
        for group in campaign["variationGroups"]:
            for each in group["variations"]:
                value = each["modifications"]["value"]
                value.update((key, "%s-%d" % (value[key], number)) for key in value)
    return json.dumps(file).encode("ascii")


def serve(size, changed):
    """Serve one variant after the other, until the standard input ends."""
    file, served = document(size), []

    class Handler(BaseHTTPServer.BaseHTTPRequestHandler):
        def do_GET(self):
            body = variant(file, len(served), changed)
            served.append(len(body))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass
    server = BaseHTTPServer.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.daemon = True
    thread.start()
    print(server.server_port)
    sys.stdout.flush()
    sys.stdin.read()


def best(call, times=9):
    """Milliseconds of CPU of the best of several calls."""
    taken = []
    for _ in range(times):
        began = _cpu()
        call()
        taken.append(_cpu() - began)
    return min(taken) * 1e3


def compiling(size):
    """``(milliseconds to decode a file, to compile it)``."""
    text = json.dumps(document(size))
    decoded = json.loads(text)
    rounds = [(best(lambda: json.loads(text), 3), best(lambda: Campaigns(decoded), 3))
              for _ in range(5)]
    return min(each for each, _ in rounds), min(each for _, each in rounds)


class Collector(object):
    """Counts the full passes of the garbage collector, and adds up the seconds they take."""

    def __init__(self):
        self.count, self.taken, self._began = 0, 0.0, 0.0
        getattr(gc, "callbacks", []).append(self._note)

    def _note(self, phase, details):
        if details["generation"] < 2:
            return
        if phase == "start":
            self._began = _cpu()
        else:
            self.count, self.taken = self.count + 1, self.taken + _cpu() - self._began


class Loop(object):
    """Decides for new visitors until it is told to stop."""

    def __init__(self, flagship, reads_all, collector):
        self._flagship, self._reads_all, self._collector = flagship, reads_all, collector
        self.worst, self.worst_with_passes, self.count = 0.0, 0.0, 0

    def call(self):
        """Decide for a new visitor, and return the seconds ``(without, with)`` full passes of the
        garbage collector."""
        self.count += 1
        began, passes = _cpu(), self._collector.taken
        visitor = self._flagship.create_visitor(u"visitor-%d" % self.count, False, CONTEXT)
        visitor.synchronize_modifications()
        if self._reads_all:
            len(visitor.modifications)
        visitor.get_modification(u"flag_c0", None)
        taken = _cpu() - began
        return taken - (self._collector.taken - passes), taken

    def run(self, goes_on):
        while goes_on():
            taken, with_passes = self.call()
            self.worst = max(self.worst, taken)
            self.worst_with_passes = max(self.worst_with_passes, with_passes)
        return self


def say_refreshing(flagship, config, count, reads_all):
    """Print what the calls take during refreshes, and without."""
    def refresh():
        for _ in range(count):
            flagship.start("env", "key", config)  # loads the file, and restarts nothing
    collector = Collector()
    during, without = (Loop(flagship, reads_all, collector) for _ in range(2))
    first, _ = during.call()
    thread = threading.Thread(target=refresh)
    thread.start()
    during.run(thread.is_alive)
    thread.join()
    passes = collector.count
    without.run(lambda: without.count < during.count)
    print("%s of a new visitor: first call %.1f ms; worst of %d calls %.1f ms during %d refreshes "
          "(%.1f ms with the garbage collector's full passes, %d), %.1f ms without" % (
              "all flags" if reads_all else "one flag", first * 1e3, during.count,
              during.worst * 1e3, count, during.worst_with_passes * 1e3, passes,
              without.worst * 1e3))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=1000)
    parser.add_argument("--changed", type=int, default=10, help="campaigns of each file")
    parser.add_argument("--refreshes", type=int, default=50)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.campaigns, options.changed)
    decoding, compiled = compiling(options.campaigns)
    print("%d campaigns: json.loads %.1f ms, compiled in %.1f ms: %.2f times that" % (
        options.campaigns, decoding, compiled, compiled / decoding))
    server = subprocess.Popen(
        [sys.executable, os.path.abspath(__file__), "--serve", "--campaigns",
         str(options.campaigns), "--changed", str(options.changed)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        url = "http://127.0.0.1:%d" % int(server.stdout.readline())
        config = Config(mode=Config.Mode.BUCKETING, bucketing_file=None, polling_interval=-1,
                        cdn_url=url, timeout=10)
        with Flagship.instance() as flagship:
            flagship.start("env", "key", config)
            flagship._runtime.parts = flagship._runtime.parts._replace(tracking=Stub())
            for reads_all in (False, True):
                say_refreshing(flagship, config, options.refreshes, reads_all)
    finally:
        server.stdin.close()
        server.wait()


if __name__ == "__main__":
    main()
