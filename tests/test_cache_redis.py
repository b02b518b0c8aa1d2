# -*- coding: utf-8 -*-
"""The visitor cache in Redis, on a real server that is killed, stopped and started again."""
from __future__ import unicode_literals

import io
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pytest
import redis

from flagship import Config
from flagship.cache.redis import RedisVisitorCache
from flagship.errors import ParamError, TypingError
from flagship.testing.visitor_cache import VisitorCacheSuite
from tests.support import ROOT, WHOLE, eventually, everybody, file_of, free_port, slow

TIMEOUT = 0.5
# A call that is not bounded takes for ever, or redis-py's own 5 s and more.
SLOW = TIMEOUT + 2
RECORD = {"version": 1, "data": {"vId": "ann", "vaIds": ["a", "b"]}}


def executable():
    for folder in os.environ.get("PATH", "").split(os.pathsep) + ["/usr/bin", "/usr/local/bin"]:
        if os.access(os.path.join(folder, "redis-server"), os.X_OK):
            return os.path.join(folder, "redis-server")


class Server(object):
    """A redis-server on a free port, which keeps nothing on disk."""

    def __init__(self, folder, *options):
        self.port = free_port()
        self.unix = os.path.join(folder, "socket")
        self._folder, self._options, self._process = folder, options, None
        self.start()

    @property
    def url(self):
        return "redis://127.0.0.1:%d/0" % self.port

    def start(self):
        with open(os.devnull, "w") as null:
            command = [executable(), "--port", str(self.port), "--bind", "127.0.0.1",
                       "--unixsocket", self.unix, "--save", "", "--appendonly", "no",
                       "--dir", self._folder] + list(self._options)
            self._process = subprocess.Popen(command, stdout=null, stderr=null)
        assert eventually(self._answers, 30)

    def _answers(self):
        assert self._process.poll() is None, "redis-server ended with %s" % self._process.returncode
        try:
            connection = socket.create_connection(("127.0.0.1", self.port), 5)
        except socket.error:
            return False
        try:
            connection.sendall(b"PING\r\n")
            return connection.recv(100)[:1] in (b"+", b"-")
        finally:
            connection.close()

    def stop(self):
        """It goes on accepting, as the system does that for it, and never answers."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def kill(self):
        if self.running:
            self._process.kill()
            self._process.wait()

    @property
    def running(self):
        return self._process.poll() is None


@pytest.fixture(scope="module")
def servers():
    if executable() is None:
        pytest.skip("there is no redis-server")
    folder = tempfile.mkdtemp()
    started = []

    def start(*options):
        started.append(Server(tempfile.mkdtemp(dir=folder), *options))
        return started[-1]
    yield start
    for each in started:
        each.kill()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def shared(servers):
    return servers()


@pytest.fixture
def server(shared, admin):
    """The server, running and empty."""
    admin.flushall()
    yield shared
    if shared.running:
        shared.go_on()
    else:
        shared.start()


@pytest.fixture
def admin(shared):
    """A client beside the cache."""
    client = redis.Redis(port=shared.port, socket_timeout=30)
    yield client
    client.connection_pool.disconnect()


@pytest.fixture
def make(server):
    """Makes caches of one environment, closed afterwards."""
    made = []

    def make(url=None, **options):
        made.append(RedisVisitorCache(url or server.url, **options))
        made[-1].use_environment("env")
        return made[-1]
    yield make
    for each in made:
        each.close()


@pytest.fixture
def bucketing(start, emulator):
    """Starts the SDK in bucketing mode on a file that it asks for once."""
    def bucketing(cache, document=None):
        emulator.set_bucketing(document or file_of(1))
        return start(mode=Config.Mode.BUCKETING, polling_interval=0, timeout=10,
                     visitor_cache_manager=cache)
    return bucketing


def synchronise(flagship, visitor_id):
    visitor = flagship.create_visitor(visitor_id)
    began = time.time()
    result = visitor.synchronize_modifications()
    return result, visitor.get_modification("flag0", None), time.time() - began


def halves(first, second):
    return {"campaigns": [everybody("c", ("a", first, {"flag0": "a"}),
                                    ("b", second, {"flag0": "b"}))]}


class TestSuite(VisitorCacheSuite):
    """What every visitor cache must do."""
    many = 10000 if WHOLE else 500

    @pytest.fixture(autouse=True, params=[None, 60], ids=["for ever", "ttl"])
    def parts(self, request, make, admin):
        self.make_manager, self.admin = lambda: make(ttl=request.param), admin

    def corrupt(self, manager, visitor_id):
        key, = self.admin.keys("flagship:*:" + visitor_id)
        self.admin.set(key, "{")


# The format

def test_key_and_value(make, admin):
    """What other tools find: the documented key, and JSON as documented."""
    make().save("ann", RECORD)
    assert admin.keys("*") == [b"flagship:env:ann"]
    assert json.loads(admin.get("flagship:env:ann").decode("ascii")) == RECORD


@pytest.mark.parametrize("options, expected", [({}, 90 * 24 * 3600), ({"ttl": None}, -1)])
def test_a_record_is_kept_for_90_days_or_for_ever(make, admin, options, expected):
    cache = make(**options)
    cache.save("ann", RECORD)
    assert expected - 10 < admin.ttl("flagship:env:ann") <= expected
    assert cache.lookup("ann") == RECORD
    assert expected - 10 < admin.ttl("flagship:env:ann") <= expected


def test_written_by_other_tools(make, admin):
    """UTF-8 JSON is read however it is spelled."""
    admin.set("flagship:env:Zoë", '{"version":1, "vId": "Zo\xeb", "vaIds": []}'.encode("utf-8"))
    assert make().lookup("Zoë") == {"version": 1, "vId": "Zoë", "vaIds": []}


@pytest.mark.parametrize("visitor_id", ["Zoë", "訪問者", "\U0001f600", "a b\n", ":", "x" * 3000],
                         ids=lambda value: repr(value[:3]))
def test_any_visitor_id(make, admin, visitor_id):
    record = {"version": 1, "data": {"vId": visitor_id, "vaIds": ["é"]}}
    make(prefix="préfixe").save(visitor_id, record)
    assert admin.keys("*") == [("préfixe:env:" + visitor_id).encode("utf-8")]
    assert make(prefix="préfixe").lookup(visitor_id) == record


def test_environments_are_apart(make):
    cache = make()
    cache.save("ann", RECORD)
    cache.use_environment("other")
    assert cache.lookup("ann") is None
    assert make(prefix="other").lookup("ann") is None and make().lookup("ann") == RECORD


@pytest.mark.parametrize("ttl", [None, 60])
@pytest.mark.parametrize("decode_responses", [True, False])
def test_a_client_of_the_user_s(server, admin, decode_responses, ttl):
    """Whether it decodes or not; close leaves it open."""
    client = redis.Redis(port=server.port, decode_responses=decode_responses)
    cache = RedisVisitorCache(client, ttl=ttl)
    cache.use_environment("env")
    assert cache.lookup("ann") is None
    cache.save("ann", RECORD)
    assert cache.lookup("ann") == RECORD
    used = admin.client_list()
    cache.close()
    assert {each["id"] for each in admin.client_list()} == {each["id"] for each in used}
    client.connection_pool.disconnect()


def test_a_plain_client():
    """Anything with get and set will do, and redis-py is not asked for then; what it keeps does not
    expire."""
    class Client(dict):
        def set(self, key, value):
            self[key] = value
    cache = RedisVisitorCache(Client())
    cache.save("ann", RECORD)
    assert cache.lookup("ann") == RECORD


def test_a_unix_socket(server, make):
    cache = make("unix://" + server.unix)
    cache.save("ann", RECORD)
    assert make().lookup("ann") == RECORD


@pytest.mark.parametrize("content",
                         [b"", b"{", b"\xff", b"NaN", b"[" * 100000, b"5", b'{"version": 1}'],
                         ids=lambda content: repr(content[:10]))
@pytest.mark.parametrize("decode_responses", [True, False])
def test_a_corrupt_value_is_repaired(server, bucketing, admin, log, content, decode_responses):
    """It costs one line; the save after it makes it whole."""
    client = redis.Redis(port=server.port, decode_responses=decode_responses)
    admin.set("flagship:env:ann", content)
    flagship = bucketing(RedisVisitorCache(client))
    for _ in range(2):
        assert flagship.create_visitor("ann").synchronize_modifications() == (True, "")
    assert len(log.at(logging.WARNING)) == 1 and "lookup" in log.at(logging.WARNING)[0]
    assert json.loads(admin.get("flagship:env:ann").decode("ascii"))["data"]["vId"] == "ann"
    client.connection_pool.disconnect()


# The expiry

def test_the_ttl_slides(make, admin):
    """It begins with a save, and anew with each lookup."""
    cache = make(ttl=1000)
    cache.save("ann", RECORD)
    assert 990 < admin.ttl("flagship:env:ann") <= 1000
    admin.expire("flagship:env:ann", 5)
    assert cache.lookup("ann") == RECORD
    assert 990 < admin.ttl("flagship:env:ann") <= 1000
    assert cache.lookup("bob") is None and admin.keys("*") == [b"flagship:env:ann"]


def test_the_ttl_ends(make):
    cache = make(ttl=0.05)
    cache.save("ann", RECORD)
    assert eventually(lambda: (time.sleep(0.1), cache.lookup("ann"))[1] is None)


def test_a_replica(make, server, admin, log, bucketing):
    """Where Redis may only be read, what was read counts, and a line says that its expiry was not
    renewed."""
    cache = make(ttl=1000)
    cache.save("ann", {"version": 1, "data": {"vId": "ann", "vaIds": ["a"]}})
    admin.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        assert synchronise(bucketing(cache, halves(0, 100)), "ann")[:2] == ((True, ""), "a")
    finally:
        admin.execute_command("REPLICAOF", "NO", "ONE")
    line, = log.at(logging.WARNING)
    assert "expiry was not renewed" in line and "read only" in line


# Round trips

@pytest.mark.parametrize("ttl", [None, 60])
def test_one_round_trip_a_call(make, admin, ttl):
    """The server reads once from its connection for a lookup and once for a save, and nothing but
    these commands."""
    cache = make(ttl=ttl)
    cache.lookup("ann")  # connects
    admin.config_resetstat()

    def asked():
        commands = {name.replace("cmdstat_", ""): each["calls"]
                    for name, each in admin.info("commandstats").items()}
        return commands, admin.info("stats").get("total_reads_processed")
    before = asked()[1]
    own = asked()[1] - before  # two INFOs
    before = asked()[1]
    cache.lookup("ann")
    commands, after = asked()
    assert after - before - own == 1
    assert {name for name in commands if name != "info" and not name.startswith("config")} == (
        {"get", "pexpire"} if ttl else {"get"})
    before = asked()[1]
    cache.save("ann", RECORD)
    commands, after = asked()
    assert after - before - own == 1 and commands["set"] == 1


@pytest.mark.parametrize("ttl", [None, 1000])
def test_a_synchronisation_that_changes_nothing_only_renews_the_expiry(bucketing, make, admin, ttl):
    flagship = bucketing(make(ttl=ttl))
    admin.config_resetstat()
    for _ in range(3):
        assert synchronise(flagship, "ann")[:2] == ((True, ""), 1)
        if ttl:
            assert 990 < admin.ttl("flagship:env:ann") <= 1000
            admin.expire("flagship:env:ann", 5)
    assert admin.info("commandstats")["cmdstat_set"]["calls"] == 1


def test_what_connecting_asks(make, admin):
    """Nothing that lets the server stretch the timeouts, or that one before Redis 6 does not
    know."""
    admin.config_resetstat()
    make(ttl=None).lookup("ann")
    commands = {name for name in admin.info("commandstats") if "info" not in name
                and "config" not in name}
    assert commands == {"cmdstat_get"}


def test_nothing_is_asked_when_made(servers):
    """A cache can be made before Redis is there."""
    RedisVisitorCache("redis://127.0.0.1:1/").close()


# Failures

def test_a_wrong_port(bucketing, log):
    """A refused connection costs one line, and no decision."""
    cache = RedisVisitorCache("redis://127.0.0.1:1/")
    result, value, taken = synchronise(bucketing(cache), "ann")
    assert (result, value) == ((True, ""), 1) and taken < SLOW
    line, = [line for line in log.at(logging.ERROR) if "visitor cache" in line]
    assert "ConnectionError" in line and "lookup" in line


@pytest.mark.parametrize("password", ["", ":wr0ng@", "joe:wr0ng@"])
def test_a_wrong_password(servers, bucketing, log, password):
    """It is said, without the password; nothing is tried twice."""
    locked = servers("--requirepass", "s3cret")
    cache = RedisVisitorCache("redis://%s127.0.0.1:%d" % (password, locked.port))
    for expected in (1, 2):
        assert synchronise(bucketing(cache), "ann")[:2] == ((True, ""), 1)
        lines = [line for line in log.at(logging.ERROR) if "visitor cache" in line]
        assert len(lines) == expected
    assert ("Auth" in lines[0] or "WRONGPASS" in lines[0]) and "wr0ng" not in lines[0]
    cache.close()
    locked.kill()


def test_a_password_with_escapes(servers):
    """Percent escapes in a URL mean the same with every version of redis-py."""
    locked = servers("--requirepass", "p@ss/é")
    cache = RedisVisitorCache("redis://:p%%40ss%%2F%%C3%%A9@127.0.0.1:%d/3" % locked.port)
    cache.save("ann", RECORD)
    assert cache.lookup("ann") == RECORD
    cache.close()
    locked.kill()


@slow
@pytest.mark.parametrize("ttl", [None, 60])
def test_a_server_that_hangs(server, make, ttl):
    """Each call ends with the time-out, on a kept connection and on a new one; afterwards caching
    goes on."""
    cache = make(ttl=ttl, timeout=TIMEOUT)
    cache.save("ann", RECORD)
    server.stop()
    for call in (lambda: cache.lookup("ann"), lambda: cache.lookup("ann"),
                 lambda: cache.save("ann", RECORD)):
        began = time.time()
        with pytest.raises(redis.TimeoutError):
            call()
        assert TIMEOUT * 0.9 < time.time() - began < SLOW
    server.go_on()
    assert cache.lookup("ann") == RECORD


@slow
def test_more_threads_than_a_pool_of_redis_py_has(server, make):
    """Each has a connection: what they are told is that the server hangs."""
    cache, seen = make(timeout=2), []
    cache.lookup("ann")
    server.stop()

    def work():
        try:
            cache.lookup("ann")
        except Exception as error:
            seen.append(type(error))
    threads = [threading.Thread(target=work) for _ in range(120)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [redis.TimeoutError] * 120


def test_a_port_that_never_answers():
    """A listener whose queue is full does not even accept."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    full = []
    try:
        for _ in range(4):
            each = socket.socket()
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
            full.append(each)
        cache = RedisVisitorCache("redis://127.0.0.1:%d" % listener.getsockname()[1],
                                  timeout=TIMEOUT)
        began = time.time()
        with pytest.raises(redis.TimeoutError):
            cache.lookup("ann")
        assert time.time() - began < SLOW
        cache.close()
    finally:
        for each in full + [listener]:
            each.close()


