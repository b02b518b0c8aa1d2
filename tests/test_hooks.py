"""Hooks: what they are told, in which order and thread, and that they never break a call."""
from __future__ import unicode_literals

import copy
import gc
import logging
import os
import pickle
import threading
import time
import weakref

import pytest

from flagship import Config, Flagship
from flagship.errors import TypingError
from flagship.handler import FlagshipEventHandler
from flagship.hits import Event, EventCategory, Page
from flagship.hooks import Hook
from flagship.testing import flagship_flags
from tests.support import Log, data, eventually

BUCKETING = Config.Mode.BUCKETING
PAGE = Page("https://shop.example/")
VIP = {"vip": True}
VIP_IDS = ("vip", "vip-gold", "vip-on", False)
NO_IDS = (None, None, None, None)
EVENTS = ["on_" + name for name in (
    "flag_read", "activated", "hits_sent", "hits_failed", "synchronized", "file_changed",
    "panic_changed")]


class Recorder(Hook):
    """Keeps what it is told."""

    def __init__(self):
        self.events, self.threads = [], []

    def of(self, kind):
        """The events of one class, by its name."""
        return [event for event in self.events if type(event).__name__ == kind]


def _recording(self, event):
    self.events.append(event)
    self.threads.append(threading.current_thread())


for _name in EVENTS:
    setattr(Recorder, _name if str is not bytes else str(_name), _recording)


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def hooked(start, recorder):
    """Starts the SDK with the recorder as its hook, and gives the visitor."""
    def hooked(context=None, **options):
        options.setdefault("hooks", [recorder])
        return start(**options).create_visitor("ann", False, context)
    return hooked


@pytest.fixture
def synchronized(hooked):
    def synchronized(context=VIP, **options):
        visitor = hooked(context, **options)
        assert visitor.synchronize_modifications() == (True, "")
        return visitor
    return synchronized


def read(recorder):
    """``(key, value, reason, ids)`` of the only flag that was read."""
    event, = recorder.of("FlagRead")
    assert (event.visitor_id, event.anonymous_id) == ("ann", None)
    assert event.is_default is (event.reason != "assigned")
    return event.key, event.value, event.reason, tuple(event)[6:]


# What a flag that is read says

@pytest.mark.parametrize("mode", list(Config.Mode))
@pytest.mark.parametrize("key, value, reason, ids", [
    ("discount", 20, "assigned", VIP_IDS),
    ("banner", {"title": "Merci", "lines": ["a", "b"]}, "assigned", VIP_IDS),
    ("cta-hint", "default", "null", ("cta", "cta-all", "cta-red", False)),
    ("delivery", "default", "missing", NO_IDS),
    ("no-such-flag", "default", "missing", NO_IDS)])
@pytest.mark.parametrize("call", ["get_modification", "get_modification_with_results"])
def test_flag_read(synchronized, recorder, mode, key, value, reason, ids, call):
    """Whatever the mode, a hook hears what the caller got, and where it comes from."""
    visitor = synchronized(mode=mode)
    got = getattr(visitor, call)(key, "default")
    assert (got if call == "get_modification" else got[0]) == value
    if key == "cta-hint":
        ids = ids[:2] + tuple(recorder.of("FlagRead")[0][8:])  # the hash decides which variation
    assert read(recorder) == (key, value, reason, ids)
    assert recorder.of("FlagRead")[0].default_value == "default"


def test_not_synchronized(hooked, recorder):
    hooked().get_modification("discount", 5)
    assert read(recorder) == ("discount", 5, "not synchronized", NO_IDS)


def test_failed_synchronisation(hooked, recorder, emulator):
    """The default of a visitor whose synchronisation failed has the same reason."""
    emulator.misbehave("campaigns", status=503)
    visitor = hooked()
    success, log = visitor.synchronize_modifications()
    visitor.get_modification("discount", 5)
    assert read(recorder)[2] == "not synchronized"
    event, = recorder.of("Synchronized")
    assert (event.mode, event.success, success) == ("API", False, False)
    assert event.reason and log.endswith(event.reason)


