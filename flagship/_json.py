"""JSON as the platform speaks it: UTF-8, no NaN or infinity, and no more than its size warrants."""
import json
import sys

from flagship._compat import RecursionError

_INFINITY = float("inf")

# Python itself takes no longer ones since 3.11, as reading them takes quadratic time.
_MOST_DIGITS = 4300

# A document may take this many times its size in memory, by the least that its parts take: far more
# than any real one does. Below the floor it does not matter.
_MOST_TIMES, _FLOOR = 16, 1024 * 1024
_LEAST_BYTES = ((b"{", 200), (b"[", 64), (b",", 24))


def encode(value):
    """ASCII bytes; raises ValueError or TypeError for what is not JSON."""
    return json.dumps(value, allow_nan=False).encode("ascii")


def decode(content):
    """The value of ``content``, bytes that may begin with a byte order mark.

    An integer of over 4300 digits becomes an infinite float, as a float of that size does.

    :raises ValueError: for whatever is not JSON, is nested too deep, or consists of so many small
        parts that they would take a multiple of its size.
    """
    if len(content) > _FLOOR and _least_size(content) > _MOST_TIMES * len(content):
        raise ValueError("too many parts for its size")
    text = content.decode("utf-8-sig")
    try:
        if _python_bounds_digits():
            try:
                return json.loads(text, parse_constant=_refuse)
            except ValueError:
                pass  # perhaps for a long integer
        return json.loads(text, parse_constant=_refuse, parse_int=_integer)
    except RecursionError:
        raise ValueError("nested too deep")


def _python_bounds_digits():
    """Whether Python refuses long integers by itself, which is faster."""
    most = getattr(sys, "get_int_max_str_digits", lambda: 0)()
    return 0 < most <= _MOST_DIGITS


def _least_size(content):
    return sum(content.count(sign) * size for sign, size in _LEAST_BYTES)


def _integer(digits):
    if len(digits.lstrip("-")) <= _MOST_DIGITS:
        return int(digits)
    return -_INFINITY if digits[0] == "-" else _INFINITY


def _refuse(name):
    raise ValueError("%s is not JSON" % name)