@pytest.mark.parametrize("ttl", [None, 60])
def test_a_restart_while_idle(server, make, ttl):
    """The connection that the server closed meanwhile costs no call."""
    cache = make(ttl=ttl)
    cache.save("ann", RECORD)
    server.kill()
    server.start()
    cache.save("ann", RECORD)
    server.kill()
    server.start()
    assert cache.lookup("ann") is None


@slow
def test_killed_in_the_middle_of_traffic(server, bucketing, make, admin, log):
    """Four threads lose no decision, wait for nobody, and find their cache again once it is
    back."""
    cache = make(timeout=TIMEOUT)
    flagship = bucketing(cache)
    seen, ended = [], threading.Event()

    def work(name):
        count = 0
        while not ended.is_set():
            count += 1
            seen.append(synchronise(flagship, "%s-%d" % (name, count)))
    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()

    def goes_on():
        before = len(seen)
        return eventually(lambda: len(seen) >= before + 50, 60)
    try:
        assert goes_on() and not log.at(logging.WARNING)
        server.kill()
        assert goes_on() and [line for line in log.at(logging.ERROR) if "visitor cache" in line]
        server.start()
        assert eventually(lambda: admin.dbsize() > 20, 60)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert {(result, value) for result, value, _ in seen} == {((True, ""), 1)}
    # A lookup and a save.
    assert max(taken for _, _, taken in seen) < 2 * SLOW


