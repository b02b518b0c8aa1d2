"""Delivery off the caller's path: one bounded queue and one worker thread a process."""
import atexit
import os
import time
import weakref

from flagship._json import encode
from flagship.tracking.worker import MAX_AGE, Store, Worker
from flagship.tracking.spool import Spool
from flagship.tracking.immediate import TrackingClient

MAX_BATCH_BYTES = 2400000   # the platform takes 2.5 MB; the rest is for the envelope
MAX_ACTIVATIONS = 100       # in a batch
EXIT_SECONDS = 2.0          # what the end of the interpreter may wait

_clients = weakref.WeakSet()


@atexit.register
def _deliver_at_exit():
    for client in list(_clients):
        client.close(EXIT_SECONDS)


class DeferredTrackingClient(TrackingClient):
    """Takes activations, context events and hits into a queue, and answers ``(True, "queued")``."""

    def __init__(self, config, http, events, state):
        super(DeferredTrackingClient, self).__init__(config, http, events)
        self.batch_size, self.interval = config.tracking_batch_size, config.tracking_interval
        self._size, self._state, self._closed = config.tracking_queue_size, state, False
        self._spool = config.spool and os.path.abspath(config.spool)
        self._workers = {}  # process id -> Worker
        if self._spool:
            self._own_worker()  # what an earlier process left waits for no new hit
        _clients.add(self)

    def _take(self, endpoint, payload):
        if self._closed:
            return False, "%s: Flagship is closed" % endpoint.name
        self._own_worker().put((endpoint, time.time(), payload), self._size)
        return True, "queued"

    def _own_worker(self):
        # A forked child begins with an empty queue: what the parent has queued is the parent's to send.
        pid = os.getpid()
        worker = self._workers.get(pid)
        if worker is None:
            # Threads of a new child may come here together; a lock could be one that the fork left locked.
            worker = self._workers.setdefault(pid, Worker(self, self._store()))
            worker.begin()
        return worker

    def _store(self):
        if self._spool is None:
            return None
        return Store(Spool(self._spool, self._env_id, self._size, MAX_AGE),
                     (self._activate, self._context, self._collect), self.warn)

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
        """``[(endpoint, payload, items)]`` that carry the items, each kind in its order."""
        made = []
        hits = [item for item in items if item[0] is self._collect]
        for part in _parts(hits, self.batch_size):
            made.append((self._collect, {"t": "BATCH", "ds": "APP", "cid": self._env_id, "h": [
                _aged(item, without="ds") for item in part]}, part))
        activations = [item for item in items if item[0] is self._activate]
        for part in _parts(activations, min(self.batch_size, MAX_ACTIVATIONS)):
            made.append((self._activate, {"cid": self._env_id, "batch": [_aged(item) for item in part]}, part))
        # Before what a visitor did comes what it is.
        return [(item[0], item[2], [item]) for item in items if item[0] is self._context] + made

    def deadline(self):
        return self._http.deadline(self._collect)

    def send(self, endpoint, payload, deadline):
        self._http.send(endpoint, payload, deadline=deadline)


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
