"""Background work that ends when it is told to."""
import threading


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
