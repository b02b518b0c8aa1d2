"""A bucketing file compiled once into what decisions walk. Pure.

Campaigns share audiences, so the distinct targetings of a file are kept once, as Conditions. For
all campaigns each is asked once per visitor, not once per campaign; a variation group's target is
then a comparison of sets of Conditions. Equality, the most common operator, is not even asked: the
context's value is looked up in a table of all the values that a file compares with. For a single
flag only the Conditions of its campaign are asked.
"""
import copy
from collections import namedtuple

from flagship._compat import integer_types, text_type
from flagship.decision.allocation import bucket_table
from flagship.decision.document import Document, make_flags
from flagship.decision.targeting import ABSENT, ALL_VISITORS, VISITOR_ID, compared_kinds, \
    compile_condition, compile_test, elements, keyed

_EVERYBODY = frozenset()

# How many campaigns cost a visitor as much, one by one, as a small part of deciding on all costs.
_FEW, _SHARE = 1, 64


class Campaigns(object):
    """A compiled bucketing file. Immutable, but for what the evaluator remembers.

    :param decoded: the decoded JSON; or a :class:`Document`.
    :param Campaigns before: the file before, whose Campaigns may stand in ``decoded``: what was
        compiled for these is taken over. None (default): there is none.
    :raises RefusedFile: where it is no bucketing file.

    :ivar Document document: the parsed file.
    :ivar tuple walk: for each campaign in use, in the file's order, a tuple of its groups that
        can match somebody, each a Group.
    :ivar dict setters: flag key to a sequence of what ``walk`` has of the campaigns that set it,
        the last one, which wins, first.
    :ivar int few: of how many campaigns a visitor's flags are decided one by one before all are.
    :ivar dict audiences: what the evaluator remembers of the walk: a frozenset of the targetings
        that hold to what was found for them.
    :ivar Targetings targetings: the targetings of all groups.
    :ivar bool panic: the file asks for panic.
    :ivar int count: number of campaigns in use.
    :ivar kinds: context key to the kinds of value that targetings compare it with, a dict; None
        until somebody asks.
    """

    __slots__ = ("document", "walk", "setters", "few", "audiences", "targetings", "panic",
                 "count", "kinds", "_compiled", "_group_of")

    def __init__(self, decoded, before=None):
        self.document = document = decoded if isinstance(decoded, Document) else Document(decoded)
        self.panic = document.panic
        self.targetings, self.audiences, self._group_of = Targetings(), {}, None
        used = [campaign for campaign in document.campaigns if campaign.problem is None]
        self._compiled = self._taken_over(used, before)
        self.walk = tuple([self._walk_of(campaign) for campaign in used])
        self.targetings.seal()
        self.count, self.setters, self.kinds = len(self.walk), {}, None
        self.few = _FEW + self.count // _SHARE
        for campaign in reversed(used):
            self._add_setter(self._compiled[campaign])

    @property
    def experience_continuity(self):
        """The account's setting ``enabledXPC``."""
        return self.document.experience_continuity

    @property
    def problems(self):
        """What in the file is not used, a tuple of Problems; a hostile file's first ones."""
        return self.document.problems

    @property
    def group_of(self):
        """Variation id to the id of its group, a dict, for every variation of the file."""
        if self._group_of is None:
            used = [each for each in self.document.campaigns if each.problem is None]
            self._group_of = {variation.id: group.id for campaign in used
                              for group in campaign.groups for variation in group.variations}
        return self._group_of

    def nearest_key(self, key):
        """The flag key of the file that is nearest to one that it does not set, ``""`` where none
        is near; None for one that it sets."""
        if key in self.setters:
            return None
        # Here, as who makes no mistake never needs it.
        import difflib
        return (difflib.get_close_matches(key, self.setters, 1) or [u""])[0]

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

    def _taken_over(self, used, before):
        """What of the file before is used on, Campaign to _Compiled. Its targetings come first, so
        that equal ones of the others become the same."""
        compiled = {}
        for campaign in used if before is not None else ():
            known = before._compiled.get(campaign)
            if known is not None and campaign not in compiled:
                compiled[campaign] = known
                for group in known.groups:
                    self.targetings.adopt(group.targets)
        return compiled

    def _walk_of(self, campaign):
        compiled = self._compiled.get(campaign)
        if compiled is None:
            compiled = self._compiled[campaign] = self._compile(campaign)
        return compiled.groups

    def _add_setter(self, compiled):
        for key in compiled.keys:
            setters = self.setters.get(key)
            if setters is None:
                # Of one campaign, as most are: the same object in each file.
                self.setters[key] = compiled.alone
            elif type(setters) is list:
                setters.append(compiled.groups)
            else:
                self.setters[key] = [setters[0], compiled.groups]

    def _compile(self, campaign):
        walk, keys = [], set()
        for group in campaign.groups:
            for variation in group.variations:
                keys.update(variation.values)
            targets = self.targetings.target(group.alternatives)
            if targets:
                walk.append(Group(targets, group))
        groups = tuple(walk)
        return _Compiled(groups, tuple(keys), (groups,))


