"""Several processes write, look up and overwrite visitors in one SQLiteVisitorCache at full speed.
Nothing may raise, every visitor that was saved must be there afterwards, and one that all write
must be whole.

Usage: python benchmarks/sqlite_soak.py [--seconds 30] [--processes 2] [--directory DIRECTORY]
"""
from __future__ import print_function

import argparse
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
if __name__ == "__main__":
    # Python looks beside a script first, and would take http.py there for the standard library's.
    sys.path[:] = [os.path.dirname(HERE)] + [path
                                             for path in sys.path if os.path.abspath(path) != HERE]

import shutil  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402

from flagship.cache import SQLiteVisitorCache  # noqa: E402
from flagship.cache.assignments import make_record, read_record  # noqa: E402

SHARED = 10      # visitors that every process writes
MAX_ERRORS = 20  # kept of one process


def visitor(process, place):
    return u"process-%d-visitor-%d" % (process, place)


def ids(manager, visitor_id):
    record = manager.lookup(visitor_id)
    return None if record is None else read_record(record, visitor_id)


def work(path, process, seconds):
    """One process; what it did, as JSON on stdout."""
    report = {"saved": 0, "overwritten": 0, "lookups": 0, "errors": [], "slowest_ms": 0.0}
    cache = SQLiteVisitorCache(path, max_visitors=None, timeout=5)
    ends = time.time() + seconds
    while time.time() < ends and len(report["errors"]) < MAX_ERRORS:
        place, began = report["saved"], time.time()
        try:
            own, shared = visitor(process, place), u"shared-%d" % (place % SHARED)
            cache.save(own, make_record(own, [own]))
            report["saved"] += 1
            report["slowest_ms"] = max(report["slowest_ms"], (time.time() - began) * 1e3)
            if place % 5 == 0:
                cache.save(shared, make_record(shared, [u"%d" % process, own]))
                report["overwritten"] += 1
                name, writer = ids(cache, shared)
                assert writer.startswith(u"process-%s-" % name), "torn: %r" % ((name, writer),)
            earlier = visitor(process, place // 2)
            assert ids(cache, earlier) == (earlier,), "lost: %s" % earlier
            report["lookups"] += 1
        except Exception as error:
            report["errors"].append("%s: %s" % (type(error).__name__, error))
    cache.close()
    print(json.dumps(report))


def soak(path, seconds, processes=2):
    """Run it; a dict with the counts, ``lost`` (ids), ``errors`` (text) and ``left`` (files beside
    the first)."""
    command = [sys.executable, os.path.abspath(__file__), "--child", path, "--seconds",
               str(seconds), "--number"]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(each for each in sys.path if each))
    children = [subprocess.Popen(command + [str(number)], stdout=subprocess.PIPE, env=environment)
                for number in range(processes)]
    outputs = [child.communicate()[0].decode("ascii") for child in children]
    reports = [json.loads(output) if output
               else {"saved": 0, "overwritten": 0, "lookups": 0, "slowest_ms": 0.0,
                     "errors": ["a process ended early"]} for output in outputs]
    total = {name: sum(report[name] for report in reports)
             for name in ("saved", "overwritten", "lookups")}
    total["by_process"] = [report["saved"] for report in reports]
    total["slowest_ms"] = max(report["slowest_ms"] for report in reports)
    total["errors"] = [error for report in reports for error in report["errors"]]
    cache = SQLiteVisitorCache(path)
    total["lost"] = [each for number, report in enumerate(reports) for each in (
        visitor(number, place) for place in range(report["saved"])) if ids(cache, each) != (each,)]
    cache.close()
    total["left"] = sorted(name for name in os.listdir(os.path.dirname(path))
                           if name != os.path.basename(path))
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--directory", help="where the file is made; default a temporary one")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--number", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return work(options.child, options.number, options.seconds)
    directory = tempfile.mkdtemp(dir=options.directory)
    try:
        report = soak(os.path.join(directory, "visitors.db"), options.seconds, options.processes)
    finally:
        shutil.rmtree(directory)
    for name in ("saved", "overwritten", "lookups"):
        print("%-12s %d" % (name, report[name]))
    print("%-12s %s" % ("by process", " ".join(str(each) for each in report["by_process"])))
    print("%-12s %.1f ms" % ("slowest save", report["slowest_ms"]))
    print("%-12s %d" % ("lost", len(report["lost"])))
    print("%-12s %d" % ("errors", len(report["errors"])))
    print("\n".join(report["errors"][:MAX_ERRORS]))
    sys.exit(1 if report["lost"] or report["errors"] or report["left"] else 0)


if __name__ == "__main__":
    main()
