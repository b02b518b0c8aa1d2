# -*- coding: utf-8 -*-
"""A visitor in API mode, over real sockets: what it is given, and what goes on the wire, compared
whole."""
from __future__ import unicode_literals

import json
import logging
import threading
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagship import Config, Flagship, __version__
from flagship.errors import InitializationError
from flagship.helpers.hits import Event, EventCategory, Page
from flagship.helpers.preset_context import PresetContext
from flagship.visitor import FlagshipVisitor, Visitor
from tests.support import everybody, slow

PAGE = Page("https://shop.example/cart")


def sent(emulator, endpoint):
    """The requests of one endpoint so far."""
    return [request for request in emulator.requests if request.endpoint == endpoint]


def is_uuid4(text):
    return str(uuid.UUID(text, version=4)) == text


def test_campaigns_request(emulator, start):
    """The campaigns request is exactly platform.md's, header by header."""
    visitor = start().create_visitor(
        "ann", context={"vip": True, "age": 31, "score": 0.5, "country": "é"})
    visitor.update_context(
        {"fs_secret": "x", PresetContext.FS_USERS: "y", PresetContext.DEVICE_TYPE: "mobile"})
    assert visitor.synchronize_modifications() == (True, "")
    campaigns, events = emulator.requests
    assert (campaigns.method, campaigns.path) == (
        "POST", "/v2/env/campaigns/?exposeAllKeys=true&sendContextEvent=false")
    assert campaigns.json() == {"visitorId": "ann", "trigger_hit": False, "context": {
        "vip": True, "age": 31, "score": 0.5, "country": "é", "sdk_deviceType": "mobile"}}
    headers = campaigns.headers
    assert {name: headers[name]
            for name in ("x-api-key", "x-sdk-client", "x-sdk-version", "content-type")} == {
        "x-api-key": "key", "x-sdk-client": "python", "x-sdk-version": __version__,
        "content-type": "application/json"}
    assert set(headers) == {"x-api-key", "x-sdk-client", "x-sdk-version", "content-type",
                            "content-length", "host",
                            "accept", "accept-encoding", "connection", "user-agent"}


def test_context_event(emulator, start):
    """One context event follows each synchronisation, without API key and without keys that begin
    with fs_."""
    visitor = start().create_visitor("ann", context={"vip": True, "fs_secret": 1})
    visitor.synchronize_modifications()
    event = emulator.requests[1]
    assert (event.method, event.path) == ("POST", "/v2/env/events")
    assert event.json() == {"type": "CONTEXT", "visitorId": "ann", "data": {"vip": True}}
    assert (event.headers["x-sdk-client"], event.headers["x-sdk-version"]) == (
        "python", __version__)
    assert "x-api-key" not in event.headers
    assert len(emulator.requests) == 2


def test_activation(emulator, visitor):
    visitor = visitor("ann")
    emulator.clear()
    assert visitor.activate_modification("cta-color") == (True, "204")
    request, = emulator.requests
    info = visitor.get_modification_info("cta-color")
    assert (request.method, request.path) == ("POST", "/v2/activate")
    assert request.json() == {"cid": "env", "caid": info["variationGroupId"],
                              "vaid": info["variationId"],
                              "vid": "ann"}
    assert (request.headers["x-sdk-client"], request.headers["x-sdk-version"]) == (
        "python", __version__)
    assert "x-api-key" not in request.headers


def test_hit_request(emulator, visitor):
    visitor = visitor("ann")
    emulator.clear()
    assert visitor.send_hit(PAGE) == (True, "200")
    request, = emulator.requests
    assert (request.method, request.path) == ("POST", "/collect/")
    assert request.json() == {"cid": "env", "vid": "ann", "ds": "APP", "t": "PAGEVIEW",
                              "dl": "https://shop.example/cart"}
    assert not [name for name in request.headers if name.startswith("x-")]


