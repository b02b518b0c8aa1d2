"""Validates hits as Universal Collect does, whichever SDK or server sends them: every kind of hit,
single or in a batch. Written from the hit format and not from the SDK's own table, so that each
reveals mistakes in the other. What our SDK may send is narrower; that is checked by the tests."""
from flagship._compat import integer_types, text_type
from flagship._validation import url_problem

MAX_BATCH = 2500000  # bytes
MAX_AGE_MS = 4 * 3600 * 1000

#: The hit type of a context that is not sent as an event of its own.
SEGMENT = "SEGMENT"


class Invalid(Exception):
    """A hit is rejected; the message says why."""


def hits(body, size, env_id):
    """Return the hits in a decoded body of ``size`` bytes, a list of dicts; those of a batch get
    its ``cid`` and ``ds``.

    :param env_id: the only environment that is accepted; None: any is.
    :raises Invalid: if any of them is rejected.
    """
    if body.get("ds") != "APP":
        raise Invalid("ds must be APP")
    if body.get("t") != "BATCH":
        _check(body, env_id)
        return [body]
    if size > MAX_BATCH:
        raise Invalid("a batch must be at most %d bytes" % MAX_BATCH)
    unknown = sorted(set(body) - {"t", "ds", "cid", "h", "qt", "cv"})
    if unknown or not isinstance(body.get("h"), list) or not body["h"]:
        raise Invalid("a batch is t, ds, cid and h, a list of hits")
    _check_age(body)
    # In a batch from the vendor's server, each hit names the environment itself.
    envelope = {key: body[key] for key in ("cid", "ds") if key in body}
    hits = []
    for hit in body["h"]:
        if not isinstance(hit, dict):
            raise Invalid("a hit must be an object")
        hits.append(dict(envelope))
        hits[-1].update(hit)
        _check(hits[-1], env_id)
    return hits


def _text(limit):
    def is_text(value):
        return isinstance(value, text_type) and len(value.encode("utf-8", "replace")) <= limit
    return is_text


def _name(value):
    return _FREE(value) and value != ""


def _integer(value):
    return isinstance(value, integer_types) and not isinstance(value, bool)


def _number(value):
    return isinstance(value, float) or _integer(value)


def _count(value):
    return _integer(value) and value >= 0


def _boolean(value):
    return isinstance(value, bool)


def _count_or_digits(value):
    return _count(value) or isinstance(value, text_type) and value.isdigit()


def _url(value):
    return _text(2048)(value) and url_problem(value) is None


def _resolution(value):
    """Return whether a value is a width and a height, separated by ``x`` or ``X``."""
    if not isinstance(value, text_type):
        return False
    width, _, height = value.lower().partition("x")
    return width.isdigit() and height.isdigit()


def _category(value):
    return value in ("Action Tracking", "User Engagement")


def _context(value):
    return isinstance(value, dict)


_FREE = _text(500)
_COMMON = {"vid": _name, "cuid": lambda value: value is None or _FREE(value), "ds": _FREE,
           "cid": _name, "uip": _FREE, "sr": _resolution, "ul": _FREE, "sn": _count_or_digits,
           "cst": _count, "qt": _count, "qa": _boolean}

# type: (required, optional)
_TYPES = {
    "PAGEVIEW": ({"dl": _url}, {}),
    "SCREENVIEW": ({"dl": _text(2048)}, {}),
    "EVENT": ({"ec": _category, "ea": _FREE}, {"el": _FREE, "ev": _count}),
    "TRANSACTION": ({"tid": _FREE, "ta": _FREE},
                    {"tr": _number, "ts": _number, "sm": _FREE, "tt": _number, "tc": _FREE,
                     "pm": _FREE, "icn": _integer, "tcc": _FREE}),
    "ITEM": ({"tid": _FREE, "in": _FREE, "ic": _FREE},
             {"ip": _number, "iq": _integer, "iv": _FREE}),
    "CAMPAIGN": ({"caid": _name, "vaid": _name}, {}),
    SEGMENT: ({"s": _context}, {}),
}


def _check_age(body):
    if "qt" in body and not (_count(body["qt"]) and body["qt"] <= MAX_AGE_MS):
        raise Invalid("qt must be a number of milliseconds, at most %d" % MAX_AGE_MS)


def _check(hit, env_id):
    named = hit.get("cid")
    if not named or named != (env_id or named):
        raise Invalid("cid is missing or wrong")
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
    _check_age(hit)
    for key, value in hit.items():
        if key == "t":
            continue
        if key not in fields:
            raise Invalid("%s: unknown field %s" % (kind, key))
        if not fields[key](value):
            raise Invalid("%s: %s is wrong" % (kind, key))
