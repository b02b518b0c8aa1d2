"""The in-memory queue of items to be delivered: bounded, counted and lock-free.

Signal handlers, finalizers and forked children may call this code at any point, so nothing in it
may block: a ``deque`` appends and pops atomically, and ``next`` counts atomically.
"""
import weakref
from collections import deque

from flagship._process import Tally
from flagship.tracking.items import ACTIVATE, HIT, RANKS

#: Maximum number of queued payload bytes, in addition to the limit on items. The default of 10,000
#: hits takes about 3 MB; this limit is for hits with long texts, and for queues of millions.
MAX_BYTES = 64 * 1024 * 1024


class Totals(object):
    """Counts the items of a process by outcome, over all its queues."""

    def __init__(self):
        self.sent, self.failed, self.dropped = Tally(), Tally(), Tally()
        self._queues = []

    def include(self, queue):
        """Include ``queue`` in the pending count for as long as it is referenced."""
        self._queues.append(weakref.ref(queue, self._queues.remove))

    @property
    def pending(self):
        """The number of items that are queued or taken."""
        queues = [each() for each in list(self._queues)]
        return sum(queue.pending for queue in queues if queue is not None)


class Queue(object):
    """A queue of items, the most important first.

    :param int limit: maximum number of items; above it, or above MAX_BYTES, the oldest of the least
        important items are dropped.
    :param Totals totals: counts the items by outcome.
    """

    def __init__(self, limit, totals):
        self._limit, self._bytes = limit, 0
        # By endpoint and rank; all activations have the same rank.
        self._lanes = {HIT: tuple(deque() for _ in range(RANKS)), ACTIVATE: (deque(),)}
        self._all = self._lanes[ACTIVATE] + self._lanes[HIT]
        self.sent, self.failed, self.dropped = totals.sent, totals.failed, totals.dropped
        #: The difference of these is the number of items that are taken but not settled.
        self.taken, self.settled = Tally(), Tally()
        totals.include(self)

    def __len__(self):
        first, second, third, fourth = self._all
        return len(first) + len(second) + len(third) + len(fourth)

    @property
    def pending(self):
        """The number of items that are queued or taken."""
        settled = int(self.settled)  # read first: an item taken meanwhile counts twice, not never
        return len(self) + max(0, int(self.taken) - settled)

    def put(self, item):
        """Queue an item. Return ``(number of queued items, items dropped to make room)``."""
        self._lanes[item.endpoint][item.rank].append(item)
        self._bytes += item.size
        waiting = len(self)
        if waiting > self._limit or self._bytes > MAX_BYTES:
            return waiting, self._remove_excess()
        return waiting, ()

    def take(self, endpoint, most, least=False):
        """Take up to ``most`` items of an endpoint, the most important first. They must be settled
        or given back.

        :param bool least: take the least important first.
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
        """Take all items. They must be settled or given back."""
        return self.take(ACTIVATE, len(self)) + self.take(HIT, len(self))

    def settle(self, number):
        """Settle ``number`` items that were taken."""
        self.settled.add(number)

    def give_back(self, items):
        """Put items that were taken back at the front of the queue. Return the items dropped to
        make room."""
        for item in reversed(items):
            self._lanes[item.endpoint][item.rank].appendleft(item)
            self._bytes += item.size
        self.settled.add(len(items))
        return self._remove_excess()

    def oldest(self):
        """Return when the oldest queued item was made; None if the queue is empty."""
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
            # The sum is not exact: when threads update it concurrently, an update may be lost.
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
            pass  # modified during iteration: try again
