"""A circuit breaker: calls to an endpoint that is down fail immediately instead of waiting."""
from flagship._compat import monotonic
from flagship._process import Lock

FAILURES = 5          # consecutive failures that open the circuit
FIRST_PAUSE = 1.0     # seconds, doubled by each failed probe
LONGEST_PAUSE = 30.0  # seconds; how long the end of an outage may go unnoticed


class Breaker(object):
    """Counts the failures of one endpoint; thread-safe, and safe in signal handlers."""

    __slots__ = ("_failures", "_until", "_pause", "_probing", "_changing")

    def __init__(self):
        self._failures, self._until, self._pause, self._probing = 0, None, 0.0, False
        self._changing = Lock()

    def wait(self):
        """Return the seconds until a call may be made; 0.0 means now. After each pause one caller
        is let through as a probe."""
        if self._until is None:
            return 0.0
        with self._changing:
            if self._until is None:
                return 0.0
            now = monotonic()
            left = self._until - now
            # If more than the pause is left, the clock was set back, as can happen on Python 2.
            if 0 < left <= self._pause:
                return left
            self._until, self._probing = now + self._pause, True
            return 0.0

    def succeed(self):
        """Record a success. Return whether it closed an open circuit."""
        if not self._failures:
            return False
        with self._changing:
            ended = self._until is not None
            self._failures, self._until, self._probing = 0, None, False
        return ended

    def fail(self):
        """Record a failure. Return whether it opened the circuit."""
        with self._changing:
            self._failures += 1
            if self._until is None:
                if self._failures < FAILURES:
                    return False
                self._pause = FIRST_PAUSE
                self._until = monotonic() + self._pause
                return True
            # Calls that were already in flight when the circuit opened tell nothing new.
            if self._probing:
                self._pause = min(self._pause * 2, LONGEST_PAUSE)
                self._until, self._probing = monotonic() + self._pause, False
        return False
