"""The one place that writes to the terminal: results to stdout, messages to stderr."""
import json
import locale
import os
import sys

from flagship._compat import monotonic, terminal_columns, to_stream
from flagship.cli._layout import Layout, number, shown
from flagship.decision.modification import finite

#: What ``--color`` takes: on a terminal that shows them, always, never.
COLORS = "auto", "always", "never"

_EACH = 256  # visitors that are done between two looks at the clock


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

    @staticmethod
    def write_error(text):
        """Write text to stderr, as it is."""
        if sys.stderr is not None:
            sys.stderr.write(to_stream(text, _encoding(sys.stderr)))

    def show(self, outcome, as_json, color):
        """Write what a command found: one JSON document in ASCII, or lines for people.

        :param str color: one of COLORS.
        """
        if as_json:
            lines = [json.dumps(finite(outcome.document), indent=2, sort_keys=True,
                                separators=(",", ": "), allow_nan=False)]
        else:
            is_colored = color == "always" or color == "auto" and _shows_colors(sys.stdout)
            columns = terminal_columns() if is_terminal(sys.stdout) else None
            lines = outcome.render(Layout(columns, _encoding(sys.stdout), is_colored))
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


class Progress(object):
    """How far long work is, in one line on stderr where that is a terminal; gone when it is left.
    What is done before the first line is due shows none.

    :param total: how many there will be, an int; None: nobody knows.
    :param float interval: seconds between two lines.
    :param clock: gives the seconds since some point in the past.
    """

    def __init__(self, total=None, interval=0.5, clock=monotonic):
        self._total, self._interval, self._clock = total, interval, clock
        self._due = clock() + interval if is_terminal(sys.stderr) else None
        self._width = 0  # of the line that is on the terminal

    def counting(self, items):
        """Yield the items; says how many were taken."""
        if self._due is None:
            return items
        return self._counted(items)

    def _counted(self, items):
        for done, item in enumerate(items):
            if not done % _EACH:
                now = self._clock()
                if now >= self._due:
                    self._due = now + self._interval
                    self._write(self._line(done))
            yield item

    def _line(self, done):
        if not self._total:
            return u"%s visitors" % number(done)
        return u"%s of %s visitors, %d %%" % (
            number(done), number(self._total), 100 * done // self._total)

    def _write(self, line):
        Output.write_error(u"\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = len(line)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        if self._width:
            self._write(u"")
            Output.write_error(u"\r")
            sys.stderr.flush()


def is_terminal(stream):
    """Whether a standard stream, or None for one that is closed, is a terminal."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def _shows_colors(stream):
    return (is_terminal(stream) and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb" and os.name == "posix")


def _encoding(stream):
    # Python 2 does not say what a pipe takes.
    return getattr(stream, "encoding", None) or locale.getpreferredencoding(False)
