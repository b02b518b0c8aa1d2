"""flagship.testing: chosen flags for the visitors of a test, and what they would have sent."""
from __future__ import unicode_literals

import io
import logging
import os
import subprocess
import sys
import threading
import unittest

import pytest

import flagship
from flagship import Config, Flagship
from flagship.cache import MemoryVisitorCache
from flagship.errors import FlagshipError, InitializationError, ParamError, TypingError
from flagship.hits import Event, EventCategory, Page, Transaction
from flagship.testing import SentActivation, flagship_flags
from tests.support import Log, slow

RED = {"btn-color": "red"}
NOWHERE = "http://127.0.0.1:1"


def synchronised(visitor_id="ann", **options):
    visitor = Flagship.instance().create_visitor(visitor_id, **options)
    assert visitor.synchronize_modifications() == (True, "")
    return visitor


def color(visitor):
    return visitor.get_modification("btn-color", "grey")


def start_nowhere(**options):
    """As an application does that knows nothing of its tests."""
    for name in ("decision_api_url", "cdn_url", "tracking_url"):
        options[name] = NOWHERE
    Flagship.instance().start("env", "key", Config(timeout=0.1, **options))


def test_visitors_get_the_flags_and_the_test_what_they_send():
    with flagship_flags(RED) as sent:
        visitor = synchronised(context={"vip": True, "fs_secret": "x"})
        assert visitor.get_modification("btn-color", "grey", activate=True) == "red"
        assert visitor.send_hit(Page("https://shop.example.com/")) == (True, "200")
    assert sent.activations == [SentActivation(
        visitor_id="ann", anonymous_id=None, key="btn-color", value="red",
        campaign_id="campaign-btn-color",
        variation_group_id="group-btn-color", variation_id="variation-btn-color",
        wire=sent.activations[0].wire)]
    assert [(each.visitor_id, each.type, each.wire["dl"]) for each in sent.hits] == [
        ("ann", "PAGEVIEW", "https://shop.example.com/")]
    assert [(each.visitor_id, each.context) for each in sent.context_events] == [
        ("ann", {"vip": True})]


def test_an_unknown_flag_gives_the_default():
    with flagship_flags(RED):
        assert synchronised().get_modification("size", 3) == 3


@pytest.mark.parametrize("value", [
    "red", "", True, False, 0, 7, 0.5, [], [1, {"a": None}], {}, {"a": [1, 2], "b": {"c": "d"}}],
    ids=repr)
def test_a_value_comes_back_as_it_was_given(value):
    with flagship_flags({"flag": value}):
        got = synchronised().get_modification("flag", "default")
    assert got == value and type(got) is type(value)


def test_null_gives_the_default_and_can_be_activated():
    with flagship_flags({"flag": None}) as sent:
        assert synchronised().get_modification("flag", "default", activate=True) == "default"
    assert [(each.key, each.value) for each in sent.activations] == [("flag", None)]


def test_what_was_given_cannot_be_changed_by_accident():
    """Neither through what the caller gave nor through what a visitor or the test reads."""
    given = {"flag": {"sizes": [1]}}
    with flagship_flags(given) as sent:
        given["flag"]["sizes"].append(2)
        synchronised().get_modification("flag", {})["sizes"].append(3)
        assert synchronised().get_modification("flag", {}) == {"sizes": [1]} == sent.flags["flag"]
        with pytest.raises(TypeError):
            sent.flags["flag"] = 5


def test_a_flag_says_where_it_comes_from():
    with flagship_flags(RED):
        assert synchronised().get_modification_info("btn-color") == {
            "campaignId": "campaign-btn-color", "variationGroupId": "group-btn-color",
            "variationId": "variation-btn-color", "isReference": False}


@pytest.mark.parametrize("mode", list(Config.Mode), ids=lambda mode: mode.name)
def test_an_explanation_is_of_the_flags_that_were_given(mode):
    with flagship_flags({"btn-color": "red", "size": 3}):
        start_nowhere(mode=mode)
        explained = synchronised().explain("size")
    assert explained["mode"] == mode.name and explained["reason"] == ""
    assert [each["modifications"] for each in explained["campaigns"]] == [{"size": 3}]
    assert explained["modifications"]["size"]["variationId"] == "variation-size"


