"""Describes received requests for people, for the emulator's page and command. Pure."""
import json

from flagship._compat import text_type
from flagship.emulator.collect import SEGMENT

#: The kinds of rows.
KINDS = ("decision", "context", "activation", "hit", "file", "refused")

_MAX_TEXT = 300    # characters
_MAX_BODY = 20000  # characters
# The fields that distinguish hits of the same type.
_FACTS = {"PAGEVIEW": ("dl",), "SCREENVIEW": ("dl",), "EVENT": ("ec", "ea", "el", "ev"),
          "TRANSACTION": ("tid", "ta", "tr", "tc"), "ITEM": ("tid", "in", "ic", "ip"),
          "CAMPAIGN": ("caid", "vaid")}


class Row(object):
    """One thing that arrived in a request: a request for a decision or for a file, a context, an
    activation, a hit; or a request that was rejected.

    :ivar str kind: one of KINDS.
    :ivar str visitor: the visitor's id, empty if there is none.
    :ivar str what: a short description.
    :ivar str body: as indented JSON, or as received; empty if there is none.
    """

    __slots__ = ("kind", "visitor", "what", "body")

    def __init__(self, kind, visitor, what, body):
        self.kind, self.visitor = kind, _cut_text(_as_text(visitor))
        self.what, self.body = _cut_text(what), _cut_text(_dump_indented(body), _MAX_BODY)

    def as_dict(self):
        """Return all attributes as a JSON-serialisable dict."""
        return {name: getattr(self, name) for name in self.__slots__}


def rows_of(request, most=100, names=None):
    """Return the Rows of a Request that was answered, at least one. For a batch these are the first
    ``most`` and one for the rest. ``names`` are those of variations, by the
    ids of their group and their own."""
    try:
        body = request.json() if request.body else None
    except ValueError:
        body = None
    parts = _parts(body)
    if request.message is not None:
        what = request.message
        if request.endpoint is None:
            what = u"%s: %s" % (what, request.path)
        visitor = _visitor(parts[0]) if parts else u""
        return [Row("refused", visitor, what, request.body if body is None else body)]
    if not parts:
        what = u"not changed" if request.status == 304 else u""
        return [Row(_kind(request, {}), u"", what, body)]
    rows = [Row(_kind(request, part), _visitor(part), _what(part, names or {}), part)
            for part in parts[:most]]
    if len(parts) > most:
        rows.append(Row(rows[-1].kind, u"", u"and %d more" % (len(parts) - most), None))
    return rows


def _parts(body):
    """Return the objects in a body: those of a batch, or the body itself."""
    if not isinstance(body, dict):
        return []
    for name in ("batch", "h"):
        if isinstance(body.get(name), list):
            return [each for each in body[name] if isinstance(each, dict)]
    return [body]


def _kind(request, part):
    if request.endpoint in ("campaigns", "flags"):
        return "decision"
    if request.endpoint == "events" or part.get("t") == SEGMENT:
        return "context"
    return {"activate": "activation", "hit": "hit"}.get(request.endpoint, "file")


def _visitor(part):
    """Return the visitor's id in a body; the id of the authenticated visitor if there is one."""
    for name in ("cuid", "visitorId", "visitor_id", "vid"):
        if part.get(name) not in (None, u""):
            return part[name]
    return u""


def _what(part, names):
    for name in ("s", "data", "context"):
        if isinstance(part.get(name), dict):
            pairs = [u"%s=%s" % (key, _as_text(part[name][key])) for key in sorted(part[name])]
            return u", ".join(pairs) or u"no context"
    if "t" in part:
        kind = part["t"]
        facts = _FACTS.get(kind, ()) if isinstance(kind, text_type) else ()
        return u" ".join(
            [_as_text(kind)] + [_as_text(part[name]) for name in facts if name in part])
    if "vaid" in part:
        ids = _as_text(part.get("caid")), _as_text(part["vaid"])
        return names.get(ids) or u"%s, variation %s" % ids
    return u""


def _as_text(value):
    """Return text unchanged, and anything else as JSON."""
    return value if isinstance(value, text_type) else _dump(value)


def _dump_indented(body):
    if body is None:
        return u""
    if isinstance(body, bytes):
        return body[:_MAX_BODY].decode("utf-8", "replace")
    return _dump(body, indent=2, separators=(",", ": "))


def _dump(value, **options):
    try:
        return text_type(json.dumps(value, ensure_ascii=False, sort_keys=True, **options))
    except (ValueError, RuntimeError):
        return u"..."  # nested too deep


def _cut_text(text, limit=_MAX_TEXT):
    return text if len(text) <= limit else text[:limit - 1] + u"\u2026"
