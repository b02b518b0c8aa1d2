"""The SDK's options, each checked once; no I/O."""
import re

from flagship import _emulated
from flagship import _validation as check
from flagship._compat import Enum, fspath, integer_types
from flagship._events import EventLog
from flagship._values import unwrap_proxy
from flagship.errors import FlagshipError
from flagship.handler import FlagshipEventHandler

_MAX_TRACKING_INTERVAL = 3600
# Neither a socket nor a thread accepts a much larger timeout.
_LONGEST_WAIT = 366 * 24 * 3600

# Up to the last "@", as a password may contain any character.
_USER_INFO = re.compile("//.*@")


def _mode(value):
    return check.instance("Config", "mode", value, Config.Mode,
                          "Config.Mode.API or Config.Mode.BUCKETING")


def _timeout(value):
    return check.number("Config", "timeout", value, above=0, maximum=_LONGEST_WAIT)


def _tracking_timeout(value):
    if value is None:
        return None
    return check.number("Config", "tracking_timeout", value, above=0, maximum=_LONGEST_WAIT)


def _bucketing_timeout(value):
    return check.number("Config", "bucketing_timeout", value, above=0, maximum=_LONGEST_WAIT)


def _polling_interval(value):
    value = unwrap_proxy(value)
    # A huge number, or infinity, means practically no polling.
    is_number = isinstance(value, integer_types + (float,))
    if is_number and not isinstance(value, bool) and value > _LONGEST_WAIT:
        return _LONGEST_WAIT
    return check.number("Config", "polling_interval", value)


def _event_handler(value):
    if value is None:
        return FlagshipEventHandler()
    return check.instance("Config", "event_handler", value, FlagshipEventHandler,
                          "FlagshipEventHandler or None")


def _visitor_cache_manager(value):
    if value is None or (not isinstance(value, type) and callable(getattr(value, "lookup", None))
                         and callable(getattr(value, "save", None))):
        return value
    raise check.typing_error("Config", "visitor_cache_manager", value,
                             "VisitorCacheManager, an object with its two methods, or None")


def _debug(value):
    return check.boolean("Config", "debug", value)


def _base_url(name):
    def base_url(value):
        accepted = check.url("Config", name, value)
        if "?" in accepted or "#" in accepted:
            raise check.param_error("Config", name,
                                    "(%s) must be a base URL, without query or fragment"
                                    % type(value).__name__)
        return accepted.rstrip("/")
    return base_url


def _path(name, value):
    if value is None:
        return None
    path = fspath(unwrap_proxy(value))
    if path is None:
        raise check.typing_error("Config", name, value, "a path or None")
    return check.text("Config", name, path, empty=False)


def _bucketing_file(value):
    return _path("bucketing_file", value)


def _initial_bucketing(value):
    if value is None or isinstance(value, dict):
        return value
    path = fspath(unwrap_proxy(value))
    if path is None:
        raise check.typing_error("Config", "initial_bucketing", value, "a dict, a path or None")
    return check.text("Config", "initial_bucketing", path, empty=False)


def _session(value):
    # By name: only the transport imports requests.
    if value is None or callable(value) or any(
            (kind.__module__, kind.__name__) == ("requests.sessions", "Session")
            for kind in type(value).__mro__):
        return value
    raise check.typing_error("Config", "session", value,
                             "requests.Session, a callable that makes one, or None")


def _connection_pool_size(value):
    return check.integer("Config", "connection_pool_size", value, minimum=1, maximum=10000)


def _tracking(value):
    accepted = check.text("Config", "tracking", value)
    if accepted not in ("immediate", "deferred"):
        raise check.param_error("Config", "tracking", "(%s) must be 'immediate' or 'deferred'"
                                % type(value).__name__)
    return accepted


def _tracking_queue_size(value):
    return check.integer("Config", "tracking_queue_size", value, minimum=1)


def _tracking_interval(value):
    return check.number("Config", "tracking_interval", value, above=0,
                        maximum=_MAX_TRACKING_INTERVAL)


def _tracking_batch_size(value):
    return check.integer("Config", "tracking_batch_size", value, minimum=1, maximum=10000)


def _offline(value):
    return check.boolean("Config", "offline", value)


def _decision_api(value):
    accepted = check.text("Config", "decision_api", value)
    if accepted not in ("platform", "self-hosted"):
        raise check.param_error("Config", "decision_api", "(%s) must be 'platform' or 'self-hosted'"
                                % type(value).__name__)
    return accepted


def _context_events(value):
    return check.boolean("Config", "context_events", value)


def _repeat_contexts(value):
    return check.boolean("Config", "repeat_contexts", value)


def _spool(value):
    return _path("spool", value)


def _circuit_breaker(value):
    return check.boolean("Config", "circuit_breaker", value)


