"""The global state of the process, and detection of forks.

All state that outlives a call and belongs to no object is here, so that tests can :func:`reset` it
and fork handling has one place to look at.
"""
import atexit
import itertools
import os
from collections import deque

from flagship._compat import RLock, call_in_forked_child


class _State(object):
    forks = 0
    pid = os.getpid()     # detects forks that call no hook
    instance = None       # the process-wide Flagship
    events = None         # the event log of the SDK that was started last


def _count_fork():
    _State.forks += 1
    _State.pid = os.getpid()


call_in_forked_child(_count_fork)


def lineage():
    """Return the number of forks between this process and the one that imported the library, an
    int.

    It differs between a process and each of its ancestors, even if a child is given the process id
    of a former ancestor. Where fork hooks are not called (Python before 3.7, uWSGI), a child is
    recognised by its process id, at its first call.
    """
    if _State.pid != os.getpid():
        _count_fork()
    return _State.forks


class Lock(object):
    """A reentrant lock, so that a signal handler or a finalizer can acquire it too. It is always
    free in a forked child, whoever held it in the parent."""

    __slots__ = ("_locks",)

    def __init__(self):
        self._locks = {lineage(): RLock()}

    def _own(self):
        now = lineage()
        lock = self._locks.get(now)
        # Threads of a new child may get here concurrently: setdefault gives all of them one lock.
        return self._locks.setdefault(now, RLock()) if lock is None else lock

    def __enter__(self):
        self._own().acquire()
        return self

    def __exit__(self, *exc_info):
        try:
            self._own().release()
        except RuntimeError:
            pass  # it was acquired before the fork, by the thread that forked


class Tally(object):
    """A counter that threads, signal handlers and finalizers may increment concurrently."""

    __slots__ = ("_steps",)

    def __init__(self):
        self._steps = itertools.count()

    def add(self, number=1):
        deque(itertools.islice(self._steps, number), 0)  # exact, even with concurrent calls

    def __int__(self):
        return int(repr(self._steps)[len("count("):-1])  # the only way to read without counting


def call_at_exit(call):
    """Register ``call()`` with atexit; exceptions that it raises are swallowed."""
    def quietly():
        try:
            call()
        except Exception:
            pass  # at exit there is nobody left to report to
    atexit.register(quietly)


def instance():
    """Return the process-wide Flagship, or None before it was first requested."""
    return _State.instance


def set_instance(flagship):
    _State.instance = flagship


def current_events():
    """Return the event log of the SDK that was started last, or None."""
    return _State.events


def set_current_events(events):
    _State.events = events


def reset():
    """Forget the process's Flagship, for tests; close it first."""
    _State.instance = _State.events = None