def test_hangs_in_the_middle_of_traffic(server, bucketing, make, log):
    """Each synchronisation is late by the time-out at most, with what it would have decided
    alone."""
    flagship = bucketing(make(timeout=TIMEOUT))
    assert synchronise(flagship, "ann")[:2] == ((True, ""), 1)
    server.stop()
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(synchronise(flagship, "bob")))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(result, value) for result, value, _ in seen] == [((True, ""), 1)] * 4
    assert max(taken for _, _, taken in seen) < SLOW
    assert len([line for line in log.at(logging.ERROR)
                if "lookup raised TimeoutError" in line]) == 4


# Processes

MACHINE = """
from __future__ import unicode_literals
import io, json, sys
from flagship import Config, Flagship
from flagship.cache.redis import RedisVisitorCache

options = json.load(io.open(sys.argv[1], encoding="utf-8"))
cache = RedisVisitorCache(options["redis"])
flagship = Flagship.instance()
flagship.start("env", "key", Config(
    mode=Config.Mode.BUCKETING, polling_interval=0, bucketing_file=None,
    visitor_cache_manager=cache, **options["urls"]))
given = {}
for number in range(200):
    visitor = flagship.create_visitor("visitor-%d" % number)
    assert visitor.synchronize_modifications() == (True, "")
    given[visitor.visitor_id] = visitor.get_modification("flag0", None)
flagship.close()
cache.close()
with io.open(sys.argv[2], "wb") as file:
    file.write(json.dumps(given).encode("ascii"))
"""


