"""JSON as the platform speaks it: UTF-8, and no NaN or infinity."""
import json

from flagship._compat import RecursionError


def encode(value):
    """ASCII bytes; raises ValueError or TypeError for what is not JSON."""
    return json.dumps(value, allow_nan=False).encode("ascii")


def decode(content):
    """The value of ``content`` (bytes); raises ValueError for whatever is not JSON."""
    try:
        return json.loads(content.decode("utf-8"), parse_int=_int, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep")


def _int(digits):
    # What no float can hold is infinity, as for JavaScript: an int of many digits takes long to
    # make, and newer Pythons refuse it.
    return int(digits) if len(digits) < 309 else float(digits)


def _refuse(name):
    raise ValueError("%s is not JSON" % name)
