"""The SDK's entry point: starts and closes it, creates visitors and holds the process-wide
instance."""
import signal
import threading

from flagship import _process, _signals, _values
from flagship import _validation as check
from flagship._credentials import read_credentials
from flagship._events import EventLog, current, set_current
from flagship._runtime import NOT_STARTED, Runtime, connect, connect_cache, neutral, shut_down
from flagship._troubleshooting import see
from flagship.config import Config
from flagship.errors import FlagshipError, InitializationError
from flagship.status import Status
from flagship.visitor import Visitor, new_id, read_consent, read_id

__all__ = ["Config", "Flagship"]


def neutral_visitor(visitor_id=None, has_consented=True):
    """Return a visitor that gives defaults and sends nothing, whether or not the SDK is started;
    for code that must not fail.

    :param str visitor_id: the visitor's id; None (default) or empty: a new UUID4.
    :param bool has_consented: as in :meth:`Flagship.create_visitor`; default True.
    :rtype: Visitor
    """
    return Visitor(neutral(current(), NOT_STARTED), visitor_id or new_id(), False, None,
                   has_consented)


class _Start(object):
    """A start in progress."""

    def __init__(self, given):
        self.given, self.parts, self.closes = given, None, None
        self.over, self._lineage = threading.Event(), _process.lineage()

    def is_same(self, other):
        """Return whether both starts load the same thing, in the same process."""
        return self.given == other.given and self._lineage == other._lineage


