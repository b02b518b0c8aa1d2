"""Bucketing mode: this process decides, using a bucketing file that it keeps up to date."""
import random
import threading

from flagship._compat import elapsed
from flagship._process import Lock, lineage
from flagship._threads import RepeatingTask, why_threads_do_not_run
from flagship.decision.bucketing_file import BucketingFile, file_url, problem_text
from flagship.decision.content import Unreadable
from flagship.decision.document import RefusedFile
from flagship.decision.evaluator import UndecidedFlags, assign, merge
from flagship.decision.explanation import explain
from flagship.decision.manager import DecisionError, DecisionManager
from flagship.decision.modification import Flags
from flagship.decision.targeting import KINDS, kind_of
from flagship.transport.client import Endpoint, RequestFailed

_JITTER = 0.1        # added fraction of the interval, so that processes do not poll in lockstep
_MAX_BACK_OFF = 8    # maximum backoff after repeated failures, in intervals
_JOIN = 1.0          # seconds that close waits for a poll that was cancelled
_LEAST_WAIT = 2.0    # minimum seconds that a caller waits for a fresh file, even if timeout is less
_LATE = 0.5          # seconds within which a running thread begins a poll that is due
_MAX_KEPT = 1000     # cached assignments kept for other groups; a record must not grow forever
_GLANCE = 0.05       # seconds between checks whether start may return
_NAME = "flagship-bucketing"
_NO_THREAD = ("[bucketing] no thread can be started: until one can, the bucketing file is "
              "refreshed by decisions, which wait for it")


class _Attempt(object):
    """One request for the file that is in flight.

    :ivar float began: by :func:`elapsed`.
    :ivar bool late: whether the file was overdue when it began, so that decisions wait for it.
    :ivar thread: the thread that makes it.
    """

    __slots__ = ("deadline", "began", "late", "over", "thread")

    def __init__(self, deadline, late):
        self.deadline, self.late, self.thread = deadline, late, threading.current_thread()
        self.began, self.over = elapsed(), threading.Event()

    def was_frozen(self, now):
        """Return whether the process must have been frozen since it began, as it takes longer than
        both of its requests may: a conditional one and, if that is rejected, a plain one."""
        return now > self.began + 2 * self.deadline.seconds + _LATE


class _Polling(object):
    """The polling state of one process; a forked child starts with its own.

    :ivar task: the RepeatingTask; None if there is none yet, or if threads never run.
    :ivar attempt: the _Attempt in flight, or None.
    :ivar bool has_asked: whether an attempt of this process has ended.
    :ivar Event asked: set when the first attempt has ended.
    :ivar float last_asked: when its last attempt ended, by ``elapsed``.
    """

    __slots__ = ("lineage", "task", "attempt", "has_asked", "asked", "last_asked")

    def __init__(self):
        self.lineage, self.task, self.attempt = lineage(), None, None
        self.has_asked, self.asked, self.last_asked = False, threading.Event(), 0.0


