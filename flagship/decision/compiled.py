"""A bucketing file compiled once into what decisions walk. Pure.

Campaigns share audiences, so the distinct targetings of a file are numbered and each is asked once
per visitor, not once per campaign; a variation group's target is then a comparison of sets of
numbers. Equality, the most common operator, is not even asked: the context's value is looked up in
a table of all the values that a file compares with.
"""
import copy

from flagship._compat import integer_types, text_type
from flagship.decision.allocation import spread
from flagship.decision.document import Document
from flagship.decision.targeting import ABSENT, ALL_VISITORS, VISITOR_ID, compared_kinds, \
    compile_test, elements, keyed

_EVERYBODY = frozenset()


class Campaigns(object):
    """A compiled bucketing file. Immutable, but for what the evaluator remembers.

    :param decoded: the decoded JSON; or a :class:`Document`.
    :raises RefusedFile: where it is no bucketing file.

    :ivar Document document: the parsed file.
    :ivar tuple walk: for each campaign in use, in the file's order, a tuple of its groups that
        can match somebody, each ``(targets, (id in UTF-8, variation of each bucket,
        variations))``; what a target is, Targetings tells.
    :ivar dict audiences: what the evaluator remembers of the walk: a frozenset of the targetings
        that hold to a tuple of the groups that were found for them.
    :ivar Targetings targetings: the targetings of all groups.
    :ivar dict group_of: variation id to the id of its group, for every variation of the file.
    :ivar bool panic: the file asks for panic.
    :ivar int count: number of campaigns in use.
    :ivar keys: the flag keys that the campaigns set, a frozenset; None until somebody asks.
    :ivar kinds: context key to the kinds of value that targetings compare it with, a dict; None
        until somebody asks.
    """

    __slots__ = ("document", "walk", "audiences", "targetings", "group_of", "panic", "count",
                 "keys", "kinds")

    def __init__(self, decoded):
        self.document = document = decoded if isinstance(decoded, Document) else Document(decoded)
        self.panic = document.panic
        self.targetings, self.group_of, self.audiences = Targetings(), {}, {}
        self.walk = tuple([self._compile(campaign) for campaign in document.campaigns
                           if campaign.problem is None])
        self.targetings.seal()
        self.count, self.keys, self.kinds = len(self.walk), None, None

    @property
    def experience_continuity(self):
        """The account's setting ``enabledXPC``."""
        return self.document.experience_continuity

    @property
    def problems(self):
        """What in the file is not used, a tuple of Problems; a hostile file's first ones."""
        return self.document.problems

    def nearest_key(self, key):
        """The flag key of the file that is nearest to one that it does not set, ``""`` where none
        is near; None for one that it sets."""
        if self.keys is None:
            used = [each for each in self.document.campaigns if each.problem is None]
            self.keys = frozenset(
                known for campaign in used for group in campaign.groups
                for variation in group.variations for known in variation.modifications)
        if key in self.keys:
            return None
        # Here, as who makes no mistake never needs it.
        import difflib
        return (difflib.get_close_matches(key, self.keys, 1) or [u""])[0]

    def kinds_compared_with(self, key):
        """The kinds of value that the file compares a key of the context with, a set of what
        ``kind_of`` says; empty where any kind can match."""
        if self.kinds is None:
            kinds = {}
            for each in self._used_targetings():
                found = compared_kinds(each.operator, each.value)
                # Of several targetings one that takes any kind is enough.
                known = kinds.setdefault(each.key, found)
                kinds[each.key] = known | found if known and found else set()
            self.kinds = kinds
        return self.kinds.get(key, ())

    def _used_targetings(self):
        for campaign in self.document.campaigns:
            for group in campaign.groups if campaign.problem is None else ():
                for alternative in group.alternatives:
                    for targeting in alternative:
                        if targeting.problem is None:
                            yield targeting

    def in_panic(self):
        """The same campaigns with panic asked for."""
        hidden = copy.copy(self)
        hidden.panic = True
        return hidden

    def _compile(self, campaign):
        walk = []
        for group in campaign.groups:
            for variation in group.variations:
                self.group_of[variation.id] = group.id
            targets = self.targetings.target(group.alternatives)
            if targets:
                by_bucket = spread([(each.allocation, each) for each in group.variations])
                walk.append((targets, (group.id.encode("utf-8"), by_bucket, group.variations)))
        return tuple(walk)


