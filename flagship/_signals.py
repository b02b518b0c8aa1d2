"""Delivering what waits when a signal ends the process."""
import os
import signal


def close_on_signals(deliver, close, signals=(signal.SIGTERM, signal.SIGINT)):
    """From now on deliver what waits before these signals do what they did.

    A signal that ends the process at once is preceded by ``close()``. One that somebody handles
    is preceded by ``deliver()``: the handler may let the process go on for a while, as servers do
    that end gracefully, and what comes then is delivered at its end.

    :param deliver: delivers what waits, within a bound; must not raise.
    :param close: the same, for good.
    :param signals: their numbers; one that is ignored, or handled outside of Python, stays so.
    :raises ValueError: outside of the main thread, or for what is no signal.
    """
    for number in signals:
        before = signal.getsignal(number)
        if before in (signal.SIG_IGN, None) or isinstance(before, _Closer):
            continue
        signal.signal(number, _Closer(deliver, close, before))


class _Closer(object):
    """A signal handler that goes before another."""

    def __init__(self, deliver, close, before):
        self._deliver, self._close, self._before = deliver, close, before

    def __call__(self, number, frame):
        if callable(self._before):
            self._deliver()
            self._before(number, frame)
            return
        self._close()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
