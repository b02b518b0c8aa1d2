"""What ``import flagship`` costs, beside ``import requests``, which it needs.

    python benchmarks/imports.py [--runs N] [--limit RATIO]

Each import is in a process of its own, the two by turns, and its cost is the process's CPU time for
it, without the interpreter's own start. The best of many runs is compared: whatever else the
machine does makes a run longer, never shorter. With ``--limit`` the exit code is 1 where the ratio
is above it; as long as it is, there are more runs, up to ten times as many, so that only what is
slow fails and not what is disturbed.
"""
from __future__ import print_function

import argparse
import os
import subprocess
import sys

IMPORT = """
import time
clock = getattr(time, "process_time", None) or time.clock  # Python 2 has the latter alone
began = clock()
import {0}
print(clock() - began)
"""
MODULES = "requests", "flagship"
# Else every run compiles what lies in a checkout, and not what is installed.
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(module):
    """The CPU time that one import takes in a new process."""
    return float(subprocess.check_output([sys.executable, "-c", IMPORT.format(module)],
                                         env=ENVIRONMENT))


def best(runs, before=None):
    """The least seconds of each import, ``{module: seconds}``, also over those of ``before``."""
    least = dict(before or {})
    for _ in range(runs):
        for module in MODULES:
            least[module] = min(seconds(module), least.get(module, float("inf")))
    return least


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20, help="of each import (default: 20)")
    parser.add_argument("--limit", type=float, help="fail above this ratio")
    options = parser.parse_args(arguments)
    for module in MODULES:
        seconds(module)  # the first one compiles
    least = best(options.runs)
    for _ in range(9):
        if options.limit is None or least["flagship"] <= options.limit * least["requests"]:
            break
        least = best(options.runs, least)
    ratio = least["flagship"] / least["requests"]
    print("import requests %.1f ms, import flagship %.1f ms: %.2f times" % (
        least["requests"] * 1000, least["flagship"] * 1000, ratio))
    return int(options.limit is not None and ratio > options.limit)


if __name__ == "__main__":
    sys.exit(main())