def test_a_flag_that_is_forced_is_not_activated(start, log):
    """It has the test's value. What the test does not give cannot be forced, and a line says so."""
    start()
    with flagship_flags({"btn-color": "red", "size": 3}) as sent:
        visitor = Flagship.instance().create_visitor("ann")
        visitor.force_variations({"campaign-btn-color": "variation-btn-color",
                                  "campaign-size": "other", "checkout": "one-page"})
        visitor.synchronize_modifications()
        assert visitor.get_modification("btn-color", "grey", activate=True) == "red"
        assert visitor.get_modification("size", 0, activate=True) == 3
        assert [each["decidedBy"] for each in visitor.explain()["campaigns"]] == [
            "forced", "platform"]
        visitor.force_variations(None)
        visitor.synchronize_modifications()
        visitor.activate_modification("btn-color")
    assert [each.key for each in sent.activations] == ["size", "btn-color"]
    assert ["'checkout'" in line for line in log.at(logging.WARNING)] == [False, True]


def act(visitor):
    """Everything that a visitor can send; what the calls return."""
    return [visitor.synchronize_modifications(),
            visitor.activate_modification(sorted(visitor.modifications)[0]),
            visitor.send_hit(Page("https://shop.example.com/")),
            visitor.send_hit(Event(EventCategory.ACTION_TRACKING, "add").with_event_value(3)),
            visitor.send_hit(Transaction("t1", "Purchase").with_total_revenue(9.5)),
            visitor.send_hit("no hit")]


@pytest.mark.parametrize("mode", list(Config.Mode), ids=lambda mode: mode.name)
@pytest.mark.parametrize("authenticated", [False, True])
def test_it_keeps_what_the_real_client_sends(start, emulator, mode, authenticated):
    """The wire forms and the results are those of the real client with the same visitor, flag for
    flag."""
    def visitor():
        made = Flagship.instance().create_visitor("guest", context={"country": "FR", "fs_x": 1})
        if authenticated:
            made.authenticate("customer")
        return made
    start(mode=mode)
    made = visitor()
    real = act(made)
    with flagship_flags({key: each.value for key, each in made.modifications.items()}) as sent:
        assert act(visitor()) == real
    assert [each.wire for each in sent.hits] == emulator.hits
    assert [each.wire for each in sent.context_events] == emulator.context_events
    # Which variation it was is the test's own.
    kept, taken = [dict(each, caid=None, vaid=None)
                   for each in (sent.activations[0].wire, emulator.activations[0])]
    assert kept == taken and len(sent.activations) == len(emulator.activations) == 1


def test_what_was_not_started_is_not_started_afterwards():
    assert not Flagship.instance().is_flagship_started()
    config = Flagship.instance().config
    with flagship_flags(RED):
        assert Flagship.instance().is_flagship_started() and Flagship.instance().status.started
        visitor = synchronised()
    assert not Flagship.instance().is_flagship_started() and Flagship.instance().config is config
    with pytest.raises(InitializationError):
        Flagship.instance().create_visitor("ann")
    assert visitor.synchronize_modifications() == (False, "Flagship is closed")


@pytest.mark.parametrize("options", [
    {}, {"tracking": "deferred"}, {"mode": Config.Mode.BUCKETING}],
    ids=["api", "deferred", "bucketing"])
def test_what_ran_before_goes_on_afterwards(start, emulator, options):
    """The same threads, connections, config and visitors; meanwhile the platform hears nothing of
    them."""
    flagship = start(**options)
    visitor = synchronised("bob")
    flagship.flush()
    own, config, threads = dict(visitor.modifications), flagship.config, set(threading.enumerate())
    emulator.clear()
    with flagship_flags(RED) as sent:
        assert set(threading.enumerate()) == threads
        # Made before, and made inside.
        for each in (visitor, flagship.create_visitor("bob")):
            assert each.synchronize_modifications() == (True, "") and color(each) == "red"
            assert each.activate_modification("btn-color")[0]
            assert each.send_hit(Page("https://a.example/"))[0]
    assert not emulator.requests
    assert [len(each) for each in (sent.activations, sent.hits, sent.context_events)] == [2, 2, 2]
    assert flagship.config is config and flagship.status.started
    assert set(threading.enumerate()) >= threads
    for each in (visitor, flagship.create_visitor("bob")):
        assert each.synchronize_modifications() == (True, "") and dict(each.modifications) == own
        assert each.activate_modification(sorted(own)[0])[0]
    assert flagship.flush() and len(emulator.activations) == 2


