"""Parses a bucketing file into campaigns, variation groups, targetings and variations, with their
names and places in the file, and collects its problems. Pure.
"""
from flagship._compat import is_ascii, text_type, to_text
from flagship.decision.modification import is_too_deep, modifications_of
from flagship.decision.targeting import ALL_VISITORS, NUMBERS, is_number, json_text, kind_of, \
    unusable
from flagship.errors import FlagshipParsingError

MAX_PROBLEMS = 20         # kept per file; a hostile file may have millions
_MAX_ALLOCATION = 1e15    # so that sums stay finite
_USUAL_ALLOCATION = 100
_IS_SKIPPED = u": the campaign is skipped"
_SKIPPED = object()       # in place of a skipped campaign that is not kept


class RefusedFile(FlagshipParsingError):
    """The file was rejected as a whole.

    :ivar str place: the part of the file that is wrong; empty for the whole file.
    """

    def __init__(self, message, place=u""):
        super(RefusedFile, self).__init__(message)
        self.place = place

    def __reduce__(self):
        return type(self), (self.message, self.place)


class Problem(object):
    """One thing in a file that is ignored.

    :ivar str place: such as ``campaigns[3].variationGroups[0].id``.
    :ivar str message: one sentence.
    :ivar campaign: the index of the campaign, an int; None if it is not in a campaign.
    """

    __slots__ = ("place", "message", "campaign")

    def __init__(self, place, message, campaign=None):
        self.place, self.message, self.campaign = place, message, campaign

    def __str__(self):
        return "%s: %s" % (self.place, self.message)


class Document(object):
    """A bucketing file.

    :param decoded: the decoded JSON. In place of a decoded campaign it may contain a Campaign of an
        earlier file, one without problems, which is reused unchanged, or what ``reader`` returned.
    :param str root: the place of ``decoded`` in what was read; default: all of it.
    :param int most: maximum number of problems to keep, default 20; the others are only counted.
    :param CampaignsReader reader: has read some of the campaigns already. None (default): none was.
    :raises RefusedFile: if it is not a bucketing file.

    :ivar bool panic: whether the file asks for panic.
    :ivar bool experience_continuity: the account's setting ``enabledXPC``.
    :ivar bool one_visitor_one_test: the account's setting ``enabled1V1T``.
    :ivar tuple campaigns: every Campaign in the file's order, but at most ``most`` of those that
        are skipped.
    :ivar tuple problems: the Problems that were kept, in the file's order.
    :ivar int problem_count: number of all problems, including those that were not kept.
    """

    __slots__ = ("panic", "experience_continuity", "one_visitor_one_test", "campaigns",
                 "problems", "problem_count")

    def __init__(self, decoded, root=u"", most=MAX_PROBLEMS, reader=None):
        if not isinstance(decoded, dict):
            raise RefusedFile("a bucketing file must be an object, not %s" % kind_of(decoded), root)
        self.panic = decoded.get("panic") is True
        campaigns = decoded.get("campaigns", [] if self.panic else None)
        if not isinstance(campaigns, list):
            # An object without campaigns is probably an error message from some server; accepting
            # it as a file would end every campaign.
            raise RefusedFile("campaigns must be a list, not %s" % kind_of(campaigns),
                              place_of(root, u"campaigns"))
        settings = decoded.get("accountSettings")
        settings = settings if isinstance(settings, dict) else {}
        self.experience_continuity = settings.get("enabledXPC") is True
        self.one_visitor_one_test = settings.get("enabled1V1T") is True
        reader = reader or CampaignsReader(root, most)
        read = [reader.read(given, index) for index, given in enumerate(campaigns)]
        self.campaigns = tuple([each for each in read if each is not _SKIPPED])
        problems = reader.problems
        if not isinstance(decoded.get("panic"), (bool, type(None))):
            problems.add_first(place_of(root, u"panic"), u"must be true or false, not %s: it is "
                               u"taken for false" % kind_of(decoded["panic"]))
        self.problems, self.problem_count = tuple(problems.kept), problems.count


class Campaign(object):
    """:ivar str id: text; None if a skipped campaign has none.
    :ivar name: text, or None; so are ``slug`` and ``type``.
    :ivar tuple groups: VariationGroups; empty if the campaign is skipped.
    :ivar problem: why it is skipped, text; None if it is in use.
    :ivar int index: its index among all campaigns of the file; if it was reused from an earlier
        file, of that.
    :ivar bool limits_buckets: whether ``bucketRanges`` excludes visitors on the platform.
    :ivar bool is_sound: whether it has no Problem.
    """

    __slots__ = ("id", "name", "slug", "type", "groups", "problem", "index", "limits_buckets",
                 "is_sound")

    def __init__(self, index):
        self.id = self.name = self.slug = self.type = self.problem = None
        self.groups, self.index, self.limits_buckets, self.is_sound = (), index, False, False


