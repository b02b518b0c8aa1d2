"""The fault matrix as a table: for each fault and endpoint whether the call kept what it promises,
how long it took, and what came of it. Exit code 1 if a cell fails.

Usage: python benchmarks/faults.py
"""
from __future__ import print_function

import os
import sys
import threading
import time

# Not beside the script, where a module may have the name of one of the standard library's.
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from tests.faults.cells import BOUND, ENDPOINTS, FAULTS, INTERVAL, TIMEOUT, run  # noqa: E402

LEGEND = """
ok        the call ended within %(bound)g s and raised nothing; ids, context, flags, panic and
          status are as before; one line at WARNING or above named endpoint and cause; no line held
          the API key, an id of the visitor, a value of its context or the hit's URL; after the
          fault's end the next call succeeded, without a word
FAILED    one of these does not hold; the lines below the table say which
ms        how long the call took; the timeout is %(timeout)g s where nothing else ends a call; on a
          refresh with the %(interval)g s until the poll
False     the call returned (False, reason)
True      the synchronisation returned (True, ""): a context event's failure is logged and does not
          change it
2xx       the call succeeded, without a line: any 2xx is success, whatever its body
defaults  start raised nothing; visitors get (False, reason) and defaults
kept      the file that there was stays in use
logged    what the line said, in the first column with one
"""
OUTCOMES = {"campaigns": "False", "context event": "True", "activate": "False", "hit": "False",
            "CDN at start": "defaults", "CDN refresh": "kept"}
ROW = "%-20s" + "%-18s" * 4 + "%-21s" + "%-17s" + "%s"


def cell(report, endpoint):
    outcome = OUTCOMES[endpoint.title] if report.fails else "2xx"
    return "%s %4d ms %s" % ("FAILED" if report.problems else "ok", report.seconds * 1000, outcome)


def main():
    began, failures = time.time(), []
    print(ROW % (("",) + tuple(endpoint.title for endpoint in ENDPOINTS) + ("logged",)))
    for fault in FAULTS:
        reports = []
        for endpoint in ENDPOINTS:
            reports.append(run(endpoint, fault))
            failures += ["%s, %s: %s" % (fault.title, endpoint.title, problem)
                         for problem in reports[-1].problems]
        causes = [report.cause for report in reports if report.cause]
        print(ROW % ((fault.title,) + tuple(cell(*pair) for pair in zip(reports, ENDPOINTS))
                     + tuple(causes[:1])))
        sys.stdout.flush()
    print(LEGEND % {"bound": BOUND, "timeout": TIMEOUT, "interval": INTERVAL})
    left = threading.active_count() - 1
    if left:
        failures.append("%d threads are left" % left)
    print("\n".join(failures) or "All %d cells are ok, in %d s on Python %s." % (
        len(FAULTS) * len(ENDPOINTS), time.time() - began, sys.version.split()[0]))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