def environment():
    return dict(os.environ,
                PYTHONPATH=os.pathsep.join([ROOT] + [path for path in sys.path if path]))


@slow
def test_another_machine(server, emulator):
    """A visitor that one process assigned keeps its variation in another, after its allocation went
    to 0."""
    with io.open("machine.py", "w") as file:
        file.write(MACHINE)
    with io.open("options.json", "wb") as file:
        file.write(json.dumps({"redis": server.url, "urls": emulator.urls}).encode("ascii"))

    def run(name):
        subprocess.check_call([sys.executable, "machine.py", "options.json", name],
                              env=environment())
        with io.open(name, encoding="utf-8") as file:
            return json.load(file)
    emulator.set_bucketing(halves(50, 50))
    first = run("first.json")
    assert len(first) == 200 and set(first.values()) == {"a", "b"}
    emulator.set_bucketing(halves(0, 100))
    assert run("second.json") == first


def test_fork(make, admin):
    """A child uses connections of its own, at the same time as its parent, and neither sees the
    other's answers."""
    cache = make()
    cache.save("before", RECORD)

    def work(name):
        for number in range(300):
            record = {"version": 1, "data": {"vId": name, "vaIds": [str(number)]}}
            cache.save(name, record)
            assert cache.lookup(name) == record
    child = os.fork()
    if not child:
        try:
            work("child")
            os._exit(0)
        finally:
            os._exit(1)
    try:
        work("parent")
    finally:
        status = os.waitpid(child, 0)[1]
    assert status == 0 and cache.lookup("child")["data"]["vaIds"] == ["299"]


