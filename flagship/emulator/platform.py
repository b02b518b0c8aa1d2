"""The platform's answers, as functions of a request: no sockets, no threads."""
import io
import json
import time
from collections import namedtuple
from email.utils import formatdate

from flagship import _validation as check
from flagship._compat import fspath, native, parse_qs, text_type, to_text, unquote, urlsplit
from flagship._json import decode, encode
from flagship.emulator import bodies, collect
from flagship.emulator._recent import RecentVisitors
from flagship.emulator.bodies import Refusal
from flagship.emulator.decisions import Decisions, campaign_answer, flags_answer, merged_answer
from flagship.emulator.results import Results
from flagship.errors import FlagshipParsingError

#: The endpoints, by their names in the SDK's log lines; the SDK does not use the last two.
ENDPOINTS = ("campaigns", "events", "activate", "hit", "bucketing", "flags", "accountSettings")

#: The kinds of accepted items, by the names of the lists that contain them.
KINDS = ("decisions", "context_events", "activations", "hits", "segments")

_FILES = {"bucketing.json": "bucketing", "accountSettings.json": "accountSettings"}
_REPEATED = 1800  # seconds before a self-hosted server reports an unchanged context again


class Request(object):
    """A request that the emulator received.

    :ivar str endpoint: one of ENDPOINTS, or None for an address that the platform does not have.
    :ivar str method: ``POST`` or ``GET``.
    :ivar str path: including the query.
    :ivar dict headers: lower-case name to value.
    :ivar bytes body: as received.
    :ivar status: the HTTP status of the answer, None while there is none.
    :ivar str message: why the request was rejected, None if it was not.
    :ivar float time: when it arrived, seconds since the epoch.
    """

    __slots__ = ("endpoint", "method", "path", "headers", "body", "status", "message", "time")

    def __init__(self, endpoint, method, path, headers, body):
        self.endpoint, self.method, self.path = endpoint, method, path
        self.headers, self.body = headers, body
        self.status, self.message, self.time = None, None, time.time()

    def json(self):
        """Return the decoded body; raise ValueError if it is not JSON."""
        return decode(self.body)

    def as_dict(self):
        """Return the request in types that JSON has."""
        return {"endpoint": self.endpoint, "method": self.method, "path": self.path,
                "headers": self.headers, "body": self.body.decode("utf-8", "replace"),
                "status": self.status, "message": self.message, "time": self.time}


#: The meaning of a path: the endpoint, or None; the environment, or None if it is not in the path;
#: the campaign of a request for a single one, else None; and whether only a self-hosted server has
#: this address.
Route = namedtuple("Route", "endpoint env_id campaign is_self_hosted")
_NOWHERE = Route(None, None, None, False)


def route_of(path):
    """Return the Route of a path, which may include a query."""
    try:
        # As UTF-8, on Python 2 too; None if it is not valid UTF-8.
        parts = [to_text(unquote(native(part))) for part in urlsplit(path).path.split("/")[1:]]
    except ValueError:
        return _NOWHERE  # a malformed URL
    if not parts:
        return _NOWHERE
    if parts in (["collect"], ["collect", ""]):
        return Route("hit", None, None, False)
    if parts[0] == "cdn" and len(parts) == 3 and parts[2] in _FILES:
        return Route(_FILES[parts[2]], parts[1], None, False)
    if parts[0] != "v2":
        return _NOWHERE
    if parts[1:] in (["activate"], ["activate", ""]):
        return Route("activate", None, None, False)
    if parts[1:2] in (["campaigns"], ["flags"]):
        return _decision_route(parts[1:], None)
    return _decision_route(parts[2:], parts[1]) if len(parts) > 2 else _NOWHERE


def _decision_route(parts, env_id):
    """Return the Route of the path after the environment; on a self-hosted server, which has no
    environment in the path, of the path after the version."""
    self_hosted = env_id is None
    name, rest = parts[0], parts[1:]
    if name == "campaigns" and len(rest) < 2:
        # A trailing slash still means all campaigns, except on a self-hosted server.
        single = bool(rest) and (self_hosted or rest != [""])
        return Route("campaigns", env_id, rest[0] if single else None, self_hosted)
    if name == "flags" and rest in ([], [""]) or name == "events" and rest in ([], [""]):
        return Route(name, env_id, None, self_hosted)
    return _NOWHERE


