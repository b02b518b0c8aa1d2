"""Starting again: nothing is loaded twice, and visitors that are held go on in what runs now."""
from __future__ import unicode_literals

import copy
import functools
import json
import logging
import os
import pickle
import subprocess
import sys
import threading

import pytest
import requests
from six.moves import BaseHTTPServer, socketserver

from flagship import Config, Flagship
from flagship.cache import MemoryVisitorCache
from flagship.emulator import Emulator
from flagship.errors import InitializationError
from flagship.hits import Page
from tests.support import ROOT, Log, eventually, file_of, slow

PAGE = Page("https://shop.example/")
BUCKETING = Config.Mode.BUCKETING
THREADS = 8


def pollers():
    return [each for each in threading.enumerate() if each.name == "flagship-bucketing"]


@pytest.fixture
def start(start):
    """Starts as a program does, whatever runs."""
    return functools.partial(start, again=True)


def options_for(emulator, log, **options):
    return dict(emulator.urls, timeout=2, bucketing_file=None, event_handler=log, **options)


@pytest.fixture
def other():
    """Another environment of another platform, all of whose flags are "other"."""
    with Emulator(file_of("other"), env_id="other", api_key="other-key") as other:
        yield other


def in_threads(work, number=THREADS):
    """Do ``work(place)`` in threads at the same time; what it raised."""
    def guarded(place):
        try:
            work(place)
        except BaseException as error:
            raised.append(error)

    raised = []
    threads = [threading.Thread(target=guarded, args=(place,)) for place in range(number)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return raised


def served(handle):
    """A server with a thread for each connection, as wsgiref's and werkzeug's are; ``handle(path)``
    makes the text of each answer."""
    class Handler(BaseHTTPServer.BaseHTTPRequestHandler):
        protocol_version = str("HTTP/1.1")

        def do_GET(self):
            text = handle(self.path).encode("utf-8")
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args):
            """Is quiet."""

    class Server(socketserver.ThreadingMixIn, BaseHTTPServer.HTTPServer):
        daemon_threads = True

    return Server(("127.0.0.1", 0), Handler)


