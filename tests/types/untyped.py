"""What mypy finds in the bodies of the library's functions, where the stubs do not reach.

    python tests/types/untyped.py [--update]

Checks a copy of the checkout's flagship/ without its stubs, with ``--check-untyped-defs`` and
without the libraries that it uses, so the result is the same in every environment. Annotations are
not asked for, as Python 2.7 reads the source. untyped.txt lists what was found before: file and
message, without the line's number. The list may only shrink: a line that nothing needs any more is
an error as well. ``--update`` writes the list anew; a review sees what it adds. Exit code 0: all is
as it should be. Python 3.10 or later, with the mypy of requirements.txt.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, ROOT)

from tests.lint.known import report  # noqa: E402

KNOWN = os.path.join(HERE, "untyped.txt")
SECONDS = 300
_LINE = re.compile(r"^(flagship/[^:]+):(\d+)(?::\d+)?: error: (.*)")


def check():
    """``[(entry of untyped.txt, the same with the line's number)]``; exits where mypy fails."""
    folder = tempfile.mkdtemp()
    try:
        shutil.copytree(os.path.join(ROOT, "flagship"), os.path.join(folder, "flagship"),
                        ignore=shutil.ignore_patterns("*.pyi", "py.typed", "__pycache__"))
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--check-untyped-defs", "--ignore-missing-imports",
             "--no-site-packages", "--no-pretty", "--no-error-summary", "--hide-error-context",
             "--disable-error-code", "var-annotated",
             "--config-file", os.devnull, "--cache-dir", os.devnull, "--python-version", "3.11",
             "-p", "flagship"],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
            timeout=SECONDS)
    finally:
        shutil.rmtree(folder)
    matches = [_LINE.match(line.replace(os.sep, "/")) for line in done.stdout.splitlines()]
    if done.returncode not in (0, 1) or (done.returncode and not any(matches)):
        sys.exit(done.stdout)
    return [("%s: %s" % match.group(1, 3), match.group()) for match in matches if match]


if __name__ == "__main__":
    sys.exit(report(KNOWN, check(), sys.argv[1:]))
