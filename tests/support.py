"""What several test files use."""
import json
import os
import random
import socket
import subprocess
import sys
import time

import pytest

from flagship import Flagship
from flagship.handler import FlagshipEventHandler

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = os.path.join(ROOT, "tests", "data")

_HURRY = os.environ.get("FLAGSHIP_TESTS") == "quick"

# What takes long and differs little from one Python to the next runs on the main one; with
# FLAGSHIP_TESTS=quick nowhere.
WHOLE = sys.version_info[:2] == (3, 11) and not _HURRY
SLOW = "it takes long, and runs on 3.11"

# How processes and threads begin and end is where Pythons differ: on the oldest and newest as well.
LIVES = WHOLE or sys.version_info[:2] in ((2, 7), (3, 13)) and not _HURRY

# What an old Python has not, the oldest of 2 and of 3 show; what a new one has no more, the newest.
# Between them run the tests of what programs call and of what differs with the libraries.
BETWEEN = sys.version_info[:2] in ((3, 7), (3, 8), (3, 9), (3, 10), (3, 12))

#: What such a test is marked with.
slow = pytest.mark.skipif(not WHOLE, reason=SLOW)

#: Bytes that browsers and others may send as a cookie's value, and that are no visitor's id.
RUBBISH = [b"", b" ", b"x" * 129, b"a b", b"\x00", b"\xc3\xa9", b"\xff\xfe", b"\"\\342\\202\"",
           b"\xf0\x9f\x98\x80"]


def data(name):
    """The path of a file in tests/data."""
    return os.path.join(DATA, name)


class Log(FlagshipEventHandler):
    """An event handler that keeps what it is told."""

    def __init__(self, catch_all_exceptions=False):
        FlagshipEventHandler.__init__(self, catch_all_exceptions)
        self.lines, self.caught = [], []

    def on_log(self, level, message):
        self.lines.append((level, message))

    def on_exception_raised(self, exception, traceback):
        self.caught.append((exception, traceback))

    def at(self, level):
        """The messages of one level or above."""
        return [message for each, message in self.lines if each >= level]


def descriptors():
    """The open files and sockets of this process, where the system tells."""
    found = {}
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:
        return found
    for name in names:
        try:
            found[name] = os.readlink("/proc/self/fd/" + name)
        except OSError:  # the directory's own
            pass
    return found


def sockets():
    return {target for target in descriptors().values() if target.startswith("socket:")}


def eventually(holds, seconds=10):
    """Wait until ``holds()`` is true; its last value. The bound is for what is broken, not for what
    is slow."""
    ends = time.time() + seconds
    while True:
        value = holds()
        if value or time.time() >= ends:
            return value
        time.sleep(0.005)


def free_port():
    """A port for a program that must be told one. It is below those that the system gives to
    whoever asks for any, so that nobody takes it before the program does."""
    while True:
        port = random.SystemRandom().randrange(10000, 32000)
        listener = socket.socket()
        try:
            listener.bind(("127.0.0.1", port))
            return port
        except socket.error:
            pass  # taken
        finally:
            listener.close()


def everybody(campaign, *variations):
    """A campaign for every visitor; each variation is ``(id, allocation, {flag: value})``."""
    return {"id": campaign, "type": "ab", "variationGroups": [{
        "id": campaign + "-group",
        "targeting": {"targetingGroups": [
            {"targetings": [{"key": "fs_all_users", "operator": "EQUALS", "value": ""}]}]},
        "variations": [{"id": name, "allocation": allocation, "reference": place == 0,
                        "modifications": {"type": "JSON", "value": flags}}
                       for place, (name, allocation, flags) in enumerate(variations)]}]}


def file_of(version, campaigns=1):
    """A bucketing file whose every flag has the value ``version``."""
    return {"campaigns": [
        everybody("c%d" % place, ("v%d-%s" % (place, version), 100, {"flag%d" % place: version}))
        for place in range(campaigns)]}


class Stream(object):
    """A standard stream of some encoding, which refuses what that cannot express."""

    def __init__(self, encoding="utf-8", is_terminal=False):
        self.encoding, self._written, self.isatty = encoding, [], lambda: is_terminal

    def write(self, text):
        self._written.append(text if isinstance(text, bytes) else text.encode(self.encoding))

    def flush(self):
        pass

    def text(self):
        return b"".join(self._written).decode(self.encoding)


def command(arguments, encoding="utf-8", is_terminal=False):
    """Run ``flagship`` in this process; ``(exit code, stdout, stderr)``."""
    from flagship.cli import main
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Stream(encoding, is_terminal), Stream(encoding, is_terminal)
    try:
        return main(list(arguments)), sys.stdout.text(), sys.stderr.text()
    finally:
        sys.stdout, sys.stderr = before


def hangs(emulator):
    emulator.misbehave("campaigns", hang=True)


def breaks(emulator):
    emulator.misbehave("campaigns", status=500)


def panics(emulator):
    emulator.panic = True


def stops(emulator):
    emulator.stop()


def closes(emulator):
    Flagship.instance().close()


#: What happens to the platform that a view's visitor is on; each is called with the emulator.
OUTAGES = [hangs, breaks, panics, stops, closes]


def start_program(code, emulator, *arguments, **options):
    """Run a Python program against an emulator, without waiting for it; its URLs are in ``urls``,
    ``arguments`` in ``sys.argv``. ``options`` are for Popen; ``prelude`` is code that runs before
    the library is imported."""
    head = options.pop("prelude", "") + (
        "import sys, json, os, time, signal, threading\n"
        "urls = json.loads(os.environ['URLS'])\n"
        "from flagship import Config, Flagship\nfrom flagship.hits import *\n"
        "flagship = Flagship.instance()\n"
        "if hasattr(signal, 'alarm'):\n    signal.alarm(120)  # a hang is a failure\n"
        "def start(**kwargs):\n"
        "    kwargs = dict(urls, tracking='deferred', bucketing_file=None, **kwargs)\n"
        "    flagship.start(u'env', u'key', Config(**kwargs))\n"
        "    return flagship.create_visitor(u'ann')\n"
        "def screen(name):\n"
        "    return Screen(u'%s' % name)\n")
    environment = dict(os.environ, URLS=json.dumps(emulator.urls), PYTHONPATH=os.pathsep.join(
        [ROOT] + [path for path in sys.path if path]))
    environment.update(options.pop("env", {}))
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([sys.executable, "-c", head + code] + [str(each) for each in arguments],
                            env=environment, **options)


def run_program(code, emulator, *arguments, **options):
    """Run such a program to its end; ``(exit code, what it wrote to stderr)``."""
    process = start_program(code, emulator, *arguments, **options)
    written = process.communicate()[1]
    return process.returncode, (written or b"").decode("utf-8", "replace")


def screens(emulator):
    """The names of the screens that arrived, sorted."""
    return sorted(hit["dl"] for hit in emulator.hits)
