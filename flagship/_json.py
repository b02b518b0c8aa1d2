"""JSON as the platform speaks it: UTF-8, and no NaN or infinity."""
import json
import re

from flagship._compat import RecursionError

# An int that no float can hold.
_LONG = re.compile(b"(?<![0-9])[0-9]{309}")


class TooDeep(ValueError):
    """JSON that is nested deeper than the decoder's stack takes."""


def encode(value):
    """ASCII bytes; raises ValueError or TypeError for what is not JSON."""
    return json.dumps(value, allow_nan=False).encode("ascii")


def decode(content):
    """The value of ``content`` (bytes); raises ValueError for whatever is not JSON."""
    numbers = {"parse_int": _int} if _LONG.search(content) else {}
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse, **numbers)
    except RecursionError:
        raise TooDeep("nested too deep")


def _int(digits):
    # Infinity, as for JavaScript: an int of many digits takes long to make, and newer Pythons
    # refuse it.
    return int(digits) if len(digits) < 309 else float(digits)


def _refuse(name):
    raise ValueError("%s is not JSON" % name)
