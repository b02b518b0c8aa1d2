"""Bucketing mode: this process decides, on a file that it keeps up to date."""
import hashlib
import os
import random
import time

from flagship._compat import text_type
from flagship.transport.client import Endpoint, RequestFailed
from flagship._json import encode
from flagship._threads import RepeatingTask
from flagship.decision.campaigns import Campaigns
from flagship.decision.evaluator import assign, merge
from flagship.decision.explanation import explain
from flagship.decision.manager import DecisionError, DecisionManager
from flagship.decision.snapshot import Snapshot, Unreadable, decode, is_record, read, unwrapped
from flagship.errors import FlagshipParsingError

_JITTER = 0.1        # a share of the interval, added, so that many processes do not ask as one
_MAX_BACK_OFF = 8    # intervals, after repeated failures
_JOIN = 1.0          # seconds that close waits for a poll that was cancelled
_MAX_PROBLEMS = 20   # lines logged for one file
_MAX_KEPT = 1000     # assignments kept for groups that gave none; a record must not grow for ever


class _File(object):
    """The bucketing file in use: immutable, so that a decision that began with it ends with it."""

    __slots__ = ("campaigns", "source", "loaded_at", "last_modified", "digest")

    def __init__(self, campaigns, source, last_modified, digest):
        self.campaigns, self.source, self.last_modified, self.digest = campaigns, source, last_modified, digest
        self.loaded_at = time.time()


