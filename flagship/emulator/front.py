"""The emulator's own addresses, ``/_emulator/`` and the page at ``/``. They are for tests and tools
on this machine; pages of other origins in a browser on this machine are refused."""
import pkgutil
import re
import time

from flagship._compat import parse_qs, urlsplit
from flagship.emulator.arrivals import rows_of
from flagship.emulator.bodies import Refusal
from flagship.emulator.platform import encode_json
from flagship.errors import FlagshipError

PREFIX = "/_emulator/"

_MAX_ROWS = 500  # maximum number of rows sent to the page at once

# The page shows untrusted data: it may run and load nothing but its own files.
_POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
           "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store"}
_KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_PAGE = {"": "page.html", "page.css": "page.css", "page.js": "page.js",
         "page.results.css": "page.results.css", "page.results.js": "page.results.js"}

_LOOPBACK = re.compile(r"^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$", re.IGNORECASE)


def is_own(request):
    """Return whether a request is for the emulator itself rather than the platform."""
    path = request.path
    is_page = request.method == "GET" and (path == "/" or path.startswith("/?"))
    return is_page or path.startswith(PREFIX)


class Front(object):
    """Answers requests to an emulator's own addresses.

    :param emulator: the Emulator that they show and change.
    """

    def __init__(self, emulator):
        made = time.time()  # lets the page detect that another emulator has taken the port
        self._calls = {
            ("GET", "received"): lambda request: _received_since(emulator, request),
            ("GET", "arrivals"): lambda request: _arrivals(emulator, made, request),
            ("DELETE", "received"): lambda request: emulator.clear(),
            ("POST", "faults"): lambda request: _misbehave(emulator, **_object(request)),
            ("DELETE", "faults"): lambda request: emulator.behave(),
            ("GET", "panic"): lambda request: emulator.panic,
            ("POST", "panic"): lambda request: setattr(emulator, "panic", _decode_body(request)),
            ("POST", "bucketing"): lambda request: emulator.set_bucketing(_object(request)),
            ("GET", "results"): lambda request: emulator.results,
            ("POST", "simulation"): lambda request: emulator.simulate(**_object(request)),
            ("DELETE", "simulation"): lambda request: emulator.cancel_simulation(),
        }

    def answer(self, request, port):
        """Return ``(status, headers, body)`` for a request to a server on ``port``; may raise
        Refusal."""
        _refuse_foreign(request.headers, port)
        name = request.path[len(PREFIX):].split("?", 1)[0]
        if request.method == "GET" and name in _PAGE:
            kind = _KINDS[_PAGE[name].rpartition(".")[2]] + "; charset=utf-8"
            headers = dict(_HEADERS, **{"Content-Type": kind, "Content-Security-Policy": _POLICY})
            return 200, headers, pkgutil.get_data("flagship.emulator", _PAGE[name])
        call = self._calls.get((request.method, name))
        if call is None:
            raise Refusal(404, "no such address")
        try:
            return 200, _HEADERS, encode_json(call(request))
        except (FlagshipError, TypeError, ValueError) as error:
            raise Refusal(400, "%s" % error)


def _received_since(emulator, request):
    """Return all that was received, or only the requests after the number in the query, with the
    last one's."""
    after = _number_in(request)
    if after is None:
        return emulator.received
    requests = emulator.requests_after(after)
    return {"last": requests[-1][0] if requests else after,
            "requests": [each.as_dict() for _, each in requests]}


def _number_in(request):
    """Return the number in the query's ``after``, at least 0; None if there is none."""
    query = parse_qs(urlsplit(request.path).query)
    return max(0, int(query["after"][-1])) if "after" in query else None


def _arrivals(emulator, made, request):
    """Return what the page shows next: the latest rows, oldest first, of the requests after the
    number in the query."""
    after = _number_in(request) or 0
    requests, rows = emulator.requests_after(after), []
    names = emulator.variation_names
    for number, each in reversed(requests):
        facts = {"number": number, "time": each.time, "method": each.method, "path": each.path,
                 "endpoint": each.endpoint, "status": each.status}
        rows += [dict(row.as_dict(), **facts) for row in reversed(rows_of(each, names=names))]
        if len(rows) >= _MAX_ROWS:
            break
    return {"made": made, "last": requests[-1][0] if requests else after,
            "panic": emulator.panic, "url": emulator.url, "rows": rows[::-1]}


def _misbehave(emulator, endpoint=None, **fault):
    emulator.misbehave(endpoint, **fault)


def _decode_body(request):
    try:
        return request.json()
    except ValueError as error:
        raise ValueError("the body is not JSON: %s" % error)


def _object(request):
    """Return the object in a request's body. Anything else is refused: a path would let any client
    of the emulator read files."""
    value = _decode_body(request)
    if not isinstance(value, dict):
        raise ValueError("the body must be an object, not %s" % type(value).__name__)
    return value


def _refuse_foreign(headers, port):
    """Raise Refusal for a request that a page of another origin may have sent: either its host name
    resolves to this machine (detected by the Host header), or it makes a cross-origin request
    (detected by the Origin header)."""
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
    """Return ``(host, port)``, or ``("", None)`` if it is malformed."""
    try:
        parts = urlsplit("//" + place)
        return parts.hostname or "", parts.port
    except ValueError:
        return "", None
