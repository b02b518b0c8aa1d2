"""The targeting operators, which compare values of a visitor's context with those of a file. Pure.

A targeting is *unusable* if no visitor can match it because its operator is unknown or does not
accept its value. A context value of an unexpected type never matches, and never raises.
"""
import operator

from flagship._compat import code_points, integer_types, text_type
from flagship.decision.semver import precedence

ALL_VISITORS = u"fs_all_users"
VISITOR_ID = u"fs_users"

NUMBERS = integer_types + (float,)
_SCALARS = (bool, text_type) + NUMBERS
#: The types of context values.
KINDS = frozenset(_SCALARS)
_LARGEST = 1.7976931348623157e308

# Integers from here on are compared by their digits: their Python hashes can be made to collide.
_EXACT = 2 ** 53

#: Used in place of a test: the targeting holds if the context does not have the key.
ABSENT = object()


def scalar_key(value):
    """Return a dict key for a scalar: the same for all scalars of one kind that are equal."""
    if value is True or value is False:
        return (value,)  # in Python True == 1, so as dict keys they would be the same
    if type(value) is not text_type and not -_EXACT < value < _EXACT:
        return (u"%d" % value,)
    return value


def is_number(value):
    """Return whether a decoded value is a number that is not NaN and not out of range."""
    return type(value) in NUMBERS and -_LARGEST <= value <= _LARGEST


def unusable(name, value):
    """Return why a targeting with this operator and value can match nobody.

    :param name: the operator's name in the file, of any type.
    :param value: the decoded value of the targeting.
    :return: ``(part, sentence)``, where part is ``operator``, ``value`` or an element of a list
        such as ``value[2]``; None if the targeting is usable.
    """
    if type(name) is not text_type or name not in _OPERATORS:
        return u"operator", u"unknown operator"
    _, lists, kinds = _OPERATORS[name]
    if type(value) is not list:
        problem = _unusable_scalar(name, value, kinds)
        return problem and (u"value", problem)
    if not lists:
        return u"value", u"%s does not take a list" % name
    for index, each in enumerate(value):
        problem = _unusable_scalar(name, each, kinds)
        if problem:
            return u"value[%d]" % index, problem
    return None


def _unusable_scalar(name, value, kinds):
    if not isinstance(value, kinds):
        return u"%s does not take %s" % (name, kind_of(value))
    if type(value) in NUMBERS and not is_number(value):
        return u"a number that is out of range"  # 1e999 is valid JSON, decoded as infinity
    if name.startswith(u"SEMVER_") and precedence(value) is None:
        return u"%s takes a version such as 1.2.3" % name
    return None


_NAMES = {dict: u"an object", list: u"a list", text_type: u"text", bool: u"true or false",
          type(None): u"null"}


def kind_of(value):
    """Return the JSON type of a decoded value in words, with an article."""
    return _NAMES.get(type(value), u"a number")


def compared_kinds(name, value):
    """Return the kinds of context value that a usable targeting compares, a set of results of
    :func:`kind_of`; empty if it compares values of any kind as text, or does not look at them."""
    is_order = u"_THAN" in name
    if name.startswith(u"SEMVER_") or not (is_order or name.endswith(u"EQUALS")):
        return set()
    kinds = {kind_of(each) for each in elements(value)}
    if is_order and kind_of(u"") not in kinds:
        kinds.update((kind_of(0), kind_of(True)))  # ordered together: true counts as 1
    return kinds


def compile_test(name, value):
    """Return the test of a usable targeting.

    :return: ABSENT, or a function that returns whether a context value matches.
    """
    return _OPERATORS[name][0](value)


def compile_condition(key, name, value):
    """Return the test of a usable targeting on a whole visitor.

    :return: a function of ``(context, visitor id)`` that returns whether the targeting holds; if it
        raises, the targeting does not hold.
    """
    test = compile_test(name, value)
    if key == ALL_VISITORS:
        return lambda context, visitor_id: True
    if key == VISITOR_ID:
        return lambda context, visitor_id: test is not ABSENT and test(visitor_id)
    if test is ABSENT:
        return lambda context, visitor_id: key not in context
    if name == u"EQUALS" and type(value) is text_type:
        # By far the most common operator; this way it costs only a lookup.
        def equals(context, visitor_id):
            present = context.get(key)
            return type(present) is text_type and present == value
        return equals
    return lambda context, visitor_id: key in context and test(context[key])


def holds(key, name, value, context, visitor_id):
    """Return whether one usable targeting holds for a visitor."""
    if key == ALL_VISITORS:
        return True
    present = key == VISITOR_ID or key in context
    test = compile_test(name, value)
    if test is ABSENT or not present:
        return test is ABSENT and not present
    try:
        return bool(test(visitor_id if key == VISITOR_ID else context[key]))
    except Exception:
        return False  # a value that cannot be compared matches nothing