def _max_response_size(value):
    return check.integer("Config", "max_response_size", value, minimum=1024)


def _hooks(value):
    if value is None:
        return ()
    from flagship.hooks import Hook
    check.instance("Config", "hooks", value, (list, tuple),
                   "a list or tuple of instances of flagship.hooks.Hook, or None")
    for place, hook in enumerate(value):
        check.instance("Config", "hooks[%d]" % place, hook, Hook,
                       "an instance of flagship.hooks.Hook")
    return tuple(value)


class _Signature(object):
    """``Config.__signature__``, by which ``help`` and editors show the options with their defaults.
    Python 2 has none."""

    def __get__(self, config, owner):
        import inspect  # here, as only readers of documentation need it
        return inspect.Signature([
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
            for name, (_, default) in owner._OPTIONS.items()])


class Config(object):
    """The options of :meth:`Flagship.start`, all keyword arguments.

    :param Config.Mode mode: ``API`` (default): the platform decides; ``BUCKETING``: this process
        decides.
    :param float timeout: maximum seconds for a decision, that is, for the whole campaigns request;
        default 2.0. Above 60, ``start`` logs a warning, as the vendor's 3.x takes milliseconds.
    :param float tracking_timeout: maximum seconds for each activation, context event and hit. None
        (default): the larger of ``timeout`` and 2.0.
    :param float bucketing_timeout: maximum seconds for each download of the bucketing file, default
        10.0.
    :param float polling_interval: seconds between requests for the bucketing file, default 60; 0 or
        less: no polling; infinity, and anything longer than a year, counts as a year.
    :param FlagshipEventHandler event_handler: receives log lines; None (default): the ``flagship``
        logger.
    :param VisitorCacheManager visitor_cache_manager: stores assignments; None (default): none.
    :param bool debug: True adds the bodies of requests and responses, and so visitors' contexts, to
        DEBUG lines; default False.
    :param str decision_api_url: default ``https://decision.flagship.io/v2``.
    :param str decision_api: ``"platform"`` (default), or ``"self-hosted"`` if ``decision_api_url``
        is a self-hosted instance of the vendor's Decision API server, such as
        ``http://decision:8080/v2``. Its paths do not contain the environment, and it reports
        contexts itself.
    :param str cdn_url: default ``https://cdn.flagship.io``.
    :param str tracking_url: default ``https://ariane.abtasty.com``.
    :param bucketing_file: path of the bucketing file's snapshot on disk, default ``bucketing.json``
        in the working directory; None: no snapshot.
    :param initial_bucketing: a bucketing file to start with, as a dict or a path; default None. In
        API mode it is only read for forced variations.
    :param bool offline: True: no request is ever made, for batch jobs and development. Bucketing
        mode decides with ``bucketing_file`` or ``initial_bucketing``, API mode gives defaults;
        nothing is sent, and calls that would send return ``(False, reason)``. Default False.
    :param session: a ``requests.Session``, or a callable that creates one, for proxies, CA bundles
        and client certificates; None (default): the SDK creates its own. A callable is called once
        per process, and the SDK closes the session that it returns; closing a session that you pass
        in is up to you.
    :param int connection_pool_size: connections kept open per host, default 10.
    :param str tracking: ``"immediate"`` (default): activations, context events and hits are sent in
        the caller's thread, and the calls return the outcome; ``"deferred"``: they are queued and
        sent in batches by one thread, and the calls return ``(True, "queued")``.
    :param int tracking_queue_size: maximum number of queued items, default 10,000; the queue also
        holds at most 64 MiB. When the queue is full, the oldest of the least important items are
        dropped and counted.
    :param float tracking_interval: maximum seconds that an item waits for others to share its
        batch, default 1.0.
    :param int tracking_batch_size: number of items that are sent without further waiting, default
        100.
    :param bool context_events: True (default): each synchronisation reports the visitor's context,
        for the platform's analyses; False: contexts are not reported at all.
    :param bool repeat_contexts: True: deferred tracking also reports a context that is the same as
        the visitor's last one within 30 minutes; False (default): it is deduplicated.
    :param spool: path of a SQLite file that keeps what deferred tracking queued until it is
        delivered, however the process ends; several processes may share it; None (default): no
        spool. It holds at most ``tracking_queue_size`` items, none over 4 hours old.
    :param bool circuit_breaker: True (default): after 5 failures in a row the circuit of an
        endpoint is open for 1 second, and after each further failure for twice as long, up to 30;
        while it is open, calls to that endpoint fail at once.
    :param int max_response_size: maximum size of a response in bytes, decompressed, above which it
        is refused; default 16 MiB.
    :param hooks: a list or tuple of instances of :class:`flagship.hooks.Hook`, which are told of
        events such as a flag that is read; None (default): none.
    :raises ParamError: on an unknown option, or a value out of range.
    :raises TypingError: on a value of the wrong type.

    If the environment variable ``FLAGSHIP_EMULATOR`` is set, such as to ``http://127.0.0.1:8080``,
    the default URLs point to that emulator, for development. It must be an address of this machine,
    otherwise it is ignored; in either case a start logs a warning.

    ``config.name`` reads an option; ``config.name = value`` checks it as the constructor does, and
    takes effect at the next start.

    :ivar env_id: as given to :meth:`Flagship.start`, None before.
    :ivar api_key: as given to :meth:`Flagship.start`, None before.
    """

    class Mode(Enum):
        API = "API"
        BUCKETING = "BUCKETING"

        def __reduce_ex__(self, protocol):
            # Python 2 cannot unpickle a nested class.
            return _mode_named, (self.name,)

    _OPTIONS = {
        "mode": (_mode, Mode.API),
        "timeout": (_timeout, 2.0),
        "tracking_timeout": (_tracking_timeout, None),
        "bucketing_timeout": (_bucketing_timeout, 10.0),
        "polling_interval": (_polling_interval, 60),
        "event_handler": (_event_handler, None),
        "visitor_cache_manager": (_visitor_cache_manager, None),
        "debug": (_debug, False),
        "decision_api_url": (_base_url("decision_api_url"), u"https://decision.flagship.io/v2"),
        "decision_api": (_decision_api, u"platform"),
        "cdn_url": (_base_url("cdn_url"), u"https://cdn.flagship.io"),
        "tracking_url": (_base_url("tracking_url"), u"https://ariane.abtasty.com"),
        "bucketing_file": (_bucketing_file, u"bucketing.json"),
        "initial_bucketing": (_initial_bucketing, None),
        "offline": (_offline, False),
        "session": (_session, None),
        "connection_pool_size": (_connection_pool_size, 10),
        "tracking": (_tracking, u"immediate"),
        "tracking_queue_size": (_tracking_queue_size, 10000),
        "tracking_interval": (_tracking_interval, 1.0),
        "tracking_batch_size": (_tracking_batch_size, 100),
        "context_events": (_context_events, True),
        "repeat_contexts": (_repeat_contexts, False),
        "spool": (_spool, None),
        "circuit_breaker": (_circuit_breaker, True),
        "max_response_size": (_max_response_size, 16 * 1024 * 1024),
        "hooks": (_hooks, ()),
    }

    __signature__ = _Signature()

    def __init__(self, **kwargs):
        self.__dict__.update(env_id=None, api_key=None)
        # The event handler comes first, so that errors in the other options can be reported to it.
        for name in sorted(kwargs, key=lambda name: name != "event_handler"):
            self._set_or_report(name, kwargs[name])
        emulated = _emulated.default_urls()
        for name, (_, default) in self._OPTIONS.items():
            if name not in self.__dict__:
                default = emulated.get(name, default)
                self.__dict__[name] = FlagshipEventHandler() if name == "event_handler" else default

    def _set_or_report(self, name, value):
        """Set an option; with ``catch_all_exceptions`` an invalid one is reported and keeps its
        default."""
        try:
            setattr(self, name, value)
        except FlagshipError as error:
            EventLog(
                self.__dict__.get("event_handler", FlagshipEventHandler())).raise_or_report(error)

    def __setattr__(self, name, value):
        if name not in self._OPTIONS:
            problem = ("is given to Flagship.start" if name in ("env_id", "api_key")
                       else "is not an option")
            raise check.param_error("Config", name, "(%s) %s; there are: %s" % (
                type(value).__name__, problem, ", ".join(sorted(self._OPTIONS))))
        self.__dict__[name] = self._OPTIONS[name][0](value)

    @property
    def is_self_hosted(self):
        """Whether the Decision API is a self-hosted instance of the vendor's server."""
        return self.decision_api == "self-hosted"

    def _identity(self, env_id, api_key):
        """Return what two starts must have in common to count as the same; options that can change
        without a restart are left out."""
        options = {name: self.__dict__[name] for name in self._OPTIONS
                   if name not in ("event_handler", "visitor_cache_manager", "hooks")}
        return env_id, api_key, options

    def _start(self, env_id, api_key):
        """Set the credentials, which are read-only for everyone else."""
        self.__dict__.update(env_id=env_id, api_key=api_key)

    def __repr__(self):
        # A base URL may contain a password.
        shown = ["%s=%s" % (name, _USER_INFO.sub("//***@", repr(self.__dict__[name])))
                 for name in sorted(self._OPTIONS) if name not in ("initial_bucketing", "session")]
        return "Config(env_id=%r, api_key=%s, %s)" % (
            self.env_id, "***" if self.api_key else None, ", ".join(shown))


def _mode_named(name):
    return Config.Mode[name]
