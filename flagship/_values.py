"""Readers: pure functions that convert data, as it comes from a request or a database, to the
library's own types.

Bad data never raises to the caller of the library. Each reader returns the one obvious conversion,
or raises an exception that its caller in the library translates: :class:`Absent` if there is no
value, :class:`Unreadable` if there is one that cannot be used, :class:`WrongType` if data can never
be of this type, so that it must be a programming error.
"""
import math
import numbers
import re

from flagship._compat import (
    Enum, Iterable, Mapping, string_types, text_type, well_formed)

#: Most JSON parsers cannot read an int of more than 308 digits, and Python is slow to format one.
MAX_BITS = 1023

_INFINITY = float("inf")
_BYTES = (bytes, bytearray)
_NUMBER = re.compile(u"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,4})?$")

# Lazy text that isinstance does not call text: (root of the module, name of the class).
_LAZY_TEXT = frozenset([
    ("django", "Promise"), ("flask_babel", "LazyString"), ("speaklater", "_LazyString"),
    ("babel", "LazyProxy")])
# What pandas uses in place of None.
_MISSING = frozenset([("pandas", "NAType"), ("pandas", "NaTType")])
_NUMPY_BOOL = frozenset([("numpy", "bool_"), ("numpy", "bool")])


class Absent(Exception):
    """There is no value."""


class Unreadable(Exception):
    """A value that cannot be used; the message says why, without quoting the value."""


class WrongType(Exception):
    """A value of a type that data never has."""


def _origins(value):
    """Return the set of ``(top-level package, name)`` of a value's type and its bases, without
    importing anything."""
    return {(kind.__module__.split(".", 1)[0], kind.__name__) for kind in type(value).__mro__}


def unwrap_proxy(value):
    """Return the object behind a proxy (a value whose ``__class__`` differs from its type); any
    other value is returned unchanged."""
    for _ in range(10):
        kind = type(value)
        if hasattr(kind, "_get_current_object"):  # Werkzeug; before 2.0 __class__ is the proxy's
            value = value._get_current_object()
        elif value.__class__ is kind:
            break
        elif "_wrapped" in getattr(value, "__dict__", ()):  # Django; already evaluated here
            value = value._wrapped
        elif hasattr(value, "__wrapped__"):  # wrapt, lazy-object-proxy
            value = value.__wrapped__
        else:
            break
    return value


def _guard_reader(read):
    """Decorate a reader so that any exception that the value itself raises becomes Unreadable."""
    def read_guarded(value, *args, **kwargs):
        try:
            return read(value, *args, **kwargs)
        except (Absent, Unreadable, WrongType):
            raise
        except Exception as error:  # a proxy, __str__ or __float__ that raises
            raise Unreadable("cannot be read: it raises %s" % type(error).__name__)
    read_guarded.__name__, read_guarded.__doc__ = read.__name__, read.__doc__
    return read_guarded


@_guard_reader
def text(value, identifiers=False):
    """Return a value as text, of exactly the text type, that UTF-8 can encode.

    :param bool identifiers: whether an int or a UUID is accepted as text, as in hits; default
        False.
    """
    if type(value) is text_type:
        return well_formed(value)
    value = _present(value)
    if isinstance(value, Enum) and not isinstance(value, string_types):
        value = value.value
    if isinstance(value, string_types):
        return well_formed(value)
    origins = _origins(value)
    if _LAZY_TEXT & origins:
        return well_formed(text_type(value))
    if identifiers and (_is_integral(value) or ("uuid", "UUID") in origins):
        return text_type(int(value)) if _is_integral(value) else text_type(value)
    raise WrongType()


def _present(value):
    value = unwrap_proxy(value)
    if value is None or _MISSING & _origins(value):
        raise Absent()
    return value


def _is_decimal(value):
    # By name: the module is slow to import on Python 2, and if there is a Decimal it is imported.
    return ("decimal", "Decimal") in _origins(value)


def _is_integral(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def cut_to(value, max_bytes):
    """Return the text ``value``, truncated to the characters that fit in ``max_bytes`` of UTF-8."""
    if len(value) * 4 <= max_bytes:
        return value
    encoded = value.encode("utf-8")
    if len(encoded) <= max_bytes:
        return value
    return encoded[:max_bytes].decode("utf-8", "ignore")


@_guard_reader
def scalar(value):
    """Return a context value as text, bool, int or finite float, of exactly that type."""
    kind = type(value)
    if kind is bool:
        return value
    value = _present(value)
    if isinstance(value, bool) or _NUMPY_BOOL & _origins(value):
        return bool(value)
    if isinstance(value, numbers.Real) or _is_decimal(value):
        return _number(value)
    return text(value)


@_guard_reader
def number(value):
    """Return a finite int or float; text that is a number is converted."""
    value = _present(value)
    if isinstance(value, bool) or _NUMPY_BOOL & _origins(value):
        raise Unreadable("is a bool, not a number")
    if isinstance(value, numbers.Real) or _is_decimal(value):
        return _number(value)
    return _number_in(text(value))


@_guard_reader
def count(value):
    """Return an int; an integral number of another type, or text that is one, is converted."""
    value = number(value)
    if value != int(value):
        raise Unreadable("is not a whole number")
    return _number(int(value))


def _number(value):
    if isinstance(value, numbers.Integral):
        value = int(value)
        if value.bit_length() > MAX_BITS:
            raise Unreadable("is out of range")
        return value
    if _is_decimal(value) and value.is_nan():  # float() raises on a signalling NaN
        raise Unreadable("is not a number")
    try:
        value = float(value)
    except OverflowError:
        raise Unreadable("is out of range")
    if math.isnan(value):
        raise Unreadable("is not a number")
    if value in (_INFINITY, -_INFINITY):
        raise Unreadable("is infinite")
    return value


def _number_in(value):
    value = value.strip()
    if not _NUMBER.match(value) or len(value) > MAX_BITS:
        raise Unreadable("is text that is not a number")
    digits = value.lstrip(u"+-")
    return _number(int(value) if digits.isdigit() else float(value))


@_guard_reader
def boolean(value):
    """Return a bool; 0 and 1, as databases store one, are read so, but no text, as ``"no"`` would
    be true."""
    value = scalar(value)
    if value in (0, 1):
        return bool(value)
    raise WrongType()


def is_a(value, kind):
    """``isinstance`` for a value that may be a proxy without an object."""
    try:
        return isinstance(value, kind)
    except Exception:  # the proxy cannot get its object
        return False


def flag(value):
    """Return the truth value of ``value``; False if it has none."""
    try:
        return bool(value)
    except Exception:  # an array, a proxy without an object
        return False


@_guard_reader
def pairs(value, sequences=False):
    """Return the ``[(key, value)]`` of a mapping, as its ``items()`` returns them.

    :param bool sequences: whether an iterable of pairs is accepted as well; default False.
    """
    value = _present(value)
    if isinstance(value, Mapping) or callable(getattr(value, "items", None)):
        value = value.items()
    elif callable(getattr(value, "keys", None)) and hasattr(value, "__getitem__"):
        return [(key, value[key]) for key in value.keys()]
    elif isinstance(value, string_types + _BYTES) and not value:
        raise Absent()  # a form's empty field; 2.1.5 took it for no context as well
    elif not sequences or not isinstance(value, Iterable) or isinstance(
            value, string_types + _BYTES):
        raise WrongType()
    # What is no pair is rejected individually.
    return [tuple(pair) if isinstance(pair, (list, tuple)) else (pair,) for pair in value]


def is_finite(value):
    """Return whether a float is neither NaN nor infinite."""
    return value - value == 0
