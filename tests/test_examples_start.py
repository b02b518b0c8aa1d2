"""What the examples say where they cannot start: a sentence and an exit code, never a traceback."""
from __future__ import unicode_literals

import os
import socket
import subprocess
import sys

import pytest

from tests.support import ROOT
from tests.test_quickstart import environment

ECOMMERCE = "ecommerce/manage.py"
NEEDS_DJANGO = sys.version_info >= (3, 6)


def start(tmpdir, arguments, **modules):
    """Start an example beside modules of these sources; ``(exit code, what it said)``."""
    for name in modules:
        tmpdir.join(name + ".py").write(modules[name])
    path = os.pathsep.join([str(tmpdir), ROOT] + [each for each in sys.path if each])
    script = os.path.join(ROOT, "examples", *arguments[0].split("/"))
    process = subprocess.Popen([sys.executable, script] + arguments[1:], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT,
                               env=environment(PYTHONPATH=path, TMPDIR=tmpdir))
    said = process.communicate()[0].decode("utf-8")
    return process.returncode, said


LACKS = "raise ImportError('it is not there')"
# (example and arguments, modules in place of the real ones, exit code, what it says)
STARTS = [
    (["quickstart.py"], {"requests": LACKS}, 1, "The SDK is not installed"),
    (["batch/assign.py"], {"requests": LACKS}, 1, "the SDK is not installed"),
    (["batch/assign_dask.py"], {"dask": LACKS}, 1, "Dask is not installed"),
    (["flask_app/app.py"], {"flask": LACKS}, 1, "Flask or the SDK is not installed"),
    (["flask_app/app.py", "many"], {}, 2, "The port must be a number from 0 to 65535."),
]
if NEEDS_DJANGO:
    STARTS += [
        ([ECOMMERCE, "demo"], {"django": LACKS}, 1, "Django or the SDK is not installed"),
        ([ECOMMERCE, "demo"], {"django": "VERSION, __version__ = (2, 2), '2.2'"}, 1,
         "The shop needs Django 3.2 or later, and this is 2.2"),
        ([ECOMMERCE, "demo", "--port", "65536"], {}, 2, "must be from 0 to 65535"),
        (["ecommerce/screenshots.py", "."], {"selenium": LACKS}, 1, "The pictures need selenium 4"),
    ]
else:
    STARTS += [([ECOMMERCE, "demo"], {}, 1, "The shop needs Python 3.6 or later")]


@pytest.mark.parametrize("arguments, modules, code, sentence", STARTS)
def test_what_is_missing_is_said(tmpdir, arguments, modules, code, sentence):
    status, said = start(tmpdir, arguments, **modules)
    assert (status, "Traceback" in said) == (code, False) and sentence in said, said


@pytest.mark.parametrize("arguments", [["flask_app/app.py"]] + (
    [[ECOMMERCE, "demo", "--port"]] if NEEDS_DJANGO else []), ids=lambda arguments: arguments[0])
def test_a_port_in_use_is_said(tmpdir, arguments):
    """And nothing of the example is left behind."""
    taken = socket.socket()
    try:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        status, said = start(tmpdir, arguments + ["%d" % port])
    finally:
        taken.close()
    assert (status, "Traceback" in said) == (1, False), said
    assert "ort %d" % port in said and ("in use" in said or "cannot be used" in said)
    assert tmpdir.listdir() == []
