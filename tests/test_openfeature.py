"""flagship.contrib.openfeature: Flagship behind the real OpenFeature SDK, against the emulator.

The SDK's sdist holds no tests and no gherkin. The tables here are our own reading of the provider's
part of the OpenFeature specification (requirements 2.1 to 2.7, 3.1 and 6)."""
from __future__ import unicode_literals

import logging
import sys
import threading
import time
from datetime import datetime, timedelta

import pytest

from flagship import Config, Flagship
from flagship.emulator import Emulator
from flagship.errors import ParamError, TypingError
from flagship.testing import flagship_flags
from tests.support import Log, eventually, everybody, slow

if sys.version_info < (3, 9):
    pytest.skip("openfeature-sdk needs Python 3.9", allow_module_level=True)

import asyncio
from datetime import timezone

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode, OpenFeatureError
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus

from flagship.contrib.openfeature import FlagshipProvider

try:
    from openfeature.track import TrackingEventDetails
except ImportError:
    TrackingEventDetails = None
tracks = pytest.mark.skipif(TrackingEventDetails is None,
                            reason="openfeature-sdk 0.8, the last on 3.9, has no tracking")

VALUES = {
    "true": True, "false": False, "text": "red", "empty": "", "integer": 10, "zero": 0,
    "huge": 2 ** 53 - 1,
    "beyond": 2 ** 53 + 1, "enormous": 10 ** 307, "float": 0.5, "whole": 10.0,
    "object": {"a": {"b": [1, None]}},
    "nothing": {}, "list": [1, "two"], "null": None}
DEFAULTS = {"boolean": True, "string": "default", "integer": 7, "float": 7.5,
            "object": {"de": "fault"}}
# kind: {flag: value as the client gives it}; each other flag but "null" is of another type.
ACCEPTED = {
    "boolean": {"true": True, "false": False},
    "string": {"text": "red", "empty": ""},
    "integer": {"integer": 10, "zero": 0, "huge": 2 ** 53 - 1, "beyond": 2 ** 53 + 1,
                "enormous": 10 ** 307,
                "whole": 10},
    "float": {"float": 0.5, "whole": 10.0, "integer": 10.0, "zero": 0.0,
              "huge": float(2 ** 53 - 1)},
    "object": {name: VALUES[name] for name in ("object", "nothing", "list")},
}
VIP = {"key": "vip", "operator": "EQUALS", "value": True}
ANN = EvaluationContext("ann")


@pytest.fixture
def platform():
    """An emulator whose visitors all get VALUES, and those whose ``vip`` is True the flag
    ``lounge`` too."""
    lounge = everybody("lounge", ("lounge-on", 100, {"lounge": "open"}))
    lounge["variationGroups"][0]["targeting"]["targetingGroups"][0]["targetings"] = [VIP]
    with Emulator({"campaigns": [
            everybody("values", ("values-on", 100, VALUES)), lounge]}) as emulator:
        yield emulator


@pytest.fixture
def options(platform, log):
    return dict(timeout=2, bucketing_file=None, event_handler=log, **platform.urls)


@pytest.fixture
def started(platform, options):
    """The SDK as an application starts it."""
    with Flagship.instance() as flagship:
        flagship.start(platform.env_id, platform.api_key, Config(**options))
        yield flagship


@pytest.fixture
def use():
    """Sets a provider, initialised or not, and gives a client; what it started is shut down."""
    def use(provider):
        try:
            # The last SDK on 3.9 always waits.
            getattr(api, "set_provider_and_wait", api.set_provider)(provider)
        except OpenFeatureError:
            pass
        return api.get_client()
    yield use
    api.shutdown()
    api.set_evaluation_context(EvaluationContext())  # which the SDK's shutdown forgets on 3.9


@pytest.fixture
def client(started, use):
    return use(FlagshipProvider())


def details_of(client, kind, key, context=ANN):
    return getattr(client, "get_%s_details" % kind)(key, DEFAULTS[kind], context)