class VariationGroup(object):
    """:ivar str id:
    :ivar name: text, or None.
    :ivar tuple alternatives: the target: tuples of Targetings. A visitor matches if all Targetings
        of at least one tuple hold; an empty tuple matches nobody.
    :ivar tuple variations: Variations.
    """

    __slots__ = ("id", "name", "alternatives", "variations")

    def __init__(self, group_id, name, alternatives, variations):
        self.id, self.name = group_id, name
        self.alternatives, self.variations = alternatives, variations


class Targeting(object):
    """:ivar str key:
    :ivar operator: text, or None.
    :ivar value: decoded JSON.
    :ivar problem: ``(part, sentence)`` from :func:`flagship.decision.targeting.unusable` if it can
        match nobody; else None.
    """

    __slots__ = ("key", "operator", "value", "problem")

    def __init__(self, key, operator, value):
        self.key, self.operator, self.value, self.problem = key, operator, value, None


class Variation(object):
    """What a visitor can be assigned in a campaign; shared between visitors.

    :ivar str id:
    :ivar name: text, or None.
    :ivar allocation: a finite number, a percentage.
    :ivar bool reference:
    :ivar str campaign_id: the campaign it belongs to.
    :ivar str variation_group_id: the variation group it belongs to.
    :ivar dict values: flag key to value, as in the file.
    :ivar dict modifications: flag key to Modification; set by :func:`make_flags`.
    :ivar tuple only: ``(flag key, Modification)`` if the variation sets just one flag, as most do;
        else None. Set by :func:`make_flags`.
    """

    __slots__ = ("id", "name", "allocation", "reference", "campaign_id", "variation_group_id",
                 "values", "modifications", "only")

    def __init__(self, campaign_id, variation_group_id, variation_id, name, allocation, reference,
                 values):
        self.campaign_id, self.variation_group_id = campaign_id, variation_group_id
        self.id, self.name, self.allocation = variation_id, name, allocation
        self.reference, self.values = reference, values


def make_flags(variation):
    """Set a Variation's ``modifications`` and ``only``; done lazily, as most never need them."""
    flags = modifications_of(variation.values, variation.campaign_id, variation.variation_group_id,
                             variation.id, variation.reference)
    variation.only = next(iter(flags.items())) if len(flags) == 1 else None
    variation.modifications = flags


def id_text(given):
    """Return a platform id as text, or None if it is not an id. Some ids are numbers, which are
    converted to text, as in 2.1.x."""
    if type(given) is text_type:
        return given if to_text(given) is not None else None
    return json_text(given) if is_number(given) else None


def place_of(inside, part):
    """Return the place of a part (a key or an index) inside another place."""
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

    def add_first(self, place, message):
        """Add a problem that is not in a campaign, before all others."""
        self.kept.insert(0, Problem(place, message))
        del self.kept[self._most:]
        self.count += 1


class CampaignsReader(object):
    """Reads the campaigns of one file, and collects their problems.

    :param str root: as in :class:`Document`; so is ``most``.
    """

    __slots__ = ("problems", "_place")

    def __init__(self, root=u"", most=MAX_PROBLEMS):
        self.problems, self._place = _Problems(most), place_of(root, u"campaigns")

    def read(self, given, index):
        """Return the Campaign at an index of the file, or an object that stands for one that is
        skipped; Documents accept both in place of the decoded campaign.

        :param given: the decoded campaign, or what stands for it already.
        """
        if given.__class__ is Campaign or given is _SKIPPED:
            return given
        problems = self.problems
        is_full, count = problems.is_full, problems.count
        # There may be millions that are not objects, or are empty: these must cost nothing.
        if is_full and not (given.__class__ is dict and given):
            problems.count += 1
            return _SKIPPED
        campaign = _CampaignReader(problems, self._place, index).read(given)
        campaign.is_sound = problems.count == count
        return campaign if campaign.problem is None or not is_full else _SKIPPED