class BucketingDecisionManager(DecisionManager):
    """Decides using the bucketing file, which one daemon thread per process refreshes.

    If that thread cannot be started, was frozen, or was left behind in the parent process by a
    fork, a decision refreshes an overdue file itself, within a time limit.
    """

    mode = u"BUCKETING"

    def __init__(self, config, http, events, state):
        self._http, self._events, self._state = http, events, state
        self._offline = config.offline
        self._interval = 0 if config.offline else config.polling_interval
        self._wait = max(config.timeout, _LEAST_WAIT)
        url = file_url(config.cdn_url, config.env_id)

        def cdn(timeout):
            return Endpoint("bucketing", "GET", url, repeatable=True, breaks=False,
                            timeout=timeout)
        self._cdn = cdn(config.bucketing_timeout)
        self._cdn_in_call = cdn(min(config.bucketing_timeout, self._wait))
        self._cdn_after_another = cdn(self._cdn_in_call.timeout / 2.0)
        self._file = BucketingFile(config, http, events, self._tell_panic, state.tell)
        self._closed = self._warned = False
        self._failures = 0
        self._judged = set()  # (key, type of value) pairs that were already checked for mistakes
        self._confirmed = None    # when the file was last known to be current, by elapsed()
        self._due = float("inf")  # when the next poll should begin
        self._changing = Lock()
        self._polling = _Polling()

    def start(self):
        self._file.use_what_is_here()
        if self._offline:
            return
        problem = why_threads_do_not_run()
        if problem:
            self._events.warning("[bucketing] %s: the bucketing file is refreshed by decisions, "
                                 "which wait for it", problem)
        if self._file.campaigns is None:
            self._ask(self._cdn)
            self._poll(self._due - elapsed())
        elif self._poll(0, only_once=self._interval <= 0):
            self._await_first()
        else:
            self._ask(self._cdn_in_call)

    def start_again(self):
        # A program written for 2.1.x that wants no thread reloads the file by starting again.
        if self._interval < 0:
            self._ask(self._cdn)

    def decide(self, visitor_id, anonymous_id, context, cached_ids, has_consented=True):
        campaigns = self._fresh_campaigns()
        try:
            if cached_ids is None and type(context) is dict:
                return UndecidedFlags(campaigns, visitor_id, context), ()
            variations = assign(campaigns, visitor_id, context, cached_ids)
        except Exception as error:  # a context that cannot be iterated at all
            raise DecisionError("no decision: %s" % type(error).__name__)
        return Flags(merge(variations)), _assignments_to_keep(campaigns, variations, cached_ids)

    def decide_forced(self, visitor_id, anonymous_id, context, cached_ids, has_consented,
                      forced):
        from flagship.decision.forced import merge_forced
        campaigns = self._fresh_campaigns()
        found = self._find_forced(forced, self._events)
        try:
            variations = assign(campaigns, visitor_id, context, cached_ids)
        except Exception as error:
            raise DecisionError("no decision: %s" % type(error).__name__)
        flags = merge_forced(campaigns, variations, found)
        own = [each for each in variations if each.campaign_id not in found]
        return Flags(flags), _assignments_to_keep(campaigns, own, cached_ids)

    def nearest_key(self, key):
        campaigns = self._file.campaigns
        return None if campaigns is None else campaigns.nearest_key(key)

    def find_mistyped(self, context):
        campaigns, found = self._file.campaigns, []
        for key, value in context.items() if campaigns is not None else ():
            pair = key, type(value)
            if pair in self._judged or type(value) not in KINDS or len(self._judged) > _MAX_KEPT:
                continue
            self._judged.add(pair)
            kind, kinds = kind_of(value), campaigns.kinds_compared_with(key)
            if kinds and kind not in kinds:
                found.append((key, kind, kinds))
        return found

    def explain(self, visitor_id, context, cached_ids, modifications, key, forced=()):
        try:
            return explain(self._campaigns(), visitor_id, context, cached_ids, key, forced)
        except DecisionError:
            raise
        except Exception as error:
            raise DecisionError("no explanation: %s" % type(error).__name__)

    @property
    def campaigns(self):
        return self._file.campaigns

    def _fresh_campaigns(self):
        """Return the Campaigns to decide with; raise DecisionError without any, and in panic."""
        self._keep_fresh()
        if self.panic:
            raise DecisionError(self._state.reason, expected=True)
        # Without a call: every decision comes by here.
        return self._file.campaigns or self._campaigns()

    def _campaigns(self):
        campaigns = self._file.campaigns
        if campaigns is None:
            raise DecisionError(self._unknown)
        return campaigns

    @property
    def details(self):
        return self._file.details

    def close(self):
        self._closed = True
        self._file.close()
        with self._changing:
            polling = self._own_polling()
            task, polling.task = polling.task, None
            attempt = polling.attempt
        if task is not None:
            task.end()
        if attempt is not None:
            attempt.deadline.cancel()
        if task is not None:
            task.join(_JOIN)

    def _own_polling(self):
        """Return this process's _Polling. The lock must be held."""
        if self._polling.lineage != lineage():
            self._polling = _Polling()
        return self._polling

    def _keep_fresh(self):
        """Refresh an overdue file, and make sure that this process polls. Called by every decision.
        """
        if self._interval <= 0 or self._closed:
            return
        polling, now = self._polling, elapsed()
        if now < self._due + _LATE and polling.has_asked and polling.task is not None \
                and polling.lineage == lineage():
            return
        with self._changing:
            polling = self._own_polling()
        if self._is_overdue(polling, now):
            self._refresh_in_call(polling, now)
        if polling.task is None and not why_threads_do_not_run():
            self._poll(self._due - elapsed() if polling.has_asked else 0)

    def _is_overdue(self, polling, now):
        if not polling.has_asked:
            # Until this process has polled, the file is the one inherited from its parent.
            return self._confirmed is None or now > self._confirmed + self._interval
        return now > self._due + (_LATE if polling.task is not None else 0)

    def _refresh_in_call(self, polling, now):
        """Refresh the file, or wait for a limited time if another thread is already doing so."""
        frozen, endpoint = polling.attempt, self._cdn_in_call
        if frozen is not None and frozen.thread is not threading.current_thread() \
                and frozen.was_frozen(now):
            # Its answer is as old as its request: another one is needed after it.
            endpoint = self._cdn_after_another
            if not frozen.over.wait(endpoint.timeout):
                return
            now = elapsed()
            if not self._is_overdue(polling, now):
                return
        other = polling.attempt or self._ask(endpoint, late=True, since=now)
        # A user's hook or handler that is told of the new file may decide, too.
        if other is not None and other.late and other.thread is not threading.current_thread():
            other.over.wait(max(0, other.began + endpoint.timeout - now))

    def _await_first(self):
        """Wait for the first attempt of the thread that was just started, within a time limit."""
        polling, ends = self._polling, elapsed() + self._wait
        while not polling.has_asked and not self._closed and elapsed() < ends:
            polling.asked.wait(min(_GLANCE, max(0, ends - elapsed())))

    def _poll(self, wait, only_once=False):
        """Start this process's polling thread, unless there is one. Return whether it is running.

        :param float wait: seconds until its first poll.
        """
        if self._interval <= 0 and not only_once or why_threads_do_not_run():
            return False
        # No lock is held while it is created and started: close may be called at any time.
        task = RepeatingTask(_NAME, self._call_of_thread)
        with self._changing:
            polling = self._own_polling()
            if self._closed or polling.task is not None:
                return polling.task is not None
            polling.task = task
        started = task.start(max(0, wait))
        if not started:
            with self._changing:
                if polling.task is task:
                    polling.task = None
            if not only_once and not self._warned:
                self._warned = True
                self._events.warning("%s", _NO_THREAD)
        if self._closed:
            task.end()
        return started

    def _call_of_thread(self):
        """Poll once. Return the seconds until the next poll, or None to stop."""
        try:
            self._ask(self._cdn, late=elapsed() > self._due + _LATE)
        except BaseException as error:  # the thread must survive anything
            self._events.error("[bucketing] %s", problem_text(error))
        if self._interval <= 0:
            return None
        return max(self._due - elapsed(), min(self._interval, _GLANCE))

    def _ask(self, endpoint, late=False, since=None):
        """Request the file once; never raises.

        :param float since: do nothing if an attempt has ended since then (by ``elapsed``).
        :returns: the attempt that is already in flight in this process, else None.
        """
        attempt = _Attempt(self._http.deadline(endpoint), late)
        with self._changing:
            polling = self._own_polling()
            if self._closed or polling.attempt is not None:
                return polling.attempt
            if since is not None and polling.last_asked > since:
                return None
            polling.attempt = attempt
            if not late:  # while a late attempt is in flight, decisions must see an overdue file
                self._due = elapsed() + self._next()
        failed = True
        try:
            failed = self._ask_fails(endpoint, attempt)
        finally:
            self._failures = self._failures + 1 if failed else 0
            self._due = self._due_after(attempt, failed)
            polling.last_asked = elapsed()
            polling.attempt, polling.has_asked = None, True
            polling.asked.set()
            attempt.over.set()
        return None

    def _ask_fails(self, endpoint, attempt):
        """Request the file, and log why if that fails. Return whether it failed."""
        try:
            self._file.ask(endpoint, attempt.deadline, self.panic)
            self._confirmed = attempt.began
            return False
        except RequestFailed as failure:
            cause = failure.cause
        except (Unreadable, RefusedFile) as problem:
            cause = problem_text(problem)
        except Exception as error:  # whatever it is, the next poll may do better
            cause = problem_text(error)
        if not self._closed:
            self._events.warning("[bucketing] the file could not be refreshed: %s", cause)
        return True

    def _due_after(self, attempt, failed):
        """Return when the poll after ``attempt`` should begin, by ``elapsed``. What was received is
        as old as its request, so a process that was frozen in between has an overdue file."""
        wait, now = self._next(), elapsed()
        if attempt.was_frozen(now):
            return attempt.began + wait
        # A slow CDN is not polled without a pause, and decisions do not wait for it.
        return now + wait if failed else max(attempt.began + wait, now + wait / 2)

    def _next(self):
        """Return the seconds from one poll to the next."""
        back_off = min(2 ** max(self._failures - 1, 0), _MAX_BACK_OFF)
        return self._interval * (back_off + random.random() * _JITTER)


def _assignments_to_keep(campaigns, variations, cached_ids):
    """Return the assignments to save: the new ones, and the cached ones of groups that gave none
    this time; nothing if there is no visitor cache."""
    if cached_ids is None:
        return ()
    new = tuple(variation.id for variation in variations)
    known = frozenset(new)
    if known.issuperset(cached_ids):
        return new
    given = {variation.variation_group_id for variation in variations}
    group_of = campaigns.group_of
    return new + tuple(each for each in cached_ids
                       if each not in known and group_of.get(each) not in given)[:_MAX_KEPT]
