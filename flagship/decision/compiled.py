"""Compiles a bucketing file once into the form that decisions use. Pure.

Campaigns share audiences, so each distinct targeting of a file is stored once, as a Condition. When
all campaigns are decided, each Condition is evaluated once per visitor, not once per campaign; the
target of a variation group is then a comparison of sets of Conditions. Equality, the most common
operator, is not even evaluated: the context's value is looked up in a table of all values that the
file compares with. For a single flag only the Conditions of its campaign are evaluated.
"""
import copy
from collections import namedtuple

from flagship._compat import integer_types, text_type
from flagship.decision.allocation import bucket_table
from flagship.decision.document import Document, make_flags
from flagship.decision.targeting import ABSENT, ALL_VISITORS, VISITOR_ID, compared_kinds, \
    compile_condition, compile_test, elements, scalar_key

_EVERYBODY = frozenset()

# Up to _FEW + count // _SHARE campaigns are decided one by one, which costs only a small part of
# what deciding all of them does.
_FEW, _SHARE = 1, 64


class Campaigns(object):
    """A compiled bucketing file. Immutable, except for what the evaluator caches.

    :param decoded: the decoded JSON, or a :class:`Document`.
    :param Campaigns before: the previous file. ``decoded`` may contain its Campaign objects; what
        was compiled for those is reused. None (default): there is none.
    :raises RefusedFile: if it is not a bucketing file.

    :ivar Document document: the parsed file.
    :ivar tuple walk: for each campaign in use, in the file's order, a tuple of its Groups that can
        match any visitor.
    :ivar dict setters: flag key to a sequence of the ``walk`` elements of the campaigns that set
        it, in reverse order: the first one wins.
    :ivar int few: the maximum number of campaigns that are decided one by one for a visitor before
        all are decided.
    :ivar dict audiences: the evaluator's cache: a frozenset of the Conditions that hold, to the
        result for it.
    :ivar Targetings targetings: the targetings of all groups.
    :ivar bool panic: whether the file asks for panic.
    :ivar int count: number of campaigns in use.
    :ivar kinds: a dict, context key to the kinds of value that targetings compare it with; None
        until first needed.
    """

    __slots__ = ("document", "walk", "setters", "few", "audiences", "targetings", "panic",
                 "count", "kinds", "_compiled", "_group_of")

    def __init__(self, decoded, before=None, pass_on=None):
        self.document = document = decoded if isinstance(decoded, Document) else Document(decoded)
        self.panic = document.panic
        self.targetings, self.audiences, self._group_of = Targetings(), {}, None
        used = [campaign for campaign in document.campaigns if campaign.problem is None]
        self._compiled = self._taken_over(used, before)
        self.walk = self._walk_of(used, pass_on)
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
        """What in the file is ignored, a tuple of Problems; if there are very many, the first
        ones."""
        return self.document.problems

    @property
    def group_of(self):
        """A dict, variation id to group id, for every variation of the campaigns in use."""
        if self._group_of is None:
            used = [each for each in self.document.campaigns if each.problem is None]
            self._group_of = {variation.id: group.id for campaign in used
                              for group in campaign.groups for variation in group.variations}
        return self._group_of

    def nearest_key(self, key):
        """Return the file's flag key that is most similar to an unknown one, ``""`` if none is
        similar; None if the file sets ``key`` itself."""
        if key in self.setters:
            return None
        # Imported here, because it is only needed after a mistake.
        import difflib
        return (difflib.get_close_matches(key, self.setters, 1) or [u""])[0]

    def kinds_compared_with(self, key):
        """Return the kinds of value that the file compares a context key with, a set of results of
        ``kind_of``; empty if any kind can match."""
        if self.kinds is None:
            kinds = {}
            for each in self._used_targetings():
                found = compared_kinds(each.operator, each.value)
                # If one of several targetings accepts any kind, any kind can match.
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
        """Return a copy with the same campaigns, in panic."""
        hidden = copy.copy(self)
        hidden.panic = True
        return hidden

    def _taken_over(self, used, before):
        """Return what is reused from the previous file, Campaign to _Compiled. Its Conditions are
        adopted first, so that equal targetings of other campaigns share them."""
        compiled = {}
        for campaign in used if before is not None else ():
            known = before._compiled.get(campaign)
            if known is not None and campaign not in compiled:
                compiled[campaign] = known
                for group in known.groups:
                    self.targetings.adopt(group.targets)
        return compiled

    def _walk_of(self, used, pass_on):
        walk = []
        for campaign in used:
            compiled = self._compiled.get(campaign)
            if compiled is None:
                compiled = self._compiled[campaign] = self._compile(campaign)
            walk.append(compiled.groups)
            if pass_on is not None:
                pass_on()
        return tuple(walk)

    def _add_setter(self, compiled):
        for key in compiled.keys:
            setters = self.setters.get(key)
            if setters is None:
                # Most keys are set by one campaign only: the same object is used for each file.
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


