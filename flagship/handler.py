"""Where the SDK's log lines and caught errors go."""
import logging
import re

# The first location in a traceback.
_CALLED = re.compile('^ +File "(?:.*[\\\\/])?([^"]*)", line ([0-9]+)', re.MULTILINE)

logger = logging.getLogger("flagship")


class FlagshipEventHandler(object):
    """Receives every log line; subclass it to send them elsewhere. Exceptions that it raises are
    swallowed and logged.

    :param bool catch_all_exceptions: False (default): an error in a call's arguments is raised to
        the caller. True: it goes to :meth:`on_exception_raised` instead, and the call returns its
        neutral result.
    """

    # Also on the class: a subclass written for 2.1.x may not call __init__.
    catch_all_exceptions = False

    #: The :mod:`logging` logger that lines go to by default.
    logger = logger

    def __init__(self, catch_all_exceptions=False):
        self.catch_all_exceptions = bool(catch_all_exceptions)

    def on_log(self, level, message):
        """Receive one log line; by default it goes to the ``flagship`` logger of :mod:`logging`.

        :param int level: a level of :mod:`logging`, such as ``logging.WARNING``.
        :param str message: one line of text, without the API key, contexts or payloads (unless
            ``Config(debug=True)``).
        """
        self.logger.log(level, "%s", message)

    def on_exception_raised(self, exception, traceback):
        """Called for an error in a call's arguments, raised or caught, and for a failed request.

        By default an error that ``catch_all_exceptions`` kept from the caller is logged as one
        ERROR line with the location of the call; an error that is raised or logged elsewhere is not
        logged again.

        :param FlagshipError exception: the error, or the failure of the request.
        :param str traceback: the formatted traceback; it begins with the line that called the
            library.
        """
        called = _CALLED.search(traceback)
        place = " (%s, line %s)" % called.groups() if called else ""
        self.on_log(logging.ERROR, "%s%s" % (exception, place))