@pytest.mark.parametrize("kind", sorted(ACCEPTED))
def test_each_type_takes_its_own_values_and_no_others(client, kind):
    """Values, 2.2.3, falsy ones too; a number's kind changes only where nothing is lost; a bool is
    no number. Else TYPE_MISMATCH with the default."""
    for key in VALUES:
        found = details_of(client, kind, key)
        if key == "null":
            continue
        if key in ACCEPTED[kind]:
            assert found.value == ACCEPTED[kind][key] and type(found.value) is type(
                ACCEPTED[kind][key]), key
            assert (found.error_code, found.error_message, found.reason) == (
                None, None, Reason.TARGETING_MATCH), key
            assert (found.variant, found.flag_metadata) == ("values-on", {
                "campaignId": "values", "variationGroupId": "values-group",
                "isReference": True}), key
        else:
            assert (found.value, found.error_code, found.reason) == (
                DEFAULTS[kind], ErrorCode.TYPE_MISMATCH, Reason.ERROR), key
            assert key in found.error_message and type(VALUES[key]).__name__ in found.error_message


def test_an_object_is_the_caller_s_to_change(client):
    details_of(client, "object", "list").value.append(3)
    assert details_of(client, "object", "list").value == [1, "two"]


@pytest.mark.parametrize("kind", sorted(DEFAULTS))
def test_null_gives_the_default_of_any_type(client, kind):
    found = details_of(client, kind, "null")
    assert (found.value, found.reason, found.error_code, found.variant) == (
        DEFAULTS[kind], Reason.DEFAULT, None, "values-on")


@pytest.mark.parametrize("context, key, code", [
    (ANN, "no such flag", ErrorCode.FLAG_NOT_FOUND),
    (None, "true", ErrorCode.TARGETING_KEY_MISSING),
    (EvaluationContext(), "true", ErrorCode.TARGETING_KEY_MISSING),
    (EvaluationContext(""), "true", ErrorCode.TARGETING_KEY_MISSING),
    (EvaluationContext(5), "true", ErrorCode.INVALID_CONTEXT),
])
def test_what_cannot_be_evaluated_gives_the_default_and_its_code(client, context, key, code):
    for kind in DEFAULTS:
        found = details_of(client, kind, key, context)
        assert (found.value, found.error_code, found.reason, found.variant) == (
            DEFAULTS[kind], code, Reason.ERROR, None)
        assert found.error_message


def test_a_targeting_key_that_utf_8_cannot_express_is_a_visitor_all_the_same(client, platform):
    assert details_of(client, "boolean", "true", EvaluationContext("a\ud800")).value is True
    assert [each["visitorId"] for each in platform.decisions] == ["a\ufffd"]


def test_the_provider_has_a_name(client):
    assert client.provider.get_metadata().name == api.get_provider_metadata().name == "Flagship"


def test_async_evaluation_is_the_same(client):
    assert asyncio.run(client.get_integer_details_async("integer", 7, ANN)) == details_of(
        client, "integer", "integer")
    assert asyncio.run(client.get_boolean_value_async("true", False, ANN)) is True


class Unbound(object):
    """A proxy without an object."""

    @property
    def __class__(self):
        raise RuntimeError("working outside of request context")


def test_the_targeting_key_is_the_visitor_and_the_attributes_its_context(client, platform):
    """What of them a context takes; the others cost the rest nothing and one line a key."""
    evaluated = EvaluationContext("ann", {
        "text": "\xe9", "bool": True, "int": 3, "float": 0.5, "list": [1], "dict": {"a": 1},
        "none": None, "unbound": Unbound(),
        "year 0": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))),
        "nan": float("nan"), "utc": datetime(2026, 5, 4, 3, 2, 1), 5: "no text",
        "paris": datetime(2026, 5, 4, 3, 2, 1, 7, timezone(timedelta(hours=2)))})
    assert details_of(client, "boolean", "true", evaluated).value is True
    assert platform.decisions == [{"visitorId": "ann", "trigger_hit": False, "context": {
        "text": "\xe9", "bool": True, "int": 3, "float": 0.5, "utc": "2026-05-04T03:02:01.000000Z",
        "paris": "2026-05-04T01:02:01.000007Z"}}]