@pytest.mark.parametrize("authenticated", [False, True])
def test_identity_on_the_wire(emulator, start, authenticated):
    """Each body carries the ids of platform.md's table, before and after logging in and out."""
    visitor = start().create_visitor("ann", authenticated)
    anonymous = visitor.anonymous_id
    assert (anonymous is not None) == authenticated and (not authenticated or is_uuid4(anonymous))

    def check(visitor_id, anonymous_id):
        assert (visitor.visitor_id, visitor.anonymous_id) == (visitor_id, anonymous_id)
        emulator.clear()
        visitor.synchronize_modifications()
        visitor.activate_modification("cta-color")
        visitor.send_hit(PAGE)
        decision, event, activation, hit = [request.json() for request in emulator.requests]
        assert (decision["visitorId"], decision.get("anonymousId")) == (visitor_id, anonymous_id)
        assert event["visitorId"] == visitor_id
        assert (activation["vid"], activation.get("aid")) == (visitor_id, anonymous_id)
        assert (hit["vid"], hit.get("cuid")) == (
            (visitor_id, None) if anonymous_id is None else (anonymous_id, visitor_id))
        assert ("anonymousId" in decision, "aid" in activation, "cuid" in hit) == (
            anonymous_id is not None,) * 3
    check("ann", anonymous)
    visitor.authenticate("ann@shop")
    check("ann@shop", anonymous or "ann")
    visitor.authenticate("ann@work")
    check("ann@work", anonymous or "ann")
    visitor.unauthenticate()
    check(anonymous or "ann", None)


def test_authenticate_replaces_the_context(emulator, start):
    """A context, when given, replaces the user's; a bad pair in it is refused alone; None keeps the
    present one."""
    visitor = start().create_visitor("ann", context={"a": 1})
    visitor.authenticate("bob")
    assert visitor.get_context() == {"a": 1}
    visitor.authenticate("bob", {"b": 2, "bad": None})
    assert visitor.get_context() == {"b": 2}
    visitor.unauthenticate({"c": 3}, synchronize=True)
    assert visitor.get_context() == {"c": 3}
    assert [body["visitorId"] for body in emulator.decisions] == ["ann"]
    visitor.authenticate("bob", {}, True)
    assert visitor.get_context() == {} and emulator.decisions[-1]["context"] == {}


def test_experience_continuity(start):
    """A visitor that logs in keeps the variations that it had while anonymous."""
    flagship = start()
    for place in range(20):
        visitor = flagship.create_visitor("anonymous-%d" % place)
        visitor.synchronize_modifications()
        color = visitor.get_modification("cta-color", None)
        visitor.authenticate("user-%d" % place, synchronize=True)
        assert visitor.get_modification("cta-color", None) == color


def test_unauthenticate_an_anonymous_visitor(visitor, log):
    """It is ignored with a warning, and changes nothing."""
    visitor = visitor("ann", context={"a": 1})
    visitor.unauthenticate({"b": 1})
    assert (visitor.visitor_id, visitor.anonymous_id, visitor.get_context()) == (
        "ann", None, {"a": 1})
    assert len(log.at(logging.WARNING)) == 1


@pytest.mark.parametrize("visitor_id", [None, ""])
def test_no_id_gets_a_uuid4(start, visitor_id):
    flagship = start()
    ids = {flagship.create_visitor(visitor_id).visitor_id for _ in range(100)}
    assert len(ids) == 100 and all(is_uuid4(each) for each in ids)


def test_creating_a_visitor_sends_nothing(emulator, start):
    visitor = start().create_visitor("ann", True, {"a": 1})
    assert emulator.requests == [] and emulator.connections == 0
    assert isinstance(visitor, Visitor) and FlagshipVisitor is Visitor


def test_get_modification(emulator, visitor):
    """Values come back as the platform gave them, whatever the default's type, without any
    request."""
    visitor = visitor("ann", context={"vip": True, "country": "fr"})
    emulator.clear()
    assert visitor.get_modification("discount", "text") == 20
    assert visitor.get_modification("free", 0) is True
    assert visitor.get_modification("delivery", None) == "écologique"
    assert visitor.get_modification("banner", []) == {"title": "Merci", "lines": ["a", "b"]}
    assert visitor.get_modification("cta-size", 1) in (12, 14.5)
    for default in ("text", "", True, 1, 1.5, {"a": 1}, [1], None, float("nan")):
        assert visitor.get_modification("unknown", default) is default
        assert visitor.get_modification("cta-hint", default) is default
    assert emulator.requests == []


def test_get_modification_on_python_2_text(visitor):
    """A key may be a native string on every Python."""
    assert visitor("ann").get_modification(str("cta-color"), str("none")) in ("blue", "red")
    assert visitor("ann").get_modification_info(str("cta-color"))["campaignId"] == "cta"


