# -*- coding: utf-8 -*-
"""The emulator decides, accepts and answers as the Decision API and the vendor's own server do."""
from __future__ import unicode_literals

import io
import json

import mmh3
import pytest

from flagship import Config
from flagship.emulator import Emulator, _recent
from flagship.errors import FlagshipParsingError, TypingError
from tests.emulated import emulator, post, session  # noqa: F401
from tests.support import data, everybody

CAMPAIGNS = "/v2/env/campaigns/?exposeAllKeys=true"
KEY = {"x-api-key": "key"}
ACTIVATION = {"cid": "env", "caid": "g", "vaid": "v", "vid": "ann"}
EVENT = {"type": "CONTEXT", "visitorId": "ann", "data": {"vip": True}}
SELF_HOSTED = "/v2/campaigns?exposeAllKeys=true"


@pytest.fixture
def decide(emulator, post):
    """The answer to a visitor, with a file of these campaigns."""
    def decide(visitor_id="ann", path=CAMPAIGNS, **fields):
        answer = post(path, dict({"visitorId": visitor_id}, **fields), **KEY)
        assert answer.status_code == 200, answer.text
        return answer.json()
    return decide


def variations_of(answer):
    return [campaign["variation"]["id"] for campaign in answer["campaigns"]]


# What is accepted and what is refused.

@pytest.mark.parametrize("path", [CAMPAIGNS, SELF_HOSTED, "/v2/env/flags", "/v2/flags"])
@pytest.mark.parametrize("body", [
    {"visitorId": "v", "trigger_hit": False, "context": {}},
    {"visitorId": "v", "anonymousId": "a", "visitor_consent": True, "triggerHit": True},
    {"visitor_id": "v", "anonymous_id": None, "decision_group": "g", "format_response": False},
    {"visitorId": "v", "decisionGroup": "g", "formatResponse": True, "visitorConsent": False},
    {"visitorId": "v", "activate": False, "client_id": "c", "custom_visitor_id": "u"},
    {}, {"visitorId": ""}, {"visitorId": None}, {"visitorId": "v", "context": None},
    {"visitorId": "v", "context": {"nothing": None, "many": ["a", 1], "deep": {"a": {}}}},
    {"visitorId": "v", "context": {"half": "\ud800", "é": "€"}}], ids=json.dumps)
def test_bodies_of_every_sdk_are_accepted(emulator, post, path, body):
    assert post(path, body, **KEY).status_code == 200
    assert emulator.decisions == [body] and emulator.accepted["decisions"] == 1


@pytest.mark.parametrize("path", [CAMPAIGNS, SELF_HOSTED, "/v2/flags"])
@pytest.mark.parametrize("body, said", [
    (b"", "Must be a valid json"), (b"{", "Must be a valid json"), (b"[]", "not an object"),
    (b"\xff", "Must be a valid json"), (b"5", "not an object"), (b'{"a": NaN}', "NaN"),
    (b"[" * 100000, "too deep"), ({"new": 1}, 'unknown field "new"'),
    ({"visitorID": "v"}, 'unknown field "visitorID"'), ({"visitorId": 5}, "visitorId"),
    ({"visitorId": "\ud800"}, "visitorId"), ({"visitorId": "v", "visitor_id": "v"}, "duplicate"),
    ({"visitorId": "v", "context": []}, "context"), ({"visitorId": "v", "context": "a"}, "context"),
    ({"visitorId": "v", "anonymousId": 5}, "anonymousId"),
    ({"visitorId": "v", "trigger_hit": 1}, "trigger_hit")], ids=lambda value: repr(value)[:40])
def test_what_the_decision_api_refuses_is_said(emulator, post, path, body, said):
    answer = post(path, body, **KEY)
    assert answer.status_code == 400 and said in answer.json()["message"]
    assert emulator.decisions == [] and emulator.requests[0].status == 400


