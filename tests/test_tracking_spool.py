"""The spool outlives every end of a process, and several processes deliver what it holds once."""
from __future__ import unicode_literals

import json
import logging
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time

import pytest
import requests

from flagship import Flagship
from flagship._compat import monotonic
from flagship._events import EventLog
from flagship.hits import Page, Screen
from flagship.tracking import spool as spool_module
from flagship.tracking.items import HIT, create_item
from flagship.tracking.spool import Spool
from tests.support import LIVES, SLOW, eventually, run_program, screens, start_program

pytestmark = pytest.mark.skipif(not LIVES, reason=SLOW)

SPOOL = "spool.db"
OLD_SCHEMA = """
CREATE TABLE spool (
    id INTEGER PRIMARY KEY, environment TEXT NOT NULL, endpoint TEXT NOT NULL, made REAL NOT NULL,
    payload TEXT NOT NULL, claimed REAL NOT NULL DEFAULT 0)
"""
GOOD = json.dumps({"t": "SCREENVIEW", "ds": "APP", "dl": "spooled", "vid": "old"})
START = """
def begin(**options):
    options.setdefault('tracking_interval', 0.05)
    return start(spool=u'spool.db', **options)
"""


@pytest.fixture
def spooling(start):
    """A visitor whose tracking is deferred and spooled."""
    def spooling(visitor_id="ann", **options):
        options.setdefault("tracking_interval", 0.05)
        options.setdefault("spool", SPOOL)
        return start(tracking="deferred", **options).create_visitor(visitor_id)
    return spooling


def ask(statement, *values):
    """What a statement on the spool's file gives."""
    connection = sqlite3.connect(SPOOL, timeout=10)
    try:
        with connection:
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def rows():
    try:
        return ask("SELECT id FROM spool") if os.path.exists(SPOOL) else []
    except sqlite3.OperationalError:  # the file was just made
        return []


def counters():
    return Flagship.instance().status.tracking


def insert(endpoint="hit", made=None, payload=GOOD):
    """Leave a row as an earlier version, or anybody, might."""
    if not os.path.exists(SPOOL):
        ask(OLD_SCHEMA)
    ask("INSERT INTO spool (environment, endpoint, made, payload) VALUES (?, ?, ?, ?)", "env",
        endpoint, time.time() - 1 if made is None else made, payload)


@pytest.mark.parametrize("fault", [{}, {"hang": True}, {"status": 503}, {"delay": 0.3}], ids=repr)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_was_queued_is_on_disk(emulator, spooling, number, fault):
    """Whatever ends a process, and whatever the platform does meanwhile: what was queued longer
    than 0.1 s is delivered by the next process, once."""
    if fault:
        emulator.misbehave("hit", **fault)
    process = start_program(START + """
visitor = begin(tracking_interval=60 if sys.argv[1] == '{}' else 0.05)
for number in range(150):
    visitor.send_hit(screen(number))
    if number == 100:
        time.sleep(0.3)
time.sleep(2)
print('queued')
sys.stdout.flush()
time.sleep(60)
""", emulator, fault or "{}", stdout=-1)
    process.stdout.readline()
    process.send_signal(number)
    assert process.wait() == -number
    process.stdout.close()
    process.stderr.close()
    emulator.behave()
    spooling()
    assert Flagship.instance().flush(20)
    uncertain = counters().failed
    # A request under way may have arrived, and is not repeated; of a hanging one nothing did.
    lost = 100 if "hang" in fault else uncertain
    assert uncertain <= (100 if fault else 0)
    assert 150 >= len(emulator.hits) == len(set(screens(emulator))) >= 150 - lost


def test_the_disk_is_not_the_callers(emulator, spooling):
    """A file that somebody has locked holds up nobody's call, and nothing is lost by it."""
    visitor = spooling()
    connection = sqlite3.connect(SPOOL, isolation_level=None)
    assert eventually(lambda: os.path.exists(SPOOL))
    connection.execute("BEGIN EXCLUSIVE")
    try:
        began = time.time()
        for number in range(100):
            visitor.send_hit(Screen("%d" % number))
        assert time.time() - began < 0.5
        assert eventually(lambda: len(emulator.hits) == 100)
    finally:
        connection.close()
    assert Flagship.instance().flush(10) and counters()[:4] == (0, 100, 0, 0)


BAD_ROWS = {
    "endpoint of a newer version": {"endpoint": "troubleshooting"},
    "payload is not JSON": {"payload": "{torn"},
    "payload is a list": {"payload": "[1]"},
    "payload is empty": {"payload": "{}"},
    "payload is a BLOB": {"payload": sqlite3.Binary(b"\xff\xfe")},
    "payload is too large": {"payload": json.dumps({"t": "EVENT", "vid": "x" * 2500000})},
    "made is text": {"made": "yesterday"},
    "made is infinite": {"made": float("inf")},
}


