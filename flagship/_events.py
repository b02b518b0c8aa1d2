"""How the SDK calls the event handler: a user's handler that raises must never break a call."""
import copy
import functools
import logging
import os
import re
import sys
import traceback

from flagship import _process
from flagship._compat import absolute, monotonic
from flagship._threads import what_to_catch
from flagship.errors import FlagshipError
from flagship.handler import FlagshipEventHandler, logger

_PACKAGE = os.path.dirname(absolute(__file__)) + os.sep
_QUIET = 60.0       # seconds during which repetitions of a line are suppressed
_MAX_RECENT = 1000  # maximum number of distinct lines that are remembered
# Characters that would start a new line in a log, or control the terminal that displays it.
_CONTROL = re.compile(u"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def one_line(message):
    """Return text with its control characters escaped."""
    if not _CONTROL.search(message):
        return message
    return _CONTROL.sub(lambda found: repr(found.group()).lstrip("u").strip("'"), message)


def describe(error):
    """Return an exception as one line of text, such as ``KeyError: 'country'``; never raises."""
    name = type(error).__name__
    try:
        told = traceback.format_exception_only(type(error), error)[-1].strip()
    except Exception:  # its __str__ raises
        return name
    return one_line(told.decode("utf-8", "replace") if isinstance(told, bytes) else told)


class _Recent(object):
    """Lines logged in the last minute, so that an hour's outage does not log a million lines."""

    def __init__(self):
        self._lines = {}  # (level, line) -> [when it was logged, how often it was suppressed since]

    def admit(self, level, line):
        """Return the line to log; None if it was logged less than a minute ago."""
        now, said = monotonic(), self._lines.get((level, line))
        if said is not None and 0 <= now - said[0] < _QUIET:
            said[1] += 1
            return None
        if len(self._lines) >= _MAX_RECENT:
            self._lines = {}
        self._lines[level, line] = [now, 0]
        return "%s (%d more times since)" % (line, said[1]) if said and said[1] else line


class EventLog(object):
    """Passes log lines and errors to the current event handler, whatever that raises."""

    __slots__ = ("_handler", "_default", "_recent", "_warned")

    def __init__(self, handler):
        self.use(handler)

    def use(self, handler):
        """Use another handler from now on."""
        # With the stock handler, a line that the logger would discard need not be formatted.
        self._default = _is_stock(handler, "on_log")
        self._handler, self._recent, self._warned = handler, _Recent(), set()

    def log(self, level, message, *args):
        if self._default and not logger.isEnabledFor(level):
            return
        try:
            line = one_line(message % args if args else message)
            # A custom handler receives every line, and can deduplicate them itself.
            if self._default and level > logging.DEBUG:
                line = self._recent.admit(level, line)
            if line is not None:
                self._handler.on_log(level, line)
        except what_to_catch():
            self._report_handler("on_log")

    def warn_once(self, kind, key, line):
        """Log a WARNING the first time for this kind and key, and a DEBUG line afterwards."""
        first = (kind, key) not in self._warned and len(self._warned) < _MAX_RECENT
        if first:
            self._warned.add((kind, key))
        self.log(logging.WARNING if first else logging.DEBUG, "%s", line)

    def debug(self, message, *args):
        self.log(logging.DEBUG, message, *args)

    def info(self, message, *args):
        self.log(logging.INFO, message, *args)

    def warning(self, message, *args):
        self.log(logging.WARNING, message, *args)

    def error(self, message, *args):
        self.log(logging.ERROR, message, *args)

    @property
    def listens(self):
        """Whether a DEBUG line would be passed on, and not discarded."""
        return not self._default or logger.isEnabledFor(logging.DEBUG)

    def raise_or_report(self, error):
        """Report the error that is being handled to the handler, and re-raise it unless the handler
        catches all exceptions."""
        if not self._handler.catch_all_exceptions:
            self.report(error)
            raise  # the error being handled, with its traceback
        self._tell(error, _traceback_from_caller())

    def report(self, error):
        """Report an error that is being handled to the handler. The caller raises or logs it too,
        so the stock handler is skipped."""
        if not _is_stock(self._handler, "on_exception_raised"):
            self._tell(error, _traceback_from_caller())

    def request_failed(self, failure):
        """Report a failed request to the handler, while the failure is being handled; the caller
        logs it."""
        # A copy: the traceback of the original would keep the socket alive as long as the handler
        # keeps the error.
        self.report(copy.copy(failure))

    def _tell(self, error, told):
        stock = _is_stock(self._handler, "on_exception_raised")
        if stock and self._recent.admit(logging.ERROR, told) is None:
            return
        try:
            self._handler.on_exception_raised(error, told)
        except what_to_catch():
            self._report_handler("on_exception_raised")

    def _report_handler(self, name):
        """Log that the user's handler raised; it may do so for each line."""
        line = self._recent.admit(logging.ERROR, "The event handler's %s raised" % name)
        if line is not None:
            logger.exception("%s", line)


def is_overridden(instance, name, base):
    """Return whether an instance has an attribute of its own, of whatever kind, in place of that of
    ``base``, a class that it is an instance of or, as a mock, claims to be."""
    for kind in () if name in getattr(instance, "__dict__", ()) else type(instance).__mro__:
        if name in vars(kind):
            return vars(kind)[name] is not vars(base)[name]
    return True


def _is_stock(handler, name):
    return not is_overridden(handler, name, FlagshipEventHandler)


def _traceback_from_caller():
    """Return the traceback of the error that is being handled, as text that begins with the line of
    the application's code that called the library."""
    kind, error, failed = sys.exc_info()
    frame = sys._getframe()
    while frame is not None and absolute(frame.f_code.co_filename).startswith(_PACKAGE):
        frame = frame.f_back
    called = [] if frame is None else traceback.format_stack(frame, 1)
    own = [entry for entry in traceback.extract_tb(failed) if entry[2] != "checked"]
    return "".join(["Traceback (most recent call last):\n"] + called + traceback.format_list(own)
                   + traceback.format_exception_only(kind, error))


_DEFAULT = EventLog(FlagshipEventHandler())


def current():
    """Return the event log of the SDK that was started last, or the default one. It serves code
    that has no reference to the SDK, such as hits while they are built."""
    return _process.current_events() or _DEFAULT


def set_current(events=None):
    _process.set_current_events(events)


def reports_mistakes(neutral):
    """Return a decorator for methods: ``catch_all_exceptions`` decides whether an error is raised
    or reported.

    :param neutral: returns the call's neutral result, given ``(self, error)``. The error goes to
        the event log ``self._events`` if there is one, else to that of the SDK started last.
    """
    def decorate(call):
        @functools.wraps(call)
        def checked(self, *args, **kwargs):
            try:
                return call(self, *args, **kwargs)
            except FlagshipError as error:
                (getattr(self, "_events", None) or current()).raise_or_report(error)
                return neutral(self, error)
        return checked
    return decorate
