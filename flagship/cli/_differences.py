"""Finds what differs between two bucketing files. Pure."""
from collections import OrderedDict

from flagship.cli._layout import json_shown, name_or_id
from flagship.decision.targeting import ALL_VISITORS, is_number

ADDED, REMOVED, CHANGED, SAME = u"added", u"removed", u"changed", u"same"


def campaigns_of(document):
    """Return the Campaigns in use by their key: the id, and how many before it have the same."""
    found, seen = OrderedDict(), {}
    for campaign in document.campaigns:
        if campaign.problem is None:
            seen[campaign.id] = seen.get(campaign.id, -1) + 1
            found[campaign.id, seen[campaign.id]] = campaign
    return found


def file_changes(before, after):
    """Return the changes that concern no single campaign, as :func:`campaign_changes` does."""
    found = []
    for what, name in ((u"panic", "panic"), (u"enabledXPC", "experience_continuity"),
                       (u"enabled1V1T", "one_visitor_one_test")):
        _note(found, what, getattr(before, name), getattr(after, name))
    _note_order(found, campaigns_of(before), campaigns_of(after))
    return found


def campaign_changes(before, after):
    """Return what differs between a campaign of the old and of the new file; None: it is not there.

    :return: dicts with ``what`` it is, ``where`` in the campaign (names, empty for the campaign
        itself), ``variationGroupId``, ``variationId``, ``flag``, and the values ``before`` and
        ``after``; what does not apply is None. Of a flag that only one file sets there is only that
        one's.
    """
    found = []
    if before is None or after is None:
        return found
    for name in ("name", "type", "slug"):
        _note(found, u"%s" % name, getattr(before, name), getattr(after, name))
    groups = _by_id(before.groups), _by_id(after.groups)
    for group_id, (old, new) in pairs(*groups):
        group = old or new
        if not _note_presence(found, u"variation group", old, new, group):
            _note(found, u"targeting", _targeting(old), _targeting(new), group)
            _note_variations(found, old, new)
    _note_order(found, *groups)
    return found


def _note_variations(found, old_group, new_group):
    variations = _by_id(old_group.variations), _by_id(new_group.variations)
    for _, (old, new) in pairs(*variations):
        if _note_presence(found, u"variation", old, new, new_group, old or new):
            continue
        _note(found, u"allocation", old.allocation, new.allocation, new_group, new)
        _note(found, u"reference", old.reference, new.reference, new_group, new)
        for key in sorted(set(old.values) | set(new.values)):
            if key in old.values and key in new.values:
                _note(found, u"flag", old.values[key], new.values[key], new_group, new, key)
                continue
            _note(found, u"flag", old.values.get(key), new.values.get(key), new_group, new, key,
                  differs=True)
            del found[-1]["before" if key in new.values else "after"]
    _note_order(found, variations[0], variations[1], new_group)


def _by_id(parts):
    return OrderedDict((part.id, part) for part in parts)


def pairs(before, after):
    """Return ``[(id, (old or None, new or None))]`` of two dicts, in the new order, then what is
    gone."""
    ids = list(after) + [each for each in before if each not in after]
    return [(each, (before.get(each), after.get(each))) for each in ids]


def _note(found, what, before, after, group=None, variation=None, flag=None, differs=False):
    if not differs and _is_same(before, after):
        return
    where = u" / ".join(name_or_id(each.name, each.id) for each in (group, variation)
                        if each is not None)
    found.append({"what": what, "where": where, "variationGroupId": group and group.id,
                  "variationId": variation and variation.id, "flag": flag, "before": before,
                  "after": after})


def _note_presence(found, what, old, new, group, variation=None):
    """Note that a part is only in one of the files; return whether it is."""
    if old is not None and new is not None:
        return False
    before, after = [None if each is None else name_or_id(each.name, each.id)
                     for each in (old, new)]
    _note(found, what, before, after, group, variation, differs=True)
    return True


def _note_order(found, before, after, group=None):
    """Note another order of the parts that are in both files; of campaigns the last one wins a flag
    that several set, of variation groups the first that matches, and buckets go by variations."""
    common = [each for each in before if each in after], [each for each in after if each in before]
    if common[0] != common[1]:
        old, new = [[name_or_id(parts[each].name, parts[each].id) for each in ids]
                    for parts, ids in zip((before, after), common)]
        _note(found, u"order", old, new, group, differs=True)


def _is_same(before, after):
    if is_number(before) and is_number(after):
        return before == after
    return json_shown(before) == json_shown(after)


def _targeting(group):
    """Return a group's target as text, the same for any order of its alternatives and parts."""
    alternatives = {u" and ".join(sorted({_condition(each) for each in targetings})) or u"nobody"
                    for targetings in group.alternatives}
    return u", or ".join(sorted(alternatives)) or u"nobody"


def _condition(targeting):
    if targeting.key == ALL_VISITORS:
        return u"every visitor"
    return u"%s %s %s" % (targeting.key, targeting.operator, json_shown(targeting.value))
