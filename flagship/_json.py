"""JSON as the platform speaks it: UTF-8, no NaN or infinity, and no more than its size warrants."""
import json
import re

from flagship._compat import RecursionError

_INFINITY = float("inf")

# Longer ones fit in no float, and reading them takes quadratic time: Python itself refuses those of
# over 4300 digits since 3.11.
_MOST_DIGITS = 308
_LONG = re.compile(b"(?<![0-9])[0-9]{309}")
# To look for them takes longer than to decode all the rest, so each 30th byte is looked at first:
# ten of a long one are digits.
_STEP, _DIGITS_IN_A_ROW = 30, b"0" * 10
_DIGITS = bytes(bytearray(b"0"[0] if 48 <= byte < 58 else b"."[0] for byte in range(256)))

# A document may take this many times its size in memory, by the least that its parts take: far more
# than any real one does. Below the floor it does not matter.
_MOST_TIMES, _FLOOR = 16, 1024 * 1024
_LEAST_BYTES = ((b"{", 200), (b"[", 64), (b",", 24))


class TooDeep(ValueError):
    """JSON that is nested deeper than the decoder's stack takes."""


_ENCODER = json.JSONEncoder(allow_nan=False)  # json.dumps would make one each time


def encode(value):
    """ASCII bytes; raises ValueError or TypeError for what is not JSON."""
    return _ENCODER.encode(value).encode("ascii")


def decode(content):
    """The value of ``content``, bytes that may begin with a byte order mark.

    An integer of over 308 digits becomes an infinite float, as a float of that size does.

    :raises ValueError: for whatever is not JSON, is nested too deep, or consists of so many small
        parts that they would take a multiple of its size.
    """
    options = _options(content)
    try:
        return json.loads(content.decode("utf-8-sig"), **options)
    except RecursionError:
        raise TooDeep("nested too deep")


def scanner(content):
    """What decodes the parts of a document one by one, as :func:`decode` would the whole.

    :return: ``(text, scan)``; ``scan(text, position)`` is ``(value, where it ends)``, and raises
        ValueError where there is none, RecursionError where it is too deep.
    :raises ValueError: as :func:`decode` does for the whole.
    """
    options = _options(content)
    return content.decode("utf-8-sig"), json.JSONDecoder(**options).raw_decode


def _options(content):
    if len(content) > _FLOOR and _least_size(content) > _MOST_TIMES * len(content):
        raise ValueError("too many parts for its size")
    # A function of ours for each number of a large document would take as long as all the rest.
    if _DIGITS_IN_A_ROW in content[::_STEP].translate(_DIGITS) and _LONG.search(content):
        return {"parse_constant": _refuse, "parse_int": _integer}
    return {"parse_constant": _refuse}


def _least_size(content):
    return sum(content.count(sign) * size for sign, size in _LEAST_BYTES)


def _integer(digits):
    if len(digits.lstrip("-")) <= _MOST_DIGITS:
        return int(digits)
    return -_INFINITY if digits[0] == "-" else _INFINITY


def _refuse(name):
    raise ValueError("%s is not JSON" % name)
