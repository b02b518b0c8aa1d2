"""What is to be done before a process ends, also where it ends without ``atexit``.

Children of multiprocessing and Celery, and whoever forks by hand, end with ``os._exit``, and those
of a multiprocessing pool with SIGTERM.
"""
import os
import signal
import sys
import threading
import time

from flagship import _process

#: The packages that run processes, each with a ``util.Finalize`` and a ``process``.
_POOLS = ("multiprocessing", "billiard")
_FORKED_NOT_EXECUTED = 0x40  # PF_FORKNOEXEC in the flags of /proc/self/stat
_AGAIN = 0.1  # seconds until a signal that interrupted nothing is sent once more


class _Hooks(object):
    calls = []         # in the order in which they were given
    lineage = None     # of the process that has the hooks
    exit = None        # the real os._exit, once it is wrapped
    running = False
    ending = False     # whether SIGTERM has been handled
    woken = -1         # what the system writes to at a signal, once that is watched


def call_at_end(call):
    """Have ``call()`` called before this process ends; what it raises is swallowed. Called again
    in a child, it sees to it that the child does the same. ``call`` must be idempotent.

    It is called at the interpreter's end; in a child process also before ``os._exit``, and in one
    of multiprocessing or billiard when the pool ends it, by SIGTERM where nobody else handles that.
    """
    if call not in _Hooks.calls:
        _Hooks.calls.append(call)
        _process.call_at_exit(call)
    if _Hooks.lineage == _process.lineage():
        return
    _Hooks.lineage, _Hooks.running = _process.lineage(), False
    pooled = [name for name in _POOLS if _is_child_of(name)]
    for name in pooled:
        # Before what the pool's own finalizers take apart.
        sys.modules[name + ".util"].Finalize(None, _run, exitpriority=100)
    if pooled:
        _handle_sigterm()
    if pooled or _process.lineage() or _is_forked():
        _wrap_exit()


def _run():
    if _Hooks.running:
        return  # a signal or os._exit in the middle of it
    _Hooks.running = True
    try:
        for call in list(_Hooks.calls):
            try:
                call()
            except Exception:
                pass  # an end has nobody to tell
    finally:
        _Hooks.running = False


def _is_child_of(package):
    process = sys.modules.get(package + ".process")
    if process is None or sys.modules.get(package + ".util") is None:
        return False
    return type(process.current_process()).__name__ != "_MainProcess"


def _is_forked():
    """Whether this process was forked by another Python before the library was imported, where
    the system tells."""
    try:
        with open("/proc/self/stat") as file:
            return bool(int(file.read().rpartition(")")[2].split()[6]) & _FORKED_NOT_EXECUTED)
    except (EnvironmentError, ValueError, IndexError):
        return False


def _wrap_exit():
    if _Hooks.exit is not None:
        return  # the parent did, and this process inherited it
    _Hooks.exit = real = os._exit

    def exit_after_all(status):
        # A child that has done nothing here, such as one about to exec, owes nothing.
        if _Hooks.lineage == _process.lineage():
            _run()
        real(status)
    os._exit = exit_after_all


def _handle_sigterm():
    try:
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _end_by_sigterm)
            _watch_sigterm()
    except (ValueError, EnvironmentError, RuntimeError):
        pass  # not in the main thread, the only one that may; or the system refuses what it takes


def _watch_sigterm():
    """Have a thread send SIGTERM once more until it is handled.

    One that comes just before the main thread waits for a lock interrupts nothing: without a
    handler it would end the process, with one it is heard when the lock is had, and whoever joins
    this process waits as long. Where a fork cannot be told of (before Python 3.7) nothing is
    watched: a child would write to its parent's pipe.
    """
    if not hasattr(os, "register_at_fork") or _Hooks.woken != -1:
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        if before != -1:
            raise RuntimeError("somebody else is told of signals")
        threading.Thread(target=_send_again, name="flagship-sigterm", daemon=True,
                         args=(reading, threading.main_thread().ident)).start()
    except RuntimeError:  # a thread that is refused, too
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)
        return
    _Hooks.woken = writing
    os.register_at_fork(after_in_child=_forget_watch)


def _forget_watch():
    """In a child that inherited what its parent watches."""
    if _Hooks.woken != -1:
        _Hooks.woken = -1
        try:
            signal.set_wakeup_fd(-1)
        except ValueError:
            pass  # not in the main thread: the child has none but this, and may not


def _send_again(reading, main):
    while ord(os.read(reading, 1)) != signal.SIGTERM:
        pass
    while True:
        time.sleep(_AGAIN)
        if _Hooks.ending or signal.getsignal(signal.SIGTERM) is not _end_by_sigterm:
            return
        signal.pthread_kill(main, signal.SIGTERM)


def _end_by_sigterm(number, frame):
    _Hooks.ending = True
    if _Hooks.running:
        return  # a pool says it more than once; what runs is bounded, and ends with the signal
    _run()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