@pytest.mark.parametrize("path, headers, status", [
    (CAMPAIGNS, {}, 401), (CAMPAIGNS, {"x-api-key": "wrong"}, 401), ("/v2/env/flags", {}, 401),
    ("/v2/other/campaigns/", KEY, 401), ("/v2/other/flags", KEY, 401), (CAMPAIGNS, KEY, 200),
    ("/v2/env/campaigns", KEY, 200), ("/v2/env/campaigns/cta", KEY, 200),
    ("/v2/env/campaigns/cta/more", KEY, 404), ("/v2/env/nothing/", KEY, 404), ("/", KEY, 404),
    ("/v2", KEY, 404), ("/v2/", KEY, 404), ("/v2/env", KEY, 404), ("/v2/env/", KEY, 404),
    ("/v2/env/flags/cta", KEY, 404), ("/v2/campaigns", {}, 200), ("/v2/campaigns/cta", {}, 200),
    ("/v2/flags", {}, 200), ("/v2/flags/", {}, 200), ("/v2/events", {}, 404),
    ("/cdn/env/nothing.json", {}, 404), ("/cdn/env/bucketing.json", {}, 405)])
def test_addresses_and_keys(post, path, headers, status):
    """A self-hosted server has no environment in its paths, no key in its requests and no
    /events."""
    answer = post(path, {"visitorId": "ann"}, **headers)
    assert answer.status_code == status, answer.text
    assert status == 200 or answer.json()["message"]


@pytest.mark.parametrize("fields", [
    {}, {"aid": "x"}, {"aid": None}, {"qt": 12}, {"qt": "12"}, {"qa": True}, {"cvid": "x"}],
    ids=repr)
def test_activations_of_every_sdk_are_accepted(emulator, post, fields):
    """Alone, and in a batch, whose items may have the environment too."""
    activation = dict(ACTIVATION, **fields)
    item = {key: value for key, value in activation.items() if key != "cid"}
    assert post("/v2/activate", activation).status_code == 204
    assert post("/v2/activate", {"cid": "env", "batch": [item, activation]}).status_code == 204
    assert emulator.activations == [activation] * 3


@pytest.mark.parametrize("body, said", [
    ({}, ["caid", "cid", "vaid", "vid"]), (dict(ACTIVATION, vid=""), ["vid"]),
    (dict(ACTIVATION, vaid=None), ["vaid"]), (dict(ACTIVATION, aid=5), ["aid"]),
    (dict(ACTIVATION, cid="other"), ["other"]), (dict(ACTIVATION, new=1), ["unknown field", "new"]),
    (dict(ACTIVATION, qt=-1), ["qt"]), (dict(ACTIVATION, qt="soon"), ["qt"]), (b"x", ["json"]),
    ({"cid": "env", "batch": ["x"]}, ["batch"]), ({"cid": "env", "batch": None}, ["batch"]),
    ({"cid": "env", "batch": [{}]}, ["caid", "vaid", "vid"]), ({"batch": []}, ["cid"]),
    ({"cid": "other", "batch": []}, ["other"]), ({"cid": "env", "batch": [], "qt": 1}, ["qt"]),
    ({"cid": "env", "batch": [dict(ACTIVATION, cid="other")]}, ["other"]),
    ({"cid": "env", "batch": [ACTIVATION, dict(ACTIVATION, vid="")]}, ["vid"]),
    ({"cid": "env", "batch": [ACTIVATION] * 101}, ["100"])], ids=lambda value: repr(value)[:50])
def test_a_refused_activation_names_the_fields(emulator, post, body, said):
    answer = post("/v2/activate", body)
    assert answer.status_code == 400 and emulator.activations == []
    for each in said:
        assert each in answer.json()["message"]


@pytest.mark.parametrize("size", [0, 1, 100])
def test_batches_of_activations(emulator, post, size):
    """From none to a hundred."""
    item = {"vid": "a", "caid": "g", "vaid": "v"}
    assert post("/v2/activate", {"cid": "env", "batch": [item] * size}).status_code == 204
    assert emulator.activations == [dict(item, cid="env")] * size


@pytest.mark.parametrize("body, status", [
    (EVENT, 204), (dict(EVENT, data={"nothing": None, "many": []}), 204),
    ({"type": "CONTEXT", "visitor_id": "ann", "data": {}}, 204), (dict(EVENT, type="OTHER"), 400),
    ({"type": "CONTEXT", "data": {}}, 400), (dict(EVENT, data=None), 400),
    (dict(EVENT, data=[]), 400), (dict(EVENT, new=1), 400), (b"x", 400)], ids=repr)
def test_context_events(emulator, post, body, status):
    answer = post("/v2/env/events", body)
    assert answer.status_code == status and emulator.segments == []
    assert emulator.context_events == ([body] if status == 204 else [])
    assert status == 204 or answer.json()["message"]
    assert post("/v2/other/events", EVENT).status_code == 401


# What is answered.

