"""Background threads that stop when told to."""
import sys
import threading
import time
from timeit import default_timer

from flagship._compat import acquire_within

_LONGEST_WAIT = 4e6     # seconds; threads do not accept a much larger timeout
_AFTER_A_FAILURE = 1.0  # minimum seconds until the next call after one that raised
# After this many seconds of computing, let other threads run, but only so often, as each time may
# take milliseconds in a busy process.
_TURN, _MOST_TURNS, _PAUSE = 0.001, 100, 0.0001


def why_threads_do_not_run():
    """Return one sentence if this process never runs its threads, else ``""``: uWSGI without
    ``enable-threads`` runs none between requests."""
    options = getattr(sys.modules.get("uwsgi"), "opt", None)
    if not isinstance(options, dict):
        return ""
    for name in ("enable-threads", "threads", "gevent", "asyncio"):
        if name in options or name.encode("ascii") in options:
            return ""
    return ("uWSGI runs no threads, so nothing is polled and nothing is delivered in the "
            "background; start it with --enable-threads")


class _OwnThread(threading.Thread):
    """A thread of the SDK's."""


def what_to_catch():
    """Return which exceptions of the user's code to catch: in a thread of the SDK's all, as it must
    survive; in any other only Exception, as SystemExit and the like are for whoever runs it."""
    own = isinstance(threading.current_thread(), _OwnThread)
    return BaseException if own else Exception


def start_daemon(name, run):
    """Start a daemon thread.

    :param str name: the thread's name.
    :param run: the function that it runs; must not raise.
    :return: the thread, or None if it cannot be started: because of a limit on processes or memory,
        or because the interpreter is shutting down.
    """
    thread = _OwnThread(target=run, name=name)
    thread.daemon = True
    try:
        thread.start()
    except Exception:  # RuntimeError, MemoryError, thread.error on Python 2
        return None
    return thread


class Bell(object):
    """Wakes the one thread that waits for it. Ringing never blocks, so signal handlers, finalizers
    and forked children can ring it, whatever they interrupted."""

    __slots__ = ("_lock",)

    def __init__(self):
        self._lock = threading.Lock()
        self._lock.acquire()

    def ring(self):
        """End the current wait, or the next one."""
        if not self._lock.locked():
            return  # already rung
        try:
            self._lock.release()
        except threading.ThreadError:
            pass  # another thread rang it just now

    def wait(self, seconds=None):
        """Wait until it rings, for at most ``seconds``; None (default): indefinitely."""
        acquire_within(self._lock, seconds)


class Turns(object):
    """Lets other threads run while this one computes for long. Python itself would only do so after
    five milliseconds, which all of a view's calls would have to wait."""

    __slots__ = ("_ends", "_left")

    def __init__(self):
        self._ends, self._left = default_timer() + _TURN, _MOST_TURNS

    def pass_on(self):
        """Let other threads run now, if this one has had its turn."""
        if default_timer() >= self._ends and self._left > 0:
            self._left -= 1
            time.sleep(_PAUSE)
            self._ends = default_timer() + _TURN


class RepeatingTask(object):
    """Calls a function repeatedly in a daemon thread, whatever it raises.

    :param str name: the thread's name.
    :param call: does the work and returns the seconds to wait until the next call, or None to stop.
    """

    def __init__(self, name, call):
        self._name, self._call, self._ending = name, call, threading.Event()
        self._thread, self._wait = None, 0

    def start(self, wait):
        """Start, with the first call in ``wait`` seconds; return whether a thread could be started.
        May be called again if it could not."""
        self._wait = wait
        self._thread = start_daemon(self._name, self._run)
        return self._thread is not None

    def _run(self):
        while self._wait is not None:
            self._ending.wait(min(self._wait, _LONGEST_WAIT))
            if self._ending.is_set():
                return
            try:
                self._wait = self._call()
            except BaseException:  # the thread must survive; the call logs its own failures
                self._wait = max(self._wait, _AFTER_A_FAILURE)

    def end(self):
        """Make no further call."""
        self._ending.set()

    def join(self, timeout):
        """Wait for the thread to end, for at most ``timeout`` seconds."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
