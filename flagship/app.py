"""The SDK: starts and closes it, makes visitors, and holds the process's one instance."""
import threading

from flagship import _validation as check
from flagship._events import EventLog, current, set_current
from flagship._runtime import Neutral, Runtime, connect
from flagship.config import Config
from flagship.errors import FlagshipError, InitializationError
from flagship.status import Status
from flagship.visitor import Visitor, new_id

__all__ = ["Config", "Flagship"]


def neutral_visitor(visitor_id=None):
    """A visitor that gives defaults and sends nothing, whether the SDK is started or not; for code that must go on.

    :param str visitor_id: the visitor's id; None (default) or an empty one gets a new UUID4.
    :rtype: Visitor
    """
    return Visitor(Neutral(current(), "Flagship is not started"), visitor_id or new_id(), False, None)


class Flagship(object):
    """The process's one SDK. ``Flagship.instance()`` and ``Flagship()`` give the same object.

    As a context manager it closes itself::

        with Flagship.instance() as flagship:
            flagship.start(env_id, api_key, Config())
    """

    _instance = None
    _making = threading.Lock()

    def __new__(cls):
        with cls._making:
            if Flagship._instance is None:
                Flagship._instance = super(Flagship, cls).__new__(cls)
                Flagship._instance._runtime = None
                Flagship._instance._config = None
                Flagship._instance._connect = connect
                Flagship._instance._replacing = threading.Lock()
        return Flagship._instance

    @classmethod
    def instance(cls):
        """The process's one Flagship, started or not."""
        return cls._instance or cls()

    @property
    def config(self):
        """The Config given to the last :meth:`start`, with ``env_id`` and ``api_key``; None before."""
        return self._config

    @property
    def status(self):
        """What the SDK runs on at this moment, for health checks.

        :rtype: Status
        """
        runtime, config = self._runtime, self._config
        if runtime is None:
            return Status(config and config.mode, False)
        return Status(config.mode, True, runtime.state.panic, tracking=runtime.tracking.counters,
                      **runtime.decisions.details)

    def start(self, env_id, api_key, config):
        """Start the SDK; what ran before is closed and replaced.

        In bucketing mode the bucketing file is loaded once, within the time-out. API mode makes no request and
        starts no thread. The network's failures never raise.

        :param str env_id: the environment's id, not empty.
        :param str api_key: the environment's API key, not empty.
        :param Config config: the options.
        :raises TypingError: on an argument of the wrong type; what ran before goes on.
        :raises ParamError: when an id or key is empty; what ran before goes on.
        """
        try:
            check.instance("start", "config", config, Config)
            runtime = self._runtime_for(check.text("start", "env_id", env_id, empty=False),
                                        check.text("start", "api_key", api_key, empty=False), config)
        except FlagshipError as error:
            (EventLog(config.event_handler) if isinstance(config, Config) else current()).raise_or_report(error)
            return
        with self._replacing:
            before, self._runtime, self._config = self._runtime, runtime, config
        if before is not None:
            before.close(config.timeout)
        set_current(runtime.events)
        runtime.decisions.start()
        runtime.events.debug("Flagship started in %s mode", config.mode.name)

    def _runtime_for(self, env_id, api_key, config):
        before = config.env_id, config.api_key
        config._start(env_id, api_key)
        try:
            return Runtime(config, self._connect)
        except Exception:
            config._start(*before)
            raise

    def _exchange(self, runtime, config, connect):
        """Put something else in the place of what runs, of its Config and of what connects the next start; nothing is
        closed. Returns what was there, to be given back."""
        with self._replacing:
            before = self._runtime, self._config, self._connect
            self._runtime, self._config, self._connect = runtime, config, connect
        set_current(runtime and runtime.events)
        return before

    def is_flagship_started(self):
        """Whether visitors can be made: after :meth:`start` and before :meth:`close`."""
        return self._runtime is not None

    def create_visitor(self, visitor_id=None, authenticated=False, context=None):
        """Make a visitor. Sends nothing.

        :param str visitor_id: the visitor's id; None (default) or an empty one gets a new UUID4.
        :param bool authenticated: whether the visitor is logged in; default False.
        :param dict context: the visitor's context; None (default) is an empty one. A bad pair is refused alone, with
            a log line.
        :rtype: Visitor
        :raises InitializationError: before :meth:`start` and after :meth:`close`.
        :raises TypingError: on an argument of the wrong type. With ``catch_all_exceptions`` the visitor that is
            returned then is neutral: it gives defaults and sends nothing.
        """
        runtime = self._runtime
        if runtime is None:
            raise InitializationError("create_visitor: call Flagship.instance().start(env_id, api_key, config) first")
        try:
            if visitor_id is not None:
                visitor_id = check.text("create_visitor", "visitor_id", visitor_id)
            check.boolean("create_visitor", "authenticated", authenticated)
            if context is not None:
                check.instance("create_visitor", "context", context, dict, "dict or None")
        except FlagshipError as error:
            runtime.events.raise_or_report(error)
            neutral = Neutral(runtime.events, "the visitor was created with a wrong argument", runtime.decisions)
            return Visitor(neutral, new_id(), False, None)
        return Visitor(runtime, visitor_id or new_id(), authenticated, context)

    def flush(self, timeout=None):
        """Wait until what deferred tracking has queued is delivered.

        :param float timeout: seconds to wait at most; None (default): the time-out of the Config.
        :return: whether nothing is queued any more; True where tracking is immediate, and before a start.
        :raises TypingError: when ``timeout`` is no number.
        :raises ParamError: when ``timeout`` is not greater than 0.
        """
        seconds = self._seconds("flush", timeout)
        runtime = self._runtime
        return runtime is None or runtime.tracking.flush(seconds)

    def close(self, timeout=None):
        """Stop threads, deliver what is queued and close connections, within a bounded time. Twice is harmless.

        :param float timeout: seconds that delivering may take; None (default): the time-out of the Config.
        :raises TypingError: when ``timeout`` is no number; nothing is closed.
        :raises ParamError: when ``timeout`` is not greater than 0; nothing is closed.
        """
        seconds = self._seconds("close", timeout)
        with self._replacing:
            runtime, self._runtime = self._runtime, None
        if runtime is not None:
            runtime.close(seconds)
            set_current(None)

    def _seconds(self, function, timeout):
        if timeout is None:
            return self._config.timeout if self._config else 0
        return check.number(function, "timeout", timeout, above=0, maximum=3600)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()
