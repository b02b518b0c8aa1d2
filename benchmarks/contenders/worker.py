"""One contender in a process of its own: ``python worker.py CONTENDER.py DIRECTORY [PATH]``.

It sets the contender up in DIRECTORY, checks that its answers are right, and then answers each line
on stdin, the name of a measure, with a line of JSON. PATH goes in front of ``sys.path``: where the
SDK is, if it is not installed. Runs in the contender's environment, so it imports nothing but the
standard library.
"""
from __future__ import print_function

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Python looks beside a script first, and would take a contender there for the package that it is
# about.
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != HERE]

import importlib.util  # noqa: E402
import itertools  # noqa: E402
import json  # noqa: E402
import timeit  # noqa: E402

FLAGS = ["flag_%d" % number for number in range(100)]
SPLIT = ("a", "b")
USERS = 20000      # enough that no cache of users holds the next one
SECONDS = 0.002    # of one timing: on a busy machine a longer one is hardly ever left alone
TIMINGS = 50       # in a row, of which the best counts


class Wrong(Exception):
    """A contender that does not do what it is timed for."""


def check(everything, one, known, users=300):
    """Raise Wrong unless the matching users are split in halves, flag by flag, and the others get
    nothing."""
    share = dict.fromkeys(FLAGS, 0)
    for number in range(users):
        user = "checked-%d" % number
        values = everything(user, "fr")
        if sorted(values) != sorted(FLAGS):
            raise Wrong("%d of %d flags for a matching user" % (len(values), len(FLAGS)))
        for flag, value in values.items():
            if value not in SPLIT:
                raise Wrong("%s is %r for a matching user" % (flag, value))
            share[flag] += value == SPLIT[0]
        if len(set(values.values())) == 1:
            raise Wrong("all flags give %s the same side: their splits are not independent" % user)
        if not values[FLAGS[0]] == one(user, "fr") == known(user, "fr")():
            raise Wrong("one flag and all flags disagree for %s" % user)
        if number % 10 == 0:
            if any(value in SPLIT
                   for value in everything(user, "de").values()) or one(user, "de") in SPLIT:
                raise Wrong("a user that does not match gets a flag")
    total = sum(share.values()) / float(users * len(FLAGS))
    if not 0.47 < total < 0.53 or not all(0.35 < count / float(users) < 0.65
                                          for count in share.values()):
        raise Wrong("the split is not in halves: %.3f of all, flags from %d to %d of %d users" % (
            total, min(share.values()), max(share.values()), users))


def measures(everything, one, known):
    """The calls to time, by name."""
    users = itertools.cycle(["user-%d" % number for number in range(USERS)])
    read = known("known", "fr")
    return {"all": lambda: everything(next(users), "fr"), "one": lambda: one(next(users), "fr"),
            "known": read}


class Clock(object):
    """Microseconds of a call, with the garbage collector on, as in an application."""

    def __init__(self, call):
        self._timer = timeit.Timer(call, "gc.enable()", globals={"gc": __import__("gc")})
        self._number = 1
        while self._timer.timeit(self._number) < SECONDS / 2:
            self._number *= 2

    def __call__(self):
        return min(self._timer.repeat(TIMINGS, self._number)) / self._number * 1e6


def load(path):
    spec = importlib.util.spec_from_file_location("contender", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    path, directory = os.path.abspath(sys.argv[1]), sys.argv[2]
    sys.path[:0] = sys.argv[3:]
    os.chdir(directory)
    # What an SDK prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**facts):
        answers.write(json.dumps(facts) + "\n")
        answers.flush()
    try:
        calls = load(path).start(FLAGS, directory)
        check(*calls)
        clocks = {name: Clock(call) for name, call in measures(*calls).items()}
    except Exception as error:
        answer(problem="%s: %s" % (type(error).__name__, error))
        raise
    answer(ready=True, python=sys.version.split()[0])
    for line in iter(sys.stdin.readline, ""):
        answer(microseconds=clocks[line.strip()]())
    os._exit(0)  # some SDKs leave threads that nothing ends


if __name__ == "__main__":
    main()
