"""Where the SDK's log lines and caught mistakes go."""
import logging
import re

# The first place in a traceback.
_CALLED = re.compile('^ +File "(?:.*[\\\\/])?([^"]*)", line ([0-9]+)', re.MULTILINE)

logger = logging.getLogger("flagship")


class FlagshipEventHandler(object):
    """Receives every log line; subclass it to send them elsewhere. What it raises is swallowed and
    logged.

    :param bool catch_all_exceptions: False (the default): a mistake in a call's arguments is raised
        at the call. True: it goes to :meth:`on_exception_raised` instead, and the call returns its
        neutral result.
    """

    # On the class too: a subclass of 2.1.x need not have called __init__.
    catch_all_exceptions = False

    #: The logger of :mod:`logging` that lines go to by default.
    logger = logger

    def __init__(self, catch_all_exceptions=False):
        self.catch_all_exceptions = bool(catch_all_exceptions)

    def on_log(self, level, message):
        """Receive one log line; by default it goes to the ``flagship`` logger of :mod:`logging`.

        :param int level: a level of :mod:`logging`, such as ``logging.WARNING``.
        :param str message: one line of text, without API key, context or payload (unless
            ``Config(debug=True)``).
        """
        self.logger.log(level, "%s", message)

    def on_exception_raised(self, exception, traceback):
        """Hear of a mistake in a call, raised or caught, and of a request that failed.

        By default a mistake that ``catch_all_exceptions`` kept from the caller is one ERROR line
        with the place of the call; what is raised or logged elsewhere is not said again.

        :param FlagshipError exception: the mistake, or the failure of the request.
        :param str traceback: the formatted traceback; it begins with the line that called the
            library.
        """
        called = _CALLED.search(traceback)
        place = " (%s, line %s)" % called.groups() if called else ""
        self.on_log(logging.ERROR, "%s%s" % (exception, place))
