"""Threads that the system refuses, calls that interrupt calls, forks in the middle of one."""
from __future__ import unicode_literals

import logging
import os
import threading

import pytest

from flagship import Flagship
from flagship.hits import Screen
from tests.support import LIVES, SLOW, eventually, run_program, screens

pytestmark = pytest.mark.skipif(not LIVES, reason=SLOW)

REFUSALS = [RuntimeError("can't start new thread"), MemoryError()]


@pytest.fixture
def refuse(monkeypatch):
    """Has the SDK's threads refused, as a limit on processes or memory does."""
    real, allowed = threading.Thread.start, []

    def start(self):
        if not allowed and self.name in ("flagship-delivery", "flagship-spool"):
            raise error[0]
        return real(self)
    error = [REFUSALS[0]]

    def refuse(with_error=REFUSALS[0]):
        error[0] = with_error
        monkeypatch.setattr(threading.Thread, "start", start)
        return lambda: allowed.append(True)
    return refuse


def counters():
    return Flagship.instance().status.tracking


@pytest.mark.parametrize("options", [{}, {"spool": "spool.db"}], ids=["memory", "spool"])
@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_the_next_call_tries_again(emulator, start, refuse, log, error, options):
    """No call raises, one WARNING says that what is queued waits, and delivery begins as soon as a
    thread can be had."""
    allow = refuse(error)
    visitor = start(tracking="deferred", tracking_interval=0.05, **options).create_visitor("ann")
    assert visitor.send_hit(Screen("a")) == (True, "queued")
    assert visitor.synchronize_modifications() == (True, "")
    assert counters().queued == 2 and emulator.hits == []
    line, = log.at(logging.WARNING)
    assert "no thread can be started" in line and "waits for flush" in line
    allow()
    assert visitor.send_hit(Screen("b")) == (True, "queued")
    assert eventually(lambda: screens(emulator) == ["a", "b"] and len(emulator.segments) == 1)


@pytest.mark.parametrize("call", [lambda: Flagship.instance().flush(10),
                                  lambda: Flagship.instance().close(10)], ids=["flush", "close"])
@pytest.mark.parametrize("options", [{}, {"spool": "spool.db"}], ids=["memory", "spool"])
def test_who_waits_delivers(emulator, start, refuse, options, call):
    """Where no thread is to be had, flush and close deliver in the thread that calls them."""
    refuse()
    visitor = start(tracking="deferred", tracking_interval=60, **options).create_visitor("ann")
    for number in range(250):
        visitor.send_hit(Screen("%d" % number))
    call()
    assert len(emulator.hits) == 250
    assert Flagship.instance().flush(1) is True


def test_close_without_a_thread_has_a_bound(emulator, start, refuse):
    refuse()
    emulator.misbehave("hit", hang=True)
    visitor = start(tracking="deferred", timeout=0.3).create_visitor("ann")
    for number in range(250):
        visitor.send_hit(Screen("%d" % number))
    Flagship.instance().close(0.3)
    assert len([each for each in emulator.requests if each.endpoint == "hit"]) <= 3


LIMITED = """
import resource
visitor = start(tracking_interval=0.05)
if os.getuid() == 0:
    os.setuid(65534)
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
try:
    threading.Thread(target=int).start()
    sys.exit('a thread could be had')
except (RuntimeError, threading.ThreadError):
    pass
for number in range(5):
    assert visitor.send_hit(screen('s%d' % number)) == (True, 'queued')
assert flagship.status.tracking.queued == 5
flagship.close(5)
"""


@pytest.mark.skipif(os.name != "posix", reason="the limit is POSIX'")
def test_a_limit_on_processes(emulator):
    """With the system's own limit close delivers what was queued."""
    assert run_program(LIMITED, emulator) == (0, "")
    assert screens(emulator) == ["s%d" % number for number in range(5)]