class Platform(object):
    """One environment of the platform, and what it has accepted.

    :param bool any_credentials: whether it accepts any environment id and API key.

    :ivar list decisions: the bodies of the campaigns and flags requests that were answered.
    :ivar list context_events: the bodies of the context events that were accepted.
    :ivar list activations: one dict each; those of a batch have the batch's ``cid``.
    :ivar list hits: one dict each; those of a batch have the batch's ``cid`` and ``ds``.
    :ivar list segments: the contexts that were sent as hits, in the same form, and those that a
        self-hosted server reports.
    :ivar Results results: counts what was accepted, per variation.
    :ivar dict variation_names: for people, by the ids of the group and the variation.
    """

    def __init__(self, env_id, api_key, bucketing, any_credentials=False):
        self.env_id, self.api_key = env_id, api_key
        self._only = None if any_credentials else env_id  # the only environment that is accepted
        self.panic = False
        self.decisions, self.context_events, self.activations = [], [], []
        self.hits, self.segments, self.results = [], [], Results()
        self._cleared = dict.fromkeys(KINDS, 0)
        self._reported = RecentVisitors()  # visitor's ids -> (context, when it was reported)
        self._modified = 0
        self._decisions = Decisions({"campaigns": []})
        self.set_bucketing(bucketing)

    @property
    def accepted(self):
        """The number of accepted items of each kind, including those that were dropped since."""
        return {kind: self._cleared[kind] + len(getattr(self, kind)) for kind in KINDS}

    @property
    def document(self):
        """The campaigns, a parsed Document."""
        return self._decisions.document

    def forget(self, keep=0):
        """Drop what was accepted, except for the last ``keep`` of each kind; the numbers stay."""
        for kind in KINDS:
            surplus = max(0, len(getattr(self, kind)) - keep)
            self._cleared[kind] += surplus
            del getattr(self, kind)[:surplus]

    def set_bucketing(self, bucketing):
        """Replace the campaigns; ``bucketing`` is as for :class:`Emulator`."""
        if bucketing is None:
            bucketing = {"campaigns": []}
        if not isinstance(bucketing, dict):
            path = fspath(bucketing)
            if path is None:
                raise check.typing_error("Emulator", "bucketing", bucketing, "a dict or a path")
            with io.open(path, "rb") as file:
                content = file.read()
            return self._use_file(path, content)
        self._use(bucketing)

    def _use_file(self, path, content):
        """Replace the campaigns by those of a file; an error names the file."""
        try:
            self._use(_document(content))
        except FlagshipParsingError as error:
            raise FlagshipParsingError(u"%s: %s" % (path, error.message))

    def _use(self, bucketing):
        content = encode_json(bucketing)
        document = decode(content)
        # Rejects an integer so long that it is decoded as infinity, like 1e999.
        encode_json(document)
        self._decisions.use(document)
        groups = list(_groups(self.document))
        self.results.use(groups)
        self.variation_names = {
            (group, each): u"%s: %s" % (name, own) for _, group, name, variations in groups
            for each, own, _ in variations}
        # At least one second later, so that a 304 cannot hide a change.
        self._modified = max(int(time.time()), self._modified + 1)
        self._file = content, formatdate(self._modified, usegmt=True)

    def answer(self, request):
        """Return ``(status, headers, body)`` for a request; may raise Refusal."""
        route = route_of(request.path)
        if route.endpoint is None:
            raise Refusal(404, "no such address")
        if request.method != ("GET" if route.endpoint in _FILES.values() else "POST"):
            raise Refusal(405, "method not allowed")
        if route.env_id == u"" or route.env_id not in (None, self._only or route.env_id):
            raise Refusal(404 if route.endpoint in _FILES.values() else 401, "unknown environment")
        status, headers, answer = _ANSWERS[route.endpoint](self, request, route)
        return status, headers, answer if isinstance(answer, bytes) else encode_json(answer)

    def _bucketing(self, request, route):
        content, modified = self._file
        if self.panic:
            return 200, {}, {"panic": True, "campaigns": [],
                             "accountSettings": self._decisions.account_settings}
        headers = {"Last-Modified": modified}
        if request.headers.get("if-modified-since") == modified:
            return 304, headers, b""
        return 200, headers, content

    def _account_settings(self, request, route):
        return 200, {}, {"accountSettings": self._decisions.account_settings}

    def _campaigns(self, request, route):
        # A self-hosted server has its own API key, and does not require one from clients.
        if not route.is_self_hosted and not self._is_key(request.headers.get("x-api-key")):
            raise Refusal(401, "x-api-key is missing or wrong")
        query = parse_qs(urlsplit(request.path).query, keep_blank_values=True)
        body = bodies.decode_body(request.body)
        asked = bodies.decision_request(body)
        if route.campaign and not self._decisions.has_campaign(route.campaign):
            raise Refusal(400, u"The campaign %s is paused or doesn\u2019t exist. Verify your "
                               u"customId or campaignId." % route.campaign)
        self.decisions.append(body)
        visitor_id = asked.get("visitor_id", u"")
        if self.panic or self._decisions.panic:
            return 200, {}, {"visitorId": visitor_id, "campaigns": [], "panic": True}
        context = asked.get("context", {})
        if route.is_self_hosted and query.get("sendContextEvent", [""])[-1] != "false":
            self._report(visitor_id, asked)
        decisions = self._decisions.decide(visitor_id, asked.get("anonymous_id"), context)
        every = query.get("exposeAllKeys", [""])[-1] == "true"
        if route.endpoint == "flags":
            return 200, {}, flags_answer(decisions, every)
        if route.campaign is None:
            return 200, {}, self._answer_in_mode(visitor_id, decisions, every, query)
        for decision in decisions:
            answer = campaign_answer(decision, every)
            if route.campaign in (u"", answer["id"], answer.get("slug")):
                return 200, {}, answer
        return 204, {}, b""

    def _is_key(self, key):
        return bool(key) if self._only is None else key == self.api_key

    def _answer_in_mode(self, visitor_id, decisions, every, query):
        """Return the answer in the mode given in the query; it is empty if the mode is unknown."""
        mode = query.get("mode", [""])[-1] or "normal"
        answer = {}
        if mode in ("normal", "full"):
            answer["visitorId"] = visitor_id
            answer["campaigns"] = [campaign_answer(each, every) for each in decisions]
        if mode in ("simple", "full"):
            answer.update(merged_answer(decisions, every))
        if answer and "accountSettings" in query.get("extras", []) + query.get("extras[]", []):
            answer["extras"] = {"accountSettings": self._decisions.account_settings}
        return answer

    def _report(self, visitor_id, asked):
        """Report a context as a self-hosted server does: as a hit, and not if it repeats the
        visitor's last one."""
        context, anonymous_id = asked.get("context"), asked.get("anonymous_id")
        if not context or asked.get("visitor_consent") is False:
            return
        segment = {"t": collect.SEGMENT, "cid": self.env_id, "ds": u"APP", "s": context, "qt": 0,
                   "vid": anonymous_id or visitor_id}
        if anonymous_id:
            segment["cuid"] = visitor_id
        who, now = (visitor_id, anonymous_id), time.time()
        last, reported_at = self._reported.get(who, (None, 0))
        if last != context or now - reported_at >= _REPEATED:
            self._reported.put(who, (context, now))
            self.segments.append(segment)

    def _events(self, request, route):
        body = bodies.decode_body(request.body)
        bodies.event_request(body)
        self.context_events.append(body)
        return 204, {}, b""

    def _activate(self, request, route):
        activations = bodies.activations(bodies.decode_body(request.body), self._only)
        self.activations.extend(activations)
        for each in activations:
            self.results.add_activation(each, request.time)
            for visitor_id in (each["vid"], each.get("aid")):
                self._decisions.activate(visitor_id, each["caid"])
        return 204, {}, b""

    def _hit(self, request, route):
        body = bodies.decode_body(request.body)
        try:
            hits = collect.hits(body, len(request.body), self._only)
        except collect.Invalid as problem:
            raise Refusal(400, text_type(problem))
        for hit in hits:
            self.results.add_hit(hit, request.time, body.get("qt", 0))
            (self.segments if hit["t"] == collect.SEGMENT else self.hits).append(hit)
        return 200, {}, b""


_ANSWERS = {"bucketing": Platform._bucketing, "accountSettings": Platform._account_settings,
            "campaigns": Platform._campaigns, "flags": Platform._campaigns,
            "events": Platform._events, "activate": Platform._activate, "hit": Platform._hit}


def _groups(document):
    """Yield the variation groups as Results takes them."""
    for campaign in document.campaigns:
        for group in campaign.groups:
            name = campaign.name or campaign.id
            if len(campaign.groups) > 1:
                name = u"%s: %s" % (name, group.name or group.id)
            yield campaign.id, group.id, name, [
                (each.id, each.name or each.id, each.reference) for each in group.variations]


def encode_json(value):
    """Return a value as JSON (bytes); raise FlagshipParsingError if JSON cannot express it."""
    try:
        return encode(value)
    except (TypeError, ValueError, RuntimeError) as error:  # RuntimeError: nested too deep
        raise FlagshipParsingError("it is not JSON: %s" % error)


def _document(content):
    """Return a file's decoded content."""
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RuntimeError) as error:
        raise FlagshipParsingError("it is not JSON: %s" % error)