def test_an_attribute_that_is_left_out_is_logged_once(client, log):
    for number in range(3):
        details_of(client, "boolean", "true",
                   EvaluationContext("ann", {"tags": ["secret", number]}))
    lines = [line for line in log.at(logging.WARNING) if "tags" in line]
    assert len(lines) == 1 and "list" in lines[0] and "secret" not in lines[0]


def test_attributes_target(client):
    for vip, value in ((True, "open"), (False, "default"), (1, "default"), (True, "open")):
        assert details_of(client, "string", "lounge",
                          EvaluationContext("ann", {"vip": vip})).value == value
    assert details_of(client, "string", "lounge").error_code is ErrorCode.FLAG_NOT_FOUND


def test_the_contexts_of_openfeature_s_levels_are_one_visitor(client, platform):
    api.set_evaluation_context(EvaluationContext("global", {"a": 1, "b": 1}))
    assert client.get_boolean_value("true", False, EvaluationContext(attributes={"b": 2})) is True
    assert [(each["visitorId"], each["context"]) for each in platform.decisions] == [
        ("global", {"a": 1, "b": 2})]


def test_one_context_is_synchronised_once(client, platform):
    """All flags of a page cost one decision and one context event, whatever the order of the
    attributes."""
    for attributes in ({"a": 1, "b": 2}, {"b": 2, "a": 1}):
        for key in VALUES:
            details_of(client, "object", key, EvaluationContext("ann", attributes))
    assert len(platform.decisions) == len(platform.context_events) == 1
    for attributes in ({"a": 1}, {"a": True}, {"a": 1.0}, {"a": "1"}):
        details_of(client, "object", "object", EvaluationContext("ann", attributes))
    assert len(platform.decisions) == 5


def test_without_a_time_to_live_every_evaluation_synchronises(started, use, platform):
    client = use(FlagshipProvider(ttl=0))
    for _ in range(3):
        assert details_of(client, "boolean", "true").value is True
    assert len(platform.decisions) == 3


def test_after_its_time_to_live_a_visitor_gets_new_flags(started, use, platform):
    client = use(FlagshipProvider(ttl=0.05))
    assert details_of(client, "string", "text").value == "red"
    platform.set_bucketing({"campaigns": [everybody("values", ("blue", 100, {"text": "blue"}))]})
    assert eventually(lambda: details_of(client, "string", "text").value == "blue")


def test_the_visitors_that_are_kept_are_bounded(started, use, platform):
    """The oldest go first."""
    client = use(FlagshipProvider(max_visitors=10, ttl=3600))
    for number in range(12):
        details_of(client, "boolean", "true", EvaluationContext("visitor-%d" % number))
    for number in (11, 0):
        details_of(client, "boolean", "true", EvaluationContext("visitor-%d" % number))
    assert [each["visitorId"] for each in platform.decisions[12:]] == ["visitor-0"]


def test_nothing_is_activated_unless_asked(client, platform):
    for key in VALUES:
        details_of(client, "object", key)
    assert not platform.activations


@pytest.mark.parametrize("activate, keys", [
    (True, ["true", "null", "true"]), (["true", "text"], ["true", "true"]), ((), []),
    (frozenset(["null"]), ["null"])])
def test_what_is_evaluated_is_activated_where_asked(started, use, platform, activate, keys):
    """Each time; null too, and never what was an error."""
    client = use(FlagshipProvider(activate=activate))
    for key in ("true", "null", "text", "no such flag", "true"):
        details_of(client, "boolean", key)
    details_of(client, "boolean", "true", None)
    assert [each["vid"] for each in platform.activations] == ["ann"] * len(keys)
    assert all(each["vaid"] == "values-on" for each in platform.activations)


