"""What all visitors of one start share, wired together."""
from collections import namedtuple

from flagship._events import EventLog
from flagship.transport.client import HttpClient
from flagship.cache.assignments import AssignmentCache
from flagship.decision import create_manager
from flagship.decision.manager import DecisionManager
from flagship.state import PlatformState
from flagship.tracking import create_client

#: The parts that reach out of the process: the visitor cache or None, the tracking client, the decision manager, and
#: a function that closes what they share.
Parts = namedtuple("Parts", ("cache", "tracking", "decisions", "disconnect"))


def connect(config, events, state):
    """The parts as ``config`` says, on the real platform."""
    manager = config.visitor_cache_manager
    cache = None if manager is None else AssignmentCache(manager, config.env_id, config.timeout, events)
    http = HttpClient(config, events)
    tracking = create_client(config, http, events, state)
    return Parts(cache, tracking, create_manager(config, http, events, state), http.close)


class Runtime(object):
    """What a visitor holds of the SDK that made it.

    :param Config config: the options, with the credentials.
    :param connect: makes the Parts from ``(config, events, state)``.
    """

    def __init__(self, config, connect):
        self.events = EventLog(config.event_handler)
        self.state = PlatformState(self.events)
        self.use(connect(config, self.events, self.state))
        self.knows_anonymous = self.decisions.knows_anonymous

    def use(self, parts):
        """Have all visitors decide and send by these parts from their next call on."""
        self.parts = parts
        self.cache, self.tracking, self.decisions = parts.cache, parts.tracking, parts.decisions

    def close(self, timeout):
        self.state.close()
        self.tracking.close(timeout)
        self.decisions.close()
        self.parts.disconnect()


class Neutral(object):
    """What a visitor has in a runtime's place that must neither decide nor send.

    :param decisions: the decision manager whose mode the visitor is in; None (default) where there is none.
    """

    cache = tracking = None

    def __init__(self, events, reason, decisions=None):
        self.events, self.decisions = events, decisions or DecisionManager()
        self.state = PlatformState(events)
        self.state.close(reason)
        # Where nobody knows the mode, identities are kept as the platform would: nothing is lost by it.
        self.knows_anonymous = decisions is None or decisions.knows_anonymous
