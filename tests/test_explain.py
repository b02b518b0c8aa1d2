# -*- coding: utf-8 -*-
"""What visitor.explain tells: the very decision that is made, and why."""
from __future__ import unicode_literals

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagship import Config, Flagship
from flagship.cache import MemoryVisitorCache
from flagship.decision.compiled import Campaigns
from flagship.decision.evaluator import assign, merge
from flagship.decision.explanation import explain, merge_explained
from flagship.errors import TypingError
from tests.support import Log, data, eventually, everybody, slow

KEYS = ["plan", "age", "fs_users", "fs_all_users"]
VALUES = st.sampled_from(["gold", "", 1, 1.0, 18, True, False, None, ["gold", 1], {"a": 1},
                          float("inf"), ["gold", float("-inf")]])
OPERATORS = st.sampled_from(["EQUALS", "NOT_EQUALS", "CONTAINS", "GREATER_THAN", "EXISTS",
                             "NOT_EXISTS", "ODD", None])
TARGETINGS = st.lists(st.lists(st.fixed_dictionaries(
    {"key": st.sampled_from(KEYS), "operator": OPERATORS, "value": VALUES}), max_size=2),
                      max_size=2)
ALLOCATIONS = st.lists(st.sampled_from([None, 0, 10, 33.4, 50, 100, -20, float("inf")]), max_size=3)


def document(campaigns):
    """A bucketing file of campaigns, each a list of ``(targeting groups, allocations)``, one a
    group."""
    return {"campaigns": [{"id": "c%d" % c, "variationGroups": [{
        "id": "c%dg%d" % (c, g),
        "targeting": {"targetingGroups": [{"targetings": each} for each in targetings]},
        "variations": [{"id": "c%dg%dv%d" % (c, g, v), "allocation": allocation,
                        "modifications": {"value": {"flag": "%d-%d" % (c, v), "flag%d" % c: v}}}
                       for v, allocation in enumerate(allocations)]}
        for g, (targetings, allocations) in enumerate(groups)]} for c,
                          groups in enumerate(campaigns)]}


@slow
@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.tuples(TARGETINGS, ALLOCATIONS), max_size=3), max_size=3),
       st.text("ab1", max_size=3),
       st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["gold", "", 1, 18, 2.5, True]),
                       max_size=3),
       st.lists(st.sampled_from(["c0g0v0", "c0g1v1", "c1g0v2", "gone"]), max_size=2))
def test_it_tells_what_is_decided(campaigns, visitor_id, context, cached_ids):
    """Whatever the file, visitor and cache, the assigned variations are the decision's, and so are
    the flags."""
    compiled = Campaigns(document(campaigns))
    told = explain(compiled, visitor_id, context, cached_ids)
    variations = assign(compiled, visitor_id, context, cached_ids)
    assert [each["variationId"] for each in told
            if each["outcome"] == "assigned"] == [each.id for each in variations]
    flags = {key: (flag["value"], flag["variationId"])
             for key, flag in merge_explained(told).items()}
    assert flags == {
        key: (flag.value, flag.variation_id) for key, flag in merge(variations).items()}
    for each in told:
        chosen = [group for group in each["variationGroups"] if group["chosen"]]
        assert (each["outcome"] in ("not targeted", "skipped")) == (not chosen)
        if each["decidedBy"] == "allocation":
            first, end = {one["variationId"]: one["buckets"]
                          for one in chosen[0]["variations"]}[each["variationId"]]
            assert first <= each["bucket"] < end
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize("name", ["decisions.json", "decisions_unicode.json"])
def test_vectors(name):
    """What it tells of the vendor's cases are the vendor's decisions."""
    with io.open(data(name), encoding="utf-8") as file:
        documents = json.load(file)
    for each in documents:
        campaigns = Campaigns(each["bucketing"])
        for case in each["cases"]:
            explained = explain(campaigns, case["visitorId"], case["context"])
            assert merge_explained(explained) == case["expected"]


