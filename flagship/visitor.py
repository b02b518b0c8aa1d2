"""A visitor: its identity, context and flags."""
from flagship import _process, _values
from flagship import _validation as check
from flagship import context as contexts
from flagship._compat import is_ascii, monotonic, text_type
from flagship._events import describe, reports_mistakes
from flagship._json import script_text
from flagship._troubleshooting import see
from flagship.decision.explanation import merge_explained, unknown_key
from flagship.decision.manager import DecisionError
from flagship.decision.modification import PLAIN, VALUE, Flags, Modifications, finite
from flagship.errors import FlagshipError
from flagship.hits import Hit

MAX_ID = 500  # maximum length of an id that the platform accepts, in bytes of UTF-8
_UNKNOWN = "[%s] the visitor has no modification %r"

# Shared by all visitors: it is held only while a dict is copied, and neither a signal handler nor
# a forked child can deadlock on it.
_CHANGING = _process.Lock()

# The flags of a visitor before its first synchronisation, and after one that failed (whose cause
# was logged at the time).
_NOT_SYNCHRONIZED, _NOT_DECIDED = Flags({}), Flags({})


class Visitor(object):
    """A visitor of the application; created by :meth:`Flagship.create_visitor`.

    No call raises because of the network or of bad data, blocks for longer than the timeout per
    request, or discards the flags that the visitor already has. A programming error, such as an
    argument of an unsupported type, raises TypingError or ParamError, unless the event handler
    catches all exceptions. While the platform is in panic, and after ``Flagship.close``, calls
    return their neutral results and send nothing. A visitor may be pickled and copied; the copy has
    the same ids, context, flags and consent, and belongs to the SDK of the process that loads it.
    """

    # Campaign id to variation id; replaced, never changed.
    _forced = {}

    def __init__(self, runtime, visitor_id, authenticated, context, has_consented=True):
        self._attach(runtime)
        self._has_consented = has_consented
        # Both change in a single assignment, so that no thread sees the id of one identity with the
        # anonymous id of another.
        self._ids = visitor_id, new_id() if authenticated and self._knows_anonymous else None
        self._context, self._flags = {}, _NOT_SYNCHRONIZED
        if context is not None:
            self._context = contexts.plain_copy(context)
            if self._context is None:
                context, _ = self._read_context("create_visitor", context, sequences=True)
                self._context = context or {}

    def _attach(self, runtime):
        self._runtime, self._events, self._state = runtime, runtime.events, runtime.state
        # An id generated for a request that had none (see AssignmentCache.save), and the save that
        # is postponed until the visitor proves to be a real one.
        self._provisional_id = self._unsaved = None
        self._withholds = False  # whether it was logged that something is not sent

    def __getstate__(self):
        state = {"ids": self._ids, "context": self._context, "modifications": self._flags.all(),
                 "has_consented": self._has_consented}
        return dict(state, forced=self._forced) if self._forced else state

    def __setstate__(self, state):
        self._ids, self._has_consented = state["ids"], state.get("has_consented", True)
        self._context, self._flags = state["context"], Flags(state["modifications"])
        self._forced = state.get("forced", {})
        self._attach(_process.instance().runtime())

    @property
    def _knows_anonymous(self):
        return self._runtime.parts.decisions.knows_anonymous

    def _identity(self):
        """Return a consistent ``(visitor id, anonymous id or None)``."""
        visitor_id, anonymous_id = self._ids
        return visitor_id, anonymous_id if self._knows_anonymous else None

    @property
    def visitor_id(self):
        """The visitor's current id, text."""
        return self._ids[0]

    @property
    def anonymous_id(self):
        """The id that an authenticated visitor had before logging in, text; None while anonymous
        and in bucketing mode."""
        return self._identity()[1]

    @property
    def has_consented(self):
        """Whether the visitor has consented to being tracked, a bool; see :meth:`set_consent`."""
        return self._has_consented

    @reports_mistakes(lambda visitor, error: None)
    def set_consent(self, has_consented):
        """Set whether the visitor has consented to being tracked. Sends nothing.

        Without consent, flags are decided as with it, from the same id and context. Nothing is
        sent but the decision request of API mode, with ``"visitor_consent": false``: activations
        and hits return ``(False, log)`` and are counted in ``Flagship.status.withheld``, contexts
        are not reported. The visitor cache is neither read nor written: what it holds of a visitor
        who withdraws consent stays there until you delete it, and does not count, so that an
        assignment made before a campaign's allocation was changed is not kept.

        Consent counts from this call on. What was not sent before is not sent later; the context
        is reported and the assignments are saved by the next synchronisation. What was sent or
        queued before consent was withdrawn is still delivered.

        :param bool has_consented: the numbers 0 and 1 count as bools; None, and a value that
            raises, as no consent.
        :raises TypingError: on any other type, such as text; nothing is changed.
        """
        self._has_consented = read_consent("set_consent", has_consented, self._events)

    @property
    def modifications(self):
        """The current flags: a read-only mapping from key to :class:`Modification`; empty in
        panic."""
        return Modifications(self._flags.all() if self._state.serving else {})

    def get_selected_variations(self):
        """Return the ids of the variations that the current flags come from, a list of text; empty
        in panic."""
        selected = []
        for modification in self.modifications.values():
            if modification.variation_id not in selected:
                selected.append(modification.variation_id)
        return selected

    def get_context(self):
        """Return the context that the caller set, without the SDK's preset keys, as a new dict."""
        return contexts.without_preset_keys(self._context)

    @reports_mistakes(lambda visitor, error: ((), None))
    def update_context(self, context, synchronize=False):
        """Set values in the visitor's context, the targeting criteria.

        :param context: any mapping, or one ``(key, value)``; None changes nothing. Keys are text or
            a :class:`PresetContext`; values are text, bool or a finite number: int, float, Decimal
            or a numpy scalar. A value of None counts as no value; any other invalid pair is
            rejected individually, with a log line.
        :param synchronize: whether to call :meth:`synchronize_modifications` afterwards, evaluated
            as a truth value; default False.
        :return: ``(results, sync_result)``; ``results`` is a tuple with one ``(key, success, log,
            None)`` per pair, ``sync_result`` is what the synchronisation returned, or None.
        :raises TypingError: if ``context`` is none of these; nothing is changed.
        """
        is_pair = _values.is_a(context, tuple)
        results = self._update(*self._read_context(
            "update_context", [context] if is_pair else context, sequences=is_pair))
        return results, self.synchronize_modifications() if _values.flag(synchronize) else None

    def _update(self, accepted, results):
        if accepted:
            # A new dict each time: a synchronisation in another thread keeps using the one that it
            # started with.
            with _CHANGING:
                context = dict(self._context)
                context.update(accepted)
                self._context = context
        return results

    def _read_context(self, function, context, sequences=False):
        """Return the ``(valid pairs, results)`` of a whole context; ``(None, ())`` if there is
        none."""
        try:
            pairs = _values.pairs(context, sequences)
        except _values.Absent:
            return None, ()
        except _values.WrongType:
            raise check.typing_error(function, "context", context, "dict, mapping or None")
        except _values.Unreadable as problem:
            self._events.error("[%s] context %s: the visitor goes without it", function, problem)
            return None, ()
        return contexts.checked_pairs(function, pairs, self._events)

    @reports_mistakes(lambda visitor, error: None)
    def authenticate(self, visitor_id, context=None, synchronize=False):
        """Mark the visitor as logged in; its previous id is kept as the anonymous id, so that its
        experience continues. Ignored with a warning in bucketing mode, and without an id.

        :param str visitor_id: the logged-in visitor's id.
        :param context: a mapping that replaces the visitor's own context; None (default) keeps it.
        :param synchronize: whether to call :meth:`synchronize_modifications` afterwards, evaluated
            as a truth value; default False.
        :raises TypingError: on an argument of the wrong type; nothing is changed.
        """
        visitor_id = read_id("authenticate", visitor_id, self._events)
        if not visitor_id:
            self._events.warning("[authenticate] ignored: there is no visitor_id")
            return
        self._identify("authenticate", context, synchronize,
                       lambda ids: (visitor_id, ids[0] if ids[1] is None else ids[1]))

    @reports_mistakes(lambda visitor, error: None)
    def unauthenticate(self, context=None, synchronize=False):
        """Mark the visitor as logged out; the anonymous id becomes the visitor's id again. Ignored
        with a warning in bucketing mode, and for a visitor that is not logged in.

        :param context: a mapping that replaces the visitor's own context; None (default) keeps it.
        :param synchronize: whether to call :meth:`synchronize_modifications` afterwards, evaluated
            as a truth value; default False.
        :raises TypingError: on an argument of the wrong type; nothing is changed.
        """
        self._identify(
            "unauthenticate", context, synchronize, lambda ids: ids[1] and (ids[1], None))

    def _identify(self, function, context, synchronize, change):
        if not self._knows_anonymous:
            self._events.warning(
                "[%s] ignored: there is no experience continuity in bucketing mode%s", function,
                see("continuity"))
            return
        accepted = None if context is None else self._read_context(function, context)[0]
        with _CHANGING:
            ids = change(self._ids)
            if ids:
                self._ids = ids
                self._context = self._context if accepted is None else accepted
        if not ids:
            self._events.warning("[%s] ignored: the visitor is not authenticated", function)
            return
        if _values.flag(synchronize):
            self.synchronize_modifications()

    @property
    def forced_variations(self):
        """What :meth:`force_variations` was given, a new dict from campaign id to variation id."""
        return dict(self._forced)

    @reports_mistakes(lambda visitor, error: None)
    def force_variations(self, forced):
        """Have the visitor get chosen variations, for somebody who checks a release: from the next
        synchronisation on, whatever targeting, allocation and visitor cache say.

        What is forced is never reported as an assignment: its activations are not sent, and the
        visitor cache keeps what it has of the campaign. Contexts and hits are sent as always. In
        panic nothing is forced. In API mode ``initial_bucketing`` has to name a copy of the
        environment's bucketing file, which the platform's answer is then changed by.

        :param forced: a mapping from campaign id to variation id, which replaces that of an earlier
            call; None or an empty one ends it, and the visitor's own variations are back with the
            next synchronisation. An invalid pair is rejected individually, and so is what the
            bucketing file does not have (any more), with a log line.
        :raises TypingError: if ``forced`` is neither a mapping nor None; nothing is changed.
        """
        self._forced = _read_forced(forced, self._events)

    def synchronize_modifications(self):
        """Fetch the visitor's flags for its current context, and replace those that it has.

        Looks the visitor up in the visitor cache, decides (one request in API mode), then sends one
        context event and saves to the cache; without consent it only decides.

        :return: ``(success, log)``; after a failure, and in panic, the visitor keeps its flags.
        """
        if self._state.closed:
            return False, self._state.reason
        parts, context, consents = self._runtime.parts, self._context, self._has_consented
        visitor_id, anonymous_id = self._identity()
        hooks = self._state.hooks
        began = monotonic() if hooks is not None and hooks.listens_to("synchronized") else None
        try:
            cached_ids = None if parts.cache is None else self._look_up(parts.cache, visitor_id)
            if self._forced:
                flags, variation_ids = parts.decisions.decide_forced(
                    visitor_id, anonymous_id, context, cached_ids, consents, self._forced)
            else:
                flags, variation_ids = parts.decisions.decide(
                    visitor_id, anonymous_id, context, cached_ids, consents)
        except DecisionError as failure:
            log = "[synchronize_modifications] %s" % failure.message
            (self._events.debug if failure.expected else self._events.error)("%s", log)
            if self._flags is _NOT_SYNCHRONIZED:
                self._flags = _NOT_DECIDED
            if began is not None:
                self._tell_synchronized(began, parts, visitor_id, anonymous_id, failure.message)
            return False, log
        self._flags = flags
        if consents and self._has_consented:  # another thread may have withdrawn it
            parts.tracking.send_context(visitor_id, context, anonymous_id)
            if cached_ids is not None:
                ids = visitor_id, variation_ids, cached_ids
                put_off = parts.cache.save(*ids, provisional=visitor_id == self._provisional_id)
                self._unsaved = ids if put_off else None
        if began is not None:
            self._tell_synchronized(began, parts, visitor_id, anonymous_id)
        return True, ""

    def _look_up(self, cache, visitor_id):
        """Return the ids of the variations that a visitor was assigned, a tuple; None without a
        visitor cache, without consent, and if the store failed."""
        return cache.lookup(visitor_id) if cache is not None and self._has_consented else None

    def _tell_synchronized(self, began, parts, visitor_id, anonymous_id, reason=""):
        self._state.tell("synchronized", visitor_id, anonymous_id, parts.decisions.mode,
                         max(0.0, monotonic() - began), not reason, reason)

    def get_modification(self, key, default_value, activate=False):
        """Return the value of a flag. Makes no request unless ``activate`` is true.

        :param str key: the flag's key.
        :param default_value: anything; returned unchanged when the visitor has no such flag, when
            its value is null, and in panic.
        :param activate: whether to report that the visitor has seen the flag, evaluated as a truth
            value; default False.
        :return: the value as the platform gave it, whatever the default's type; the caller may
            modify a dict or list.
        :raises TypingError: when ``key`` is not text.
        """
        # Fast path for nearly every call, at the cost of a lookup; _read does the same with all
        # checks.
        if activate is False and self._state.direct:
            try:
                modification = self._flags.known.get(key)
                if modification is None:
                    modification = self._flags.find(key)
            except Exception:  # an unhashable key, a proxy that raises
                modification = None
            if modification is not None:
                if modification[PLAIN]:
                    return modification[VALUE]
                return default_value if modification[VALUE] is None else modification.value
            if type(key) is text_type and is_ascii(key):
                self._note_unknown("get_modification", key)
                return default_value
        return self._read("get_modification", key, default_value, activate)[0]

    def get_modification_with_results(self, key, default_value, activate=False):
        """Like :meth:`get_modification`, but also return the outcome.

        :return: ``(value, success, log, activation)``; ``activation`` is the result of the
            activation, or None when there was none.
        :raises TypingError: when ``key`` is not text.
        """
        return self._read("get_modification_with_results", key, default_value, activate)

    def _read(self, function, key, default_value, activate):
        modification, log = self._find(function, key)
        if modification is None:
            self._tell_read(key, default_value, default_value, None)
            return default_value, False, log, None
        value = default_value if modification[VALUE] is None else modification.value
        self._tell_read(key, value, default_value, modification)
        return value, True, "", self._activate(modification) if _values.flag(activate) else None

    def _tell_read(self, key, value, default_value, modification):
        """Tell the hooks of a flag that was read; ``key`` is as the caller gave it."""
        hooks = self._state.hooks
        if hooks is None or not hooks.listens_to("flag_read"):
            return
        try:
            key = _values.text(key)
        except Exception:  # a mistake of the program, or not readable: it names no flag
            return
        ids, is_reference = (None, None, None), None
        if modification is not None:
            is_null = modification[VALUE] is None
            reason = "null" if is_null else "assigned"
            value = value if is_null else modification.value  # its own copy, not the caller's
            ids, is_reference = modification[2:5], modification.reference
        elif not self._state.serving:
            reason = "closed" if self._state.closed else "panic"
        elif self._flags in (_NOT_SYNCHRONIZED, _NOT_DECIDED):
            reason = "not synchronized"
        else:
            reason = "missing"
        facts = self._identity() + (key, value, default_value, reason) + ids + (is_reference,)
        self._state.tell("flag_read", *facts)

    def _find(self, function, key):
        """Return ``(modification, "")``, or ``(None, log)``; ``key`` is as the caller gave it."""
        try:
            key = _values.text(key)
        except (_values.Absent, _values.WrongType):
            return None, self._mistake(check.typing_error(function, "key", key, "text"))
        except _values.Unreadable as problem:
            log = "[%s] key %s" % (function, problem)
            self._events.error("%s", log)
            return None, log
        if not self._state.serving:
            log = "[%s] %s" % (function, self._state.reason)
            self._events.debug("%s", log)
            return None, log
        modification = self._flags.find(key)
        if modification is not None:
            return modification, ""
        return None, self._note_unknown(function, key)

    def _note_unknown(self, function, key):
        """Log that there is no such flag, and return the line; a WARNING, once per key, if it may
        be a mistake in the program."""
        if self._flags in (_NOT_SYNCHRONIZED, _NOT_DECIDED):
            log = "[%s] %r is read before a synchronisation succeeded" % (function, key)
            if self._flags is _NOT_DECIDED:
                self._events.debug("%s", log)
            else:
                log += see("not-synchronized")
                self._events.warn_once("unsynchronized", key, log)
            return log
        log = _UNKNOWN % (function, key)
        nearest = self._runtime.parts.decisions.nearest_key(key)
        if nearest is None:
            self._events.debug("%s", log)
            self._note_mistyped()
            return log
        log += ", and no campaign has" + (", but one has %r" % nearest if nearest else "")
        log += see("unknown-key")
        self._events.warn_once("unknown", key, log)
        return log

    def _note_mistyped(self):
        """Warn, once per key, of context values whose type may be why the visitor has no such
        flag."""
        for key, kind, kinds in self._runtime.parts.decisions.find_mistyped(self._context):
            self._events.warn_once("mistyped", key, "[context] %r is %s, and campaigns compare it "
                                   "with %s%s" % (key, kind, " or ".join(sorted(kinds)),
                                                  see("context-types")))

    def _mistake(self, error):
        """Raise the error, or report it if the user's handler catches all exceptions, and return
        its message."""
        try:
            raise error
        except FlagshipError:
            self._events.raise_or_report(error)
        return error.message

    def get_modification_info(self, key):
        """Return where a flag comes from.

        :param str key: the flag's key.
        :return: ``{"campaignId": str, "variationGroupId": str, "variationId": str, "isReference":
            bool}``, or None when the visitor has no such flag, and in panic.
        :raises TypingError: when ``key`` is not text.
        """
        modification, _ = self._find("get_modification_info", key)
        return modification and _origin(modification)

    def to_json(self, with_ids=False):
        """Return all flags as JSON, so that a page's JavaScript has the values that the server has.
        Makes no request and activates nothing.

        :param with_ids: whether each flag comes with where it comes from, evaluated as a truth
            value; default False.
        :return: ASCII text: an object from key to value, or with ids to ``{"value": ...,
            "campaignId": ..., "variationGroupId": ..., "variationId": ..., "isReference": ...}``,
            the keys sorted. ``"{}"`` before a synchronisation, and in panic. ``<``, ``>``, ``&``
            and ``'`` are escaped as JSON escapes them, so that it is safe inside ``<script>``, and
            in an attribute in single quotes. Null stands for the default, as it does for
            :meth:`get_modification`, and takes the place of an infinite number, which JSON lacks.
            Integers have all their digits; JavaScript's ``JSON.parse`` rounds those above 2**53.
        """
        modifications = self.modifications
        flags = {key: finite(each[VALUE]) for key, each in modifications.items()}
        if _values.flag(with_ids):
            for key, each in modifications.items():
                flags[key] = dict(_origin(each), value=flags[key])
        return script_text(flags)

    @reports_mistakes(lambda visitor, error: visitor._document([], None, False, error.message))
    def explain(self, key=None):
        """Explain why the visitor gets its flags: the decision that a synchronisation would make
        now, as plain dicts. In API mode, return what the platform's last answer said; it gives no
        reasons. Looks the visitor up in the visitor cache; sends nothing and changes nothing.

        :param str key: a flag's key, to leave out the campaigns that cannot set it; None (default):
            all campaigns.
        :return: a JSON-serialisable dict: ``mode``, ``visitorId``, ``anonymousId``, ``context``,
            ``serving``, ``reason`` (why nothing is served, or that no campaign sets ``key``, with
            the nearest key; else ``""``), ``cachedVariationIds`` (a list, or None without a visitor
            cache or consent), ``campaigns`` and ``modifications``, the flags by key. A campaign has
            its ids and names, ``outcome`` (``"assigned"``, ``"not allocated"``, ``"not targeted"``
            or ``"skipped"``), ``reason``, ``decidedBy`` (``"allocation"``, ``"cache"``,
            ``"forced"``, ``"platform"`` or None), ``bucket`` (0 to 99) and ``variationGroups``.
            Each variation group has its targetings, whether they match, the visitor's value, the
            ``problem`` with that value or with the targeting, such as text compared with a number
            (else ``""``), and the buckets of its variations.
        :raises TypingError: when ``key`` is neither text nor None.
        """
        key = key if key is None else check.text("explain", "key", key)
        if self._state.closed:
            return self._document([], None, False, self._state.reason)
        parts = self._runtime.parts
        visitor_id = self._ids[0]
        cached_ids = self._look_up(parts.cache, visitor_id)
        try:
            campaigns = parts.decisions.explain(
                visitor_id, self._context, cached_ids, self._flags.all(), key, self._forced)
        except DecisionError as failure:
            return self._document([], cached_ids, False, failure.message)
        if not self._state.serving:
            return self._document(campaigns, cached_ids, False, self._state.reason)
        reason = "" if key is None else unknown_key(key, parts.decisions.nearest_key(key))
        return self._document(campaigns, cached_ids, True, reason, merge_explained(campaigns, key))

    def _document(self, campaigns, cached_ids, serving, reason, modifications=()):
        visitor_id, anonymous_id = self._identity()
        return {"mode": self._runtime.parts.decisions.mode, "visitorId": visitor_id,
                "anonymousId": anonymous_id, "context": dict(self._context),
                "serving": serving, "reason": reason,
                "cachedVariationIds": None if cached_ids is None else list(cached_ids),
                "campaigns": campaigns, "modifications": dict(modifications)}

    def activate_modification(self, key):
        """Report that the visitor has seen a flag's variation.

        :param str key: the flag's key.
        :return: ``(success, log)``; ``log`` is the HTTP status, or why nothing was sent. A forced
            variation is not reported, which is a success.
        :raises TypingError: when ``key`` is not text.
        """
        modification, log = self._find("activate_modification", key)
        return (False, log) if modification is None else self._activate(modification)

    def _activate(self, modification):
        if modification.forced:
            log = "activate: %r is forced, so it is not reported" % modification.key
            self._events.debug("%s", log)
            return True, log
        if not self._has_consented:
            return self._withhold("activate_modification")
        parts = self._runtime.parts
        if self._provisional_id is not None:
            self._provisional_id, self._unsaved, unsaved = None, None, self._unsaved
            if unsaved and parts.cache is not None:
                parts.cache.save(*unsaved)
        visitor_id, anonymous_id = self._identity()
        success, log = parts.tracking.activate(visitor_id, anonymous_id, modification)
        if self._state.hooks is not None:
            ids = visitor_id, anonymous_id, modification.key
            self._state.tell("activated", *(ids + modification[2:6] + (success, log)))
        return success, log

    def send_hit(self, hit):
        """Send a hit.

        :param Hit hit: a Page, Screen, Event, Transaction or Item; anything else, or a hit without
            its required fields, is refused with a log line.
        :return: ``(success, log)``; ``log`` is the HTTP status and any fields left out of the hit,
            or why nothing was sent.
        """
        problem = _problem(hit)
        if problem:
            log = "[send_hit] refused: %s" % problem
            self._events.error("%s", log)
            return False, log
        if not self._state.serving:
            return False, "[send_hit] %s" % self._state.reason
        if not self._has_consented:
            return self._withhold("send_hit")
        visitor_id, anonymous_id = self._identity()
        success, log = self._runtime.parts.tracking.send_hit(visitor_id, anonymous_id, hit)
        return success, "%s; left out: %s" % (log, hit.left_out) if hit.left_out else log

    def _withhold(self, function):
        """Count what is not sent for want of consent, log it once per visitor, and return the
        call's result."""
        self._state.withhold()
        log = "[%s] not sent: the visitor has not consented" % function
        if not self._withholds:
            self._withholds = True
            self._events.debug("%s; it is said once per visitor", log)
        return False, log

    def __repr__(self):
        return "<Visitor, %s, %d modifications%s>" % (
            "anonymous" if self._ids[1] is None else "authenticated", len(self._flags.all()),
            "" if self._has_consented else ", without consent")


