"""Flagship as an OpenFeature provider. Requires Python 3.9; on 2.7 the file only has to compile."""
from __future__ import absolute_import

from openfeature.event import ProviderEventDetails
from openfeature.exception import ErrorCode, ProviderFatalError, ProviderNotReadyError
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider import AbstractProvider, Metadata

from flagship import _validation as check
from flagship._events import current
from flagship.app import Flagship
from flagship.config import Config
from flagship.contrib.openfeature.visitors import CONSENT, Attributes, RecentVisitors
from flagship.errors import FlagshipError, InitializationError
from flagship.hits import Event, EventCategory

_READY, _STALE, _ERROR = range(3)
_CATEGORIES = {each.value: each for each in EventCategory}


class FlagshipProvider(AbstractProvider):
    """Evaluates Flagship's flags through OpenFeature::

        openfeature.api.set_provider_and_wait(FlagshipProvider(env_id, api_key, Config(...)))

    The targeting key is the visitor's id, and the attributes are its context: text, bool, int,
    float, and datetime, which becomes ISO 8601 text in UTC. Attributes of other types are left out,
    with one log line per key. The attribute ``fs_consent``, a bool, says whether the visitor has
    consented to being tracked (see :meth:`flagship.visitor.Visitor.set_consent`); default True.

    An integer flag accepts a whole number, so 10.0 becomes 10, and a float flag accepts an integer
    that a float can represent exactly; a bool is neither. A flag whose value is null resolves to
    the default, with reason DEFAULT. In panic every flag resolves to the default, with reason
    DISABLED. If the flags cannot be refreshed, those that the visitor already has are returned with
    reason STALE; if it has none, the result is an error.

    :param str env_id: the environment's id. If given, the provider starts the SDK when OpenFeature
        initialises it and closes the SDK when OpenFeature shuts it down; None (default): your
        application starts the SDK before that.
    :param str api_key: the environment's API key, together with ``env_id``; default None.
    :param Config config: the options, together with ``env_id``; None (default): ``Config()``.
    :param activate: whether an evaluation also reports that the visitor has seen the flag: False
        (default), True, or a list, tuple or set of the keys of those flags. Every evaluation
        without an error is reported.
    :param float ttl: seconds for which a visitor's flags are used before it is synchronised again,
        default 10, at most 3600; 0: every evaluation synchronises. Each synchronisation sends a
        context event and, in API mode, makes a request to the platform. A failed synchronisation is
        retried after at most one second.
    :param int max_visitors: maximum number of visitors, each with one context, that are kept for
        that time; default 1000.
    :raises TypingError: on an argument of the wrong type, and if only one of ``env_id`` and
        ``api_key`` is given.
    :raises ParamError: on an argument out of range.
    """

    def __init__(self, env_id=None, api_key=None, config=None, activate=False, ttl=10.0,
                 max_visitors=1000):
        super(FlagshipProvider, self).__init__()
        name = "FlagshipProvider"
        self._credentials = None
        if env_id is not None or api_key is not None or config is not None:
            self._credentials = (check.text(name, "env_id", env_id, empty=False),
                                 check.text(name, "api_key", api_key, empty=False),
                                 Config() if config is None
                                 else check.instance(name, "config", config, Config))
        if not isinstance(activate, (bool, list, tuple, set, frozenset)):
            raise check.typing_error(name, "activate", activate, "bool, list, tuple or set")
        self._activated = activate if isinstance(activate, bool) else frozenset(
            check.text(name, "activate", key) for key in activate)
        if check.number(name, "ttl", ttl, maximum=3600) < 0:
            raise check.param_error(name, "ttl", "must be at least 0, not %r" % ttl)
        self._visitors = RecentVisitors(ttl, check.integer(name, "max_visitors", max_visitors,
                                                           minimum=1),
                                        self._emit_change)
        self._attributes = Attributes()
        self._starts = False  # whether this provider started the SDK, as far as it knows
        self._condition = _READY

    def get_metadata(self):
        return Metadata(name="Flagship")

    def initialize(self, evaluation_context):
        """Start the SDK if the provider has credentials; called by OpenFeature. Bounded by the
        timeout.

        :raises ProviderFatalError: on credentials or options that are invalid.
        :raises ProviderNotReadyError: when the SDK is not started, or in bucketing mode has no
            bucketing file; polling for the file continues, and the first decision makes the
            provider ready.
        """
        flagship = Flagship.instance()
        self._visitors.forget()
        self._condition = _ERROR
        if self._credentials is not None:
            try:
                flagship.start(*self._credentials)
            except FlagshipError as error:
                raise ProviderFatalError(error.message)
            if not self._is_started_by_this(flagship):  # the event handler caught the error
                raise ProviderFatalError("Flagship could not be started")
            self._starts = True
        status = flagship.status
        if not status.started:
            raise ProviderNotReadyError("Flagship is not started")
        if status.mode is Config.Mode.BUCKETING and status.source is None:
            raise ProviderNotReadyError("there is no bucketing file yet")
        self._condition = _READY

    def shutdown(self):
        """Close the SDK if this provider started it, and deliver what is queued; called by
        OpenFeature."""
        flagship, starts = Flagship.instance(), self._starts
        self._visitors.forget()
        self._starts = False
        if starts and self._is_started_by_this(flagship):
            flagship.close()

    def _is_started_by_this(self, flagship):
        """Return whether the last start was this provider's, and not the application's own."""
        return flagship.is_flagship_started() and flagship.config is self._credentials[2]

    def resolve_boolean_details(self, flag_key, default_value, evaluation_context=None):
        return self._resolve(flag_key, default_value, evaluation_context, "bool", _boolean)

    def resolve_string_details(self, flag_key, default_value, evaluation_context=None):
        return self._resolve(flag_key, default_value, evaluation_context, "text", _string)

    def resolve_integer_details(self, flag_key, default_value, evaluation_context=None):
        return self._resolve(flag_key, default_value, evaluation_context, "an integer", _integer)

    def resolve_float_details(self, flag_key, default_value, evaluation_context=None):
        return self._resolve(flag_key, default_value, evaluation_context, "a float", _float)

    def resolve_object_details(self, flag_key, default_value, evaluation_context=None):
        return self._resolve(flag_key, default_value, evaluation_context, "an object", _object)

    def track(self, tracking_event_name, evaluation_context=None, tracking_event_details=None):
        """Send an Event hit with the category ``Action Tracking`` and this name as its action.

        The value of the details, a whole number above 0, becomes the event's value. Their attribute
        ``label`` becomes its label, and ``category`` may be ``User Engagement``. Anything else is
        left out with a log line. Never raises: if the hit cannot be sent, that is logged.
        """
        try:
            hit = Event(EventCategory.ACTION_TRACKING, tracking_event_name)
            if tracking_event_details is not None:
                hit = _with_details(hit, tracking_event_name, tracking_event_details)
            visitor_id = evaluation_context and evaluation_context.targeting_key
            if not visitor_id:
                current().error(
                    "[openfeature] track: not sent, the evaluation context has no targeting key")
                return
            Flagship.instance().create_visitor(
                visitor_id, has_consented=evaluation_context.attributes.get(CONSENT, True)
            ).send_hit(hit)
        except FlagshipError as error:
            current().error("[openfeature] track: not sent: %s", error.message)

    def _resolve(self, flag_key, default, evaluation_context, kind, typed):
        visitor_id = evaluation_context and evaluation_context.targeting_key
        if not visitor_id:
            return _error_details(default, ErrorCode.TARGETING_KEY_MISSING,
                                  "the targeting key, the visitor's id, is missing")
        flagship = Flagship.instance()
        try:
            recent = self._recent_visitor(flagship, visitor_id, evaluation_context.attributes)
        except InitializationError:
            return _error_details(default, ErrorCode.PROVIDER_NOT_READY, "Flagship is not started")
        except FlagshipError as error:
            return _error_details(default, ErrorCode.INVALID_CONTEXT, error.message)
        visitor = recent.visitor
        modification = visitor.modifications.get(flag_key)
        if modification is None:
            if flagship.status.panic:
                return FlagResolutionDetails(value=default, reason=Reason.DISABLED)
            if recent.problem:
                return _error_details(default, ErrorCode.GENERAL, recent.problem)
            return _error_details(default, ErrorCode.FLAG_NOT_FOUND,
                                  "the visitor has no flag %r" % (flag_key,))
        value = modification.value
        reason = Reason.STALE if recent.problem else Reason.TARGETING_MATCH
        if value is None:
            value, reason = default, Reason.DEFAULT
        else:
            value = typed(value)
            if value is None:
                return _error_details(default, ErrorCode.TYPE_MISMATCH,
                                      "the flag %r is not %s but of type %s"
                                      % (flag_key, kind, type(modification.value).__name__))
        if self._activated is True or self._activated and flag_key in self._activated:
            visitor.activate_modification(flag_key)
        return FlagResolutionDetails(
            value=value, reason=reason, variant=modification.variation_id, flag_metadata={
                "campaignId": modification.campaign_id,
                "variationGroupId": modification.variation_group_id,
                "isReference": modification.reference})

    def _recent_visitor(self, flagship, visitor_id, attributes):
        return self._visitors.get(
            flagship, check.text("evaluation", "targeting_key", visitor_id),
            self._attributes.context_of(attributes), attributes.get(CONSENT, True))

    def _emit_change(self, recent):
        """Emit an event to OpenFeature when the provider's condition changes; only once, however
        many visitors are affected."""
        if not recent.problem:
            condition = _READY
        elif Flagship.instance().status.panic:
            return  # panic is deliberate, not a failure
        else:
            condition = max(self._condition, _STALE if recent.visitor.modifications else _ERROR)
        if condition != self._condition:
            self._condition = condition
            emit = (self.emit_provider_ready, self.emit_provider_stale, self.emit_provider_error)[
                condition]
            emit(ProviderEventDetails(message=recent.problem or None))


