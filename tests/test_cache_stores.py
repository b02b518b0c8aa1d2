# -*- coding: utf-8 -*-
"""The visitor caches that need no server: what every store must do, and each one's own laws."""
from __future__ import unicode_literals

import contextlib
import io
import json
import logging
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time

import pytest

from benchmarks.sqlite_soak import soak
from flagship import Config
from flagship.cache import MemoryVisitorCache, SQLiteVisitorCache, VisitorCacheManager
from flagship.errors import FlagshipError, ParamError, TypingError
from flagship.testing.visitor_cache import VisitorCacheSuite
from tests.support import WHOLE, descriptors, eventually, everybody, slow

SOAK_SECONDS = 2
FILE = "visitors.db"
TTL = 1000


def record(visitor_id, *variation_ids):
    return {"version": 1, "data": {"vId": visitor_id, "vaIds": list(variation_ids)}}


def save(cache, *visitor_ids):
    for visitor_id in visitor_ids:
        cache.save(visitor_id, record(visitor_id, "a"))


def known(cache, visitor_ids):
    return [visitor_id for visitor_id in visitor_ids if cache.lookup(visitor_id) is not None]


def numbered(count):
    return ["visitor-%d" % place for place in range(count)]


@contextlib.contextmanager
def raw(path=FILE):
    """A connection of the test's own."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def rows(statement, *parameters):
    with raw() as connection:
        return connection.execute(statement, parameters).fetchall()


def age(visitor_id, seconds):
    """Make a visitor look as if it was last seen so long ago."""
    rows("UPDATE visitors SET used_at = ? WHERE visitor_id = ?", time.time() - seconds, visitor_id)


def last_seen(visitor_id):
    return rows("SELECT used_at FROM visitors WHERE visitor_id = ?", visitor_id)[0][0]


def in_child(call):
    """Fork, run ``call`` in the child; whether it returned true there, within a bound."""
    child = os.fork()
    if not child:
        try:
            signal.alarm(20)  # what hangs dies
            os._exit(0 if call() else 1)
        finally:
            os._exit(2)
    return os.waitpid(child, 0)[1] == 0


@pytest.fixture
def script():
    """Starts Python processes, each with ``source`` to run; ended afterwards."""
    started = []

    def script(source, *arguments):
        environment = dict(os.environ,
                           PYTHONPATH=os.pathsep.join(each for each in sys.path if each))
        started.append(subprocess.Popen([sys.executable, "-c", source] + list(arguments),
                                        env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT))
        return started[-1]
    yield script
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@pytest.fixture
def cache():
    """A store in a file of the test's directory."""
    cache = SQLiteVisitorCache(FILE)
    yield cache
    cache.close()


@pytest.fixture
def sqlite():
    """Makes SQLite stores; closed afterwards."""
    made = []

    def sqlite(path=FILE, **options):
        made.append(SQLiteVisitorCache(path, **options))
        return made[-1]
    yield sqlite
    for each in made:
        each.close()


@pytest.fixture
def decide(start):
    """Synchronises a visitor in bucketing mode with a store: ``(result, value of its flag)``."""
    def decide(manager, visitor_id="ann"):
        flagship = start(mode=Config.Mode.BUCKETING, polling_interval=0,
                         visitor_cache_manager=manager,
                         cdn_url="http://127.0.0.1:1",
                         initial_bucketing={"campaigns": [everybody("c", ("a", 100, {"flag": 1}))]})
        visitor = flagship.create_visitor(visitor_id)
        return visitor.synchronize_modifications(), visitor.get_modification("flag", 0)
    return decide


class TestMemory(VisitorCacheSuite):
    def make_manager(self):
        return MemoryVisitorCache()


class TestSQLite(VisitorCacheSuite):
    many = 10000 if WHOLE else 500

    def make_manager(self):
        return SQLiteVisitorCache(FILE)

    def corrupt(self, manager, visitor_id):
        rows("UPDATE visitors SET record = substr(record, 1, 20) WHERE visitor_id = ?", visitor_id)
        assert rows("SELECT length(record) FROM visitors WHERE visitor_id = ?",
                    visitor_id) == [(20,)]


