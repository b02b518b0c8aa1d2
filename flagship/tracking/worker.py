"""The thread that delivers what deferred tracking has queued, and the store that it falls back on."""
import collections
import threading
import time
import weakref

from flagship._compat import monotonic
from flagship.transport.client import RequestFailed
from flagship.status import Counters

MAX_AGE = 4 * 3600          # seconds; the platform refuses what is older
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds, between tries
_STORE_LOOK = 5.0           # seconds between two looks whether another process has left something in the spool
_PANIC_LOOK = 0.25          # seconds between two looks whether a panic is over
_LAST_JOIN = 1.0            # seconds that close waits for a request that was cancelled
_WARN_EVERY = 60.0          # seconds between two warnings that something was dropped


class Worker(object):
    """One process's queue, and the thread that empties it."""

    def __init__(self, client, store):
        self._client, self._store = weakref.proxy(client), store
        self._queue, self._changed = collections.deque(), threading.Condition(threading.Lock())
        self._thread, self._busy, self._deadline = None, 0, client.deadline()
        self._flushing, self._ends = 0, None
        self._sent = self._failed = self._dropped = 0
        self._warned, self._unsaid = None, 0
        # When to look into the store next, and how long to wait after a failure.
        self._look, self._pause = None if store is None else monotonic(), _FIRST_PAUSE

    def begin(self):
        """Deliver what an earlier process left, where there is a store. Twice is harmless."""
        with self._changed:
            if self._store is not None and self._thread is None:
                self._start()

    def _start(self):
        self._thread = threading.Thread(target=self._run, name="flagship-delivery")
        self._thread.daemon = True
        self._thread.start()

    def put(self, item, limit):
        """Queue an item; over the limit the oldest goes."""
        dropped = 0
        with self._changed:
            if len(self._queue) >= limit:
                self._queue.popleft()
                self._dropped += 1
                dropped = self._to_say()
            self._queue.append(item)
            if self._thread is None:
                self._start()
            elif len(self._queue) in (1, self._client.batch_size):
                self._changed.notify_all()
        if dropped:
            self._client.warn("[tracking] the queue is full: %d items were dropped", dropped)

    def _to_say(self):
        """How many dropped items a warning is due for; 0 while the last one is recent."""
        self._unsaid += 1
        now = monotonic()
        if self._warned is not None and 0 <= now - self._warned < _WARN_EVERY:
            return 0
        unsaid, self._unsaid, self._warned = self._unsaid, 0, now
        return unsaid

    @property
    def counters(self):
        with self._changed:
            return Counters(len(self._queue) + self._busy, self._sent, self._failed, self._dropped, self._spooled())

    def _spooled(self):
        return self._store.left if self._store else 0

    def _idle(self):
        return not (self._queue or self._busy or self._store is not None and (
            self._store.left or not self._store.looked))

    def flush(self, timeout):
        ends = monotonic() + timeout
        with self._changed:
            self._flushing += 1
            self._look = None if self._store is None else monotonic()
            self._changed.notify_all()
            while not self._idle() and monotonic() < ends:
                self._changed.wait(max(0, ends - monotonic()))
            self._flushing -= 1
            return self._idle()

    def close(self, timeout):
        with self._changed:
            self._ends = monotonic() + timeout
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
            if thread.is_alive():
                # It waits for an answer that has had its time.
                self._deadline.cancel()
                thread.join(_LAST_JOIN)
        with self._changed:
            left = list(self._queue)
            self._queue.clear()
            self._busy += len(left)
        self._lose(left)

    def _run(self):
        try:
            while True:
                items, ids = self._next()
                if items:
                    self._deliver(items, ids)
                elif not ids and self._ends is not None:
                    return
        except ReferenceError:
            pass  # the client is gone, and with it whoever could ask

    def _next(self):
        """``(items, ids in the store or None)`` to send next, once they are enough or old enough."""
        with self._changed:
            while not self._queue:
                if self._ends is not None:
                    return [], None
                if self._look is not None and monotonic() >= self._look:
                    break
                self._changed.wait(3600 if self._look is None else max(0, self._look - monotonic()))
            if self._queue:
                due = monotonic() + self._client.interval
                while (len(self._queue) < self._client.batch_size and self._ends is None and not self._flushing
                       and monotonic() < due):
                    self._changed.wait(max(0, due - monotonic()))
                items = [self._queue.popleft() for _ in range(min(len(self._queue), self._client.batch_size))]
                self._busy = len(items)
                return items, None
            self._look = monotonic() + _STORE_LOOK
        ids, items, discarded = self._store.claim(self._client.batch_size)
        with self._changed:
            self._dropped += discarded
            self._busy = len(items)
            if len(ids) == self._client.batch_size:
                self._look = monotonic()
            self._changed.notify_all()
        return items, ids

    def _deliver(self, items, ids=None):
        """Send items; those from the store with their ids there, in the same order."""
        place = {id(item): each for item, each in zip(items, ids or ())}
        for endpoint, payload, part in self._client.requests(items):
            self._send(endpoint, payload, part, [place[id(item)] for item in part] if ids else None)

    def _send(self, endpoint, payload, items, ids):
        """Send one request until it is through, refused or too old, or has found a place in the store."""
        pause = _FIRST_PAUSE
        while True:
            if time.time() - items[0][1] > MAX_AGE:
                return self._done(items, ids, dropped=True)
            if not self._client.may_send():
                if self._wait(_PANIC_LOOK):
                    return self._lose(items, ids)
                continue
            try:
                self._client.send(endpoint, payload, self._deadline)
                self._pause = _FIRST_PAUSE
                return self._done(items, ids)
            except RequestFailed as failure:
                if failure.status in (400, 413) and len(items) > 1:
                    # One that is refused must not take the others with it.
                    half = len(items) // 2
                    self._deliver(items[:half], ids and ids[:half])
                    return self._deliver(items[half:], ids and ids[half:])
                if failure.tried:
                    self._client.warn("[%s] not sent: %s", endpoint.name, failure.cause)
                if not _may_repeat(failure):
                    return self._done(items, ids, failed=True)
                if self._store is not None:
                    self._later()
                    return self._lose(items, ids)
                if self._wait(pause):
                    return self._lose(items)
                pause = min(pause * 2, _LONGEST_PAUSE)
                ((_, payload, items),) = self._client.requests(items)  # as old as they are now

    def _later(self):
        """Let the store alone for a while, and for longer after each failure."""
        with self._changed:
            self._look = monotonic() + self._pause
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _lose(self, items, ids=None):
        """Put what cannot be delivered now into the store; without one it is lost, and counted."""
        if not items:
            return
        kept, discarded = (False, 0) if self._store is None else self._store.keep(items, ids)
        with self._changed:
            self._busy -= len(items)
            self._dropped += discarded
            if not kept:
                self._failed += len(items)
            self._changed.notify_all()

    def _wait(self, seconds):
        """Wait, but not beyond the end; whether that has come."""
        ends = monotonic() + seconds
        with self._changed:
            while monotonic() < ends and (self._ends is None or monotonic() < self._ends):
                limit = ends if self._ends is None else min(ends, self._ends)
                self._changed.wait(max(0, limit - monotonic()))
            return self._ends is not None and monotonic() >= self._ends

    def _done(self, items, ids=None, failed=False, dropped=False):
        if ids:
            self._store.forget(ids)
        with self._changed:
            self._busy -= len(items)
            if failed:
                self._failed += len(items)
            elif dropped:
                self._dropped += len(items)
            else:
                self._sent += len(items)
            self._changed.notify_all()


