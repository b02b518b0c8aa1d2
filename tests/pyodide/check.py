"""The newest CPython, as Pyodide has it: ``python tests/pyodide/check.py NODE_MODULES SITE``.

NODE_MODULES is what ``npm ci`` made of this folder's package.json, with a Node that lets Python
wait for JavaScript (24 and later) where there is one for this machine. SITE is a
folder with the wheels of
the package and of what its tests import, pure ones, without mmh3, also on this process's
PYTHONPATH. The emulator runs here. Exit code 0: all tests in inside.py and of the decision passed,
and the emulator got what they sent.
"""
import gzip
import os
import shutil
import subprocess
import sys

from flagship.emulator import Emulator

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def main(modules, site):
    # Node looks for modules where the program is.
    program = os.path.join(os.path.dirname(modules), "run.mjs")
    shutil.copy(os.path.join(HERE, "run.mjs"), program)
    path = os.path.join(ROOT, "tests", "data", "shop.json")
    with Emulator(path) as emulator, Emulator() as compressed:
        with open(path, "rb") as file:
            compressed.misbehave("bucketing", body=gzip.compress(file.read()),
                                 headers={"Content-Encoding": "gzip"})
        node = os.path.join(modules, ".bin", "node")
        code = subprocess.call([node if os.path.exists(node) else "node", program, ROOT, site,
                                emulator.url, compressed.url])
        if code:
            return code
        arrived = [len(each) for each in (emulator.decisions, emulator.activations, emulator.hits)]
    if arrived != [1, 2, 10]:
        print("the emulator got other decisions, activations and hits: %s" % arrived)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(os.path.abspath, sys.argv[1:])))
