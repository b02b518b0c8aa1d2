"""Background work that ends when it is told to."""
import threading


class RepeatingTask(object):
    """Calls a function again and again in a daemon thread.

    :param str name: the thread's name.
    :param call: does the work and returns the seconds to wait until the next time; must not raise.
    """

    def __init__(self, name, call):
        self._call, self._ending = call, threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)
        self._thread.daemon = True
        self._wait = 0

    def start(self, wait):
        """Begin in ``wait`` seconds."""
        self._wait = wait
        self._thread.start()

    def _run(self):
        while not self._ending.wait(self._wait) and not self._ending.is_set():
            self._wait = self._call()

    def end(self):
        """Let no further call begin."""
        self._ending.set()

    def join(self, timeout):
        """Wait for the thread to end, at most ``timeout`` seconds."""
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout)
