"""What differs between the published 2.1.5 and this package, seen by a program that uses both.

::

    python benchmarks/compare.py [--python-2-1-5 PATH] [--programs 300] [--seed 215] [--show 3]

Random programs of the documented API, the same for both, with values of the kinds that real
programs pass, run under ``flagship==2.1.5`` and under the checkout, against a recording server on
loopback. Compared are, step by step, results, exceptions, requests, the context and the flags. Each
difference belongs to a class; a class is allowed where the words that it quotes stand in
CHANGELOG.md. The exit code is 1 where a difference belongs to none, or to one that the changelog
does not name.

2.1.5 needs a Python up to 3.10: the one of ``--python-2-1-5``, which has it installed, or an
environment that is made here of a ``python3.8`` on the path. Where there is neither it says so, and
nothing is compared.
"""
import argparse
import collections
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
RUNNER = os.path.join(HERE, "upgrade", "runner.py")
# Where this file is run by its path, modules beside it must not hide the standard library's.
sys.path[:] = [ROOT] + [path for path in sys.path if os.path.abspath(path or ".") != HERE]

from benchmarks.upgrade.classes import (  # noqa: E402
    CLASSES, FLAG_CLASSES, STATEFUL, TRANSPARENT, Step)
from benchmarks.upgrade.programs import Writer  # noqa: E402
from benchmarks.upgrade.recorder import FLAGS, Recorder  # noqa: E402


def run_under(python, programs, folder, path=None):
    """The results of all programs under one interpreter, in a working directory of its own."""
    os.mkdir(folder)
    source, target = os.path.join(folder, "programs.json"), os.path.join(folder, "results.json")
    with open(source, "w") as file:
        json.dump({"flags": FLAGS, "programs": programs}, file)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment.update({"PYTHONPATH": path} if path else {}, NO_PROXY="127.0.0.1")
    with Recorder() as recorder:
        subprocess.check_call([python, RUNNER, source, target, recorder.url], cwd=folder,
                              env=environment)
    with open(target) as file:
        return json.load(file)


class Comparison(object):
    """The differences of all programs, by class."""

    def __init__(self):
        self.counts, self.examples = collections.Counter(), collections.defaultdict(list)
        self.steps = self.programs = self.skipped = 0

    def add(self, program, old, new):
        """Compare one program, up to a difference after which the two are in different states."""
        self.programs += 1
        for place in range(len(program)):
            if program[place]["kind"] == "world":
                continue
            if old[place] is None or new[place] is None:
                continue
            self.steps += 1
            step = Step(program, place, old[place], new[place])
            if self.differs(step) and step.kind in STATEFUL:
                self.skipped += len(program) - place - 1
                return

    def differs(self, step):
        for name, _, take in TRANSPARENT:
            if take(step):
                self.counts[name] += 1
        for name, _, take in FLAG_CLASSES:
            if take(step):
                self.counts[name] += 1
                self.examples[name].append(step)
        if not step.differs:
            return False
        name = next((name for name, _, holds in CLASSES if holds(step)), None)
        self.counts[name] += 1
        self.examples[name].append(step)
        return True


def report(comparison, changelog, show):
    """Print the classes with their counts; whether all differences are named in the changelog."""
    told = " ".join(changelog.split())
    print("%d programs, %d steps compared, %d not, as the two were in different states"
          % (comparison.programs, comparison.steps, comparison.skipped))
    well = True
    for name, quote, _ in TRANSPARENT + FLAG_CLASSES + CLASSES:
        count = comparison.counts[name]
        named = quote in told
        well = well and (named or not count)
        print("%6d  %s%s" % (count, name, "" if named else "  NOT IN CHANGELOG: %r" % quote))
        show_examples(comparison.examples[name], 0 if named else show)
    print("%6d  of no class" % comparison.counts[None])
    show_examples(comparison.examples[None], 10 ** 6)
    return well and not comparison.counts[None]


def show_examples(steps, most):
    """Print the first steps of a class: what differs in them, and nothing else."""
    for step in steps[:most]:
        print("        %s  (world %s)" % (step.source, step.world))
        for version, done, other in (("2.1.5", step.old, step.new), ("here", step.new, step.old)):
            for name in sorted(done):
                if done[name] != other.get(name):
                    print("            %-5s %s" % (version, differing(name, done[name], other)))
        if step.words:
            print("                  %s" % step.words)


def differing(name, value, other):
    """A part of a step as text; of an object only the keys that differ."""
    theirs = other.get(name)
    if name == "error":
        value = value[0]
    elif name == "requests":
        value = [(request["path"].split("?")[0], request["body"]) for request in value]
    elif name == "flags" and theirs:
        value = {key: each for key, each in value.items() if each != theirs.get(key)}
    return "%s %s" % (name, json.dumps(value)[:400])


def write_programs(count, seed):
    """A third of the programs use plain values alone, as the documentation does."""
    return [Writer("%d-%d" % (seed, place), 0.0 if place % 3 == 0 else 0.3).program()
            for place in range(count)]


def interpreter(given, folder):
    """A Python that has 2.1.5: the given one, or one made in ``folder``; None where none can be."""
    if given:
        return given
    try:
        subprocess.check_call(["python3.8", "-m", "venv", folder])
        python = os.path.join(folder, "bin", "python")
        subprocess.check_call([python, "-m", "pip", "-q", "install", "flagship==2.1.5"])
        return python
    except (OSError, subprocess.CalledProcessError):
        return None


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python-2-1-5", metavar="PATH", help="a Python that has flagship==2.1.5")
    parser.add_argument("--with-path", metavar="FOLDER",
                        help="where that Python finds the package; default: installed")
    parser.add_argument("--programs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=215)
    parser.add_argument("--show", type=int, default=3, help="examples of what CHANGELOG lacks")
    options = parser.parse_args(arguments)
    folder = tempfile.mkdtemp()
    try:
        python = interpreter(options.python_2_1_5, os.path.join(folder, "python"))
        if python is None:
            print("left out: there is no Python here that could run 2.1.5")
            return 0
        programs = write_programs(options.programs, options.seed)
        old = run_under(python, programs, os.path.join(folder, "old"), options.with_path)
        new = run_under(sys.executable, programs, os.path.join(folder, "new"), ROOT)
    finally:
        shutil.rmtree(folder)
    comparison = Comparison()
    for program, before, now in zip(programs, old, new):
        comparison.add(program, before, now)
    with io.open(os.path.join(ROOT, "CHANGELOG.md"), encoding="utf-8") as file:
        return 0 if report(comparison, file.read(), options.show) else 1


if __name__ == "__main__":
    sys.exit(main())