def test_a_store_of_the_user_s_is_left_alone(start):
    """It may be a server, and what a test gives is no assignment."""
    class Store(MemoryVisitorCache):
        def lookup(self, visitor_id):
            asked.append(visitor_id)
            return MemoryVisitorCache.lookup(self, visitor_id)

    asked, store = [], Store()
    start(visitor_cache_manager=store)
    with flagship_flags(RED):
        synchronised()
        start(visitor_cache_manager=store)
        synchronised()
    assert not asked
    synchronised()
    assert asked == ["ann"]


def test_a_store_that_a_start_inside_was_given_can_be_given_again_afterwards(start):
    store = MemoryVisitorCache()
    start()
    with flagship_flags(RED):
        start(again=True, visitor_cache_manager=store)
    start(again=True, visitor_cache_manager=store)
    synchronised()
    assert store.lookup("ann") is not None


@pytest.mark.parametrize("mode", list(Config.Mode), ids=lambda mode: mode.name)
@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
def test_a_start_inside_reaches_nothing_and_keeps_the_flags(tmpdir, mode, tracking):
    threads = set(threading.enumerate())
    with flagship_flags(RED) as sent:
        start_nowhere(mode=mode, tracking=tracking)
        visitor = synchronised()
        assert visitor.get_modification_with_results("btn-color", "grey", True)[0] == "red"
        assert set(threading.enumerate()) == threads and not tmpdir.listdir()
        assert Flagship.instance().status.mode is mode
        assert sent.activations[0].wire["cid"] == "env"
        if tracking == "deferred":
            assert visitor.send_hit(Page("https://a.example/")) == (True, "queued")
            assert Flagship.instance().flush()
            assert Flagship.instance().status.tracking == (0, 3, 0, 0, 0)
        visitor.authenticate("customer")
        assert visitor.visitor_id == ("customer" if mode is Config.Mode.API else "ann")
    assert not Flagship.instance().is_flagship_started()


def test_an_application_that_is_offline_in_tests_gets_flags_and_records_too():
    with flagship_flags(RED) as sent:
        start_nowhere(offline=True)
        assert synchronised().get_modification("btn-color", "grey", activate=True) == "red"
    assert [each.key for each in sent.activations] == ["btn-color"]


def test_a_start_inside_still_checks_its_arguments():
    with flagship_flags(RED):
        for arguments in (("", "key", Config()), ("env", 5, Config()), ("env", "key", {})):
            with pytest.raises(FlagshipError):
                Flagship.instance().start(*arguments)
        assert color(synchronised()) == "red"


def test_arguments_are_checked_as_ever():
    with flagship_flags(RED):
        with pytest.raises(TypingError):
            synchronised().get_modification(["btn-color"], "grey")
        with pytest.raises(TypingError):
            Flagship.instance().create_visitor(5)
        log = Log(catch_all_exceptions=True)
        start_nowhere(event_handler=log)
        assert synchronised().get_modification(5, "default") == "default" and len(log.caught) == 1


def test_a_close_inside_closes_what_is_inside_only(start):
    start()
    with flagship_flags(RED):
        with Flagship.instance():
            held = synchronised()
        assert held.synchronize_modifications() == (False, "Flagship is closed")
        with pytest.raises(InitializationError):
            Flagship.instance().create_visitor("ann")
        start_nowhere()
        assert color(synchronised()) == "red"
    assert "btn-color" not in synchronised().modifications


def test_an_exception_ends_the_block(start):
    start()
    with pytest.raises(ZeroDivisionError):
        with flagship_flags(RED):
            1 // 0
    assert "btn-color" not in synchronised().modifications


