"""Background work that ends when it is told to."""
import threading

from flagship._compat import acquire_within


def start_daemon(name, run):
    """Start a daemon thread.

    :param str name: the thread's name.
    :param run: what it does; must not raise.
    :return: the thread, or None where the system refuses one: a limit on processes or memory, or the interpreter's end.
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
        try:
            self._lock.release()
        except threading.ThreadError:
            pass  # it was rung already

    def wait(self, seconds=None):
        """Wait until it rings, at most ``seconds``; None: however long that takes."""
        acquire_within(self._lock, seconds)


class RepeatingTask(object):
    """Calls a function again and again in a daemon thread.

    :param str name: the thread's name.
    :param call: does the work and returns the seconds to wait until the next time; must not raise.
    """

    def __init__(self, name, call):
        self._name, self._call, self._ending = name, call, threading.Event()
        self._thread, self._wait = None, 0

    def start(self, wait):
        """Begin in ``wait`` seconds; whether a thread could be had. May be called again where it could not."""
        self._wait = wait
        self._thread = start_daemon(self._name, self._run)
        return self._thread is not None

    def _run(self):
        while not self._ending.wait(self._wait) and not self._ending.is_set():
            self._wait = self._call()

    def end(self):
        """Let no further call begin."""
        self._ending.set()

    def join(self, timeout):
        """Wait for the thread to end, at most ``timeout`` seconds."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