@pytest.mark.parametrize("kind", sorted(BAD_ROWS))
def test_a_row_that_cannot_be_sent(emulator, spooling, log, kind):
    """It is taken out alone, counted and named; what lies beside it and what comes is delivered."""
    insert()
    insert(**BAD_ROWS[kind])
    insert()
    visitor = spooling()
    for number in range(20):
        visitor.send_hit(Screen("%d" % number))
    assert Flagship.instance().flush(10) and rows() == []
    assert screens(emulator).count("spooled") == 2 and len(emulator.hits) == 22
    assert counters() == (0, 22, 1, 0, 0)
    line, = log.at(logging.WARNING)
    assert "removed 1 item from the spool" in line


def test_rows_of_earlier_versions(emulator, spooling):
    """Their context events travel as this version's contexts do, and their hits without what the
    batch says."""
    insert()
    insert("events", None, json.dumps({"type": "CONTEXT", "visitorId": "bob", "data": {"a": 1}}))
    insert("activate", None, json.dumps({"vid": "bob", "caid": "g", "vaid": "v"}))
    spooling()
    assert Flagship.instance().flush(10)
    assert (len(emulator.hits), len(emulator.activations)) == (1, 1)
    segment, = emulator.segments
    assert (segment["vid"], segment["s"]) == ("bob", {"a": 1})


@pytest.mark.parametrize("made, age", [
    (5.0, 0), (-1e12, 0), (95e9, 0), (lambda: time.time() + 7200, 0),
    (lambda: time.time() - 600, 600)])
def test_clocks_of_other_processes(emulator, spooling, made, age):
    """A row from before the clock was set, or from after it was set back, counts as new."""
    insert(made=made() if callable(made) else made)
    spooling()
    assert Flagship.instance().flush(10)
    hit, = emulator.hits
    assert age * 1000 <= hit["qt"] < age * 1000 + 20000


def test_a_step_of_the_clock(emulator, spooling):
    """Rows of this boot are as old as they are, wherever the wall clock went meanwhile."""
    emulator.misbehave("hit", status=503)
    visitor = spooling()
    visitor.send_hit(Screen("a"))
    assert eventually(lambda: counters().spooled == 1)
    Flagship.instance().close()
    # As if the row had been written, and the clock then been set forward by five hours.
    ask("UPDATE spool SET made = made - 18000, ahead = ahead - 18000")
    emulator.behave()
    spooling()
    assert Flagship.instance().flush(10) and len(emulator.hits) == 1
    assert emulator.hits[0]["qt"] < 60000


def test_nothing_is_claimed_in_panic(emulator, spooling):
    """While nothing may be sent the rows are anybody's."""
    visitor = spooling(tracking_interval=0.2)
    emulator.panic = True
    for number in range(5):
        visitor.send_hit(Screen("%d" % number))
    visitor.synchronize_modifications()
    assert eventually(lambda: len(rows()) == 5)
    time.sleep(0.6)
    assert emulator.hits == [] and ask("SELECT COUNT(*) FROM spool WHERE claimed != 0") == [(0,)]
    emulator.panic = False
    visitor.synchronize_modifications()
    assert Flagship.instance().flush(5) and len(screens(emulator)) == 5


def test_three_processes_and_a_panic(emulator):
    """Each hit arrives once, whichever of the processes delivers it."""
    program = START + """
visitor = begin()
flagship._runtime.state.set_panic(True)
tracking = flagship._runtime.parts.tracking
for number in range(40):
    tracking.send_hit(u'ann', None, screen('%s-%d' % (sys.argv[1], number)))
time.sleep(1.5)
flagship._runtime.state.set_panic(False)
assert flagship.flush(30)
"""
    processes = [start_program(program, emulator, number, stderr=None) for number in range(3)]
    assert [process.wait() for process in processes] == [0] * 3
    assert screens(emulator) == sorted("%d-%d" % (process, number) for process in range(3)
                                       for number in range(40))
    assert rows() == []