class TestSQLiteWithoutBounds(TestSQLite):
    def make_manager(self):
        return SQLiteVisitorCache(FILE, max_visitors=None)


class TestSQLiteThatForgets(TestSQLite):
    def make_manager(self):
        return SQLiteVisitorCache(FILE, ttl=3600)


STORES = {"memory": MemoryVisitorCache,
          "sqlite": lambda **options: SQLiteVisitorCache(FILE, **options)}


@pytest.fixture(params=sorted(STORES))
def store(request):
    """Makes one store of each kind; closed afterwards."""
    made = []

    def store(**options):
        made.append(STORES[request.param](**options))
        return made[-1]
    yield store
    for each in made:
        getattr(each, "close", lambda: None)()


def test_each_is_a_visitor_cache_manager():
    for kind in (MemoryVisitorCache, SQLiteVisitorCache):
        assert issubclass(kind, VisitorCacheManager)


def test_a_synchronisation_that_changes_nothing_writes_nothing(store, decide):
    cache, saved = store(), []
    save_record = cache.save
    cache.save = lambda *arguments: (saved.append(arguments[0]), save_record(*arguments))
    assert [decide(cache) for _ in range(3)] == [((True, ""), 1)] * 3
    assert saved == ["ann"]


def test_the_bound_is_exact_where_it_is_small(store):
    """The oldest goes first, and a save makes a visitor young."""
    cache = store(max_visitors=3)
    save(cache, "ann", "bob", "eve")
    save(cache, "ann", "joe")
    assert known(cache, ["ann", "bob", "eve", "joe"]) == ["ann", "eve", "joe"]
    save(cache, *numbered(50))
    assert known(cache, ["ann", "bob", "eve", "joe"] + numbered(50)) == numbered(50)[-3:]


def test_the_bound_counts_all_environments(store):
    cache = store(max_visitors=3)
    for environment in ("one", "two"):
        cache.use_environment(environment)
        save(cache, "ann", "bob")
    assert known(cache, ["ann", "bob"]) == ["ann", "bob"]
    cache.use_environment("one")
    assert known(cache, ["ann", "bob"]) == ["bob"]


def test_memory_a_lookup_makes_a_visitor_young():
    cache = MemoryVisitorCache(max_visitors=3)
    save(cache, "ann", "bob", "eve")
    cache.lookup("ann")
    cache.lookup("nobody")
    save(cache, "joe")
    assert known(cache, ["bob", "ann", "eve", "joe"]) == ["ann", "eve", "joe"]


def test_memory_keeps_10000_by_default():
    cache = MemoryVisitorCache()
    save(cache, *numbered(10001))
    assert cache.lookup("visitor-0") is None
    assert cache.lookup("visitor-1")
    assert cache.lookup("visitor-10000")


@pytest.mark.parametrize("options, parameter, error, allowed", [
    ({"max_visitors": value}, "max_visitors", error, allowed)
    for values, error, allowed in (((None, "7", 7.0, True, [1]), TypingError, "int"),
                                   ((0, -1), ParamError, "at least 1")) for value in values])
def test_memory_refuses(options, parameter, error, allowed):
    for call in (lambda: MemoryVisitorCache(**options),
                 lambda: MemoryVisitorCache(options[parameter])):
        with pytest.raises(error) as caught:
            call()
        assert "MemoryVisitorCache: max_visitors" in str(caught.value)
        assert allowed in str(caught.value)


ARGUMENTS = ["path", "max_visitors", "ttl", "timeout"]
REFUSED = [(parameter, value, error, allowed) for parameter, error, allowed, values in (
    ("path", TypingError, "path", (None, 7, True, [], {})),
    ("path", ParamError, "path of a file", ("", ":memory:", "a\0b")),
    ("max_visitors", TypingError, "int", ("7", 7.0, True, [1])),
    ("max_visitors", ParamError, "at least 1", (0, -1)),
    ("max_visitors", ParamError, "at most", (10 ** 20, 1 << 2000)),
    ("ttl", TypingError, "int or float", ("7", True, [1])),
    ("ttl", ParamError, "greater than 0", (0, -1, 0.0)),
    ("ttl", ParamError, "finite", (float("inf"), float("nan"))),
    ("ttl", ParamError, "at most", (10 ** 12,)),
    ("timeout", TypingError, "int or float", (None, "7", True)),
    ("timeout", ParamError, "greater than 0", (0, -1)),
    ("timeout", ParamError, "at most 3600", (3601,))) for value in values]


