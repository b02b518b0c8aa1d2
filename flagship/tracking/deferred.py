"""Delivery in the background: a bounded queue, and one worker per process that empties it."""
import json
import weakref

from flagship import _endings, _process
from flagship._compat import absolute, monotonic
from flagship._emulated import environment
from flagship._threads import why_threads_do_not_run
from flagship.config import Config
from flagship.status import Counters
from flagship.tracking.contexts import ReportedContexts
from flagship.tracking.delivery import Delivery
from flagship.tracking.immediate import TrackingClient, segment
from flagship.tracking.items import ACTIVATE, HIT, SEGMENT, create_item
from flagship.tracking.queue import Queue, Totals
from flagship.tracking.worker import Worker

EXIT_SECONDS = 2.0  # how long delivery may delay the end of the process

_clients = weakref.WeakSet()


def _deliver_at_end():
    ends = monotonic() + EXIT_SECONDS
    for client in list(_clients):
        client.close(max(0.0, ends - monotonic()))


class DeferredTrackingClient(TrackingClient):
    """Queues activations, contexts and hits, and returns ``(True, "queued")``.

    A forked child gets its own queue and worker: what the parent has queued is sent by the parent.
    """

    def __init__(self, config, http, events, state):
        super(DeferredTrackingClient, self).__init__(config, http, events, state)
        self._config = config
        self._spool_path = config.spool and absolute(config.spool)
        self._reported = None if config.repeat_contexts else ReportedContexts()
        self._closed = self._retired = False
        self._workers = {}  # lineage -> (Worker, Queue, Spool or None)
        _endings.call_at_end(_deliver_at_end)
        _clients.add(self)
        problem = why_threads_do_not_run()
        if problem and config.mode is Config.Mode.API:  # in bucketing mode the poller logs it
            events.warning("[tracking] %s: what is queued waits for flush, close or the end of the "
                           "process", problem)

    def start(self):
        if self._spool_path:
            self._own_worker().begin()

    def _take_context(self, visitor_id, anonymous_id, context):
        if self._retired:
            return super(DeferredTrackingClient, self)._take_context(
                visitor_id, anonymous_id, context)
        return self._take(self._collect, segment(visitor_id, anonymous_id, context))

    def _take(self, endpoint, payload):
        if self._retired:
            return super(DeferredTrackingClient, self)._take(endpoint, payload)
        if self._closed:
            return False, "%s: Flagship is closed" % endpoint.name
        payload.pop("ds", None)  # a batch contains it once
        try:
            item = create_item(endpoint.name, monotonic(), payload)
        except Exception as error:  # a value of a user's own type may raise anything
            return self._refuse(endpoint, payload, error)
        if item.kind == SEGMENT and self._reported is not None:
            if self._reported.is_repeated(_visitor_of(payload), item.payload):
                return True, "as reported before"
        self._own_worker().put(item)
        return True, "queued"

    def _own_worker(self):
        lineage = _process.lineage()
        parts = self._workers.get(lineage)
        if parts is None:
            # Several threads of a new child may get here at once: the first one's worker is used.
            parts = self._workers.setdefault(lineage, self._create_worker())
            _endings.call_at_end(_deliver_at_end)
        return parts[0]

    def _create_worker(self):
        config, http, state, spool = self._config, self._http, self._state, None
        totals = state.tracked.setdefault(_process.lineage(), Totals())
        queue = Queue(config.tracking_queue_size, totals)
        if self._spool_path:
            from flagship.tracking.spool import Spool
            spool = Spool(self._spool_path, environment(config), config.tracking_queue_size,
                          self._events)
        endpoints = {ACTIVATE: self._activate, HIT: self._collect}

        def send(endpoint, body, deadline):
            http.send(endpoints[endpoint], body=body, deadline=deadline)

        delivery = Delivery(queue, spool, send, lambda: http.deadline(endpoints[HIT]),
                            lambda: not state.panic, self._forget, config, self._events,
                            self._tell_kinds)
        return Worker(queue, spool, delivery, config, self._events), queue, spool

    def _forget(self, items):
        """Mark contexts that were not delivered as not reported."""
        if self._reported is not None:
            for item in items:
                if item.kind == SEGMENT:
                    self._reported.forget(_visitor_of(json.loads(item.payload.decode("ascii"))))

    @property
    def counters(self):
        lineage = _process.lineage()
        totals = self._state.tracked.get(lineage)
        if totals is None:
            return Counters(0, 0, 0, 0, 0)
        _, _, spool = self._workers.get(lineage, (None, None, None))
        return Counters(totals.pending, int(totals.sent), int(totals.failed), int(totals.dropped),
                        spool.left if spool else 0)

    def flush(self, timeout):
        parts = self._workers.get(_process.lineage())
        return parts is None or parts[0].flush(timeout)

    def retire(self, timeout):
        self._retired = True
        parts = self._workers.get(_process.lineage())
        if parts is not None:
            parts[0].end(timeout)

    def close(self, timeout):
        self._closed, self._retired = True, False
        parts = self._workers.get(_process.lineage())
        if parts is not None:
            parts[0].close(timeout)


def _visitor_of(payload):
    return payload.get("vid"), payload.get("cuid")
