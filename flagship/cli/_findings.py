"""What a careful reader sees in a bucketing file: what is ignored, and what deserves a second look. Pure.

What is ignored here is what ``Campaigns`` ignores, with its place; a law in the tests holds the two together.
"""
import re

from flagship._compat import integer_types, text_type, to_text
from flagship.cli._layout import json_shown, number
from flagship.decision.allocation import BUCKETS, spread
from flagship.decision.modification import is_too_deep
from flagship.decision.targeting import ALL_VISITORS, judge

#: Levels. What is ignored does not do what the file says; a warning does, but is perhaps not meant.
IGNORED, WARNING = u"ignored", u"warning"

_NAME = re.compile(u"^[A-Za-z_][A-Za-z0-9_]*$")
_KINDS = {dict: u"an object", list: u"a list", text_type: u"text", bool: u"true or false", float: u"a number",
          type(None): u"null"}


class Finding(object):
    """One thing found.

    :ivar str level: IGNORED or WARNING.
    :ivar str place: a path such as ``campaigns[3].variationGroups[0].id``; empty for the whole file.
    :ivar str message: one sentence.
    """

    def __init__(self, level, place, message):
        self.level, self.place, self.message = level, place, message


def findings(document, root=u""):
    """What is to be said of a decoded bucketing file, in the file's order.

    :param str root: the place of ``document`` in what was read.
    """
    reader = _Reader()
    if reader.kind(document, dict, root, u"the file is refused") is None:
        return reader.found
    panic, campaigns = document.get("panic"), document.get("campaigns")
    if panic is True:
        reader.warn(_at(root, "panic"), u"the file asks for panic: every visitor gets the defaults")
    elif panic not in (None, False):
        reader.ignore(_at(root, "panic"), u"must be true or false, not %s: it is taken for false" % _kind(panic))
    if panic is not True or "campaigns" in document:
        if reader.kind(campaigns, list, _at(root, "campaigns"), u"the file is refused") is not None:
            _Campaigns(reader).read(campaigns, _at(root, "campaigns"))
    return reader.found


def _at(place, part):
    if isinstance(part, int):
        return u"%s[%d]" % (place, part)
    if not _NAME.match(part):
        return u"%s[%s]" % (place, json_shown(part))
    return u"%s.%s" % (place, part) if place else text_type(part)


def _kind(value):
    return _KINDS.get(type(value), u"a number")


class _Reader(object):
    """Collects what is found."""

    def __init__(self):
        self.found = []

    def ignore(self, place, message):
        self.found.append(Finding(IGNORED, place, message))

    def warn(self, place, message):
        self.found.append(Finding(WARNING, place, message))

    def kind(self, value, kind, place, so):
        """The value, or None after saying that it is not of ``kind``, and ``so`` what."""
        if isinstance(value, kind):
            return value
        self.ignore(place, u"must be %s, not %s: %s" % (_KINDS[kind], _kind(value), so))
        return None


