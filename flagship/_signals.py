"""Delivering what is queued when a signal ends the process."""
import os
import signal


def close_on_signals(deliver, close, signals=(signal.SIGTERM, signal.SIGINT)):
    """Install handlers that deliver what is queued before these signals take their usual effect.

    If a signal would end the process at once, ``close()`` is called first. If it already has a
    handler, ``deliver()`` is called first: that handler may keep the process running for a while,
    as in a server with graceful shutdown, and anything tracked after that is delivered when the
    process ends.

    :param deliver: delivers what is queued, within a bounded time; must not raise.
    :param close: delivers what is queued and closes the SDK; likewise.
    :param signals: the signal numbers; one that is ignored, or handled outside Python, is left
        alone.
    :raises ValueError: outside the main thread, or for an invalid signal number.
    """
    for number in signals:
        before = signal.getsignal(number)
        if before in (signal.SIG_IGN, None) or isinstance(before, _Closer):
            continue
        signal.signal(number, _Closer(deliver, close, before))


class _Closer(object):
    """A signal handler that runs before the previous one."""

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
