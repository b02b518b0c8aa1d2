"""What Universal Collect accepts. Written from the hit format, not from the SDK's own table, so that one shows the
other's mistakes."""
from flagship._compat import integer_types, text_type
from flagship._validation import url_problem

MAX_BATCH = 2500000  # bytes
MAX_AGE_MS = 4 * 3600 * 1000


class Invalid(Exception):
    """A hit that is not accepted; its text says why."""


def hits(body, size, env_id):
    """The hits of a decoded body of ``size`` bytes, a list of dicts; those of a batch with its ``cid`` and ``ds``.

    :raises Invalid: when any of them is not accepted.
    """
    if body.get("cid") != env_id:
        raise Invalid("cid is missing or wrong")
    if body.get("ds") != "APP":
        raise Invalid("ds must be APP")
    if body.get("t") != "BATCH":
        _check(body, ("cid", "ds"))
        return [body]
    if size > MAX_BATCH:
        raise Invalid("a batch must be at most %d bytes" % MAX_BATCH)
    unknown = sorted(set(body) - {"t", "ds", "cid", "h"})
    if unknown or not isinstance(body.get("h"), list) or not body["h"]:
        raise Invalid("a batch is t, ds, cid and h, a list of hits")
    for hit in body["h"]:
        if not isinstance(hit, dict):
            raise Invalid("a hit must be an object")
        _check(hit, ("qt",))
        if not _count(hit.get("qt")) or hit["qt"] > MAX_AGE_MS:
            raise Invalid("qt must be a number of milliseconds, at most %d" % MAX_AGE_MS)
    return [dict(hit, cid=body["cid"], ds=body["ds"]) for hit in body["h"]]


def _text(limit, empty=True):
    def is_text(value):
        return (isinstance(value, text_type) and len(value.encode("utf-8")) <= limit) and (empty or value != "")
    return is_text


def _integer(value):
    return isinstance(value, integer_types) and not isinstance(value, bool)


def _number(value):
    return isinstance(value, float) or _integer(value)


def _count(value):
    return _integer(value) and value >= 0


def _url(value):
    return _text(2048)(value) and url_problem(value) is None


def _resolution(value):
    width, _, height = value.partition("x") if isinstance(value, text_type) else ("", "", "")
    return width.isdigit() and height.isdigit()


_NAME, _FREE = _text(500, empty=False), _text(500)
_COMMON = {"vid": _NAME, "cuid": _NAME, "uip": _FREE, "sr": _resolution, "ul": _FREE, "sn": _count, "cst": _count}

# type: (required, optional)
_TYPES = {
    "PAGEVIEW": ({"dl": _url}, {}),
    "SCREENVIEW": ({"dl": _text(2048, empty=False)}, {}),
    "EVENT": ({"ec": lambda value: value in ("Action Tracking", "User Engagement"), "ea": _NAME},
              {"el": _FREE, "ev": lambda value: _integer(value) and value > 0}),
    "TRANSACTION": ({"tid": _NAME, "ta": _NAME},
                    {"tr": _number, "ts": _number, "sm": _FREE, "tt": _number, "tc": _FREE, "pm": _FREE,
                     "icn": _integer, "tcc": _FREE}),
    "ITEM": ({"tid": _NAME, "in": _NAME, "ic": _NAME}, {"ip": _number, "iq": _integer, "iv": _FREE}),
}


def _check(hit, envelope):
    kind = hit.get("t")
    if not isinstance(kind, text_type) or kind not in _TYPES:
        raise Invalid("t must be one of %s" % ", ".join(sorted(_TYPES)))
    required, optional = _TYPES[kind]
    fields = dict(_COMMON)
    fields.update(optional)
    fields.update(required)
    for key in list(required) + ["vid"]:
        if key not in hit:
            raise Invalid("%s: %s is missing" % (kind, key))
    for key, value in hit.items():
        if key == "t" or key in envelope:
            continue
        if key not in fields:
            raise Invalid("%s: unknown field %s" % (kind, key))
        if not fields[key](value):
            raise Invalid("%s: %s is wrong" % (kind, key))
