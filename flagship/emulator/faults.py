"""The emulator's faults, one per endpoint."""
import random
import re
import threading

from flagship import _validation as check
from flagship._compat import Mapping, text_type

#: Limits for one fault, so that nobody brings down the emulator's process by mistake.
MAX_BYTES = 64 * 1024 * 1024
MAX_SECONDS = 86400

_MAX_HEADERS = 100
_MAX_HEADER = 8192  # characters
_TOKEN = re.compile(u"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
_CONTROL = re.compile(u"[\\x00-\\x08\\x0a-\\x1f\\x7f]")
_FUNCTION = "misbehave"


class Fault(object):
    """How an endpoint misbehaves; see :meth:`Emulator.misbehave`."""

    __slots__ = ("delay", "hang", "status", "headers", "body", "size", "reset", "truncate", "drip",
                 "share", "times")

    def __init__(self, delay=0, hang=False, status=None, headers=None, body=None, size=None,
                 reset=None, truncate=False, drip=0, share=1, times=None):
        self.delay = _seconds("delay", delay)
        self.hang = check.boolean(_FUNCTION, "hang", hang)
        self.status = None if status is None else check.integer(_FUNCTION, "status", status, 100,
                                                                999)
        self.headers = {} if headers is None else _headers(headers)
        self.body = None if body is None else _body(body)
        self.size = None if size is None else check.integer(_FUNCTION, "size", size, 1, MAX_BYTES)
        if reset not in (None, "before", "inside"):
            raise check.param_error(_FUNCTION, "reset", "must be 'before', 'inside' or None")
        self.reset = reset
        self.truncate = check.boolean(_FUNCTION, "truncate", truncate)
        self.drip = _seconds("drip", drip)
        self.share = check.number(_FUNCTION, "share", share, above=0, maximum=1)
        self.times = None if times is None else check.integer(_FUNCTION, "times", times, 1)

    @property
    def replaces(self):
        """Whether the fault replaces the platform's answer, so that it does not see the request."""
        return (self.hang or self.reset == "before" or self.status is not None
                or self.body is not None or self.size is not None)


class Faults(object):
    """The faults that are set. Thread-safe."""

    def __init__(self):
        self._faults, self._changing = {}, threading.Lock()

    def set(self, endpoint, fault):
        """Give the requests to an endpoint a fault, until the next ``set`` or ``clear``."""
        with self._changing:
            self._faults[endpoint] = fault

    def clear(self, endpoint=None):
        """End the fault of an endpoint, or of all."""
        with self._changing:
            if endpoint is None:
                self._faults.clear()
            else:
                self._faults.pop(endpoint, None)

    def take(self, endpoint):
        """Return the fault for one request, or None."""
        with self._changing:
            fault = self._faults.get(endpoint)
            if fault is not None and random.random() >= fault.share:
                return None
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    del self._faults[endpoint]
            return fault


def _seconds(name, value):
    value = check.number(_FUNCTION, name, value, maximum=MAX_SECONDS)
    if value < 0:
        raise check.param_error(_FUNCTION, name, "must be at least 0, not %r" % value)
    return value


def _body(value):
    """Return the body of an answer, bytes."""
    if isinstance(value, text_type):
        value = check.text(_FUNCTION, "body", value).encode("utf-8")
    check.instance(_FUNCTION, "body", value, bytes, "text or bytes")
    if len(value) > MAX_BYTES:
        raise check.param_error(_FUNCTION, "body", "must be at most %d bytes" % MAX_BYTES)
    return value


def _headers(value):
    """Return a dict of headers, each guaranteed to be a single valid line."""
    check.instance(_FUNCTION, "headers", value, Mapping, "a mapping of text to text")
    if len(value) > _MAX_HEADERS:
        raise check.param_error(_FUNCTION, "headers", "must be at most %d" % _MAX_HEADERS)
    headers = {}
    for name, line in value.items():
        name = check.text(_FUNCTION, "headers", name)
        line = check.text(_FUNCTION, "headers", line)
        if max(len(name), len(line)) > _MAX_HEADER:
            raise check.param_error(_FUNCTION, "headers",
                                    "must be of at most %d characters each" % _MAX_HEADER)
        if not _TOKEN.match(name) or _CONTROL.search(line):
            raise check.param_error(_FUNCTION, "headers", "must be names and single lines")
        try:
            line.encode("latin-1")
        except UnicodeEncodeError:
            raise check.param_error(_FUNCTION, "headers", "must be Latin-1")
        headers[name] = line
    return headers