def test_a_value_is_the_callers_to_change(visitor):
    visitor = visitor("ann", context={"vip": True})
    visitor.get_modification("banner", {})["lines"].append("c")
    visitor.modifications["banner"].value["title"] = "changed"
    visitor.get_modification_with_results("banner", {})[0].clear()
    assert visitor.get_modification("banner", {}) == {"title": "Merci", "lines": ["a", "b"]}


@pytest.mark.parametrize("value", [[[1]], [{"a": 1}], {"a": [[1]]}, {"a": [{"b": [1]}]}], ids=repr)
def test_a_value_is_the_callers_to_change_however_deep(emulator, visitor, value):
    def change(part):
        for each in part.values() if isinstance(part, dict) else part:
            if isinstance(each, (dict, list)):
                change(each)
        part.clear() if isinstance(part, dict) else part.append("changed")

    emulator.set_bucketing({"campaigns": [everybody("c", ("v", 100, {"flag": value}))]})
    visitor = visitor("ann")
    change(visitor.get_modification("flag", None))
    assert visitor.get_modification("flag", None) == value


def test_get_modification_with_results(emulator, visitor):
    visitor = visitor("ann", context={"vip": True})
    emulator.clear()
    assert visitor.get_modification_with_results("discount", 0) == (20, True, "", None)
    assert visitor.get_modification_with_results("cta-hint", "x") == ("x", True, "", None)
    value, success, log, activation = visitor.get_modification_with_results("unknown", "x", True)
    assert (value, success, activation) == ("x", False, None) and "unknown" in log
    assert emulator.requests == []
    assert visitor.get_modification_with_results("discount", 0, activate=True) == (
        20, True, "", (True, "204"))
    assert visitor.get_modification_with_results("cta-hint", "x", True) == (
        "x", True, "", (True, "204"))
    assert len(emulator.activations) == 2


def test_get_modification_activates(emulator, visitor):
    """activate=True sends one activation, for a null value too, and none for a key that is
    unknown."""
    visitor = visitor("ann")
    assert visitor.get_modification("cta-hint", "x", activate=True) == "x"
    assert visitor.get_modification("unknown", "x", True) == "x"
    assert [each["caid"] for each in emulator.activations] == ["cta-all"]


def test_get_modification_info(visitor):
    visitor = visitor("ann", context={"vip": True, "country": "fr"})
    assert visitor.get_modification_info("discount") == {
        "campaignId": "vip", "variationGroupId": "vip-gold", "variationId": "vip-on",
        "isReference": False}
    assert visitor.get_modification_info("delivery")["isReference"] is True
    assert visitor.get_modification_info("unknown") is None


def test_activate_unknown_key(emulator, visitor):
    success, log = visitor("ann").activate_modification("unknown")
    assert success is False and "unknown" in log and emulator.activations == []


def test_modifications(visitor):
    """The present set is a read-only mapping to objects with the documented facts."""
    visitor = visitor("ann", context={"vip": True})
    assert set(visitor.modifications) == {"cta-color", "cta-size", "cta-hint", "discount", "banner",
                                          "free"}
    flag = visitor.modifications["discount"]
    assert (flag.key, flag.value, flag.campaign_id, flag.variation_group_id, flag.variation_id,
            flag.reference) == (
        "discount", 20, "vip", "vip-gold", "vip-on", False)
    with pytest.raises(TypeError):
        visitor.modifications["discount"] = 1
    for name in ("value", "key", "anything"):
        with pytest.raises(AttributeError):
            setattr(flag, name, 1)


@pytest.mark.parametrize("name", ["visitor_id", "anonymous_id", "modifications"])
def test_properties_are_read_only(visitor, name):
    with pytest.raises(AttributeError):
        setattr(visitor(), name, "x")


def test_context(emulator, start):
    """get_context is a copy of the user's own context; preset keys are absent until set and never
    shown."""
    given = {"a": 1}
    visitor = start().create_visitor("ann", context=given)
    visitor.get_context()["b"] = given["c"] = 2
    assert visitor.get_context() == {"a": 1}
    assert visitor.update_context((PresetContext.LOCATION_CITY, "Lyon")) == (
        (("sdk_city", True, "", None),), None)
    assert visitor.update_context({"a": 2}) == ((("a", True, "", None),), None)
    assert visitor.get_context() == {"a": 2}
    visitor.synchronize_modifications()
    assert emulator.decisions[0]["context"] == {"a": 2, "sdk_city": "Lyon"}


class Cart(object):
    """Has ``items`` that are no pairs."""

    def items(self):
        return ["socks", 5, ("size", "XL", 1), ["plan", "gold"]]


