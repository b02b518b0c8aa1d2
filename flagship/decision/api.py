"""API mode: the platform decides, on each synchronisation."""
from flagship._compat import text_type
from flagship.transport.client import Endpoint, RequestFailed
from flagship.context import without_private_keys
from flagship.decision.explanation import told
from flagship.decision.manager import DecisionError, DecisionManager
from flagship.decision.modification import Modification, is_too_deep
from flagship.tracking.immediate import SDK_HEADERS


class ApiDecisionManager(DecisionManager):
    """Asks the Decision API. Starts no thread."""

    mode = u"API"
    knows_anonymous = True

    def __init__(self, config, http, events, state):
        self._http, self._events, self._state = http, events, state
        headers = dict(SDK_HEADERS)
        headers["x-api-key"] = config.api_key
        self._campaigns = Endpoint(
            "campaigns", "POST", "%s/%s/campaigns/?exposeAllKeys=true&sendContextEvent=false"
            % (config.decision_api_url, config.env_id), headers, repeatable=True)

    def decide(self, visitor_id, anonymous_id, context, cached_ids):
        payload = {"visitorId": visitor_id, "trigger_hit": False,
                   "context": without_private_keys(context)}
        if anonymous_id is not None:
            payload["anonymousId"] = anonymous_id
        try:
            answer = self._http.send(self._campaigns, payload).json()
            campaigns = _campaigns(answer)
        except RequestFailed as failure:
            raise DecisionError(failure.message, expected=not failure.tried)
        self._tell_panic(answer.get("panic") is True)
        if self.panic:
            raise DecisionError(self._state.reason, expected=True)
        modifications, variation_ids = {}, []
        for place, campaign in enumerate(campaigns):
            variation_id, flags = _flags(campaign)
            if flags is None:
                self._events.warning("[campaigns] campaigns[%d] of the answer is malformed and skipped", place)
                continue
            variation_ids.append(variation_id)
            modifications.update(flags)
        return modifications, tuple(variation_ids)

    def explain(self, visitor_id, context, cached_ids, modifications, key):
        return told(modifications, key)


def _campaigns(answer):
    if isinstance(answer, dict):
        campaigns = answer.get("campaigns")
        if isinstance(campaigns, list):
            return campaigns
        if answer.get("panic") is True and campaigns is None:
            return []
    raise RequestFailed("campaigns", "the answer is JSON of the wrong shape")


def _flags(campaign):
    """``(variation id, {key: Modification})`` of one campaign; (None, None) where it is malformed."""
    try:
        variation = campaign["variation"]
        ids = campaign["id"], campaign["variationGroupId"], variation["id"]
        values = variation["modifications"]["value"]
        values = {} if values is None else values
        if all(isinstance(each, text_type) for each in ids) and isinstance(values, dict) and not is_too_deep(values):
            reference = variation.get("reference") is True
            return ids[2], {key: Modification(key, value, ids[0], ids[1], ids[2], reference)
                            for key, value in values.items()}
    except (AttributeError, IndexError, KeyError, TypeError):
        pass  # some part is not the object it should be
    return None, None
