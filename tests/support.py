"""What several test files use."""
import os

from flagship.handler import FlagshipEventHandler

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")


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
    try:
        return {name: os.readlink("/proc/self/fd/" + name) for name in os.listdir("/proc/self/fd")
                if os.path.exists("/proc/self/fd/" + name) or os.path.islink("/proc/self/fd/" + name)}
    except OSError:
        return {}


def sockets():
    return {target for target in descriptors().values() if target.startswith("socket:")}
