"""Decides as the Decision API does, and builds its answers. The decision itself is the library's
(bucketing mode); this module adds what only the server does: dynamic allocation ranges, one visitor
one test, experience continuity, exposing all keys of a group, and names."""
from collections import namedtuple

from flagship._compat import integer_types, text_type, to_text
from flagship.decision.allocation import bucket
from flagship.decision.compiled import Campaigns
from flagship.decision.evaluator import assign
from flagship.emulator import _recent
from flagship.emulator._recent import RecentVisitors

_NUMBERS = (bool, float) + integer_types

#: What a visitor gets from one campaign: objects of the bucketing file.
Decision = namedtuple("Decision", "campaign group variation")


class Decisions(object):
    """Decides with a bucketing file, and remembers the assignments and activations of recent
    visitors.

    :param dict document: a decoded bucketing file.
    :raises FlagshipParsingError: if it is not a bucketing file.
    """

    def __init__(self, document):
        self._given = RecentVisitors()      # visitor id -> {variation group id: variation id}
        self._activated = RecentVisitors()  # visitor id -> ids of variation groups
        self.use(document)

    def use(self, document):
        """Use another file from now on. If it is not a bucketing file, raise FlagshipParsingError
        and keep the current one."""
        self._campaigns = Campaigns(document)
        self._sources = _sources(document)
        settings = document.get("accountSettings")
        settings = settings if isinstance(settings, dict) else {}
        self.account_settings = dict(settings, enabledXPC=settings.get("enabledXPC") is True,
                                     enabled1V1T=settings.get("enabled1V1T") is True)

    @property
    def document(self):
        """The parsed file, a Document."""
        return self._campaigns.document

    @property
    def panic(self):
        """Whether the file asks for panic."""
        return self._campaigns.panic

    def has_campaign(self, name):
        """Return whether there is a campaign with this id or slug."""
        return any(name in (decision.campaign.get("slug"), _id(decision.campaign))
                   for decision in self._sources.values())

    def activate(self, visitor_id, group_id):
        """Record that a visitor has seen its variation of a group."""
        seen = self._activated.get(visitor_id, set())
        if len(seen) < _recent.FACTS:
            seen.add(group_id)
            self._activated.put(visitor_id, seen)

    def decide(self, visitor_id, anonymous_id, context):
        """Return what a visitor gets, at most one Decision per campaign, in the file's order.

        :param anonymous_id: the visitor's id before authentication, or None.
        :param dict context: a decoded object; values that targeting cannot compare are ignored.
        """
        continuity = self.account_settings["enabledXPC"]
        before = {}
        if continuity:
            # A visitor that logs in keeps its anonymous assignments.
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
            given = dict(self._given.get(visitor_id, ()))
            given.update((_id(each.group), _id(each.variation)) for each in decisions)
            self._given.put(visitor_id, given if len(given) <= _recent.FACTS else {})
        return decisions

    def _of_one_test(self, visitor_id, decisions):
        """Return the decisions, but of the A/B tests only those that the visitor has seen, or the
        first one if it has seen none."""
        tests = [_id(each.group) for each in decisions if each.campaign.get("type") == "ab"]
        seen = self._activated.get(visitor_id, ())
        kept = [each for each in tests if each in seen] or tests[:1]
        return [each for each in decisions
                if each.campaign.get("type") != "ab" or _id(each.group) in kept]


def campaign_answer(decision, expose_all_keys):
    """Return one campaign of the answer: ids, names if the file has them, and modifications."""
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
    """Return what the modes ``simple`` and ``full`` add: the variation of each campaign, and all
    keys in one object."""
    merged = {}
    for decision in decisions:
        merged.update(_values(decision, expose_all_keys))
    return {"mergedModifications": merged, "campaignsVariation": [
        {"campaignId": _id(each.campaign), "variationId": _id(each.variation)}
        for each in decisions]}


def flags_answer(decisions, expose_all_keys):
    """Return the answer to ``/flags``; the first campaign that sets a key wins."""
    flags = {}
    for decision in decisions:
        metadata = {"campaignId": _id(decision.campaign), "variationGroupId": _id(decision.group),
                    "variationId": _id(decision.variation)}
        for key, value in _values(decision, expose_all_keys).items():
            flags.setdefault(key, {"value": value, "metadata": metadata})
    return flags


def _values(decision, expose_all_keys):
    """Return the variation's keys and values. With ``expose_all_keys``, keys that only other
    variations of the group set are included as null; without it, null values are left out."""
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
    """Return whether dynamic allocation includes the visitor. On the vendor's server a campaign
    without ranges reaches nobody; here it reaches everybody, as in bucketing mode."""
    ranges = campaign.get("bucketRanges")
    if not isinstance(ranges, list):
        return True
    return any(_holds(each, place) for each in ranges)


def _holds(bounds, place):
    try:
        low, high = bounds["r"]
        return bool(low <= place < high)
    except (KeyError, TypeError, ValueError):
        return False  # a malformed range


def _sources(document):
    """Return a dict, ``(campaign id, group id, variation id)`` to Decision, of all parts that are
    not malformed. If ids occur twice, the first one is used."""
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
    """Return an object's id as text; a number is accepted, too."""
    return text_type(source.get("id"))
