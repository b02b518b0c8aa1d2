"""API mode: the platform decides at each synchronisation."""
from flagship._troubleshooting import see
from flagship.context import without_private_keys
from flagship.decision.content import Unreadable, decode
from flagship.decision.document import id_text
from flagship.decision.explanation import explain_given
from flagship.decision.manager import DecisionError, DecisionManager
from flagship.decision.modification import Flags, Modification, is_too_deep
from flagship.tracking.immediate import SDK_HEADERS
from flagship.transport.client import Endpoint, RequestFailed

_NO_CONTENT = 204


class ApiDecisionManager(DecisionManager):
    """Asks the Decision API. Starts no thread."""

    mode = u"API"
    knows_anonymous = True

    def __init__(self, config, http, events, state):
        self._http, self._events, self._state = http, events, state
        self._max_size = config.max_response_size
        self._campaigns, self._offline = campaigns_endpoint(config), config.offline
        self._initial, self._env_id = config.initial_bucketing, config.env_id
        self._known = None
        self._unreported = campaigns_endpoint(config, has_consented=False)

    def start(self):
        if self._offline:
            self._events.warning("[start] offline, and in API mode the platform decides: every "
                                 "visitor gets defaults")

    def decide(self, visitor_id, anonymous_id, context, cached_ids, has_consented=True):
        modifications, variation_ids = self._flags(
            self._ask(visitor_id, anonymous_id, context, has_consented))
        return Flags(modifications), variation_ids

    _unknown = ("in API mode the platform decides, and initial_bucketing does not name a bucketing "
                "file")

    @property
    def campaigns(self):
        """The Campaigns of ``initial_bucketing``, which is read once, when this is first asked for.
        """
        if self._known is None and self._initial is not None:
            # Imported here, as nearly no process needs it.
            from flagship.decision.bucketing_file import problem_text, read_initial
            from flagship.decision.compiled import Campaigns
            try:
                self._known = Campaigns(read_initial(self._initial, self._max_size, self._env_id))
            except Exception as problem:
                self._events.error("[campaigns] initial_bucketing is ignored: %s%s",
                                   problem_text(problem), see("initial-bucketing"))
            self._initial = None
        return self._known

    def decide_forced(self, visitor_id, anonymous_id, context, cached_ids, has_consented,
                      forced):
        from flagship.decision.forced import force_answer, ids_of, mark_forced
        found = self._find_forced(forced, self._events)
        if not found:
            return self.decide(visitor_id, anonymous_id, context, cached_ids, has_consented)
        answered = self._ask(visitor_id, anonymous_id, context, has_consented)
        modifications, variation_ids = self._flags(force_answer(self.campaigns, answered, found))
        ids = ids_of(self.campaigns, found)
        kept = [each for each in cached_ids or () if each in ids]
        return Flags(mark_forced(modifications, found)), tuple(kept + [
            each for each in variation_ids if each not in ids])

    def _ask(self, visitor_id, anonymous_id, context, has_consented):
        """Return the decoded campaigns of the platform's answer."""
        payload = {"visitorId": visitor_id, "trigger_hit": False,
                   "context": without_private_keys(context)}
        if anonymous_id is not None:
            payload["anonymousId"] = anonymous_id
        if not has_consented:
            payload["visitor_consent"] = False
        endpoint = self._campaigns if has_consented else self._unreported
        try:
            panic, campaigns = read_campaigns(self._http.send(endpoint, payload), self._max_size)
        except RequestFailed as failure:
            raise DecisionError(failure.message, expected=not failure.tried)
        except Unreadable as problem:
            raise DecisionError("campaigns: the answer %s" % problem)
        self._tell_panic(panic)
        if panic:
            raise DecisionError(self._state.reason, expected=True)
        return campaigns

    def _flags(self, campaigns):
        """Return ``({key: Modification}, variation ids)`` of an answer's campaigns."""
        modifications, variation_ids, malformed = {}, [], []
        for place, campaign in enumerate(campaigns):
            variation_id, flags = _flags_of(campaign)
            if flags is not None:
                variation_ids.append(variation_id)
                modifications.update(flags)
            elif not malformed:
                malformed = [place, 1]
            else:
                malformed[1] += 1
        if malformed:
            self._events.warning(
                "[campaigns] campaigns[%d] of the answer is malformed and skipped, one of %d",
                *malformed)
        return modifications, tuple(variation_ids)

    def explain(self, visitor_id, context, cached_ids, modifications, key, forced=()):
        return explain_given(modifications, key)


def campaigns_endpoint(config, has_consented=True):
    """Return the Endpoint for requesting campaigns.

    :param Config config: the configuration, with the environment's id and API key.
    :param bool has_consented: whether the visitor has consented to being tracked; default True.
    """
    headers = dict(SDK_HEADERS)
    headers["x-api-key"] = config.api_key
    return Endpoint("campaigns", "POST", _url(config, has_consented), headers,
                    repeatable=True)


def read_campaigns(answer, max_size):
    """Return ``(panic, list of decoded campaigns)`` of an answer; raise Unreadable if malformed."""
    if answer.status == _NO_CONTENT:
        return False, []
    decoded = decode(answer.body, max_size)
    if isinstance(decoded, dict):
        panic, campaigns = decoded.get("panic") is True, decoded.get("campaigns")
        if isinstance(campaigns, list):
            return panic, campaigns
        if panic and campaigns is None:
            return panic, []
    raise Unreadable("is JSON of the wrong shape")


def _flags_of(campaign):
    """Return ``(variation id, {key: Modification})`` of a campaign; (None, None) if malformed."""
    if not isinstance(campaign, dict):
        return None, None  # fast path: there may be millions of these
    try:
        variation = campaign["variation"]
        ids = [id_text(each) for each in (
            campaign["id"], campaign["variationGroupId"], variation["id"])]
        values = variation["modifications"]["value"]
        values = {} if values is None else values
        if None not in ids and isinstance(values, dict) and not is_too_deep(values):
            reference = variation.get("reference") is True
            return ids[2], {key: Modification(key, value, ids[0], ids[1], ids[2], reference)
                            for key, value in values.items()}
    except (AttributeError, IndexError, KeyError, TypeError):
        pass  # some part is not the object it should be
    return None, None


def _url(config, has_consented):
    """Return the URL for requesting campaigns, which also tells who reports the visitor's context.
    """
    if not config.is_self_hosted:
        return "%s/%s/campaigns/?exposeAllKeys=true&sendContextEvent=false" % (
            config.decision_api_url, config.env_id)
    # With a trailing slash it would be the call for a single campaign.
    url = config.decision_api_url + "/campaigns?exposeAllKeys=true"
    reported = config.context_events and has_consented
    return url if reported else url + "&sendContextEvent=false"
