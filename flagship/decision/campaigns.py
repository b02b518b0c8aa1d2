"""A decoded bucketing file, compiled once into what decisions walk. Immutable; a bad campaign is dropped and reported.
"""
import copy

from flagship._compat import integer_types, text_type, to_text
from flagship.decision.allocation import spread
from flagship.decision.modification import Modification, is_too_deep
from flagship.decision.targeting import Targetings
from flagship.errors import FlagshipParsingError


class Variation(object):
    """What a visitor can be assigned in a campaign.

    :ivar str modification_type: ``JSON``, ``FLAG``, ...: carried, never interpreted.
    :ivar dict values: flag key to value, as in the file.
    :ivar dict modifications: flag key to Modification.
    :ivar tuple only: ``(flag key, Modification)`` of a variation that sets one flag, as most do; else None.
    """

    __slots__ = ("id", "reference", "campaign_id", "campaign_type", "campaign_slug", "variation_group_id",
                 "modification_type", "values", "modifications", "only")

    def __init__(self, campaign, group_id, id, reference, modification_type, values):
        self.id, self.reference, self.variation_group_id = id, reference, group_id
        self.campaign_id, self.campaign_type, self.campaign_slug = campaign["id"], campaign.get("type"), \
            campaign.get("slug")
        self.modification_type, self.values = modification_type, values
        self.modifications = {key: Modification(key, value, self.campaign_id, group_id, id, reference)
                              for key, value in values.items()}
        self.only = next(iter(self.modifications.items())) if len(self.modifications) == 1 else None


class Campaigns(object):
    """A compiled bucketing file.

    :ivar tuple walk: for each campaign, in the file's order, a tuple of its groups that can match somebody, each
        ``(targets, (id in UTF-8, variation of each bucket, variations))``; what a target is, Targetings tells.
    :ivar dict audiences: what the evaluator remembers of the walk: a frozenset of the targetings that hold to a tuple
        of the groups that were found for them.
    :ivar Targetings targetings: the targetings of all groups.
    :ivar dict group_of: variation id to the id of its group, for every variation of the file.
    :ivar bool experience_continuity: the account's setting ``enabledXPC``.
    :ivar bool panic: the file asks for panic.
    :ivar int count: number of campaigns in use.
    :ivar tuple problems: one line of text for each thing in the file that is not used.
    :ivar tuple source: ``(decoded campaign, why it is skipped or None)`` for every campaign, in the file's order; for
        explanations, and not to be changed.
    """

    __slots__ = ("walk", "audiences", "targetings", "group_of", "experience_continuity", "panic", "count", "problems",
                 "source")

    def __init__(self, document):
        if not isinstance(document, dict):
            raise FlagshipParsingError("a bucketing file must be an object, not %s" % type(document).__name__)
        self.panic = document.get("panic") is True
        campaigns = document.get("campaigns", [] if self.panic else None)
        if not isinstance(campaigns, list):
            # An object without campaigns is somebody's error message; taken for a file it would end every campaign.
            raise FlagshipParsingError("campaigns must be a list, not %s" % type(campaigns).__name__)
        settings = document.get("accountSettings")
        self.experience_continuity = isinstance(settings, dict) and settings.get("enabledXPC") is True
        self.targetings, self.group_of, self.audiences = Targetings(), {}, {}
        walk, problems, source = [], [], []
        for place, campaign in enumerate(campaigns):
            name = "campaigns[%d]" % place
            try:
                name = "campaign %s" % _id(campaign)
                walk.append(self._compile(campaign, lambda line: problems.append("%s: %s" % (name, line))))
                source.append((campaign, None))
            except _Malformed as problem:
                problems.append("%s is skipped: %s" % (name, problem))
                source.append((campaign, text_type(problem)))
        self.walk, self.count, self.problems, self.source = tuple(walk), len(walk), tuple(problems), tuple(source)

    def in_panic(self):
        """The same campaigns with panic asked for."""
        hidden = copy.copy(self)
        hidden.panic = True
        return hidden

    def _compile(self, campaign, report):
        groups = []
        for group in _list(campaign, "variationGroups"):
            group_id = _id(group)
            targetings = [_targetings(each) for each in _list(_object(group, "targeting"), "targetingGroups")]
            groups.append((group_id, targetings,
                           [_variation(campaign, group_id, each) for each in _list(group, "variations")]))
        # Only now, so that a campaign that is dropped half-way leaves nothing behind.
        walk = []
        for group_id, targetings, variations in groups:
            self.group_of.update((variation.id, group_id) for _, variation in variations)
            targets = self.targetings.target(targetings, report)
            if targets:
                walk.append((targets, (group_id.encode("utf-8"), spread(variations),
                                       tuple(variation for _, variation in variations))))
        return tuple(walk)


class _Malformed(Exception):
    """A campaign that cannot be used; its text says why."""


def _object(parent, key):
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Malformed("%s must be an object, not %s" % (key, type(value).__name__))
    return value


def _list(parent, key):
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _Malformed("%s must be a list, not %s" % (key, type(value).__name__))
    return value


def _id(parent):
    if not isinstance(parent, dict):
        raise _Malformed("it must be an object, not %s" % type(parent).__name__)
    value = parent.get("id")
    if not isinstance(value, text_type) or not value:
        raise _Malformed("an id must be text, not %s" % type(value).__name__)
    if to_text(value) is None:
        raise _Malformed("an id must be text that UTF-8 can express")
    return value


def _targetings(group):
    if not isinstance(group, dict):
        raise _Malformed("a targeting group must be an object, not %s" % type(group).__name__)
    targetings = []
    for targeting in _list(group, "targetings"):
        if not isinstance(targeting, dict) or not isinstance(targeting.get("key"), text_type):
            raise _Malformed("a targeting must be an object with a key")
        name = targeting.get("operator")
        targetings.append((targeting["key"], name if isinstance(name, text_type) else None, targeting.get("value")))
    return targetings


def _variation(campaign, group_id, variation):
    """``(allocation, Variation)`` from a variation of the file."""
    variation_id = _id(variation)
    allocation = variation.get("allocation")
    if allocation is None:
        allocation = 0
    if isinstance(allocation, bool) or not isinstance(allocation, integer_types + (float,)):
        raise _Malformed("an allocation must be a number, not %s" % type(allocation).__name__)
    modifications = _object(variation, "modifications")
    values = _object(modifications, "value")
    if is_too_deep(values):
        raise _Malformed("a modification is nested too deep")
    return allocation, Variation(campaign, group_id, variation_id, variation.get("reference") is True,
                                 modifications.get("type"), values)