def test_the_answer_is_complete(emulator, decide):
    """With the names that the file has, and nothing that it leaves out."""
    answer = decide(context={"vip": True})
    assert set(answer) == {"visitorId", "campaigns"} and answer["visitorId"] == "ann"
    first, vip = answer["campaigns"]
    assert (first["name"], first["slug"], first["variationGroupName"]) == (
        "Call to action", "call-to-action", "everybody")
    assert first["variation"]["name"] in ("blue", "red")
    assert vip == {
        "id": "vip", "variationGroupId": "vip-gold", "type": "perso", "variation": {
            "id": "vip-on", "reference": False, "modifications": {"type": "JSON", "value": {
                "discount": 20, "banner": {"title": "Merci", "lines": ["a", "b"]}, "free": True}}}}


@pytest.mark.parametrize("query, expected", [
    ("?exposeAllKeys=true", {"a": 1, "b": None, "c": None, "d": None}),
    ("?exposeAllKeys=false", {"a": 1}), ("", {"a": 1})])
def test_every_key_of_the_group_is_exposed_as_null(emulator, decide, query, expected):
    """Those of the variation's own that are null too; without exposeAllKeys neither is there."""
    campaign = everybody("c", ("mine", 100, {"a": 1, "b": None}), ("other", 0, {"a": 2, "c": 3}),
                         ("another", 0, {"d": 4}))
    emulator.set_bucketing({"campaigns": [campaign]})
    answer = decide(path="/v2/env/campaigns/" + query)
    assert answer["campaigns"][0]["variation"]["modifications"]["value"] == expected


@pytest.mark.parametrize("mode, keys", [
    ("normal", {"visitorId", "campaigns"}), ("", {"visitorId", "campaigns"}),
    ("simple", {"mergedModifications", "campaignsVariation"}),
    ("full", {"visitorId", "campaigns", "mergedModifications", "campaignsVariation"}),
    ("other", set())])
def test_modes(emulator, decide, mode, keys):
    """In simple mode the later campaign's keys win; an unknown mode answers nothing."""
    emulator.set_bucketing({"campaigns": [everybody("c", ("v", 100, {"a": 1, "b": 1})),
                                          everybody("d", ("w", 100, {"b": 2}))]})
    answer = decide(path=CAMPAIGNS + "&mode=" + mode)
    assert set(answer) == keys
    if "mergedModifications" in keys:
        assert answer["mergedModifications"] == {"a": 1, "b": 2}
        assert answer["campaignsVariation"] == [{"campaignId": "c", "variationId": "v"},
                                                {"campaignId": "d", "variationId": "w"}]


@pytest.mark.parametrize("path", ["/v2/env/flags", "/v2/flags"])
def test_flags(emulator, decide, path):
    """Each with where it comes from; the first campaign that sets a key wins."""
    emulator.set_bucketing({"campaigns": [everybody("c", ("v", 100, {"a": 1, "b": 1})),
                                          everybody("d", ("w", 100, {"b": 2}))]})
    metadata = {"campaignId": "c", "variationGroupId": "c-group", "variationId": "v"}
    assert decide(path=path) == {"a": {"value": 1, "metadata": metadata},
                                 "b": {"value": 1, "metadata": metadata}}


@pytest.mark.parametrize("base", ["/v2/env/campaigns/", "/v2/campaigns/"])
@pytest.mark.parametrize("name", ["vip", "call-to-action", "cta"])
def test_a_single_campaign(emulator, post, decide, base, name):
    """By id or slug; 204 where nothing is left of it, 400 where there is none."""
    answer = decide(path=base + name, context={"vip": True})
    assert name in (answer["id"], answer.get("slug")) and answer["variation"]["id"]
    nothing = post(base + "vip", {"visitorId": "ann"}, **KEY)
    assert (nothing.status_code, nothing.content) == (204, b"")
    unknown = post(base + "unknown", {"visitorId": "ann"}, **KEY)
    assert unknown.status_code == 400 and "unknown" in unknown.json()["message"]


def test_with_a_slash_a_self_hosted_server_answers_one_campaign(emulator, post):
    """Or 204: no campaigns. The platform answers all of them at that address."""
    one = post("/v2/campaigns/", {"visitorId": "ann"})
    assert one.status_code == 200 and one.json()["id"] == "cta"
    emulator.set_bucketing({"campaigns": []})
    none = post("/v2/campaigns/", {"visitorId": "ann"})
    assert (none.status_code, none.content) == (204, b"")
    assert post("/v2/env/campaigns/", {"visitorId": "ann"}, **KEY).json()["campaigns"] == []


