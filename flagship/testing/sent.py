"""The flags that a test gives to visitors, and records of what they would have sent."""
from collections import namedtuple

from flagship import _validation as check
from flagship._compat import Mapping, MappingProxyType, integer_types, string_types
from flagship.decision.modification import MAX_DEPTH, Modification


class SentActivation(namedtuple("SentActivation", (
        "visitor_id", "anonymous_id", "key", "value", "campaign_id", "variation_group_id",
        "variation_id", "wire"))):
    """An activation: a report that a visitor has seen a flag.

    :ivar str visitor_id: the visitor's id.
    :ivar anonymous_id: the id that the visitor had before it logged in, or None.
    :ivar str key: the flag's key.
    :ivar value: the flag's value.
    :ivar str campaign_id: the id of the flag's campaign; likewise ``variation_group_id`` and
        ``variation_id``.
    :ivar dict wire: what would be sent to the platform.
    """

    __slots__ = ()


class SentHit(namedtuple("SentHit", ("visitor_id", "anonymous_id", "type", "wire"))):
    """A visitor's hit.

    :ivar str visitor_id: the visitor's id.
    :ivar anonymous_id: the id that the visitor had before it logged in, or None.
    :ivar str type: ``PAGEVIEW``, ``SCREENVIEW``, ``EVENT``, ``TRANSACTION`` or ``ITEM``.
    :ivar dict wire: what would be sent to the platform.
    """

    __slots__ = ()


class SentContext(namedtuple("SentContext", ("visitor_id", "context", "wire"))):
    """A context event, which each successful synchronisation sends.

    :ivar str visitor_id: the visitor's id.
    :ivar dict context: the part of the visitor's context that would be sent.
    :ivar dict wire: what would be sent to the platform.
    """

    __slots__ = ()


class Sent(object):
    """The flags that visitors get inside a :class:`flagship_flags` block, and what they would have
    sent.

    All attributes are thread-safe.
    """

    def __init__(self, flags, changed):
        self._changed = changed
        self._panic = self._down = False
        self.flags = flags
        self.clear()

    @property
    def flags(self):
        """The flags that visitors get when they synchronise. May be set to whatever
        :class:`flagship_flags` accepts; reading it gives a read-only mapping, or the callable that
        was given."""
        return self._flags[0]

    @flags.setter
    def flags(self, flags):
        if callable(flags):
            self._flags = flags, None
        else:
            modifications = _modifications(flags)
            given = {key: each.value for key, each in modifications.items()}
            # A single assignment, as a visitor may be synchronising in another thread.
            self._flags = MappingProxyType(given), modifications

    @property
    def panic(self):
        """Whether the platform is in panic; may be set, initially False. While it is True, visitors
        get defaults and nothing is sent."""
        return self._panic

    @panic.setter
    def panic(self, panic):
        self._panic = check.boolean("flagship_flags", "panic", panic)
        self._changed()

    @property
    def down(self):
        """Whether the platform is down; may be set, initially False. While it is True,
        synchronisation fails (in bucketing mode, as if there was no bucketing file yet), and
        nothing that visitors send is recorded here."""
        return self._down

    @down.setter
    def down(self, down):
        self._down = check.boolean("flagship_flags", "down", down)

    @property
    def activations(self):
        """The activations so far, in order: a new list of SentActivation."""
        return list(self._kept[SentActivation])

    @property
    def hits(self):
        """The hits so far, in order: a new list of SentHit."""
        return list(self._kept[SentHit])

    @property
    def context_events(self):
        """The context events so far, in order: a new list of SentContext."""
        return list(self._kept[SentContext])

    def clear(self):
        """Forget everything that was sent so far."""
        self._kept = {SentActivation: [], SentHit: [], SentContext: []}

    def keep(self, record):
        """Keep a record of what was sent."""
        self._kept[type(record)].append(record)

    def modifications_for(self, visitor_id, context):
        """Return the flags of one visitor, a dict from key to Modification."""
        given, modifications = self._flags
        return _modifications(
            given(visitor_id, dict(context))) if modifications is None else modifications

    def __repr__(self):
        return "<Sent, %d activations, %d hits, %d context events>" % (
            len(self.activations), len(self.hits), len(self.context_events))


def _modifications(flags):
    if not isinstance(flags, Mapping):
        raise check.typing_error("flagship_flags", "flags", flags,
                                 "a dict from key to value, or a callable (visitor_id, context) "
                                 "that returns one")
    modifications = {}
    for key, value in flags.items():
        key = check.text("flagship_flags", "a key of flags", key)
        modifications[key] = Modification(key, _json_value(key, value, 0), u"campaign-" + key,
                                          u"group-" + key, u"variation-" + key, False)
    return modifications


def _json_value(key, value, depth):
    """Return a copy of a flag's value, with the types that decoding the platform's JSON gives."""
    if value is None or isinstance(value, bool):
        return value
    name = "flags[%r]" % str(key) if type(key) is str else "a value of flags"
    if isinstance(value, string_types):
        return check.text("flagship_flags", name, value)
    if isinstance(value, integer_types + (float,)):
        return check.number("flagship_flags", name, value)
    if depth >= MAX_DEPTH:
        raise check.param_error("flagship_flags", name,
                                "must not be nested more than %d deep" % MAX_DEPTH)
    if isinstance(value, (list, tuple)):
        return [_json_value(key, part, depth + 1) for part in value]
    if isinstance(value, dict):
        return {check.text("flagship_flags", "a key in " + name, part): _json_value(
            key, value[part], depth + 1)
                for part in value}
    raise check.typing_error("flagship_flags", name, value,
                             "text, bool, int, float, dict, list or None")