def test_panic(synchronized, recorder, emulator):
    """The panic's begin and end are an event each, and flags that are read meanwhile name it."""
    visitor = synchronized()
    emulator.panic = True
    visitor.synchronize_modifications()
    visitor.synchronize_modifications()
    visitor.get_modification("discount", 5)
    assert read(recorder) == ("discount", 5, "panic", NO_IDS)
    emulator.panic = False
    visitor.synchronize_modifications()
    assert [event.panic for event in recorder.of("PanicChanged")] == [True, False]
    assert [event.success for event in recorder.of("Synchronized")] == [True, False, False, True]


def test_closed(synchronized, recorder):
    visitor = synchronized()
    Flagship.instance().close()
    visitor.get_modification("discount", 5)
    assert read(recorder) == ("discount", 5, "closed", NO_IDS)


def test_anonymous_id(synchronized, recorder):
    visitor = synchronized()
    visitor.authenticate("ann-account")
    visitor.get_modification("discount", 0, activate=True)
    assert recorder.of("FlagRead")[0][:2] == ("ann-account", "ann")
    assert recorder.of("Activated")[0][:2] == ("ann-account", "ann")


def test_default_type(synchronized, recorder):
    """A default of another type hides no value; the hook sees both, and may compare them."""
    assert synchronized().get_modification("discount", "none") == 20
    event, = recorder.of("FlagRead")
    assert (event.value, event.default_value, event.is_default) == (20, "none", False)


def test_containers_are_copies(synchronized, recorder):
    """What a hook does with a list or dict reaches neither the caller nor the next read."""
    visitor = synchronized()
    banner = visitor.get_modification("banner", None)
    recorder.of("FlagRead")[0].value["lines"].append("hook's")
    assert banner["lines"] == ["a", "b"]
    assert visitor.get_modification("banner", None) == banner


@pytest.mark.parametrize("mode", list(Config.Mode))
def test_bulk(synchronized, recorder, mode):
    """What gives all flags at once, or explains them, reads none."""
    visitor = synchronized(mode=mode)
    assert dict(visitor.modifications)
    visitor.get_selected_variations(), visitor.explain(), visitor.get_modification_info("discount")
    visitor.activate_modification("discount")
    pickle.dumps(visitor)
    assert recorder.of("FlagRead") == []


@pytest.mark.parametrize("key", [5, None, "caught"])
def test_mistakes_are_no_reads(hooked, recorder, key):
    """A call that is refused for its key has read no flag."""
    visitor = hooked(event_handler=Log(catch_all_exceptions=key == "caught"))
    if key == "caught":
        assert visitor.get_modification(5, "default") == "default"
    else:
        with pytest.raises(TypingError):
            visitor.get_modification(key, "default")
    assert recorder.of("FlagRead") == []


# The other events

@pytest.mark.parametrize("tracking, outcome", [("immediate", "204"), ("deferred", "queued")])
def test_activated(synchronized, recorder, tracking, outcome):
    """An activation follows the reading, with the result of the call."""
    visitor = synchronized(tracking=tracking)
    visitor.get_modification("discount", 0, activate=True)
    flag_read, activated = [event for event in recorder.events
                            if type(event).__name__ in ("FlagRead", "Activated")]
    assert activated == ("ann", None, "discount") + VIP_IDS + (True, outcome)
    assert flag_read.key == "discount"


@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
@pytest.mark.parametrize("mode", list(Config.Mode))
def test_hits_sent(synchronized, recorder, tracking, mode):
    """Each item that the platform took is told once, by its kind; a flush has told all of them."""
    visitor = synchronized(tracking=tracking, mode=mode)
    visitor.activate_modification("discount")
    for hit in (PAGE, PAGE, Event(EventCategory.ACTION_TRACKING, "buy")):
        assert visitor.send_hit(hit)[0]
    assert Flagship.instance().flush(5)
    sent, numbers = recorder.of("HitsSent"), {}
    for event in sent:
        for kind, number in event.kinds:
            numbers[kind] = numbers.get(kind, 0) + number
    assert numbers == {"ACTIVATE": 1, "CONTEXT": 1, "PAGEVIEW": 2, "EVENT": 1}
    assert sum(event.number for event in sent) == 5
    assert recorder.of("HitsFailed") == []
    if tracking == "deferred":
        assert Flagship.instance().status.tracking.sent == 5
        told = [thread for thread, event in zip(recorder.threads, recorder.events)
                if type(event).__name__ == "HitsSent"]
        assert {thread.name for thread in told} == {"flagship-delivery"}