class RaisingTuple(tuple):
    def __len__(self):
        raise ValueError("no length")

    __getitem__ = __len__


@pytest.mark.parametrize("context, kept, keys", [
    (Cart(), {"plan": "gold"}, ["socks", 5, "size", "plan"]),
    (RaisingTuple(["plan", "gold"]), {}, [])], ids=["no pairs", "raises"])
def test_a_context_without_pairs(start, log, context, kept, keys):
    """Each of its parts that is no pair is rejected individually, and no call raises."""
    assert start().create_visitor("ann", context=context).get_context() == kept
    visitor = start().create_visitor("ann", context={"a": 1})
    del log.lines[:]
    results, _ = visitor.update_context(context)
    assert [(key, success) for key, success, _, _ in results] == [
        (key, key == "plan") for key in keys]
    assert visitor.get_context() == dict(kept, a=1) and log.at(logging.ERROR)


def test_update_context_synchronizes(emulator, start):
    visitor = start().create_visitor("ann")
    assert visitor.update_context({"vip": True}, True) == ((("vip", True, "", None),), (True, ""))
    assert visitor.get_modification("discount", 0) == 20
    assert visitor.update_context(("vip", False), synchronize=True)[1] == (True, "")
    assert visitor.get_modification("discount", 0) == 0
    assert len(emulator.decisions) == 2


def test_a_campaign_that_is_gone_leaves_nothing(emulator, visitor):
    visitor = visitor("ann", context={"vip": True})
    emulator.set_bucketing({"campaigns": []})
    assert visitor.synchronize_modifications() == (True, "")
    assert dict(visitor.modifications) == {} and visitor.get_modification("discount", 0) == 0


@pytest.mark.parametrize("fault", [
    {"status": 500}, {"status": 400}, {"status": 401}, {"status": 304}, {"body": ""},
    {"body": "<html>"},
    {"body": "[]"}, {"body": "{}"}, {"body": '{"campaigns": {}}'}, {"body": '{"campaigns": null}'},
    {"body": "null"},
    {"body": b"\xff\xfe{}"}, {"body": "[" * 100000}, {"body": '{"campaigns": [NaN]}'},
    {"reset": "before"},
    {"reset": "inside"}, {"truncate": True}, {"hang": True}, {"drip": 0.02},
    {"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}], ids=repr)
def test_failed_synchronisation(emulator, visitor, log, fault):
    """A synchronisation that fails says why, once, and leaves the visitor as it was; the next one
    succeeds."""
    visitor = visitor("ann", context={"vip": True}, timeout=0.3)
    before = dict(visitor.modifications)
    emulator.clear()
    del log.lines[:]
    emulator.misbehave("campaigns", **fault)
    success, reason = visitor.synchronize_modifications()
    assert success is False and "campaigns" in reason
    assert log.at(logging.WARNING) == [reason]
    assert dict(visitor.modifications) == before and visitor.get_modification("discount", 0) == 20
    assert not [request for request in emulator.requests if request.endpoint == "events"]
    emulator.behave()
    assert visitor.synchronize_modifications() == (True, "")


@pytest.mark.parametrize("bad", [
    "x", None, {}, {"id": "c"}, {"id": "c", "variationGroupId": "g"},
    {"id": "c", "variationGroupId": "g", "variation": None},
    {"id": "c", "variationGroupId": "g", "variation": {"id": "v", "modifications": {"value": []}}},
    {"id": "c", "variationGroupId": "g", "variation": {"id": "v", "modifications": []}},
], ids=repr)
def test_malformed_campaign_in_an_answer(emulator, start, log, bad):
    """A malformed campaign is skipped with a log line; the others stay."""
    good = {"id": "c", "variationGroupId": "g", "variation": {
        "id": "v", "modifications": {"type": "HOLOGRAM", "value": {"flag": [1]}}}, "new": 1}
    emulator.misbehave(
        "campaigns", body=json.dumps({"campaigns": [bad, good], "visitorId": "ann", "new": {}}))
    visitor = start().create_visitor("ann")
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.get_modification("flag", 0) == [1]
    assert visitor.get_modification_info("flag")["isReference"] is False
    assert len(log.at(logging.WARNING)) == 1


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False),
              st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.one_of(
        st.sampled_from(
            ["campaigns", "id", "variationGroupId", "variation", "modifications", "value",
             "panic"]),
        st.text(max_size=3)), inner, max_size=5)), max_leaves=10)
