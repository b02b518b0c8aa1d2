"""However a process ends, but by SIGKILL, it delivers first what it queued, or says what is
lost."""
from __future__ import unicode_literals

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.support import LIVES, ROOT, SLOW, run_program, screens, start_program

pytestmark = pytest.mark.skipif(not LIVES, reason=SLOW)

POOLS = """
import multiprocessing, requests
from flagship.tracking import deferred  # not once more in every child
def job(number):
    if not flagship.is_flagship_started():
        start(tracking_interval=60)
    flagship.create_visitor(u'v').send_hit(screen('%s %d' % (kind, number)))
def join(process):
    process.join()
    assert process.exitcode == 0
if sys.argv[1] == 'started before':
    start(tracking_interval=60)
"""

CHILDREN = {
    "Process": """
processes = [multiprocessing.Process(target=job, args=(number,)) for number in range(5)]
[process.start() for process in processes]
[join(process) for process in processes]
""",
    "Pool, terminated": """
pool = multiprocessing.Pool(2)
pool.map(job, range(5))
pool.terminate()
pool.join()
""",
    "Pool, closed": """
pool = multiprocessing.Pool(2, maxtasksperchild=1)
pool.map(job, range(5), 1)
pool.close()
pool.join()
""",
    "ProcessPoolExecutor": """
from concurrent.futures import ProcessPoolExecutor
with ProcessPoolExecutor(2) as pool:
    list(pool.map(job, range(5)))
""",
    "os._exit": """
children = []
for number in range(5):
    children.append(os.fork())
    if not children[-1]:
        job(number)
        os._exit(3)
assert [os.waitpid(child, 0)[1] for child in children] == [3 << 8] * 5
""",
    "a child's child": """
if not os.fork():
    job(0)
    for number in range(1, 5):
        if not os.fork():
            job(number)
            os._exit(0)
        os.wait()
    os._exit(0)
os.wait()
""",
    "sys.exit": """
children = []
for number in range(5):
    children.append(os.fork())
    if not children[-1]:
        job(number)
        sys.exit(3)
assert [os.waitpid(child, 0)[1] for child in children] == [3 << 8] * 5
""",
}
if sys.version_info[0] == 2:
    del CHILDREN["ProcessPoolExecutor"]


@pytest.mark.parametrize("started", ["started before", "started inside"])
def test_children(emulator, started):
    """A child delivers what it queued, whatever runs it, and whether the SDK was started before the
    fork or in it."""
    kinds = sorted(CHILDREN)
    code, written = run_program(
        POOLS + "".join("kind = %r\n%s" % (str(kind), CHILDREN[kind]) for kind in kinds),
        emulator, started)
    assert (code, [line for line in written.splitlines() if "Error" in line]) == (0, [])
    assert screens(emulator) == sorted("%s %d" % (kind, number) for kind in kinds
                                       for number in range(5))


FORKSERVER = """
import json, multiprocessing, os, sys
from flagship import Config, Flagship
from flagship.hits import Screen

def job(number):
    Flagship.instance().start(u'env', u'key', Config(
        tracking='deferred', tracking_interval=60, **json.loads(os.environ['URLS'])))
    Flagship.instance().create_visitor(u'v').send_hit(Screen(u's%d' % number))

if __name__ == '__main__':
    context = multiprocessing.get_context(sys.argv[1])
    processes = [context.Process(target=job, args=(number,)) for number in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
"""


@pytest.mark.skipif(sys.version_info[0] == 2, reason="Python 2 knows fork alone")
@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_children_that_are_started_afresh(emulator, tmpdir, method):
    tmpdir.join("program.py").write(FORKSERVER)
    environment = dict(os.environ, URLS=json.dumps(emulator.urls), PYTHONPATH=os.pathsep.join(
        [ROOT] + [path for path in sys.path if path]))
    assert subprocess.call([sys.executable, "program.py", method], env=environment) == 0
    assert screens(emulator) == ["s0", "s1"]


@pytest.mark.skipif(sys.version_info < (3, 7), reason="before Python 3.7 a fork is told to nobody")
def test_sigterm_that_interrupts_nothing(emulator):
    """A pool's child that waits for a lock ends, also where the signal reached another thread or
    came just before the wait."""
    code, written = run_program("""
import multiprocessing
def work():
    start().send_hit(screen('child'))
    lock = threading.Lock()
    lock.acquire()
    def interrupt():
        time.sleep(0.3)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        time.sleep(60)
    threading.Thread(target=interrupt, daemon=True).start()
    lock.acquire()
child = multiprocessing.get_context('fork').Process(target=work)
child.start()
child.join(20)
assert child.exitcode == -signal.SIGTERM, child.exitcode
""", emulator)
    assert code == 0, written
    assert screens(emulator) == ["child"]


def test_a_child_that_queued_nothing_ends_at_once(emulator):
    """Only who owes something waits: with a platform that hangs, the end of an idle child is not
    held up."""
    emulator.misbehave("hit", hang=True)
    code, written = run_program("""
start().send_hit(screen('parent'))
child = os.fork()
if not child:
    os._exit(0)
began = time.time()
os.waitpid(child, 0)
took = time.time() - began
flagship.close(0.1)
assert took < 1.5, took
""", emulator)
    assert code == 0, written


