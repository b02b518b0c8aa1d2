"""A bucketing file compiled once into what decisions walk. Pure.

Campaigns share audiences, so the distinct targetings of a file are kept once, as Conditions. For
all campaigns each is asked once per visitor, not once per campaign; a variation group's target is
then a comparison of sets of Conditions. Equality, the most common operator, is not even asked: the
context's value is looked up in a table of all the values that a file compares with. For a single
flag only the Conditions of its campaign are asked.
"""
import copy
from itertools import chain

from flagship._compat import integer_types, text_type
from flagship.decision.allocation import spread
from flagship.decision.document import Document
from flagship.decision.targeting import ABSENT, ALL_VISITORS, VISITOR_ID, compile_condition, \
    compile_test, elements, keyed

_EVERYBODY = frozenset()

# How many campaigns cost a visitor as much, one by one, as a small part of deciding on all costs.
_FEW, _SHARE = 1, 64


class Campaigns(object):
    """A compiled bucketing file. Immutable, but for what the evaluator remembers.

    :param decoded: the decoded JSON; or a :class:`Document`.
    :raises RefusedFile: where it is no bucketing file.

    :ivar Document document: the parsed file.
    :ivar tuple walk: for each campaign in use, in the file's order, a tuple of its groups that
        can match somebody, each ``(targets, (id in UTF-8, variation of each bucket, variations,
        single))``; what a target is, Targetings tells. A group whose variations all set one flag,
        the same, has ``(id in UTF-8, key, Modification of each bucket)`` for ``single``, any other
        None.
    :ivar dict setters: flag key to a list of what ``walk`` has of the campaigns that set it, the
        last one, which wins, first.
    :ivar int few: of how many campaigns a visitor's flags are decided one by one before all are.
    :ivar dict audiences: what the evaluator remembers of the walk: a frozenset of the targetings
        that hold to what was found for them.
    :ivar Targetings targetings: the targetings of all groups.
    :ivar dict group_of: variation id to the id of its group, for every variation of the file.
    :ivar bool panic: the file asks for panic.
    :ivar int count: number of campaigns in use.
    """

    __slots__ = ("document", "walk", "setters", "few", "audiences", "targetings", "group_of",
                 "panic", "count")

    def __init__(self, decoded):
        self.document = document = decoded if isinstance(decoded, Document) else Document(decoded)
        self.panic = document.panic
        self.targetings, self.group_of, self.audiences = Targetings(), {}, {}
        used = [campaign for campaign in document.campaigns if campaign.problem is None]
        self.walk = tuple([self._compile(campaign) for campaign in used])
        self.targetings.seal()
        self.count, self.setters = len(self.walk), {}
        self.few = _FEW + self.count // _SHARE
        for campaign, groups in zip(reversed(used), reversed(self.walk)):
            for key in _keys_of(chain.from_iterable(each.variations for each in campaign.groups)):
                self.setters.setdefault(key, []).append(groups)

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
        if key in self.setters:
            return None
        # Here, as who makes no mistake never needs it.
        import difflib
        return (difflib.get_close_matches(key, self.setters, 1) or [u""])[0]

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
                walk.append((targets, (group.id.encode("utf-8"), by_bucket, group.variations,
                                       _single(group))))
        return tuple(walk)


def _single(group):
    if len(_keys_of(group.variations)) != 1 or not all(each.only for each in group.variations):
        return None
    by_bucket = spread([(each.allocation, each.only[1]) for each in group.variations])
    return group.id.encode("utf-8"), group.variations[0].only[0], by_bucket


def _keys_of(variations):
    """The flag keys that variations set, a set."""
    return {key for variation in variations for key in variation.modifications}


