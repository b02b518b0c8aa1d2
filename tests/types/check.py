"""What the types promise, asked of those who read them: mypy, pyright and stubtest, each of its
newest release.

    python tests/types/check.py [mypy] [pyright] [stubtest] [complete]

Without arguments: all. It looks at the flagship that is installed in the environment that runs it,
with what its stubs need, and never at the checkout. The environment holds mypy and pyright beside
it; pyright's package fetches the rest of itself from npm at first use. Exit code 0: all is as it
should be.

- mypy, pyright: the files good_*.py have no error, the files bad_*.py one on each line that is
  marked "# error" and on no other, for the oldest and the newest Python that both the checkers and
  the library know. mypy is always strict, and checks the stubs themselves too; pyright is strict
  with what is good.
- stubtest: the stubs say what the code is, but for what allowlist.txt excuses.
- complete: pyright finds a type on every public name.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import flagship

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.path.dirname(sys.executable)
PACKAGE = os.path.dirname(os.path.abspath(flagship.__file__))
# The oldest is what today's mypy still knows.
VERSIONS = ("3.10", "3.13")
SECONDS = 300

USAGE = sorted(os.path.basename(path) for kind in ("good_*.py", "bad_*.py", "shop_flags.py")
               for path in glob.glob(os.path.join(HERE, kind)))

# Their base is OpenFeature's, a namespace package, whose py.typed pyright does not look for.
UNKNOWN_BASE = ("flagship.contrib.openfeature.FlagshipProvider",
                "flagship.contrib.openfeature.provider.FlagshipProvider")

_MYPY_LINE = re.compile(r"^(\w+\.py):(\d+)(?::\d+)?: error: (.*)")


def run(folder, *command, **variables):
    """``(exit code, output)`` of a checker."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("PYTHONPATH", "MYPYPATH")}
    environment.update(PATH=BIN + os.pathsep + os.environ["PATH"], VIRTUAL_ENV=os.path.dirname(BIN),
                       NO_COLOR="1")
    environment.update(variables)
    done = subprocess.run([os.path.join(BIN, command[0])] + list(command[1:]),
                          cwd=os.path.join(folder, "usage"),
                          env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True,
                          timeout=SECONDS)
    return done.returncode, done.stdout or done.stderr


def marked(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return {number for number, line in enumerate(file, 1) if line.rstrip().endswith("# error")}


def compared(found):
    """What is wrong with ``{file name: {line: what was said}}``."""
    problems = []
    for name in USAGE:
        wanted, said = marked(name), found.get(name, {})
        problems += ["%s:%d is accepted" % (name, line) for line in sorted(wanted - set(said))]
        problems += ["%s:%d %s" % (name, line, said[line]) for line in sorted(set(said) - wanted)]
    return problems


def mypy(folder):
    problems = []
    for version in VERSIONS:
        code, output = run(folder, "mypy", "--strict", "--no-pretty", "--no-error-summary",
                           "--cache-dir", "cache",
                           "--python-version", version, *USAGE)
        found = {}
        for line in output.splitlines():
            match = _MYPY_LINE.match(line)
            if match:
                found.setdefault(match.group(1), {})[int(match.group(2))] = match.group(3)
        problems += ["for %s: %s" % (version, problem)
                     for problem in (compared(found) if code == 1 else [output])]
        code, output = run(folder, "mypy", "--strict", "--no-pretty", "--no-error-summary",
                           "--cache-dir", "cache",
                           "--python-version", version, os.path.join("..", "stubs", "flagship"))
        problems += ["for %s: %s" % (version, line) for line in output.splitlines() if code]
    return problems


def pyright(folder):
    problems = []
    for version in VERSIONS:
        with open(os.path.join(folder, "usage", "pyrightconfig.json"), "w",
                  encoding="utf-8") as file:
            # A mistake is found by those who are not strict, too.
            json.dump(
                {"typeCheckingMode": "standard", "strict": ["good_*.py"], "pythonVersion": version,
                 "reportUnusedExpression": False}, file)
        code, output = run(folder, "pyright", "--outputjson")
        try:
            diagnostics = json.loads(output)["generalDiagnostics"]
        except ValueError:
            return ["it ended with %d: %s" % (code, output)]
        found = {}
        for each in diagnostics:
            if each["severity"] == "error":
                name, line = os.path.basename(each["file"]), each["range"]["start"]["line"] + 1
                found.setdefault(name, {})[line] = each["message"].splitlines()[0]
        problems += ["for %s: %s" % (version, problem) for problem in compared(found)]
    return problems


# Inside a request, as Flask's visitor is nothing without one.
_STUBTEST = """
import sys, warnings
from flask import Flask
from mypy.stubtest import main
from flagship.contrib.flask import FlagshipExtension

app = Flask("shop")
warnings.simplefilter("ignore")
FlagshipExtension(app)
with app.test_request_context():
    sys.exit(main())
"""


def stubtest(folder):
    code, output = run(folder, "python", "-c", _STUBTEST, "flagship", "--concise", "--allowlist",
                       os.path.join(HERE, "allowlist.txt"),
                       # Alone: of modules without a stub it would read the source.
                       MYPYPATH=os.path.join(folder, "stubs"),
                       # Django's own modules ask for some when they are imported.
                       DJANGO_SETTINGS_MODULE="django.conf.global_settings")
    return output.splitlines() if code else []


def complete(folder):
    code, output = run(folder, "pyright", "--verifytypes", "flagship", "--ignoreexternal",
                       "--outputjson")
    try:
        report = json.loads(output)["typeCompleteness"]
    except (KeyError, ValueError):
        return ["it ended with %d: %s" % (code, output)]
    if not report["completenessScore"]:
        return ["it read nothing but %s" % report.get("packageRootDirectory")]
    return ["%s has no known type" % symbol["name"] for symbol in report["symbols"]
            if symbol["isExported"] and not symbol["isTypeKnown"]
            and symbol["name"] not in UNKNOWN_BASE]


CHECKS = {"mypy": mypy, "pyright": pyright, "stubtest": stubtest, "complete": complete}


def main(names):
    unknown = sorted(set(names) - set(CHECKS))
    if unknown:
        print("no such check: %s; there are: %s" % (", ".join(unknown), ", ".join(CHECKS)))
        return 2
    if not os.path.exists(os.path.join(PACKAGE, "py.typed")):
        print("no py.typed in %s" % PACKAGE)
        return 1
    failed = False
    folder = tempfile.mkdtemp()
    try:
        os.mkdir(os.path.join(folder, "usage"))
        for name in USAGE:
            shutil.copy(os.path.join(HERE, name), os.path.join(folder, "usage"))
        shutil.copytree(PACKAGE, os.path.join(folder, "stubs", "flagship"),
                        ignore=shutil.ignore_patterns("*.py", "*.pyc", "__pycache__"))
        for name in names or CHECKS:
            problems = CHECKS[name](folder)
            failed = failed or bool(problems)
            print("%s: %s" % (name, "%d problems" % len(problems) if problems else "good"))
            print("".join("  %s\n" % problem for problem in problems), end="")
    finally:
        shutil.rmtree(folder)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
