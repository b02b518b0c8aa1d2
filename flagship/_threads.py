"""Background work that ends when it is told to."""
import sys
import threading

from flagship._compat import acquire_within
_LONGEST_WAIT = 4e6     # seconds; threads can wait for no number much larger
_AFTER_A_FAILURE = 1.0  # seconds, at least


def why_threads_do_not_run():
    """One sentence where this process's threads are never run, else ``""``: uWSGI without
    ``enable-threads`` runs none between its requests."""
    options = getattr(sys.modules.get("uwsgi"), "opt", None)
    if not isinstance(options, dict):
        return ""
    for name in ("enable-threads", "threads", "gevent", "asyncio"):
        if name in options or name.encode("ascii") in options:
            return ""
    return ("uWSGI runs no threads, so nothing is polled and nothing is delivered in the "
            "background; start it with --enable-threads")


def start_daemon(name, run):
    """Start a daemon thread.

    :param str name: the thread's name.
    :param run: what it does; must not raise.
    :return: the thread, or None where the system refuses one: a limit on processes or memory, or
        the interpreter's end.
    """
    thread = threading.Thread(target=run, name=name)
    thread.daemon = True
    try:
        thread.start()
    except Exception:  # RuntimeError, MemoryError, thread.error on Python 2
        return None
    return thread


class Bell(object):
    """Wakes the one thread that waits for it. Ringing waits for nobody, so that signal handlers,
    finalizers and forked children may ring whatever they interrupted."""

    __slots__ = ("_lock",)

    def __init__(self):
        self._lock = threading.Lock()
        self._lock.acquire()

    def ring(self):
        """End the present wait, or the next one."""
        if not self._lock.locked():
            return  # it was rung already
        try:
            self._lock.release()
        except threading.ThreadError:
            pass  # by somebody else, just now

    def wait(self, seconds=None):
        """Wait until it rings, at most ``seconds``; None: however long that takes."""
        acquire_within(self._lock, seconds)


class RepeatingTask(object):
    """Calls a function again and again in a daemon thread, whatever it raises.

    :param str name: the thread's name.
    :param call: does the work and returns the seconds to wait until the next time; None: there is
        none.
    """

    def __init__(self, name, call):
        self._name, self._call, self._ending = name, call, threading.Event()
        self._thread, self._wait = None, 0

    def start(self, wait):
        """Begin in ``wait`` seconds; whether a thread could be had. May be called again where it
        could not."""
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
            except BaseException:  # the thread must live on; the work says what it fails at
                self._wait = max(self._wait, _AFTER_A_FAILURE)

    def end(self):
        """Let no further call begin."""
        self._ending.set()

    def join(self, timeout):
        """Wait for the thread to end, at most ``timeout`` seconds."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