@pytest.mark.parametrize("extras", ["extras=accountSettings", "extras[]=accountSettings"])
def test_account_settings_come_on_demand(emulator, decide, session, extras):
    emulator.set_bucketing({"campaigns": [], "accountSettings": {"enabledXPC": True, "more": 1}})
    settings = {"enabledXPC": True, "enabled1V1T": False, "more": 1}
    assert decide(path=CAMPAIGNS + "&" + extras)["extras"] == {"accountSettings": settings}
    assert "extras" not in decide()
    answer = session.get(emulator.url + "/cdn/env/accountSettings.json")
    assert answer.json() == {"accountSettings": settings}
    assert session.get(emulator.url + "/cdn/other/accountSettings.json").status_code == 404


@pytest.mark.parametrize("panic", [
    lambda emulator: setattr(emulator, "panic", True),
    lambda emulator: emulator.set_bucketing({"panic": True})])
@pytest.mark.parametrize("path", [CAMPAIGNS, SELF_HOSTED, "/v2/flags", "/v2/campaigns/"])
def test_panic_is_answered_everywhere(emulator, decide, panic, path):
    panic(emulator)
    assert decide(path=path) == {"visitorId": "ann", "campaigns": [], "panic": True}


def test_the_file_of_a_panic_is_the_long_form(emulator, session):
    """The vendor's server needs the settings and a list of campaigns."""
    emulator.panic = True
    answer = session.get(emulator.url + "/cdn/env/bucketing.json")
    assert "Last-Modified" not in answer.headers and answer.json() == {
        "panic": True, "campaigns": [],
        "accountSettings": {"enabledXPC": True, "enabled1V1T": False}}


# What the server alone does with the file: the rows in which the modes differ.

def in_both_modes(start, emulator, campaigns, visitor_ids, **settings):
    """``{mode: {visitor id: {key: value}}}`` with our SDK on the emulator."""
    emulator.set_bucketing({"campaigns": campaigns, "accountSettings": settings})
    flags = {}
    for mode in Config.Mode:
        flagship = start(mode=mode)
        flags[mode] = {}
        for visitor_id in visitor_ids:
            visitor = flagship.create_visitor(visitor_id)
            assert visitor.synchronize_modifications()[0]
            flags[mode][visitor_id] = {key: each.value
                                       for key, each in visitor.modifications.items()}
        flagship.close()
    return flags[Config.Mode.API], flags[Config.Mode.BUCKETING]


VISITORS = ["visitor %d" % number for number in range(30)] + ["zoé", "\U0001f600"]


def place_of(visitor_id):
    """Where dynamic allocation puts a visitor: the hash of the id alone, in [0, 100)."""
    return mmh3.hash(visitor_id.encode("utf-8"), 0, False) % 100


@pytest.mark.parametrize("ranges, taken", [
    ([{"r": [0, 100]}], lambda place: True), ([{"r": [0, 50]}], lambda place: place < 50),
    ([{"r": [20, 40]}, {"r": [60, 61.5]}], lambda place: 20 <= place < 40 or 60 <= place < 61.5),
    ([], lambda place: False), ([{"r": [0]}, {"r": "all"}, 5, {}], lambda place: False),
    (None, lambda place: True), ("all", lambda place: True)], ids=repr)
def test_ranges_count_in_api_mode_alone(emulator, start, ranges, taken):
    """A campaign without the field goes to everybody here, while the vendor's server gives it to
    nobody."""
    campaign = dict(everybody("c", ("v", 100, {"a": 1})), bucketRanges=ranges)
    api, bucketing = in_both_modes(start, emulator, [campaign], VISITORS)
    assert api == {each: {"a": 1} if taken(place_of(each)) else {} for each in VISITORS}
    assert bucketing == {each: {"a": 1} for each in VISITORS}


def test_keys_of_other_variations_are_null_in_api_mode_alone(emulator, start):
    campaign = everybody("c", ("v", 100, {"a": 1}), ("w", 0, {"b": 2}))
    api, bucketing = in_both_modes(start, emulator, [campaign], ["ann"])
    assert (api, bucketing) == ({"ann": {"a": 1, "b": None}}, {"ann": {"a": 1}})


