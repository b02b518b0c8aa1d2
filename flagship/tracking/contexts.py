"""Deduplicates contexts: one that repeats the visitor's last reported context is not sent again."""
from flagship._compat import monotonic

#: Minimum number of visitors remembered; the maximum is twice that.
VISITORS = 100000
#: Seconds after which a context is reported again even if it did not change.
SECONDS = 30 * 60


class ReportedContexts(object):
    """Each visitor's last reported context, as a hash. Lock-free."""

    def __init__(self):
        self._young, self._old = {}, {}

    def is_repeated(self, visitor, payload):
        """Return whether the same context was reported for the visitor within the last SECONDS; if
        not, record it as reported.

        :param visitor: the visitor's ids, a tuple.
        :param bytes payload: the context's wire form.
        """
        key, value, now = hash(visitor), hash(payload), monotonic()
        last = self._young.get(key) or self._old.get(key)
        if last is not None and last[0] == value and now - last[1] < SECONDS:
            return True
        if len(self._young) >= VISITORS:
            self._old, self._young = self._young, {}
        self._young[key] = value, now
        return False

    def forget(self, visitor):
        """Treat a visitor's context as not reported."""
        key = hash(visitor)
        self._young.pop(key, None)
        self._old.pop(key, None)
