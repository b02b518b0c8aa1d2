"""Explains a decision in plain dicts. Pure, like the decision itself.

It evaluates every targeting separately and records the results, which would be too slow in the
decision. The assigned variations are the same as those of ``evaluator.assign``. The explanation can
always be expressed in JSON, whatever the file and the context contain.
"""
from flagship._compat import text_type
from flagship.decision.allocation import BUCKETS, bucket, spread
from flagship.decision.modification import finite
from flagship.decision.targeting import (ALL_VISITORS, VISITOR_ID, compared_kinds, elements, holds,
                                         is_number, json_text, kind_of)

#: The outcomes of a campaign.
ASSIGNED, NOT_ALLOCATED = u"assigned", u"not allocated"
NOT_TARGETED, SKIPPED = u"not targeted", u"skipped"

#: The reason of a forced variation, and what it was decided by.
FORCED = u"the variation is forced, and never reported", u"forced"


def explain(campaigns, visitor_id, context, cached_ids=(), key=None, forced=()):
    """Return what each campaign of a file gives a visitor, and why.

    :param Campaigns campaigns: the compiled file.
    :param str visitor_id: the visitor.
    :param context: a mapping, text to text, bool, int or float; other values match nothing.
    :param cached_ids: ids of variations that the visitor was assigned before, or None.
    :param key: a flag key, to leave out the campaigns that cannot set it; None (default): all
        campaigns.
    :param forced: a mapping from campaign id to the variation id that is forced; default: none.
    :return: one dict per campaign, in the file's order; :meth:`Visitor.explain` describes them.
    """
    context = {name: value for name, value in context.items()}
    explained = []
    for campaign in campaigns.document.campaigns:
        if campaign.problem is not None:
            if key is None:
                explained.append(_explained_campaign(campaign.id, SKIPPED, campaign.problem))
        elif key is None or _can_set(campaign, key):
            chosen = forced[campaign.id] if campaign.id in forced else None
            explained.append(_explain_campaign(
                campaign, visitor_id, context, cached_ids or (), chosen))
    return explained


def merge_explained(explained, only=None):
    """Return the flags of explained campaigns, key to a plain dict; the later campaign wins.

    :param only: a flag key, to leave out the others; None (default): all.
    """
    return {key: {"value": finite(value), "campaignId": campaign["campaignId"],
                  "variationGroupId": campaign["variationGroupId"],
                  "variationId": campaign["variationId"], "reference": campaign["reference"]}
            for campaign in explained for key, value in campaign["modifications"].items()
            if only is None or key == only}


def explain_given(modifications, key=None):
    """Explain flags that the platform decided: return the campaigns they come from.

    :param dict modifications: key to Modification.
    :param key: as for :func:`explain`.
    """
    by_campaign = {}
    for each in modifications.values():
        by_campaign.setdefault(each.campaign_id, {})[each.key] = each
    explained = []
    for campaign_id, flags in sorted(by_campaign.items()):
        if key is None or key in flags:
            flag = next(iter(flags.values()))
            reason, by = (FORCED if flag.forced else (u"the platform decided", u"platform"))
            explained.append(_explained_campaign(
                campaign_id, ASSIGNED, reason, decidedBy=by,
                variationGroupId=flag.variation_group_id, variationId=flag.variation_id,
                reference=flag.reference,
                modifications={each.key: finite(each.value) for each in flags.values()}))
    return explained


def unknown_key(key, nearest):
    """Return a message about a flag key that no campaign sets; ``""`` if one sets it.

    :param nearest: the result of ``Campaigns.nearest_key`` for the key.
    """
    if nearest is None:
        return u""
    return u'no campaign sets "%s"%s' % (key, nearest and u'; did you mean "%s"?' % nearest)


def _explained_campaign(campaign_id, outcome, reason, **more):
    """Return an explained campaign; fields that are not given are empty."""
    campaign = {"campaignId": campaign_id, "name": None, "slug": None, "type": None,
                "outcome": outcome, "reason": reason, "decidedBy": None,
                "variationGroupId": None, "variationId": None, "variationName": None,
                "reference": None, "bucket": None, "modifications": {}, "variationGroups": []}
    campaign.update(more)
    return campaign