def test_a_frozen_process(emulator, spooling):
    """A process that stands still between a claim and its request does not send when it wakes what
    another one has sent meanwhile."""
    emulator.misbehave("activate", delay=1.5)
    process = start_program(START + """
import flagship.tracking.spool as spool
spool._LEASE = 1.0
real = spool.Spool.renew
def renew(self, items):
    if flagship.create_visitor and items[0].kind == 'SCREENVIEW' and not os.path.exists('frozen'):
        open('frozen', 'w').close()
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.5)  # another thread may take the signal, and this one run on for a moment
    return real(self, items)
spool.Spool.renew = renew
visitor = begin(tracking_interval=3.0)  # by then all is on disk, and nobody holds the file's lock
for number in range(30):
    visitor.send_hit(screen(number))
while not os.path.exists('frozen'):
    time.sleep(0.05)
assert flagship.flush(20)
""", emulator, stderr=None)
    try:
        assert eventually(lambda: os.path.exists("frozen"), 30)
        time.sleep(0.3)
        # As after a minute.
        ask("UPDATE spool SET claimed = claimed - 61 WHERE claimed != 0")
        spooling()
        # It sees them with its next look at the file; a flush waits for its own alone.
        assert eventually(lambda: len(emulator.hits) == 30), ask("SELECT * FROM spool")[:2]
        assert Flagship.instance().flush(20)
    finally:
        process.send_signal(signal.SIGCONT)
    assert process.wait() == 0
    assert len(emulator.hits) == len(set(screens(emulator))) == 30


def test_a_request_that_was_under_way_is_not_repeated(emulator, spooling, log):
    """Rows whose process died with their request under way may have arrived: they are counted."""
    emulator.misbehave("hit", status=503)
    visitor = spooling()
    for name in "abc":
        visitor.send_hit(Screen(name))
    assert eventually(lambda: counters().spooled == 3)
    Flagship.instance().close()
    ask("UPDATE spool SET sending = 1, claimed = ?, owner = 'elsewhere/1/x' WHERE payload LIKE"
        " '%\"b\"%'", time.time() - 61)
    emulator.behave()
    del log.lines[:]
    spooling()
    assert Flagship.instance().flush(10) and rows() == []
    assert screens(emulator) == ["a", "c"] and counters()[:4] == (0, 2, 1, 0)
    assert ["may have arrived" in line for line in log.at(logging.WARNING)] == [True]


class Turning(requests.Session):
    """A session on which the platform turns at the nth request with hits."""

    def __init__(self, emulator, turn, at):
        requests.Session.__init__(self)
        self.left, self.turn, self.emulator = at, turn, emulator

    def send(self, request, **kwargs):
        if "/collect" in request.url:
            self.left -= 1
            if not self.left:
                self.turn(self.emulator)
        return requests.Session.send(self, request, **kwargs)


class BadPage(Page):
    """A page that no setter lets through."""

    def get_data(self):
        return dict(super(BadPage, self).get_data(), dl=5)


def bad_page():
    return BadPage("https://shop.example/bad")


@pytest.mark.parametrize("at", [2, 3, 4, 5, 6])
def test_a_batch_that_is_split_forgets_its_own_rows(emulator, start, at):
    """An outage in the middle of narrowing down leaves on disk exactly what did not arrive."""
    session = Turning(emulator, lambda emulator: emulator.misbehave("hit", status=503), at)
    visitor = start(tracking="deferred", tracking_interval=60, spool=SPOOL,
                    session=session).create_visitor("ann")
    emulator.is_watched = False
    for number in range(16):
        visitor.send_hit(bad_page() if number == 5 else Screen("%02d" % number))
    Flagship.instance().flush(0.7)
    Flagship.instance().close(0.1)
    left = [json.loads(payload)["dl"] for payload, in ask("SELECT payload FROM spool")]
    everything = ["%02d" % number for number in range(16) if number != 5]
    assert sorted(screens(emulator) + [name for name in left if name != 5]) == everything
    emulator.behave()
    session.left = -1
    start(tracking="deferred", spool=SPOOL).flush(10)
    assert screens(emulator) == everything and rows() == []


def test_a_row_with_the_number_of_a_forgotten_one(log):
    """SQLite gives the number of a removed row to the next one, which may be another process's."""
    first, second = [Spool(os.path.abspath(SPOOL), "env", 10, EventLog(log)) for _ in range(2)]
    screen = create_item(HIT, monotonic(), {"t": "SCREENVIEW", "dl": "a"})
    assert first.add([screen]) == (True, 0)
    sent = first.claim(HIT, 10).items
    assert first.renew(sent) == sent
    # As if it had taken too long for somebody who cannot know whether this process lives.
    ask("UPDATE spool SET claimed = claimed - 61, owner = 'elsewhere/1/x'")
    assert second.look().uncertain == 1 and second.add([screen]) == (True, 0)
    anew = second.claim(HIT, 10).items
    assert anew[0].row == sent[0].row
    assert first.renew(sent) == []
    first.release(sent)
    first.forget(sent)
    assert ask("SELECT claimed != 0 FROM spool") == [(1,)] and second.renew(anew) == anew
    first.close()
    second.forget(anew)
    assert rows() == [] and log.lines == []
    second.close()