class _Asked(object):
    """What is asked of the values of one key.

    :ivar dict equal: type of value -> {value: set of the Conditions that hold for it}.
    :ivar list tests: ``(Condition, test of a value)``.
    """

    __slots__ = ("equal", "tests")

    def __init__(self):
        self.equal, self.tests = {}, []

    def add_equal(self, value, condition):
        if type(keyed(value)) is tuple and not isinstance(value, bool):
            # Not in the table: hashes of such numbers can be made equal.
            self.tests.append((condition, compile_test(u"EQUALS", value)))
            return
        kinds = (text_type,) if isinstance(value, text_type) else (bool,)
        if not isinstance(value, (bool, text_type)):
            kinds = integer_types + (float,)
        table = self.equal.get(kinds[0])
        if table is None:
            table = {}
            self.equal.update((kind, table) for kind in kinds)
        table.setdefault(value, set()).add(condition)

    def add_passed(self, value, holding):
        """Add the Conditions that hold for a value to a set; a test that raises does not hold."""
        table = self.equal.get(type(value))
        if table is not None:
            holding.update(table.get(value, ()))
        for condition, test in self.tests:
            try:
                if test(value):
                    holding.add(condition)
            except Exception:
                pass


class Condition(object):
    """One of a file's distinct targetings.

    :ivar str key: and ``operator`` and ``value``, as in the file; it is usable.
    :ivar holds: whether it holds for ``(context, visitor id)``; where it raises, it does not.
    """

    __slots__ = ("key", "operator", "value", "holds")

    def __init__(self, key, operator, value):
        self.key, self.operator, self.value = key, operator, value
        self.holds = compile_condition(key, operator, value)


class Targetings(object):
    """The distinct targetings of a bucketing file.

    :ivar ask_visitor_id: whether one of them asks for the visitor's id.
    """

    __slots__ = ("_conditions", "_asked", "_of_visitor", "_absent")

    def __init__(self):
        self._conditions = {}    # (key, operator, value) -> Condition
        self._asked = {}         # key -> _Asked
        self._of_visitor = None  # _Asked, of the visitor's id
        self._absent = []        # (key, the Condition that holds without it)

    @property
    def ask_visitor_id(self):
        return self._of_visitor is not None

    def target(self, alternatives):
        """Compile a variation group's target.

        :param alternatives: tuples of Targetings, as in :class:`VariationGroup`.
        :return: a tuple of frozensets of Conditions; the target are those visitors for whom all of
            any of them hold.
        """
        targets = []
        for targetings in alternatives:
            if targetings and not any(each.problem for each in targetings):
                targets.append(frozenset([self._condition(each) for each in targetings
                                          if each.key != ALL_VISITORS]))
        return (_EVERYBODY,) if _EVERYBODY in targets else tuple(targets)

    def seal(self):
        """Forget what only compiling needs; nothing is compiled after that."""
        self._conditions = {}

    def holding(self, context, visitor_id):
        """The Conditions that hold for a visitor, a set."""
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
                conditions = None if table is None else table.get(value)
                if conditions is not None:
                    holding |= conditions
                for condition, test in asked.tests:
                    if test(value):
                        holding.add(condition)
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
        holding.update([condition for key, condition in self._absent
                        if key not in present and key != VISITOR_ID])

    def _condition(self, targeting):
        identity = targeting.key, targeting.operator, repr(targeting.value)
        condition = self._conditions.get(identity)
        if condition is None:
            condition = self._conditions[identity] = Condition(
                targeting.key, targeting.operator, targeting.value)
            self._add(condition)
        return condition

    def _add(self, condition):
        test = compile_test(condition.operator, condition.value)
        if test is ABSENT:
            self._absent.append((condition.key, condition))
            return
        if condition.key == VISITOR_ID:
            asked = self._of_visitor = self._of_visitor or _Asked()
        else:
            asked = self._asked.get(condition.key)
            if asked is None:
                asked = self._asked[condition.key] = _Asked()
        if condition.operator == u"EQUALS":
            for each in elements(condition.value):
                asked.add_equal(each, condition)
        else:
            asked.tests.append((condition, test))
