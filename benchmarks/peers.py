"""Microseconds for a decision, this SDK beside others: all of 100 flags for a user, and one of
them.

Every flag is a split in halves behind one targeting rule that the user matches, decided in the
process, on data that the SDK is given; nothing goes to a network. Each contender has a virtualenv
and a worker process of its own (contenders/worker.py), which first checks that its answers are
right. In each round every worker, in a new order, is asked for each measure once. A contender that
cannot be installed or set up is listed with the reason. Python 3 only.

Usage: python benchmarks/peers.py [--python-2-1-5 PYTHON] [--only NAME ...] [--rounds N] [--keep]
                                  [--envs DIRECTORY] [--latest] [--json FILE] [--markdown FILE]

The measures: "all" is a new user and the values of all flags, "one" a new user and the value of one
flag, "known" the value of one flag for a user that the SDK has seen, as objects of the user are
kept. flagship 2.1.5 needs a Python below 3.11 to make its virtualenv with.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Python looks beside a script first, and would take http.py there for the standard library's.
sys.path[:] = [os.path.dirname(HERE)] + [path for path in sys.path if os.path.abspath(path) != HERE]

import argparse  # noqa: E402
import collections  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import random  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402

from benchmarks.peers_report import markdown  # noqa: E402

ROOT = os.path.dirname(HERE)
FLOOR, THIS = "floor", "this SDK"
MEASURES = ("all", "one", "known")
PATIENCE = 300  # seconds for a worker's answer; the first comes after its check

Contender = collections.namedtuple("Contender", "name module requirements recording")
CONTENDERS = [Contender(*row) for row in (
    (FLOOR, "floor", "mmh3==5.3.1", "-"),
    (THIS, "this_sdk", "requests==2.34.2 mmh3==5.3.1 six==1.17.0",
     "off: offline (deferred recording adds 2 us)"),
    ("Eppo", "eppo", "eppo-server-sdk==4.4.1",
     "off: doLog of the flags (seven times as long with it)"),
    ("Statsig core", "statsig", "statsig-python-core==0.24.2", "off: disable_exposure_logging"),
    ("PostHog", "posthog_sdk", "posthog==7.91.1", "off: send_feature_flag_events"),
    ("LaunchDarkly", "launchdarkly", "launchdarkly-server-sdk==9.20.0", "off: send_events"),
    ("ConfigCat", "configcat", "configcat-client==10.0.1", "it has none"),
    ("OpenFeature in memory", "openfeature_sdk", "openfeature-sdk==0.10.0", "it has none"),
    ("GrowthBook", "growthbook_sdk", "growthbook==4.0.0", "off: no callback"),
    ("Optimizely", "optimizely_sdk", "optimizely-sdk==5.7.0", "off: DISABLE_DECISION_EVENT"),
    ("Unleash", "unleash", "UnleashClient==6.9.1", "counted in memory, not sent: disable_metrics"),
    ("flagship 3.0.1", "flagship_before", "flagship==3.0.1",
     "on: a context hit a synchronisation is queued"),
    ("flagship 2.1.5", "flagship_before", "flagship==2.1.5",
     "on: a context event a synchronisation, answered at once"),
)]
OLD = "flagship 2.1.5"


class Unavailable(Exception):
    """A contender that cannot be timed; its text says why."""


def environment():
    """The environment of what is started: nothing of ours to import, and no way out but
    loopback."""
    nobody, kept = "http://127.0.0.1:9", dict(os.environ)
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        kept.pop(name, None)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        kept[name] = kept[name.lower()] = nobody
    kept["NO_PROXY"] = kept["no_proxy"] = "127.0.0.1"
    return kept


def run(command, **options):
    """The output of a command; raises Unavailable with the line that says most."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True, **options)
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if line.strip()] or ["no output"]
        raise Unavailable(([line for line in lines if "rror" in line] or lines)[-1].strip()[:200])
    return done.stdout