def test_rows_that_could_not_be_released(log):
    """They are free again with the next look at the file."""
    spool = Spool(os.path.abspath(SPOOL), "env", 10, EventLog(log))
    spool.add([create_item(HIT, monotonic(), {"t": "SCREENVIEW", "dl": "a"})])
    claimed = spool.claim(HIT, 10).items
    os.rename(SPOOL, "elsewhere")
    os.mkdir(SPOOL)
    spool.release(claimed)
    os.rmdir(SPOOL)
    os.rename("elsewhere", SPOOL)
    assert spool.claim(HIT, 10).items == [] and spool.look() == (0, [])
    assert [item.row for item in spool.claim(HIT, 10).items] == [item.row for item in claimed]
    spool.close()


@pytest.mark.skipif(os.name != "posix", reason="elsewhere nobody can tell who lives")
@pytest.mark.parametrize("host, process, ago, is_over", [
    ("here", "living", 0, False), ("here", "living", 61, True), ("here", "living", -61, True),
    ("here", "dead", 0, True), ("here", "this", 0, True), ("elsewhere", "dead", 0, False),
    ("elsewhere", "living", 61, True)])
def test_when_a_claim_is_over(log, host, process, ago, is_over):
    """With its process, or after a minute; of another use of the file in this one it is over, too,
    as it was closed without a word."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    spool = Spool(os.path.abspath(SPOOL), "env", 10, EventLog(log))
    spool.add([create_item(HIT, monotonic(), {"t": "SCREENVIEW", "dl": "a"})])
    host = socket.gethostname() if host == "here" else host
    pid = {"living": os.getppid(), "dead": ended.pid, "this": os.getpid()}[process]
    ask("UPDATE spool SET claimed = ?, owner = ?", time.time() - ago, "%s/%d/x" % (host, pid))
    assert spool.look() == (0, [])
    assert len(spool.claim(HIT, 10).items) == is_over
    spool.close()


def test_one_probe(emulator, spooling):
    """As long as the platform is not known to answer, a request carries one item: a platform that
    hangs costs one item a try, not a hundred."""
    emulator.misbehave("hit", status=503)
    visitor = spooling(circuit_breaker=False, timeout=0.3)
    for number in range(300):
        visitor.send_hit(Screen("%d" % number))
    assert eventually(lambda: counters().spooled == 300)
    assert eventually(lambda: len(emulator.requests) >= 1)
    emulator.misbehave("hit", hang=True)
    emulator.clear()
    assert eventually(lambda: len(emulator.requests) >= 2)
    emulator.behave()
    assert Flagship.instance().flush(15)
    failed = counters().failed
    assert failed <= 4 and len(emulator.hits) == 300 - failed
    # Afterwards it is delivered as fast as ever.
    assert len([each for each in emulator.requests if each.status == 200]) <= 8


def test_a_process_that_finds_an_outages_rows_probes_first(emulator, spooling):
    for number in range(50):
        insert(payload=GOOD.replace("spooled", "%d" % number))
    spooling()
    assert Flagship.instance().flush(10) and len(emulator.hits) == 50
    assert [len(request.json()["h"]) for request in emulator.requests] == [1, 49]


def test_short_processes(emulator):
    """Each of several short runs delivers what it made, and what an outage left to it."""
    program = START + """
visitor = begin(tracking_interval=60)
for number in range(20):
    visitor.send_hit(screen('%s-%d' % (sys.argv[1], number)))
"""
    for run in range(3):
        assert run_program(program, emulator, run) == (0, "")
        assert len(emulator.hits) == 20 * (run + 1)
    emulator.misbehave("hit", status=503)
    assert run_program(program, emulator, 3)[0] == 0
    assert len(rows()) == 20
    emulator.behave()
    assert run_program(program, emulator, 4) == (0, "")
    assert len(set(screens(emulator))) == len(emulator.hits) == 100 and rows() == []


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX'")
def test_the_files_mode(emulator, spooling):
    """It holds visitors' ids and contexts: nobody else may read it."""
    before = os.umask(0)
    try:
        visitor = spooling(tracking_interval=60)
        visitor.send_hit(Screen("a"))
        assert eventually(lambda: len(rows()) == 1)
    finally:
        os.umask(before)
    modes = {name: stat.S_IMODE(os.stat(name).st_mode) for name in os.listdir(".")}
    assert modes[SPOOL] == 0o600 and set(modes.values()) == {0o600}


def make_fifo():
    os.mkfifo("bad")