class BucketingDecisionManager(DecisionManager):
    """Decides on the bucketing file, which one daemon thread per process refreshes."""

    mode = u"BUCKETING"

    def __init__(self, config, http, events, state):
        self._http, self._events, self._state = http, events, state
        self._env_id, self._offline = config.env_id, config.offline
        self._interval = 0 if config.offline else config.polling_interval
        self._cdn = Endpoint("bucketing", "GET", "%s/%s/bucketing.json" % (config.cdn_url, config.env_id),
                             repeatable=True, breaks=False, timeout=config.bucketing_timeout)
        self._initial = config.initial_bucketing
        self._snapshot = Snapshot(config.bucketing_file, config.env_id) if config.bucketing_file else None
        self._snapshot_fails = False
        self._file = None
        self._failures = 0
        self._closed = False
        self._polls = {}  # process id -> (task, deadline of its requests)
        self._pid = os.getpid()

    def start(self):
        self._use_what_is_here()
        if self._offline:
            return
        self._refresh(self._http.deadline(self._cdn))
        if not self._closed:
            self._poll(os.getpid(), self._next())

    def decide(self, visitor_id, anonymous_id, context, cached_ids):
        pid = os.getpid()
        if pid != self._pid:
            self._poll(pid, 0)
        if self.panic:
            raise DecisionError(self._state.reason, expected=True)
        campaigns = self._campaigns()
        variations = assign(campaigns, visitor_id, context, cached_ids)
        if cached_ids is None:
            return merge(variations), ()
        return merge(variations), _to_keep(campaigns, variations, cached_ids)

    def explain(self, visitor_id, context, cached_ids, modifications, key):
        return explain(self._campaigns(), visitor_id, context, cached_ids, key)

    def _campaigns(self):
        file = self._file
        if file is None:
            raise DecisionError("there is no bucketing file yet")
        return file.campaigns

    @property
    def details(self):
        file = self._file
        return {} if file is None else {
            "source": file.source, "loaded_at": file.loaded_at, "last_modified": file.last_modified,
            "campaigns": file.campaigns.count}

    def close(self):
        self._closed = True
        poll = self._polls.pop(os.getpid(), None)
        if poll is not None:
            task, deadline = poll
            task.end()
            deadline.cancel()
            task.join(_JOIN)

    def _poll(self, pid, wait):
        """Have this process poll, once; a forked child begins with a look, as its file is as old as the fork."""
        self._pid = pid
        if self._interval <= 0 or self._closed:
            return
        deadline = self._http.deadline(self._cdn)
        task = RepeatingTask("flagship-bucketing", lambda: self._refresh(deadline))
        # Threads of a new child may come here together; a lock could be one that the fork left locked.
        if self._polls.setdefault(pid, (task, deadline))[0] is task:
            task.start(wait)

    def _next(self):
        """Seconds until the next poll."""
        back_off = min(2 ** max(self._failures - 1, 0), _MAX_BACK_OFF)
        return self._interval * (back_off + random.random() * _JITTER)

    def _use_what_is_here(self):
        """Begin with the copy on disk, or else with the file that came with the application."""
        try:
            loaded = self._snapshot and self._snapshot.load()
            if loaded:
                self._use(loaded[0], "snapshot", loaded[1])
        except (Unreadable, FlagshipParsingError) as problem:
            self._events.warning("[bucketing] the snapshot %s is ignored: %s", self._snapshot.path, problem)
        if self._file is None and self._initial is not None:
            try:
                initial = _decoded_initial(self._initial)
                # An image may ship the copy that an earlier process wrote.
                self._use(unwrapped(initial, self._env_id)[0] if is_record(initial) else initial, "initial")
            except (Unreadable, FlagshipParsingError) as problem:
                self._events.error("[bucketing] initial_bucketing is ignored: %s", problem)

    def _refresh(self, deadline):
        """Ask for the file once; returns the seconds until the next time, and never raises."""
        try:
            self._ask(deadline)
            self._failures = 0
        except (RequestFailed, Unreadable, FlagshipParsingError) as failure:
            self._failures += 1
            if not self._closed:
                cause = failure.cause if isinstance(failure, RequestFailed) else failure
                self._events.warning("[bucketing] the file could not be refreshed: %s", cause)
        except Exception as error:  # the thread must live on
            self._failures += 1
            self._events.error("[bucketing] %s: %s", type(error).__name__, error)
        return self._next()

    def _ask(self, deadline):
        file, headers = self._file, {}
        # In panic the whole file is asked for: the one that ends it may be older than the panic.
        if file is not None and file.last_modified and not self.panic:
            headers["If-Modified-Since"] = file.last_modified
        answer = self._http.send(self._cdn, headers=headers, deadline=deadline)
        if answer.status == 304:
            return
        digest, modified = hashlib.sha256(answer.body).digest(), answer.headers.get("Last-Modified")
        modified = modified if modified is None else text_type(modified)
        if file is not None and file.digest == digest and file.last_modified == modified:
            return
        self._use(decode(answer.body), "network", modified, digest)
        self._save(answer.body, modified)

    def _use(self, document, source, last_modified=None, digest=None):
        """Swap a file in; raises FlagshipParsingError, and keeps the present one, where it is none."""
        campaigns = Campaigns(document)
        if self._closed:
            return
        if campaigns.panic and self._file is not None:
            # A file in panic brings no campaigns; those that it hides are as they were.
            campaigns = self._file.campaigns.in_panic()
        self._file = _File(campaigns, source, last_modified, digest)
        self._tell_panic(campaigns.panic)
        self._events.info("[bucketing] %s file with %d campaigns, Last-Modified %s%s", source, campaigns.count,
                          last_modified or "unknown", ", panic" if campaigns.panic else "")
        for problem in campaigns.problems[:_MAX_PROBLEMS]:
            self._events.warning("[bucketing] %s", problem)
        if len(campaigns.problems) > _MAX_PROBLEMS:
            self._events.warning("[bucketing] ... and %d more", len(campaigns.problems) - _MAX_PROBLEMS)

    def _save(self, content, last_modified):
        if self._snapshot is None:
            return
        try:
            self._snapshot.save(content, last_modified)
            self._snapshot_fails = False
        except EnvironmentError as error:
            if not self._snapshot_fails:
                self._events.warning("[bucketing] the snapshot %s cannot be written: %s", self._snapshot.path,
                                     error.strerror or error)
            self._snapshot_fails = True


def _to_keep(campaigns, variations, cached_ids):
    """The assignments to save: the new ones, and the cached ones of groups that gave none this time."""
    new = tuple(variation.id for variation in variations)
    known = frozenset(new)
    if known.issuperset(cached_ids):
        return new
    given = {variation.variation_group_id for variation in variations}
    group_of = campaigns.group_of
    return new + tuple(each for each in cached_ids
                       if each not in known and group_of.get(each) not in given)[:_MAX_KEPT]


def _decoded_initial(initial):
    if isinstance(initial, dict):
        try:
            # A copy in JSON's own types: the caller may change the dict, and Python 2 may hold bytes in it.
            return decode(encode(initial))
        except (TypeError, ValueError) as error:
            raise Unreadable("it is not JSON: %s" % error)
    content = read(initial)
    if content is None:
        raise Unreadable("there is no file %s" % initial)
    return decode(content)