def test_a_start_of_the_application_s_own_is_waited_for(use, platform, options):
    """The provider is not ready before, and says so with a code; afterwards its first visitor makes
    it ready."""
    client = use(FlagshipProvider(ttl=0))
    assert client.get_provider_status() is ProviderStatus.ERROR
    found = details_of(client, "boolean", "true")
    assert (found.value, found.error_code, found.reason) == (
        True, ErrorCode.PROVIDER_NOT_READY, Reason.ERROR)
    with Flagship.instance() as flagship:
        flagship.start(platform.env_id, platform.api_key, Config(**options))
        assert details_of(client, "boolean", "false").value is False
        assert client.get_provider_status() is ProviderStatus.READY


def test_the_application_s_start_outlives_the_provider(started, use):
    use(FlagshipProvider())
    api.shutdown()
    assert started.is_flagship_started()


@pytest.mark.parametrize("mode", list(Config.Mode), ids=lambda mode: mode.name)
def test_with_credentials_the_provider_starts_and_closes_the_sdk(use, platform, options, mode):
    """And may be set again after it was shut down."""
    provider = FlagshipProvider(platform.env_id, platform.api_key, Config(mode=mode, **options))
    assert not Flagship.instance().is_flagship_started()
    for _ in range(2):
        client = use(provider)
        assert client.get_provider_status() is ProviderStatus.READY
        assert details_of(client, "integer", "integer").value == 10
        assert details_of(client, "string", "lounge",
                          EvaluationContext("ann", {"vip": True})).value == "open"
        api.shutdown()
        assert not Flagship.instance().is_flagship_started()
        found = provider.resolve_boolean_details("true", False, ANN)
        assert (found.value, found.error_code) == (False, ErrorCode.PROVIDER_NOT_READY)


@pytest.mark.parametrize("changed", [{}, {"timeout": 1}], ids=["the same", "others"])
def test_a_start_of_the_application_s_after_the_provider_s_is_not_closed(
        use, platform, options, changed):
    use(FlagshipProvider(platform.env_id, platform.api_key, Config(**options)))
    with Flagship.instance() as flagship:
        flagship.start(platform.env_id, platform.api_key, Config(**dict(options, **changed)))
        api.shutdown()
        assert flagship.is_flagship_started()


def test_a_restart_leaves_no_flag_of_the_old_start(client, platform, options, started):
    """With other options the next evaluation decides anew; with the same nothing is asked again."""
    assert details_of(client, "boolean", "true").value is True
    for changed, decisions in (({}, 1), ({"timeout": 1}, 2), ({"timeout": 1}, 2)):
        started.start(platform.env_id, platform.api_key, Config(**dict(options, **changed)))
        assert details_of(client, "boolean", "false").value is False
        assert len(platform.decisions) == decisions


@pytest.mark.parametrize("catch", [False, True])
def test_options_that_cannot_work_are_fatal(use, platform, options, catch):
    options.update(session=lambda: "no session", event_handler=Log(catch_all_exceptions=catch))
    client = use(FlagshipProvider(platform.env_id, platform.api_key, Config(**options)))
    assert client.get_provider_status() is ProviderStatus.FATAL
    assert details_of(client, "integer", "integer").value == 7


def test_without_a_bucketing_file_it_is_not_ready_until_there_is_one(use, platform, options):
    platform.misbehave("bucketing", status=503)
    client = use(FlagshipProvider(platform.env_id, platform.api_key, Config(
        mode=Config.Mode.BUCKETING, polling_interval=0.05, **options), ttl=0))
    assert client.get_provider_status() is ProviderStatus.ERROR
    assert details_of(client, "boolean", "false").error_code is ErrorCode.GENERAL
    platform.behave()
    assert eventually(lambda: details_of(client, "boolean", "false").value is False)
    assert client.get_provider_status() is ProviderStatus.READY