@pytest.mark.parametrize("parameter, value, error, allowed", REFUSED)
def test_sqlite_refuses(parameter, value, error, allowed):
    """By position and by keyword, naming the parameter and what is allowed; and no file is made."""
    given = dict({"path": FILE, "max_visitors": 9, "ttl": 9, "timeout": 9},
                 **{str(parameter): value})
    for call in (lambda: SQLiteVisitorCache(**given),
                 lambda: SQLiteVisitorCache(*[given[name] for name in ARGUMENTS])):
        with pytest.raises(error) as caught:
            call()
        assert "SQLiteVisitorCache: %s" % parameter in str(caught.value)
        assert allowed in str(caught.value)
    assert os.listdir(".") == []


def test_an_environment_is_text(store):
    with pytest.raises(TypingError):
        store().use_environment(7)


def test_sqlite_takes_any_path(sqlite, tmpdir):
    """Text or a path object; relative means the working directory of the moment that the store was
    made."""
    by_object, relative = sqlite(tmpdir.join("é.db")), sqlite("é.db")
    save(by_object, "ann")
    tmpdir.mkdir("elsewhere").chdir()
    assert relative.lookup("ann") == record("ann", "a")
    assert os.listdir(".") == []


def test_sqlite_opens_nothing_before_its_first_call(sqlite, start):
    """Neither made nor started it touches the disk, so that what a process forks then inherits
    nothing."""
    cache = sqlite()
    start(mode=Config.Mode.BUCKETING, polling_interval=0, visitor_cache_manager=cache)
    cache.close()
    assert os.listdir(".") == []


def test_sqlite_is_not_imported_before_its_first_call(script):
    process = script("import sys, flagship.cache, flagship\n"
                     "flagship.cache.SQLiteVisitorCache('visitors.db')\n"
                     "print([name for name in ('sqlite3', '_sqlite3', 'redis', 'django')\n"
                     "       if name in sys.modules])")
    assert process.communicate()[0].strip() == b"[]"


def test_sqlite_keeps_visitors_across_restarts(sqlite):
    first = sqlite()
    save(first, "ann")
    first.close()
    assert sqlite().lookup("ann") == record("ann", "a")


def test_sqlite_keeps_the_documented_json(cache):
    """Other programs may read the file."""
    cache.use_environment("env")
    cache.save("é", record("é", "a", "b"))
    (environment, visitor_id, text,
     used_at), = rows("SELECT environment, visitor_id, record, used_at FROM visitors")
    assert (environment, visitor_id, json.loads(text)) == ("env", "é", record("é", "a", "b"))
    assert abs(time.time() - used_at) < 60


def test_sqlite_leaves_one_file(cache):
    """While it is open there are two more; in between, readers and writers do not wait for each
    other."""
    save(cache, "ann")
    assert sorted(os.listdir(".")) == [FILE, FILE + "-shm", FILE + "-wal"]
    assert rows("PRAGMA journal_mode") == [("wal",)]
    cache.close()
    assert os.listdir(".") == [FILE]


def test_sqlite_files_are_their_owner_s_alone(cache):
    """Visitors' ids are nobody else's business; a file that is there keeps its mode."""
    old = os.umask(0o022)
    try:
        save(cache, "ann")
        assert {name: stat.S_IMODE(os.stat(name).st_mode)
                for name in os.listdir(".")} == dict.fromkeys(
            [FILE, FILE + "-shm", FILE + "-wal"], 0o600)
    finally:
        os.umask(old)
    cache.close()
    os.chmod(FILE, 0o640)
    again = SQLiteVisitorCache(FILE)
    assert again.lookup("ann")
    again.close()
    assert stat.S_IMODE(os.stat(FILE).st_mode) == 0o640


