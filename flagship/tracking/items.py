"""The items that are sent to the platform, and the request bodies that carry them."""
import json

from flagship._compat import string_types
from flagship._json import encode

#: The endpoints that accept batches, by the names used in log lines and the spool.
ACTIVATE, HIT = "activate", "hit"

MAX_AGE = 4 * 3600         # seconds; the platform rejects anything older
MAX_ACTIVATIONS = 100      # in a batch
MAX_BATCH_BYTES = 2400000  # the platform accepts 2.5 MB; the rest is for the envelope
_AGE_BYTES = 30            # maximum size of an item's age and a comma

SEGMENT = "SEGMENT"        # the type of a context that is sent as a hit
OTHER = "OTHER"            # a type unknown to the SDK: from a user's class or a newer version

# The lowest rank is sent first when time is short; the highest is dropped first when space is:
# 0: results and revenue, 1: views, 2: contexts.
_RANKS = {"ACTIVATE": 0, "TRANSACTION": 0, "ITEM": 0, "EVENT": 0, OTHER: 0,
          "PAGEVIEW": 1, "SCREENVIEW": 1, SEGMENT: 2}
RANKS = 3

# The kinds by the names that users know.
_NAMES = {kind: "CONTEXT" if kind == SEGMENT else kind for kind in _RANKS}


class Item(object):
    """One activation, hit or context.

    :ivar str endpoint: ACTIVATE or HIT.
    :ivar float made: when it was made, by :func:`flagship._compat.monotonic`.
    :ivar bytes payload: its wire form, a JSON object, without its age and without the fields that
        a batch contains only once.
    :ivar str kind: its type on the wire, or ``"ACTIVATE"``.
    :ivar int rank: 0 for the most important items, up to RANKS - 1.
    :ivar row: its row id in the spool, or None if it is only in memory.
    :ivar int size: the maximum number of bytes it adds to a batch.
    """

    __slots__ = ("endpoint", "made", "payload", "kind", "rank", "row", "size")

    def __init__(self, endpoint, made, payload, kind, row=None):
        self.endpoint, self.made, self.payload, self.row = endpoint, made, payload, row
        self.kind = kind if kind in _RANKS else OTHER
        self.rank, self.size = _RANKS[self.kind], len(payload) + _AGE_BYTES


def create_item(endpoint, made, fields, row=None):
    """Return an Item from its wire form.

    :param dict fields: the wire form.
    :raises Exception: if it has no fields, is not JSON or is too large for a batch; a value of a
        user's own type may raise anything.
    """
    if not isinstance(fields, dict) or not fields:
        raise ValueError("it has no fields")
    payload = encode(fields)
    if len(payload) + _AGE_BYTES > MAX_BATCH_BYTES:
        raise ValueError("it has %d bytes, over the %d of a batch"
                         % (len(payload), MAX_BATCH_BYTES))
    kind = "ACTIVATE" if endpoint == ACTIVATE else fields.get("t")
    return Item(endpoint, made, payload, kind if isinstance(kind, string_types) else OTHER, row)


def batches(items):
    """Yield the items, in order, in lists of at most MAX_BATCH_BYTES."""
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
    """Return the request body (bytes) that carries items of one endpoint.

    :param float now: the current time, by the same clock as ``made``.
    """
    listed = b", ".join(_with_age(item, now) for item in items)
    env_id = json.dumps(env_id).encode("ascii")
    if items[0].endpoint == ACTIVATE:
        return b'{"cid": ' + env_id + b', "batch": [' + listed + b"]}"
    return b'{"t": "BATCH", "ds": "APP", "cid": ' + env_id + b', "h": [' + listed + b"]}"


def _with_age(item, now):
    """Return an item's wire form with its age in milliseconds."""
    age = min(max(0.0, now - item.made), MAX_AGE) * 1000
    return b'%s, "qt": %d}' % (item.payload[:-1], age)


def kinds_of(items):
    """Return how many items there are of each kind, for a log line: ``"2 EVENT, 1 PAGEVIEW"``."""
    kinds = [item.kind for item in items]
    return ", ".join("%d %s" % (kinds.count(kind), kind) for kind in sorted(set(kinds)))


def counts_of(kinds):
    """Return how many there are of each kind, for an event: a sorted tuple of ``(kind, number)``.

    :param kinds: the kinds of some items, or whatever a user's hit has for one.
    """
    numbers = {}
    for kind in kinds:
        try:
            name = _NAMES[kind]
        except (KeyError, TypeError):  # unknown, or not hashable
            name = OTHER
        numbers[name] = numbers.get(name, 0) + 1
    return tuple(sorted(numbers.items()))


def count_text(number):
    """Return a number of items as text for a log line."""
    return "1 item" if number == 1 else "%d items" % number
