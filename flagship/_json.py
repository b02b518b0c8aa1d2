"""JSON as the platform uses it: UTF-8, no NaN or infinity, and memory use in proportion to its
size."""
import json
import re

from flagship._compat import RecursionError, text_type, without_collector

_INFINITY = float("inf")

# Longer integers fit in no float, and parsing them takes quadratic time: since 3.11 Python itself
# refuses those of over 4300 digits.
_MOST_DIGITS = 308
_LONG = re.compile(b"(?<![0-9])[0-9]{309}")
# Searching for them takes longer than decoding the document, so every 30th byte is checked first: a
# long integer shows there as ten digits in a row.
_STEP, _DIGITS_IN_A_ROW = 30, b"0" * 10
_DIGITS = bytes(bytearray(b"0"[0] if 48 <= byte < 58 else b"."[0] for byte in range(256)))

# A document may take this many times its size in memory, by the minimum size of its parts: far more
# than any real document does. Documents smaller than the floor are not checked.
_MOST_TIMES, _FLOOR = 16, 1024 * 1024
_LEAST_BYTES = ((b"{", 200), (b"[", 64), (b",", 24))
_NO_SIGNS = bytes(bytearray(set(range(256)) - {123, 91, 44}))


class TooDeep(ValueError):
    """JSON that is nested too deep for the decoder's stack."""


_loads = without_collector(json.loads)
# json.dumps would create an encoder each time.
_encode = without_collector(json.JSONEncoder(allow_nan=False).encode)
_encode_sorted = without_collector(
    json.JSONEncoder(allow_nan=False, sort_keys=True, separators=(",", ":")).encode)
# In JSON these stand in text alone.
_ESCAPED = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027"))


def encode(value):
    """Return JSON as ASCII bytes; raises ValueError or TypeError if ``value`` is not
    JSON-serialisable."""
    return _encode(value).encode("ascii")


def script_text(value):
    """Return JSON as ASCII text, without the characters that could end or leave a ``<script>``
    element; the keys of objects are sorted. Raises what :func:`encode` does."""
    text = _encode_sorted(value)
    for sign, escaped in _ESCAPED:
        text = text.replace(sign, escaped)
    return text_type(text)


def decode(content):
    """Return the value of ``content``, bytes that may start with a byte order mark.

    An integer of over 308 digits becomes an infinite float, as a float of that size does.

    :raises ValueError: if it is not JSON, is nested too deep, or consists of so many small parts
        that they would take a multiple of its size in memory.
    """
    options = _options(content)
    try:
        return _loads(content.decode("utf-8-sig"), **options)
    except RecursionError:
        raise TooDeep("nested too deep")


def scanner(content):
    """Return a function that decodes the parts of a document one by one, with the same results as
    :func:`decode`.

    :return: ``(text, scan)``; ``scan(text, position)`` returns ``(value, end position)``, and
        raises ValueError if there is no value, RecursionError if it is nested too deep.
    :raises ValueError: on too many small parts, as :func:`decode` does.
    """
    options = _options(content)
    return content.decode("utf-8-sig"), without_collector(json.JSONDecoder(**options).raw_decode)


def _options(content):
    if len(content) > _FLOOR and _least_size(content) > _MOST_TIMES * len(content):
        raise ValueError("too many parts for its size")
    # Calling a Python function for each number would double the time for a large document.
    if _DIGITS_IN_A_ROW in content[::_STEP].translate(_DIGITS) and _LONG.search(content):
        return {"parse_constant": _refuse, "parse_int": _integer}
    return {"parse_constant": _refuse}


def _least_size(content):
    # Counting takes most of a millisecond per MB and sign, so all that is no sign is dropped first.
    signs = content.translate(None, _NO_SIGNS)
    return sum(signs.count(sign) * size for sign, size in _LEAST_BYTES)


def _integer(digits):
    if len(digits.lstrip("-")) <= _MOST_DIGITS:
        return int(digits)
    return -_INFINITY if digits[0] == "-" else _INFINITY


def _refuse(name):
    raise ValueError("%s is not JSON" % name)
