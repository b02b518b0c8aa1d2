"""What arrived, said for people: the emulator's page and command show it. Pure."""
import json

from flagship._compat import text_type
from flagship.emulator.collect import SEGMENT

#: Of what kind a row may be.
KINDS = ("decision", "context", "activation", "hit", "file", "refused")

_MAX_TEXT = 300    # characters
_MAX_BODY = 20000  # likewise
# What tells one hit from another of its type.
_FACTS = {"PAGEVIEW": ("dl",), "SCREENVIEW": ("dl",), "EVENT": ("ec", "ea", "el", "ev"),
          "TRANSACTION": ("tid", "ta", "tr", "tc"), "ITEM": ("tid", "in", "ic", "ip"),
          "CAMPAIGN": ("caid", "vaid")}


class Row(object):
    """One thing that arrived in a request: a decision that was asked for, a context, an activation,
    a hit, a file that was asked for; or a request that was refused.

    :ivar str kind: one of KINDS.
    :ivar str visitor: the visitor's id, empty where there is none.
    :ivar str what: in a few words.
    :ivar str body: as indented JSON, or as it came; empty where there is none.
    """

    __slots__ = ("kind", "visitor", "what", "body")

    def __init__(self, kind, visitor, what, body):
        self.kind, self.visitor = kind, _cut(_said(visitor))
        self.what, self.body = _cut(what), _cut(_indented(body), _MAX_BODY)

    def as_dict(self):
        """What JSON can express of it: all."""
        return {name: getattr(self, name) for name in self.__slots__}


def rows_of(request, most=100):
    """The Rows of a Request that was answered, at least one; of a batch the first ``most`` and one
    for the rest."""
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
    rows = [Row(_kind(request, part), _visitor(part), _what(part), part)
            for part in parts[:most]]
    if len(parts) > most:
        rows.append(Row(rows[-1].kind, u"", u"and %d more" % (len(parts) - most), None))
    return rows


def _parts(body):
    """The objects in a body: those of a batch, or itself."""
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
    """Who a body is of: the one that is logged in, where there is one."""
    for name in ("cuid", "visitorId", "visitor_id", "vid"):
        if part.get(name) not in (None, u""):
            return part[name]
    return u""


def _what(part):
    for name in ("s", "data", "context"):
        if isinstance(part.get(name), dict):
            pairs = [u"%s=%s" % (key, _said(part[name][key])) for key in sorted(part[name])]
            return u", ".join(pairs) or u"no context"
    if "t" in part:
        kind = part["t"]
        facts = _FACTS.get(kind, ()) if isinstance(kind, text_type) else ()
        return u" ".join([_said(kind)] + [_said(part[name]) for name in facts if name in part])
    if "vaid" in part:
        return u"%s, variation %s" % (_said(part.get("caid")), _said(part["vaid"]))
    return u""


def _said(value):
    """Text as it is, anything else as JSON."""
    return value if isinstance(value, text_type) else _dumped(value)


def _indented(body):
    if body is None:
        return u""
    if isinstance(body, bytes):
        return body[:_MAX_BODY].decode("utf-8", "replace")
    return _dumped(body, indent=2, separators=(",", ": "))


def _dumped(value, **options):
    try:
        return text_type(json.dumps(value, ensure_ascii=False, sort_keys=True, **options))
    except (ValueError, RuntimeError):
        return u"..."  # nested too deep


def _cut(text, limit=_MAX_TEXT):
    return text if len(text) <= limit else text[:limit - 1] + u"\u2026"