SHOP = {"campaigns": [
    {"id": "vip", "name": "VIP", "slug": "s", "type": "perso", "variationGroups": [
        {"id": "vip-gold", "name": "Gold", "targeting": {"targetingGroups": [
            {"targetings": [{"key": "plan", "operator": "EQUALS", "value": "gold"},
                            {"key": "age", "operator": "GREATER_THAN", "value": 18}]}]},
         "variations": [{"id": "vip-1", "name": "Banner", "allocation": 100,
                         "modifications": {"value": {
             "banner": {"text": "hello"}}}}]},
        {"id": "vip-rest", "targeting": {"targetingGroups": [
            {"targetings": [{"key": "plan", "operator": "ODD", "value": 1}]}]}, "variations": []}]},
    everybody("half", ("half-a", 50, {"color": "red"}), ("half-b", 0, {"color": "blue"})),
    {"id": "broken", "variationGroups": 5},
]}


@pytest.fixture
def bucketing(emulator, start):
    """A visitor in bucketing mode on SHOP."""
    def bucketing(visitor_id="ann", context=None, **options):
        emulator.set_bucketing(SHOP)
        options.setdefault("polling_interval", 0)
        return start(mode=Config.Mode.BUCKETING, **options).create_visitor(
            visitor_id, context=context)
    return bucketing


def test_why(bucketing):
    """Which targeting failed and on what value, the bucket, and what is not used of the file."""
    told = bucketing(context={"plan": "gold", "age": 17}).explain()
    assert (told["mode"], told["visitorId"], told["anonymousId"]) == ("BUCKETING", "ann", None)
    assert (told["serving"], told["reason"], told["cachedVariationIds"]) == (True, "", None)
    assert told["context"] == {"plan": "gold", "age": 17}
    vip, half, broken = told["campaigns"]
    assert (vip["outcome"], vip["decidedBy"], vip["variationId"],
            vip["modifications"]) == ("not targeted", None, None, {})
    assert (vip["name"], vip["slug"], vip["type"]) == ("VIP", "s", "perso")
    plan, age = vip["variationGroups"][0]["targetingGroups"][0]["targetings"]
    assert plan == {"key": "plan", "operator": "EQUALS", "value": "gold", "present": True,
                    "visitorValue": "gold",
                    "matches": True, "problem": ""}
    assert (age["visitorValue"], age["matches"]) == (17, False)
    odd = vip["variationGroups"][1]["targetingGroups"][0]["targetings"][0]
    assert odd["matches"] is False and "unknown operator" in odd["problem"]
    # murmur3("half-group" + "ann") % 100, from the reference implementation of mmh3.
    assert (half["outcome"], half["bucket"]) == ("not allocated", 67)
    variations = half["variationGroups"][0]["variations"]
    assert [each["buckets"] for each in variations] == [[0, 50], [100, 100]]
    assert broken["outcome"] == "skipped" and "variationGroups must be a list" in broken["reason"]
    assert told["modifications"] == {}
    json.dumps(told, allow_nan=False)


KINDS = [
    ("EQUALS", 30, "30", 'text "30" against a number'),
    ("EQUALS", True, "true", 'text "true" against true or false'),
    ("EQUALS", "30", 30, "the number 30 against text"),
    ("EQUALS", [1, "a"], True, "true against a number or text"),
    ("NOT_EQUALS", 30, "30", 'text "30" against a number'),
    ("GREATER_THAN", 18, "30", 'text "30" against a number'),
    ("LOWER_THAN_OR_EQUALS", "b", 1.5, "the number 1.5 against text"),
    ("EQUALS", [1, "a"], "b", ""), ("EQUALS", [], "b", ""), ("EQUALS", 30, 30.5, ""),
    ("GREATER_THAN", 0, True, ""), ("CONTAINS", 3, "30", ""), ("EXISTS", True, "30", ""),
    ("SEMVER_GREATER_THAN", "1.2.3", 1, ""),
]


@pytest.mark.parametrize("operator, wanted, value, problem", KINDS)
def test_a_value_of_another_kind_is_a_problem(operator, wanted, value, problem):
    """Text that is compared with a number never equals it, whatever it says."""
    targeting = {"key": "age", "operator": operator, "value": wanted}
    compiled = Campaigns(document([[([[targeting]], [100])]]))
    told, = explain(compiled, "ann", {"age": value})
    told, = told["variationGroups"][0]["targetingGroups"][0]["targetings"]
    assert told["problem"] == problem
    absent, = explain(compiled, "ann", {})
    assert not absent["variationGroups"][0]["targetingGroups"][0]["targetings"][0]["problem"]


