"""What the Decision API decides, and in which forms it answers. The decision itself is the
library's (bucketing mode); here is what only the server does: ranges of dynamic allocation, one
visitor one test, experience continuity, every key of a group, names."""
from collections import namedtuple

from flagship._compat import integer_types, text_type, to_text
from flagship.decision.allocation import bucket
from flagship.decision.compiled import Campaigns
from flagship.decision.evaluator import assign

_NUMBERS = (bool, float) + integer_types

#: What a visitor is given of one campaign: objects of the bucketing file.
Decision = namedtuple("Decision", "campaign group variation")


class Decisions(object):
    """Decides with a bucketing file, and remembers who was given what and who was seen with what.

    :param dict document: a decoded bucketing file.
    :raises FlagshipParsingError: when it is none.
    """

    def __init__(self, document):
        self._given = {}      # visitor id -> {variation group id: variation id}
        self._activated = {}  # visitor id -> ids of variation groups
        self.use(document)

    def use(self, document):
        """Decide with another file; raises FlagshipParsingError, and keeps the present one."""
        self._campaigns = Campaigns(document)
        self._sources = _sources(document)
        settings = document.get("accountSettings")
        settings = settings if isinstance(settings, dict) else {}
        self.account_settings = dict(settings, enabledXPC=settings.get("enabledXPC") is True,
                                     enabled1V1T=settings.get("enabled1V1T") is True)

    @property
    def panic(self):
        """Whether the file asks for panic."""
        return self._campaigns.panic

    def has_campaign(self, name):
        """Whether there is a campaign with this id or slug."""
        return any(name in (decision.campaign.get("slug"), _id(decision.campaign))
                   for decision in self._sources.values())

    def activate(self, visitor_id, group_id):
        """Remember that a visitor has seen what a group gives."""
        self._activated.setdefault(visitor_id, set()).add(group_id)

    def decide(self, visitor_id, anonymous_id, context):
        """What a visitor gets, at most one Decision a campaign, in the file's order.

        :param anonymous_id: who the visitor was before the login, or None.
        :param dict context: a decoded object; what targeting cannot compare counts as missing.
        """
        continuity = self.account_settings["enabledXPC"]
        before = {}
        if continuity:
            # A visitor that logs in keeps what it had while anonymous.
            before.update(self._given.get(anonymous_id, {}))
            before.update(self._given.get(visitor_id, {}))
        context = {key: value for key, value in context.items() if _is_comparable(value)}
        assigned = assign(self._campaigns, visitor_id, context, tuple(before.values()))
        decisions = [self._sources[each.campaign_id, each.variation_group_id, each.id]
                     for each in assigned]
        place = bucket(u"", visitor_id)
        decisions = [each for each in decisions
                     if before.get(_id(each.group)) == _id(each.variation)
                     or _is_in_range(each.campaign, place)]
        if self.account_settings["enabled1V1T"]:
            decisions = self._of_one_test(visitor_id, decisions)
        if continuity:
            given = {_id(each.group): _id(each.variation) for each in decisions}
            self._given.setdefault(visitor_id, {}).update(given)
        return decisions

    def _of_one_test(self, visitor_id, decisions):
        """Without all A/B tests but those that the visitor has seen, or else the first."""
        tests = [_id(each.group) for each in decisions if each.campaign.get("type") == "ab"]
        seen = self._activated.get(visitor_id, ())
        kept = [each for each in tests if each in seen] or tests[:1]
        return [each for each in decisions
                if each.campaign.get("type") != "ab" or _id(each.group) in kept]


def campaign_answer(decision, expose_all_keys):
    """One campaign of the answer: ids, names where the file has them, and the modifications."""
    campaign, group, variation = decision
    shown = {"id": _id(variation), "reference": variation.get("reference") is True,
             "modifications": {"type": _object(variation, "modifications").get("type"),
                               "value": _values(decision, expose_all_keys)}}
    answer = {"id": _id(campaign), "variationGroupId": _id(group), "variation": shown}
    for place, name, source, key in ((answer, "name", campaign, "name"),
                                     (answer, "slug", campaign, "slug"),
                                     (answer, "type", campaign, "type"),
                                     (answer, "variationGroupName", group, "name"),
                                     (shown, "name", variation, "name")):
        if source.get(key) is not None:
            place[name] = source[key]
    return answer


def merged_answer(decisions, expose_all_keys):
    """What the modes ``simple`` and ``full`` add: which variation, and all keys in one object."""
    merged = {}
    for decision in decisions:
        merged.update(_values(decision, expose_all_keys))
    return {"mergedModifications": merged, "campaignsVariation": [
        {"campaignId": _id(each.campaign), "variationId": _id(each.variation)}
        for each in decisions]}


def flags_answer(decisions, expose_all_keys):
    """The answer to ``/flags``; the first campaign that sets a key wins."""
    flags = {}
    for decision in decisions:
        metadata = {"campaignId": _id(decision.campaign), "variationGroupId": _id(decision.group),
                    "variationId": _id(decision.variation)}
        for key, value in _values(decision, expose_all_keys).items():
            flags.setdefault(key, {"value": value, "metadata": metadata})
    return flags


def _values(decision, expose_all_keys):
    """The variation's keys; with all keys exposed, null for those that only others of its group
    set, and else none that is null."""
    values = _modifications(decision.variation)
    if not expose_all_keys:
        return {key: value for key, value in values.items() if value is not None}
    exposed = {}
    for variation in _objects(decision.group, "variations"):
        exposed.update(dict.fromkeys(_modifications(variation)))
    exposed.update(values)
    return exposed


def _modifications(variation):
    return _object(_object(variation, "modifications"), "value")


def _is_in_range(campaign, place):
    """Whether dynamic allocation takes the visitor. The vendor's server gives a campaign without
    ranges to nobody; here it goes to everybody, as in bucketing mode."""
    ranges = campaign.get("bucketRanges")
    if not isinstance(ranges, list):
        return True
    return any(_holds(each, place) for each in ranges)


def _holds(bounds, place):
    try:
        low, high = bounds["r"]
        return bool(low <= place < high)
    except (KeyError, TypeError, ValueError):
        return False  # a range that is none


def _sources(document):
    """``(campaign id, group id, variation id)`` to Decision, for whatever is not malformed; of two
    with the same ids the first."""
    sources = {}
    for campaign in _objects(document, "campaigns"):
        for group in _objects(campaign, "variationGroups"):
            for variation in _objects(group, "variations"):
                sources.setdefault((_id(campaign), _id(group), _id(variation)),
                                   Decision(campaign, group, variation))
    return sources


def _is_comparable(value):
    if isinstance(value, text_type):
        return to_text(value) is not None
    return isinstance(value, _NUMBERS)


def _object(parent, key):
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _objects(parent, key):
    value = parent.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _id(source):
    """An id as text, as which a number counts too."""
    return text_type(source.get("id"))
