"""The demo as a process of its own, for the pictures and the tests."""
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 20  # seconds; for what is broken, not for what is slow

#: ``shop`` and ``emulator`` are addresses; the latter is None where the shop runs against the
#: platform.
RunningDemo = namedtuple("RunningDemo", "process shop emulator")


@contextlib.contextmanager
def running_demo(*arguments, **popen):
    """Start the demo as a user does, and end it with Ctrl-C.

    :param arguments: of ``manage.py demo``.
    :param popen: further arguments of Popen, such as ``env``.
    :return: a context manager that gives a RunningDemo.
    :raises RuntimeError: when the demo does not start.
    """
    process = subprocess.Popen([sys.executable, os.path.join(HERE, "manage.py"), "demo"]
                               + list(arguments),
                               stdout=subprocess.PIPE, universal_newlines=True, **popen)
    try:
        said = "".join(process.stdout.readline() for _ in range(4))
        shop = re.search(r"^Shop +(\S+)", said)
        if shop is None:
            raise RuntimeError("the demo did not start: %r" % said)
        emulator = re.search(r"emulator at (\S+)\. ", said)
        yield RunningDemo(process, shop.group(1), emulator and emulator.group(1))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
