"""Decides when queued items are saved and delivered: two daemon threads that survive any error."""
import threading
from collections import deque

from flagship._compat import monotonic
from flagship._events import describe
from flagship._threads import Bell, start_daemon

_SAVE_WITHIN = 0.05   # seconds until a queued item is in the spool; half of what is promised
_SPOOL_LOOK = 5.0     # seconds between checks for items that other processes left in the spool
_PANIC_LOOK = 0.25    # seconds between checks whether a panic is over
_STUMBLE = 1.0        # seconds to wait after an unexpected error
_LAST_JOIN = 1.0      # seconds that close waits for a request that was cancelled
_NO_THREAD = ("[tracking] no thread can be started: until one can, what is queued waits for flush, "
              "close or the end of the process")


class Worker(object):
    """Runs one process's delivery. Its threads start with the first item; if they cannot be
    started, the next call tries again, and a call that waits (flush, close) delivers the items
    itself. It is lock-free, so signal handlers and finalizers may call it at any point.

    :param Queue queue: the items in memory.
    :param spool: the Spool, or None.
    :param Delivery delivery: sends the items of both.
    :param options: a Config.
    :param events: the EventLog for warnings.
    :ivar bool finished: whether it has stopped for good.
    """

    def __init__(self, queue, spool, delivery, options, events):
        self._queue, self._spool, self._delivery, self._events = queue, spool, delivery, events
        # If the queue is smaller than a batch, it must be emptied before it is full.
        self._enough = min(options.tracking_batch_size, options.tracking_queue_size // 2 + 1)
        self._interval = options.tracking_interval
        self._bell, self._save_bell = Bell(), Bell()
        self._deliverer, self._saver, self._may_start = None, None, deque([True])
        self._waiters = []     # the bells of the callers that wait for a flush
        # When to send rows of the spool, or None; number of rows written since they were last sent;
        # when to check what other processes left there.
        self._due, self._written, self._look = None, 0, 0.0
        self._saved = deque()  # for each save: when its oldest item was made, number of items
        self.finished = self._warned = False

    def begin(self):
        """Start the threads, unless they are running or cannot be started."""
        try:
            token = self._may_start.pop()
        except IndexError:
            return  # another call is already doing this, perhaps the one that this one interrupted
        try:
            if self._deliverer is None and not self.finished:
                self._deliverer = start_daemon("flagship-delivery", self._run)
            if self._spool is not None and self._saver is None and not self.finished:
                self._saver = start_daemon("flagship-spool", self._run_saver)
        finally:
            self._may_start.append(token)
        if self._deliverer is None and self._delivery.ends is None and not self._warned:
            self._warned = True
            self._events.warning("%s", _NO_THREAD)

    def put(self, item):
        """Queue an item for delivery."""
        waiting, dropped = self._queue.put(item)
        if dropped:
            self._delivery.drop(dropped)
        if self._deliverer is None or self._saver is None and self._spool is not None:
            self.begin()
        if waiting == 1 or waiting >= self._enough:
            self._ring()
        if self.finished:
            self._settle_rest()

    def _ring(self):
        self._bell.ring()
        if self._spool is not None:
            self._save_bell.ring()

    def flush(self, timeout):
        """Wait at most ``timeout`` seconds until nothing is queued. Return whether nothing is."""
        ends, bell = monotonic() + timeout, Bell()
        self._look = 0.0
        self._delivery.hurry()
        self._waiters.append(bell)
        try:
            while not self._is_idle():
                left = ends - monotonic()
                if left <= 0 or self.finished:
                    return False
                self.begin()
                self._ring()
                if self._deliverer is None:
                    self._turn()  # no thread can be started
                bell.wait(min(left, _PANIC_LOOK))
            return True
        finally:
            self._waiters.remove(bell)

    def _is_idle(self):
        """Return whether nothing is queued. If it is not known what the spool contains, return
        False and have that checked."""
        if self._queue.pending:
            return False
        if self._spool is None or not self._spool.works:
            return True
        if self._look and not self._spool.left:
            return True
        self._look = 0.0  # other processes may have sent it meanwhile
        return False

    def end(self, timeout):
        """Deliver what is queued within ``timeout`` seconds and stop; do not wait for that unless
        no thread can be started."""
        self._delivery.hurry()
        self._delivery.ends = monotonic() + timeout
        if self._queue.pending or self._spool is not None:
            self.begin()
        self._ring()
        if self._deliverer is None:
            self._finish()

    def close(self, timeout):
        """Deliver what is queued within ``timeout`` seconds, stop, and wait for that."""
        if not self.finished:
            self.end(timeout)
        if _join(self._deliverer, timeout):
            self._delivery.cancel()  # the time is up, and it is still waiting for an answer
            _join(self._deliverer, _LAST_JOIN)
        _join(self._saver, _LAST_JOIN)
        self._settle_rest()

    def _finish(self):
        """Deliver what is queued until the time is up, then stop."""
        while not self._delivery.is_over():
            self._save()
            if self._delivery.deliver_round():
                continue
            now = monotonic()
            opens = self._delivery.next_opening(now)
            if not self._delivery.may_send() or not now < opens < self._delivery.ends:
                break
            if not (len(self._queue) or self._spool is not None and self._spool.left):
                break
            self._bell.wait(opens - now)
        _join(self._saver, _LAST_JOIN)
        self._settle_rest()

    def _settle_rest(self):
        """Save what is still queued to the spool, or count it as lost. Nothing is sent any more."""
        self.finished = True
        items = self._queue.take_all()
        if items and self._spool is not None:
            kept, dropped = self._spool.add(items)
            if kept:
                self._queue.settle(len(items))
                self._delivery.drop_rows(dropped)
                items = []
        self._delivery.lose(items)
        self._delivery.say_dropped()
        if self._spool is not None:
            self._spool.close()
        self._tell_waiters()

    # The saver: writes queued items to disk, however slow the platform is.

    def _run_saver(self):
        while self._delivery.ends is None:
            try:
                oldest = self._queue.oldest()
                if oldest is None:
                    self._save_bell.wait()
                    continue
                left = max(oldest + _SAVE_WITHIN - monotonic(), self._spool.next_try())
                if len(self._queue) >= self._enough:
                    left = self._spool.next_try()
                if left > 0:
                    self._save_bell.wait(left)
                else:
                    self._save()
            except BaseException as error:
                self._stumble(error, self._save_bell)

    def _save(self):
        """Move the items in memory into the spool, if that works."""
        if self._spool is None or not len(self._queue) or self._spool.next_try() > 0:
            return
        items = self._queue.take_all()
        kept, dropped = self._spool.add(items)
        if kept:
            self._queue.settle(len(items))
            self._delivery.drop_rows(dropped)
            self._saved.append((min(item.made for item in items), len(items)))
        else:
            self._delivery.drop(self._queue.give_back(items))
        self._bell.ring()

    # The deliverer.

    def _run(self):
        while not self.finished:
            try:
                if self._delivery.ends is not None:
                    self._finish()
                else:
                    self._turn()
                    self._bell.wait(self._seconds_to_wait())
            except BaseException as error:
                self._stumble(error, self._bell)

    def _stumble(self, error, bell):
        self._events.warning("[tracking] something went wrong, and delivery goes on: %s",
                             describe(error))
        bell.wait(_STUMBLE)

    def _turn(self):
        """Deliver what is due, for as long as anything can be delivered."""
        if self._saver is None:
            self._save()
        self._look_into_spool()
        while self._delivery.ends is None and self._is_due():
            if not self._delivery.deliver_round():
                if self._delivery.is_open():
                    self._due, self._written = None, 0
                break
            self._written = 0
            self._look_into_spool()
        self._tell_waiters()

    def _tell_waiters(self):
        for bell in list(self._waiters):
            bell.ring()

    def _is_due(self):
        due = self._time_due()
        return due is not None and due <= monotonic()

    def _time_due(self):
        """Return when something is due to be sent; None if nothing is queued."""
        while self._saved:
            made, number = self._saved.popleft()
            self._written += number
            due = 0.0 if self._written >= self._enough else made + self._interval
            self._due = due if self._due is None else min(due, self._due)
        due, oldest = self._due, self._queue.oldest()
        if oldest is not None and (self._spool is None or not self._spool.works):
            full = len(self._queue) >= self._enough
            memory = 0.0 if full else oldest + self._interval
            due = memory if due is None else min(due, memory)
        return 0.0 if due is not None and self._waiters else due

    def _seconds_to_wait(self):
        """Return the seconds until there is something to do; None: wait for the bell."""
        now, due = monotonic(), self._time_due()
        times = [] if self._spool is None else [self._look]
        if due is not None and self._delivery.may_send():
            # Items that arrive meanwhile for the other endpoint must not wait for this one.
            opens = min(self._delivery.next_opening(now), now + self._interval)
            times.append(max(due, opens))
        elif due is not None:
            times.append(max(due, now + _PANIC_LOOK))
        return max(0.0, min(times) - now) if times else None

    def _look_into_spool(self):
        """Periodically check the spool for items that other processes left, and clean it up."""
        if self._spool is None or monotonic() < self._look:
            return
        if self._spool.next_try() <= 0:
            look = self._spool.look()
            self._delivery.name_unreadable(look.unknown)
            self._delivery.name_uncertain(look.uncertain)
            if self._spool.left and self._due is None:
                self._due = 0.0
                self._delivery.doubt()
        self._look = monotonic() + _SPOOL_LOOK


def _join(thread, timeout):
    """Wait for a thread. Return whether it is still running."""
    if thread is None or thread is threading.current_thread():
        return False
    thread.join(max(0, timeout))
    return thread.is_alive()
