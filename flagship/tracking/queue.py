"""What waits in memory for its delivery: bounded, counted, and without a lock.

Signal handlers, finalizers and forked children may come here whatever they interrupted, so that
nothing here may wait: a ``deque`` appends and pops in one step, and so does ``next`` count.
"""
import itertools
import weakref
from collections import deque

from flagship.tracking.items import ACTIVATE, HIT, RANKS

#: Bytes of payload that may wait, beside the number of items. 10,000 hits, the default, have some
#: 3 MB; this is for those that hold long texts, and for queues of millions.
MAX_BYTES = 64 * 1024 * 1024


class Tally(object):
    """A count that any number of threads, signal handlers and finalizers may raise at once."""

    __slots__ = ("_steps",)

    def __init__(self):
        self._steps = itertools.count()

    def add(self, number=1):
        deque(itertools.islice(self._steps, number), 0)  # that many steps, whoever else takes some

    def __int__(self):
        return int(repr(self._steps)[len("count("):-1])  # the one way to look without counting


class Totals(object):
    """What became of the items of a process, over all queues that it had."""

    def __init__(self):
        self.sent, self.failed, self.dropped = Tally(), Tally(), Tally()
        self._queues = []

    def include(self, queue):
        """Count what waits in ``queue``, too, for as long as somebody has it."""
        self._queues.append(weakref.ref(queue, self._queues.remove))

    @property
    def pending(self):
        """How many wait or are in somebody's hand."""
        queues = [each() for each in list(self._queues)]
        return sum(queue.pending for queue in queues if queue is not None)


class Queue(object):
    """The items that wait, what counts most first.

    :param int limit: items that may wait; over it, and over MAX_BYTES, the oldest of those that
        count least are dropped.
    :param Totals totals: counts what becomes of them.
    """

    def __init__(self, limit, totals):
        self._limit, self._bytes = limit, 0
        # By endpoint and rank; activations are all of one.
        self._lanes = {HIT: tuple(deque() for _ in range(RANKS)), ACTIVATE: (deque(),)}
        self._all = self._lanes[ACTIVATE] + self._lanes[HIT]
        self.sent, self.failed, self.dropped = totals.sent, totals.failed, totals.dropped
        #: These differ by the items in somebody's hand.
        self.taken, self.settled = Tally(), Tally()
        totals.include(self)

    def __len__(self):
        first, second, third, fourth = self._all
        return len(first) + len(second) + len(third) + len(fourth)

    @property
    def pending(self):
        """How many wait or are in somebody's hand."""
        settled = int(self.settled)  # first: what is taken meanwhile counts twice, not never
        return len(self) + max(0, int(self.taken) - settled)

    def put(self, item):
        """Let an item wait; ``(how many do, the items that were dropped for it)``."""
        self._lanes[item.endpoint][item.rank].append(item)
        self._bytes += item.size
        waiting = len(self)
        if waiting > self._limit or self._bytes > MAX_BYTES:
            return waiting, self._remove_excess()
        return waiting, ()

    def take(self, endpoint, most, least=False):
        """Up to ``most`` items of an endpoint, what counts most first; they are to be settled or
        given back.

        :param bool least: begin with what counts least.
        """
        taken = []
        for lane in self._lanes[endpoint][::-1 if least else 1]:
            while len(taken) < most:
                item = _pop(lane)
                if item is None:
                    break
                taken.append(item)
        self._forget_bytes(taken)
        self.taken.add(len(taken))
        return sorted(taken, key=lambda item: item.made)

    def take_all(self):
        """All items; they are to be settled or given back."""
        return self.take(ACTIVATE, len(self)) + self.take(HIT, len(self))

    def settle(self, number):
        """Be done with items that were taken, so many."""
        self.settled.add(number)

    def give_back(self, items):
        """Let items that were taken wait again, before the others; the items that were dropped
        for them."""
        for item in reversed(items):
            self._lanes[item.endpoint][item.rank].appendleft(item)
            self._bytes += item.size
        self.settled.add(len(items))
        return self._remove_excess()

    def oldest(self):
        """When the oldest that waits was made; None where nothing waits."""
        times = []
        for lane in self._all:
            try:
                times.append(lane[0].made)
            except IndexError:
                pass
        return min(times) if times else None

    def _remove_excess(self):
        removed = []
        if self._bytes > MAX_BYTES:
            # The sum is not exact: threads may raise it at once, and one of them is not heard.
            self._bytes = sum(item.size for lane in self._all for item in _copy(lane))
        while len(self) > self._limit or self._bytes > MAX_BYTES:
            least = self._pop_least()
            if least is None:
                break
            self._forget_bytes([least])
            removed.append(least)
        return removed

    def _pop_least(self):
        activations, (results, views, contexts) = self._lanes[ACTIVATE][0], self._lanes[HIT]
        older = [activations, results]
        try:
            older.sort(key=lambda lane: lane[0].made)
        except IndexError:  # one of them is empty
            pass
        for lane in [contexts, views] + older:
            item = _pop(lane)
            if item is not None:
                return item
        return None

    def _forget_bytes(self, items):
        self._bytes -= sum(item.size for item in items)
        if not len(self):
            self._bytes = 0


def _pop(lane):
    try:
        return lane.popleft()
    except IndexError:
        return None


def _copy(lane):
    while True:
        try:
            return list(lane)
        except RuntimeError:
            pass  # it changed meanwhile
