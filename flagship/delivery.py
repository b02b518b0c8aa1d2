"""Delivery off the caller's path: one bounded queue and one worker thread a process."""
import atexit
import collections
import os
import threading
import time
import weakref

from flagship._compat import monotonic
from flagship._http import RequestFailed
from flagship._json import encode
from flagship.status import Counters
from flagship.tracking import TrackingClient

MAX_AGE = 4 * 3600          # seconds; the platform refuses what is older
MAX_BATCH_BYTES = 2400000   # the platform takes 2.5 MB; the rest is for the envelope
MAX_ACTIVATIONS = 100       # in a batch
EXIT_SECONDS = 2.0          # what the end of the interpreter may wait
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds, between tries
_PANIC_LOOK = 0.25          # seconds between two looks whether a panic is over
_WARN_EVERY = 60.0          # seconds between two warnings that something was dropped


_clients = weakref.WeakSet()


@atexit.register
def _deliver_at_exit():
    for client in list(_clients):
        client.close(EXIT_SECONDS)


class DeferredTrackingClient(TrackingClient):
    """Takes activations, context events and hits into a queue, and answers ``(True, "queued")``."""

    def __init__(self, config, http, events, state):
        super(DeferredTrackingClient, self).__init__(config, http, events)
        self._size, self._interval = config.tracking_queue_size, config.tracking_interval
        self._batch_size, self._state, self._closed = config.tracking_batch_size, state, False
        self._workers = {}  # process id -> _Worker
        _clients.add(self)

    def _take(self, endpoint, payload):
        if self._closed:
            return False, "%s: Flagship is closed" % endpoint.name
        self._own_worker().put((endpoint, time.time(), payload), self._size)
        return True, "queued"

    def _own_worker(self):
        # A forked child begins with an empty queue: what the parent has queued is the parent's to send.
        pid = os.getpid()
        return self._workers.get(pid) or self._workers.setdefault(pid, _Worker(self))

    @property
    def counters(self):
        return self._own_worker().counters

    def flush(self, timeout):
        return self._own_worker().flush(timeout)

    def close(self, timeout):
        self._closed = True
        self._own_worker().close(timeout)

    def warn(self, message, *args):
        self._events.warning(message, *args)

    def may_send(self):
        return not self._state.panic

    def requests(self, items):
        """``[(endpoint, payload, items)]`` that carry the items, in their order."""
        made = []
        hits = [item for item in items if item[0] is self._collect]
        for part in _parts(hits, self._batch_size):
            made.append((self._collect, {"t": "BATCH", "ds": "APP", "cid": self._env_id, "h": [
                _aged(item, without="ds") for item in part]}, part))
        activations = [item for item in items if item[0] is self._activate]
        for part in _parts(activations, min(self._batch_size, MAX_ACTIVATIONS)):
            made.append((self._activate, {"cid": self._env_id, "batch": [_aged(item) for item in part]}, part))
        # Before what a visitor did comes what it is.
        return [(item[0], item[2], [item]) for item in items if item[0] is self._context] + made

    def send(self, endpoint, payload):
        self._http.send(endpoint, payload)

    @property
    def batch_size(self):
        return self._batch_size

    @property
    def interval(self):
        return self._interval


