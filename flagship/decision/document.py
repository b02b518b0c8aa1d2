"""A bucketing file, parsed: campaigns, variation groups, targetings and variations, with their
names and their places in the file, and what in it cannot be used, found once. Pure.
"""
from flagship._compat import text_type, to_text
from flagship.decision.modification import Modification, is_too_deep
from flagship.decision.targeting import ALL_VISITORS, NUMBERS, is_number, json_text, kind_of, \
    unusable
from flagship.errors import FlagshipParsingError

MAX_PROBLEMS = 20         # kept of a file; a hostile one has millions
_MAX_ALLOCATION = 1e15    # so that sums stay numbers
_SKIPPED = u": the campaign is skipped"


class RefusedFile(FlagshipParsingError):
    """A file that is not taken at all.

    :ivar str place: what is wrong in it; empty for the whole file.
    """

    def __init__(self, message, place=u""):
        super(RefusedFile, self).__init__(message)
        self.place = place

    def __reduce__(self):
        return type(self), (self.message, self.place)


class Problem(object):
    """One thing in a file that is not used.

    :ivar str place: such as ``campaigns[3].variationGroups[0].id``.
    :ivar str message: one sentence.
    :ivar campaign: the index of the campaign, an int; None where it is in none.
    """

    __slots__ = ("place", "message", "campaign")

    def __init__(self, place, message, campaign=None):
        self.place, self.message, self.campaign = place, message, campaign

    def __str__(self):
        return "%s: %s" % (self.place, self.message)


class Document(object):
    """A bucketing file.

    :param decoded: the decoded JSON.
    :param str root: the place of ``decoded`` in what was read; default: all of it.
    :param int most: how many problems are kept, default 20; the others are counted.
    :raises RefusedFile: where it is no bucketing file.

    :ivar bool panic: the file asks for panic.
    :ivar bool experience_continuity: the account's setting ``enabledXPC``.
    :ivar bool one_visitor_one_test: the account's setting ``enabled1V1T``.
    :ivar tuple campaigns: every Campaign in the file's order; of those that are skipped no more
        than ``most``.
    :ivar tuple problems: the Problems, in the file's order.
    :ivar int problem_count: how many there are, those that are not kept included.
    """

    __slots__ = ("panic", "experience_continuity", "one_visitor_one_test", "campaigns",
                 "problems", "problem_count")

    def __init__(self, decoded, root=u"", most=MAX_PROBLEMS):
        if not isinstance(decoded, dict):
            raise RefusedFile("a bucketing file must be an object, not %s" % kind_of(decoded), root)
        problems = _Problems(most)
        self.panic = decoded.get("panic") is True
        if not isinstance(decoded.get("panic"), (bool, type(None))):
            problems.add(place_of(root, u"panic"), u"must be true or false, not %s: it is taken "
                         u"for false" % kind_of(decoded["panic"]))
        campaigns = decoded.get("campaigns", [] if self.panic else None)
        if not isinstance(campaigns, list):
            # An object without campaigns is somebody's error message; taken for a file it would
            # end every campaign.
            raise RefusedFile("campaigns must be a list, not %s" % kind_of(campaigns),
                              place_of(root, u"campaigns"))
        settings = decoded.get("accountSettings")
        settings = settings if isinstance(settings, dict) else {}
        self.experience_continuity = settings.get("enabledXPC") is True
        self.one_visitor_one_test = settings.get("enabled1V1T") is True
        self.campaigns = tuple(_read_campaigns(campaigns, place_of(root, u"campaigns"), problems))
        self.problems, self.problem_count = tuple(problems.kept), problems.count


class _Part(object):
    """A part of a file that is one of a list.

    :ivar str place: where in the file it is.
    """

    __slots__ = ("_inside", "_index")

    @property
    def place(self):
        return place_of(self._inside, self._index)


class Campaign(_Part):
    """:ivar str id: text; None where a skipped campaign has none.
    :ivar name: text, or None; ``slug`` and ``type`` likewise.
    :ivar tuple groups: VariationGroups; of a skipped campaign none.
    :ivar problem: why it is skipped, text; None where it is in use.
    :ivar int index: its place among all campaigns of the file.
    :ivar bool limits_buckets: whether ``bucketRanges`` keeps visitors out on the platform.
    """

    __slots__ = ("id", "name", "slug", "type", "groups", "problem", "limits_buckets")

    @property
    def index(self):
        return self._index