@pytest.mark.parametrize("target", ["missing", "empty"])
@pytest.mark.parametrize("stranger", [False, True])
def test_sqlite_a_link_that_may_be_planted_is_not_followed(sqlite, decide, log, target, stranger):
    """One that leads nowhere, or that another user made; it costs no decision, and the line says
    so. One's own leads to where one's file is."""
    if target == "empty":
        io.open(target, "w").close()
    os.symlink(target, FILE)
    if stranger:
        if os.geteuid() != 0:
            pytest.skip("only root can make another's link")
        os.lchown(FILE, 12345, 12345)
    cache = sqlite()
    if target == "empty" and not stranger:
        save(cache, "ann")
        assert cache.lookup("ann") and os.path.getsize(target) > 0
        return
    assert decide(cache) == ((True, ""), 1)
    line, = [line for line in log.at(logging.ERROR) if "visitor cache" in line]
    assert os.path.abspath(FILE) in line and "it is a link that" in line
    with pytest.raises(sqlite3.OperationalError):
        save(cache, "ann")
    assert os.path.exists("missing") is False
    assert target == "missing" or os.path.getsize(target) == 0


def test_sqlite_holds_no_file_after_close(cache):
    before = set(descriptors().values())
    save(cache, "ann")
    assert cache.lookup("ann")
    assert set(descriptors().values()) != before or not before
    cache.close()
    assert set(descriptors().values()) == before


def test_sqlite_empties_its_log(cache):
    """However long a store lives, look-ups included, the file beside it stays small."""
    cache.lookup("ann")
    for _ in range(6):
        save(cache, *numbered(500))
        cache.lookup("ann")
    assert os.path.getsize(FILE + "-wal") < 8000000


def test_sqlite_removes_the_oldest_a_hundredth_at_a_time(sqlite):
    cache = sqlite(max_visitors=1000)
    for visitor_id in numbered(1500):
        save(cache, visitor_id)
    (count,), = rows("SELECT COUNT(*) FROM visitors")
    assert 1000 <= count <= 1010
    assert known(cache, numbered(1500)) == numbered(1500)[-count:]


@slow
def test_sqlite_is_bounded_where_processes_save_once_and_end(sqlite):
    for visitor_id in numbered(1100):
        cache = sqlite(max_visitors=1000)
        save(cache, visitor_id)
        cache.close()
    (count,), = rows("SELECT COUNT(*) FROM visitors")
    assert 1000 <= count <= 1010


def test_sqlite_may_be_unbounded(sqlite):
    cache = sqlite(max_visitors=None)
    save(cache, *numbered(3000))
    assert rows("SELECT COUNT(*) FROM visitors") == [(3000,)]


def test_sqlite_forgets_after_the_ttl(sqlite):
    cache = sqlite(ttl=TTL)
    save(cache, "ann", "bob")
    age("ann", TTL + 10)
    age("bob", TTL - 10)
    assert known(cache, ["ann", "bob"]) == ["bob"]
    assert sqlite().lookup("ann") == record("ann", "a"), "without a ttl nothing expires"


def test_sqlite_removes_what_has_expired(sqlite):
    cache = sqlite(ttl=TTL, max_visitors=100)
    save(cache, "ann", "bob", "eve")
    age("ann", TTL + 10)
    age("bob", TTL + 10)
    save(cache, "joe")
    assert rows("SELECT visitor_id FROM visitors ORDER BY visitor_id") == [("eve",), ("joe",)]


def test_sqlite_a_short_ttl_in_real_time(sqlite):
    cache = sqlite(ttl=0.05)
    save(cache, "ann")
    assert eventually(lambda: time.time() - last_seen("ann") > 0.1)
    assert cache.lookup("ann") is None


def test_sqlite_a_lookup_refreshes(sqlite):
    """But writes only once a tenth of the ttl has passed; without a ttl it never does."""
    cache = sqlite(ttl=TTL)
    save(cache, "ann")
    age("ann", TTL * 0.05)
    before = last_seen("ann")
    assert cache.lookup("ann") and last_seen("ann") == before
    age("ann", TTL * 0.5)
    before = last_seen("ann")
    assert sqlite().lookup("ann") and last_seen("ann") == before
    assert cache.lookup("ann") == record("ann", "a")
    assert last_seen("ann") > before + TTL * 0.4
    assert cache.lookup("ann") == record("ann", "a")


