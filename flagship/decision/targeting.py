"""Whether a visitor is in a variation group's target: pure, compiled once per bucketing file.

Campaigns share audiences, so the distinct targetings of a file are numbered and each is asked once per visitor, not
once per campaign; a variation group's target is then a comparison of sets of numbers. Equality, the most common
operator, is not even asked: the context's value is looked up in a table of all the values that a file compares with.
"""
import decimal
import operator

from flagship._compat import code_points, integer_types, text_type

ALL_VISITORS = u"fs_all_users"
VISITOR_ID = u"fs_users"

_NUMBERS = integer_types + (float,)
_SCALARS = (bool, text_type) + _NUMBERS
_EVERYBODY = frozenset()

# In Python True == 1, so that one would find the other in a table.
_BOOLS = {True: (True,), False: (False,)}


def _typed(value):
    return _BOOLS[value] if value is True or value is False else value


class Unusable(Exception):
    """A targeting that can match nobody; its text says why."""


class Targetings(object):
    """The distinct targetings of a bucketing file.

    :ivar bool ask_visitor_id: whether one of them asks for the visitor's id.
    """

    __slots__ = ("ask_visitor_id", "_numbers", "_equal", "_others")

    def __init__(self):
        self.ask_visitor_id = False
        self._numbers = {}  # (key, operator, value) -> number
        self._equal = {}    # key -> {value, a bool by its name in _BOOLS: numbers}
        self._others = []   # (number, function of a context that returns a bool)

    def target(self, groups, report):
        """Compile a variation group's target: any of ``groups``, each all of its targetings.

        :param list groups: lists of ``(key, operator, value)``, decoded from the file.
        :param report: is called with one line of text for each targeting that can match nobody.
        :return: a tuple of frozensets of numbers; the target are those visitors for whom all of any of them hold.
        """
        alternatives = []
        for targetings in groups:
            numbers = [self._number(key, name, value, report) for key, name, value in targetings]
            if numbers and None not in numbers:
                alternatives.append(frozenset(number for number in numbers if number >= 0))
        return (_EVERYBODY,) if _EVERYBODY in alternatives else tuple(alternatives)

    def holding(self, context):
        """The numbers of the targetings that hold for a context, a set."""
        holding = set()
        equal = self._equal
        for key, value in context.items():
            if key in equal:
                numbers = equal[key].get(_BOOLS[value] if value is True or value is False else value)
                if numbers is not None:
                    holding |= numbers
        for number, holds in self._others:
            if holds(context):
                holding.add(number)
        return holding

    def _number(self, key, name, value, report):
        """A targeting's number, -1 where everybody passes it, None where nobody does."""
        if key == ALL_VISITORS:
            return -1
        identity = key, name, repr(value)
        if identity not in self._numbers:
            self._numbers[identity] = self._add(key, name, value, report)
        return self._numbers[identity]

    def _add(self, key, name, value, report):
        number = len(self._numbers)
        try:
            if name not in _OPERATORS:
                raise Unusable("unknown operator")
            if name == u"EQUALS":
                table = self._equal.setdefault(key, {})
                for each in _elements(value):
                    table[_typed(each)] = table.get(_typed(each), _EVERYBODY) | {number}
            else:
                self._others.append((number, _OPERATORS[name](key, value)))
        except Unusable as problem:
            report("targeting on %r with %s: %s" % (key, name, problem))
            return None
        self.ask_visitor_id = self.ask_visitor_id or key == VISITOR_ID
        return number


def judge(key, name, value, context):
    """One targeting by itself: ``(whether it holds for a context, why it can match nobody or "")``."""
    problems, alone = [], Targetings()
    targets = alone.target([[(key, name if isinstance(name, text_type) else None, value)]], problems.append)
    holding = alone.holding(context)
    return any(target <= holding for target in targets), u"".join(problems)


def json_text(value):
    """A scalar as text, a number as JavaScript writes it in JSON."""
    if value is True:
        return u"true"
    if value is False:
        return u"false"
    if not isinstance(value, float):
        return text_type(value)
    if value == 0:
        return u"0"
    shortest = repr(value)
    if 1e-6 <= abs(value) < 1e21:
        plain = format(decimal.Decimal(shortest), "f")
        return text_type(plain.rstrip("0").rstrip(".") if "." in plain else plain)
    mantissa, _, exponent = shortest.partition("e")
    return text_type("%se%s%d" % (mantissa, "+" if int(exponent) > 0 else "", int(exponent)))


def _elements(value):
    """A targeting's scalar, or the scalars of its list."""
    return [_scalar(element) for element in value] if isinstance(value, list) else [_scalar(value)]


def _scalar(value):
    if not isinstance(value, _SCALARS):
        raise Unusable("a value of type %s" % type(value).__name__)
    if isinstance(value, float) and value - value != 0:  # 1e999 is JSON and becomes infinity
        raise Unusable("a number out of range")
    return value


def _equals(key, value):
    wanted = frozenset(_typed(each) for each in _elements(value))
    return lambda context: _typed(context.get(key)) in wanted


def _not_equals(key, value):
    equals = _equals(key, value)
    return lambda context: key in context and not equals(context)


def _on_text(test):
    """An operator on the text of both sides."""
    def compile_text(key, value):
        wanted = json_text(_scalar(value))

        def matches(context):
            present = context.get(key)
            if present is None:
                return False
            return test(present if type(present) is text_type else json_text(present), wanted)
        return matches
    return compile_text


def _contains(key, value):
    if not isinstance(value, list):
        return _contains_one(key, value)
    alternatives = [_contains_one(key, element) for element in _elements(value)]
    return lambda context: any(contains(context) for contains in alternatives)


def _not_contains(key, value):
    contains = _contains(key, value)
    return lambda context: key in context and not contains(context)


def _ordered(compare):
    """An operator that orders number with number and text with text."""
    def compile_order(key, value):
        wanted = _scalar(value)
        if isinstance(wanted, text_type):
            return text_order(key, wanted)

        def number_order(context):
            present = context.get(key)
            return present is not None and type(present) is not text_type and compare(present, wanted)
        return number_order

    if code_points is None:
        def text_order(key, wanted):
            def matches(context):
                present = context.get(key)
                return type(present) is text_type and compare(present, wanted)
            return matches
    else:
        def text_order(key, wanted):
            wanted = code_points(wanted)

            def matches(context):
                present = context.get(key)
                return type(present) is text_type and compare(code_points(present), wanted)
            return matches
    return compile_order


def _present(key, value):
    if isinstance(value, (list, dict)):
        raise Unusable("a value of type %s" % type(value).__name__)
    return lambda context: key in context


def _absent(key, value):
    present = _present(key, value)
    return lambda context: not present(context)


_contains_one = _on_text(lambda present, wanted: wanted in present)

_OPERATORS = {
    u"EQUALS": _equals,  # for its opposite; by itself it is a table
    u"NOT_EQUALS": _not_equals,
    u"CONTAINS": _contains,
    u"NOT_CONTAINS": _not_contains,
    u"STARTS_WITH": _on_text(lambda present, wanted: present.startswith(wanted)),
    u"ENDS_WITH": _on_text(lambda present, wanted: present.endswith(wanted)),
    u"GREATER_THAN": _ordered(operator.gt),
    u"GREATER_THAN_OR_EQUALS": _ordered(operator.ge),
    u"LOWER_THAN": _ordered(operator.lt),
    u"LOWER_THAN_OR_EQUALS": _ordered(operator.le),
    u"EXISTS": lambda key, value: (_absent if value is False else _present)(key, value),
    u"NOT_EXISTS": lambda key, value: (_present if value is False else _absent)(key, value),
}