@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
def test_hits_failed(synchronized, recorder, emulator, tracking):
    """What the platform refuses is told with the cause, and counted alike."""
    visitor = synchronized(tracking=tracking, context_events=False)
    emulator.misbehave("hit", status=400)
    visitor.send_hit(PAGE)
    Flagship.instance().flush(5)
    event, = recorder.of("HitsFailed")
    assert event.kinds == (("PAGEVIEW", 1),) and event.number == 1 and "400" in event.reason
    assert recorder.of("HitsSent") == []


def test_queue_is_full(synchronized, recorder, emulator):
    """What is dropped is told too, so that the events add up to the counters."""
    visitor = synchronized(tracking="deferred", context_events=False, tracking_queue_size=2,
                           tracking_interval=60)
    emulator.misbehave("hit", hang=True)
    for _ in range(20):
        visitor.send_hit(PAGE)
    dropped = Flagship.instance().status.tracking.dropped
    assert dropped
    told = recorder.of("HitsFailed")
    assert {(event.reason, event.kinds[0][0]) for event in told} == {
        ("the queue is full", "PAGEVIEW")}
    assert sum(event.number for event in told) == dropped
    Flagship.instance().close(0.1)
    counters = Flagship.instance().status.tracking
    assert sum(event.number for event in recorder.of("HitsFailed")) == (
        counters.dropped + counters.failed) == 20


def test_spooled_hits(synchronized, recorder, tmpdir):
    """What goes by way of the spool is told once it is sent."""
    visitor = synchronized(tracking="deferred", context_events=False,
                           spool=str(tmpdir.join("spool")))
    visitor.send_hit(PAGE)
    assert Flagship.instance().flush(5)
    assert eventually(lambda: recorder.of("HitsSent"))
    assert [event.kinds for event in recorder.of("HitsSent")] == [(("PAGEVIEW", 1),)]


def test_odd_hit(synchronized, recorder, emulator):
    """A hit of the application's own class, with whatever for a type, is told as another."""
    class Odd(Page):
        def get_data(self):
            return {"t": ["list"], "ds": "APP"}

    emulator.is_watched = False
    success, _ = synchronized(context_events=False).send_hit(Odd("https://shop.example/"))
    event, = recorder.of("HitsSent" if success else "HitsFailed")
    assert event.kinds == (("OTHER", 1),)


@pytest.mark.parametrize("age, payload, reason", [
    (20000, '{"t": "EVENT"}', "over 4 hours old"), (1, "not JSON", "unreadable in the spool")])
def test_rows_of_the_spool(hooked, recorder, age, payload, reason):
    """What an earlier process left and nobody will send is told, though not what it was."""
    from tests.test_tracking_spool import SPOOL, insert
    insert(made=time.time() - age, payload=payload)
    hooked(tracking="deferred", spool=SPOOL, tracking_interval=0.05)
    assert eventually(lambda: recorder.of("HitsFailed"))
    event, = recorder.of("HitsFailed")
    assert event == ((("OTHER", 1),), reason) and event.number == 1


@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
def test_unsendable_hit(synchronized, recorder, tracking):
    """A hit that cannot be put into JSON is told as lost at once."""
    class Unsendable(Page):
        def get_data(self):
            return {"t": "PAGEVIEW", "dl": object()}

    visitor = synchronized(tracking=tracking, context_events=False)
    assert not visitor.send_hit(Unsendable("https://shop.example/"))[0]
    event, = recorder.of("HitsFailed")
    assert event.kinds == (("PAGEVIEW", 1),) and "cannot be sent" in event.reason