@slow
def test_a_start_in_each_request(emulator, log):
    """As programs of 2.1.x do it: of 320 requests each reads its visitor's flag, for one download
    of the file and one poller in all."""
    emulator.set_bucketing(file_of("on"))

    def view(path):
        Flagship.instance().start(emulator.env_id, emulator.api_key, Config(
            **options_for(emulator, log, mode=BUCKETING, polling_interval=3600)))
        visitor = Flagship.instance().create_visitor(path, context={"page": path})
        visitor.synchronize_modifications()
        return visitor.get_modification("flag0", "default")

    def ask(place):
        with requests.Session() as session:
            for number in range(320 // THREADS):
                answers.append(session.get("%s/%d-%d" % (url, place, number)).text)

    server, answers = served(view), []
    url = "http://127.0.0.1:%d" % server.server_address[1]
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        with Flagship.instance():
            assert in_threads(ask) == []
            assert len(pollers()) == 1
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
    assert answers == ["on"] * 320
    assert [each.endpoint for each in emulator.requests].count("bucketing") == 1
    assert log.at(logging.WARNING) == [] and pollers() == []


@pytest.mark.parametrize("options", [{}, {"mode": BUCKETING}, {"tracking": "deferred"}], ids=str)
def test_the_same_again_costs_nothing(options, start, emulator, log):
    """No request, no thread, no connection: what was decided, queued and known of failures
    stays."""
    visitor = start(**options).create_visitor("ann")
    visitor.synchronize_modifications()
    Flagship.instance().flush()
    threads, before = set(threading.enumerate()), dict(visitor.modifications)
    emulator.clear()
    for _ in range(3):
        start(**options)
    assert emulator.requests == [] and set(threading.enumerate()) <= threads
    assert dict(visitor.modifications) == before and visitor.send_hit(PAGE)[0]
    assert log.at(logging.WARNING) == []


def test_a_new_handler_and_cache_manager_are_taken_over(start, emulator):
    """Of another Config, and of the same one where they were changed; nothing else is made anew."""
    first, second, cache = Log(), Log(), MemoryVisitorCache()
    visitor = start(mode=BUCKETING, event_handler=first).create_visitor("ann")
    start(mode=BUCKETING, event_handler=second, visitor_cache_manager=cache)
    said = len(first.lines)
    assert visitor.synchronize_modifications() == (True, "") and cache.lookup("ann") is not None
    visitor.send_hit("no hit")
    assert len(first.lines) == said and "no hit" not in second.at(logging.ERROR)[0]
    config, third, empty = Flagship.instance().config, Log(), MemoryVisitorCache()
    config.event_handler, config.visitor_cache_manager = third, empty
    Flagship.instance().start(emulator.env_id, emulator.api_key, config)
    assert visitor.synchronize_modifications() == (True, "") and empty.lookup("ann") is not None
    visitor.send_hit("no hit")
    assert third.at(logging.ERROR)
    assert [each.endpoint for each in emulator.requests].count("bucketing") == 1


# Each is (options before, options after, whether to another environment).
CHANGES = {
    "mode": ({}, {"mode": BUCKETING}, False), "mode back": ({"mode": BUCKETING}, {}, False),
    "environment": ({}, {}, True),
    "environment in bucketing": ({"mode": BUCKETING}, {"mode": BUCKETING}, True),
    "tracking": ({}, {"tracking": "deferred"}, False),
    "tracking back": ({"tracking": "deferred"}, {}, False),
    "all": ({"tracking": "deferred"}, {"mode": BUCKETING}, True)}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_a_held_visitor_goes_on(change, start, emulator, other, log):
    """In the new runtime, with its id and context: it has its flags until it synchronises, and then
    the new ones; what was queued before is delivered."""
    before, after, elsewhere = CHANGES[change]
    emulator.set_bucketing(file_of("first"))
    visitor = start(**before).create_visitor("ann", context={"vip": True})
    visitor.synchronize_modifications()
    assert visitor.send_hit(PAGE)[0]
    to = other if elsewhere else emulator
    flagship = Flagship.instance()
    flagship.start(to.env_id, to.api_key, Config(**options_for(to, log, **after)))
    assert eventually(lambda: len(emulator.hits) == 1)  # whatever was queued
    assert visitor.get_modification("flag0", "default") == "first"
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.get_modification("flag0", "default") == ("other" if elsewhere else "first")
    assert visitor.activate_modification("flag0")[0] and visitor.send_hit(PAGE)[0]
    assert flagship.flush()
    assert len(to.activations) == 1 and len(to.hits) == 1 + (to is emulator)
    assert (visitor.visitor_id, visitor.get_context()) == ("ann", {"vip": True})
    assert len(pollers()) == ("mode" in after) and log.at(logging.WARNING) == []


@pytest.mark.parametrize("loses", [False, True])
def test_counts_go_on(loses, start, emulator):
    """Over a restart with other options: what the replaced client still has, what it sent and what
    it lost; a start after close begins anew."""
    if loses:
        emulator.misbehave("hit", status=403)
    visitor = start(tracking="deferred", tracking_interval=60).create_visitor("ann")
    visitor.send_hit(PAGE)
    flagship = start(tracking="deferred", tracking_interval=60, timeout=3)
    assert eventually(lambda: flagship.status.tracking[:4] == (0, 1 - loses, int(loses), 0))
    emulator.behave()
    visitor.send_hit(PAGE)
    assert flagship.status.tracking.queued == 1 and flagship.flush()
    assert flagship.status.tracking[:4] == (0, 2 - loses, int(loses), 0)
    flagship.close()
    assert flagship.status.tracking[:4] == (0, 2 - loses, int(loses), 0)
    assert tuple(start(tracking="deferred").status.tracking) == (0, 0, 0, 0, 0)


def test_what_a_replaced_client_has_is_queued(start, emulator):
    """Until it is delivered."""
    emulator.misbehave("hit", hang=True)
    start(tracking="deferred", tracking_interval=60).create_visitor("ann").send_hit(PAGE)
    flagship = start(tracking="deferred", tracking_timeout=1)
    assert flagship.status.tracking.queued == 1
    emulator.behave()


def test_panic_is_the_new_platform_s(start, emulator, other, log):
    """A start with another environment ends the panic of the one before, for held visitors too, and
    brings its own."""
    visitor = start(mode=BUCKETING).create_visitor("ann")
    start(mode=BUCKETING, polling_interval=0.05)
    emulator.panic = True
    assert eventually(lambda: Flagship.instance().status.panic)
    assert not visitor.synchronize_modifications()[0]
    config = Config(**options_for(other, log, mode=BUCKETING, polling_interval=0.05))
    Flagship.instance().start(other.env_id, other.api_key, config)
    assert visitor.synchronize_modifications() == (True, "")
    emulator.panic = False
    other.panic = True
    assert eventually(lambda: not visitor.synchronize_modifications()[0])
    start(mode=BUCKETING)
    assert visitor.synchronize_modifications() == (True, "")


@slow
@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
def test_calls_in_other_threads_go_on_through_restarts(tracking, start, emulator):
    """Threads that use held visitors while the SDK is started again and again notice nothing, and
    nothing is lost."""
    emulator.set_bucketing(file_of("on"))

    def work(place):
        visitor = flagship.create_visitor("ann-%d" % place)
        while not over.is_set() or not hits:
            results.append(visitor.synchronize_modifications()[0])
            results.append(visitor.get_modification("flag0", "default") == "on")
            results.append(visitor.activate_modification("flag0")[0])
            results.append(visitor.send_hit(PAGE)[0])
            hits.append(place)
            over.wait(0.02)  # a queue that nobody can empty in time is another matter

    # A client that was replaced has as long as this to deliver its queue, however busy the machine.
    patience = 30
    flagship = start(tracking=tracking, timeout=patience)
    over, results, hits = threading.Event(), [], []
    raised = []
    users = threading.Thread(target=lambda: raised.extend(in_threads(work, 4)))
    users.start()
    try:
        for number in range(12):
            start(tracking=tracking, timeout=patience + number % 3,
                  mode=list(Config.Mode)[number % 2])
            over.wait(0.03)
    finally:
        over.set()
        users.join()
    assert raised == [] and all(results)
    assert flagship.flush() and len(emulator.hits) == len(hits) == len(emulator.activations)
    assert len(pollers()) == 1


def test_a_synchronisation_that_hangs_ends_well(start, emulator, other, log):
    """One that is under way on a platform that does not answer when the SDK is started on another:
    it ends by its timeout, and the next one is the new platform's."""
    visitor = start(timeout=0.5).create_visitor("ann")
    emulator.misbehave("campaigns", hang=True)
    results = []
    caller = threading.Thread(target=lambda: results.append(visitor.synchronize_modifications()))
    caller.start()
    assert eventually(lambda: emulator.requests)
    Flagship.instance().start(other.env_id, other.api_key, Config(**options_for(other, log)))
    assert visitor.synchronize_modifications() == (True, "")
    caller.join(10)
    (success, reason), = results
    assert success is False and "campaigns" in reason
    assert visitor.get_modification("flag0", "default") == "other"
    assert visitor.synchronize_modifications() == (True, "")


def test_starts_in_several_threads_load_once(emulator, log):
    """The others wait for the first, as all say the same."""
    emulator.set_bucketing(file_of("on"))
    emulator.misbehave("bucketing", delay=0.2)

    def work(place):
        flagship = Flagship.instance()
        flagship.start(emulator.env_id, emulator.api_key, Config(
            **options_for(emulator, log, mode=BUCKETING, polling_interval=3600)))
        visitor = flagship.create_visitor("ann")
        visitor.synchronize_modifications()
        flags.append(visitor.get_modification("flag0", "default"))

    flags = []
    with Flagship.instance():
        assert in_threads(work) == [] and flags == ["on"] * THREADS
        assert len(pollers()) == 1
    assert [each.endpoint for each in emulator.requests] == ["bucketing"] + ["events"] * THREADS


def test_starts_that_differ_leave_one_running(emulator, other, log):
    """Whichever came last: its panic counts, its thread is the only one."""
    def work(place):
        platform = (emulator, other)[place % 2]
        Flagship.instance().start(platform.env_id, platform.api_key, Config(
            **options_for(platform, log, mode=BUCKETING, polling_interval=0.05)))

    with Flagship.instance() as flagship:
        assert in_threads(work) == []
        assert len(pollers()) == 1
        last = emulator if flagship.config.env_id == emulator.env_id else other
        (emulator if last is other else other).panic = True
        assert flagship.create_visitor("ann").synchronize_modifications() == (True, "")
        last.panic = True
        assert eventually(lambda: flagship.status.panic)
    assert pollers() == []


@pytest.mark.parametrize("mode", list(Config.Mode), ids=lambda mode: mode.name)
def test_close_while_another_thread_starts(mode, emulator, log):
    """What comes out of the start is closed as well: no thread, no socket, and nothing counts as
    started."""
    emulator.misbehave("bucketing", delay=0.3)
    config = Config(**options_for(emulator, log, mode=mode, tracking="deferred"))
    starter = threading.Thread(
        target=Flagship.instance().start, args=(emulator.env_id, emulator.api_key, config))
    starter.start()
    if mode is BUCKETING:
        assert eventually(lambda: emulator.connections)
    else:
        starter.join()
    Flagship.instance().close()
    starter.join(10)
    assert not starter.is_alive() and not Flagship.instance().is_flagship_started()
    assert [each.name for each in threading.enumerate() if each.name in (
        "flagship-bucketing", "flagship-delivery")] == []
    with pytest.raises(InitializationError):
        Flagship.instance().create_visitor("ann")


FIRST = """
import sys, threading
sys.path.insert(0, %r)
sys.setswitchinterval(1e-6) if hasattr(sys, "setswitchinterval") else sys.setcheckinterval(1)
from flagship import Flagship

def work():
    ready.wait()
    try:
        flagship = Flagship.instance()
        found.append((flagship, flagship.is_flagship_started(), flagship.status.started,
                      flagship.config))
    except BaseException as error:
        found.append(repr(error))

for _ in range(100):
    from flagship import _process
    _process.reset()
    ready, found = threading.Event(), []
    threads = [threading.Thread(target=work) for _ in range(8)]
    [thread.start() for thread in threads]
    ready.set()
    [thread.join() for thread in threads]
    assert found == [(Flagship.instance(), False, False, None)] * 8, found
"""


def test_the_first_instance_is_whole():
    """For all threads that ask for it first, at the same time."""
    program = subprocess.Popen([sys.executable, "-c", FIRST % ROOT], stderr=subprocess.PIPE)
    assert program.communicate()[1].decode("utf-8", "replace") == "" and program.returncode == 0


def pickled(protocol):
    return lambda each: pickle.loads(pickle.dumps(each, protocol))


LOADS = {"pickle %d" % protocol: pickled(protocol)
         for protocol in range(pickle.HIGHEST_PROTOCOL + 1)}
LOADS["deepcopy"] = copy.deepcopy


@pytest.mark.parametrize("load", sorted(LOADS))
@pytest.mark.parametrize("authenticated", [False, True])
def test_a_loaded_visitor_in_the_same_process(load, authenticated, visitor, emulator):
    """It has ids, context and flags of its own, calls as the other does, and outlives restarts as
    well."""
    ann = visitor("ann", authenticated, {"vip": True, "country": "fr"})
    loaded = LOADS[load](ann)
    assert (loaded.visitor_id, loaded.anonymous_id) == (ann.visitor_id, ann.anonymous_id)
    assert loaded.get_context() == ann.get_context()
    assert dict(loaded.modifications) == dict(ann.modifications) != {}
    assert loaded.get_modification("banner", {}) == {"title": "Merci", "lines": ["a", "b"]}
    assert loaded.activate_modification("discount") == (True, "204")
    loaded.update_context({"vip": False}, True)
    assert (loaded.get_modification("discount", 0), ann.get_modification("discount", 0)) == (0, 20)
    loaded.authenticate("Ann")
    assert ann.visitor_id == "ann"
    Flagship.instance().start(emulator.env_id, emulator.api_key, Config(timeout=1, **emulator.urls))
    assert loaded.send_hit(PAGE) == ann.send_hit(PAGE) == (True, "200")


@pytest.mark.parametrize("load", sorted(LOADS))
def test_modifications_and_config_can_be_copied(load, visitor):
    ann = visitor("ann", context={"vip": True})
    loaded = LOADS[load](ann.modifications)
    assert dict(loaded) == dict(ann.modifications) and loaded["discount"].value == 20
    with pytest.raises(TypeError):
        loaded["discount"] = 1
    config = LOADS[load](
        Config(mode=BUCKETING, timeout=0.5, bucketing_file=None, tracking="deferred"))
    assert (config.mode, config.timeout, config.bucketing_file) == (BUCKETING, 0.5, None)
    assert config.tracking == "deferred"
    assert isinstance(config.event_handler, type(Config().event_handler))


ELSEWHERE = """
from __future__ import print_function
import json, pickle, sys
sys.path.insert(0, sys.argv[1])
with open(sys.argv[2], "rb") as file:
    visitor = pickle.load(file)  # before anything else of the library is imported
from flagship import Config, Flagship
from flagship.hits import Page

def calls():
    return [visitor.get_modification("discount", 0), visitor.synchronize_modifications()[0],
            visitor.activate_modification("discount")[0],
            visitor.send_hit(Page("https://a.example/"))[0]]

told = [visitor.visitor_id, visitor.anonymous_id, visitor.get_context(), calls()]
urls = json.loads(sys.argv[3])
for timeout in (1, 2):
    Flagship.instance().start("env", "key", Config(timeout=timeout, **urls))
    told.append(calls())
Flagship.instance().close()
told.append(calls())
print(json.dumps(told))
"""


def test_a_loaded_visitor_in_another_process(visitor, emulator, tmpdir):
    """In one that has not started the SDK it gives its flags, and neither decides nor sends; once
    that is started, and started again, it goes on there; after close it is neutral."""
    ann = visitor("ann", True, {"vip": True})
    tmpdir.join("visitor").write_binary(pickle.dumps(ann, 2))
    emulator.clear()
    program = subprocess.Popen(
        [sys.executable, "-c", ELSEWHERE, ROOT, str(tmpdir.join("visitor")),
         json.dumps(emulator.urls)],
        stdout=subprocess.PIPE, env=dict(os.environ))
    output = program.communicate()[0].decode("utf-8")
    assert program.returncode == 0
    assert json.loads(output) == [
        "ann", ann.anonymous_id, {"vip": True}, [20, False, False, False], [20, True, True, True],
        [20, True, True, True], [0, False, False, False]]
    assert [each["anonymousId"] for each in emulator.decisions] == [ann.anonymous_id] * 2
    assert len(emulator.hits) == len(emulator.activations) == 2


def test_a_visitor_loaded_before_a_start_in_bucketing_mode(emulator, log, tmpdir):
    """It belongs to what is started, whatever the mode; one that is loaded after close waits for
    the next start."""
    with Flagship.instance() as flagship:
        flagship.start(emulator.env_id, emulator.api_key, Config(**options_for(emulator, log)))
        pickled = pickle.dumps(flagship.create_visitor("ann", True, {"vip": True}), 2)
    loaded = [pickle.loads(pickled)]
    for mode in (BUCKETING, Config.Mode.API):
        assert loaded[-1].synchronize_modifications()[0] is False
        with Flagship.instance() as flagship:
            flagship.start(emulator.env_id, emulator.api_key,
                           Config(**options_for(emulator, log, mode=mode)))
            assert loaded[-1].synchronize_modifications() == (True, "")
            assert loaded[-1].get_modification("discount", 0) == 20
            assert (loaded[-1].anonymous_id is None) is (mode is BUCKETING)
        assert loaded[-1].synchronize_modifications() == (False, "Flagship is closed")
        loaded.append(pickle.loads(pickled))


def test_the_variations_of_a_visitor(visitor):
    """``get_selected_variations`` of 2.1.x: each once."""
    ann = visitor("ann", context={"vip": True, "country": "fr"})
    selected = ann.get_selected_variations()
    assert sorted(selected) == sorted({each.variation_id for each in ann.modifications.values()})
    Flagship.instance().close()
    assert ann.get_selected_variations() == []
