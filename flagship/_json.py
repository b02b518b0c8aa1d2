"""JSON as the platform speaks it: UTF-8, and no NaN or infinity."""
import json

from flagship._compat import RecursionError


_ENCODER = json.JSONEncoder(allow_nan=False)  # json.dumps would make one each time


def encode(value):
    """ASCII bytes; raises ValueError or TypeError for what is not JSON."""
    return _ENCODER.encode(value).encode("ascii")


def decode(content):
    """The value of ``content`` (bytes); raises ValueError for whatever is not JSON."""
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep")


def _refuse(name):
    raise ValueError("%s is not JSON" % name)