def test_a_child_whose_platform_hangs_ends_all_the_same(emulator):
    """What could not be delivered is counted and said once."""
    emulator.misbehave("hit", hang=True)
    code, written = run_program("""
import logging
logging.basicConfig(level=logging.WARNING)
from flagship.tracking import deferred
deferred.EXIT_SECONDS = 0.8
visitor = start(tracking_batch_size=10, tracking_interval=60)
child = os.fork()
if not child:
    for number in range(10):
        visitor.send_hit(screen(number))
    time.sleep(0.3)
    for number in range(7):
        visitor.send_hit(screen(number))
    os._exit(0)
os.waitpid(child, 0)
""", emulator)
    lines = [line for line in written.splitlines() if "WARNING" in line]
    assert code == 0 and len(lines) == 2, written
    assert "10 items" in lines[0] and "lost 7 items" in lines[1]


@pytest.mark.parametrize("ends", ["pass", "sys.exit(0)", "flagship.close()"])
def test_a_normal_end(emulator, ends):
    """10 times as much as a batch is delivered by an end, contexts last."""
    emulator.misbehave("hit", delay=0.03)
    code, written = run_program("""
start(mode=Config.Mode.BUCKETING, polling_interval=0, tracking_interval=60, tracking_batch_size=20)
for number in range(200):
    visitor = flagship.create_visitor(u'v%d' % number)
    visitor.synchronize_modifications()
    visitor.send_hit(screen(number))
""" + ends, emulator)
    assert (code, written) == (0, "")
    assert len(emulator.hits) == 200 and len(emulator.segments) == 200


AT_EXIT = """
import atexit
def last():
    assert visitor.send_hit(screen('last')) == (True, 'queued')
visitor = start(tracking_interval=60)
visitor.send_hit(screen('first'))
atexit.register(last)
"""


def test_a_hit_at_the_interpreters_end(emulator):
    """A hit of the application's own exit hook is delivered, also where the interpreter starts no
    more threads (CPython 3.12)."""
    assert run_program(AT_EXIT, emulator) == (0, "")
    assert screens(emulator) == ["first", "last"]
    emulator.clear()
    code, written = run_program(AT_EXIT.replace("visitor.send_hit(screen('first'))", ""), emulator)
    assert (code, written) == (0, "") and screens(emulator) == ["last"]


WAITS = """
def loop():
    print('ready')
    sys.stdout.flush()
    while True:
        time.sleep(0.05)
signal.signal(signal.SIGINT, signal.default_int_handler)  # which background jobs do not have
visitor = start(tracking_interval=60, timeout=0.5)
visitor.send_hit(screen('queued'))
"""


def signalled(code, emulator, number):
    process = start_program(WAITS + code, emulator, stdout=-1)
    process.stdout.readline()
    process.send_signal(number)
    written = process.communicate()[1].decode("utf-8")
    process.stdout.close()
    process.stderr.close()
    return process.returncode, written


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_that_end_a_process(emulator, number):
    """With close_on_signals what is queued is delivered, and the signal does what it did."""
    code, written = signalled("flagship.close_on_signals()\nloop()\n", emulator, number)
    if number == signal.SIGTERM:
        assert (code, written) == (-number, "")
    else:
        assert "KeyboardInterrupt" in written
    assert screens(emulator) == ["queued"]


def test_signals_are_left_alone_without_being_asked(emulator):
    """The SDK handles no signal of an ordinary process on its own."""
    assert signalled("loop()\n", emulator, signal.SIGTERM)[0] == -signal.SIGTERM
    assert screens(emulator) == []


def test_the_handler_that_was_there_is_called(emulator):
    """It may let the process go on for a while: what comes then is delivered too."""
    code, written = signalled("""
going = [True]
def stop(number, frame):
    going[0] = False
signal.signal(signal.SIGTERM, stop)
flagship.close_on_signals()
flagship.close_on_signals()  # twice is once
print('ready')
sys.stdout.flush()
while going[0]:
    time.sleep(0.05)
visitor.send_hit(screen('afterwards'))
""", emulator, signal.SIGTERM)
    assert (code, written) == (0, "") and screens(emulator) == ["afterwards", "queued"]


def test_an_ignored_signal_stays_ignored(emulator):
    code, written = signalled("""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
flagship.close_on_signals()
assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
print('ready')
sys.stdout.flush()
time.sleep(0.2)
os._exit(7)
""", emulator, signal.SIGTERM)
    assert (code, written) == (7, "")


def test_sigterm_where_the_platform_hangs(emulator):
    """The end has a bound, and says what is lost."""
    emulator.misbehave("hit", hang=True)
    code, written = signalled("import logging\nlogging.basicConfig()\n"
                              "for number in range(4):\n    visitor.send_hit(screen(number))\n"
                              "flagship.close_on_signals()\nloop()\n", emulator, signal.SIGTERM)
    assert code == -signal.SIGTERM
    lines = [line for line in written.splitlines() if "WARNING" in line]
    assert len(lines) == 1 and "5 items" in lines[0], written


def test_a_process_by_hand_that_calls_os_exit_is_none_of_ours(emulator):
    """Outside of forked children os._exit is the system's own."""
    code, _ = run_program("start().send_hit(screen('x'))\nassert os._exit.__module__ in "
                          "('posix', 'nt'), os._exit\n", emulator)
    assert code == 0
