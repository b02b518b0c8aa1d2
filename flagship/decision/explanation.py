"""Why a visitor gets what it gets: the decision told in plain dicts, as pure as the decision itself.

It asks every targeting by itself and keeps what it saw, which the decision has no time for; what it says is assigned is
what ``evaluator.assign`` gives.
"""
from flagship._compat import text_type
from flagship.decision.allocation import BUCKETS, bucket, spread
from flagship.decision.modification import finite
from flagship.decision.targeting import VISITOR_ID, judge

#: What became of a campaign.
ASSIGNED, NOT_ALLOCATED, NOT_TARGETED, SKIPPED = u"assigned", u"not allocated", u"not targeted", u"skipped"


def explain(campaigns, visitor_id, context, cached_ids=(), key=None):
    """What each campaign of a file gives a visitor, and why.

    :param Campaigns campaigns: the compiled file.
    :param str visitor_id: the visitor.
    :param dict context: text to text, bool, int or float.
    :param cached_ids: ids of variations that the visitor was assigned before, or None.
    :param key: a flag's key, to leave out the campaigns that cannot set it; None (default): all campaigns.
    :return: one dict a campaign, in the file's order; :meth:`Visitor.explain` describes them.
    """
    context = dict(context)
    context[VISITOR_ID] = visitor_id
    explained = []
    for campaign, problem in campaigns.source:
        if problem is not None:
            if key is None:
                explained.append(_skipped(campaign, problem))
        elif key is None or _can_set(campaign, key):
            explained.append(_explained(campaign, visitor_id, context, cached_ids or ()))
    return explained


def merged(explained, only=None):
    """The flags of explained campaigns, key to a plain dict; the later campaign wins.

    :param only: a flag's key, to leave out the others; None (default): all.
    """
    return {key: {"value": finite(value), "campaignId": campaign["campaignId"],
                  "variationGroupId": campaign["variationGroupId"], "variationId": campaign["variationId"],
                  "reference": campaign["reference"]}
            for campaign in explained for key, value in campaign["modifications"].items()
            if only is None or key == only}


def told(modifications, key=None):
    """The campaigns behind flags whose decision was somebody else's.

    :param dict modifications: key to Modification.
    :param key: as for :func:`explain`.
    """
    by_campaign = {}
    for each in modifications.values():
        by_campaign.setdefault(each.campaign_id, {})[each.key] = each
    return [_campaign(
        campaign_id, {}, ASSIGNED, u"the platform decided", u"platform",
        group_id=flag.variation_group_id, variation={"id": flag.variation_id, "reference": flag.reference},
        modifications={each.key: each.value for each in flags.values()})
        for campaign_id, flags in sorted(by_campaign.items()) if key is None or key in flags
        for flag in list(flags.values())[:1]]


def _explained(campaign, visitor_id, context, cached_ids):
    groups = [_group(group, context) for group in campaign.get("variationGroups") or ()]
    for place, group in enumerate(groups):
        if group["matches"]:
            raw = campaign["variationGroups"][place]
            return _decided(campaign, groups, group, raw.get("variations") or (), visitor_id, cached_ids)
    reason = u"no variation group's targeting matches" if groups else u"the campaign has no variation groups"
    return _campaign(campaign["id"], campaign, NOT_TARGETED, reason, groups=groups)


def _decided(campaign, groups, group, variations, visitor_id, cached_ids):
    """A campaign's explanation, once its group is known."""
    place = bucket(group["variationGroupId"], visitor_id)
    cached = [variation for variation in variations if variation["id"] in cached_ids][:1]
    group.update(chosen=True, bucket=place, cachedVariationId=cached[0]["id"] if cached else None)
    found = {"group_id": group["variationGroupId"], "bucket_": place, "groups": groups}
    if cached:
        return _campaign(campaign["id"], campaign, ASSIGNED, u"the visitor was assigned this variation before",
                         u"cache", variation=cached[0], **found)
    for variation, shown in zip(variations, group["variations"]):
        first, end = shown["buckets"]
        if first <= place < end:
            reason = u"bucket %d is among the variation's %d to %d" % (place, first, end - 1)
            return _campaign(campaign["id"], campaign, ASSIGNED, reason, u"allocation", variation=variation, **found)
    return _campaign(campaign["id"], campaign, NOT_ALLOCATED, u"bucket %d is no variation's" % place, **found)


def _campaign(campaign_id, campaign, outcome, reason, decided_by=None, group_id=None, variation=None, bucket_=None,
              groups=(), modifications=None):
    if modifications is None:
        modifications = ((variation or {}).get("modifications") or {}).get("value") or {}
    return {"campaignId": campaign_id, "name": campaign.get("name"), "slug": campaign.get("slug"),
            "type": campaign.get("type"), "outcome": outcome, "reason": reason, "decidedBy": decided_by,
            "variationGroupId": group_id, "variationId": variation and variation["id"],
            "variationName": variation and variation.get("name"),
            "reference": variation and variation.get("reference") is True, "bucket": bucket_,
            "modifications": finite(modifications), "variationGroups": list(groups)}


def _skipped(campaign, problem):
    campaign_id = campaign.get("id") if isinstance(campaign, dict) else None
    return _campaign(campaign_id if isinstance(campaign_id, text_type) else None, {}, SKIPPED, problem)


def _group(group, context):
    alternatives = [_targeting_group(each, context)
                    for each in (group.get("targeting") or {}).get("targetingGroups") or ()]
    variations = group.get("variations") or ()
    by_bucket = spread([(variation.get("allocation") or 0, place) for place, variation in enumerate(variations)])
    return {"variationGroupId": group["id"], "name": group.get("name"),
            "matches": any(each["matches"] for each in alternatives), "chosen": False,
            "bucket": None, "cachedVariationId": None, "targetingGroups": alternatives,
            "variations": [_shown(variation, place, by_bucket) for place, variation in enumerate(variations)]}


def _shown(variation, place, by_bucket):
    # A variation's buckets are neighbours, as running totals are compared in the file's order.
    first = by_bucket.index(place) if place in by_bucket else BUCKETS
    return {"variationId": variation["id"], "name": variation.get("name"),
            "allocation": finite(variation.get("allocation") or 0), "reference": variation.get("reference") is True,
            "buckets": [first, first + by_bucket.count(place)]}


def _targeting_group(group, context):
    targetings = [_targeting(each, context) for each in group.get("targetings") or ()]
    return {"matches": bool(targetings) and all(each["matches"] for each in targetings), "targetings": targetings}


def _targeting(targeting, context):
    key, operator, value = targeting["key"], targeting.get("operator"), targeting.get("value")
    matches, problem = judge(key, operator, value, context)
    return {"key": key, "operator": operator, "value": finite(value), "present": key in context,
            "visitorValue": context.get(key), "matches": matches, "problem": problem}


def _can_set(campaign, key):
    return any(key in ((variation.get("modifications") or {}).get("value") or {})
               for group in campaign.get("variationGroups") or () for variation in group.get("variations") or ())