def _explain_campaign(campaign, visitor_id, context, cached_ids, forced_id):
    groups = [_group(group, visitor_id, context) for group in campaign.groups]
    about = {"name": campaign.name, "slug": campaign.slug, "type": campaign.type,
             "variationGroups": groups}
    for group, shown in zip(campaign.groups, groups) if forced_id is not None else ():
        for variation in group.variations:
            if variation.id == forced_id:
                place = bucket(group.id, visitor_id)
                shown.update(chosen=True, bucket=place)
                return _explained_campaign(
                    campaign.id, ASSIGNED, FORCED[0], decidedBy=FORCED[1], bucket=place,
                    variationGroupId=group.id, **dict(about, **_of_variation(variation)))
    for group, shown in zip(campaign.groups, groups):
        if shown["matches"]:
            outcome, reason, found = _explain_group(group, shown, visitor_id, cached_ids)
            return _explained_campaign(campaign.id, outcome, reason, **dict(about, **found))
    reason = (u"no variation group's targeting matches" if groups
              else u"the campaign has no variation groups")
    return _explained_campaign(campaign.id, NOT_TARGETED, reason, **about)


def _explain_group(group, shown, visitor_id, cached_ids):
    """Return ``(outcome, reason, facts)`` of a campaign for a visitor of the given group."""
    place = bucket(group.id, visitor_id)
    cached = [each for each in group.variations if each.id in cached_ids][:1]
    shown.update(chosen=True, bucket=place, cachedVariationId=cached[0].id if cached else None)
    found = {"variationGroupId": group.id, "bucket": place}
    if cached:
        found.update(_of_variation(cached[0]), decidedBy=u"cache")
        return ASSIGNED, u"the visitor was assigned this variation before", found
    for variation, each in zip(group.variations, shown["variations"]):
        first, end = each["buckets"]
        if first <= place < end:
            found.update(_of_variation(variation), decidedBy=u"allocation")
            return ASSIGNED, u"bucket %d is among the variation's %d to %d" % (
                place, first, end - 1), found
    return NOT_ALLOCATED, u"bucket %d is no variation's" % place, found


def _of_variation(variation):
    return {"variationId": variation.id, "variationName": variation.name,
            "reference": variation.reference, "modifications": finite(variation.values)}


def _group(group, visitor_id, context):
    alternatives = [_alternative(each, visitor_id, context) for each in group.alternatives]
    by_bucket = spread([(each.allocation, place) for place, each in enumerate(group.variations)])
    return {"variationGroupId": group.id, "name": group.name,
            "matches": any(each["matches"] for each in alternatives), "chosen": False,
            "bucket": None, "cachedVariationId": None, "targetingGroups": alternatives,
            "variations": [_variation(variation, place, by_bucket)
                           for place, variation in enumerate(group.variations)]}


def _variation(variation, place, by_bucket):
    # A variation's buckets are contiguous, because allocations are summed in the file's order.
    first = by_bucket.index(place) if place in by_bucket else BUCKETS
    return {"variationId": variation.id, "name": variation.name,
            "allocation": variation.allocation, "reference": variation.reference,
            "buckets": [first, first + by_bucket.count(place)]}


def _alternative(targetings, visitor_id, context):
    explained = [_targeting(each, visitor_id, context) for each in targetings]
    return {"matches": bool(explained) and all(each["matches"] for each in explained),
            "targetings": explained}


def _targeting(targeting, visitor_id, context):
    key, problem = targeting.key, targeting.problem
    present = key == VISITOR_ID or key in context
    value = visitor_id if key == VISITOR_ID else context.get(key)
    matches = problem is None and holds(key, targeting.operator, targeting.value, context,
                                        visitor_id)
    value = _expressible_value(value)
    reason = _of_another_kind(targeting, value) if problem is None else problem[1]
    return {"key": key, "operator": targeting.operator, "value": finite(targeting.value),
            "present": present, "visitorValue": value, "matches": matches, "problem": reason}


def _of_another_kind(targeting, value):
    """Return a message if a visitor's value is of a kind that the targeting cannot match, else
    ``""``."""
    if value is None or targeting.key == ALL_VISITORS:
        return u""
    kind, kinds = kind_of(value), compared_kinds(targeting.operator, targeting.value)
    if not kinds or kind in kinds:
        return u""
    wanted = {kind_of(each) for each in elements(targeting.value)}
    given = {u"text": u'text "%s"', u"a number": u"the number %s"}.get(kind, u"%s")
    return u"%s against %s" % (given % json_text(value), u" or ".join(sorted(wanted)))


def _expressible_value(value):
    """Return a context value, or None if JSON cannot express it."""
    return value if type(value) in (bool, text_type) or is_number(value) else None


def _can_set(campaign, key):
    return any(key in variation.values
               for group in campaign.groups for variation in group.variations)