CAMPAIGN = st.fixed_dictionaries(
    {"id": JSON, "variationGroupId": st.just("g"), "variation": st.fixed_dictionaries({
        "id": st.just("v"), "reference": JSON,
        "modifications": st.fixed_dictionaries({"value": JSON})})})


@slow
def test_any_json_is_an_answer_or_refused(emulator, visitor):
    """Whatever JSON comes, the synchronisation says whether it took it; reading what came of it
    never raises."""
    visitor = visitor("ann", circuit_breaker=False)

    @settings(max_examples=150, deadline=None)
    @given(answer=st.one_of(
        JSON, st.fixed_dictionaries({"campaigns": st.lists(CAMPAIGN, max_size=3)})))
    def law(answer):
        emulator.misbehave("campaigns", body=json.dumps(answer))
        success, log = visitor.synchronize_modifications()
        assert success or "campaigns" in log or "panic" in log
        for key, flag in visitor.modifications.items():
            assert flag.key == key
            assert visitor.get_modification_info(key)["variationId"] == flag.variation_id
            visitor.get_modification(key, None)
    law()


@pytest.mark.parametrize("endpoint", ["events", "activate", "hit"])
@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 400}, {"status": 304}, {"reset": "before"},
              {"hang": True}], ids=repr)
def test_failed_tracking(emulator, visitor, log, endpoint, fault):
    """A context event, activation or hit that fails is (False, reason) and one log line, never an
    exception."""
    visitor = visitor("ann", timeout=0.3)
    del log.lines[:]
    emulator.misbehave(endpoint, **fault)
    if endpoint == "events":
        assert visitor.synchronize_modifications() == (True, "")
    else:
        success, reason = (visitor.activate_modification("cta-color") if endpoint == "activate"
                           else visitor.send_hit(PAGE))
        assert success is False and endpoint in reason
    line, = log.at(logging.WARNING)
    assert endpoint in line and "ann" not in line and "key" not in line
    emulator.behave()
    assert visitor.activate_modification("cta-color")[0] and visitor.send_hit(PAGE)[0]


def test_refused_connection(emulator, start):
    visitor = start().create_visitor("ann")
    emulator.stop()
    for success, reason in (visitor.synchronize_modifications(), visitor.send_hit(PAGE)):
        assert success is False and "refused" in reason


def test_unknown_host(start):
    """A name that does not resolve fails like any other network error."""
    visitor = start(decision_api_url="http://flagship.invalid/v2").create_visitor("ann")
    success, reason = visitor.synchronize_modifications()
    assert success is False and "campaigns" in reason


def test_panic_in_and_out(emulator, start, log):
    """Panic hides every visitor's flags and sends nothing but synchronisations; its end brings them
    back."""
    flagship = start()
    ann, bob = flagship.create_visitor("ann", context={"vip": True}), flagship.create_visitor("bob")
    ann.synchronize_modifications()
    del log.lines[:]
    emulator.panic = True
    for _ in range(3):
        success, reason = bob.synchronize_modifications()
        assert success is False and "panic" in reason
    emulator.clear()
    assert dict(ann.modifications) == {}
    assert ann.get_modification("discount", 0) == 0
    assert ann.get_modification("discount", 0, True) == 0
    value, success, reason, activation = ann.get_modification_with_results("discount", 0, True)
    assert (value, success, activation) == (0, False, None) and "panic" in reason
    assert ann.get_modification_info("discount") is None
    for success, reason in (ann.activate_modification("discount"), ann.send_hit(PAGE)):
        assert success is False and "panic" in reason
    assert ann.update_context({"plan": "gold"})[0] == (("plan", True, "", None),)
    ann.authenticate("ann@shop")
    assert emulator.requests == []
    emulator.panic = False
    assert bob.synchronize_modifications() == (True, "")
    assert ann.get_modification("discount", 0) == 20
    assert (ann.visitor_id, ann.get_context()) == ("ann@shop", {"vip": True, "plan": "gold"})
    begins, ends = [line for line in log.at(logging.WARNING) if "panic" in line]
    assert "The platform is in panic" in begins and "panic has ended" in ends


@pytest.mark.parametrize("body, is_panic", [
    ('{"panic": true}', True), ('{"panic": true, "campaigns": null}', True),
    ('{"panic": true, "campaigns": []}', True), ('{"panic": true, "campaigns": {}}', False),
    ('{"panic": 1, "campaigns": []}', False), ('{"panic": false}', False), ("{}", False)])