class _Asked(object):
    """What is asked of the values of one key.

    :ivar dict equal: type of value -> {value: set of the numbers that hold for it}.
    :ivar list tests: ``(number, test of a value)``.
    """

    __slots__ = ("equal", "tests")

    def __init__(self):
        self.equal, self.tests = {}, []

    def add_equal(self, value, number):
        if type(keyed(value)) is tuple and not isinstance(value, bool):
            # Not in the table: hashes of such numbers can be made equal.
            self.tests.append((number, compile_test(u"EQUALS", value)))
            return
        kinds = (text_type,) if isinstance(value, text_type) else (bool,)
        if not isinstance(value, (bool, text_type)):
            kinds = integer_types + (float,)
        table = self.equal.get(kinds[0])
        if table is None:
            table = {}
            self.equal.update((kind, table) for kind in kinds)
        table.setdefault(value, set()).add(number)

    def add_passed(self, value, holding):
        """Add the numbers of what holds for a value to a set; a test that raises does not hold."""
        table = self.equal.get(type(value))
        if table is not None:
            holding.update(table.get(value, ()))
        for number, test in self.tests:
            try:
                if test(value):
                    holding.add(number)
            except Exception:
                pass


class Targetings(object):
    """The distinct targetings of a bucketing file.

    :ivar ask_visitor_id: whether one of them asks for the visitor's id.
    """

    __slots__ = ("_numbers", "_asked", "_of_visitor", "_absent")

    def __init__(self):
        self._numbers = {}       # (key, operator, value) -> number
        self._asked = {}         # key -> _Asked
        self._of_visitor = None  # _Asked, of the visitor's id
        self._absent = []        # (key, number of the targeting that holds without it)

    @property
    def ask_visitor_id(self):
        return self._of_visitor is not None

    def target(self, alternatives):
        """Compile a variation group's target.

        :param alternatives: tuples of Targetings, as in :class:`VariationGroup`.
        :return: a tuple of frozensets of numbers; the target are those visitors for whom all of
            any of them hold.
        """
        targets = []
        for targetings in alternatives:
            if targetings and not any(each.problem for each in targetings):
                targets.append(frozenset([self._number(each) for each in targetings
                                          if each.key != ALL_VISITORS]))
        return (_EVERYBODY,) if _EVERYBODY in targets else tuple(targets)

    def seal(self):
        """Forget what only compiling needs; nothing is compiled after that."""
        self._numbers = {}

    def holding(self, context, visitor_id):
        """The numbers of the targetings that hold for a visitor, a set."""
        try:
            return self._holding(context, visitor_id)
        except Exception:  # a value that cannot be compared: it matches nothing, the others do
            return self._holding_carefully(context, visitor_id)

    def _holding(self, context, visitor_id):
        holding, asked_of = set(), self._asked
        for key, value in context.items():
            asked = asked_of.get(key)
            if asked is not None:
                table = asked.equal.get(type(value))
                numbers = None if table is None else table.get(value)
                if numbers is not None:
                    holding |= numbers
                for number, test in asked.tests:
                    if test(value):
                        holding.add(number)
        if self._of_visitor is not None:
            self._of_visitor.add_passed(visitor_id, holding)
        if self._absent:
            self._add_absent(frozenset([key for key, _ in context.items()]), holding)
        return holding

    def _holding_carefully(self, context, visitor_id):
        holding, present = set(), set()
        for key, value in context.items():
            if type(key) is text_type:
                present.add(key)
                if key in self._asked:
                    self._asked[key].add_passed(value, holding)
        if self._of_visitor is not None:
            self._of_visitor.add_passed(visitor_id, holding)
        self._add_absent(present, holding)
        return holding

    def _add_absent(self, present, holding):
        """Add the targetings that hold for who does not have their key."""
        holding.update([number for key, number in self._absent
                        if key not in present and key != VISITOR_ID])

    def _number(self, targeting):
        identity = targeting.key, targeting.operator, repr(targeting.value)
        number = self._numbers.get(identity)
        if number is None:
            number = self._numbers[identity] = len(self._numbers)
            self._add(targeting, number)
        return number

    def _add(self, targeting, number):
        test = compile_test(targeting.operator, targeting.value)
        if test is ABSENT:
            self._absent.append((targeting.key, number))
            return
        if targeting.key == VISITOR_ID:
            asked = self._of_visitor = self._of_visitor or _Asked()
        else:
            asked = self._asked.get(targeting.key)
            if asked is None:
                asked = self._asked[targeting.key] = _Asked()
        if targeting.operator == u"EQUALS":
            for each in elements(targeting.value):
                asked.add_equal(each, number)
        else:
            asked.tests.append((number, test))
