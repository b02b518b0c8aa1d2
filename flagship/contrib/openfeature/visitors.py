"""The visitors behind evaluation contexts: OpenFeature asks flag by flag, Flagship decides on all
at once."""
from __future__ import absolute_import

from datetime import datetime, timezone

from flagship import _values
from flagship._compat import monotonic
from flagship._events import current
from flagship.context import checked_value, key_text
from flagship.errors import ContextError

# Seconds after which a synchronisation that failed is tried again: a page that reads ten flags
# waits once.
_RETRY = 1.0
_MAX_LOGGED = 1000  # keys of attributes that were left out, of which a line was logged


class RecentVisitor(object):
    """A visitor, until when its flags are used, and why they could not be had the last time, or
    ""."""

    __slots__ = ("visitor", "until", "problem")

    def __init__(self, visitor):
        self.visitor, self.until, self.problem = visitor, 0, ""


class RecentVisitors(object):
    """Makes and synchronises visitors, and keeps each for a short while. Safe for several threads,
    without a lock.

    :param float ttl: seconds for which a visitor's flags are used; 0: each call synchronises.
    :param int max_visitors: how many are kept; beyond, a tenth of them goes, the oldest first.
    :param outcome: called with the RecentVisitor after each synchronisation.
    """

    def __init__(self, ttl, max_visitors, outcome):
        self._ttl, self._max, self._outcome = ttl, max_visitors, outcome
        self.forget()

    def forget(self):
        # What is kept is what one decision manager decided, and one assignment changes both.
        self._kept = None, {}

    def get(self, flagship, visitor_id, context):
        """The visitor with this id and context, synchronised or not; raises InitializationError
        where the SDK is not started."""
        runtime = flagship._runtime
        # Visitors outlive a restart with other options; what was decided before it does not.
        present = None if runtime is None else runtime.parts.decisions
        decisions, kept = self._kept
        if decisions is not present:
            kept = {}
            self._kept = present, kept
        # As a key True is 1 and 1.0.
        key = visitor_id, frozenset((name, type(value), value) for name, value in context.items())
        recent = kept.get(key)
        if recent is None:
            recent = RecentVisitor(flagship.create_visitor(visitor_id, context=context))
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
    """Turns the attributes of evaluation contexts into visitors' contexts."""

    def __init__(self):
        self._logged = set()

    def context_of(self, attributes):
        """``{key: value}`` of what a visitor's context takes; each key whose value it does not take
        is logged once."""
        context = {}
        for key, value in attributes.items():
            try:
                if isinstance(value, datetime):
                    value = _utc(value)
                key = key_text(key)
                context[key] = checked_value(key, value)
            except _values.Absent:
                pass  # None is no value
            except ContextError as error:
                if key not in self._logged and len(self._logged) < _MAX_LOGGED:
                    self._logged.add(key)
                    current().warning("[openfeature] left out of the visitor's context: %s",
                                      error.message)
        return context


def _utc(moment):
    """ISO 8601 in UTC, so that text compares as time does; without a time zone it is UTC
    already."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