def test_close(server, make, admin):
    """It leaves no connection; twice is harmless, and a later call connects anew."""
    cache = make()
    before = len(admin.client_list())
    cache.save("ann", RECORD)
    assert len(admin.client_list()) == before + 1
    cache.close()
    cache.close()
    assert eventually(lambda: len(admin.client_list()) == before)
    assert cache.lookup("ann") == RECORD


# Imports and arguments

def run(code):
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT,
                               env=environment())
    output = process.communicate()[0].decode("utf-8")
    assert process.returncode == 0, output


def test_nothing_is_imported_before_it_is_needed():
    run("import sys, flagship, flagship.cache, flagship.cache.redis\n"
        "assert not {'redis', 'django', 'sqlite3'} & set(sys.modules)")


def test_without_redis_py():
    """The error names the extra; a client of another make still works."""
    run("import sys\n"
        "class Blocker(object):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'redis':\n"
        "            raise ImportError('no module ' + name)\n"
        "    def find_module(self, name, path=None):\n"
        "        self.find_spec(name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
        "from flagship.cache.redis import RedisVisitorCache\n"
        "class Client(object):\n"
        "    get = set = lambda *args: None\n"
        "RedisVisitorCache(Client()).lookup('ann')\n"
        "try:\n"
        "    RedisVisitorCache('redis://127.0.0.1')\n"
        "except ImportError as error:\n"
        "    assert 'flagship[redis]' in str(error), error\n"
        "else:\n"
        "    assert False\n")


