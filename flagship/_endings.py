"""Calls that run before a process ends, even if it ends without running ``atexit``.

Children of multiprocessing and Celery, and of programs that call ``os.fork``, end with
``os._exit``; workers of a multiprocessing pool end with SIGTERM.
"""
import os
import signal
import sys
import threading
import time

from flagship import _process
from flagship._compat import call_in_forked_child
from flagship._threads import start_daemon

#: The packages that run child processes, each with a ``util.Finalize`` and a ``process`` module.
_POOLS = ("multiprocessing", "billiard")
_FORKED_NOT_EXECUTED = 0x40  # PF_FORKNOEXEC in the flags of /proc/self/stat
_AGAIN = 0.1  # seconds until a signal that was not handled is sent again


class _Hooks(object):
    calls = []         # in the order of registration
    lineage = None     # of the process that the hooks are installed in
    exit = None        # the real os._exit, once it is wrapped
    running = False
    ending = False     # whether SIGTERM has been handled
    woken = -1         # the wakeup fd that is written to at a signal, once signals are watched


def call_at_end(call):
    """Register ``call()`` to run before this process ends; exceptions that it raises are swallowed.
    After a fork, register it again in the child to have it run there too. ``call`` must be
    idempotent.

    It runs at interpreter exit; in a child process also before ``os._exit``, and in a child of
    multiprocessing or billiard also when the pool ends it, on SIGTERM if nothing else handles that.
    """
    if call not in _Hooks.calls:
        _Hooks.calls.append(call)
        _process.call_at_exit(call)
    if _Hooks.lineage == _process.lineage():
        return
    _Hooks.lineage, _Hooks.running = _process.lineage(), False
    pooled = [name for name in _POOLS if _is_child_of(name)]
    for name in pooled:
        # A high priority, to run before the pool's own finalizers tear things down.
        sys.modules[name + ".util"].Finalize(None, _run, exitpriority=100)
    if pooled:
        _handle_sigterm()
    if pooled or _process.lineage() or _is_forked():
        _wrap_exit()


def _run():
    if _Hooks.running:
        return  # reentered by a signal handler or os._exit
    _Hooks.running = True
    try:
        for call in list(_Hooks.calls):
            try:
                call()
            except Exception:
                pass  # at exit there is nobody left to report to
    finally:
        _Hooks.running = False


def _is_child_of(package):
    process = sys.modules.get(package + ".process")
    if process is None or sys.modules.get(package + ".util") is None:
        return False
    return type(process.current_process()).__name__ != "_MainProcess"


def _is_forked():
    """Return whether this process was forked, without an exec, before the library was imported;
    False if the system does not say."""
    try:
        with open("/proc/self/stat") as file:
            return bool(int(file.read().rpartition(")")[2].split()[6]) & _FORKED_NOT_EXECUTED)
    except (EnvironmentError, ValueError, IndexError):
        return False


def _wrap_exit():
    if _Hooks.exit is not None:
        return  # the parent wrapped it, and this process inherited that
    _Hooks.exit = real = os._exit

    def exit_after_all(status):
        # A child that has not registered anything, such as one about to exec, has nothing to do.
        if _Hooks.lineage == _process.lineage():
            _run()
        real(status)
    os._exit = exit_after_all


def _handle_sigterm():
    try:
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _end_by_sigterm)
            _watch_sigterm()
    except (ValueError, EnvironmentError):
        pass  # not in the main thread, or out of system resources


def _watch_sigterm():
    """Start a thread that sends SIGTERM again until it is handled.

    If SIGTERM arrives just before the main thread blocks on a lock, it does not interrupt the wait:
    the handler runs only once the lock is acquired, whereas without a handler the signal would have
    ended the process, and whoever joins this process waits that long. Nothing is watched where
    there is no fork hook (before Python 3.7), as a child would write to its parent's pipe.
    """
    if not hasattr(os, "register_at_fork") or _Hooks.woken != -1:
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    main = threading.main_thread().ident
    # If somebody else uses the wakeup fd, it stays theirs.
    if before == -1 and start_daemon("flagship-sigterm", lambda: _send_again(reading, main)):
        _Hooks.woken = writing
        call_in_forked_child(_forget_watch)
        return
    signal.set_wakeup_fd(before)
    os.close(reading)
    os.close(writing)


def _forget_watch():
    """Stop using the parent's wakeup fd, in a child that inherited it."""
    if _Hooks.woken != -1:
        _Hooks.woken = -1
        try:
            signal.set_wakeup_fd(-1)
        except ValueError:
            pass  # the fork came from another thread than the main one, where this is not allowed


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
        return  # a pool sends it more than once; the calls already running take a bounded time
    _run()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
