"""The SDK's side of the event handler: a user's handler that raises must never break a call."""
import functools
import logging
import traceback

import six

from flagship import _process
from flagship.errors import FlagshipError
from flagship.handler import FlagshipEventHandler, logger


class EventLog(object):
    """Speaks to one event handler and survives it."""

    __slots__ = ("_handler", "_default")

    def __init__(self, handler):
        self._handler = handler
        # With the stock handler a line that nobody listens to need not be formatted.
        self._default = "on_log" not in vars(handler) and (
            six.get_unbound_function(type(handler).on_log) is six.get_unbound_function(FlagshipEventHandler.on_log))

    def log(self, level, message, *args):
        if self._default and not logger.isEnabledFor(level):
            return
        try:
            self._handler.on_log(level, message % args if args else message)
        except Exception:
            logger.exception("The event handler's on_log raised")

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
        """Whether a DEBUG line would reach anybody."""
        return not self._default or logger.isEnabledFor(logging.DEBUG)

    def raise_or_report(self, error):
        """Raise the mistake that is being handled, or report it where the user's handler catches all exceptions."""
        if not self._handler.catch_all_exceptions:
            raise  # what is being handled, with its traceback
        try:
            self._handler.on_exception_raised(error, traceback.format_exc())
        except Exception:
            logger.exception("The event handler's on_exception_raised raised")


_DEFAULT = EventLog(FlagshipEventHandler())


def current():
    """The event log of the SDK that was started last, or the default one: hits are built without a reference to the
    SDK that will send them."""
    return _process.current_events() or _DEFAULT


def set_current(events=None):
    _process.set_current_events(events)


def reports_mistakes(neutral):
    """Let ``catch_all_exceptions`` decide whether a mistake is raised or reported.

    :param neutral: makes the call's neutral result from ``(self, error)``. ``self._events``, where there is one, is
        the event log that is told, else the one of the SDK started last.
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