def test_flags_may_change_inside():
    with flagship_flags(RED) as sent:
        visitor = synchronised()
        sent.flags = dict(sent.flags, size=3)
        assert visitor.get_modification("size", 1) == 1
        visitor.synchronize_modifications()
        assert (color(visitor), visitor.get_modification("size", 1)) == ("red", 3)
        sent.flags = {}
        visitor.synchronize_modifications()
        assert color(visitor) == "grey"


def test_each_visitor_may_get_its_own():
    asked = []

    def flags(visitor_id, context):
        asked.append((visitor_id, context))
        return {"btn-color": "gold" if context.get("vip") else "red"}

    with flagship_flags(flags) as sent:
        assert color(synchronised("ann")) == "red"
        assert color(synchronised("bob", context={"vip": True})) == "gold"
        assert sent.flags is flags
    assert asked == [("ann", {}), ("bob", {"vip": True})]


def test_a_callable_s_mistake_reaches_the_test():
    def broken(visitor_id, context):
        return 1 // 0

    for flags, error in ((broken, ZeroDivisionError),
                         (lambda visitor_id, context: None, TypingError)):
        with flagship_flags(flags):
            with pytest.raises(error):
                Flagship.instance().create_visitor("ann").synchronize_modifications()


def test_panic_hides_the_flags_of_every_visitor(start, log):
    start(event_handler=log)
    before = synchronised("before")
    with flagship_flags(RED) as sent:
        inside = synchronised("inside")
        before.synchronize_modifications()
        sent.clear()
        sent.panic = True
        for visitor in (before, inside, Flagship.instance().create_visitor("late")):
            assert visitor.synchronize_modifications() == (
                False, "[synchronize_modifications] the platform is in panic")
            assert color(visitor) == "grey" and not visitor.modifications
            assert not visitor.activate_modification("btn-color")[0]
            assert not visitor.send_hit(Page("https://a.example/"))[0]
        assert Flagship.instance().status.panic
        assert not sent.activations and not sent.hits and not sent.context_events
        start(again=True, event_handler=log)
        assert Flagship.instance().status.panic
        sent.panic = False
        assert (color(before), color(inside), color(synchronised())) == ("red", "red", "red")
        sent.panic = True
    assert not Flagship.instance().status.panic and synchronised().modifications


def test_a_real_panic_is_there_again_afterwards(start, emulator):
    flagship = start()
    emulator.panic = True
    visitor = flagship.create_visitor("ann")
    assert not visitor.synchronize_modifications()[0]
    with flagship_flags(RED):
        assert visitor.synchronize_modifications() == (True, "") and color(visitor) == "red"
    assert flagship.status.panic and color(visitor) == "grey"
    emulator.panic = False
    assert visitor.synchronize_modifications() == (True, "") and not flagship.status.panic


def test_a_platform_that_is_down_takes_nothing_and_visitors_keep_what_they_have():
    with flagship_flags(RED) as sent:
        log = Log()
        start_nowhere(event_handler=log)
        visitor = synchronised()
        sent.clear()
        sent.down = True
        late = Flagship.instance().create_visitor("late")
        for success, reason in (late.synchronize_modifications(),
                                visitor.synchronize_modifications(),
                                visitor.activate_modification("btn-color"),
                                visitor.send_hit(Page("https://a.b/"))):
            assert not success and reason.endswith("the platform is down, as the test says")
        assert len(log.at(logging.WARNING)) == 4
        assert (color(late), color(visitor)) == ("grey", "red")
        assert len(log.at(logging.WARNING)) == 4  # the cause was said
        assert not sent.activations and not sent.hits and not sent.context_events
        sent.down = False
        assert late.synchronize_modifications() == (True, "") and color(late) == "red"


def test_a_switch_is_a_bool():
    with flagship_flags(RED) as sent:
        for name in ("panic", "down"):
            with pytest.raises(TypingError) as raised:
                setattr(sent, name, 1)
            assert raised.value.parameter == name and getattr(sent, name) is False


def test_the_inner_block_counts_until_it_ends():
    with flagship_flags(RED) as outer:
        visitor = synchronised()
        with flagship_flags({"btn-color": "blue"}) as inner:
            inner.panic = True
            assert color(visitor) == "grey"
            inner.panic = False
            visitor.synchronize_modifications()
            within = synchronised("within")
            assert color(visitor) == color(within) == "blue"
        visitor.synchronize_modifications()
        assert color(visitor) == color(synchronised()) == "red"
        assert within.synchronize_modifications() == (False, "Flagship is closed")
    assert [each.visitor_id for each in inner.context_events] == ["ann", "within"]
    assert [each.visitor_id for each in outer.context_events] == ["ann", "ann", "ann"]


