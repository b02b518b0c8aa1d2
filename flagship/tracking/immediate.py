"""What visitors did, on its way to the platform: activations, context events and hits."""
from flagship.transport.client import Endpoint, RequestFailed
from flagship._version import __version__
from flagship.context import public

SDK_HEADERS = {"x-sdk-client": "python", "x-sdk-version": __version__}


class TrackingClient(object):
    """Sends activations, context events and hits at once, in the caller's thread; shared by all visitors.

    Every one of these methods returns ``(success, log)``: ``(True, status)``, or ``(False, reason)`` after one log
    line.
    """

    def __init__(self, config, http, events):
        self._http, self._events, self._env_id = http, events, config.env_id
        seconds = config.tracking_timeout or max(config.timeout, 2.0)
        self._activate = Endpoint("activate", "POST", config.decision_api_url + "/activate", SDK_HEADERS,
                                  timeout=seconds)
        self._context = Endpoint("events", "POST", "%s/%s/events" % (config.decision_api_url, config.env_id),
                                 SDK_HEADERS, timeout=seconds)
        self._collect = Endpoint("hit", "POST", config.tracking_url + "/", timeout=seconds)

    def activate(self, visitor_id, anonymous_id, modification):
        """Report that the visitor has seen the variation that ``modification`` comes from."""
        return self._take(self._activate, activation(visitor_id, anonymous_id, modification))

    def send_context(self, visitor_id, context):
        """Report what of the visitor's context may leave the process."""
        return self._take(self._context, {"type": "CONTEXT", "visitorId": visitor_id, "data": public(context)})

    def send_hit(self, visitor_id, anonymous_id, hit):
        """Report a valid hit."""
        return self._take(self._collect, identified(hit.get_data(), visitor_id, anonymous_id))

    #: What the status says of deliveries; None: there is nothing to count.
    counters = None

    def flush(self, timeout):
        """Wait until all that was taken is delivered, at most ``timeout`` seconds; whether it is."""
        return True

    def close(self, timeout):
        """Deliver what is left, within ``timeout`` seconds. Twice is harmless."""

    def _take(self, endpoint, payload):
        if endpoint is not self._context:
            payload["cid"] = self._env_id
        try:
            return True, str(self._http.send(endpoint, payload).status)
        except RequestFailed as failure:
            log = self._events.warning if failure.tried else self._events.debug
            log("[%s] not sent: %s", endpoint.name, failure.cause)
            return False, failure.message


class OfflineTrackingClient(TrackingClient):
    """Sends nothing."""

    def _take(self, endpoint, payload):
        return False, "%s: the SDK is offline" % endpoint.name


def activation(visitor_id, anonymous_id, modification):
    """An activation as it goes on the wire, without the environment."""
    payload = {"caid": modification.variation_group_id, "vaid": modification.variation_id, "vid": visitor_id}
    if anonymous_id is not None:
        payload["aid"] = anonymous_id
    return payload


def identified(hit, visitor_id, anonymous_id):
    """A hit's wire form (dict) with its visitor put in."""
    if anonymous_id is None:
        hit["vid"] = visitor_id
    else:
        hit["vid"], hit["cuid"] = anonymous_id, visitor_id
    return hit