def test_what_an_answer_in_panic_may_leave_out(emulator, start, body, is_panic):
    """Its campaigns; what is no answer otherwise is none in panic either."""
    flagship = start()
    emulator.misbehave("campaigns", body=body)
    success, reason = flagship.create_visitor("ann").synchronize_modifications()
    assert flagship.status.panic is is_panic
    assert success is ("[]" in body and not is_panic) and ("in panic" in reason) is is_panic


def test_panic_is_forgotten_at_a_start_with_other_options(emulator, start):
    """A panic is the platform's that ran before; a start that says the same goes on with it."""
    emulator.panic = True
    visitor = start().create_visitor("ann")
    visitor.synchronize_modifications()
    emulator.panic = False
    assert start(again=True).status.panic and visitor.send_hit(PAGE)[0] is False
    assert not start(again=True, timeout=1).status.panic and visitor.send_hit(PAGE) == (True, "200")


def test_after_close(emulator, visitor):
    """Visitors that are still held give neutral results and send nothing."""
    visitor = visitor("ann", context={"vip": True})
    flagship = Flagship.instance()
    flagship.close()
    flagship.close()
    assert flagship.is_flagship_started() is False
    with pytest.raises(InitializationError):
        flagship.create_visitor("ann")
    emulator.clear()
    assert visitor.get_modification("discount", 0, True) == 0
    assert visitor.get_modification_info("discount") is None
    assert dict(visitor.modifications) == {}
    for success, reason in (visitor.synchronize_modifications(),
                            visitor.activate_modification("discount"),
                            visitor.send_hit(PAGE)):
        assert success is False and "closed" in reason
    visitor.update_context({"a": 1}, True)
    visitor.authenticate("bob", synchronize=True)
    assert visitor.visitor_id == "bob" and emulator.requests == []


def test_before_start():
    assert Flagship.instance().is_flagship_started() is False
    with pytest.raises(InitializationError):
        Flagship.instance().create_visitor()


def test_visitors_outlive_a_second_start(emulator, start):
    """Whether it says the same or not."""
    flagship = start()
    held = flagship.create_visitor("ann")
    for options in ({}, {"timeout": 1}):
        assert start(again=True, **options) is flagship is Flagship.instance() is Flagship()
        for visitor in (held, flagship.create_visitor("ann")):
            assert visitor.synchronize_modifications() == (True, "")


def test_context_manager(emulator):
    with Flagship.instance() as flagship:
        assert flagship.start(emulator.env_id, emulator.api_key, Config(**emulator.urls)) is None
        assert flagship.is_flagship_started() is True
        assert (flagship.config.env_id, flagship.config.api_key) == ("env", "key")
        assert "'key'" not in repr(flagship.config)
    assert not flagship.is_flagship_started()


def test_api_mode_starts_no_thread(visitor):
    """And no request is made before a visitor synchronises."""
    before = set(threading.enumerate())
    visitor = visitor("ann")
    visitor.activate_modification("cta-color")
    visitor.send_hit(Event(EventCategory.ACTION_TRACKING, "buy"))
    named = [each.name for each in set(threading.enumerate()) - before]
    assert [name for name in named if not name.startswith("flagship-emulator")] == []


@slow
def test_no_torn_set(emulator, visitor):
    """A thread that reads during synchronisations sees one set or another, never a mix."""
    def file(version):
        return {"campaigns": [{"id": "c%d" % place, "variationGroups": [{
            "id": "g%d" % place, "targeting": {"targetingGroups": [{"targetings": [
                {"key": "fs_all_users", "operator": "EQUALS", "value": ""}]}]},
            "variations": [{"id": "v%d" % place, "allocation": 100, "modifications": {"value": {
                "flag%d" % place: version}}}]}]} for place in range(20)]}
    emulator.set_bucketing(file(0))
    visitor, ended, torn = visitor("ann"), threading.Event(), []

    def read():
        while not ended.is_set():
            present = visitor.modifications
            if len({present[key].value for key in list(present)}) != 1:
                torn.append(present)
    reader = threading.Thread(target=read)
    reader.start()
    try:
        for version in range(1, 30):
            emulator.set_bucketing(file(version))
            assert visitor.synchronize_modifications() == (True, "")
    finally:
        ended.set()
        reader.join()
    assert torn == []
