"""The parts that all visitors of the SDK share, wired together."""
from collections import namedtuple

from flagship import _emulated
from flagship._events import EventLog
from flagship.cache.assignments import AssignmentCache
from flagship.decision import create_manager
from flagship.decision.manager import DecisionError, DecisionManager
from flagship.state import PlatformState
from flagship.tracking import create_client
from flagship.transport.client import HttpClient

NOT_STARTED = "Flagship is not started"

#: The parts that a start creates: the visitor cache or None, the tracking client, the decision
#: manager, and the HTTP client that these share, or None.
Parts = namedtuple("Parts", ("cache", "tracking", "decisions", "http"))


def connect(config, events, state):
    """Return the Parts for ``config``, connected to the real platform."""
    problem = None if config.offline else _emulated.notice(config)
    if problem:
        # During a restart ``events`` still goes to the previous handler.
        EventLog(config.event_handler).warning("[start] %s", problem)
    http = HttpClient(config, events)
    return Parts(connect_cache(config, events), create_client(config, http, events, state),
                 create_manager(config, http, events, state), http)


def connect_cache(config, events):
    manager = config.visitor_cache_manager
    if manager is None:
        return None
    return AssignmentCache(manager, config.env_id, config.timeout, events)


class Runtime(object):
    """A visitor's reference to the SDK. It outlives a restart with other options: its parts are
    replaced in a single assignment, and the visitors use the new ones.

    :param EventLog events: receives log lines and errors; its handler may change.
    """

    def __init__(self, events):
        self.events, self.state = events, PlatformState(events)
        self.parts = Parts(None, _Idle(), _Idle(), None)

    def use(self, parts):
        """Make all visitors use these parts from their next call on; return the previous parts."""
        before, self.parts = self.parts, parts
        return before

    def use_handlers_of(self, config):
        """Tell the event handler and the hooks of this Config from now on."""
        self.events.use(config.event_handler)
        self.state.use_hooks(config.hooks)

    def close(self, timeout):
        self.state.close()
        shut_down(self.parts, timeout)


def neutral(events, reason, decisions=None):
    """Return the runtime of a visitor that must neither decide nor send.

    :param decisions: the decision manager whose mode the visitor is in; None (default): none.
    """
    runtime = Runtime(events)
    if decisions is not None:
        runtime.parts = runtime.parts._replace(decisions=decisions)
    runtime.state.close(reason)
    return runtime


def shut_down(parts, timeout):
    """Deliver what is queued, within ``timeout`` seconds, then stop threads and close sockets."""
    parts.tracking.close(timeout)
    parts.decisions.close()
    if parts.http is not None:
        parts.http.close()


class _Idle(DecisionManager):
    """Neither decides nor sends: stands in for the parts of an SDK that is not started."""

    # While the mode is unknown, anonymous ids are kept as in API mode, so that nothing is lost.
    knows_anonymous = True
    counters = None

    def decide(self, *facts):
        raise DecisionError(NOT_STARTED, expected=True)

    decide_forced = explain = decide

    def activate(self, visitor_id, anonymous_id, modification):
        return False, NOT_STARTED

    send_hit = activate

    def send_context(self, visitor_id, context, anonymous_id=None):
        return False, NOT_STARTED

    def flush(self, timeout):
        return True

    def close(self, timeout=None):
        """There is nothing to close."""