class VariationGroup(_Part):
    """:ivar str id:
    :ivar name: text, or None.
    :ivar tuple alternatives: the target: any of them, each a tuple of Targetings of which all
        must hold; an empty one matches nobody.
    :ivar tuple variations: Variations.
    """

    __slots__ = ("id", "name", "alternatives", "variations")


class Targeting(_Part):
    """:ivar str key:
    :ivar operator: text, or None.
    :ivar value: decoded JSON.
    :ivar problem: ``(part, sentence)`` where it can match nobody, as
        :func:`flagship.decision.targeting.unusable` tells; else None.
    """

    __slots__ = ("key", "operator", "value", "problem")


class Variation(_Part):
    """What a visitor can be assigned in a campaign; shared between visitors.

    :ivar str id:
    :ivar name: text, or None.
    :ivar allocation: a finite number, a percentage.
    :ivar bool reference:
    :ivar str campaign_id: and ``variation_group_id``; what it belongs to.
    :ivar campaign_type: and ``campaign_slug``; text, or None.
    :ivar modification_type: ``JSON``, ``FLAG``, ...: carried, never interpreted.
    :ivar dict values: flag key to value, as in the file.
    :ivar dict modifications: flag key to Modification.
    :ivar tuple only: ``(flag key, Modification)`` of a variation that sets one flag, as most do;
        else None.
    """

    __slots__ = ("id", "name", "allocation", "reference", "campaign_id", "campaign_type",
                 "campaign_slug", "variation_group_id", "modification_type", "values",
                 "modifications", "only")


def id_text(given):
    """An id of the platform as text, or None: it has numbers, too, of which 2.1.x made text."""
    if type(given) is text_type:
        return given if to_text(given) is not None else None
    return json_text(given) if is_number(given) else None


def place_of(inside, part):
    """The place of a part, a key or an index, inside another place."""
    if isinstance(part, int):
        return u"%s[%d]" % (inside, part)
    return u"%s.%s" % (inside, part) if inside else part


class _Problems(object):
    """Keeps the first problems and counts all."""

    def __init__(self, most):
        self.kept, self.count, self._most = [], 0, most

    @property
    def is_full(self):
        return self.count >= self._most

    def add(self, place, message, campaign=None):
        if not self.is_full:
            self.kept.append(Problem(place, message, campaign))
        self.count += 1


def _read_campaigns(campaigns, inside, problems):
    is_full = problems.is_full
    for index, given in enumerate(campaigns):
        # Millions of them may be nothing: these must cost nothing.
        if is_full and not (given.__class__ is dict and given):
            problems.count += 1
            continue
        campaign = _CampaignReader(problems, inside, index).read(given)
        if campaign.problem is None or not is_full:
            yield campaign
        is_full = problems.is_full