# The class's name in 2.1.x.
FlagshipVisitor = Visitor


def _origin(modification):
    return {"campaignId": modification.campaign_id,
            "variationGroupId": modification.variation_group_id,
            "variationId": modification.variation_id, "isReference": modification.reference}


def _problem(hit):
    """Return why something cannot be sent as a hit, text, or None if it can."""
    if _values.is_a(hit, Hit):
        try:
            return hit.problem
        except Exception as error:  # a class of the user's may do anything
            return "%s: it cannot be read: %s" % (type(hit).__name__, describe(error))
    return "a hit was expected, not %s" % type(hit).__name__


def _read_forced(forced, events):
    """Return what :meth:`Visitor.force_variations` was given as a dict of text."""
    accepted = {}
    try:
        for pair in _values.pairs(forced):
            try:
                campaign_id, variation_id = [_values.text(each, identifiers=True) for each in pair]
                accepted[campaign_id] = variation_id
            except (ValueError, _values.Absent, _values.Unreadable, _values.WrongType):
                events.error("[force_variations] a pair is rejected: both ids must be text, not %s",
                             " and ".join(type(each).__name__ for each in pair))
    except _values.Absent:
        pass
    except _values.WrongType:
        raise check.typing_error("force_variations", "forced", forced, "a mapping or None")
    except _values.Unreadable as problem:
        events.error("[force_variations] forced %s: nothing is forced", problem)
    return accepted


