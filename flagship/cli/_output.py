"""The one place that writes to the terminal: results to stdout, messages to stderr."""
import json
import locale
import os
import sys

from flagship._compat import monotonic, terminal_columns, to_stream
from flagship.cli._layout import Layout, escape, number
from flagship.decision.modification import finite

#: The values of ``--color``: on a terminal that shows colors, always, never.
COLORS = "auto", "always", "never"

_EACH = 256  # number of visitors between checks of the clock


class Output(object):
    """The terminal of one command, in any encoding: characters that it cannot show are escaped.

    :param str program: the prefix of each message, as in ``flagship decide: ...``.
    """

    def __init__(self, program):
        self.program = program

    def say(self, message):
        """Write one message to stderr."""
        self.write_error(u"%s: %s\n" % (self.program, escape(message)))

    def write(self, text):
        """Write text to stdout unchanged."""
        if sys.stdout is not None:  # closed by the shell with >&-
            sys.stdout.write(to_stream(text, _encoding(sys.stdout)))

    @staticmethod
    def write_error(text):
        """Write text to stderr unchanged."""
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
        """Discard what could not be written to stdout, or it would fail again at interpreter exit.
        """
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except (AttributeError, EnvironmentError, ValueError):
            pass  # not a file


class Outcome(object):
    """The result of a command.

    :ivar int code: the exit code.
    :ivar dict document: the output for ``--json``.
    :ivar render: a function of a :class:`Layout` that returns the lines for people.
    """

    def __init__(self, code, document, render):
        self.code, self.document, self.render = code, document, render


class Progress(object):
    """A context manager that shows progress in one line on stderr, if that is a terminal, and
    removes the line at its end. Nothing is shown if the work takes less than ``interval``.

    :param total: the total number of items, an int; None: unknown.
    :param float interval: seconds between updates.
    :param clock: a function that returns the seconds since some point in the past.
    """

    def __init__(self, total=None, interval=0.5, clock=monotonic):
        self._total, self._interval, self._clock = total, interval, clock
        self._due = clock() + interval if is_terminal(sys.stderr) else None
        self._width = 0  # width of the line that is shown

    def counting(self, items):
        """Yield the items, and show how many were consumed."""
        if self._due is None:
            return items
        return self._count_items(items)

    def _count_items(self, items):
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
    """Return whether a standard stream (None if it is closed) is a terminal."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def _shows_colors(stream):
    return (is_terminal(stream) and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb" and os.name == "posix")


def _encoding(stream):
    # On Python 2 the encoding of a pipe is None.
    return getattr(stream, "encoding", None) or locale.getpreferredencoding(False)