def heard(provider):
    """The names of what the provider tells OpenFeature, in order."""
    events = []
    provider.attach(
        lambda source, event, details: events.append((event.value, bool(details.message))))
    return events


def test_an_outage_gives_what_the_visitor_had_and_else_the_default(started, platform):
    """STALE or an error, one event for each change for the worse, and READY when it is over."""
    provider = FlagshipProvider(ttl=0.02)
    events = heard(provider)

    def resolved(visitor_id):
        found = provider.resolve_string_details("text", "default", EvaluationContext(visitor_id))
        return found.value, found.reason, found.error_code

    assert resolved("ann") == ("red", Reason.TARGETING_MATCH, None) and not events
    platform.misbehave("campaigns", status=503)
    assert eventually(lambda: resolved("ann") == ("red", Reason.STALE, None))
    assert resolved("bob") == ("default", Reason.ERROR, ErrorCode.GENERAL)
    time.sleep(0.03)  # so that it is asked for again
    assert resolved("ann") == ("red", Reason.STALE, None)
    platform.behave()
    assert eventually(lambda: resolved("bob") == ("red", Reason.TARGETING_MATCH, None), 40)
    assert eventually(lambda: resolved("ann") == ("red", Reason.TARGETING_MATCH, None), 40)
    assert events == [("PROVIDER_STALE", True), ("PROVIDER_ERROR", True), ("PROVIDER_READY", False)]


def test_a_page_waits_once_for_a_platform_that_does_not_answer(client, platform):
    """A synchronisation that failed is not tried again at each of the page's flags."""
    platform.misbehave("campaigns", status=503)
    for key in VALUES:
        assert details_of(client, "boolean", key).error_code is ErrorCode.GENERAL
    assert len([each for each in platform.requests if each.endpoint == "campaigns"]) == 1


def test_panic_disables_every_flag_and_is_no_error(started, platform):
    provider = FlagshipProvider(ttl=0.02)
    events = heard(provider)
    assert provider.resolve_boolean_details("false", True, ANN).value is False
    platform.panic = True
    assert eventually(lambda: provider.resolve_boolean_details("false", True, ANN).reason
                      == Reason.DISABLED)
    for context in (ANN, EvaluationContext("bob")):
        found = provider.resolve_boolean_details("false", True, context)
        assert (found.value, found.reason, found.error_code, found.variant) == (
            True, Reason.DISABLED, None, None)
    platform.panic = False
    assert eventually(lambda: provider.resolve_boolean_details("false", True, ANN).value is False)
    assert not events


@pytest.mark.parametrize("consent, is_sent, error", [
    (True, True, None), (False, False, None), (None, False, None),
    ("yes", False, ErrorCode.INVALID_CONTEXT)], ids=repr)
def test_consent_is_an_attribute(started, use, platform, consent, is_sent, error):
    """Without it the flag is the same, and nothing is activated, reported or tracked; the other
    visitors that are kept have consents of their own."""
    client = use(FlagshipProvider(activate=True))
    details_of(client, "boolean", "true")
    platform.clear()
    context = EvaluationContext("ann", {"fs_consent": consent})
    details = details_of(client, "boolean", "true", context)
    assert details.error_code is error and (error or details.value is True)
    if hasattr(client, "track"):
        client.track("add-to-cart", context)
        assert len(platform.hits) == is_sent
    assert len(platform.activations) == is_sent
    assert [each.endpoint for each in platform.requests].count("events") == is_sent
    assert all("fs_consent" not in each["context"] for each in platform.decisions)