#: A compiled campaign: its Groups that can match any visitor, the flag keys that it can set, and
#: a tuple that contains only ``groups``.
_Compiled = namedtuple("_Compiled", "groups keys alone")


class Group(object):
    """A compiled variation group that can match any visitor. It is prepared lazily, for its first
    visitor, because many groups get no visitor before the next file arrives.

    :ivar tuple targets: see :meth:`Targetings.target`.
    :ivar bytes id: the group's id in UTF-8.
    :ivar tuple variations: Variations.
    :ivar parts: ``(id, chosen, table, variations)``: ``chosen[table[bucket]]`` is the bucket's
        Variation, or None. ``parts`` itself is None until :meth:`prepare` is called.
    :ivar single: ``(id, key, chosen, table)`` if all variations with buckets set just one flag,
        the same one; ``chosen`` then contains its Modifications. None for other groups, and until
        :meth:`prepare` is called.
    """

    __slots__ = ("targets", "id", "variations", "parts", "single")

    def __init__(self, targets, group):
        self.targets, self.variations = targets, group.variations
        self.id, self.parts, self.single = group.id.encode("utf-8"), None, None

    def prepare(self):
        """Set ``single`` and ``parts``, and return ``parts``. Concurrent threads set the same
        values; ``parts`` is set last."""
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
    """The Conditions on the values of one key.

    :ivar dict equal: type of value -> {value: set of the Conditions that hold for it}.
    :ivar list tests: ``(Condition, test of a value)``.
    """

    __slots__ = ("equal", "tests")

    def __init__(self):
        self.equal, self.tests = {}, []

    def add_equal(self, value, condition):
        if type(scalar_key(value)) is tuple and not isinstance(value, bool):
            # Not in the table: an attacker could choose such numbers so that their hashes collide.
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
        """Add the Conditions that hold for a value to the set ``holding``; a Condition whose test
        raises does not hold."""
        table = self.equal.get(type(value))
        if table is not None:
            holding.update(table.get(value, ()))
        for condition, test in self.tests:
            try:
                if test(value):
                    holding.add(condition)
            except Exception:  # it cannot be compared with this value
                pass


class Condition(object):
    """One of a file's distinct targetings; always a usable one.

    :ivar str key: as in the file; so are ``operator`` and ``value``.
    :ivar holds: a function of ``(context, visitor id)`` that returns whether it holds; if that
        raises, it does not hold.
    """

    __slots__ = ("key", "operator", "value", "holds")

    def __init__(self, key, operator, value):
        self.key, self.operator, self.value = key, operator, value
        self.holds = compile_condition(key, operator, value)


class Targetings(object):
    """The distinct targetings of a bucketing file."""

    __slots__ = ("_conditions", "_adopted", "_targets", "_asked", "_of_visitor", "_absent")

    def __init__(self):
        self._conditions = {}    # identity -> Condition
        self._adopted = set()    # Conditions
        self._targets = {}       # compiled targets, each to itself
        self._asked = {}         # key -> _Asked
        self._of_visitor = None  # the _Asked of the visitor's id
        self._absent = []        # (key, the Condition that holds if the context lacks the key)

    @property
    def ask_visitor_id(self):
        """Whether one of them is on the visitor's id."""
        return self._of_visitor is not None

    def target(self, alternatives):
        """Compile a variation group's target.

        :param alternatives: tuples of Targetings, as in :class:`VariationGroup`.
        :return: a tuple of frozensets of Conditions; a visitor is targeted if all Conditions of at
            least one set hold.
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
        # Equal targets share one object, because campaigns share audiences.
        return self._targets.setdefault(targets, targets)

    def adopt(self, targets):
        """Add the Conditions of an earlier file's targets."""
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
        """Drop what is only needed for compiling; nothing can be compiled after that."""
        self._conditions, self._adopted, self._targets = {}, set(), {}

    def holding(self, context, visitor_id):
        """Return the set of Conditions that hold for a visitor."""
        try:
            return self._holding(context, visitor_id)
        except Exception:  # a value that cannot be compared matches nothing; the others still do
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
        """Add the Conditions that hold because their key is not in the context."""
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
    """Return a dict key that is equal for equal targetings; also accepts Conditions."""
    value = targeting.value
    # Not the value itself, as 1 == True, and hashes of numbers can be made to collide.
    value = (value,) if type(value) is text_type else repr(value)
    return targeting.key, targeting.operator, value
