"""What the SDK is documented to send, which is narrower than what the platform takes from any SDK.
The names and limits of hits are the collector's own (``flagship.emulator.collect``); here stands
what of them ours does not do."""
import re

from flagship._compat import integer_types, text_type
from flagship.emulator import collect

_SCALARS = (text_type, bool, float) + integer_types
_SDK = {"x-sdk-client": re.compile(r"^python$"), "x-sdk-version": re.compile(r"^[0-9.]+$")}
_JSON = {"content-type": re.compile(r"^application/json")}


def undocumented(request):
    """What of a request that the emulator received the SDK is not documented to send, or None."""
    rows = [row for row in _ADDRESSES if re.match("^(%s)$" % row[1], request.path)]
    if not rows or rows[0][0] != request.method:
        return "an address that it does not have"
    method, _, headers, absent, problem = rows[0]
    for name, value in headers.items():
        if not value.match(request.headers.get(name, "")):
            return "the header %s" % name
    for name in absent:
        if name in request.headers:
            return "the header %s" % name
    if method == "GET":
        return "a body" if request.body else None
    try:
        body = request.json()
    except ValueError:
        return "no JSON"
    return problem(body, len(request.body)) if isinstance(body, dict) else "no object"


def _decision(body, size):
    return _fields(body, {"visitorId": _name, "trigger_hit": lambda value: value is False,
                          "context": _context},
                   {"anonymousId": _name, "visitor_consent": lambda value: value is False})


def _event(body, size):
    return _fields(body, {"type": lambda value: value == "CONTEXT", "visitorId": _name,
                          "data": _context})


def _activation(body, size):
    fields = {"vid": _name, "caid": _name, "vaid": _name}
    if "batch" not in body:
        return _fields(body, dict(fields, cid=_name), {"aid": _name})
    if not isinstance(body["batch"], list) or not 0 < len(body["batch"]) <= 100:
        return "a batch of another size"
    problems = [_fields(each, dict(fields, qt=_age), {"aid": _name}) for each in body["batch"]]
    return _fields(body, {"cid": _name, "batch": bool}) or _first(problems)


def _hit(body, size):
    try:
        collect.hits(body, size, body.get("cid"))
    except collect.Invalid as problem:
        return str(problem)
    if body["t"] != "BATCH":
        return "a context alone" if body["t"] == collect.SEGMENT else _narrower(body, ("qt",))
    if set(body) != {"t", "ds", "cid", "h"}:
        return "another form of batch"
    return _first(_narrower(hit, ("cid", "ds")) or (None if "qt" in hit else "a hit without age")
                  for hit in body["h"])


def _narrower(hit, absent):
    """What of a hit that the collector takes ours is not documented to have."""
    if hit["t"] == "CAMPAIGN":
        return "a campaign's hit"
    if hit["t"] == collect.SEGMENT and not _context(hit["s"]):
        return "another context"
    for name in tuple(absent) + ("qa",):
        if name in hit:
            return "%s in a hit" % name
    for name, is_right in _NARROWER.items():
        if name in hit and not is_right(hit[name]):
            return "another %s" % name
    return None


def _fields(body, required, optional=()):
    fields = dict(required, **dict(optional))
    if not isinstance(body, dict):
        return "no object"
    for name in set(body) | set(required):
        if name not in fields or name not in body or not fields[name](body[name]):
            return "%s missing or wrong" % name
    return None


def _first(problems):
    return next((problem for problem in problems if problem), None)


def _name(value):
    return isinstance(value, text_type) and bool(value)


def _age(value):
    return _integer(value) and 0 <= value <= collect.MAX_AGE_MS


def _integer(value):
    return isinstance(value, integer_types) and not isinstance(value, bool)


def _context(value):
    """Text to text, bool or finite number; the SDK's own keys stay in the process."""
    return isinstance(value, dict) and all(
        isinstance(each, _SCALARS) and not key.startswith("fs_") for key, each in value.items())


_NARROWER = {"cuid": _name, "sn": _integer, "ev": lambda value: value > 0,
             "sr": lambda value: re.match(r"^[0-9]+x[0-9]+$", value)}

_KEY = {"x-api-key": re.compile(r"^\S+$")}
_ASKED = dict(_SDK, **_JSON)
_NO_SDK = tuple(_SDK) + tuple(_KEY)

# method, path, headers that must be there, headers that must not, what is wrong with a body of so
# many bytes
_ADDRESSES = [
    ("POST", r"/v2/[^/?]+/campaigns/\?exposeAllKeys=true&sendContextEvent=false",
     dict(_ASKED, **_KEY), (), _decision),
    # A self-hosted server has the environment's key itself, and may report contexts.
    ("POST", r"/v2/campaigns\?exposeAllKeys=true(&sendContextEvent=(true|false))?", _ASKED, (),
     _decision),
    ("POST", r"/v2/[^/?]+/events", _ASKED, tuple(_KEY), _event),
    ("POST", r"/v2/activate", _ASKED, tuple(_KEY), _activation),
    ("POST", r"/collect/", _JSON, _NO_SDK, _hit),
    ("GET", r"/cdn/[^/?]+/bucketing\.json", {}, _NO_SDK, None),
]
