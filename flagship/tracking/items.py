"""What is on its way to the platform, and the bodies of the requests that carry it."""
import json

from flagship._compat import string_types
from flagship._json import encode

#: The endpoints that take batches, by the names that log lines and the spool use.
ACTIVATE, HIT = "activate", "hit"

MAX_AGE = 4 * 3600         # seconds; the platform refuses what is older
MAX_ACTIVATIONS = 100      # in a batch
MAX_BATCH_BYTES = 2400000  # the platform takes 2.5 MB; the rest is for the envelope
_AGE_BYTES = 30            # at most, of an item's age and a comma

SEGMENT = "SEGMENT"        # the type of a context that travels as a hit
_OTHER = "OTHER"           # a type that the SDK does not have: a user's class, a newer version

# The lowest goes first when time is short, the highest is dropped first when room is: what counts
# in money and results, what was looked at, contexts.
_RANKS = {"ACTIVATE": 0, "TRANSACTION": 0, "ITEM": 0, "EVENT": 0, _OTHER: 0,
          "PAGEVIEW": 1, "SCREENVIEW": 1, SEGMENT: 2}
RANKS = 3


class Item(object):
    """One activation, hit or context.

    :ivar str endpoint: ACTIVATE or HIT.
    :ivar float made: when it was made, by :func:`flagship._compat.monotonic`.
    :ivar bytes payload: its wire form, a JSON object, without its age and what a batch says once.
    :ivar str kind: its type on the wire, or ``"ACTIVATE"``.
    :ivar int rank: 0 for what counts most, up to RANKS - 1.
    :ivar row: its number in the spool, or None where it is in memory alone.
    :ivar int size: how many bytes it adds to a batch, at most.
    """

    __slots__ = ("endpoint", "made", "payload", "kind", "rank", "row", "size")

    def __init__(self, endpoint, made, payload, kind, row=None):
        self.endpoint, self.made, self.payload, self.row = endpoint, made, payload, row
        self.kind = kind if kind in _RANKS else _OTHER
        self.rank, self.size = _RANKS[self.kind], len(payload) + _AGE_BYTES


def create_item(endpoint, made, fields, row=None):
    """An Item of a wire form.

    :param dict fields: the wire form.
    :raises Exception: where it has no fields, is not JSON or fits into no batch; a value of a
        user's own type may raise anything.
    """
    if not isinstance(fields, dict) or not fields:
        raise ValueError("it has no fields")
    payload = encode(fields)
    if len(payload) + _AGE_BYTES > MAX_BATCH_BYTES:
        raise ValueError("it has %d bytes, over the %d of a batch"
                         % (len(payload), MAX_BATCH_BYTES))
    kind = "ACTIVATE" if endpoint == ACTIVATE else fields.get("t")
    return Item(endpoint, made, payload, kind if isinstance(kind, string_types) else _OTHER, row)


def batches(items):
    """The items in lists of at most MAX_BATCH_BYTES, in their order."""
    batch, size = [], 0
    for item in items:
        if batch and size + item.size > MAX_BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += item.size
    if batch:
        yield batch


def body_of(items, env_id, now):
    """The body (bytes) of the request that carries items of one endpoint.

    :param float now: the present time, by the same clock as ``made``.
    """
    listed = b", ".join(_aged(item, now) for item in items)
    env_id = json.dumps(env_id).encode("ascii")
    if items[0].endpoint == ACTIVATE:
        return b'{"cid": ' + env_id + b', "batch": [' + listed + b"]}"
    return b'{"t": "BATCH", "ds": "APP", "cid": ' + env_id + b', "h": [' + listed + b"]}"


def _aged(item, now):
    """An item's wire form with the milliseconds since it was made."""
    age = min(max(0.0, now - item.made), MAX_AGE) * 1000
    return b'%s, "qt": %d}' % (item.payload[:-1], age)


def kinds_of(items):
    """How many there are of which kind, for a log line: ``"2 EVENT, 1 PAGEVIEW"``."""
    kinds = [item.kind for item in items]
    return ", ".join("%d %s" % (kinds.count(kind), kind) for kind in sorted(set(kinds)))


def counted(number):
    """A number of items for a log line."""
    return "1 item" if number == 1 else "%d items" % number