def test_sqlite_with_a_ttl_a_visitor_that_comes_back_is_young(sqlite):
    cache = sqlite(ttl=TTL, max_visitors=3)
    save(cache, "ann", "bob", "eve")
    age("ann", TTL * 0.5)
    cache.lookup("ann")
    save(cache, "joe")
    assert known(cache, ["ann", "bob", "eve", "joe"]) == ["ann", "eve", "joe"]


UNREADABLE = {
    "torn": "substr(record, 1, 20)", "empty": "''", "bytes": "x'ff00ff'",
    "not UTF-8": "CAST(x'22ff22' AS TEXT)",
    "a number": "7", "JSON, but no record": "'[1, 2]'", "null": "'null'", "NaN": "'NaN'",
    "another visitor's": "replace(record, 'ann', 'bob')",
    "a later version": "replace(record, ': 1', ': 2')",
    "too deep": "replace(hex(zeroblob(50000)), '0', '[')"}


@pytest.mark.parametrize("value", sorted(UNREADABLE))
def test_sqlite_an_unreadable_record_is_repaired(decide, log, cache, value):
    """It costs a line at most, and no decision; the visitor's next save replaces it."""
    assert decide(cache) == ((True, ""), 1)
    rows("UPDATE visitors SET record = %s" % UNREADABLE[value])
    assert decide(cache) == ((True, ""), 1)
    lines = [line for line in log.at(logging.WARNING) if "visitor cache" in line]
    assert len(lines) == (0 if value == "null" else 1)
    assert not [line for line in lines if "raised" in line]
    cache.use_environment("env")
    assert cache.lookup("ann") == record("ann", "a")


def test_sqlite_after_close(cache, decide, log):
    """Calls raise an error that says so, which the SDK survives; to close again is harmless."""
    save(cache, "ann")
    cache.close()
    cache.close()
    for call in (lambda: cache.lookup("ann"), lambda: save(cache, "ann")):
        with pytest.raises(FlagshipError, match="SQLiteVisitorCache was closed"):
            call()
    assert decide(cache) == ((True, ""), 1)
    assert [line for line in log.at(logging.ERROR) if "lookup raised FlagshipError" in line]


def test_sqlite_closed_while_threads_use_it(sqlite):
    """Each call ends as if it came before or after."""
    cache, errors, going = sqlite(), [], threading.Semaphore(0)

    def work():
        going.release()
        try:
            while True:
                save(cache, "ann")
                cache.lookup("ann")
        except FlagshipError:
            pass
        except Exception as error:
            errors.append(error)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in threads:
        going.acquire()
    cache.close()
    for thread in threads:
        thread.join(10)
    assert errors == [] and not [thread for thread in threads if thread.is_alive()]
    assert os.listdir(".") == [FILE]


def test_sqlite_a_directory_that_is_missing(sqlite, decide, log):
    """It costs no start and no decision; the line names the file, and once the directory is there
    the store works."""
    path = os.path.abspath(os.path.join("missing", FILE))
    cache = sqlite(path)
    assert decide(cache) == ((True, ""), 1)
    line, = [line for line in log.at(logging.ERROR) if "visitor cache" in line]
    assert "lookup raised OperationalError" in line and path in line
    with pytest.raises(sqlite3.OperationalError, match="missing"):
        save(cache, "ann")
    os.mkdir("missing")
    save(cache, "ann")
    assert cache.lookup("ann") == record("ann", "a")


def test_sqlite_a_file_that_is_no_database(sqlite, decide, log):
    """It is told by name and left as it is."""
    content = b"the user's own notes\n" * 100
    with io.open(FILE, "wb") as file:
        file.write(content)
    cache = sqlite()
    assert decide(cache) == ((True, ""), 1)
    assert [line for line in log.at(logging.ERROR) if FILE in line and "not a database" in line]
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        save(cache, "ann")
    with io.open(FILE, "rb") as file:
        assert file.read() == content
    os.remove(FILE)
    save(cache, "ann")
    assert cache.lookup("ann")