def test_a_null_hides_an_earlier_campaign_s_value_in_api_mode_alone(emulator, start):
    """Another variation of the later campaign sets the key."""
    campaigns = [everybody("one", ("v", 100, {"a": 1})),
                 everybody("two", ("w", 100, {"b": 2}), ("x", 0, {"a": 3}))]
    api, bucketing = in_both_modes(start, emulator, campaigns, ["ann"])
    assert (api["ann"], bucketing["ann"]) == ({"a": None, "b": 2}, {"a": 1, "b": 2})


def test_one_visitor_one_test_is_kept_in_api_mode_alone(emulator, start):
    """The first A/B test, and whatever is none."""
    campaigns = [everybody("one", ("v1", 100, {"one": 1})),
                 everybody("two", ("v2", 100, {"two": 2})),
                 dict(everybody("three", ("v3", 100, {"three": 3})), type="toggle")]
    api, bucketing = in_both_modes(start, emulator, campaigns, ["ann"], enabled1V1T=True)
    assert (api["ann"], bucketing["ann"]) == ({"one": 1, "three": 3},
                                              {"one": 1, "two": 2, "three": 3})


def test_a_test_that_the_visitor_has_seen_is_kept(emulator, decide, post):
    """Though another stands before it by now."""
    one, two = everybody("one", ("v1", 100, {"a": 1})), everybody("two", ("v2", 100, {"b": 2}))
    emulator.set_bucketing({"campaigns": [two, one], "accountSettings": {"enabled1V1T": True}})
    assert variations_of(decide()) == ["v2"]
    seen = {"cid": "env", "vid": "ann", "caid": "two-group", "vaid": "v2"}
    assert post("/v2/activate", seen).status_code == 204
    emulator.set_bucketing({"campaigns": [one, two], "accountSettings": {"enabled1V1T": True}})
    assert variations_of(decide()) == ["v2"] and variations_of(decide("bob")) == ["v1"]


def before_and_after(emulator, decide, settings):
    """A visitor's variation, and the anonymous one's that has logged in, before and after a
    reallocation."""
    def use(first, second, ranges):
        campaign = everybody("c", ("v", first, {"a": 1}), ("w", second, {"a": 2}))
        emulator.set_bucketing({"campaigns": [dict(campaign, bucketRanges=ranges)],
                                "accountSettings": settings})
    use(100, 0, [{"r": [0, 100]}])
    assert variations_of(decide("anon")) == ["v"]
    use(0, 100, [])
    return [variations_of(decide("anon")), variations_of(decide("user", anonymousId="anon")),
            variations_of(decide("user"))]


def test_experience_continuity_keeps_what_was_given(emulator, decide):
    """After a reallocation and a login, and outside of the ranges; without it nothing is kept."""
    assert before_and_after(emulator, decide, {"enabledXPC": True}) == [["v"]] * 3
    assert before_and_after(emulator, decide, {"enabledXPC": False}) == [[]] * 3


# What is remembered is bounded, as an emulator may run for months.

def pass_by(visit, monkeypatch):
    """Many visitors come, one of them again and again."""
    monkeypatch.setattr(_recent, "VISITORS", 3)
    for number in range(10):
        visit("v%d" % number)
        visit("regular")


def test_assignments_are_kept_for_recent_visitors(emulator, decide, monkeypatch):
    def use(first, second):
        emulator.set_bucketing({"campaigns": [everybody(
            "c", ("v", first, {"a": 1}), ("w", second, {"a": 2}))],
            "accountSettings": {"enabledXPC": True}})
    use(100, 0)
    pass_by(decide, monkeypatch)
    use(0, 100)
    assert [variations_of(decide(each)) for each in ("regular", "v9", "v0")] == [
        ["v"], ["v"], ["w"]]


def test_activations_are_kept_for_recent_visitors(emulator, decide, post, monkeypatch):
    one, two = everybody("one", ("v1", 100, {"a": 1})), everybody("two", ("v2", 100, {"b": 2}))
    emulator.set_bucketing({"campaigns": [one, two], "accountSettings": {"enabled1V1T": True}})
    pass_by(lambda visitor_id: post("/v2/activate", {
        "cid": "env", "vid": visitor_id, "caid": "two-group", "vaid": "v2"}), monkeypatch)
    assert [variations_of(decide(each)) for each in ("regular", "v9", "v0")] == [
        ["v2"], ["v2"], ["v1"]]