#: What a campaign is compiled to: its Groups that can match somebody, the flag keys that it can
#: set, and a tuple of the groups.
_Compiled = namedtuple("_Compiled", "groups keys alone")


class Group(object):
    """A compiled variation group that can match somebody. What it gives is worked out for its first
    visitor: a file has many groups whose visitors never come before the next file.

    :ivar tuple targets: what a target is, Targetings tells.
    :ivar bytes id: in UTF-8.
    :ivar tuple variations: Variations.
    :ivar parts: ``(id, chosen, table, variations)``: ``chosen[table[bucket]]`` is the bucket's
        Variation, or None; it is None until :meth:`prepare` was called.
    :ivar single: of a group whose variations all set one flag, the same, ``(id, key, chosen,
        table)``, with its Modifications; of any other None; set likewise.
    """

    __slots__ = ("targets", "id", "variations", "parts", "single")

    def __init__(self, targets, group):
        self.targets, self.variations = targets, group.variations
        self.id, self.parts, self.single = group.id.encode("utf-8"), None, None

    def prepare(self):
        """Work out what the group gives; returns ``parts``. Threads that come together set the
        same, and ``parts`` last."""
        for variation in self.variations:
            make_flags(variation)
        used, table = bucket_table([each.allocation for each in self.variations])
        chosen = tuple([self.variations[place] for place in used]) + (None,)
        self.single = self._single(chosen[:-1], table)
        self.parts = self.id, chosen, table, self.variations
        return self.parts

    def _single(self, chosen, table):
        flags = [variation.only for variation in chosen]
        if not flags or None in flags or len({key for key, _ in flags}) != 1:
            return None
        return self.id, flags[0][0], tuple([flag for _, flag in flags]) + (None,), table


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

    __slots__ = ("_conditions", "_adopted", "_targets", "_asked", "_of_visitor", "_absent")

    def __init__(self):
        self._conditions = {}    # identity -> Condition
        self._adopted = set()    # Conditions
        self._targets = {}       # the targets that were compiled, to themselves
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
        compiled = []
        for targetings in alternatives:
            for each in targetings:
                if each.problem is not None:
                    break
            else:
                if targetings:
                    compiled.append(frozenset([self._condition(each) for each in targetings
                                               if each.key != ALL_VISITORS]))
        targets = (_EVERYBODY,) if _EVERYBODY in compiled else tuple(compiled)
        # Equal ones are one: campaigns share audiences.
        return self._targets.setdefault(targets, targets)

    def adopt(self, targets):
        """Have the Conditions of an earlier file's targets asked, too."""
        if targets in self._targets:
            return
        self._targets[targets] = targets
        for target in targets:
            for condition in target:
                if condition not in self._adopted:
                    self._adopted.add(condition)
                    self._conditions[_identity(condition)] = condition
                    self._add(condition)

    def seal(self):
        """Forget what only compiling needs; nothing is compiled after that."""
        self._conditions, self._adopted, self._targets = {}, set(), {}

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
        identity = _identity(targeting)
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


def _identity(targeting):
    """What is equal of targetings that are the same, which may be Conditions."""
    value = targeting.value
    # Not by the value itself, as 1 is True; nor by its hash, as those of numbers can be made equal.
    value = (value,) if type(value) is text_type else repr(value)
    return targeting.key, targeting.operator, value
