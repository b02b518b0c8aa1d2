"""Visitors per second of examples/batch, from CSV to CSV: one process, two, and a Dask local
cluster of two, against a straight loop of csv and mmh3 that knows no targeting and no SDK.

Usage: python benchmarks/batch.py [--visitors 3000000] [--campaigns 20] [--rounds 3]
                                  [--folder FOLDER] [--json FILE]

The figures of the documentation are those of

    python benchmarks/batch.py --json benchmarks/results/batch.json

on an idle machine. It makes the input in a temporary folder, checks that all ways of the example
give the same bytes, and prints the median of the rounds and the ratios: how many times the straight
loop's time one process takes, and how many times faster than it two processes and Dask are. Times
are whole runs, with the start of Python and, for Dask, of the cluster; "cpu" is what all their
processes used, but for the workers of Dask, whom nobody waits for. Needs what is in
examples/batch/requirements.txt; without Dask that line is left out.

The loop is benchmarks/contenders/batch_loop.py. It writes one column per campaign, where the
example writes two, and takes the first variation group of each campaign for everybody.
"""
from __future__ import print_function

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Python looks beside a script first, and would take http.py there for the standard library's.
sys.path[:] = [os.path.dirname(HERE)] + [path for path in sys.path if os.path.abspath(path) != HERE]

import argparse  # noqa: E402
import hashlib  # noqa: E402
import importlib  # noqa: E402
import io  # noqa: E402
import json  # noqa: E402
import random  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402

from benchmarks.decisions import document  # noqa: E402

BATCH = os.path.join(os.path.dirname(HERE), "examples", "batch")
LOOP = os.path.join(HERE, "contenders", "batch_loop.py")


def write_visitors(path, count):
    """Visitors whose contexts have every type, in the columns that document() targets."""
    chance = random.Random(3)
    with io.open(path, "wb") as file:
        file.write(b"visitor_id,plan,age:int,vip:bool,country\n")
        for number in range(count):
            row = "visitor-%d,%s,%d,%s,%s\n" % (number, chance.choice(["gold", "free", ""]),
                                                chance.randrange(10, 80),
                                                chance.choice(["true", "false"]),
                                                chance.choice(["fr", "be", "us"]))
            file.write(row.encode("ascii"))


def ways():
    """Yield ``(name, program and its options)``."""
    yield "straight loop", [LOOP]
    yield "one process", [os.path.join(BATCH, "assign.py")]
    yield "two processes", [os.path.join(BATCH, "assign.py"), "--processes", "2"]
    try:
        importlib.import_module("distributed")
    except ImportError:
        return
    yield "Dask cluster of two", [os.path.join(BATCH, "assign_dask.py"), "--workers", "2"]


def measure(folder, program):
    """``(seconds, seconds of CPU, digest of the output)`` of one run."""
    output = os.path.join(folder, "assignments.csv")
    environment = dict(os.environ, TMPDIR=folder, PYTHONPATH=os.path.dirname(HERE))
    before, began = os.times(), time.time()
    subprocess.check_call(
        [sys.executable, program[0], "--bucketing", os.path.join(folder, "bucketing.json"),
         "--output", output, os.path.join(folder, "visitors.csv")] + program[1:], env=environment)
    seconds, after = time.time() - began, os.times()
    digest = hashlib.sha256()
    with io.open(output, "rb") as file:
        for piece in iter(lambda: file.read(1024 * 1024), b""):
            digest.update(piece)
    os.remove(output)
    return seconds, sum(after[2:4]) - sum(before[2:4]), digest.hexdigest()


def measure_all(folder, rounds):
    """``{name: [(seconds, seconds of CPU)]}``; exits if the example's outputs differ."""
    runs, digests = {}, set()
    for number in range(rounds):
        # In turns, so that what else the machine does meets all of them.
        for name, program in ways():
            seconds, cpu, digest = measure(folder, program)
            runs.setdefault(name, []).append((seconds, cpu))
            if program[0] != LOOP:
                digests.add(digest)
            print("round %d, %s: %.1f s, %.1f s cpu, load %.1f" % (
                number + 1, name, seconds, cpu, os.getloadavg()[0]), file=sys.stderr)
    if len(digests) != 1:
        sys.exit("The outputs differ.")
    return runs


def median(values):
    return sorted(values)[len(values) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=3000000)
    parser.add_argument("--campaigns", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where the temporary folder is made")
    parser.add_argument("--json", metavar="FILE", help="the figures, for the documentation")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(dir=options.folder)
    try:
        with io.open(os.path.join(folder, "bucketing.json"), "wb") as file:
            file.write(json.dumps(document(options.campaigns)).encode("ascii"))
        write_visitors(os.path.join(folder, "visitors.csv"), options.visitors)
        runs = measure_all(folder, options.rounds)
    finally:
        shutil.rmtree(folder)
    report(runs, options)


def report(runs, options):
    print("%d visitors, %d campaigns, Python %s, %s cores, load %.1f at the end; medians of %d" % (
        options.visitors, options.campaigns, sys.version.split()[0],
        os.sysconf("SC_NPROCESSORS_ONLN"), os.getloadavg()[0], options.rounds))
    print("%-20s %9s %12s %9s %16s" % ("", "seconds", "visitors/s", "cpu s", "visitors/cpu s"))
    wall, used, rows = {}, {}, []
    for name, _ in ways():
        wall[name] = median([seconds for seconds, _ in runs[name]])
        used[name] = median([cpu for _, cpu in runs[name]])
        print("%-20s %9.1f %12.0f %9.1f %16.0f" % (
            name, wall[name], options.visitors / wall[name], used[name],
            options.visitors / used[name]))
        rows.append({"name": name, "visitors_per_second": options.visitors / wall[name]})
    one = wall["one process"]
    print("one process takes %.2f times the straight loop's time (at most 1.7), %.2f of its cpu"
          % (one / wall["straight loop"], used["one process"] / used["straight loop"]))
    for name, least in ("two processes", 1.85), ("Dask cluster of two", 1.6):
        if name in wall:
            print("%s: %.2f times as fast as one (at least %s)" % (name, one / wall[name], least))
    if options.json:
        with io.open(options.json, "wb") as file:
            file.write(json.dumps({"visitors": options.visitors, "campaigns": options.campaigns,
                                   "rows": rows,
                                   "date": time.strftime("%Y-%m-%d")}, indent=1).encode("ascii"))


if __name__ == "__main__":
    main()