@tracks
@pytest.mark.parametrize("value, attributes, sent", [
    (None, {}, {}),
    (3, {"label": "trail-42", "category": "User Engagement"},
     {"ev": 3, "el": "trail-42", "ec": "User Engagement"}),
    (3.0, {}, {"ev": 3}),
    (99.77, {"currency": "EUR", "label": 5, "category": "x"}, {}),
    (0, {}, {}), (True, {}, {}),
])
def test_tracking_is_an_event_hit(client, platform, log, value, attributes, sent):
    """What an Event has no place for is left out, with a line; nothing is decided."""
    client.track("add-to-cart", EvaluationContext("ann", {"vip": True}),
                 TrackingEventDetails(value, attributes))
    hit, = platform.hits
    assert {key: hit[key] for key in hit if key not in ("cid", "ds")} == dict(
        {"t": "EVENT", "vid": "ann", "ec": "Action Tracking", "ea": "add-to-cart"}, **sent)
    assert not platform.decisions
    left_out = [line for line in log.at(logging.WARNING) if "left out of the event" in line]
    assert len(left_out) == (len(attributes) + (value is not None) > len(sent))


@tracks
def test_tracking_needs_no_details(client, platform):
    client.track("add-to-cart", ANN)
    assert [(hit["vid"], hit["ea"]) for hit in platform.hits] == [("ann", "add-to-cart")]


@tracks
def test_what_cannot_be_tracked_is_a_log_line(client, platform, log, started):
    client.track("add-to-cart")
    client.track("add-to-cart", EvaluationContext(5))
    started.close()
    client.track("add-to-cart", ANN)
    assert not platform.hits
    lines = [line for line in log.at(logging.ERROR)
             if line.startswith("[openfeature] track: not sent")]
    assert len(lines) == 3  # the handler hears of what is called after the close, too


@tracks
def test_what_is_too_long_to_be_tracked_is_cut(client, platform, log):
    client.track("a" * 501, ANN, TrackingEventDetails(None, {"label": "b" * 501}))
    assert [(hit["ea"], hit["el"]) for hit in platform.hits] == [("a" * 500, "b" * 500)]
    assert [line for line in log.at(logging.WARNING) if "cut to 500 bytes" in line]


@slow
def test_threads_get_whole_answers(started, use, platform):
    def work(name):
        for number in range(60):
            found = details_of(client, "integer", "integer",
                               EvaluationContext("%s-%d" % (name, number % 7)))
            seen.append((found.value, found.error_code))

    client, seen = use(FlagshipProvider(ttl=0.01, max_visitors=5)), []
    threads = [threading.Thread(target=work, args=("visitor-%d" % number,)) for number in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert set(seen) == {(10, None)} and len(seen) == 360


def test_chosen_flags_reach_the_provider_that_a_test_sets_or_has_set(client):
    """flagship.testing works behind OpenFeature, whatever visitors it keeps."""
    assert details_of(client, "string", "text").value == "red"
    with flagship_flags({"text": "blue"}) as sent:
        assert details_of(client, "string", "text").value == "blue"
    assert details_of(client, "string", "text").value == "red"
    assert [each.visitor_id for each in sent.context_events] == ["ann"]


@pytest.mark.parametrize("arguments, error, named", [
    ({"env_id": "env"}, TypingError, "api_key"), ({"api_key": "key"}, TypingError, "env_id"),
    ({"config": Config()}, TypingError, "env_id"),
    ({"env_id": "", "api_key": "key"}, ParamError, "env_id"),
    ({"env_id": "env", "api_key": "key", "config": {}}, TypingError, "config"),
    ({"activate": "true"}, TypingError, "activate"), ({"activate": [5]}, TypingError, "activate"),
    ({"ttl": "1"}, TypingError, "ttl"), ({"ttl": -1}, ParamError, "ttl"),
    ({"ttl": 3601}, ParamError, "ttl"),
    ({"ttl": True}, TypingError, "ttl"), ({"max_visitors": 0}, ParamError, "max_visitors"),
    ({"max_visitors": 1.5}, TypingError, "max_visitors"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_mistake_in_an_argument_is_named(arguments, error, named):
    with pytest.raises(error) as raised:
        FlagshipProvider(**arguments)
    assert raised.value.parameter == named
    assert raised.value.message.startswith("FlagshipProvider: " + named)