def test_synchronized(synchronized, recorder):
    synchronized(mode=BUCKETING)
    event, = recorder.of("Synchronized")
    assert event[:3] == ("ann", None, "BUCKETING") and event[4:] == (True, "")
    assert 0 <= event.duration < 60


def test_file_changed(start, recorder, emulator, tmpdir):
    """Each file that comes into use is told, with its source; one that stays the same is not."""
    options = dict(mode=BUCKETING, hooks=[recorder], polling_interval=-1,
                   bucketing_file=str(tmpdir.join("snapshot.json")))
    start(**options)
    start(again=True, **options)
    start(**options)
    told = recorder.of("FileChanged")
    assert [(event.source, event.campaigns, event.problems, event.panic) for event in told] == [
        ("network", 3, 0, False), ("snapshot", 3, 0, False)]
    assert told[0].last_modified == told[1].last_modified is not None


# What a hook may do

class Failing(Hook):
    def on_flag_read(self, event):
        raise ValueError("no flag for %s" % event.key)

    def on_hits_sent(self, event):
        raise ValueError("no hit")


@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
def test_a_hook_that_raises(synchronized, recorder, log, tracking):
    """It breaks no call and no thread, others are told all the same, and one line a hook and event
    says so."""
    visitor = synchronized(hooks=[Failing(), recorder, Failing()], context_events=False,
                           tracking=tracking)
    for _ in range(3):
        assert visitor.get_modification("discount", 0) == 20
        assert visitor.send_hit(PAGE)[0]
        assert Flagship.instance().flush(5)
    assert len(recorder.of("FlagRead")) == len(recorder.of("HitsSent")) == 3
    lines = [line for line in log.at(logging.ERROR) if line.startswith("[hooks]")]
    assert len(lines) == 4
    assert "Failing.on_flag_read raised ValueError: no flag for discount (test_hooks.py" in lines[0]


def test_interrupts(synchronized, recorder):
    """Ctrl-C and sys.exit in a hook are not swallowed, as in an event handler."""
    class Ending(Hook):
        def on_flag_read(self, event):
            raise SystemExit(3)

    ending = Ending()
    visitor = synchronized(hooks=[ending, recorder])
    for _ in range(2):
        with pytest.raises(SystemExit):
            visitor.get_modification("discount", 0)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_interrupts_of_the_delivery(synchronized, emulator, error):
    """What a hook raises in a thread of the SDK's never ends it: all that is queued arrives, and
    is counted."""
    class Ending(Hook):
        def on_hits_sent(self, event):
            if threading.current_thread().name == "flagship-delivery":
                raise error()

    log = Log()
    visitor = synchronized(hooks=[Ending()], tracking="deferred", context_events=False,
                           event_handler=log)
    for number in range(1, 4):
        assert visitor.send_hit(PAGE) == (True, "queued")
        assert Flagship.instance().flush(5) and len(emulator.hits) == number
    assert Flagship.instance().status.tracking[:3] == (0, 3, 0)
    line, = log.at(logging.ERROR)
    assert "Ending.on_hits_sent raised " + error.__name__ in line


class Keeping(object):
    """A callable that is no function."""

    def __init__(self):
        self.keys = []

    def __call__(self, event):
        self.keys.append(event.key)


@pytest.mark.parametrize("method", [
    lambda keep: keep, staticmethod, lambda keep: property(lambda hook: keep)])
def test_methods_that_are_no_functions(synchronized, method):
    keep = Keeping()
    hook = type(str("Own"), (Hook,), {str("on_flag_read"): method(keep)})()
    assert synchronized(hooks=[hook]).get_modification("discount", 0) == 20
    assert keep.keys == ["discount"]


@pytest.mark.parametrize("method, problem", [
    (None, "TypeError"), (property(lambda hook: hook.missing), "AttributeError")])
def test_methods_that_cannot_be_called(synchronized, log, method, problem):
    """They break neither the start nor a call."""
    hook = type(str("Own"), (Hook,), {str("on_flag_read"): method})()
    assert synchronized(hooks=[hook]).get_modification("discount", 0) == 20
    line, = log.at(logging.ERROR)
    assert "Own.on_flag_read raised " + problem in line