class _CampaignReader(object):
    """Reads one campaign; continues after a problem, to find all of them."""

    def __init__(self, problems, inside, index):
        self._problems, self._inside, self._index = problems, inside, index
        self._problem = self._campaign_id = self._group_id = None
        # Where in the campaign the present part is: the key of a list, an index in it, the key of a
        # list in that element, and so on. Few places are ever needed as text.
        self._path = []

    def read(self, given):
        campaign = Campaign(self._index)
        if type(given) is not dict:
            self._wrong(u"", u"must be an object, not %s" % kind_of(given))
        else:
            campaign.id = self._campaign_id = self._id(given)
            campaign.name, campaign.slug, campaign.type = (
                _text(given, "name"), _text(given, "slug"), _text(given, "type"))
            campaign.limits_buckets = _limits_buckets(given.get("bucketRanges"))
            campaign.groups = self._parts(given, u"variationGroups", self._group)
        campaign.problem = self._problem
        if campaign.problem is not None:
            campaign.groups = ()
        return campaign

    def _group(self, given):
        self._group_id = self._id(given)
        targeting = given.get(u"targeting")
        if type(targeting) is not dict:
            targeting = self._object(targeting, u"targeting")
        alternatives = self._parts(targeting, u"targetingGroups", self._alternative,
                                   u"targeting.targetingGroups")
        variations = self._parts(given, u"variations", self._variation)
        return VariationGroup(self._group_id, _text(given, "name"), alternatives, variations)

    def _alternative(self, given):
        return self._parts(given, u"targetings", self._targeting)

    def _targeting(self, given):
        key, operator, value = given.get("key"), _text(given, "operator"), given.get("value")
        targeting = Targeting(key, operator, value)
        if type(key) is not text_type:
            self._wrong(u"key", u"must be text, not %s" % kind_of(key))
        elif is_too_deep(value):
            self._wrong(u"value", u"is nested too deep")
        elif key != ALL_VISITORS:
            targeting.problem = unusable(operator, value)
            if targeting.problem is not None:
                self._note(targeting)
        return targeting

    def _note(self, targeting):
        """Report a targeting that can match nobody; its campaign stays in use."""
        if self._problems.is_full:
            self._problems.count += 1
            return
        part, problem = targeting.problem
        if part == u"operator":
            problem = u"unknown operator %s" % (
                u"null" if targeting.operator is None else u'"%s"' % targeting.operator)
        self._problems.add(self._place_text(part), u"%s: the targeting matches nobody" % problem,
                           self._index)

    def _variation(self, given):
        # A file has thousands of variations: common values are checked inline, without a call.
        allocation, variation_id = given.get("allocation"), given.get("id")
        if type(allocation) is not int or not 0 <= allocation <= _USUAL_ALLOCATION:
            allocation = self._allocation(allocation)
        if type(variation_id) is not text_type or not variation_id or not is_ascii(variation_id):
            variation_id = self._id(given)
        modifications = given.get("modifications")
        if type(modifications) is not dict:
            modifications = self._object(modifications, u"modifications")
        values = modifications.get("value")
        if type(values) is not dict:
            values = self._object(values, u"modifications.value")
        if is_too_deep(values):
            self._wrong(u"modifications.value", u"is nested too deep")
        return Variation(self._campaign_id, self._group_id, variation_id, _text(given, "name"),
                         allocation, given.get("reference") is True, values)

    def _allocation(self, given):
        if given is None:
            return 0
        if type(given) not in NUMBERS:
            self._wrong(u"allocation", u"must be a number, not %s" % kind_of(given))
        elif not is_number(given) or abs(given) > _MAX_ALLOCATION:
            self._wrong(u"allocation", u"is out of range")
        return given

    def _parts(self, parent, key, read, part=None):
        """Return a tuple of ``read`` applied to each object in a list; the list may be absent.

        :param str part: the list's place in the present part. None (default): ``key``.
        """
        given = parent.get(key)
        if type(given) is not list:
            if given is not None:
                self._wrong(part or key, u"must be a list, not %s" % kind_of(given))
            return ()
        path, parts = self._path, []
        path += part or key, 0
        for index, each in enumerate(given):
            path[-1] = index
            if type(each) is dict:
                parts.append(read(each))
            else:
                self._wrong(u"", u"must be an object, not %s" % kind_of(each))
        del path[-2:]
        return tuple(parts)

    def _object(self, given, part):
        """Return an empty dict in place of an object that is absent, or is none."""
        if given is not None:
            self._wrong(part, u"must be an object, not %s" % kind_of(given))
        return {}

    def _id(self, parent):
        given = parent.get("id")
        if type(given) is text_type and given and is_ascii(given):
            return given
        accepted = id_text(given)
        if accepted:
            return accepted
        if type(given) is not text_type:
            self._wrong(u"id", u"must be text, not %s" % kind_of(given))
        elif not given:
            self._wrong(u"id", u"must not be empty")
        else:
            self._wrong(u"id", u"must be text that UTF-8 can express")
        return None

    def _wrong(self, part, message):
        """Report a problem because of which the campaign is skipped.

        :param str part: its place in the present part; empty for the part itself.
        """
        self._problems.add(self._place_text(part), message + _IS_SKIPPED, self._index)
        if self._problem is None:
            self._problem = u"%s %s" % (self._inner_place(part) or u"it", message)

    def _place_text(self, part):
        campaign, inner = place_of(self._inside, self._index), self._inner_place(part)
        return place_of(campaign, inner) if inner else campaign

    def _inner_place(self, part):
        """Return a place in the campaign, as text."""
        place = u""
        for each in self._path:
            place = place_of(place, each)
        return place_of(place, part) if part else place


def _text(parent, key):
    """Return a text that may be absent; None if it is absent or not text."""
    value = parent.get(key)
    return value if type(value) is text_type else None


def _limits_buckets(ranges):
    """Return whether the platform's dynamic allocation excludes any visitor."""
    if not isinstance(ranges, list):
        return False
    return not any(isinstance(each, dict) and each.get("r") == [0, 100] for each in ranges)
