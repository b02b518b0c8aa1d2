"""Sends queued items in batches; decides what is retried, what is rejected and what is lost."""
from collections import deque

from flagship._compat import monotonic
from flagship._events import describe
from flagship._threads import what_to_catch
from flagship._troubleshooting import see
from flagship.tracking.items import (ACTIVATE, HIT, MAX_ACTIVATIONS, MAX_AGE, OTHER, batches,
                                     body_of, count_text, kinds_of)
from flagship.transport.client import RequestFailed

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # retry backoff in seconds, doubled by each failure
_SAY_EVERY = 60.0       # minimum seconds between log lines about dropped items
_AT_END = 10            # batch size factor for hits when time is short; the bytes stay bounded
# After this many requests without anything accepted, a rejected batch is not split any further: the
# platform rejects everything, for example because it does not know the environment.
_HOPELESS = 20
_TOO_OLD = "over 4 hours old"
_REFUSALS = (400, 413, 422)  # answers that are about the body rather than the sender


class Route(object):
    """The state of one endpoint.

    :ivar well: whether it accepted the last request; None before the first. If False, the next
        request is a probe with a single item, the least important one.
    :ivar float opens: when the next request may be made, by :func:`monotonic`.
    """

    def __init__(self, endpoint, most, most_at_end):
        self.endpoint, self._most, self._most_at_end = endpoint, most, most_at_end
        self.well, self.opens, self._pause, self._asked = None, 0.0, _FIRST_PAUSE, False

    def most(self, ending):
        """Return the maximum number of items in the next request; more if delivery is ending."""
        if self.well is False:
            return 1
        return self._most_at_end if ending else self._most

    def is_open(self):
        """Return whether a request may be made now."""
        return monotonic() >= self.opens

    def note_success(self):
        """End the backoff: a request succeeded."""
        self.well, self._pause, self._asked = True, _FIRST_PAUSE, False

    def note_failure(self, failure):
        """Back off: exponentially, and for at least as long as the platform's Retry-After."""
        asked = failure.retry_after or 0.0
        self.well, self._asked = False, asked > 0
        self.opens = monotonic() + max(self._pause, asked)
        if failure.tried:
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def hurry(self):
        """End the backoff, unless the platform asked for it."""
        if not self._asked:
            self.opens = 0.0