class Claiming(object):
    """Says that it is a Hook and an event handler, as a mock with a ``spec`` does."""

    catch_all_exceptions = False

    def __init__(self, kind):
        self.kind, self.events, self.lines = kind, [], []

    @property
    def __class__(self):
        return self.kind

    def __getattr__(self, name):
        if not name.startswith("on_"):
            raise AttributeError(name)
        return lambda *args: (self.lines if name == "on_log" else self.events).append(args)


def test_mocks(hooked):
    """A mock that has the class as its spec is told of everything."""
    hook, handler = Claiming(Hook), Claiming(FlagshipEventHandler)
    visitor = hooked(hooks=[hook], event_handler=handler, offline=True)
    assert visitor.get_modification("discount", 5) == 5
    assert hook.events[-1][0].key == "discount"
    assert any("discount" in line for _, line in handler.lines)


def test_reading_a_flag_in_a_hook(synchronized):
    """A hook may call the SDK and is not told of what it does itself; the other hooks are."""
    class Reading(Hook):
        def __init__(self):
            self.read = []

        def on_flag_read(self, event):
            self.read.append(event.key)
            visitor.get_modification("free", False)
            visitor.send_hit(PAGE)

        def on_hits_sent(self, event):
            self.read.append("sent")

    first, second, recorder = Reading(), Reading(), Recorder()
    visitor = synchronized(hooks=[first, second, recorder], context_events=False)
    visitor.get_modification("discount", 0)
    assert first.read == ["discount", "free", "sent"]
    assert second.read == ["free", "sent", "discount"]
    assert [event.key for event in recorder.of("FlagRead")].count("discount") == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_deciding_in_a_hook(hooked, emulator):
    """A hook that is told of a new file while a decision fetches it may decide, too: it does not
    wait for the request that it is a part of."""
    class Deciding(Hook):
        decided = None

        def on_file_changed(self, event):
            if event.campaigns == 0:
                self.decided = visitor.synchronize_modifications()[0]

    hook = Deciding()
    visitor = hooked(mode=BUCKETING, polling_interval=0.05, hooks=[hook], timeout=60)
    for _ in range(20):
        emulator.misbehave("bucketing", status=503)
        time.sleep(0.1)  # now the file is overdue, and a child fetches it itself
        emulator.set_bucketing({"campaigns": []})
        emulator.behave()
        child = os.fork()
        if child == 0:
            began = time.time()
            visitor.synchronize_modifications()
            os._exit(2 if hook.decided is None else not hook.decided or time.time() - began > 30)
        outcome = os.waitpid(child, 0)[1] >> 8
        if outcome != 2:  # else the parent's poller had been faster
            break
        emulator.set_bucketing(data("shop.json"))
        assert eventually(lambda: Flagship.instance().status.campaigns == 3)
    assert outcome == 0


def test_no_lock_is_held(synchronized):
    """While a hook runs, other threads can do anything."""
    class Waiting(Hook):
        def __init__(self):
            self.done = []

        def on_flag_read(self, event):
            self._elsewhere()

        on_synchronized = on_panic_changed = on_hits_sent = on_flag_read

        def _elsewhere(self):
            def work():
                Flagship.instance().create_visitor("ben").update_context({"a": 1})
                visitor.update_context(("a", 2))
                visitor.authenticate("ann-account")
                Flagship.instance().status

            thread = threading.Thread(target=work)
            thread.start()
            thread.join(5)
            self.done.append(not thread.is_alive())

    waiting = Waiting()
    visitor = synchronized(context_events=False)
    Flagship.instance().start(*_again(hooks=[waiting]))
    visitor.synchronize_modifications()
    visitor.get_modification("discount", 0)
    assert waiting.done == [True] * 2


def _again(**options):
    """The arguments of a start like the last one, but for these options."""
    config = copy.copy(Flagship.instance().config)
    for name, value in options.items():
        setattr(config, name, value)
    return config.env_id, config.api_key, config


# Starts, forks, copies