class _CampaignReader(object):
    """Reads one campaign; goes on after a problem, to find them all."""

    def __init__(self, problems, inside, index):
        self._problems, self._inside, self._index = problems, inside, index
        self._problem = None

    def read(self, given):
        place = place_of(self._inside, self._index)
        campaign = _new(Campaign, self._inside, self._index)
        campaign.id = campaign.name = campaign.slug = campaign.type = None
        campaign.groups, campaign.limits_buckets = (), False
        if self._is_object(given, self._inside, self._index):
            campaign.id = self._id(given, place)
            campaign.name, campaign.slug, campaign.type = (
                _text(given, "name"), _text(given, "slug"), _text(given, "type"))
            campaign.limits_buckets = _limits_buckets(given.get("bucketRanges"))
            campaign.groups = self._parts(given, u"variationGroups", place, self._group, campaign)
        campaign.problem = self._problem
        if campaign.problem is not None:
            campaign.groups = ()
        return campaign

    def _group(self, given, inside, index, campaign):
        group, place = _new(VariationGroup, inside, index), place_of(inside, index)
        group.id, group.name = self._id(given, place), _text(given, "name")
        group.alternatives = self._parts(
            self._object(given, u"targeting", place), u"targetingGroups",
            place_of(place, u"targeting"), self._alternative)
        group.variations = self._parts(given, u"variations", place, self._variation, campaign,
                                       group.id)
        return group

    def _alternative(self, given, inside, index):
        return self._parts(given, u"targetings", place_of(inside, index), self._targeting)

    def _targeting(self, given, inside, index):
        targeting = _new(Targeting, inside, index)
        targeting.key, targeting.value = given.get("key"), given.get("value")
        targeting.operator = _text(given, "operator")
        targeting.problem = None
        if type(targeting.key) is not text_type:
            self._wrong(place_of(targeting.place, u"key"),
                        u"must be text, not %s" % kind_of(targeting.key))
        elif is_too_deep(targeting.value):
            self._wrong(place_of(targeting.place, u"value"), u"is nested too deep")
        elif targeting.key != ALL_VISITORS:
            targeting.problem = unusable(targeting.operator, targeting.value)
            if targeting.problem is not None:
                self._note(targeting)
        return targeting

    def _note(self, targeting):
        """Report a targeting that can match nobody; its campaign is in use all the same."""
        if self._problems.is_full:
            self._problems.count += 1
            return
        part, problem = targeting.problem
        if part == u"operator":
            problem = u"unknown operator %s" % (
                u"null" if targeting.operator is None else u'"%s"' % targeting.operator)
        self._problems.add(place_of(targeting.place, part),
                           u"%s: the targeting matches nobody" % problem, self._index)

    def _variation(self, given, inside, index, campaign, group_id):
        variation, place = _new(Variation, inside, index), place_of(inside, index)
        variation.allocation = self._allocation(given.get("allocation"), place)
        variation.id, variation.name = self._id(given, place), _text(given, "name")
        variation.reference = given.get("reference") is True
        variation.campaign_id, variation.variation_group_id = campaign.id, group_id
        variation.campaign_type, variation.campaign_slug = campaign.type, campaign.slug
        modifications = self._object(given, u"modifications", place)
        variation.modification_type = _text(modifications, "type")
        variation.values = self._object(modifications, u"value", place + u".modifications")
        if is_too_deep(variation.values):
            self._wrong(place_of(place, u"modifications.value"), u"is nested too deep")
        _set_modifications(variation)
        return variation

    def _allocation(self, given, place):
        if given is None:
            return 0
        if type(given) not in NUMBERS:
            self._wrong(place_of(place, u"allocation"),
                        u"must be a number, not %s" % kind_of(given))
        elif not is_number(given) or abs(given) > _MAX_ALLOCATION:
            self._wrong(place_of(place, u"allocation"), u"is out of range")
        return given

    def _parts(self, parent, key, place, read, *more):
        """A tuple of what ``read`` makes of the objects of a list, which may be absent."""
        given, inside = parent.get(key), place_of(place, key)
        if given is None:
            return ()
        if type(given) is not list:
            self._wrong(inside, u"must be a list, not %s" % kind_of(given))
            return ()
        return tuple([read(each, inside, index, *more) for index, each in enumerate(given)
                      if self._is_object(each, inside, index)])

    def _object(self, parent, key, place):
        """An object that may be absent; an empty one where it is, and where it is none."""
        given = parent.get(key)
        if given is None:
            return {}
        if type(given) is dict:
            return given
        self._wrong(place_of(place, key), u"must be an object, not %s" % kind_of(given))
        return {}

    def _is_object(self, given, inside, index):
        if type(given) is dict:
            return True
        self._wrong(place_of(inside, index), u"must be an object, not %s" % kind_of(given))
        return False

    def _id(self, parent, place):
        given = parent.get("id")
        accepted = id_text(given)
        if accepted:
            return accepted
        if type(given) is not text_type:
            self._wrong(place_of(place, u"id"), u"must be text, not %s" % kind_of(given))
        elif not given:
            self._wrong(place_of(place, u"id"), u"must not be empty")
        else:
            self._wrong(place_of(place, u"id"), u"must be text that UTF-8 can express")
        return None

    def _wrong(self, place, message):
        """Report what costs the campaign."""
        self._problems.add(place, message + _SKIPPED, self._index)
        if self._problem is None:
            inner = place[len(place_of(self._inside, self._index)):].lstrip(u".")
            self._problem = u"%s %s" % (inner or u"it", message)


def _new(kind, inside, index):
    part = kind()
    part._inside, part._index = inside, index
    return part


def _text(parent, key):
    """A text that may be absent; None for anything else."""
    value = parent.get(key)
    return value if type(value) is text_type else None


def _set_modifications(variation):
    variation.modifications = {
        key: Modification(key, value, variation.campaign_id, variation.variation_group_id,
                          variation.id, variation.reference)
        for key, value in variation.values.items()}
    only = len(variation.modifications) == 1
    variation.only = next(iter(variation.modifications.items())) if only else None


def _limits_buckets(ranges):
    """Whether the platform's dynamic allocation keeps anybody out."""
    if not isinstance(ranges, list):
        return False
    return not any(isinstance(each, dict) and each.get("r") == [0, 100] for each in ranges)