def make_rubbish():
    with open("bad", "wb") as file:
        file.write(b"x" * 10000)


FILES = {"a directory": lambda: os.mkdir("bad"), "a FIFO": make_fifo, "rubbish": make_rubbish,
         "a device": lambda: os.symlink("/dev/full", "bad")}


@pytest.mark.parametrize("kind", sorted(FILES))
def test_a_file_that_cannot_be_used(emulator, spooling, log, kind):
    """It costs one line; tracking goes on in memory."""
    FILES[kind]()
    visitor = spooling(spool="bad")
    for number in range(150):
        assert visitor.send_hit(Screen("%d" % number)) == (True, "queued")
    assert Flagship.instance().flush(10) and len(emulator.hits) == 150
    Flagship.instance().close()
    line, = log.at(logging.WARNING)
    assert "the spool cannot be used" in line


def test_a_file_that_comes_and_goes(monkeypatch, log):
    """Each return is one line, and what is wrong is one a minute."""
    now, path = [1000.0], os.path.abspath(SPOOL)
    monkeypatch.setattr(spool_module, "monotonic", lambda: now[0])
    spool = Spool(path, "env", 10, EventLog(log))
    screen = create_item(HIT, now[0], {"t": "SCREENVIEW", "dl": "a"})
    for _ in range(3):
        os.mkdir(path)
        assert spool.add([screen]) == (False, 0) and not spool.works
        now[0] += 2
        assert spool.next_try() == 3.0
        now[0] += 28
        assert spool.next_try() == 0.0
        os.rmdir(path)
        for number in range(1, 4):
            assert spool.add([screen]) == (True, 0) and spool.works and spool.left == number
        for name in os.listdir("."):
            os.remove(name)
    spool.close()
    assert [level for level, _ in log.lines] == [
        logging.WARNING, logging.INFO, logging.INFO, logging.WARNING, logging.INFO]


@pytest.mark.skipif(os.name != "posix", reason="the limit is POSIX'")
def test_a_full_disk(emulator):
    """What finds no room on disk waits in memory, and is delivered from there."""
    code, written = run_program(START + """
import logging, resource
logging.basicConfig(level=logging.WARNING)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000))
visitor = begin()
for number in range(500):
    visitor.send_hit(screen('%d ' % number + 'x' * 500))
assert flagship.flush(20), flagship.status.tracking
assert flagship.status.tracking.sent == 500
""", emulator)
    assert code == 0, written
    assert len(emulator.hits) == 500 and written.count("WARNING") == 1


def test_a_file_that_is_removed(emulator, spooling):
    """What comes afterwards is on disk again."""
    visitor = spooling(tracking_interval=60)
    visitor.send_hit(Screen("a"))
    assert eventually(lambda: len(rows()) == 1)
    for name in os.listdir("."):
        os.remove(name)
    visitor.send_hit(Screen("b"))
    assert eventually(lambda: len(rows()) == 1)


def test_a_removed_working_directory(emulator):
    """A relative path in a directory that is gone costs one line."""
    code, written = run_program(START + """
import logging
logging.basicConfig(level=logging.WARNING)
os.mkdir('gone')
os.chdir('gone')
os.rmdir('../gone')
visitor = begin()
visitor.send_hit(screen('a'))
assert flagship.flush(10)
""", emulator)
    assert code == 0 and len(emulator.hits) == 1, written
    assert written.count("[tracking] the spool cannot be used") == 1


def test_the_bound_drops_what_counts_least(emulator, spooling, log):
    """Over tracking_queue_size page views go before events, the oldest first, and are counted."""
    from flagship.hits import Event, EventCategory
    emulator.misbehave("hit", status=503)
    visitor = spooling(tracking_queue_size=10, tracking_interval=60)
    for number in range(10):
        visitor.send_hit(Event(EventCategory.ACTION_TRACKING, "e%d" % number) if number < 5
                         else Screen("s%d" % number))
    assert eventually(lambda: counters().spooled == 10)
    for number in range(10, 14):
        visitor.send_hit(Screen("s%d" % number))
        assert eventually(lambda: counters().queued == 0)
    assert counters().dropped == 4
    kept = [json.loads(payload) for payload, in ask("SELECT payload FROM spool ORDER BY id")]
    kept = [hit.get("dl") or hit["ea"] for hit in kept]
    # On a slow machine one or two are just being tried again, and then the next go in their place.
    assert kept[:5] == ["e0", "e1", "e2", "e3", "e4"] and kept[-2:] == ["s12", "s13"]
    assert len(kept) == 10 and not {"s5", "s6"} & set(kept)
    assert "dropped" in log.at(logging.WARNING)[-1]