def test_start_replaces_hooks(synchronized, recorder):
    """A start with the same other options takes the new hooks, and asks the platform nothing; the
    old ones are forgotten."""
    visitor = synchronized(mode=BUCKETING)
    del recorder.events[:]
    other = Recorder()
    Flagship.instance().start(*_again(hooks=[other]))
    visitor.get_modification("discount", 0)
    assert recorder.events == [] and [type(each).__name__ for each in other.events] == ["FlagRead"]
    left = weakref.ref(other)
    del other
    Flagship.instance().start(*_again(hooks=None))
    assert visitor.get_modification("discount", 0) == 20
    gc.collect()
    assert left() is None


def test_starting_again_with_the_same_hooks(synchronized, log):
    """A program that starts once a request does not log once a request what a hook raises."""
    visitor = synchronized(hooks=[Failing()])
    for _ in range(3):
        Flagship.instance().start(*_again())
        visitor.get_modification("discount", 0)
    assert len([line for line in log.at(logging.ERROR) if "on_flag_read raised" in line]) == 1


def test_only_overridden_methods_are_called(synchronized):
    """What the base class has is never called: reading stays as fast as without hooks."""
    class Panic(Hook):
        def on_panic_changed(self, event):
            pass

    visitor = synchronized(hooks=[Panic()])
    assert visitor._state.direct
    own = Panic()
    own.events = []
    own.on_flag_read = own.events.append  # set on the object, it counts as well
    Flagship.instance().start(*_again(hooks=[own]))
    visitor.get_modification("discount", 0)
    assert len(own.events) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_forks(synchronized, recorder):
    """A child has the hooks of its parent, also one that was forked in a hook."""
    class Forking(Hook):
        child = None

        def on_flag_read(self, event):
            if event.key == "fork":
                Forking.child = os.fork()

    visitor = synchronized(hooks=[Forking(), recorder], mode=BUCKETING)
    visitor.get_modification("fork", 0)
    if Forking.child == 0:
        visitor.get_modification("discount", 0)
        os._exit(len(recorder.of("FlagRead")))
    assert os.waitpid(Forking.child, 0)[1] >> 8 == 2


def test_flagship_flags(recorder):
    """In a block of ``flagship_flags`` hooks hear what they would hear of the platform."""
    with flagship_flags({"discount": 20}) as sent:
        Flagship.instance().start("env", "key", Config(hooks=[recorder], bucketing_file=None))
        visitor = Flagship.instance().create_visitor("ann")
        visitor.synchronize_modifications()
        visitor.get_modification("discount", 0, activate=True)
        sent.down = True
        visitor.send_hit(PAGE)
    assert [type(event).__name__ for event in recorder.events] == [
        "HitsSent", "Synchronized", "FlagRead", "HitsSent", "Activated", "HitsFailed"]


@pytest.mark.parametrize("hooks, named", [
    ("x", "hooks must be a list or tuple"), (Hook(), "hooks must be"), (5, "not int"),
    ([Hook], "hooks[0] must be an instance of flagship.hooks.Hook, not type"),
    ([Hook(), "x"], "hooks[1] must be"), ((None,), "not NoneType")], ids=repr)
def test_no_hooks(hooks, named):
    """What is no list of hooks is a mistake, named by its place and type."""
    with pytest.raises(TypingError) as caught:
        Config(hooks=hooks)
    assert named in str(caught.value)
    with pytest.raises(TypingError):
        Config().hooks = hooks


def test_config():
    """The option reads as a tuple; what was given may change afterwards."""
    given = [Hook()]
    config = Config(hooks=given)
    given.append("x")
    assert config.hooks == (given[0],) and Config().hooks == Config(hooks=None).hooks == ()
    assert len(pickle.loads(pickle.dumps(config)).hooks) == 1


def test_events_are_immutable(synchronized, recorder):
    synchronized().get_modification("discount", 0, activate=True)
    for event in recorder.events:
        with pytest.raises(AttributeError):
            event.key = "x"
        with pytest.raises(AttributeError):
            event.other = "x"
        assert pickle.loads(pickle.dumps(event)) == event
