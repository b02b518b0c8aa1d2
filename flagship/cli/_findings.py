"""Finds what is ignored in a bucketing file, and what deserves a second look. Pure.

What is ignored are the problems of :class:`Document`; the warnings are found here.
"""
from flagship.cli._layout import json_shown, number
from flagship.decision.allocation import BUCKETS, spread
from flagship.decision.document import Document, RefusedFile, place_of
from flagship.decision.targeting import ALL_VISITORS

#: Levels. IGNORED: it has no effect. WARNING: it has an effect, but perhaps not the intended one.
IGNORED, WARNING = u"ignored", u"warning"

_MOST = 1000  # maximum number of problems shown; a file may have millions


class Finding(object):
    """One thing found.

    :ivar str level: IGNORED or WARNING.
    :ivar str place: a path such as ``campaigns[3].variationGroups[0].id``; empty for the whole
        file.
    :ivar str message: one sentence.
    """

    def __init__(self, level, place, message):
        self.level, self.place, self.message = level, place, message


def findings(decoded, root=u""):
    """Check a decoded bucketing file.

    :param str root: the place of ``decoded`` in what was read.
    :return: ``(a list of Findings in the file's order, the Document or None if the file is
        rejected)``.
    """
    try:
        document = Document(decoded, root, _MOST)
    except RefusedFile as refused:
        message = u"%s: the file is refused" % refused.message[refused.message.index(u"must"):]
        return [Finding(IGNORED, refused.place, message)], None
    ignored = {}
    for problem in document.problems:
        ignored.setdefault(problem.campaign, []).append(
            Finding(IGNORED, problem.place, problem.message))
    found = ignored.pop(None, [])
    if document.panic:
        found.append(Finding(WARNING, place_of(root, u"panic"),
                             u"the file asks for panic: every visitor gets the defaults"))
    if document.one_visitor_one_test:
        found.append(Finding(WARNING, place_of(root, u"accountSettings.enabled1V1T"),
                             u"bucketing mode does not apply it: a visitor may be in several "
                             u"campaigns at once"))
    warnings = _Warnings(place_of(root, u"campaigns"))
    for campaign in document.campaigns:
        found += ignored.pop(campaign.index, [])
        if campaign.problem is None:
            found += warnings.of_campaign(campaign)
    rest = document.problem_count - len(document.problems)
    if rest:
        found.append(Finding(IGNORED, place_of(root, u"campaigns"), u"... and %d more" % rest))
    return found, document


class _Warnings(object):
    """Finds what may not be intended; remembers ids and flags to find duplicates.

    :param str inside: the place of the campaigns.
    """

    def __init__(self, inside):
        self._inside = inside
        self._ids = {}    # (kind of id, id) -> place
        self._flags = {}  # flag key -> place of the first campaign that sets it
        self._found = []

    def of_campaign(self, campaign):
        """Return the Findings of a campaign that is in use."""
        self._found = []
        place = place_of(self._inside, campaign.index)
        self._once(u"campaign", campaign, place, u"the visitor's flags do not tell them apart")
        if campaign.limits_buckets:
            self._warn(place_of(place, u"bucketRanges"),
                       u"bucketing mode does not apply it: visitors whom the platform leaves out "
                       u"are in the campaign here")
        if not campaign.groups:
            self._warn(place, u"the campaign has no variation groups: it does nothing")
        everybody = None
        for index, group in enumerate(campaign.groups):
            here = place_of(place_of(place, u"variationGroups"), index)
            self._once(u"variation group", group, here, u"a visitor has the same bucket in both")
            if everybody is not None:
                self._warn(here,
                           u"no visitor comes here: %s before it matches everybody" % everybody)
            if self._targeting(group, here) and everybody is None:
                everybody = here
            self._variations(group, here)
        self._collisions(campaign, place)
        return self._found

    def _warn(self, place, message):
        self._found.append(Finding(WARNING, place, message))

    def _once(self, kind, part, place, so):
        first = self._ids.setdefault((kind, part.id), place)
        if first != place:
            self._warn(place_of(place, u"id"),
                       u"%s is the id of %s, too: %s" % (json_shown(part.id), first, so))

    def _targeting(self, group, inside):
        """Warn if a target matches nobody. Return whether it matches everybody."""
        possible = everybody = False
        place = place_of(inside, u"targeting")
        for index, targetings in enumerate(group.alternatives):
            if not targetings:
                inner = place_of(place_of(place, u"targetingGroups"), index)
                self._warn(place_of(inner, u"targetings"),
                           u"no targetings: they match nobody, not everybody")
            elif not any(each.problem for each in targetings):
                possible = True
                everybody = everybody or all(each.key == ALL_VISITORS for each in targetings)
        if not possible:
            why = u": it has no targeting; for everybody use the key fs_all_users"
            self._warn(place, u"nobody can match this variation group%s" % (
                u"" if group.alternatives else why))
        return everybody

    def _variations(self, group, inside):
        here = place_of(inside, u"variations")
        if not group.variations:
            self._warn(inside, u"the group has no variations: its visitors get nothing")
            return
        for index, variation in enumerate(group.variations):
            place = place_of(here, index)
            self._once(u"variation", variation, place, u"a cached assignment fits both")
            if variation.allocation < 0:
                self._warn(place_of(place, u"allocation"),
                           u"%s is less than 0" % number(variation.allocation))
        allocated = spread([(each.allocation, each) for each in group.variations])
        left, total = allocated.count(None), sum(each.allocation for each in group.variations)
        if total > BUCKETS:
            self._warn(here, u"the allocations add up to %s: what is over 100 gets nobody"
                       % number(total))
        elif left:
            self._warn(here, u"the allocations add up to %s: %d of 100 visitors get no variation"
                       % (number(total), left))

    def _collisions(self, campaign, place):
        shared = {}
        flags = {key for group in campaign.groups for variation in group.variations
                 for key in variation.values}
        for key in flags:
            first = self._flags.setdefault(key, place)
            if first != place:
                shared.setdefault(first, []).append(key)
        for first in sorted(shared):
            keys = u", ".join(json_shown(key) for key in sorted(shared[first]))
            self._warn(place, u"sets %s, as %s does: a visitor of both gets this one's"
                       % (keys, first))
