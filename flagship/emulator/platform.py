"""What the platform answers, as functions of a request: no socket, no thread."""
import io
import json
import time
from email.utils import formatdate

from flagship._compat import fspath, integer_types, parse_qs, text_type, unquote, urlsplit
from flagship.decision.compiled import Campaigns
from flagship.decision.evaluator import assign
from flagship.emulator import collect

#: The endpoints, by the names that the SDK uses in its log lines.
ENDPOINTS = ("campaigns", "events", "activate", "hit", "bucketing")

#: What is accepted, by the names of the lists that it is kept in.
KINDS = ("decisions", "context_events", "activations", "hits")

_SCALARS = (text_type, bool, float) + integer_types
_MAX_ACTIVATIONS = 100  # in a batch


class Request(object):
    """A request that the emulator received.

    :ivar str endpoint: one of ENDPOINTS, or None for an address that the platform does not have.
    :ivar str method: ``POST`` or ``GET``.
    :ivar str path: with the query.
    :ivar dict headers: lower-case name to value.
    :ivar bytes body: as it came.
    :ivar status: the HTTP status of the answer, None while there is none.
    :ivar float time: when it came, seconds since the epoch.
    """

    __slots__ = ("endpoint", "method", "path", "headers", "body", "status", "time")

    def __init__(self, endpoint, method, path, headers, body):
        self.endpoint, self.method, self.path, self.headers, self.body = endpoint, method, path, headers, body
        self.status, self.time = None, time.time()

    def json(self):
        """The decoded body; raises ValueError where it is not JSON."""
        return json.loads(self.body.decode("utf-8"))

    def as_dict(self):
        return {"endpoint": self.endpoint, "method": self.method, "path": self.path, "headers": self.headers,
                "body": self.body.decode("utf-8", "replace"), "status": self.status, "time": self.time}


class Refusal(Exception):
    """An answer that is not 2xx: ``status`` and, for the body, ``message``."""

    def __init__(self, status, message):
        super(Refusal, self).__init__(message)
        self.status, self.message = status, message


def endpoint_of(path):
    """``(endpoint, env id)`` of a path; either is None where the path does not tell."""
    parts = [unquote(part) for part in urlsplit(path).path.strip("/").split("/")]
    if parts == ["v2", "activate"]:
        return "activate", None
    if len(parts) == 3 and parts[0] == "v2" and parts[2] in ("campaigns", "events"):
        return parts[2], parts[1]
    if len(parts) == 3 and parts[0] == "cdn" and parts[2] == "bucketing.json":
        return "bucketing", parts[1]
    return ("hit", None) if parts == ["collect"] else (None, None)