def test_sqlite_a_file_that_cannot_be_written(sqlite, decide, log):
    """Who is known keeps its variation, a time that should be refreshed included; a save raises."""
    first = sqlite()
    first.use_environment("env")
    save(first, "ann")
    age("ann", TTL * 0.5)
    first.close()
    with io.open(FILE, "r+b") as file:
        file.seek(18)
        # SQLite's mark for a file of a later version, which may only be read; root obeys it too.
        file.write(b"\x03")
    cache = sqlite(ttl=TTL)
    assert decide(cache) == ((True, ""), 1)
    assert not [line for line in log.at(logging.WARNING) if "visitor cache" in line]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        save(cache, "bob")
    assert decide(cache, "bob") == ((True, ""), 1)
    assert [line for line in log.at(logging.ERROR) if "save raised OperationalError" in line]


FULL = """
import resource, sqlite3
from flagship.cache import SQLiteVisitorCache
cache = SQLiteVisitorCache("visitors.db")
def save(visitor_id):
    cache.save(visitor_id, {"version": 1, "data": {"vId": visitor_id, "vaIds": [u"x" * 10000]}})
save(u"ann")
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200000, hard))
saved, error = [], None
while error is None and len(saved) < 1000:
    try:
        save(u"visitor-%d" % len(saved))
        saved.append(u"visitor-%d" % len(saved))
    except sqlite3.OperationalError as caught:
        error = caught
assert error is not None and saved, (error, saved)
assert cache.lookup(u"ann") and all(cache.lookup(each) for each in saved)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
save(u"bob")
assert cache.lookup(u"bob") and all(cache.lookup(each) for each in saved)
cache.close()
print("fine")
"""


def test_sqlite_a_disk_that_is_full(script):
    """The save raises, look-ups go on, nothing that was saved is lost, and once there is room it
    goes on."""
    assert script(FULL).communicate()[0].strip() == b"fine"


@contextlib.contextmanager
def locked():
    """Somebody else writes all the while."""
    with raw() as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def test_sqlite_who_reads_does_not_wait_for_who_writes(sqlite):
    """A time that cannot be refreshed is no reason to forget a visitor."""
    cache = sqlite(timeout=0.05, ttl=TTL)
    save(cache, "ann")
    age("ann", TTL * 0.5)
    with locked():
        assert cache.lookup("ann") == record("ann", "a")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            save(cache, "bob")
    save(cache, "bob")
    assert known(cache, ["ann", "bob"]) == ["ann", "bob"]


def test_sqlite_a_thread_that_waits_to_write_holds_up_no_reader(sqlite):
    """The look-ups are done before the save is."""
    cache, results, begun = sqlite(timeout=5), [], threading.Event()
    save(cache, "ann")

    def work():
        begun.set()
        try:
            results.append(save(cache, "bob"))
        except sqlite3.OperationalError as error:
            results.append(error)
    thread = threading.Thread(target=work)
    with locked():
        thread.start()
        assert begun.wait(10)
        for _ in range(500):
            assert cache.lookup("ann") is not None
        assert results == []
    thread.join()
    assert results == [None]


def test_sqlite_threads_that_wait_do_so_together(sqlite):
    """Eight threads whose saves find the file locked give up after about the time-out, not one
    after another."""
    cache, errors = sqlite(timeout=0.5), []
    save(cache, "ann")

    def work():
        try:
            save(cache, "bob")
        except sqlite3.OperationalError as error:
            errors.append(str(error))
    threads = [threading.Thread(target=work) for _ in range(8)]
    with locked():
        began = time.time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.time() - began < 3
    assert len(errors) == 8 and all("locked" in error for error in errors)


MEETING = """
import sys
from flagship.cache import SQLiteVisitorCache
from flagship.cache.assignments import make_record
cache = SQLiteVisitorCache("visitors.db", timeout=30)
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.readline()
for place in range(500):
    visitor_id = u"%s-%d" % (sys.argv[1], place)
    cache.save(visitor_id, make_record(visitor_id, [visitor_id]))
cache.close()
sys.stdout.write("done\\n")
"""