class Store(object):
    """The spool as the worker sees it: endpoints instead of names, and a disk's failures logged instead of raised."""

    def __init__(self, spool, endpoints, warn):
        self._spool, self._endpoints, self._warn = spool, {each.name: each for each in endpoints}, warn
        #: Items in the store at the last look, and whether there was one.
        self.left, self.looked, self._fails = 0, False, False

    def _try(self, work, otherwise):
        try:
            result = work()
            left, fails = self._spool.count(), False
        except Exception as error:  # whatever is wrong with the file or the disk
            result, left, fails = otherwise, 0, True
            if not self._fails:
                self._warn("[tracking] the spool cannot be used: %s: %s", type(error).__name__, error)
        self._fails = fails
        # In this order, as flush reads them.
        self.left = left
        self.looked = True
        return result

    def claim(self, most):
        """``(ids, items, how many were discarded)``."""
        ids, items, discarded = self._try(lambda: self._spool.claim(most), ([], [], 0))
        return ids, [(self._endpoints[name], made, payload) for name, made, payload in items], discarded

    def keep(self, items, ids):
        """``(whether they are kept, how many were discarded for them)``."""
        if ids:
            self._try(lambda: self._spool.release(ids), None)
            return True, 0  # if not released now, then by the age of the claim
        discarded = self._try(lambda: self._spool.add(
            [(endpoint.name, made, payload) for endpoint, made, payload in items]), None)
        return discarded is not None, discarded or 0

    def forget(self, ids):
        self._try(lambda: self._spool.done(ids), None)


def _may_repeat(failure):
    """Whether a request may be sent again: where it cannot have been taken, or the platform says that it was not."""
    if failure.status is not None:
        return failure.status == 429 or failure.status >= 500
    return not failure.received
