"""The emulator's misbehaviour, endpoint by endpoint."""
import random
import threading

from flagship import _validation as check
from flagship._compat import text_type


class Fault(object):
    """How an endpoint misbehaves; see :meth:`Emulator.misbehave`."""

    __slots__ = ("delay", "hang", "status", "headers", "body", "size", "reset", "truncate", "drip", "share", "times")

    def __init__(self, delay=0, hang=False, status=None, headers=None, body=None, size=None, reset=None,
                 truncate=False, drip=0, share=1, times=None):
        function = "misbehave"
        self.delay = check.number(function, "delay", delay)
        self.hang = check.boolean(function, "hang", hang)
        self.status = status if status is None else check.integer(function, "status", status, 100, 999)
        self.headers = dict(headers or {})
        self.body = body.encode("utf-8") if isinstance(body, text_type) else body
        self.size = size if size is None else check.integer(function, "size", size, 1)
        if reset not in (None, "before", "inside"):
            raise check.param_error(function, "reset", "must be 'before', 'inside' or None")
        self.reset = reset
        self.truncate = check.boolean(function, "truncate", truncate)
        self.drip = check.number(function, "drip", drip)
        self.share = check.number(function, "share", share, above=0, maximum=1)
        self.times = times if times is None else check.integer(function, "times", times, 1)

    @property
    def replaces(self):
        """Whether the platform never sees the request."""
        return (self.hang or self.reset == "before" or self.status is not None or self.body is not None
                or self.size is not None)


class Faults(object):
    """The faults that are set, safe for several threads."""

    def __init__(self):
        self._faults, self._changing = {}, threading.Lock()
        self._changed = threading.Condition(self._changing)

    def set(self, endpoint, fault):
        with self._changed:
            self._faults[endpoint] = fault
            self._changed.notify_all()

    def clear(self, endpoint=None):
        with self._changed:
            if endpoint is None:
                self._faults.clear()
            else:
                self._faults.pop(endpoint, None)
            self._changed.notify_all()

    def take(self, endpoint):
        """The fault for one request, or None."""
        with self._changing:
            fault = self._faults.get(endpoint)
            if fault is not None and random.random() >= fault.share:
                return None
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    del self._faults[endpoint]
            return fault
