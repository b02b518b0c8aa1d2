"""What a visitor gets and why, in either mode, on the emulator or on the platform."""
from django.conf import settings

from flagship import Config, Flagship
from flagship.decision.compiled import Campaigns
from flagship.decision.explanation import explain, merged

from qa.emulator import emulator

OWN = "This process decides (bucketing mode): these are its own reasons."
FILE = ("The platform decides (API mode) and tells no reasons. These are worked out from the "
        "emulator's own campaign file, with what the visitor cache remembers.")
TOLD = ("The platform decided (API mode) and tells no reasons. "
        "Asking it counted as a synchronisation.")


def decision(visitor_id, anonymous_id, context):
    """Explain a visitor's decision.

    :param anonymous_id: the id before the login, or None.
    :param dict context: context key to value.
    :return: what :meth:`flagship.visitor.Visitor.explain` returns, and under ``source`` where the
        reasons come from, a sentence.
    """
    if settings.FLAGSHIP_OPTIONS["mode"] is Config.Mode.API and emulator:
        return _from_file(visitor_id, anonymous_id, context)
    visitor = Flagship.instance().create_visitor(anonymous_id or visitor_id, context=context)
    if settings.FLAGSHIP_OPTIONS["mode"] is Config.Mode.BUCKETING:
        return dict(visitor.explain(), source=OWN)
    if anonymous_id:
        visitor.authenticate(visitor_id)
    visitor.synchronize_modifications()
    return dict(visitor.explain(), source=TOLD)


def _from_file(visitor_id, anonymous_id, context):
    panic = emulator.panic
    cached_ids = _cached(visitor_id) or anonymous_id and _cached(anonymous_id) or []
    campaigns = [] if panic else explain(Campaigns(emulator.bucketing), visitor_id, context,
                                         cached_ids)
    return {"mode": "API", "visitorId": visitor_id, "anonymousId": anonymous_id, "context": context,
            "serving": not panic, "reason": "the platform is in panic" if panic else "",
            "cachedVariationIds": cached_ids, "campaigns": campaigns,
            "modifications": merged(campaigns), "source": FILE}


def _cached(visitor_id):
    record = settings.FLAGSHIP_OPTIONS["visitor_cache_manager"].lookup(visitor_id)
    return record["data"]["vaIds"] if record else []
