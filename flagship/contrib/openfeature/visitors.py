"""The visitors behind evaluation contexts: OpenFeature evaluates one flag at a time, Flagship
decides on all of them at once."""
from __future__ import absolute_import

from datetime import datetime, timezone

from flagship import _values
from flagship._compat import monotonic
from flagship._events import current
from flagship.context import checked_value, key_text
from flagship.errors import ContextError
from flagship.visitor import read_consent

#: The attribute of an evaluation context that says whether the visitor has consented.
CONSENT = "fs_consent"

# Seconds until a failed synchronisation is retried, so that a page that reads ten flags waits only
# once.
_RETRY = 1.0
_MAX_LOGGED = 1000  # maximum number of left-out attribute keys that are logged


class RecentVisitor(object):
    """A visitor, the time until which its flags are used, and why its last synchronisation failed
    (or "")."""

    __slots__ = ("visitor", "until", "problem")

    def __init__(self, visitor):
        self.visitor, self.until, self.problem = visitor, 0, ""


class RecentVisitors(object):
    """Creates and synchronises visitors, and keeps each for a short while. Thread-safe, without a
    lock.

    :param float ttl: seconds for which a visitor's flags are used; 0: each call synchronises.
    :param int max_visitors: maximum number of visitors; above it the oldest tenth is evicted.
    :param outcome: called with the RecentVisitor after each synchronisation.
    """

    def __init__(self, ttl, max_visitors, outcome):
        self._ttl, self._max, self._outcome = ttl, max_visitors, outcome
        self.forget()

    def forget(self):
        """Forget all visitors."""
        # The decision manager and the visitors that it decided on, replaced in a single assignment.
        self._kept = None, {}

    def get(self, flagship, visitor_id, context, has_consented=True):
        """Return the RecentVisitor with this id, context and consent, whether or not its
        synchronisation succeeded; raises InitializationError if the SDK is not started, TypingError
        if ``has_consented`` is no bool."""
        has_consented = read_consent("evaluation", has_consented, current())
        runtime = flagship._runtime
        # Visitors outlive a restart with other options; decisions made before it do not.
        present = None if runtime is None else runtime.parts.decisions
        decisions, kept = self._kept
        if decisions is not present:
            kept = {}
            self._kept = present, kept
        # The type is part of the key because True == 1 == 1.0.
        key = visitor_id, has_consented, frozenset(
            (name, type(value), value) for name, value in context.items())
        recent = kept.get(key)
        if recent is None:
            recent = RecentVisitor(flagship.create_visitor(
                visitor_id, context=context, has_consented=has_consented))
        elif monotonic() < recent.until:
            return recent
        success, log = recent.visitor.synchronize_modifications()
        recent.problem = "" if success else log
        recent.until = monotonic() + (self._ttl if success else min(self._ttl, _RETRY))
        if self._ttl:
            kept[key] = recent
            if len(kept) > self._max:
                for oldest in list(kept)[:self._max // 10 + 1]:
                    kept.pop(oldest, None)
        self._outcome(recent)
        return recent


class Attributes(object):
    """Converts the attributes of evaluation contexts to visitors' contexts."""

    def __init__(self):
        self._logged = set()

    def context_of(self, attributes):
        """Return ``{key: value}`` of the attributes that are valid in a visitor's context; each key
        that is left out is logged once."""
        context = {}
        for key, value in attributes.items():
            try:
                key = key_text(key)
                if _values.is_a(value, datetime):
                    value = _utc(key, value)
                context[key] = checked_value(key, value)
            except _values.Absent:
                pass  # None counts as no value
            except ContextError as error:
                if key not in self._logged and len(self._logged) < _MAX_LOGGED:
                    self._logged.add(key)
                    current().warning("[openfeature] left out of the visitor's context: %s",
                                      error.message)
        return context


def _utc(key, moment):
    """Return ISO 8601 text in UTC, so that comparing text compares times; a naive datetime is
    assumed to be UTC."""
    try:
        if moment.tzinfo is not None:
            moment = moment.astimezone(timezone.utc)
    except Exception:  # in UTC it is before the year 1 or after 9999
        raise ContextError("the value of context key %r (datetime) is out of range" % key)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
