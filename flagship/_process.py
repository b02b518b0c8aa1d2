"""The process's global state, and which process this is after forks.

Every piece of state that outlives a call and belongs to no object is here, so that a test can
:func:`reset` it and a fork has one place to look at.
"""
import atexit
import os

from flagship._compat import RLock, call_in_forked_child


class _State(object):
    forks = 0
    pid = os.getpid()     # for forks of which nobody is told
    instance = None       # the process's one Flagship
    events = None         # the event log of the SDK that was started last


def _count_fork():
    _State.forks += 1
    _State.pid = os.getpid()


call_in_forked_child(_count_fork)


def lineage():
    """How many forks lie between this process and the one that imported the library, an int.

    It differs between a process and each of its ancestors, also where a child was given the process
    id that an ancestor had. Where nobody is told of a fork (Python before 3.7, uWSGI), a child is
    recognised by its process id, at its first call.
    """
    if _State.pid != os.getpid():
        _count_fork()
    return _State.forks


class Lock(object):
    """A lock that its own thread may take again, as a signal handler or a finalizer does. A forked
    child has a free one, whoever held it in the parent."""

    __slots__ = ("_locks",)

    def __init__(self):
        self._locks = {lineage(): RLock()}

    def _own(self):
        now = lineage()
        lock = self._locks.get(now)
        # Threads of a new child may come here together: one of them wins for all.
        return self._locks.setdefault(now, RLock()) if lock is None else lock

    def __enter__(self):
        self._own().acquire()
        return self

    def __exit__(self, *exc_info):
        try:
            self._own().release()
        except RuntimeError:
            pass  # it was taken before a fork, by the thread that forked


def call_at_exit(call):
    """Have ``call()`` called when the interpreter ends; what it raises is swallowed."""
    def quietly():
        try:
            call()
        except Exception:
            pass  # an end has nobody to tell
    atexit.register(quietly)


def instance():
    """The process's one Flagship, or None before it was first asked for."""
    return _State.instance


def set_instance(flagship):
    _State.instance = flagship


def current_events():
    """The event log of the SDK that was started last, or None."""
    return _State.events


def set_current_events(events):
    _State.events = events


def reset():
    """Forget the process's Flagship, for tests; close it first."""
    _State.instance = _State.events = None