class Platform(object):
    """One environment of the platform, and what it has accepted.

    :ivar list decisions: bodies of the campaigns requests that were answered.
    :ivar list context_events: bodies.
    :ivar list activations: one dict each, those of a batch with the batch's ``cid``.
    :ivar list hits: one dict each, those of a batch with the batch's ``cid`` and ``ds``.
    """

    def __init__(self, env_id, api_key, bucketing):
        self.env_id, self.api_key = env_id, api_key
        self.panic = False
        self.decisions, self.context_events, self.activations, self.hits = [], [], [], []
        self._cleared = dict.fromkeys(KINDS, 0)
        self._assigned = {}
        self._modified = 0
        self.set_bucketing(bucketing)

    @property
    def accepted(self):
        """How many of each kind were accepted, those that :meth:`clear` removed too."""
        return {kind: self._cleared[kind] + len(getattr(self, kind)) for kind in KINDS}

    def clear(self):
        """Forget what was accepted, but for the number."""
        for kind in KINDS:
            self._cleared[kind] += len(getattr(self, kind))
            del getattr(self, kind)[:]

    def set_bucketing(self, bucketing):
        """Change the campaigns; ``bucketing`` as for :class:`Emulator`."""
        if bucketing is None:
            bucketing = {"campaigns": []}
        if not isinstance(bucketing, dict):
            with io.open(fspath(bucketing), encoding="utf-8") as file:
                bucketing = json.load(file)
        content = json.dumps(bucketing).encode("ascii")
        # A second at least, so that no change hides behind a 304.
        self._modified = max(int(time.time()), self._modified + 1)
        self._file = content, formatdate(self._modified, usegmt=True), Campaigns(json.loads(content.decode("ascii")))

    def answer(self, request):
        """``(status, headers, body)`` for a request; raises Refusal."""
        endpoint, env_id = endpoint_of(request.path)
        if endpoint is None:
            raise Refusal(404, "no such address")
        if request.method != ("GET" if endpoint == "bucketing" else "POST"):
            raise Refusal(405, "method not allowed")
        if env_id is not None and env_id != self.env_id:
            raise Refusal(404 if endpoint == "bucketing" else 401, "unknown environment")
        return getattr(self, "_" + endpoint)(request)

    def _bucketing(self, request):
        content, modified, _ = self._file
        if self.panic:
            return 200, {}, b'{"panic": true}'
        headers = {"Last-Modified": modified}
        if request.headers.get("if-modified-since") == modified:
            return 304, headers, b""
        return 200, headers, content

    def _campaigns(self, request):
        if request.headers.get("x-api-key") != self.api_key:
            raise Refusal(401, "x-api-key is missing or wrong")
        query = parse_qs(urlsplit(request.path).query)
        if query.get("mode", ["normal"])[-1] not in ("normal", "simple", "full"):
            raise Refusal(400, "mode must be normal, simple or full")
        body = _object(request, {"visitorId": _text, "anonymousId": _text_or_null, "trigger_hit": _boolean,
                                 "context": _context}, required=("visitorId",))
        self.decisions.append(body)
        answer = {"visitorId": body["visitorId"], "campaigns": []}
        if self.panic or self._file[2].panic:
            answer["panic"] = True
        else:
            answer["campaigns"] = [_campaign(variation) for variation in self._assigned_to(body)]
        return 200, {}, json.dumps(answer).encode("ascii")

    def _assigned_to(self, body):
        campaigns, visitor_id, anonymous_id = self._file[2], body["visitorId"], body.get("anonymousId")
        if not campaigns.experience_continuity:
            return assign(campaigns, visitor_id, body.get("context", {}))
        # A visitor that logs in keeps what it had while anonymous.
        before = self._assigned.get(visitor_id) or self._assigned.get(anonymous_id, ())
        variations = assign(campaigns, visitor_id, body.get("context", {}), before)
        self._assigned[visitor_id] = tuple(variation.id for variation in variations)
        return variations

    def _events(self, request):
        self.context_events.append(_object(
            request, {"type": _is("CONTEXT"), "visitorId": _text, "data": _context},
            required=("type", "visitorId", "data")))
        return 204, {}, b""

    def _activate(self, request):
        if "batch" in _decoded(request):
            body = _object(request, {"cid": _is(self.env_id), "batch": _batch}, required=("cid", "batch"))
            self.activations.extend(dict(each, cid=body["cid"]) for each in body["batch"])
        else:
            fields = dict(_ACTIVATION, cid=_is(self.env_id))
            self.activations.append(_object(request, fields, required=("cid", "vid", "caid", "vaid")))
        return 204, {}, b""

    def _hit(self, request):
        try:
            self.hits.extend(collect.hits(_decoded(request), len(request.body), self.env_id))
        except collect.Invalid as problem:
            raise Refusal(400, text_type(problem))
        return 200, {}, b""


def _campaign(variation):
    campaign = {"id": variation.campaign_id, "variationGroupId": variation.variation_group_id,
                "variation": {"id": variation.id, "reference": variation.reference,
                              "modifications": {"type": variation.modification_type, "value": variation.values}}}
    for name, value in (("type", variation.campaign_type), ("slug", variation.campaign_slug)):
        if value is not None:
            campaign[name] = value
    return campaign


def _decoded(request):
    try:
        body = request.json()
    except ValueError:
        raise Refusal(400, "the body is not JSON")
    if not isinstance(body, dict):
        raise Refusal(400, "the body is not an object")
    return body


def _object(request, fields, required):
    body = _decoded(request)
    _check(body, fields, required)
    return body


def _check(body, fields, required):
    unknown = sorted(set(body) - set(fields))
    if unknown:
        raise Refusal(400, "unknown field: %s" % ", ".join(unknown))
    wrong = sorted([key for key in required if key not in body]
                   + [key for key in body if not fields[key](body[key])])
    if wrong:
        raise Refusal(400, "missing or wrong: %s" % ", ".join(wrong))


def _text(value):
    return isinstance(value, text_type) and bool(value)


def _text_or_null(value):
    return value is None or _text(value)


def _boolean(value):
    return isinstance(value, bool)


def _count(value):
    return isinstance(value, integer_types) and not isinstance(value, bool) and value >= 0


def _context(value):
    return isinstance(value, dict) and all(isinstance(each, _SCALARS) for each in value.values())


def _is(expected):
    return lambda value: value == expected


_ACTIVATION = {"vid": _text, "aid": _text, "caid": _text, "vaid": _text}


def _batch(value):
    if not isinstance(value, list) or not 0 < len(value) <= _MAX_ACTIVATIONS:
        return False
    for each in value:
        if not isinstance(each, dict):
            return False
        _check(each, dict(_ACTIVATION, qt=_count), required=("vid", "caid", "vaid", "qt"))
    return True