def json_text(value):
    """Return a scalar as text; numbers are formatted as JavaScript formats them in JSON."""
    if value is True:
        return u"true"
    if value is False:
        return u"false"
    if not isinstance(value, float):
        return text_type(value)
    if value == 0:
        return u"0"
    if value - value != 0:
        return u"null"
    shortest = repr(value)
    if 1e-6 <= abs(value) < 1e21:
        import decimal  # imported here, because that is slow on Python 2
        plain = format(decimal.Decimal(shortest), "f")
        return text_type(plain.rstrip("0").rstrip(".") if "." in plain else plain)
    mantissa, _, exponent = shortest.partition("e")
    sign = "+" if int(exponent) > 0 else ""
    return text_type("%se%s%d" % (mantissa, sign, int(exponent)))


def elements(value):
    """Return the scalars of a targeting's value as a list, even if it is a single scalar."""
    return value if type(value) is list else [value]


def _equals(value):
    wanted = frozenset(scalar_key(each) for each in elements(value))
    return lambda present: type(present) in KINDS and scalar_key(present) in wanted


def _not_equals(value):
    wanted = frozenset(scalar_key(each) for each in elements(value))
    return lambda present: type(present) in KINDS and scalar_key(present) not in wanted


def _on_text(test):
    """Return an operator that compares both sides as text."""
    def compile_text(value):
        wanted = json_text(value)

        def matches(present):
            if type(present) is text_type:
                return test(present, wanted)
            return type(present) in KINDS and test(json_text(present), wanted)
        return matches
    return compile_text


def _contains(value):
    if type(value) is not list:
        return _contains_one(value)
    alternatives = [_contains_one(each) for each in value]
    return lambda present: any(contains(present) for contains in alternatives)


def _not_contains(value):
    contains = _contains(value)
    return lambda present: type(present) in KINDS and not contains(present)


def _order_operator(compare):
    """Return an operator that compares numbers with numbers and text with text."""
    def compile_order(value):
        if isinstance(value, text_type):
            return text_order(value)

        def number_order(present):
            kind = type(present)
            return kind is not text_type and kind in KINDS and compare(present, value)
        return number_order

    def text_order(wanted):
        if code_points is None:
            return lambda present: type(present) is text_type and compare(present, wanted)
        wanted = code_points(wanted)
        return lambda present: (type(present) is text_type
                                and compare(code_points(present), wanted))
    return compile_order


def _version(compare):
    """Return an operator that compares versions; a value that is not a version never matches."""
    def compile_version(value):
        wanted = precedence(value)

        def matches(present):
            version = precedence(present) if type(present) is text_type else None
            return version is not None and compare(version, wanted)
        return matches
    return compile_version


def _is_there(present):
    return True


_contains_one = _on_text(lambda present, wanted: wanted in present)

_TEXT = (text_type,)
_ALSO_NULL = _SCALARS + (type(None),)

#: name -> (function that returns a value's test, whether it accepts a list, the value's types)
_OPERATORS = {
    u"EQUALS": (_equals, True, _SCALARS),
    u"NOT_EQUALS": (_not_equals, True, _SCALARS),
    u"CONTAINS": (_contains, True, _SCALARS),
    u"NOT_CONTAINS": (_not_contains, True, _SCALARS),
    u"STARTS_WITH": (_on_text(lambda present, wanted: present.startswith(wanted)), False, _SCALARS),
    u"ENDS_WITH": (_on_text(lambda present, wanted: present.endswith(wanted)), False, _SCALARS),
    u"GREATER_THAN": (_order_operator(operator.gt), False, _SCALARS),
    u"GREATER_THAN_OR_EQUALS": (_order_operator(operator.ge), False, _SCALARS),
    u"LOWER_THAN": (_order_operator(operator.lt), False, _SCALARS),
    u"LOWER_THAN_OR_EQUALS": (_order_operator(operator.le), False, _SCALARS),
    u"EXISTS": (lambda value: ABSENT if value is False else _is_there, False, _ALSO_NULL),
    u"NOT_EXISTS": (lambda value: _is_there if value is False else ABSENT, False, _ALSO_NULL),
    u"SEMVER_EQUALS": (_version(operator.eq), False, _TEXT),
    u"SEMVER_NOT_EQUALS": (_version(operator.ne), False, _TEXT),
    u"SEMVER_GREATER_THAN": (_version(operator.gt), False, _TEXT),
    u"SEMVER_GREATER_THAN_OR_EQUALS": (_version(operator.ge), False, _TEXT),
    u"SEMVER_LOWER_THAN": (_version(operator.lt), False, _TEXT),
    u"SEMVER_LOWER_THAN_OR_EQUALS": (_version(operator.le), False, _TEXT),
}