def test_blocks_may_end_in_any_order(start):
    start()
    first, second, third = [flagship_flags({"btn-color": name})
                            for name in ("red", "blue", "green")]
    first.__enter__(), second.__enter__(), third.__enter__()
    second.__exit__(None, None, None)
    assert color(synchronised()) == "green"
    first.__exit__(None, None, None)
    assert color(synchronised()) == "green"
    third.__exit__(None, None, None)
    assert "btn-color" not in synchronised().modifications


def test_one_object_may_be_entered_again():
    """Each time with what it was made with, and with records of its own."""
    flags = flagship_flags(RED)
    with flags as outer:
        outer.flags = {"btn-color": "blue"}
        with flags as inner:
            assert color(synchronised()) == "red"
        assert color(synchronised()) == "blue"
    with flags as last:
        assert color(synchronised()) == "red"
    assert [len(each.context_events) for each in (outer, inner, last)] == [1, 1, 1]


def test_threads_share_the_flags_and_nothing_is_lost():
    def work(name):
        try:
            for _ in range(50):
                seen.append(synchronised(name).get_modification("btn-color", "grey", activate=True))
        except BaseException as error:
            seen.append(error)

    seen = []
    with flagship_flags(RED) as sent:
        threads = [threading.Thread(target=work, args=("visitor-%d" % number,))
                   for number in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert seen == ["red"] * 400 and len(sent.activations) == len(sent.context_events) == 400


def test_threads_may_enter_and_leave_at_the_same_time(start):
    """Whose flags hold is the last one's; afterwards all is as before."""
    def work():
        for _ in range(30):
            with flags:
                visitor = Flagship.instance().create_visitor("ann")
                visitor.synchronize_modifications()

    start()
    flags = flagship_flags(RED)
    threads = [threading.Thread(target=work) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert "btn-color" not in synchronised().modifications


@flagship_flags(RED)
def test_a_function_may_be_decorated(tmpdir):
    assert color(synchronised()) == "red" and tmpdir


class Base(unittest.TestCase):
    def test_inherited(self):
        assert color(synchronised()) == "red"


@flagship_flags(RED)
class TestWithUnittest(Base):
    def test_a_class_may_be_decorated(self):
        assert color(synchronised()) == "red"

    @flagship_flags({"btn-color": "blue"})
    def test_a_method_s_own_flags_count(self):
        with flagship_flags({"btn-color": "green"}):
            assert color(synchronised()) == "green"
        assert color(synchronised()) == "blue"

    def helper(self):
        return Flagship.instance().is_flagship_started()


del Base


def test_only_the_test_methods_of_a_class_are_decorated():
    assert not TestWithUnittest("helper").helper()


def generator():
    yield 1


@pytest.mark.parametrize("decorated", [generator, 5, "text"], ids=repr)
def test_what_runs_later_is_not_decorated(decorated):
    with pytest.raises(TypingError) as raised:
        flagship_flags(RED)(decorated)
    assert "`with`" in raised.value.message


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("flags, error, named", [
    (None, TypingError, "flags must be a dict"),
    ([("btn-color", "red")], TypingError, "flags must be a dict"),
    ("red", TypingError, "flags must be a dict"),
    ({5: "red"}, TypingError, "a key of flags must be text"),
    ({"f": object()}, TypingError,
     "must be text, bool, int, float, dict, list or None, not object"),
    ({"f": {1}}, TypingError, "not set"),
    ({"f": [{"a": b"\xff"[:0].join}]}, TypingError, "dict, list or None"),
    ({"f": float("nan")}, ParamError, "finite"), ({"f": [float("inf")]}, ParamError, "finite"),
    ({"f": {1: 2}}, TypingError, "must be text, not int"),
    ({"f": nested(101)}, ParamError, "100 deep"),
])
def test_a_mistake_in_the_flags_is_named_where_it_is_made(flags, error, named):
    """At the construction and at the assignment; nothing is entered and nothing changed."""
    with pytest.raises(error) as raised:
        flagship_flags(flags)
    assert raised.value.message.startswith("flagship_flags: ") and named in raised.value.message
    with flagship_flags(RED) as sent:
        with pytest.raises(error):
            sent.flags = flags
        assert dict(sent.flags) == RED


WITH_THE_FIXTURE = """
pytest_plugins = ["flagship.testing.pytest_plugin"]


def label(visitor_id):
    visitor = Flagship.instance().create_visitor(visitor_id)
    visitor.synchronize_modifications()
    return visitor.get_modification("label", "Buy", activate=True)


def test_no_network_and_no_flag_before_it_is_called(flagship_flags):
    assert label("ann") == "Buy"


def test_flags_and_records(flagship_flags):
    sent = flagship_flags({"label": "Order"})
    assert label("ann") == "Order"
    assert flagship_flags({"label": "Pay"}) is sent
    assert label("bob") == "Pay"
    assert [each.visitor_id for each in sent.activations] == ["ann", "bob"]


def test_without_the_fixture_nothing_is_started():
    assert not Flagship.instance().is_flagship_started()
"""

DJANGO = """
import django
import pytest
import shop
from django.conf import settings
from django.apps import AppConfig
from django.http import HttpResponse

from flagship import Config
from flagship.hits import Page
from flagship.testing import SentActivation, flagship_flags


class Shop(AppConfig):
    name = "shop"

    def ready(self):
        Flagship.instance().start("env", "key", Config(
            timeout=0.1, decision_api_url="http://127.0.0.1:1", tracking_url="http://127.0.0.1:1"))


def home(request):
    # Some applications start with the first request.
    if not Flagship.instance().is_flagship_started():
        Shop("shop", shop).ready()
    visitor = Flagship.instance().create_visitor(request.GET.get("id"))
    visitor.synchronize_modifications()
    visitor.send_hit(Page(request.build_absolute_uri(request.path)))
    return HttpResponse(visitor.get_modification("label", "Buy", activate=True))


if django.VERSION < (2,):
    from django.conf.urls import url
    urlpatterns = [url("^$", home)]
else:
    from django.urls import path
    urlpatterns = [path("", home)]


@pytest.fixture(scope="module", params=["in ready", "in the block"])
def client(request):
    from django.test import Client
    if not settings.configured:
        settings.configure(ROOT_URLCONF="test_shop", ALLOWED_HOSTS=["*"], SECRET_KEY="x",
                           INSTALLED_APPS=[], MIDDLEWARE=[], USE_TZ=True)
        django.setup()
    if request.param == "in ready":
        Shop("shop", shop).ready()
    yield Client()
    Flagship.instance().close()


def test_a_view(client):
    with flagship_flags({"label": "Order"}) as sent:
        assert client.get("/", {"id": "ann"}).content == b"Order"
    assert [(each.visitor_id, each.key) for each in sent.activations] == [("ann", "label")]
    assert [each.wire["dl"] for each in sent.hits] == ["http://testserver/"]


def test_a_view_that_starts(client):
    with flagship_flags({"label": "Order"}):
        Flagship.instance().close()
        assert client.get("/").content == b"Order"
"""


@slow
def test_a_run_of_pytest_of_the_user_s_own(tmpdir):
    """The fixture gives the flags, and Django's views get them whoever starts the SDK, and when."""
    for name, source in (("shop.py", ""), ("test_mine.py", WITH_THE_FIXTURE),
                         ("test_shop.py", DJANGO)):
        with io.open(str(tmpdir.join(name)), "w", encoding="utf-8") as file:
            file.write("from flagship import Flagship\n" + source)
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    # Where the package is, which need not be this tree: the suite also runs against an installed
    # one.
    home = os.path.dirname(os.path.dirname(os.path.abspath(flagship.__file__)))
    for name, value in (("PYTHONPATH", home), ("PYTHONDONTWRITEBYTECODE", "1"),
                        ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")):
        environment[str(name)] = str(value)
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=str(tmpdir), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.communicate()[0].decode("utf-8", "replace")
    assert process.returncode == 0 and "7 passed" in output, output
