"""A circuit breaker: an endpoint that is down costs its callers nothing but a look at the clock."""
import threading

from flagship._compat import monotonic

FAILURES = 5          # in a row, before calls are kept away
FIRST_PAUSE = 1.0     # seconds, doubled by each probe that fails
LONGEST_PAUSE = 30.0  # seconds; how long an outage's end may go unnoticed


class Breaker(object):
    """Counts the failures of one endpoint; safe for several threads."""

    __slots__ = ("_failures", "_until", "_pause", "_changing")

    def __init__(self):
        self._failures, self._until, self._pause = 0, None, 0.0
        self._changing = threading.Lock()

    def wait(self):
        """Seconds until a call may be made, 0.0 for now. After a pause one caller is let through, as a probe."""
        if self._until is None:
            return 0.0
        with self._changing:
            now = monotonic()
            left = 0.0 if self._until is None else self._until - now
            # More than the pause: the clock was set back, as Python 2's can be.
            if 0 < left <= self._pause:
                return left
            if self._until is not None:
                self._until = now + self._pause
            return 0.0

    def succeeded(self):
        """Note a success; whether it ended a pause."""
        if not self._failures:
            return False
        with self._changing:
            ended = self._until is not None
            self._failures, self._until = 0, None
        return ended

    def failed(self):
        """Note a failure; whether it began a pause where there was none."""
        with self._changing:
            self._failures += 1
            if self._failures < FAILURES:
                return False
            begins = self._until is None
            self._pause = min(FIRST_PAUSE * 2 ** min(self._failures - FAILURES, 10), LONGEST_PAUSE)
            self._until = monotonic() + self._pause
        return begins
