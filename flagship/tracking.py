"""What visitors did, on its way to the platform: activations, context events and hits."""
from flagship._http import Endpoint, RequestFailed
from flagship._version import __version__
from flagship.context import public

SDK_HEADERS = {"x-sdk-client": "python", "x-sdk-version": __version__}


class TrackingClient(object):
    """Sends activations, context events and hits; shared by all visitors.

    Every method returns ``(success, log)``: ``(True, status)``, or ``(False, reason)`` after one log line.
    """

    def __init__(self, config, http, events):
        self._http, self._events, self._env_id = http, events, config.env_id
        self._activate = Endpoint("activate", "POST", config.decision_api_url + "/activate", SDK_HEADERS)
        self._context = Endpoint("events", "POST", "%s/%s/events" % (config.decision_api_url, config.env_id),
                                 SDK_HEADERS)
        self._collect = Endpoint("hit", "POST", config.tracking_url + "/")

    def activate(self, visitor_id, anonymous_id, modification):
        """Report that the visitor has seen the variation that ``modification`` comes from."""
        payload = {"cid": self._env_id, "caid": modification.variation_group_id, "vaid": modification.variation_id,
                   "vid": visitor_id}
        if anonymous_id is not None:
            payload["aid"] = anonymous_id
        return self._send(self._activate, payload)

    def send_context(self, visitor_id, context):
        """Report what of the visitor's context may leave the process."""
        return self._send(self._context, {"type": "CONTEXT", "visitorId": visitor_id, "data": public(context)})

    def send_hit(self, visitor_id, anonymous_id, hit):
        """Report a valid hit."""
        payload = hit.get_data()
        payload["cid"] = self._env_id
        if anonymous_id is None:
            payload["vid"] = visitor_id
        else:
            payload["vid"], payload["cuid"] = anonymous_id, visitor_id
        return self._send(self._collect, payload)

    def _send(self, endpoint, payload):
        try:
            return True, str(self._http.send(endpoint, payload).status)
        except RequestFailed as failure:
            log = self._events.warning if failure.tried else self._events.debug
            log("[%s] not sent: %s", endpoint.name, failure.cause)
            return False, failure.message
