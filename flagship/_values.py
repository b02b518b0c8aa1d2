"""How data is read: pure functions from what a request, a database or a shop gives to what is used.

Data never raises to the caller of the library. Each reader returns the one obvious reading, or
raises here, for its caller to translate: :class:`Absent` where there is no value,
:class:`Unreadable` where there is one that cannot be used, :class:`WrongType` where no data could
ever be of this type and so the program is mistaken.
"""
import math
import numbers
import re

from flagship._compat import (
    Enum, Iterable, Mapping, string_types, text_type, well_formed)

#: An int of more bits has no place in JSON for most of its readers, and takes Python long to write.
MAX_BITS = 1024

_INFINITY = float("inf")
_BYTES = (bytes, bytearray)
_NUMBER = re.compile(u"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,4})?$")

# Lazy text that isinstance does not call text: (root of the module, name of the class).
_LAZY_TEXT = frozenset([
    ("django", "Promise"), ("flask_babel", "LazyString"), ("speaklater", "_LazyString"),
    ("babel", "LazyProxy")])
# What pandas has in the place of None.
_MISSING = frozenset([("pandas", "NAType"), ("pandas", "NaTType")])
_NUMPY_BOOL = frozenset([("numpy", "bool_"), ("numpy", "bool")])


class Absent(Exception):
    """There is no value."""


class Unreadable(Exception):
    """A value that cannot be used; the text says why, without the value."""


class WrongType(Exception):
    """A value of a type that is none of data."""


def _origins(value):
    """``(root of the module, name)`` of a value's type and its bases, without importing
    anything."""
    return {(kind.__module__.split(".", 1)[0], kind.__name__) for kind in type(value).__mro__}


def unproxied(value):
    """The object behind a proxy: one that shows another class than its type."""
    for _ in range(10):
        kind = type(value)
        if hasattr(kind, "_get_current_object"):  # Werkzeug; before 2.0 it shows its own class
            value = value._get_current_object()
        elif value.__class__ is kind:
            break
        elif "_wrapped" in getattr(value, "__dict__", ()):  # Django; it is there by now
            value = value._wrapped
        elif hasattr(value, "__wrapped__"):  # wrapt, lazy-object-proxy
            value = value.__wrapped__
        else:
            break
    return value


def _guarded(read):
    """A reader for which whatever a value does is a property of the value."""
    def guarded(value, *args, **kwargs):
        try:
            return read(value, *args, **kwargs)
        except (Absent, Unreadable, WrongType):
            raise
        except Exception as error:  # a proxy, __str__ or __float__ that raises
            raise Unreadable("cannot be read: it raises %s" % type(error).__name__)
    guarded.__name__, guarded.__doc__ = read.__name__, read.__doc__
    return guarded


@_guarded
def text(value, identifiers=False):
    """A value as text, exactly of the text type, which UTF-8 can express.

    :param bool identifiers: whether an int and a UUID are text too, as they are in hits.
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
    value = unproxied(value)
    if value is None or _MISSING & _origins(value):
        raise Absent()
    return value


def _is_decimal(value):
    # By name: the module takes long to import on Python 2, and whoever has one has imported it.
    return ("decimal", "Decimal") in _origins(value)


def _is_integral(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def cut_to(value, max_bytes):
    """The text ``value``, or as many of its first characters as ``max_bytes`` of UTF-8 can hold."""
    if len(value) * 4 <= max_bytes:
        return value
    encoded = value.encode("utf-8")
    if len(encoded) <= max_bytes:
        return value
    return encoded[:max_bytes].decode("utf-8", "ignore")


@_guarded
def scalar(value):
    """A value of a context: text, bool, int or finite float, each exactly of that type."""
    kind = type(value)
    if kind is bool:
        return value
    value = _present(value)
    if isinstance(value, bool) or _NUMPY_BOOL & _origins(value):
        return bool(value)
    if isinstance(value, numbers.Real) or _is_decimal(value):
        return _number(value)
    return text(value)


@_guarded
def number(value):
    """A finite int or float, also from text that is a number."""
    value = _present(value)
    if isinstance(value, bool) or _NUMPY_BOOL & _origins(value):
        raise Unreadable("is a bool, not a number")
    if isinstance(value, numbers.Real) or _is_decimal(value):
        return _number(value)
    return _number_in(text(value))


@_guarded
def count(value):
    """An int, also from an integral number of another type and from text that is one."""
    value = number(value)
    if value != int(value):
        raise Unreadable("is not a whole number")
    return int(value)


def _number(value):
    if isinstance(value, numbers.Integral):
        value = int(value)
        if value.bit_length() > MAX_BITS:
            raise Unreadable("is out of range")
        return value
    if _is_decimal(value) and value.is_nan():  # a signalling one cannot be a float
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


def is_a(value, kind):
    """``isinstance`` for a value that may be a proxy whose object cannot be had."""
    try:
        return isinstance(value, kind)
    except Exception:  # what it stands for cannot be had
        return False


def flag(value):
    """The truth of a value; False where it has none."""
    try:
        return bool(value)
    except Exception:  # an array, a proxy without an object
        return False


@_guarded
def pairs(value, sequences=False):
    """The ``[(key, value)]`` of a mapping, by what its ``items()`` gives.

    :param bool sequences: whether an iterable of pairs will do as well.
    """
    value = _present(value)
    if isinstance(value, Mapping) or callable(getattr(value, "items", None)):
        return list(value.items())
    if callable(getattr(value, "keys", None)) and hasattr(value, "__getitem__"):
        return [(key, value[key]) for key in value.keys()]
    if sequences and isinstance(value, Iterable) and not isinstance(value, string_types + _BYTES):
        return [tuple(pair) if isinstance(pair, (list, tuple)) else (pair,) for pair in value]
    raise WrongType()


def is_finite(value):
    """Whether a float is neither NaN nor infinite."""
    return value - value == 0
