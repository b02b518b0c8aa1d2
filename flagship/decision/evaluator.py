"""The decision: a pure function of (campaigns, visitor id, context, cached assignments), with no
network, thread or clock."""
from flagship.decision.allocation import BUCKETS, hash32

# Kept for a file; with more of them, as targeting on numbers can make, all are forgotten.
_MAX_AUDIENCES = 128


def assign(campaigns, visitor_id, context, cached_ids=()):
    """The variations that a visitor gets, at most one a campaign, in the file's order.

    :param Campaigns campaigns: the compiled file.
    :param str visitor_id: the visitor.
    :param context: a mapping, text to text, bool, int or float; other values match nothing.
    :param cached_ids: ids of variations that the visitor was assigned before, or None; one that
        its group still has wins over the hash.
    :rtype: list of Variation
    """
    audience = frozenset(campaigns.targetings.holding(context, visitor_id))
    groups = campaigns.audiences.get(audience)
    if groups is None:
        groups = _groups(campaigns, audience)
    visitor = visitor_id.encode("utf-8")
    if cached_ids:
        cached_ids = frozenset(cached_ids)
        assigned = [_cached(variations, cached_ids)
                    or by_bucket[hash32(group + visitor, 0, False) % BUCKETS]
                    for group, by_bucket, variations in groups]
    else:
        assigned = [by_bucket[hash32(group + visitor, 0, False) % BUCKETS]
                    for group, by_bucket, _ in groups]
    return [variation for variation in assigned if variation is not None]


def merge(variations):
    """The flags of several variations, key to Modification; the later campaign wins."""
    modifications = {}
    for variation in variations:
        if variation.only is None:
            modifications.update(variation.modifications)
        else:
            key, modification = variation.only
            modifications[key] = modification
    return modifications


def _groups(campaigns, audience):
    """The group of each campaign that an audience is in, in the file's order; kept, as most
    visitors share a few."""
    groups = []
    for campaign in campaigns.walk:
        for targets, group in campaign:
            if _any(targets, audience):
                groups.append(group)
                break
    if len(campaigns.audiences) >= _MAX_AUDIENCES:
        campaigns.audiences.clear()
    campaigns.audiences[audience] = groups = tuple(groups)
    return groups


def _any(targets, holding):
    for target in targets:
        if target <= holding:
            return True
    return False


def _cached(variations, cached_ids):
    for variation in variations:
        if variation.id in cached_ids:
            return variation
    return None
