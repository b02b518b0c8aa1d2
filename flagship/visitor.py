"""A visitor: who it is, its context and its flags."""
import threading

from flagship import _validation as check
from flagship import context as contexts
from flagship._compat import MappingProxyType, integer_types, string_types, text_type, to_text
from flagship._events import reports_mistakes
from flagship.decision.explanation import merged
from flagship.decision.manager import DecisionError
from flagship.decision.modification import PLAIN, VALUE
from flagship.errors import FlagshipError
from flagship.hits import Hit

_DEFAULT_TYPES = (bool, float, dict, list, type(None)) + integer_types + string_types
_PLAIN_DEFAULTS = frozenset(_DEFAULT_TYPES)
_UNKNOWN = "[%s] the visitor has no modification %r"


class Visitor(object):
    """A visitor of the application; made by :meth:`Flagship.create_visitor`.

    No call raises for the network, blocks longer than the time-out a request, or loses what the visitor had. A
    mistake in an argument raises TypingError or ParamError, unless the event handler catches all exceptions. While
    the platform is in panic, and after ``Flagship.close``, calls return their neutral results and send nothing.
    """

    def __init__(self, runtime, visitor_id, authenticated, context):
        self._runtime, self._events, self._state = runtime, runtime.events, runtime.state
        # One assignment changes both, so that no thread sees one visitor's id with another's anonymous id.
        self._ids = visitor_id, new_id() if authenticated and runtime.knows_anonymous else None
        self._context, self._modifications = {}, {}
        # An id that was made up for a request without one: see AssignmentCache.save. With what is
        # to be saved once the visitor turns out to be one.
        self._provisional_id = self._unsaved = None
        if context:
            self._context = contexts.plain_copy(context)
            if self._context is None:
                self._context = self._accepted("create_visitor", context.items())[0]
        self._changing = threading.Lock()

    @property
    def visitor_id(self):
        """The visitor's current id, text."""
        return self._ids[0]

    @property
    def anonymous_id(self):
        """The id that an authenticated visitor had before, text; None while anonymous and in bucketing mode."""
        return self._ids[1]

    @property
    def modifications(self):
        """The present flags: a read-only mapping from key to :class:`Modification`; empty in panic."""
        return MappingProxyType(self._modifications if self._state.serving else {})

    def get_context(self):
        """The context that the caller set, without the SDK's preset keys, as a new dict."""
        return contexts.own(self._context)

    @reports_mistakes(lambda visitor, error: ((), None))
    def update_context(self, context, synchronize=False):
        """Set values of the visitor's context, the targeting criteria.

        :param context: ``{key: value}``, or one ``(key, value)``. Keys are text or a :class:`PresetContext`; values
            text, bool, int or finite float. A bad pair is refused alone, with a log line.
        :param bool synchronize: also call :meth:`synchronize_modifications` afterwards; default False.
        :return: ``(results, sync_result)``; ``results`` is a tuple with one ``(key, success, log, None)`` per pair,
            ``sync_result`` is what the synchronisation returned, or None.
        :raises TypingError: if ``context`` is neither a dict nor a tuple, or ``synchronize`` no bool; nothing is
            changed.
        """
        check.instance("update_context", "context", context, (dict, tuple), "dict or tuple")
        check.boolean("update_context", "synchronize", synchronize)
        results = self._update("update_context", context.items() if isinstance(context, dict) else (context,))
        return results, self.synchronize_modifications() if synchronize else None

    def _update(self, function, pairs):
        accepted, results = self._accepted(function, pairs)
        # A new dict each time: a synchronisation in another thread goes on with the one that it began with.
        with self._changing:
            context = dict(self._context)
            context.update(accepted)
            self._context = context
        return results

    def _accepted(self, function, pairs):
        return contexts.accepted(function, pairs, lambda line: self._events.error("%s", line))

    @reports_mistakes(lambda visitor, error: None)
    def authenticate(self, visitor_id, context=None, synchronize=False):
        """Tell that the visitor logged in; the id so far is kept as the anonymous id, so that the experience goes on.
        Ignored with a warning in bucketing mode.

        :param str visitor_id: the logged-in visitor's id, not empty.
        :param dict context: replaces the visitor's own context; None (default) keeps it.
        :param bool synchronize: also call :meth:`synchronize_modifications` afterwards; default False.
        :raises TypingError: on an argument of the wrong type; nothing is changed.
        :raises ParamError: when ``visitor_id`` is empty; nothing is changed.
        """
        visitor_id = check.text("authenticate", "visitor_id", visitor_id, empty=False)
        self._identify("authenticate", context, synchronize,
                       lambda ids: (visitor_id, ids[0] if ids[1] is None else ids[1]))

    @reports_mistakes(lambda visitor, error: None)
    def unauthenticate(self, context=None, synchronize=False):
        """Tell that the visitor logged out; the anonymous id is the visitor's id again. Ignored with a warning in
        bucketing mode, and for a visitor that is not logged in.

        :param dict context: replaces the visitor's own context; None (default) keeps it.
        :param bool synchronize: also call :meth:`synchronize_modifications` afterwards; default False.
        :raises TypingError: on an argument of the wrong type; nothing is changed.
        """
        self._identify("unauthenticate", context, synchronize, lambda ids: ids[1] and (ids[1], None))

    def _identify(self, function, context, synchronize, change):
        if context is not None:
            check.instance(function, "context", context, dict, "dict or None")
        check.boolean(function, "synchronize", synchronize)
        if not self._runtime.knows_anonymous:
            self._events.warning("[%s] ignored: there is no experience continuity in bucketing mode", function)
            return
        accepted = None if context is None else self._accepted(function, context.items())[0]
        with self._changing:
            ids = change(self._ids)
            if ids:
                self._ids = ids
                self._context = self._context if accepted is None else accepted
        if not ids:
            self._events.warning("[%s] ignored: the visitor is not authenticated", function)
            return
        if synchronize:
            self.synchronize_modifications()

    def synchronize_modifications(self):
        """Ask for the visitor's flags, according to its present context, and replace those it has.

        Looks the visitor up in the visitor cache, decides (one request in API mode), then sends one context event
        and saves to the cache.

        :return: ``(success, log)``; after a failure, and in panic, the visitor keeps what it has.
        """
        if self._state.closed:
            return False, self._state.reason
        runtime, context = self._runtime, self._context
        visitor_id, anonymous_id = self._ids
        cache = runtime.cache
        cached_ids = None if cache is None else cache.lookup(visitor_id)
        try:
            modifications, variation_ids = runtime.decisions.decide(visitor_id, anonymous_id, context, cached_ids)
        except DecisionError as failure:
            log = "[synchronize_modifications] %s" % failure.message
            if failure.expected:
                self._events.debug("%s", log)
            else:
                self._events.error("%s", log)
            return False, log
        self._modifications = modifications
        runtime.tracking.send_context(visitor_id, context)
        if cached_ids is not None:
            ids = visitor_id, variation_ids, cached_ids
            put_off = cache.save(*ids, provisional=visitor_id == self._provisional_id)
            self._unsaved = ids if put_off else None
        return True, ""

    def get_modification(self, key, default_value, activate=False):
        """The value of a flag. Touches no network unless ``activate``.

        :param str key: the flag's key.
        :param default_value: text, bool, int, float, dict, list or None; what is returned when the visitor has no
            such flag, when its value is null, and in panic.
        :param bool activate: also report that the visitor has seen it; default False.
        :return: the value as the platform gave it, whatever the default's type; a dict or list is the caller's to
            change.
        :raises TypingError: on an argument of the wrong type.
        """
        # What nearly every call is, at the price of a look-up; _read does the same with all checks.
        if activate is False and type(default_value) in _PLAIN_DEFAULTS and self._state.serving:
            try:
                modification = self._modifications.get(key)
            except TypeError:  # an unhashable key
                modification = None
            if modification is not None:
                if modification[PLAIN]:
                    return modification[VALUE]
                return default_value if modification[VALUE] is None else modification.value
            if type(key) is text_type and to_text(key) is not None:
                self._events.info(_UNKNOWN, "get_modification", key)
                return default_value
        return self._read("get_modification", key, default_value, activate)[0]

    def get_modification_with_results(self, key, default_value, activate=False):
        """Like :meth:`get_modification`, with what happened.

        :return: ``(value, success, log, activation)``; ``activation`` is the result of the activation, or None when
            there was none.
        :raises TypingError: on an argument of the wrong type.
        """
        return self._read("get_modification_with_results", key, default_value, activate)

    def _read(self, function, key, default_value, activate):
        try:
            key = check.text(function, "key", key)
            if not isinstance(default_value, _DEFAULT_TYPES):
                raise check.typing_error(function, "default_value", default_value,
                                         "text, bool, int, float, dict, list or None")
            check.boolean(function, "activate", activate)
        except FlagshipError as error:
            self._events.raise_or_report(error)
            return default_value, False, error.message, None
        modification, log = self._find(function, key)
        if modification is None:
            return default_value, False, log, None
        value = default_value if modification[VALUE] is None else modification.value
        return value, True, "", self._activate(modification) if activate else None

    def _find(self, function, key):
        """``(modification, "")``, or ``(None, log)``."""
        if not self._state.serving:
            log = "[%s] %s" % (function, self._state.reason)
            self._events.debug("%s", log)
            return None, log
        modification = self._modifications.get(key)
        if modification is not None:
            return modification, ""
        log = _UNKNOWN % (function, key)
        self._events.info("%s", log)
        return None, log

    @reports_mistakes(lambda visitor, error: None)
    def get_modification_info(self, key):
        """Where a flag comes from.

        :param str key: the flag's key.
        :return: ``{"campaignId": str, "variationGroupId": str, "variationId": str, "isReference": bool}``, or None
            when the visitor has no such flag, and in panic.
        :raises TypingError: when ``key`` is not text.
        """
        modification, _ = self._find("get_modification_info", check.text("get_modification_info", "key", key))
        return modification and {
            "campaignId": modification.campaign_id, "variationGroupId": modification.variation_group_id,
            "variationId": modification.variation_id, "isReference": modification.reference}

    @reports_mistakes(lambda visitor, error: visitor._explained([], None, error.message))
    def explain(self, key=None):
        """Why the visitor gets what it gets: the decision that a synchronisation would make now, in plain dicts. In API
        mode what the platform's last answer said, without its reasons. Looks the visitor up in the visitor cache; sends
        nothing and changes nothing.

        :param str key: a flag's key, to leave out the campaigns that cannot set it; None (default): all campaigns.
        :return: a JSON-serialisable dict: ``mode``, ``visitorId``, ``anonymousId``, ``context``, ``serving``,
            ``reason`` (why nothing is served, else ``""``), ``cachedVariationIds`` (a list, or None without a visitor
            cache), ``campaigns`` and ``modifications``, the flags by key. A campaign has its ids and names,
            ``outcome`` (``"assigned"``, ``"not allocated"``, ``"not targeted"`` or ``"skipped"``), ``reason``,
            ``decidedBy`` (``"allocation"``, ``"cache"``, ``"platform"`` or None), ``bucket`` (0 to 99) and
            ``variationGroups``, each with its targetings, whether they match and the visitor's value, and the
            buckets of its variations.
        :raises TypingError: when ``key`` is neither text nor None.
        """
        key = key if key is None else check.text("explain", "key", key)
        if self._state.closed:
            return self._explained([], None, self._state.reason)
        runtime = self._runtime
        visitor_id = self._ids[0]
        cached_ids = None if runtime.cache is None else runtime.cache.lookup(visitor_id)
        try:
            campaigns = runtime.decisions.explain(visitor_id, self._context, cached_ids, self._modifications, key)
        except DecisionError as failure:
            return self._explained([], cached_ids, failure.message)
        reason = "" if self._state.serving else self._state.reason
        return self._explained(campaigns, cached_ids, reason, {} if reason else merged(campaigns, key))

    def _explained(self, campaigns, cached_ids, reason, modifications=()):
        visitor_id, anonymous_id = self._ids
        return {"mode": self._runtime.decisions.mode, "visitorId": visitor_id, "anonymousId": anonymous_id,
                "context": dict(self._context), "serving": not reason, "reason": reason,
                "cachedVariationIds": None if cached_ids is None else list(cached_ids),
                "campaigns": campaigns, "modifications": dict(modifications)}

    @reports_mistakes(lambda visitor, error: (False, error.message))
    def activate_modification(self, key):
        """Report that the visitor has seen a flag's variation.

        :param str key: the flag's key.
        :return: ``(success, log)``; ``log`` is the HTTP status, or why nothing was sent.
        :raises TypingError: when ``key`` is not text.
        """
        modification, log = self._find("activate_modification", check.text("activate_modification", "key", key))
        return (False, log) if modification is None else self._activate(modification)

    def _activate(self, modification):
        if self._provisional_id is not None:
            self._provisional_id, self._unsaved, unsaved = None, None, self._unsaved
            if unsaved and self._runtime.cache is not None:
                self._runtime.cache.save(*unsaved)
        visitor_id, anonymous_id = self._ids
        return self._runtime.tracking.activate(visitor_id, anonymous_id, modification)

    def send_hit(self, hit):
        """Send a hit.

        :param Hit hit: a Page, Screen, Event, Transaction or Item; something else, or a hit whose arguments were
            refused, is refused with a log line.
        :return: ``(success, log)``; ``log`` is the HTTP status, or why nothing was sent.
        """
        problem = hit.problem if isinstance(hit, Hit) else "a hit was expected, not %s" % type(hit).__name__
        if problem:
            log = "[send_hit] refused: %s" % problem
            self._events.error("%s", log)
            return False, log
        if not self._state.serving:
            return False, "[send_hit] %s" % self._state.reason
        visitor_id, anonymous_id = self._ids
        return self._runtime.tracking.send_hit(visitor_id, anonymous_id, hit)

    def __repr__(self):
        return "<Visitor, %s, %d modifications>" % (
            "anonymous" if self._ids[1] is None else "authenticated", len(self._modifications))


# The class's name in 2.1.x.
FlagshipVisitor = Visitor


def new_id():
    """An id for a visitor that has none."""
    # Here, as it takes longer to import than most of the library and an application with ids never needs it.
    import uuid
    return text_type(uuid.uuid4())