def install(contender, options):
    """Make the contender's virtualenv, or take the one that is there;
    ``(python, {distribution: version})``."""
    base = options.old if contender.name == OLD else options.python
    if base is None:
        raise Unavailable("no --python-2-1-5 was given")
    requirements = contender.requirements.split()
    if options.latest and contender.module != "flagship_before":
        requirements = [each.split("==")[0] for each in requirements]
    directory = os.path.join(options.envs, contender.name.replace(" ", "-"))
    python, made = os.path.join(directory, "bin", "python"), os.path.join(
        directory, "requirements.txt")
    wanted = "\n".join(requirements)
    if not os.path.exists(made) or open(made).read() != wanted:
        shutil.rmtree(directory, ignore_errors=True)
        run([base, "-m", "venv", directory])
        run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            + requirements)
        with open(made, "w") as file:
            file.write(wanted)
    listed = run([python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"])
    listed = next(line for line in listed.splitlines() if line.startswith("["))
    versions = {each["name"].lower(): each["version"] for each in json.loads(listed)}
    if contender.name == THIS:
        versions["flagship"] = open(os.path.join(ROOT, "flagship", "_version.py")).read().split(
            '"')[1]
    return python, versions


def version(contender, versions):
    """``"distribution version"`` of what the contender is about."""
    name = "flagship" if contender.name == THIS else contender.requirements.split()[0].split("==")[
        0]
    return "%s %s" % (name,
                      versions.get(name.lower(), versions.get(name.lower().replace("-", "_"), "?")))


class Worker(object):
    """A contender's process."""

    def __init__(self, contender, python, directory):
        os.makedirs(directory)
        self._errors = os.path.join(directory, "stderr")
        command = [python, os.path.join(HERE, "contenders", "worker.py"),
                   os.path.join(HERE, "contenders", contender.module + ".py"), directory]
        with open(self._errors, "w") as errors:
            self._process = subprocess.Popen(
                command + ([ROOT] if contender.name == THIS else []), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors, universal_newlines=True, env=environment(), cwd=directory)
        try:
            self.python = self._answer()["python"]
        except Unavailable:
            self.close()
            raise

    def microseconds(self, measure):
        try:
            self._process.stdin.write(measure + "\n")
            self._process.stdin.flush()
        except EnvironmentError:
            pass  # it is gone; the answer that does not come says why
        return self._answer()["microseconds"]

    def _answer(self):
        watch = threading.Timer(PATIENCE, self._process.kill)
        watch.start()
        line = self._process.stdout.readline()
        watch.cancel()
        facts = json.loads(line) if line.strip() else {"problem": self._last_words()}
        if "problem" in facts:
            raise Unavailable(facts["problem"][:200])
        return facts

    def _last_words(self):
        with open(self._errors) as file:
            lines = [line.strip() for line in file if line.strip()]
        return lines[-1] if lines else "it ended without a word, or after %d seconds" % PATIENCE

    def close(self):
        self._process.kill()
        self._process.communicate()


def prepare(contenders, options, work):
    """``(workers, facts)``, each by contender's name; one that cannot be prepared has a reason in
    its facts."""
    workers, facts = {}, collections.OrderedDict()
    for contender in contenders:
        mine = facts[contender.name] = {"recording": contender.recording,
                                        "requirements": contender.requirements}
        print("preparing %s" % contender.name, file=sys.stderr)
        try:
            python, mine["versions"] = install(contender, options)
            mine["version"] = version(contender, mine["versions"])
            workers[contender.name] = Worker(contender, python,
                                             os.path.join(work, contender.name.replace(" ", "-")))
            mine["python"] = workers[contender.name].python
        except Unavailable as problem:
            mine["reason"] = str(problem)
            print("  %s" % problem, file=sys.stderr)
    return workers, facts


def measure(workers, facts, rounds):
    """Add to each contender's facts ``{measure: [microseconds of each round]}``, or why there is
    none."""
    taken = {name: {each: [] for each in MEASURES} for name in workers}
    chance = random.Random(7)
    for number in range(rounds):
        order = sorted(taken)
        chance.shuffle(order)
        for name in order:
            try:
                for each in MEASURES:
                    taken[name][each].append(workers[name].microseconds(each))
            except Unavailable as problem:
                facts[name]["reason"] = "in round %d: %s" % (number + 1, problem)
                del taken[name]
        print("round %d of %d" % (number + 1, rounds), file=sys.stderr)
    for name in taken:
        facts[name]["microseconds"] = taken[name]


def machine():
    model = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            model = next((line.split(":")[1].strip()
                          for line in file if line.startswith("model name")), model)
    return "%s, %d cores, %s, load %.1f" % (model, os.cpu_count(), platform.system(),
                                            os.getloadavg()[0])


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=names, default=names,
                        help="of: %s" % ", ".join(names))
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--python", default=sys.executable,
                        help="makes the virtualenvs (default: this one)")
    parser.add_argument("--python-2-1-5", dest="old", metavar="PYTHON",
                        help="makes the one of flagship 2.1.5")
    parser.add_argument("--envs", metavar="DIRECTORY",
                        help="where the virtualenvs are (default: a temporary one)")
    parser.add_argument("--keep", action="store_true",
                        help="keep them; a next run takes what is there")
    parser.add_argument("--latest", action="store_true",
                        help="the latest versions instead of those last tried")
    parser.add_argument("--json", metavar="FILE", help="all rounds and versions")
    parser.add_argument("--markdown", metavar="FILE", help="the table, for the documentation")
    return parser.parse_args()


def main():
    options = arguments()
    work, workers = tempfile.mkdtemp(prefix="peers-"), {}
    options.envs = os.path.abspath(options.envs or tempfile.mkdtemp(prefix="peers-envs-"))
    details = {"rounds": options.rounds, "date": time.strftime("%Y-%m-%d"), "machine": machine()}
    try:
        workers, facts = prepare([each for each in CONTENDERS if each.name in options.only],
                                 options, work)
        measure(workers, facts, options.rounds)
    finally:
        for worker in workers.values():
            worker.close()
        shutil.rmtree(work, ignore_errors=True)
        if not options.keep:
            shutil.rmtree(options.envs, ignore_errors=True)
    details["contenders"] = facts
    page = markdown(details, THIS, FLOOR)
    print(page[page.index("## "):])
    if options.json:
        with open(options.json, "w") as file:
            json.dump(details, file, indent=1)
    if options.markdown:
        with open(options.markdown, "w") as file:
            file.write(page)


if __name__ == "__main__":
    main()