class Flagship(object):
    """The process-wide SDK. ``Flagship.instance()`` and ``Flagship()`` return the same object.

    Used as a context manager, it closes itself::

        with Flagship.instance() as flagship:
            flagship.start(env_id, api_key, Config())
    """

    _making = _process.Lock()

    def __new__(cls):
        with cls._making:
            flagship = _process.instance()
            if flagship is None:
                flagship = super(Flagship, cls).__new__(cls)
                flagship._prepare()
                # Published once complete, so that no thread sees it half-initialised.
                _process.set_instance(flagship)
        return flagship

    def _prepare(self):
        self._changing = _process.Lock()
        self._runtime = self._config = self._given = None
        self._cache_manager = None  # the user's manager that is in use
        self._waiting = None   # the runtime of visitors that were unpickled before a start
        self._starting = None  # a _Start
        self._closes = 0
        self._counts = None, 0  # the tracking client's and what was withheld, when last closed
        self._connect = connect

    @classmethod
    def instance(cls):
        """Return the process-wide Flagship, started or not."""
        return _process.instance() or cls()

    @property
    def config(self):
        """The Config given to the last :meth:`start`, with ``env_id`` and ``api_key``; None before
        the first start."""
        return self._config

    @property
    def status(self):
        """The SDK's current status, for health checks.

        :rtype: Status
        """
        runtime, config = self._runtime, self._config
        if runtime is None:
            counters, withheld = self._counts
            return Status(config and config.mode, False, tracking=counters, withheld=withheld)
        parts = runtime.parts
        errors = {} if parts.http is None else parts.http.last_errors
        return Status(config.mode, True, runtime.state.panic, tracking=parts.tracking.counters,
                      last_errors=errors, withheld=runtime.state.withheld,
                      **parts.decisions.details)

    def start(self, env_id, api_key, config=None):
        """Start the SDK.

        In bucketing mode the bucketing file is loaded once, within its timeout. In API mode no
        request is made and no thread is started. Network, disk and system failures never raise.

        Starting again with the same id, key and options is idempotent, except that a new event
        handler or visitor cache manager and new hooks take effect. With different ones, the SDK
        switches over once the new options are ready: existing visitors use them from then on, and
        what was queued is delivered.

        :param str env_id: the environment's id. Surrounding white space is stripped, with a
            WARNING.
        :param str api_key: the environment's API key; stripped likewise.
        :param Config config: the options; None (default): ``Config()``.
        :raises TypingError: on an argument of the wrong type; an SDK that was already running keeps
            running.
        :raises ParamError: when an id or key is empty or contains a character that is not allowed
            in a URL or a header; an SDK that was already running keeps running.
        """
        try:
            config = Config() if config is None else config
            check.instance("start", "config", config, Config, "Config or None")
            env_id, api_key = read_credentials(env_id, api_key, config)
            self._start(env_id, api_key, config)
        except FlagshipError as error:
            events = EventLog(config.event_handler) if isinstance(config, Config) else current()
            events.raise_or_report(error)

    def _start(self, env_id, api_key, config):
        start = _Start(config._identity(env_id, api_key))
        while True:
            with self._changing:
                running = self._runtime is not None and self._given == start.given
                other = self._starting
                waits = not running and other is not None and other.is_same(start)
                if not running and not waits:
                    if self._runtime is None and self._waiting is None:
                        self._waiting = Runtime(EventLog(config.event_handler))
                    self._starting, start.closes = start, self._closes
                    runtime = self._runtime or self._waiting
            if running:
                return self._take_over(start.given, config)
            if not waits:
                break
            # Another thread is starting the SDK with the same arguments; wait for it instead.
            if not other.over.wait(config.timeout + config.bucketing_timeout):
                return
        try:
            self._begin(start, runtime, env_id, api_key, config)
        finally:
            with self._changing:
                if self._starting is start:
                    self._starting = None
            start.over.set()

    def _begin(self, start, runtime, env_id, api_key, config):
        """Load the new parts without holding a lock, then replace the running ones with them."""
        before = config.env_id, config.api_key
        config._start(env_id, api_key)
        try:
            parts = start.parts = self._connect(config, runtime.events, runtime.state)
        except Exception:
            config._start(*before)
            raise
        runtime.use_handlers_of(config)
        parts.tracking.start()
        parts.decisions.start()
        with self._changing:
            closed = start.closes != self._closes
            if not closed:
                was_running, replaced = self._runtime is not None, runtime.use(parts)
                self._runtime = runtime
                if self._waiting is runtime:
                    self._waiting = None
                self._config, self._given = config, start.given
                self._cache_manager = config.visitor_cache_manager
        if closed:
            return shut_down(parts, config.timeout)
        heeded = None
        while heeded is not runtime.parts.decisions:  # another start may replace it at any time
            heeded = runtime.parts.decisions
            runtime.state.listen_to(heeded, heeded.panic, runtime.events)
        set_current(runtime.events)
        runtime.events.debug("Flagship started in %s mode", config.mode.name)
        if was_running:
            _retire(replaced, config.timeout)

    def _take_over(self, given, config):
        """Keep running with a Config whose options are the same but whose event handler, visitor
        cache manager or hooks may differ."""
        runtime, manager = self._runtime, config.visitor_cache_manager
        if runtime is None:
            return  # closed in the meantime
        config._start(*given[:2])
        connects = manager is not self._cache_manager and self._connect is connect
        cache = connect_cache(config, runtime.events) if connects else None
        with self._changing:
            if self._runtime is not runtime or self._given != given:
                return  # closed, or started with other options, in the meantime: the last call wins
            if connects:
                runtime.parts = runtime.parts._replace(cache=cache)
            self._config, self._cache_manager = config, manager
        runtime.use_handlers_of(config)
        runtime.parts.decisions.start_again()

    def runtime(self):
        """Return the runtime for an unpickled visitor: the running one, or the one that the next
        start will use."""
        with self._changing:
            if self._runtime is None and self._waiting is None:
                self._waiting = Runtime(EventLog(Config().event_handler))
            return self._runtime or self._waiting

    def is_flagship_started(self):
        """Return whether visitors can be created: after :meth:`start` and before :meth:`close`."""
        return self._runtime is not None

    def create_visitor(self, visitor_id=None, authenticated=False, context=None,
                       has_consented=True):
        """Create a visitor. Sends nothing.

        :param str visitor_id: the visitor's id; None (default) or empty: a new UUID4.
        :param authenticated: whether the visitor is logged in, evaluated as a truth value; default
            False.
        :param context: the visitor's context, any mapping or a sequence of pairs; None (default):
            an empty one. An invalid pair is rejected individually, with a log line.
        :param bool has_consented: whether the visitor has consented to being tracked, read and
            changed as by :meth:`Visitor.set_consent`; default True.
        :rtype: Visitor
        :raises InitializationError: before :meth:`start` and after :meth:`close`.
        :raises TypingError: on an argument of the wrong type. With ``catch_all_exceptions`` a
            neutral visitor is returned instead: it gives defaults and sends nothing.
        """
        runtime = self._runtime
        if runtime is None:
            self._refuse_visitor()
        events = runtime.events
        try:
            if visitor_id is not None:
                visitor_id = read_id("create_visitor", visitor_id, events)
            if has_consented is not True:
                has_consented = read_consent("create_visitor", has_consented, events)
            return Visitor(runtime, visitor_id or new_id(), _values.flag(authenticated), context,
                           has_consented)
        except FlagshipError as error:
            events.raise_or_report(error)
            return Visitor(neutral(events, "the visitor was created with a wrong argument",
                                   runtime.parts.decisions), new_id(), False, None, False)

    def _refuse_visitor(self):
        try:
            raise InitializationError(
                "create_visitor: call Flagship.instance().start(env_id, api_key, config) first"
                + see("not-started"))
        except InitializationError as error:
            events = current() if self._config is None else EventLog(self._config.event_handler)
            events.report(error)
            raise

    def flush(self, timeout=None):
        """Wait until everything that deferred tracking has queued is delivered.

        :param float timeout: maximum seconds to wait; None (default): the timeout of the Config.
        :return: whether the queue is empty; True if tracking is immediate, and before a start.
        :raises TypingError: when ``timeout`` is not a number.
        :raises ParamError: when ``timeout`` is not greater than 0.
        """
        seconds = self._seconds("flush", timeout)
        runtime = self._runtime
        return runtime is None or runtime.parts.tracking.flush(seconds)

    def close(self, timeout=None):
        """Stop threads, deliver what is queued and close connections, within a bounded time.
        Idempotent, and safe in a signal handler.

        :param float timeout: maximum seconds for delivery; None (default): the timeout of the
            Config.
        :raises TypingError: when ``timeout`` is not a number; nothing is closed.
        :raises ParamError: when ``timeout`` is not greater than 0; nothing is closed.
        """
        seconds = self._seconds("close", timeout)
        with self._changing:
            runtime, self._runtime, starting = self._runtime, None, self._starting
            self._closes += 1
        if starting is not None and starting.parts is not None:
            starting.parts.decisions.close()  # the start will notice that it was closed
        if runtime is not None:
            runtime.close(seconds)
            self._counts = runtime.parts.tracking.counters, runtime.state.withheld

    def close_on_signals(self, signals=(signal.SIGTERM, signal.SIGINT)):
        """Deliver what is queued when a signal ends the process, for servers and scripts where
        ``atexit`` does not run then. Existing handlers are still called, and ignored signals stay
        ignored.

        If a signal has no handler, the SDK is closed before the signal ends the process. If it has
        one, as in a server with graceful shutdown, the queue is flushed before the handler runs,
        and anything tracked after that is sent at once.

        :param signals: the signal numbers; default SIGTERM and SIGINT.
        :raises ValueError: outside the main thread, or for an invalid signal number.
        """
        _signals.close_on_signals(self._deliver, self.close, signals)

    def _deliver(self):
        runtime, seconds = self._runtime, self._seconds("close", None)
        if runtime is not None:
            runtime.parts.tracking.retire(seconds)
            runtime.parts.tracking.flush(seconds)

    def _seconds(self, function, timeout):
        if timeout is None:
            return self._config.timeout if self._config else 0
        return check.number(function, "timeout", timeout, above=0, maximum=3600)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()


def _retire(parts, timeout):
    """Release parts that were replaced; calls in progress still finish on them."""
    parts.decisions.close()
    parts.tracking.retire(timeout)
    if parts.http is not None:
        parts.http.retire()


# Created at import, so that threads that ask for it concurrently get the same instance.
Flagship()