class Delivery(object):
    """Takes items from the queue and the spool and sends them. Used by one thread at a time.

    :param Queue queue: the items in memory, and the counts.
    :param spool: the Spool, or None.
    :param send: ``send(endpoint, body, deadline)``; raises RequestFailed.
    :param new_deadline: a function that returns a cancellable deadline for ``send``.
    :param may_send: a function that returns whether anything may be sent now.
    :param forget: called with the items that were lost.
    :param options: a Config.
    :param events: the EventLog for warnings.
    :param tell: tells the hooks what became of items: ``tell(event, kinds)``, and why if it is
        ``"hits_failed"``.
    :ivar ends: when sending stops, by :func:`monotonic`, or None.
    """

    def __init__(self, queue, spool, send, new_deadline, may_send, forget, options, events,
                 tell):
        self._queue, self._spool, self._send, self._new_deadline = queue, spool, send, new_deadline
        self.may_send, self._forget, self._events, self._tell = may_send, forget, events, tell
        self._env_id, size = options.env_id, options.tracking_batch_size
        few = min(size, MAX_ACTIVATIONS)
        self.routes = Route(ACTIVATE, few, few), Route(HIT, size, size * _AT_END)
        self.ends, self._deadline, self._cancelled = None, None, False
        self._said, self._unsaid = None, 0  # last log line about drops; drops not yet logged

    def deliver_round(self):
        """Send up to one batch per endpoint. Return whether there was anything to send."""
        moved = False
        for route in self.routes:
            if self.may_send() and route.is_open() and not self.is_over():
                moved = self._deliver_some(route) or moved
        return moved

    def is_over(self):
        """Return whether the time for sending has ended."""
        return self._cancelled or self.ends is not None and monotonic() >= self.ends

    def is_open(self):
        """Return whether every endpoint may be tried now."""
        return self.may_send() and all(route.is_open() for route in self.routes)

    def next_opening(self, now):
        """Return the earliest time at which an endpoint ends its backoff; ``now`` if none is in
        one."""
        later = [route.opens for route in self.routes if route.opens > now]
        return min(later) if later else now

    def hurry(self):
        """End the backoff of all routes, unless the platform asked for it."""
        for route in self.routes:
            route.hurry()

    def cancel(self):
        """Cancel a request in flight, from any thread; none is made afterwards."""
        self._cancelled = True
        deadline = self._deadline
        if deadline is not None:
            deadline.cancel()

    def lose(self, items):
        """Count items that will not be delivered, and log them."""
        self._settle(items, self._queue.failed, "not delivered before the end")
        if items:
            self._events.warning("[tracking] lost %s that could not be delivered before the end: "
                                 "%s%s", count_text(len(items)), kinds_of(items), see("lost"))

    def drop(self, items):
        """Count items that were dropped because the queue is full; the log lines about them are
        rate-limited."""
        self._forget(items)
        self.drop_rows(len(items), items)

    def drop_rows(self, number, items=()):
        """Do the same for ``number`` items of the spool."""
        if not number:
            return
        self._lose_rows(number, self._queue.dropped, "the queue is full", items)
        self._unsaid += number
        now = monotonic()
        if self._said is None or not 0 <= now - self._said < _SAY_EVERY:
            self._said = now
            self.say_dropped()

    def say_dropped(self):
        """Log how many items were dropped since the last such line."""
        number, self._unsaid = self._unsaid, 0
        if number:
            self._events.warning("[tracking] dropped %s, as the queue is full%s",
                                 count_text(number), see("lost"))

    def name_unreadable(self, reasons):
        """Count rows of the spool that cannot be read, and log why."""
        if reasons:
            self._lose_rows(len(reasons), self._queue.failed, "unreadable in the spool")
            self._events.warning("[tracking] removed %s from the spool that cannot be read: %s",
                                 count_text(len(reasons)), "; ".join(sorted(set(reasons))[:5]))

    def name_uncertain(self, number):
        """Count and log items whose process died while sending them."""
        if number:
            self._lose_rows(number, self._queue.failed, "its process died while sending it")
            self._events.warning("[tracking] removed %s from the spool that may have arrived when "
                                 "the sending process died", count_text(number))

    def doubt(self):
        """Begin with a probe on endpoints that were not tried yet: leftover items may mean that
        there was an outage."""
        for route in self.routes:
            if route.well is None:
                route.well = False

    def _deliver_some(self, route):
        least, ending, more = route.well is False, self.ends is not None, False
        items, most = [], route.most(ending)
        if self._spool is None or ending or not self._spool.works:
            items = self._queue.take(route.endpoint, most, least)
        if not items and self._spool is not None and self._spool.next_try() <= 0:
            claim = self._spool.claim(route.endpoint, most, least, ending)
            self._lose_rows(claim.aged, self._queue.dropped, _TOO_OLD)
            self.name_unreadable(claim.unreadable)
            items, more = claim.items, claim.more
        if items:
            self._deliver(route, items)
        return more or bool(items)

    def _deliver(self, route, items):
        """Send items that were taken; afterwards each is settled or given back."""
        now, young = monotonic(), []
        for item in items:
            if now - item.made <= MAX_AGE:
                young.append(item)
        self._settle([item for item in items if now - item.made > MAX_AGE], self._queue.dropped,
                     _TOO_OLD)
        left = deque(batches(young))
        while left:
            unsent = self._send_batch(route, left.popleft())
            if unsent:
                # In their original order, ahead of later items.
                self._give_back(unsent + [item for batch in left for item in batch])
                return

    def _send_batch(self, route, batch):
        """Send a batch, bisecting it to find the items that are rejected. Return the items to send
        later."""
        pieces, refused, problem = deque([batch]), [], None
        accepted, requests = False, 0
        while pieces:
            if self.is_over() or not self.may_send() or not route.is_open():
                break
            piece = self._still_own(pieces.popleft())
            failure = self._request(route, piece) if piece else None
            requests += 1
            if failure is None:
                accepted = accepted or bool(piece)
            elif failure.status in _REFUSALS:
                problem = failure
                if len(piece) == 1:
                    refused += piece
                else:
                    half = len(piece) // 2
                    pieces.extend((piece[:half], piece[half:]))
                if requests >= _HOPELESS and not accepted:
                    refused += [item for rest in pieces for item in rest]
                    pieces.clear()
            elif self._may_repeat(failure):
                self._pause(route, failure)
                pieces.appendleft(piece)
            else:
                self._fail(route, piece, failure)
        self._refuse(route, refused, len(batch), problem)
        return [item for piece in pieces for item in piece]

    def _still_own(self, items):
        """Return the items that this process still has a claim on, and mark them as in flight."""
        return self._spool.renew(items) if items[0].row is not None else items

    def _request(self, route, items):
        """Send one request. Return the RequestFailed it ended with, or None."""
        if self._deadline is None:
            self._deadline = self._new_deadline()
        try:
            self._send(route.endpoint, body_of(items, self._env_id, monotonic()), self._deadline)
        except RequestFailed as failure:
            return failure
        except MemoryError:
            return RequestFailed(route.endpoint, "MemoryError", received=False)
        except what_to_catch() as error:  # unexpected: treat as rejected: it is not retried
            return RequestFailed(route.endpoint, describe(error), 400)
        route.note_success()
        self._settle(items, self._queue.sent)
        return None

    def _may_repeat(self, failure):
        """Return whether a request may be retried: it cannot have been received, or the platform
        says that it was not accepted."""
        if failure.status is not None:
            return failure.status == 429 or failure.status >= 500
        return not failure.received

    def _pause(self, route, failure):
        if self._cancelled:
            return  # the request was not made
        if failure.tried:
            self._events.warning("[%s] not sent: %s", route.endpoint, failure.cause)
        route.note_failure(failure)

    def _fail(self, route, items, failure):
        """Settle items whose request must not be retried: it may have arrived, or was rejected as a
        whole."""
        cause = failure.cause
        if failure.status is None:
            route.note_failure(failure)
            if self._cancelled:
                cause = "it was under way when the time for it was over"
        self._settle(items, self._queue.failed, cause)
        self._events.warning("[%s] not sent: %s; not sending again %s: %s", route.endpoint, cause,
                             count_text(len(items)), kinds_of(items))

    def _refuse(self, route, items, size, problem):
        if items:
            self._settle(items, self._queue.failed, problem.cause)
            self._events.warning("[%s] not sent: %s; refused %s of %d: %s", route.endpoint,
                                 problem.cause, count_text(len(items)), size, kinds_of(items))

    def _give_back(self, items):
        rows = [item for item in items if item.row is not None]
        if rows:
            self._spool.release(rows)
        self.drop(self._queue.give_back([item for item in items if item.row is None]))

    def _settle(self, items, tally, reason=None):
        """Settle items that were taken, count them in ``tally`` and tell the hooks.

        :param reason: why they are lost; None: they were sent.
        """
        if not items:
            return
        rows = [item for item in items if item.row is not None]
        if rows:
            self._spool.forget(rows)
        try:
            if reason is None:
                tally.add(len(items))
                self._tell("hits_sent", [item.kind for item in items])
            else:
                self._lose_rows(len(items), tally, reason, items)
        finally:
            # Only now, so that a flush does not end before the hooks know.
            self._queue.settle(len(items) - len(rows))
        if reason is not None:
            self._forget(items)

    def _lose_rows(self, number, tally, reason, items=()):
        """Count lost items in ``tally`` and tell the hooks.

        :param items: the items, if they are known.
        """
        if number:
            tally.add(number)
            kinds = [item.kind for item in items] or [OTHER] * number
            self._tell("hits_failed", kinds, reason)
