"""Counts how visitors spread over variations, and how far that may differ from the allocation by
chance. Pure."""
import math

from flagship.decision.allocation import BUCKETS, hash32

#: Of 100 counts that differ by chance alone, about 99 are within the bounds.
CONFIDENCE = 0.99
_SIGMAS = 12  # beyond this, probabilities are too small to matter in a float sum


def count_shares(campaigns, visitor_ids, context):
    """Count how many of the visitors land in each bucket of each variation group.

    The decision is that without a visitor cache, for visitors who share a context.

    :param Campaigns campaigns: the compiled file.
    :param visitor_ids: an iterable of text.
    :param dict context: text to text, bool, int or float.
    :return: ``(number of visitors, {(index of the campaign among those in use, variation group
        id): a list of 100 counts})``; groups without visitors are left out.
    """
    targetings = campaigns.targetings
    targets, counts, visitors = {}, {}, 0
    for visitor_id in visitor_ids:
        if not visitors or targetings.ask_visitor_id:
            holding = frozenset(targetings.holding(context, visitor_id))
            targeted = targets.get(holding)
            if targeted is None:
                targeted = targets[holding] = _matching_groups(campaigns.walk, holding, counts)
        visitors += 1
        visitor = visitor_id.encode("utf-8")
        for group, buckets in targeted:
            buckets[hash32(group + visitor, 0, False) % BUCKETS] += 1
    return visitors, {(place, group.decode("utf-8")): buckets
                      for (place, group), buckets in counts.items() if any(buckets)}


def _matching_groups(walk, holding, counts):
    """Return ``[(group id in UTF-8, its counts)]`` of the groups that match visitors for whom the
    Conditions in ``holding`` hold."""
    chosen = []
    for place, groups in enumerate(walk):
        for group in groups:
            if any(target <= holding for target in group.targets):
                chosen.append((group.id, counts.setdefault((place, group.id), [0] * BUCKETS)))
                break
    return chosen


def bounds(visitors, share):
    """Return the least and the greatest count that chance alone explains for a variation with this
    share of the visitors.

    These are exact quantiles of the binomial distribution: a count below the least occurs by chance
    at most once in 200 times, and so does one above the greatest.

    :param int visitors: number of visitors in the variation group.
    :param float share: from 0 to 1.
    """
    return _least(visitors, share), visitors - _least(visitors, 1 - share)


def _least(visitors, share):
    if share <= 0:
        return 0
    if share >= 1:
        return visitors
    mean = visitors * share
    count = max(0, int(mean - _SIGMAS * math.sqrt(mean * (1 - share))) - 1)
    below = 0.0
    while True:
        rest = visitors - count
        ways = math.lgamma(visitors + 1) - math.lgamma(count + 1) - math.lgamma(rest + 1)
        below += math.exp(ways + count * math.log(share) + rest * math.log(1 - share))
        if below > (1 - CONFIDENCE) / 2 or count >= visitors:
            return count
        count += 1
