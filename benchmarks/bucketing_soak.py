"""Bucketing mode under load: the file changes ten times a second, panic toggles, threads
synchronise at full speed. Every set of modifications must belong to exactly one version of the
file, nothing may raise, memory must stay flat.

Usage: python benchmarks/bucketing_soak.py [--seconds 60] [--threads 8]
"""
from __future__ import print_function

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Python looks beside a script first, and would take http.py there for the standard library's.
sys.path[:] = [os.path.dirname(HERE)] + [path for path in sys.path if os.path.abspath(path) != HERE]

import argparse  # noqa: E402
import gc  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
import traceback  # noqa: E402

from flagship import Config, Flagship  # noqa: E402
from flagship.emulator import Emulator  # noqa: E402
from flagship.handler import FlagshipEventHandler  # noqa: E402

CAMPAIGNS = 20
EVERYBODY = {"targetingGroups": [
    {"targetings": [{"key": "fs_all_users", "operator": "EQUALS", "value": ""}]}]}


def document(version):
    return {"campaigns": [{"id": "c%d" % place, "type": "ab", "variationGroups": [{
        "id": "g%d" % place, "targeting": EVERYBODY, "variations": [
            {"id": "v%d-%d-%d" % (place, version, half), "allocation": 50,
             "modifications": {"type": "JSON", "value": {"flag%d" % place: version}}}
            for half in range(2)]}]}
        for place in range(CAMPAIGNS)]}


class Silent(FlagshipEventHandler):
    def on_log(self, level, message):
        pass


def resident_kb():
    """This process's memory, kilobytes, where the system tells; else 0."""
    try:
        with open("/proc/self/status") as status:
            return [int(line.split()[1]) for line in status if line.startswith("VmRSS")][0]
    except (IOError, IndexError):
        return 0


def soak(seconds, threads=8):
    """Run it; a dict with counts, ``errors`` (tracebacks), ``torn`` (sets) and memory in kilobytes
    over time."""
    report = {"synchronisations": 0, "in_panic": 0, "versions": 0, "panics": 0, "torn": 0,
              "errors": [], "kb": []}
    ended, counting = threading.Event(), threading.Lock()

    def work(number, flagship):
        done = panicked = torn = 0
        visitor = flagship.create_visitor(u"visitor-%d" % number)
        try:
            while not ended.is_set():
                success, log = visitor.synchronize_modifications()
                if not success and "panic" not in log:
                    raise AssertionError(log)
                done, panicked = done + 1, panicked + (not success)
                present = visitor.modifications
                if present and (len({each.value for each in present.values()}) != 1
                                or len(present) != CAMPAIGNS):
                    torn += 1
                visitor.get_modification(u"flag0", None)
        except Exception:
            report["errors"].append(traceback.format_exc())
        with counting:
            report["synchronisations"] += done
            report["in_panic"] += panicked
            report["torn"] += torn

    with Emulator(document(0)) as emulator, Flagship.instance() as flagship:
        flagship.start(emulator.env_id, emulator.api_key, Config(
            mode=Config.Mode.BUCKETING, bucketing_file=None, polling_interval=0.05, timeout=5,
            event_handler=Silent(), **emulator.urls))
        workers = [threading.Thread(target=work, args=(number, flagship))
                   for number in range(threads)]
        for worker in workers:
            worker.start()
        tick = time.time()
        ends = tick + seconds
        while tick < ends:
            tick += 0.1
            time.sleep(max(0, tick - time.time()))
            report["versions"] += 1
            emulator.set_bucketing(document(report["versions"]))
            if report["versions"] % 10 in (5, 7):
                emulator.panic = not emulator.panic
                report["panics"] += emulator.panic
            emulator.clear()
            if report["versions"] % 50 == 0:
                gc.collect()
                report["kb"].append(resident_kb())
        ended.set()
        for worker in workers:
            worker.join()
    report["threads_left"] = threading.active_count() - 1
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--threads", type=int, default=8)
    options = parser.parse_args()
    report = soak(options.seconds, options.threads)
    for name in ("synchronisations", "in_panic", "versions", "panics", "torn", "threads_left"):
        print("%-18s %d" % (name, report[name]))
    print("memory, kB          %s" % " ".join(str(each) for each in report["kb"]))
    print("\n".join(report["errors"]) or "no exception")
    sys.exit(1 if report["errors"] or report["torn"] or report["threads_left"] else 0)


if __name__ == "__main__":
    main()
