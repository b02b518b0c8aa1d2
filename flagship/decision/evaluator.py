"""The decision: a pure function of (campaigns, visitor id, context, cached assignments), with no
network, thread or clock.

Because it is pure, it can be made lazily: :class:`UndecidedFlags` keeps its arguments, and decides
on a campaign when a flag that the campaign can set is first read.
"""
from collections import namedtuple

from flagship.decision.allocation import BUCKETS, hash32
from flagship.decision.modification import Flags

_NOTHING = None, None, None, None, None

# Maximum number cached per file; if there are more, as targeting on numbers can cause, the cache is
# cleared.
_MAX_AUDIENCES = 128


def assign(campaigns, visitor_id, context, cached_ids=()):
    """Return the variations that a visitor gets, at most one per campaign, in the file's order.

    :param Campaigns campaigns: the compiled file.
    :param str visitor_id: the visitor.
    :param context: a mapping, text to text, bool, int or float; other values match nothing.
    :param cached_ids: ids of variations that the visitor was assigned before, or None; one that
        still exists in its group takes precedence over the hash.
    :rtype: list of Variation
    """
    groups, _, _ = audience_of(campaigns, visitor_id, context)
    visitor = visitor_id.encode("utf-8")
    if cached_ids:
        cached_ids = frozenset(cached_ids)
        assigned = [_cached_variation(variations, cached_ids)
                    or chosen[table[hash32(group + visitor, 0, False) % BUCKETS]]
                    for group, chosen, table, variations in groups]
    else:
        assigned = [chosen[table[hash32(group + visitor, 0, False) % BUCKETS]]
                    for group, chosen, table, _ in groups]
    return [variation for variation in assigned if variation is not None]


def merge(variations):
    """Return the flags of several variations, key to Modification; the later campaign wins."""
    modifications = {}
    for variation in variations:
        if variation.only is None:
            modifications.update(variation.modifications)
        else:
            key, modification = variation.only
            modifications[key] = modification
    return modifications


def decide_flags(campaigns, visitor_id, context):
    """Return ``merge(assign(...))`` for a visitor without cached assignments.

    If each campaign sets one flag, as most do, this is faster by half, because it does not touch
    the variations, which in a large file are not in the processor's cache.
    """
    _, singles, certain = audience_of(campaigns, visitor_id, context)
    if singles is None:
        return merge(assign(campaigns, visitor_id, context))
    visitor = visitor_id.encode("utf-8")
    flags = {key: chosen[table[hash32(group + visitor, 0, False) % BUCKETS]]
             for group, key, chosen, table in singles}
    if certain:
        return flags
    return {key: modification for key, modification in flags.items() if modification is not None}


class UndecidedFlags(Flags):
    """Flags that are decided when they are first read. The result does not depend on the order of
    the reads, nor on a newer file that arrives meanwhile.

    The first reads only decide the campaigns that can set their key; a later one decides all.
    Threads may read concurrently without a lock: they decide the same, and a dict that others may
    be reading is never changed, except that single flags are added to the initial ``known``.

    :param Campaigns campaigns: the compiled file.
    :param str visitor_id: the visitor.
    :param dict context: text to text, bool, int or float; must not be changed afterwards.
    """

    __slots__ = ("_pending",)

    def __init__(self, campaigns, visitor_id, context):
        self.known = {}
        # One tuple, so that a thread sees either all of it or, once all is decided, nothing.
        self._pending = campaigns, visitor_id, visitor_id.encode("utf-8"), context, self.known

    def find(self, key):
        campaigns, visitor_id, visitor, context, known = self._pending
        if campaigns is None:
            return self.known.get(key)
        setters = campaigns.setters.get(key)
        if setters is None:
            return None
        if key in known:
            return known[key]
        if len(known) + len(setters) > campaigns.few:
            return self.all().get(key)
        found = known[key] = _decide_flag(setters, key, visitor_id, visitor, context)
        return found

    def all(self):
        campaigns, visitor_id, _, context, _ = self._pending
        if campaigns is not None:
            self.known = decide_flags(campaigns, visitor_id, context)
            self._pending = _NOTHING
        return self.known


def _decide_flag(setters, key, visitor_id, visitor, context):
    """Return the Modification of one key, the same as with :func:`assign` and :func:`merge`, or
    None.

    :param setters: the value of ``Campaigns.setters`` for the key.
    :param bytes visitor: the visitor's id in UTF-8.
    """
    for campaign in setters:
        for group in campaign:
            if _is_targeted(group.targets, context, visitor_id):
                group_id, chosen, table, _ = group.parts or group.prepare()
                variation = chosen[table[hash32(group_id + visitor, 0, False) % BUCKETS]]
                if variation is not None and key in variation.modifications:
                    return variation.modifications[key]
                break
    return None


def _is_targeted(targets, context, visitor_id):
    for target in targets:
        try:
            for condition in target:
                if not condition.holds(context, visitor_id):
                    break
            else:
                return True
        except Exception:  # a value that cannot be compared: it matches nothing
            pass
    return False


class Audience(namedtuple("Audience", "groups singles certain")):
    """What is the same for all visitors for whom the same Conditions hold. A job that decides for
    very many visitors looks it up once per context, unless a targeting is on the visitor's id.

    :ivar tuple groups: the ``parts`` of the matching group of each campaign, in the file's order.
    :ivar singles: the ``single`` of each group; None if a group has none or two groups set the same
        flag.
    :ivar bool certain: whether each group of ``singles`` gives every visitor a variation.
    """

    __slots__ = ()

    @property
    def choices(self):
        """What each campaign that targets the visitors can give, in the file's order: a list of
        tuples of Variations, each with None, for "no variation", at its end."""
        return [chosen for _, chosen, _, _ in self.groups]

    def assigner(self, values):
        """Return a function of a visitor's id in UTF-8 (bytes) that returns what each campaign
        gives this visitor, a list.

        :param values: like :attr:`choices`, with what is to be returned in place of each Variation
            and each None; ``choices`` itself for the Variations.
        """
        tables = [(group[0], tuple([given[place] for place in group[2]]))
                  for group, given in zip(self.groups, values)]

        def assign_by_id(visitor):
            return [table[hash32(group + visitor, 0, False) % BUCKETS] for group, table in tables]
        return assign_by_id


def audience_of(campaigns, visitor_id, context):
    """Return the :class:`Audience` of a visitor. Cached, because most visitors belong to one of a
    few; parameters as in :func:`assign`."""
    holding = frozenset(campaigns.targetings.holding(context, visitor_id))
    audience = campaigns.audiences.get(holding)
    if audience is None:
        groups = _groups(campaigns, holding)
        if len(campaigns.audiences) >= _MAX_AUDIENCES:
            campaigns.audiences.clear()
        parts = tuple([group.parts or group.prepare() for group in groups])
        audience = campaigns.audiences[holding] = Audience(parts, *_singles(groups))
    return audience


def _groups(campaigns, holding):
    groups = []
    for campaign in campaigns.walk:
        for group in campaign:
            if any([target <= holding for target in group.targets]):
                groups.append(group)
                break
    return groups


def _singles(groups):
    singles = tuple([group.single for group in groups])
    if None in singles or len({key for _, key, _, _ in singles}) < len(singles):
        return None, False
    # If any bucket gets no variation, the last one does not.
    return singles, all(chosen[table[-1]] is not None for _, _, chosen, table in singles)


def _cached_variation(variations, cached_ids):
    for variation in variations:
        if variation.id in cached_ids:
            return variation
    return None
