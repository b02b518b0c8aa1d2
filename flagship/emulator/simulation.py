"""Simulates visitors, so that there are results to look at. The real SDK decides and sends; the
visitors alone are made up, the same ones each time.

A made-up visitor ``simulated-N`` has a context drawn from the values that the campaigns' targetings
name. It gets its flags, activates one of each variation, looks at a page, puts something into its
cart (an event ``add-to-cart``) with twice the probability of a purchase, and then buys for 20 to
100 (a transaction ``purchase``) with one half. The probability of a purchase is RATE, changed by
each variation that competes with a reference by its own :func:`effect`.
"""
import contextlib
import random
import threading

from flagship import _validation as check
from flagship._events import EventLog
from flagship._runtime import Runtime, connect, shut_down
from flagship._threads import start_daemon
from flagship.config import Config
from flagship.decision.allocation import bucket
from flagship.decision.targeting import is_number
from flagship.handler import FlagshipEventHandler
from flagship.hits import Event, EventCategory, Page, Transaction
from flagship.transport.session import direct_session
from flagship.visitor import Visitor

#: The share of visitors that buy with the reference of each campaign.
RATE = 0.2

MAX_VISITORS = 100000

_TIMEOUT = 2.0  # seconds, for a decision and for a delivery
_BATCH = 50  # visitors whose hits are delivered before the next ones come; the queue is bounded


class Simulation(object):
    """Visitors, one after the other, in a thread. One simulation runs at a time; each continues the
    numbering of the last, so that its visitors are new ones.

    :param open_visits: a function that returns a context manager, which gives a function of a
        visitor's number, from 1, and delivers everything when it ends. It runs in the thread.
    """

    def __init__(self, open_visits):
        self._open, self._starting, self._ending = open_visits, threading.Lock(), threading.Event()
        self._thread, self._first, self._visitors, self._done = None, 1, 0, 0
        self._problem = None

    @property
    def state(self):
        """A JSON-serialisable dict: ``running``, ``visitors`` (how many there are to be), ``done``,
        ``cancelled`` and ``problem``, text or None."""
        running = self._thread is not None and self._thread.is_alive()
        return {"running": running, "visitors": self._visitors, "done": self._done,
                "cancelled": self._ending.is_set(), "problem": self._problem}

    def start(self, visitors):
        """Begin, unless a simulation is running.

        :raises TypingError: if ``visitors`` is not an int.
        :raises ParamError: if it is not from 1 to MAX_VISITORS, or a simulation is running.
        """
        check.integer("simulate", "visitors", visitors, 1, MAX_VISITORS)
        with self._starting:
            if self.state["running"]:
                raise check.param_error("simulate", "visitors",
                                        "must wait for the simulation that is running")
            self._first += self._done
            self._visitors, self._done, self._problem = visitors, 0, None
            self._ending.clear()
            self._thread = start_daemon("flagship-simulation", self._run)
            if self._thread is None:
                self._problem = u"there is no thread to be had"

    def cancel(self, wait=False):
        """End a simulation before its time; what its visitors did until then stays. Idempotent.

        :param bool wait: return when it has ended, after seconds at most.
        """
        with self._starting:
            if self.state["running"]:
                self._ending.set()
            if wait and self._thread is not None:
                self._thread.join()

    def restart(self):
        """Begin again with the first visitor, at the next start."""
        if not self.state["running"]:
            self._first, self._visitors, self._done = 1, 0, 0

    def _run(self):
        try:
            with self._open() as visit:
                for number in range(self._first, self._first + self._visitors):
                    if self._ending.is_set():
                        break
                    visit(number)
                    self._done += 1
        except Exception as problem:  # it must not take the emulator with it
            self._problem = u"%s: %r" % (type(problem).__name__, problem)


@contextlib.contextmanager
def open_visits(emulator, document):
    """The visits of made-up visitors to an Emulator; ``document`` is its parsed file."""
    handler = FlagshipEventHandler()
    config = Config(tracking="deferred", context_events=False, bucketing_file=None,
                    timeout=_TIMEOUT, session=direct_session, event_handler=handler,
                    **emulator.urls)
    config._start(emulator.env_id, emulator.api_key)
    # Not the process's own Flagship: that is the program's.
    runtime = Runtime(EventLog(handler))
    parts = connect(config, runtime.events, runtime.state)
    runtime.use(parts)
    runtime.state.listen_to(parts.decisions, parts.decisions.panic, runtime.events)
    values, effects = _values(document), _effects(document)

    def visit(number):
        _visit(runtime, number, values, effects)
        if number % _BATCH == 0:
            parts.tracking.flush(_TIMEOUT)
    try:
        yield visit
    finally:
        parts.tracking.flush(_TIMEOUT)
        shut_down(parts, _TIMEOUT)


def _values(document):
    """Return the values that targetings name, ``[(key, values)]`` by key."""
    values = {}
    for targeting in (targeting for group in _groups(document)
                      for alternative in group.alternatives for targeting in alternative):
        if not targeting.key.startswith(u"fs_"):
            named = targeting.value if isinstance(targeting.value, list) else [targeting.value]
            # A number, and one above it.
            named = named + [each + 1 for each in named if is_number(each)]
            known = values.setdefault(targeting.key, [])
            known += [each for each in named if each not in known]
    return sorted(values.items())


def _effects(document):
    """Return variation id to effect, for those that compete with a reference."""
    return {variation.id: effect(variation.id) for group in _groups(document)
            for variation in group.variations
            if not variation.reference and any(each.reference for each in group.variations)}


def _groups(document):
    return [group for campaign in document.campaigns for group in campaign.groups]


def _visit(runtime, number, values, effects):
    chance = random.Random(number)
    context = {}
    for key, named in values:
        place = int(chance.random() * (len(named) + 1))
        if place < len(named):
            context[key] = named[place]
    name = u"simulated-%d" % number
    visitor = Visitor(runtime, name, False, context)
    visitor.synchronize_modifications()
    visitor.send_hit(Page(u"https://shop.example/"))
    rate, seen = RATE, set()
    for key, modification in sorted(visitor.modifications.items()):
        if modification.variation_id not in seen:
            seen.add(modification.variation_id)
            visitor.activate_modification(key)
            rate *= 1 + effects.get(modification.variation_id, 0)
    if chance.random() < 2 * rate:
        visitor.send_hit(Event(EventCategory.ACTION_TRACKING, u"add-to-cart"))
        if chance.random() < 0.5:
            visitor.send_hit(Transaction(name, u"purchase").with_total_revenue(
                round(20 + 80 * chance.random(), 2)))


def effect(variation_id):
    """Return by how much a variation changes the probability of a purchase, from -20 % to +39 %,
    in steps of 0.6 points: always the same for an id."""
    return round(-0.2 + 0.006 * bucket(u"effect", variation_id), 3)
