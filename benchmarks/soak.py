"""API mode under load and faults: threads decide, activate, send hits and log in and out at full
speed against an emulator, in a process of its own, that fails a share of the requests at random.
Nothing may raise or hang, what was delivered and what was counted as lost must be what was sent,
and memory, threads and sockets must stay flat.

Usage: python benchmarks/soak.py [--seconds 600] [--threads 8] [--tracking immediate|deferred]
"""
from __future__ import print_function

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
# Beside this script stands an http.py, which is not the standard library's.
sys.path[:] = [ROOT] + [path for path in sys.path if os.path.abspath(path) != HERE]

import argparse  # noqa: E402
import json  # noqa: E402
import subprocess  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
import traceback  # noqa: E402

import requests  # noqa: E402

from benchmarks.bucketing_soak import Silent, resident_kb  # noqa: E402
from flagship import Config, Flagship  # noqa: E402
from flagship.hits import Event, EventCategory, Page  # noqa: E402

CAMPAIGNS = os.path.join(ROOT, "examples", "campaigns.json")
TIMEOUT = 2.0
# Faults that the platform cannot have taken anything in spite of.
FAULTS = {"campaigns": {"status": 500}, "events": {"reset": "before"}, "activate": {"status": 503},
          "hit": {"reset": "before"}}


class Worker(threading.Thread):
    """One thread of visitors; counts what it is told."""

    def __init__(self, number, flagship, ended):
        threading.Thread.__init__(self)
        self._number, self._flagship, self._ended = number, flagship, ended
        # Kind: [well, not].
        self.told = {"decisions": [0, 0], "activations": [0, 0], "hits": [0, 0]}
        self.slowest, self.errors = 0.0, []

    def run(self):
        try:
            turn = 0
            while not self._ended.is_set():
                turn += 1
                self._visit(u"visitor-%d-%d" % (self._number, turn % 50))
        except Exception:
            self.errors.append(traceback.format_exc())

    def _visit(self, visitor_id):
        visitor = self._flagship.create_visitor(visitor_id,
                                                context={u"country": u"FR", u"vip": True})
        self._call("decisions", visitor.synchronize_modifications)
        visitor.get_modification(u"cta_label", u"buy")
        if visitor.modifications:
            self._call("activations", lambda: visitor.activate_modification(u"cta_label"))
        self._call("hits", lambda: visitor.send_hit(Page(u"https://shop.example/")))
        visitor.authenticate(visitor_id + u"-known")
        self._call("decisions", visitor.synchronize_modifications)
        self._call("hits", lambda: visitor.send_hit(Event(EventCategory.ACTION_TRACKING, u"buy")))
        visitor.unauthenticate()

    def _call(self, kind, call):
        began = time.time()
        success = call()[0]
        self.slowest = max(self.slowest, time.time() - began)
        self.told[kind][not success] += 1


def soak(seconds, threads=8, tracking="immediate", share=0.05):
    """Run it; a dict of what was seen."""
    emulator = subprocess.Popen([sys.executable, "-m", "flagship.emulator", "--bucketing",
                                 CAMPAIGNS],
                                stdout=subprocess.PIPE,
                                env=dict(os.environ, PYTHONPATH=os.pathsep.join(
                                    [ROOT] + [path for path in sys.path if path])))
    control = requests.Session()
    control.trust_env = False
    try:
        lines = [emulator.stdout.readline().decode("ascii").strip() for _ in range(4)]
        urls = dict(line.split("=", 1) for line in lines)
        received = urls.pop("received")
        for endpoint, fault in FAULTS.items():
            control.post(received.replace("received", "faults"),
                         data=json.dumps(dict(fault, endpoint=endpoint, share=share)))
        flagship = Flagship.instance()
        flagship.start("env", "key",
                       Config(event_handler=Silent(), timeout=TIMEOUT, tracking=tracking,
                              **urls))
        ended, kilobytes, open_files = threading.Event(), [], []
        workers = [Worker(number, flagship, ended) for number in range(threads)]
        for worker in workers:
            worker.start()
        ends, step = time.time() + seconds, max(seconds / 20.0, 0.5)
        while time.time() < ends:
            time.sleep(min(step, max(0, ends - time.time())))
            control.delete(received)
            kilobytes.append(resident_kb())
            open_files.append(len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd")
                              else 0)
        ended.set()
        for worker in workers:
            worker.join()
        flagship.flush(120)
        counters = flagship.status.tracking
        flagship.close()
        accepted = control.get(received).json()["accepted"]
    finally:
        emulator.terminate()
        emulator.wait()
        emulator.stdout.close()
        control.close()
    told = {kind: [sum(worker.told[kind][way] for worker in workers) for way in (0, 1)]
            for kind in ("decisions", "activations", "hits")}
    return {"told": told, "accepted": accepted, "counters": counters,
            "slowest": max(each.slowest for each in workers),
            "errors": [error for worker in workers for error in worker.errors], "kb": kilobytes,
            "files": open_files, "threads_left": threading.active_count() - 1}


def problems(report, tracking):
    """What is wrong with a report, a list of text."""
    told, accepted, wrong = report["told"], report["accepted"], list(report["errors"])
    if tracking == "immediate":
        for kind in told:
            if told[kind][0] != accepted[kind]:
                wrong.append("%s: told %d, accepted %d" % (kind, told[kind][0], accepted[kind]))
    else:
        queued, sent, failed, dropped, _ = report["counters"]
        # Each decision has a context event.
        taken = told["hits"][0] + told["activations"][0] + told["decisions"][0]
        arrived = accepted["hits"] + accepted["activations"] + accepted["context_events"]
        # At full speed more is made than one thread can send; what is too much must be counted as
        # dropped.
        if queued or sent != arrived or sent + failed + dropped != taken:
            wrong.append("taken %d, arrived %d, counted %s" % (taken, arrived, report["counters"]))
    if report["slowest"] > 2 * TIMEOUT + 2:
        wrong.append("a call took %.1f s" % report["slowest"])
    if report["threads_left"]:
        wrong.append("%d threads left" % report["threads_left"])
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--tracking", default="immediate", choices=("immediate", "deferred"))
    options = parser.parse_args()
    report = soak(options.seconds, options.threads, options.tracking)
    for kind, (well, badly) in sorted(report["told"].items()):
        print("%-14s %9d well %7d failed, the platform accepted %d"
              % (kind, well, badly, report["accepted"][kind]))
    print("counters       %s" % (report["counters"],))
    print("slowest call   %.3f s" % report["slowest"])
    print("memory, kB     %s" % " ".join(str(each) for each in report["kb"]))
    print("open files     %s" % " ".join(str(each) for each in report["files"]))
    wrong = problems(report, options.tracking)
    print("\n".join(wrong) or "no exception, no hang, nothing lost uncounted")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
