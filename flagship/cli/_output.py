"""The one place that writes to the terminal: results to stdout, messages to stderr."""
import json
import locale
import os
import sys

from flagship._compat import terminal_columns, to_stream
from flagship.cli._layout import Layout, shown
from flagship.decision.modification import finite


class Output(object):
    """The terminal of one command, whatever its encoding: what it cannot show is written as an
    escape.

    :param str program: stands before each message, as in ``flagship decide: ...``.
    """

    def __init__(self, program):
        self.program = program

    def say(self, message):
        """Write one message to stderr."""
        self.write_error(u"%s: %s\n" % (self.program, shown(message)))

    def write(self, text):
        """Write text to stdout, as it is."""
        if sys.stdout is not None:  # closed by the shell with >&-
            sys.stdout.write(to_stream(text, _encoding(sys.stdout)))

    def write_error(self, text):
        """Write text to stderr, as it is."""
        if sys.stderr is not None:
            sys.stderr.write(to_stream(text, _encoding(sys.stderr)))

    def show(self, outcome, as_json):
        """Write what a command found: one JSON document in ASCII, or lines for people."""
        if as_json:
            lines = [json.dumps(finite(outcome.document), indent=2, sort_keys=True,
                                separators=(",", ": "), allow_nan=False)]
        else:
            lines = outcome.render(Layout(terminal_columns(), _encoding(sys.stdout)))
        self.write(u"".join(line.rstrip() + u"\n" for line in lines))

    @staticmethod
    def flush():
        if sys.stdout is not None:
            sys.stdout.flush()

    @staticmethod
    def give_up():
        """Drop what stdout could not take, which would fail again when the interpreter ends."""
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except (AttributeError, EnvironmentError, ValueError):
            pass  # it is no file


class Outcome(object):
    """What a command found.

    :ivar int code: the exit code.
    :ivar dict document: for ``--json``.
    :ivar render: makes the lines for people from a :class:`Layout`.
    """

    def __init__(self, code, document, render):
        self.code, self.document, self.render = code, document, render


def _encoding(stream):
    # Python 2 does not say what a pipe takes.
    return getattr(stream, "encoding", None) or locale.getpreferredencoding(False)
