"""Which contexts were reported lately: one that repeats the visitor's last is not sent again."""
from flagship._compat import monotonic

#: Visitors remembered, at least; at most twice as many.
VISITORS = 100000
#: Seconds after which a context is reported again, although it did not change.
SECONDS = 30 * 60


class ReportedContexts(object):
    """Each visitor's last reported context, as a hash; waits for nobody."""

    def __init__(self):
        self._young, self._old = {}, {}

    def is_repeated(self, visitor, payload):
        """Whether a visitor's context is the one reported within SECONDS; if not, it is now.

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
        """Take a visitor's context as not reported."""
        key = hash(visitor)
        self._young.pop(key, None)
        self._old.pop(key, None)