def test_the_flags_and_the_present_context(bucketing):
    """It explains the next synchronisation, not the last."""
    visitor = bucketing(context={"plan": "gold", "age": 17})
    visitor.synchronize_modifications()
    visitor.update_context(("age", 19))
    told = visitor.explain()
    assert told["modifications"] == {"banner": {
        "value": {"text": "hello"}, "campaignId": "vip", "variationGroupId": "vip-gold",
        "variationId": "vip-1",
        "reference": False}}
    assert visitor.get_modification("banner", None) is None
    visitor.synchronize_modifications()
    told["campaigns"][0]["modifications"]["banner"]["text"] = "mine"
    told["modifications"]["banner"]["value"]["text"] = "mine"
    assert visitor.get_modification("banner", None) == {"text": "hello"}


def test_a_cached_assignment(bucketing):
    """It wins over the hash, and is said to have."""
    cache = MemoryVisitorCache()
    visitor = bucketing(visitor_cache_manager=cache)
    assert visitor.explain()["cachedVariationIds"] == []
    record = {"version": 1, "data": {"vId": "ann", "vaIds": ["half-b"]}}
    cache.save("ann", record)
    told = visitor.explain()
    half = told["campaigns"][1]
    assert told["cachedVariationIds"] == ["half-b"]
    assert (half["outcome"], half["decidedBy"], half["variationId"],
            half["bucket"]) == ("assigned", "cache", "half-b", 67)
    assert half["variationGroups"][0]["cachedVariationId"] == "half-b"
    assert cache.lookup("ann") == record and not visitor.modifications


def test_a_key(bucketing):
    """Only what could set the flag."""
    visitor = bucketing(context={"plan": "gold", "age": 19})
    told = visitor.explain("color")
    assert [each["campaignId"]
            for each in told["campaigns"]] == ["half"] and told["modifications"] == {}
    assert list(visitor.explain("banner")["modifications"]) == ["banner"]
    assert visitor.explain("no such flag")["campaigns"] == []


def test_nothing_is_sent(bucketing, emulator):
    visitor = bucketing()
    before = len(emulator.requests)
    visitor.explain()
    assert len(emulator.requests) == before


def test_panic(bucketing, emulator):
    """The flags are hidden; what would be decided is told all the same."""
    visitor = bucketing(context={"plan": "gold", "age": 19}, polling_interval=0.05)
    emulator.panic = True
    assert eventually(lambda: Flagship.instance().status.panic)
    told = visitor.explain()
    assert (told["serving"], told["modifications"]) == (False, {}) and "panic" in told["reason"]
    assert told["campaigns"][0]["outcome"] == "assigned"


def test_no_file_and_closed(emulator, start):
    emulator.misbehave("bucketing", status=500)
    flagship = start(mode=Config.Mode.BUCKETING, polling_interval=0)
    visitor = flagship.create_visitor("ann")
    told = visitor.explain()
    assert (told["serving"], told["campaigns"]) == (False,
                                                    []) and "no bucketing file" in told["reason"]
    flagship.close()
    told = visitor.explain()
    assert (told["serving"], told["campaigns"]) == (False, []) and "closed" in told["reason"]


def test_api_mode(visitor, emulator):
    """What the platform said, by campaign; the platform does not say why."""
    ann = visitor(context={"vip": True}, authenticated=True)
    before = len(emulator.requests)
    told = ann.explain()
    assert (told["mode"], told["anonymousId"]) == ("API", ann.anonymous_id)
    assert {each["decidedBy"] for each in told["campaigns"]} == {"platform"}
    assert told["modifications"] == {key: {
        "value": flag.value, "campaignId": flag.campaign_id,
        "variationGroupId": flag.variation_group_id,
        "variationId": flag.variation_id, "reference": flag.reference} for key,
                                     flag in ann.modifications.items()}
    assert told["modifications"] and len(emulator.requests) == before
    only, = ann.explain("discount")["campaigns"]
    assert only["modifications"]["discount"] == 20


def test_a_wrong_key(bucketing):
    with pytest.raises(TypingError) as caught:
        bucketing().explain(5)
    assert str(caught.value) == "explain: key must be text, not int"
    log = Log(catch_all_exceptions=True)
    told = bucketing(event_handler=log).explain(5)
    assert (told["serving"], told["reason"],
            told["campaigns"]) == (False, "explain: key must be text, not int", [])
