"""The decision: a pure function of (campaigns, visitor id, context, cached assignments), with no network, thread or
clock."""
from flagship.decision.allocation import BUCKETS, hash32
from flagship.decision.targeting import VISITOR_ID


def assign(campaigns, visitor_id, context, cached_ids=()):
    """The variations that a visitor gets, at most one a campaign, in the file's order.

    :param Campaigns campaigns: the compiled file.
    :param str visitor_id: the visitor.
    :param dict context: text to text, bool, int or float.
    :param cached_ids: ids of variations that the visitor was assigned before, or None; one that its group still has
        wins over the hash.
    :rtype: list of Variation
    """
    if campaigns.targetings.ask_visitor_id:
        context = dict(context)
        context[VISITOR_ID] = visitor_id
    holding = campaigns.targetings.holding(context)
    visitor = visitor_id.encode("utf-8")
    cached_ids = frozenset(cached_ids) if cached_ids else None
    assigned = []
    for groups in campaigns.walk:
        for target, others, group, by_bucket, variations in groups:
            if target <= holding or others and _any(others, holding):
                variation = _cached(variations, cached_ids) if cached_ids else None
                if variation is None:
                    variation = by_bucket[hash32(group + visitor, 0, False) % BUCKETS]
                if variation is not None:
                    assigned.append(variation)
                break
    return assigned


def merge(variations):
    """The flags of several variations, key to Modification; the later campaign wins."""
    modifications = {}
    update = modifications.update
    for variation in variations:
        update(variation.modifications)
    return modifications


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
