"""The emulator's own addresses, ``/_emulator/``: for tests and tools on this machine, and for no
page of another origin that a browser on this machine shows."""
import re

from flagship._compat import urlsplit
from flagship.emulator.bodies import Refusal
from flagship.emulator.platform import encoded
from flagship.errors import FlagshipError

PREFIX = "/_emulator/"

_LOOPBACK = re.compile(r"^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$", re.IGNORECASE)


class Front(object):
    """Answers for an emulator's own addresses.

    :param emulator: what they show and change.
    """

    def __init__(self, emulator):
        self._calls = {
            ("GET", "received"): lambda request: emulator.received,
            ("DELETE", "received"): lambda request: emulator.clear(),
            ("POST", "faults"): lambda request: _misbehave(emulator, **_object(request)),
            ("DELETE", "faults"): lambda request: emulator.behave(),
            ("GET", "panic"): lambda request: emulator.panic,
            ("POST", "panic"): lambda request: setattr(emulator, "panic", _decoded(request)),
            ("POST", "bucketing"): lambda request: emulator.set_bucketing(_object(request)),
        }

    def answer(self, request, port):
        """``(status, headers, body)`` for a request to a server on ``port``; raises Refusal."""
        _refuse_foreign(request.headers, port)
        name = request.path[len(PREFIX):].split("?", 1)[0]
        call = self._calls.get((request.method, name))
        if call is None:
            raise Refusal(404, "no such address")
        try:
            return 200, {}, encoded(call(request))
        except (FlagshipError, TypeError, ValueError) as error:
            raise Refusal(400, "%s" % error)


def _misbehave(emulator, endpoint=None, **fault):
    emulator.misbehave(endpoint, **fault)


def _decoded(request):
    try:
        return request.json()
    except ValueError as error:
        raise ValueError("the body is not JSON: %s" % error)


def _object(request):
    """The object in a request's body. A path would let whoever reaches the emulator read files."""
    value = _decoded(request)
    if not isinstance(value, dict):
        raise ValueError("the body must be an object, not %s" % type(value).__name__)
    return value


def _refuse_foreign(headers, port):
    """Raise Refusal for what a page of another origin can have sent: its name may resolve to this
    machine (then the Host tells), or it posts here from its own (then the Origin does)."""
    if not _LOOPBACK.match(_host_and_port(headers.get("host", ""))[0]):
        raise Refusal(403, "the Host must be localhost or an address of loopback")
    origin = headers.get("origin")
    if origin is None:
        return
    scheme, _, place = origin.partition("://")
    host, origin_port = _host_and_port(place)
    if scheme != "http" or not _LOOPBACK.match(host) or origin_port != port:
        raise Refusal(403, "a page of another origin must not ask this")


def _host_and_port(place):
    """``("", None)`` where it is neither."""
    try:
        parts = urlsplit("//" + place)
        return parts.hostname or "", parts.port
    except ValueError:
        return "", None
