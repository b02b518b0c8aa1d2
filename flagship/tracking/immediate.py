"""Immediate tracking: activations, contexts and hits are sent in the calling thread."""
from flagship._events import describe
from flagship._json import encode
from flagship._version import __version__
from flagship.context import without_private_keys
from flagship.tracking.items import SEGMENT, counts_of
from flagship.transport.client import Endpoint, RequestFailed

SDK_HEADERS = {"x-sdk-client": "python", "x-sdk-version": __version__}


class TrackingClient(object):
    """Sends activations, contexts and hits immediately, in the caller's thread. Shared by all
    visitors.

    The methods that send return ``(success, log)``: ``(True, status)``, or ``(False, reason)``
    after one log line.
    """

    def __init__(self, config, http, events, state):
        self._http, self._events, self._env_id = http, events, config.env_id
        self._state = state
        # A self-hosted server in API mode gets the context with the decision request and reports it
        # itself; it does not accept events.
        self._reports_contexts = config.context_events and not (
            config.is_self_hosted and config.mode is config.Mode.API)
        self._takes_events, self._missing = not config.is_self_hosted, False
        seconds = config.tracking_timeout or max(config.timeout, 2.0)
        self._activate = Endpoint("activate", "POST", config.decision_api_url + "/activate",
                                  SDK_HEADERS, timeout=seconds)
        self._context = Endpoint(
            "events", "POST", "%s/%s/events" % (config.decision_api_url, config.env_id),
            SDK_HEADERS, timeout=seconds)
        self._collect = Endpoint("hit", "POST", config.tracking_url + "/", timeout=seconds)

    def activate(self, visitor_id, anonymous_id, modification):
        """Report that the visitor has seen the variation that ``modification`` comes from."""
        return self._take(self._activate, activation(visitor_id, anonymous_id, modification))

    def send_context(self, visitor_id, context, anonymous_id=None):
        """Report the visitor's context without its private keys, unless contexts are not reported.
        """
        if not self._reports_contexts:
            return True, "contexts are not reported"
        return self._take_context(visitor_id, anonymous_id, without_private_keys(context))

    def send_hit(self, visitor_id, anonymous_id, hit):
        """Report a valid hit."""
        try:
            payload = with_ids(hit.get_data(), visitor_id, anonymous_id)
        except Exception as error:  # a class of the user's may do anything
            return self._refuse(self._collect, {}, error)
        return self._take(self._collect, payload)

    #: The delivery counters for the status; None: nothing is counted.
    counters = None

    def start(self):
        """Send what an earlier process left, even without a new hit. Called once the event handler
        and the hooks are those that are to hear of it."""

    def flush(self, timeout):
        """Wait at most ``timeout`` seconds until everything is delivered. Return whether it is."""
        return True

    def retire(self, timeout):
        """Deliver what is left within ``timeout`` seconds, without waiting for it, because another
        client takes over. Items from calls still in progress are sent immediately."""

    def close(self, timeout):
        """Deliver what is left within ``timeout`` seconds. Idempotent."""

    def _take_context(self, visitor_id, anonymous_id, context):
        if self._takes_events:
            return self._take(self._context,
                              {"type": "CONTEXT", "visitorId": visitor_id, "data": context})
        # As a hit, a context is only accepted in a batch.
        reported = dict(segment(visitor_id, anonymous_id, context), qt=0)
        return self._take(self._collect, {"t": "BATCH", "ds": "APP", "h": [reported]})

    def _take(self, endpoint, payload):
        if endpoint is not self._context:
            payload["cid"] = self._env_id
        try:
            body = encode(payload)
        except Exception as error:  # a value of a user's own type may raise anything
            return self._refuse(endpoint, payload, error)
        try:
            status = str(self._http.send(endpoint, body=body).status)
        except RequestFailed as failure:
            if failure.tried and not self._is_known_missing(endpoint, failure):
                self._events.warning("[%s] not sent: %s", endpoint.name, failure.cause)
            else:
                self._events.debug("[%s] not sent: %s", endpoint.name, failure.cause)
            self._tell("hits_failed", endpoint, payload, failure.message)
            return False, failure.message
        self._tell("hits_sent", endpoint, payload)
        return True, status

    def _tell(self, event, endpoint, payload, *facts):
        """Tell the hooks what became of an activation, a context or a hit."""
        if endpoint is self._activate:
            kind = "ACTIVATE"
        elif endpoint is self._context or payload.get("t") == "BATCH":
            kind = SEGMENT  # here, a batch is only used for a context
        else:
            kind = payload.get("t")
        self._tell_kinds(event, [kind], *facts)

    def _tell_kinds(self, event, kinds, *facts):
        """Tell the hooks what became of items of these kinds."""
        if self._state.hooks is not None:
            self._state.tell(event, counts_of(kinds), *facts)

    def _is_known_missing(self, endpoint, failure):
        """Return whether the platform is known to have no address for contexts, as a self-hosted
        server may not; the first time, log a warning."""
        if endpoint is not self._context or failure.status != 404:
            return False
        known, self._missing = self._missing, True
        if not known:
            self._events.warning("[events] not sent: %s; where the platform takes no contexts, set "
                                 "context_events=False", failure.cause)
        return True

    def _refuse(self, endpoint, payload, error):
        problem = describe(error)
        reason = "%s: it cannot be sent: %s" % (endpoint.name, problem)
        self._events.error("[%s] refused: %s", endpoint.name, problem)
        self._tell("hits_failed", endpoint, payload, reason)
        return False, reason


class OfflineTrackingClient(TrackingClient):
    """Sends nothing."""

    def _take(self, endpoint, payload):
        return False, "%s: the SDK is offline" % endpoint.name


def activation(visitor_id, anonymous_id, modification):
    """Return an activation's wire form, without the environment."""
    payload = {"caid": modification.variation_group_id, "vaid": modification.variation_id,
               "vid": visitor_id}
    if anonymous_id is not None:
        payload["aid"] = anonymous_id
    return payload


def segment(visitor_id, anonymous_id, context):
    """Return a context as a hit."""
    return with_ids({"t": SEGMENT, "s": context}, visitor_id, anonymous_id)


def with_ids(hit, visitor_id, anonymous_id):
    """Return a copy of a hit's wire form (dict) with the visitor's ids added."""
    hit = dict(hit)
    if anonymous_id is None:
        hit["vid"] = visitor_id
    else:
        hit["vid"], hit["cuid"] = anonymous_id, visitor_id
    return hit
