"""Whether a visitor is in a variation group's target: pure functions, made once per bucketing file.

A matcher is a function of one context (dict) that returns a bool. None stands for a matcher that everybody passes.
"""
import decimal
import operator

from flagship._compat import code_points, integer_types, text_type

ALL_VISITORS = u"fs_all_users"
VISITOR_ID = u"fs_users"

_NUMBERS = integer_types + (float,)
_SCALARS = (bool, text_type) + _NUMBERS


class Unusable(Exception):
    """A targeting that can match nobody; its text says why."""


def nobody(context):
    return False


def compile_targeting(groups, report):
    """The matcher for a variation group: any of ``groups``, each all of its targetings.

    :param list groups: lists of ``(key, operator, value)``, decoded from the file.
    :param report: is called with one line of text for each targeting that can match nobody.
    """
    alternatives, everybody = [], False
    for targetings in groups:
        matchers = [_compile_one(key, name, value, report) for key, name, value in targetings]
        needed = [matcher for matcher in matchers if matcher is not None]
        if matchers and not needed:
            everybody = True
        elif matchers and nobody not in needed:
            alternatives.append(_every(needed))
    return None if everybody else _any(alternatives)


def _every(matchers):
    if len(matchers) == 1:
        return matchers[0]
    if len(matchers) == 2:
        first, second = matchers
        return lambda context: first(context) and second(context)
    if len(matchers) == 3:
        first, second, third = matchers
        return lambda context: first(context) and second(context) and third(context)

    def every(context):
        for matcher in matchers:
            if not matcher(context):
                return False
        return True
    return every


def _any(matchers):
    if not matchers:
        return nobody
    if len(matchers) == 1:
        return matchers[0]

    def some(context):
        for matcher in matchers:
            if matcher(context):
                return True
        return False
    return some


def _compile_one(key, name, value, report):
    if key == ALL_VISITORS:
        return None
    try:
        if name not in _OPERATORS:
            raise Unusable("unknown operator")
        return _OPERATORS[name](key, value)
    except Unusable as problem:
        report("targeting on %r with %s: %s" % (key, name, problem))
        return nobody


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
    elements = value if isinstance(value, list) else [value]
    for element in elements:
        if not isinstance(element, _SCALARS):
            raise Unusable("a value of type %s" % type(element).__name__)
    return elements


def _scalar(value):
    if not isinstance(value, _SCALARS):
        raise Unusable("a value of type %s" % type(value).__name__)
    return value


def _equals(key, value):
    elements = _elements(value)
    if len(elements) != 1:
        # Kinds apart, as True == 1 in Python.
        bools = frozenset(each for each in elements if isinstance(each, bool))
        others = frozenset(each for each in elements if not isinstance(each, bool))

        def equals_any(context):
            present = context.get(key)
            return present in (bools if present is True or present is False else others)
        return equals_any
    wanted = elements[0]
    if isinstance(wanted, bool):
        return lambda context: context.get(key) is wanted
    if isinstance(wanted, _NUMBERS):
        def equals_number(context):
            present = context.get(key)
            return present == wanted and present is not True and present is not False
        return equals_number
    return lambda context: context.get(key) == wanted


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
    return _any([_contains_one(key, element) for element in _elements(value)])


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
    u"EQUALS": _equals,
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
