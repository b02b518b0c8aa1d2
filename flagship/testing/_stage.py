"""Stands in for the platform while a test runs; visitors, checks and hits are the real ones."""
import threading

from flagship._events import EventLog, current, set_current
from flagship._runtime import Parts, Runtime
from flagship.app import Flagship
from flagship.config import Config
from flagship.context import without_private_keys
from flagship.decision.explanation import explain_given
from flagship.decision.forced import mark_forced
from flagship.decision.manager import DecisionError, DecisionManager
from flagship.decision.modification import Flags
from flagship.status import Counters
from flagship.testing.sent import SentActivation, SentContext, SentHit
from flagship.tracking.immediate import TrackingClient, activation, with_ids

_DOWN = "the platform is down, as the test says"
_CREDENTIALS = "flagship-testing"


class _Decisions(DecisionManager):
    """Gives visitors the flags of the innermost block."""

    def __init__(self, stage, config, state):
        self._stage, self._state = stage, state
        self.mode, self.knows_anonymous = config.mode.name, config.mode is Config.Mode.API

    @property
    def panic(self):
        sent = self._stage.sent
        return sent is not None and sent.panic

    def decide(self, visitor_id, anonymous_id, context, cached_ids, has_consented=True):
        sent = self._stage.sent
        if sent is None or sent.down:
            raise DecisionError(_DOWN)
        if self._state.panic:
            raise DecisionError(self._state.reason, expected=True)
        modifications = sent.modifications_for(visitor_id, context)
        return Flags(modifications), tuple(each.variation_id for each in modifications.values())

    def decide_forced(self, visitor_id, anonymous_id, context, cached_ids, has_consented,
                      forced):
        flags, variation_ids = self.decide(visitor_id, anonymous_id, context, cached_ids)
        found = {each.campaign_id: each.variation_id for each in flags.all().values()
                 if forced.get(each.campaign_id) == each.variation_id}
        self._note_ignored(forced, found, "the test gives no such flag", current())
        return Flags(mark_forced(flags.all(), found)), tuple(
            each for each in variation_ids if each not in found.values())

    def explain(self, visitor_id, context, cached_ids, modifications, key, forced=()):
        return explain_given(modifications, key)


class _Tracking(TrackingClient):
    """Records in the innermost block what would be sent, in its wire format."""

    def __init__(self, stage, config, events, state):
        super(_Tracking, self).__init__(config, None, events, state)
        self._stage, self._deferred = stage, config.tracking != "immediate"

    def activate(self, visitor_id, anonymous_id, modification):
        wire = dict(activation(visitor_id, anonymous_id, modification), cid=self._env_id)
        return self._keep(self._activate, "204", SentActivation(
            visitor_id, anonymous_id, modification.key, modification.value,
            modification.campaign_id,
            modification.variation_group_id, modification.variation_id, wire))

    def send_context(self, visitor_id, context, anonymous_id=None):
        if not self._reports_contexts:
            return True, "contexts are not reported"
        context = dict(without_private_keys(context))
        return self._keep(self._context, "204", SentContext(
            visitor_id, context, {"type": "CONTEXT", "visitorId": visitor_id, "data": context}))

    def send_hit(self, visitor_id, anonymous_id, hit):
        wire = dict(with_ids(hit.get_data(), visitor_id, anonymous_id), cid=self._env_id)
        return self._keep(self._collect, "200", SentHit(visitor_id, anonymous_id, wire["t"], wire))

    @property
    def counters(self):
        sent = self._stage.sent
        if not self._deferred or sent is None:
            return None
        return Counters(0, len(sent.activations) + len(sent.hits) + len(sent.context_events), 0, 0,
                        0)

    def _keep(self, endpoint, status, record):
        sent = self._stage.sent
        reached = sent is not None and not sent.down
        if reached:
            sent.keep(record)
            self._tell("hits_sent", endpoint, record.wire)
        else:
            self._tell("hits_failed", endpoint, record.wire, _DOWN)
            self._events.warning("[%s] not sent: %s", endpoint.name, _DOWN)
        if self._deferred:
            return True, "queued"
        return (True, status) if reached else (False, "%s: %s" % (endpoint.name, _DOWN))