def _error_details(default, code, message):
    return FlagResolutionDetails(value=default, reason=Reason.ERROR, error_code=code,
                                 error_message=message)


# Each returns the value in its type, or None if the value is of another type.

def _boolean(value):
    return value if isinstance(value, bool) else None


def _string(value):
    return value if isinstance(value, str) else None


def _integer(value):
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _float(value):
    if isinstance(value, float):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    try:
        return float(value) if int(float(value)) == value else None
    except OverflowError:
        return None


def _object(value):
    return value if isinstance(value, (dict, list)) else None


def _with_details(hit, name, details):
    """Return the hit with those details that an Event has a field for."""
    left_out, attributes = [], dict(details.attributes)
    category = attributes.pop("category", None)
    if category in _CATEGORIES:
        hit = Event(_CATEGORIES[category], name)
    elif category is not None:
        left_out.append("category")
    if isinstance(attributes.get("label"), str):
        hit.with_event_label(attributes.pop("label"))
    if details.value is not None:
        value = _integer(details.value)
        if value is not None and value > 0:
            hit.with_event_value(value)
        else:
            left_out.append("value")
    left_out += sorted("%s" % key for key in attributes)
    if left_out:
        current().warning("[openfeature] track: left out of the event: %s", ", ".join(left_out))
    return hit