class GetSet(object):
    def get(self, key):
        """None of its own."""

    set = get


@pytest.mark.parametrize("parameter, error, arguments", [
    ("client_or_url", TypingError, {"client_or_url": None}),
    ("client_or_url", TypingError, {"client_or_url": {}}),
    ("client_or_url", TypingError, {"client_or_url": redis.Redis}),
    ("client_or_url", TypingError, {"client_or_url": GetSet(), "ttl": 5}),
    ("client_or_url", ParamError, {"client_or_url": ""}),
    ("client_or_url", ParamError, {"client_or_url": "http://127.0.0.1"}),
    ("client_or_url", ParamError, {"client_or_url": "127.0.0.1:6379"}),
    ("client_or_url", ParamError, {"client_or_url": "redis://:s3cret@127.0.0.1:s3cret"}),
    ("client_or_url", ParamError, {"client_or_url": "redis://:s3cret@127.0.0.1?patience=5"}),
    ("prefix", TypingError, {"prefix": 5}), ("prefix", ParamError, {"prefix": ""}),
    ("ttl", TypingError, {"ttl": "60"}), ("ttl", TypingError, {"ttl": True}),
    ("ttl", ParamError, {"ttl": 0}),
    ("ttl", ParamError, {"ttl": -1}), ("ttl", ParamError, {"ttl": float("nan")}),
    ("ttl", ParamError, {"ttl": 1e12}),
    ("timeout", TypingError, {"timeout": None}), ("timeout", ParamError, {"timeout": 0}),
    ("timeout", ParamError, {"timeout": 3601})], ids=repr)
def test_arguments(parameter, error, arguments):
    """A mistake is an error when the cache is made, names its parameter, and quotes no password."""
    with pytest.raises(error) as caught:
        RedisVisitorCache(**dict({"client_or_url": "redis://127.0.0.1"}, **arguments))
    assert caught.value.parameter == parameter and "RedisVisitorCache" in str(caught.value)
    assert "s3cret" not in str(caught.value) and not getattr(caught.value, "__cause__", None)
    assert getattr(caught.value, "__suppress_context__",
                   True) or "s3cret" not in repr(caught.value.__context__)


def test_an_asyncio_client():
    """Its calls would never be awaited."""
    if redis.VERSION < (4, 2):
        pytest.skip("redis-py has none before 4.2")
    run("import redis.asyncio\n"
        "from flagship.cache.redis import RedisVisitorCache\n"
        "from flagship.errors import TypingError\n"
        "try:\n"
        "    RedisVisitorCache(redis.asyncio.Redis())\n"
        "except TypingError as error:\n"
        "    assert 'synchronous' in str(error)\n"
        "else:\n"
        "    assert False\n")


@pytest.mark.parametrize("call", [
    lambda cache: cache.lookup(5), lambda cache: cache.save(None, RECORD),
    lambda cache: cache.use_environment(5)])
def test_arguments_of_calls(call):
    with pytest.raises(TypingError):
        call(RedisVisitorCache(GetSet()))