class _Block(object):
    """An active block, and the state of the Flagship to restore when the block ends."""

    def __init__(self, sent):
        self.sent, self.before = sent, None


class Stage(object):
    """The active blocks of this process. The one that was entered last applies to every visitor."""

    def __init__(self):
        self._lock = threading.Lock()
        self._blocks = []
        # The PlatformStates of every runtime that takes part: those started inside, and the one
        # that was running before.
        self._states = []
        # (runtime, its parts, whether it was in panic) of the SDK that was running before the first
        # block.
        self._borrowed = None

    @property
    def sent(self):
        """The Sent of the block that applies; None outside all blocks."""
        blocks = self._blocks
        return blocks[-1].sent if blocks else None

    def enter(self, sent):
        flagship, block = Flagship.instance(), _Block(sent)
        with self._lock:
            self._blocks.append(block)
            config = flagship.config if flagship.is_flagship_started() else _config()
            runtime = Runtime(EventLog(config.event_handler))
            runtime.use_handlers_of(config)
            runtime.use(self._parts(config, runtime.events, runtime.state))
            block.before = _exchange(flagship, runtime, config, self._connect)
            if len(self._blocks) == 1 and block.before[0] is not None:
                self._borrow(block.before[0], block.before[1])
        self.show_panic()

    def leave(self, sent):
        flagship = Flagship.instance()
        with self._lock:
            place = [block.sent for block in self._blocks].index(sent)
            block = self._blocks.pop(place)
            if place < len(self._blocks):
                # A block that was entered later is still active; when it ends, it will restore what
                # this one would have restored.
                later = self._blocks[place]
                left, later.before = later.before[0], block.before
            else:
                left = _exchange(flagship, *block.before)[0]
            borrowed = None if self._blocks else self._give_back()
        if left is not None:
            left.close(0)
        if borrowed is not None:
            runtime, _, panic = borrowed
            runtime.state.set_panic(panic)
        self.show_panic()

    def show_panic(self):
        """Set the current panic for every visitor. Called without the lock, as it logs to the
        user's event handler."""
        sent = self.sent
        for state in list(self._states):
            if sent is not None:
                state.set_panic(sent.panic)

    def _connect(self, config, events, state):
        """Replaces flagship._runtime.connect for starts inside a block."""
        parts = self._parts(config, events, state)
        self.show_panic()
        return parts

    def _parts(self, config, events, state):
        self._states.append(state)
        # No visitor cache: it may need a server.
        tracking = _Tracking(self, config, events, state)
        return Parts(None, tracking, _Decisions(self, config, state), None)

    def _borrow(self, runtime, config):
        """Make the visitors of the SDK that was running before take part as well."""
        self._borrowed = runtime, runtime.parts, runtime.state.panic
        runtime.use(self._parts(config, runtime.events, runtime.state))

    def _give_back(self):
        borrowed, self._borrowed = self._borrowed, None
        del self._states[:]
        if borrowed is not None:
            borrowed[0].use(borrowed[1])
        return borrowed


def _exchange(flagship, runtime, config, connect, given=None, cache_manager=None):
    """Replace a Flagship's runtime, its Config and the function that connects its next start;
    nothing is closed. Return the previous ones, to be restored later."""
    with flagship._changing:
        before = (flagship._runtime, flagship._config, flagship._connect, flagship._given,
                  flagship._cache_manager)
        flagship._runtime, flagship._config, flagship._connect = runtime, config, connect
        flagship._given, flagship._cache_manager = given, cache_manager
    set_current(runtime and runtime.events)
    return before


def _config():
    config = Config()
    config._start(_CREDENTIALS, _CREDENTIALS)
    return config


STAGE = Stage()