def test_a_worker_survives(emulator, start, log):
    """What should not happen costs a line, not the delivery."""
    visitor = start(tracking="deferred", tracking_interval=0.05).create_visitor("ann")
    visitor.send_hit(Screen("a"))
    assert eventually(lambda: len(emulator.hits) == 1)

    class Odd(object):
        """A queue's item that nobody foresaw."""
        endpoint, rank, size, made, kind, row = "hit", 0, 1, 0.0, "ITEM", None
        payload = property(lambda self: 1 // 0)
    from flagship._compat import monotonic
    Odd.made = monotonic()
    Flagship.instance()._runtime.parts.tracking._own_worker().put(Odd())
    for name in "bcd":
        visitor.send_hit(Screen(name))
    assert Flagship.instance().flush(10) and screens(emulator) == ["a", "b", "c", "d"]
    assert counters().failed == 1
    line, = log.at(logging.WARNING)
    assert "ZeroDivisionError" in line and "1 ITEM" in line


REENTRANT = """
import faulthandler, gc
faulthandler.dump_traceback_later(60, exit=True)
visitor = start(tracking_queue_size=100000, %s)
what, sent, over = sys.argv[1], [], []  # appending is one step, += is not
def enter(*ignored):
    if over:
        return  # a signal that was pending when the timer was stopped
    if what == 'send':
        visitor.send_hit(screen('inner'))
        sent.append(1)
    elif what == 'status':
        flagship.status
    elif what == 'flush':
        flagship.flush(0.01)
    elif what == 'close':
        flagship.close(5)
        os._exit(0)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
class Cart(object):
    def __init__(self):
        self.me = self
    def __del__(self):
        visitor.send_hit(screen('inner'))
        sent.append(1)
if what == 'finalizer':
    gc.set_threshold(7)
else:
    signal.signal(signal.SIGALRM, enter)
    signal.setitimer(signal.ITIMER_REAL, 0.05 if what == 'close' else 0.002)
ends = time.time() + 0.6
while time.time() < ends and len(sent) < (5000 if what != 'close' else 100000):
    if what == 'finalizer':
        Cart()
    visitor.send_hit(screen('outer'))
    sent.append(1)
over.append(1)
signal.setitimer(signal.ITIMER_REAL, 0)
gc.collect()
gc.set_threshold(0)
flagship.close(20)
counted = flagship.status.tracking
assert counted.sent == len(sent) and counted[2:4] == (0, 0), (counted, len(sent))
"""


@pytest.mark.parametrize("options", ["spool=None", "spool=u'spool.db'"])
@pytest.mark.parametrize("what", ["send", "status", "flush", "close", "finalizer"])
def test_calls_may_interrupt_calls(emulator, what, options):
    """A signal handler or a finalizer may enter anywhere, on the same thread: nothing hangs, and
    nothing goes uncounted."""
    pytest.importorskip("faulthandler")
    program = REENTRANT % options
    assert run_program(program, emulator, what) == (0, "")


def test_close_in_a_handler_delivers(emulator):
    """Also where the signal came in the middle of a put."""
    assert run_program("""
visitor = start(tracking_interval=60)
from flagship.tracking import queue
real = queue.Queue.put
def put(self, item):
    result = real(self, item)
    if len(self) == 3:
        flagship.close(5)
        os._exit(0)
    return result
queue.Queue.put = put
for number in range(3):
    visitor.send_hit(screen(number))
""", emulator) == (0, "")
    assert screens(emulator) == ["0", "1", "2"]


def test_forks_while_others_send(emulator):
    """Children that are forked while threads are in the middle of sending do not hang, and deliver
    what they queue."""
    code, written = run_program("""
import warnings
warnings.simplefilter('ignore')
# Before Python 3.7 nobody can wait for SQLite before a fork.
visitor = start(tracking_interval=0.02,
                spool=u'spool.db' if hasattr(os, 'register_at_fork') else None)
going = [True]
def work():
    while going[0]:
        visitor.send_hit(screen('parent'))
        time.sleep(0.0005)
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
ended = []
for number in range(12):
    child = os.fork()
    if not child:
        signal.alarm(20)
        visitor.send_hit(screen('child'))
        flagship.status
        os._exit(0)
    ended.append(os.waitpid(child, 0)[1])
going[0] = False
for thread in threads:
    thread.join()
assert ended == [0] * 12 and flagship.flush(20)
""", emulator)
    assert code == 0, written
    assert screens(emulator).count("child") == 12


def test_a_child_has_counts_of_its_own(emulator, start):
    """A child of a child, too, whatever its process id: what ancestors queued is theirs to send."""
    assert run_program("""
real, pid = os.getpid, os.getpid()
visitor = start(tracking_interval=60)
visitor.send_hit(screen('parent'))
def child_of(work):
    child = os.fork()
    if not child:
        os.getpid = lambda: pid  # as the system gives an id again that an ancestor had
        work()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
def inner():
    assert tuple(flagship.status.tracking) == (0, 0, 0, 0, 0)
    visitor.send_hit(screen('grandchild'))
    assert flagship.status.tracking.queued == 1 and flagship.flush(5)
def outer():
    assert tuple(flagship.status.tracking) == (0, 0, 0, 0, 0)
    visitor.send_hit(screen('child'))
    child_of(inner)
    assert flagship.status.tracking.queued == 1 and flagship.flush(5)
if hasattr(os, 'register_at_fork'):
    child_of(outer)
    assert flagship.status.tracking.queued == 1 and flagship.flush(5)
else:
    os._exit(0)
""", emulator)[0] == 0
    if hasattr(os, "register_at_fork"):
        assert screens(emulator) == ["child", "grandchild", "parent"]
