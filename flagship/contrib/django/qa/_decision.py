"""What a visitor gets and why, and what can be forced, in either mode."""
from __future__ import absolute_import

from flagship.app import Flagship, neutral_visitor
from flagship.decision.explanation import explain, merge_explained
from flagship.errors import InitializationError

_OWN = "This process decides (bucketing mode): these are its own reasons."
_FILE = ("The platform decides (API mode) and tells no reasons. These are worked out from the file "
         "that initial_bucketing names, with what the visitor cache remembers.")
_TOLD = "The platform decided (API mode) and tells no reasons."
_DIFFERS = _TOLD + " The file that initial_bucketing names would decide otherwise: it is old."


def known_campaigns():
    """Return the compiled Campaigns that this process knows, or None."""
    return Flagship.instance().runtime().parts.decisions.campaigns


def make_visitor(visitor_id, anonymous_id, context, forced):
    """Return a visitor that is not synchronised.

    :param anonymous_id: the id before the login; None or empty: there is none.
    """
    try:
        visitor = Flagship.instance().create_visitor(anonymous_id or visitor_id, context=context)
    except InitializationError:
        return neutral_visitor(visitor_id)
    if anonymous_id:
        visitor.authenticate(visitor_id)
    visitor.force_variations(forced)
    return visitor


def explain_decision(visitor, is_synchronized):
    """Return what ``visitor.explain`` returns, with reasons wherever they can be known, and under
    ``source`` where these come from, a sentence.

    In API mode without a file, a visitor that is not synchronised is synchronised.
    """
    explained, known = visitor.explain(), known_campaigns()
    if explained["mode"] == u"BUCKETING":
        return dict(explained, source=_OWN)
    if known is None:
        if not is_synchronized:
            visitor.synchronize_modifications()
        return dict(visitor.explain(), source=_TOLD)
    if not explained["serving"]:
        return dict(explained, source=_FILE)
    campaigns = explain(known, explained["visitorId"], explained["context"],
                        explained["cachedVariationIds"], None, visitor.forced_variations)
    variations = {each["campaignId"]: each["variationId"] for each in campaigns}
    for each in explained["campaigns"]:
        if variations.get(each["campaignId"]) != each["variationId"]:
            return dict(explained, source=_DIFFERS)
    return dict(explained, campaigns=campaigns, modifications=merge_explained(campaigns),
                source=_FILE)


def list_choices(forced):
    """Return the campaigns whose variations can be forced, a dict each.

    :param dict forced: campaign id to variation id, as chosen now; what the file does not have is
        listed too, so that it can be seen and ended.
    """
    known, choices, missing = known_campaigns(), [], dict(forced)
    for campaign in known.document.campaigns if known is not None else ():
        variations = [{"id": each.id, "name": each.name or each.id,
                       "chosen": forced.get(campaign.id) == each.id}
                      for group in campaign.groups for each in group.variations]
        if any(each["chosen"] for each in variations):
            missing.pop(campaign.id, None)
        if variations:
            choices.append({"id": campaign.id, "name": campaign.name or campaign.id,
                            "variations": variations, "missing": missing.pop(campaign.id, None)})
    return choices + [{"id": campaign_id, "name": campaign_id, "variations": [], "missing": each}
                      for campaign_id, each in sorted(missing.items())]