@slow
def test_sqlite_several_processes_meet_at_a_new_file(cache, script):
    """Four that begin at the same moment lose nothing of each other's."""
    processes = [script(MEETING, "process-%d" % number) for number in range(4)]
    assert [process.stdout.readline().strip() for process in processes] == [b"ready"] * 4
    for process in processes:
        process.stdin.write(b"go\n")
        process.stdin.flush()
    assert [process.communicate()[0].strip() for process in processes] == [b"done"] * 4
    lost = [visitor_id for visitor_id in ("process-%d-%d" % (number, place) for number in range(4)
                                          for place in range(500))
            if cache.lookup(visitor_id) != record(visitor_id, visitor_id)]
    assert lost == []


@slow
def test_sqlite_soak(tmpdir):
    """Two processes that write, look up and overwrite at full speed raise nothing and lose
    nobody."""
    report = soak(str(tmpdir.join(FILE)), SOAK_SECONDS, processes=2)
    assert (report["errors"], report["lost"], report["left"]) == ([], [], [])
    assert min(report["by_process"]) > 50 and report["overwritten"] > 10


def test_a_forked_child_begins_with_what_its_parent_had(store):
    cache = store()
    save(cache, "ann")
    cache.lookup("ann")

    def child():
        began = known(cache, ["ann", "bob"])
        save(cache, "bob")
        return began == ["ann"] and known(cache, ["ann", "bob"]) == ["ann", "bob"]
    assert in_child(child)
    save(cache, "eve")
    assert known(cache, ["ann", "eve"]) == ["ann", "eve"]


def test_sqlite_parent_and_child_share_the_file(cache):
    save(cache, "ann")
    assert in_child(lambda: in_child(lambda: save(cache, "grandchild") is None)
                    and save(cache, "child") is None)
    assert known(cache, ["ann", "child", "grandchild"]) == ["ann", "child", "grandchild"]


def test_sqlite_a_forked_child_has_locks_of_its_own(cache):
    """Else a process that comes later takes the file for unused and cuts it off under the child."""
    save(cache, "ann")
    cache.lookup("ann")

    def child():
        if cache.lookup("ann") is None:
            return False
        inode, pid = os.stat(FILE).st_ino, os.getpid()
        with io.open("/proc/locks") as locks:
            held = [line.split() for line in locks]
        return [words for words in held if words[4] == "%d" % pid
                and words[5].endswith(":%d" % inode)]
    # Before Python 3.7 nobody is told of a fork, and SQLite believes that the parent's locks are
    # the child's.
    assert in_child(child) or not hasattr(os, "register_at_fork")


def test_a_fork_while_threads_are_busy(store):
    """Whatever the other threads were at, the child's calls end, and the parent's go on."""
    cache, ended, errors = store(), threading.Event(), []
    save(cache, "ann", "thread-0", "thread-1")
    # Before Python 3.7 nobody is told of a fork, and no child can use SQLite that was cut off in
    # the middle of a call.
    busy = 2 if hasattr(os, "register_at_fork") or isinstance(cache, MemoryVisitorCache) else 0

    def work(name):
        try:
            while not ended.is_set():
                save(cache, name)
                assert cache.lookup("ann") is not None
        except Exception as error:
            errors.append(error)
    threads = [threading.Thread(target=work, args=("thread-%d" % number,))
               for number in range(busy)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            assert in_child(lambda: save(cache, "child") is None
                            and known(cache, ["ann", "child"]) == ["ann", "child"])
    finally:
        ended.set()
        for thread in threads:
            thread.join(10)
    assert errors == [] and known(cache, ["thread-0", "thread-1"]) == ["thread-0", "thread-1"]


def test_sqlite_a_child_that_closes_leaves_its_parent_open(cache):
    save(cache, "ann")

    def child():
        save(cache, "child")
        cache.close()
        with pytest.raises(FlagshipError):
            cache.lookup("ann")
        return True
    assert in_child(child)
    save(cache, "bob")
    assert known(cache, ["ann", "bob", "child"]) == ["ann", "bob", "child"]