class _Campaigns(object):
    """Reads a list of campaigns; remembers ids and flags, to see those that come twice."""

    def __init__(self, reader):
        self._reader = reader
        self._ids = {}    # (kind of id, id) -> place
        self._flags = {}  # flag key -> place of the first campaign that sets it

    def read(self, campaigns, place):
        for index, campaign in enumerate(campaigns):
            here = _at(place, index)
            if _Shape(self._reader, u"the campaign is skipped").campaign(campaign, here):
                self._campaign(campaign, here)

    def _campaign(self, campaign, place):
        reader = self._reader
        self._once(u"campaign", campaign, place, u"the visitor's flags do not tell them apart")
        groups = campaign.get("variationGroups") or []
        if not groups:
            reader.warn(place, u"the campaign has no variation groups: it does nothing")
        everybody = None
        for index, group in enumerate(groups):
            here = _at(_at(place, "variationGroups"), index)
            self._once(u"variation group", group, here, u"a visitor has the same bucket in both")
            if everybody is not None:
                reader.warn(here, u"no visitor comes here: %s before it matches everybody" % everybody)
            if self._targeting(group, here) and everybody is None:
                everybody = here
            self._variations(group, here)
        self._collisions(groups, place)

    def _once(self, kind, parent, place, so):
        first = self._ids.setdefault((kind, parent["id"]), place)
        if first != place:
            self._reader.warn(_at(place, "id"), u"%s is the id of %s, too: %s" % (json_shown(parent["id"]), first, so))

    def _targeting(self, group, place):
        """Warn of who cannot be matched; whether everybody is."""
        here = _at(_at(place, "targeting"), "targetingGroups")
        possible = everybody = False
        alternatives = (group.get("targeting") or {}).get("targetingGroups") or []
        for index, alternative in enumerate(alternatives):
            targetings = alternative.get("targetings") or []
            inner = _at(_at(here, index), "targetings")
            usable = [self._targeting_is_usable(each, _at(inner, number)) for number, each in enumerate(targetings)]
            if not targetings:
                self._reader.warn(inner, u"no targetings: they match nobody, not everybody")
            elif all(usable):
                possible = True
                everybody = everybody or all(each["key"] == ALL_VISITORS for each in targetings)
        if not possible:
            self._reader.warn(_at(place, "targeting"), u"nobody can match this variation group%s" % (
                u"" if alternatives else u": it has no targeting; for everybody use the key fs_all_users"))
        return everybody

    def _targeting_is_usable(self, targeting, place):
        key, operator, value = targeting["key"], targeting.get("operator"), targeting.get("value")
        problem = judge(key, operator, value, {})[1]
        if not problem:
            return True
        here = _at(place, "value")
        if u"unknown operator" in problem:
            here, why = _at(place, "operator"), u"unknown operator %s" % json_shown(operator)
        else:
            if isinstance(value, list) and not judge(key, operator, [], {})[1]:
                index = [bool(judge(key, operator, [each], {})[1]) for each in value].index(True)
                here, value = _at(here, index), value[index]
            why = (u"a number that is out of range" if isinstance(value, float)
                   else u"%s does not take %s" % (operator, _kind(value)))
        self._reader.ignore(here, why + u": the targeting matches nobody")
        return False

    def _variations(self, group, place):
        reader, variations = self._reader, group.get("variations") or []
        here = _at(place, "variations")
        if not variations:
            reader.warn(place, u"the group has no variations: its visitors get nothing")
            return
        allocations = [each.get("allocation") or 0 for each in variations]
        for index, variation in enumerate(variations):
            self._once(u"variation", variation, _at(here, index), u"a cached assignment fits both")
            if allocations[index] < 0:
                reader.warn(_at(_at(here, index), "allocation"), u"%s is less than 0" % number(allocations[index]))
        left = spread([(each, index) for index, each in enumerate(allocations)]).count(None)
        total = sum(allocations)
        if total > BUCKETS:
            reader.warn(here, u"the allocations add up to %s: what is over 100 gets nobody" % number(total))
        elif left:
            reader.warn(here, u"the allocations add up to %s: %d of 100 visitors get no variation"
                        % (number(total), left))

    def _collisions(self, groups, place):
        flags = {key for group in groups for variation in group.get("variations") or ()
                 for key in (variation.get("modifications") or {}).get("value") or {}}
        shared = {}
        for key in flags:
            first = self._flags.setdefault(key, place)
            if first != place:
                shared.setdefault(first, []).append(key)
        for first in sorted(shared):
            self._reader.warn(place, u"sets %s, as %s does: a visitor of both gets this one's" % (
                u", ".join(json_shown(key) for key in sorted(shared[first])), first))


class _Shape(object):
    """Whether the parts of a campaign are what they must be; all that is wrong is said."""

    def __init__(self, reader, so):
        self._reader, self._so = reader, so

    def campaign(self, campaign, place):
        before = len(self._reader.found)
        if self._with_id(campaign, place):
            for here, group in self._each(campaign, "variationGroups", place):
                self._group(group, here)
        return len(self._reader.found) == before

    def _group(self, group, place):
        if not self._with_id(group, place):
            return
        targeting = self._optional(group, "targeting", dict, place)
        for here, alternative in self._each(targeting, "targetingGroups", _at(place, "targeting")):
            if self._is(alternative, dict, here):
                for inner, targeting in self._each(alternative, "targetings", here):
                    if self._is(targeting, dict, inner):
                        self._is(targeting.get("key"), text_type, _at(inner, "key"))
        for here, variation in self._each(group, "variations", place):
            if self._with_id(variation, here):
                self._variation(variation, here)

    def _variation(self, variation, place):
        allocation = variation.get("allocation")
        if allocation is not None and (isinstance(allocation, bool)
                                       or not isinstance(allocation, integer_types + (float,))):
            self._wrong(_at(place, "allocation"), u"must be a number, not %s" % _kind(allocation))
        modifications = self._optional(variation, "modifications", dict, place)
        value = self._optional(modifications, "value", dict, _at(place, "modifications"))
        if is_too_deep(value):
            self._wrong(_at(_at(place, "modifications"), "value"), u"is nested too deep")

    def _with_id(self, value, place):
        if not self._is(value, dict, place):
            return False
        given = value.get("id")
        if self._is(given, text_type, _at(place, "id")):
            if not given:
                self._wrong(_at(place, "id"), u"must not be empty")
            elif to_text(given) is None:
                self._wrong(_at(place, "id"), u"must be text that UTF-8 can express")
        return True

    def _each(self, parent, key, place):
        for index, value in enumerate(self._optional(parent, key, list, place)):
            yield _at(_at(place, key), index), value

    def _optional(self, parent, key, kind, place):
        """A part that may be absent or null; an empty one after it was said to be of the wrong kind."""
        value = parent.get(key)
        return value if value is not None and self._is(value, kind, _at(place, key)) else kind()

    def _is(self, value, kind, place):
        return self._reader.kind(value, kind, place, self._so) is not None

    def _wrong(self, place, message):
        self._reader.ignore(place, u"%s: %s" % (message, self._so))