def read_id(function, value, events):
    """Return a visitor's id as text, truncated to what the platform accepts; empty if there is
    none.

    :param str function: the name of the call that was given the id.
    :raises TypingError: if ``value`` is not text.
    """
    if type(value) is text_type and is_ascii(value) and len(value) <= MAX_ID:
        return value
    try:
        visitor_id = _values.text(value)
    except _values.Absent:
        return u""
    except _values.WrongType:
        raise check.typing_error(function, "visitor_id", value, "text or None")
    except _values.Unreadable as problem:
        events.error("[%s] visitor_id %s", function, problem)
        return u""
    kept = _values.cut_to(visitor_id, MAX_ID)
    if kept != visitor_id:
        events.warning("[%s] visitor_id is cut to %d bytes", function, MAX_ID)
    return kept


def read_consent(function, value, events):
    """Return whether a visitor has consented, a bool. None counts as no consent, and so does what
    cannot be read, with a log line.

    :param str function: the name of the call that was given the value.
    :raises TypingError: if ``value`` is neither a bool, 0, 1 nor None.
    """
    if value is True or value is False:
        return value
    try:
        return _values.boolean(value)
    except _values.Absent:
        return False
    except _values.WrongType:
        raise check.typing_error(function, "has_consented", value, "bool")
    except _values.Unreadable as problem:
        events.error("[%s] has_consented %s: it counts as no consent", function, problem)
        return False


def new_id():
    """Return an id for a visitor that has none."""
    # Imported here: it takes longer to import than most of the library, and an application that
    # supplies ids never needs it.
    import uuid
    return text_type(uuid.uuid4())