class _Worker(object):
    """One process's queue, and the thread that empties it."""

    def __init__(self, client):
        self._client = weakref.proxy(client)
        self._queue, self._changed = collections.deque(), threading.Condition(threading.Lock())
        self._thread, self._busy = None, 0
        self._flushing, self._ends = 0, None
        self._sent = self._failed = self._dropped = 0
        self._warned, self._unsaid = None, 0

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
                self._thread = threading.Thread(target=self._run, name="flagship-delivery")
                self._thread.daemon = True
                self._thread.start()
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
            return Counters(len(self._queue) + self._busy, self._sent, self._failed, self._dropped)

    def flush(self, timeout):
        ends = monotonic() + timeout
        with self._changed:
            self._flushing += 1
            self._changed.notify_all()
            while (self._queue or self._busy) and monotonic() < ends:
                self._changed.wait(max(0, ends - monotonic()))
            self._flushing -= 1
            return not (self._queue or self._busy)

    def close(self, timeout):
        with self._changed:
            self._ends = monotonic() + timeout
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
        with self._changed:
            # What could not be delivered in time is lost, and counted.
            self._failed += len(self._queue)
            self._queue.clear()

    def _run(self):
        try:
            while True:
                items = self._next()
                if not items:
                    return
                self._deliver(items)
        except ReferenceError:
            pass  # the client is gone, and with it whoever could ask

    def _next(self):
        """The next items to send, once they are enough or old enough; none at the end."""
        with self._changed:
            while not self._queue:
                if self._ends is not None:
                    return []
                self._changed.wait(3600)
            due = monotonic() + self._client.interval
            while (len(self._queue) < self._client.batch_size and self._ends is None and not self._flushing
                   and monotonic() < due):
                self._changed.wait(max(0, due - monotonic()))
            items = [self._queue.popleft() for _ in range(min(len(self._queue), self._client.batch_size))]
            self._busy = len(items)
            return items

    def _deliver(self, items):
        for endpoint, payload, part in self._client.requests(items):
            self._send(endpoint, payload, part)

    def _send(self, endpoint, payload, items):
        """Send one request until it is through, refused or too old."""
        pause = _FIRST_PAUSE
        while True:
            if time.time() - items[0][1] > MAX_AGE:
                return self._done(items, dropped=True)
            if not self._client.may_send():
                if self._wait(_PANIC_LOOK):
                    return self._done(items, failed=True)
                continue
            try:
                self._client.send(endpoint, payload)
                return self._done(items)
            except RequestFailed as failure:
                if failure.status in (400, 413) and len(items) > 1:
                    # One that is refused must not take the others with it.
                    half = len(items) // 2
                    return self._deliver(items[:half]) or self._deliver(items[half:])
                if failure.tried:
                    self._client.warn("[%s] not sent: %s", endpoint.name, failure.cause)
                if not _may_repeat(failure) or self._wait(pause):
                    return self._done(items, failed=True)
                pause = min(pause * 2, _LONGEST_PAUSE)
                ((_, payload, items),) = self._client.requests(items)  # as old as they are now

    def _wait(self, seconds):
        """Wait, but not beyond the end; whether that has come."""
        ends = monotonic() + seconds
        with self._changed:
            while monotonic() < ends and (self._ends is None or monotonic() < self._ends):
                limit = ends if self._ends is None else min(ends, self._ends)
                self._changed.wait(max(0, limit - monotonic()))
            return self._ends is not None and monotonic() >= self._ends

    def _done(self, items, failed=False, dropped=False):
        with self._changed:
            self._busy -= len(items)
            if failed:
                self._failed += len(items)
            elif dropped:
                self._dropped += len(items)
            else:
                self._sent += len(items)
            self._changed.notify_all()


def _may_repeat(failure):
    """Whether a request may be sent again: where it cannot have been taken, or the platform says that it was not."""
    if failure.status is not None:
        return failure.status == 429 or failure.status >= 500
    return not failure.received


def _aged(item, without=None):
    """An item's wire form with the milliseconds since it was made."""
    payload = dict(item[2], qt=max(0, int((time.time() - item[1]) * 1000)))
    payload.pop(without, None)
    return payload


def _parts(items, most):
    """The items in lists of at most ``most`` items and MAX_BATCH_BYTES."""
    part, size = [], 0
    for item in items:
        length = len(encode(item[2])) + 30  # its age and a comma
        if part and (len(part) >= most or size + length > MAX_BATCH_BYTES):
            yield part
            part, size = [], 0
        part.append(item)
        size += length
    if part:
        yield part