def test_the_groups_of_one_visitor_are_bounded(emulator, decide, post, monkeypatch):
    monkeypatch.setattr(_recent, "FACTS", 3)
    emulator.set_bucketing({"campaigns": [
        everybody("c%d" % number, ("v%d" % number, 100, {"a": 1})) for number in range(5)],
        "accountSettings": {"enabled1V1T": True}})
    for number in (1, 2, 3, 4):
        post("/v2/activate", {"cid": "env", "vid": "ann", "caid": "c%d-group" % number,
                              "vaid": "v%d" % number})
    assert variations_of(decide()) == ["v1", "v2", "v3"]


def test_contexts_are_kept_for_recent_visitors(emulator, decide, monkeypatch):
    def visit(visitor_id):
        decide(visitor_id, path=SELF_HOSTED, context={"vip": True})
        return len(emulator.segments)
    pass_by(visit, monkeypatch)
    assert [visit(each) for each in ("regular", "v9", "v0")] == [11, 11, 12]


# What a self-hosted server reports.

@pytest.mark.parametrize("path", [SELF_HOSTED, "/v2/campaigns/cta", "/v2/campaigns/", "/v2/flags"])
def test_a_self_hosted_server_reports_contexts_itself(emulator, decide, path):
    decide("ann", path=path, context={"vip": True})
    decide("bob", path=path, anonymousId="anon", context={"vip": False})
    assert emulator.segments == [
        {"t": "SEGMENT", "cid": "env", "ds": "APP", "vid": "ann", "s": {"vip": True}, "qt": 0},
        {"t": "SEGMENT", "cid": "env", "ds": "APP", "vid": "anon", "cuid": "bob",
         "s": {"vip": False}, "qt": 0}]
    assert emulator.context_events == [] and emulator.hits == []


def test_a_self_hosted_server_leaves_out_a_repeated_context(emulator, decide):
    for vip in (True, True, False, False, True):
        decide(path=SELF_HOSTED, context={"vip": vip})
    assert [segment["s"]["vip"] for segment in emulator.segments] == [True, False, True]


@pytest.mark.parametrize("path, fields", [
    (SELF_HOSTED + "&sendContextEvent=false", {"context": {"vip": True}}),
    (SELF_HOSTED, {"context": {}}), (SELF_HOSTED, {}),
    (SELF_HOSTED, {"context": {"vip": True}, "visitor_consent": False}),
    (CAMPAIGNS, {"context": {"vip": True}})])
def test_no_context_is_reported(emulator, decide, path, fields):
    """Where it is asked not to, where there is none, without consent, and by the platform."""
    decide(path=path, **fields)
    assert emulator.segments == []


# The file.

def test_bucketing_file(emulator, session):
    """The CDN gives the file, then 304 until it changes."""
    url = emulator.url + "/cdn/env/bucketing.json"
    first = session.get(url)
    assert first.json()["campaigns"][0]["id"] == "cta"
    condition = {"If-Modified-Since": first.headers["Last-Modified"]}
    again = session.get(url, headers=condition)
    assert (again.status_code, again.content) == (304, b"")
    emulator.set_bucketing({"campaigns": []})
    changed = session.get(url, headers=condition)
    assert changed.json() == {"campaigns": []}
    assert changed.headers["Last-Modified"] != first.headers["Last-Modified"]
    assert session.get(emulator.url + "/cdn/other/bucketing.json").status_code == 404
    assert session.post(url).status_code == 405


@pytest.mark.parametrize("content", [
    b'{"campaigns": 5}', b"[]", b"", b"{", b"\xff", b"[" * 100000,
    b'{"campaigns": [], "a": 1e999}', b'{"campaigns": [], "a": 1' + b"0" * 400 + b"}"])
def test_no_bucketing_file(content, tmpdir):
    path = tmpdir.join("file.json")
    path.write(content, "wb")
    with pytest.raises(FlagshipParsingError):
        Emulator(str(path))


def test_a_file_may_begin_with_a_byte_order_mark(tmpdir):
    path = tmpdir.join("file.json")
    with io.open(data("shop.json"), "rb") as file:
        path.write(b"\xef\xbb\xbf" + file.read(), "wb")
    Emulator(str(path))


@pytest.mark.parametrize("bucketing", [5, [], True])
def test_campaigns_are_a_dict_or_a_path(bucketing):
    with pytest.raises(TypingError):
        Emulator(bucketing)
