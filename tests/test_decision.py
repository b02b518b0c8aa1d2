# -*- coding: utf-8 -*-
"""The decision core: pure functions, compared with the vendor's own decisions and with their
laws."""
from __future__ import unicode_literals

import decimal
import hashlib
import io
import json
import numbers
import os
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagship.decision.allocation import bucket, spread
from flagship.decision.compiled import Campaigns
from flagship.decision.document import MAX_PROBLEMS, Document
from flagship.decision.evaluator import assign, merge
from flagship.decision.explanation import explain
from flagship.decision.targeting import compared_kinds, json_text
from flagship.errors import FlagshipParsingError
from tests.support import data, slow


def load(name):
    with io.open(data(name), encoding="utf-8") as file:
        return json.load(file)


def flags(campaigns, visitor_id, context, cached=()):
    """The decision in the vectors' form."""
    return {key: {"value": each.value, "campaignId": each.campaign_id,
                  "variationGroupId": each.variation_group_id,
                  "variationId": each.variation_id, "reference": each.reference}
            for key, each in merge(assign(campaigns, visitor_id, context, cached)).items()}


@pytest.mark.parametrize("name", ["decisions.json", "decisions_unicode.json"])
def test_vectors(name):
    """Every decision is the vendor's."""
    cases = 0
    for document in load(name):
        campaigns = Campaigns(document["bucketing"])
        assert campaigns.problems == ()
        for case in document["cases"]:
            assert flags(campaigns, case["visitorId"],
                         case["context"]) == case["expected"], case["visitorId"]
            cases += 1
    assert cases == {"decisions.json": 240, "decisions_unicode.json": 120}[name]


def test_hash_vectors():
    """Every bucket is the vendor's, wherever the text is cut into group and visitor."""
    for case in load("hash.json"):
        text = case["text"]
        for cut in {0, len(text) // 2, len(text)}:
            assert bucket(text[:cut], text[cut:]) == case["bucket"] == case["hash"] % 100


def variation(name, allocation=100, **flags):
    return {"id": name, "allocation": allocation,
            "modifications": {"type": "JSON", "value": flags or {"flag": name}}}


def group(name, targetings, *variations):
    """A variation group; ``targetings`` is a list of targeting groups, each a list of (key,
    operator, value)."""
    return {"id": name, "variations": list(variations) or [variation(name + "-v")],
            "targeting": {"targetingGroups": [
        {"targetings": [{"key": key, "operator": operator, "value": value} for key, operator,
                        value in each]}
        for each in targetings]}}


EVERYBODY = [[("fs_all_users", "EQUALS", "")]]


def campaign(*groups, **more):
    return dict({"id": "c", "type": "ab", "variationGroups": list(groups)}, **more)


def matches(operator, value, context, key="k", visitor_id="v"):
    document = {"campaigns": [campaign(group("g", [[(key, operator, value)]]))]}
    return bool(assign(Campaigns(document), visitor_id, context))


ABSENT = object()

# operator, targeting's value, [(context's value, matches)]
OPERATORS = [
    ("EQUALS", "a", [("a", 1), ("A", 0), ("", 0), ("ab", 0), (1, 0), (True, 0), (ABSENT, 0)]),
    ("EQUALS", u"é😀", [(u"é😀", 1), (u"é", 0)]),
    ("EQUALS", 1, [(1, 1), (1.0, 1), ("1", 0), (True, 0), (2, 0), (ABSENT, 0)]),
    ("EQUALS", 0.5, [(0.5, 1), ("0.5", 0)]),
    ("EQUALS", 0, [(0, 1), (0.0, 1), (-0.0, 1), (False, 0), ("", 0), (ABSENT, 0)]),
    ("EQUALS", True, [(True, 1), (1, 0), (1.0, 0), ("true", 0), (False, 0)]),
    ("EQUALS", False, [(False, 1), (0, 0), ("", 0), (ABSENT, 0)]),
    ("EQUALS", ["a", 1, True],
     [("a", 1), (1, 1), (1.0, 1), (True, 1), ("1", 0), (False, 0), (ABSENT, 0)]),
    ("EQUALS", ["a", 1], [(True, 0)]),
    ("EQUALS", ["a", True], [(1, 0)]),
    ("EQUALS", ["a"], [("a", 1), ("b", 0)]),
    ("EQUALS", [], [("a", 0)]),
    ("NOT_EQUALS", "a", [("a", 0), ("A", 1), (1, 1), (True, 1), (ABSENT, 0)]),
    ("NOT_EQUALS", 1, [(1, 0), (1.0, 0), (True, 1), ("1", 1)]),
    ("NOT_EQUALS", True, [(True, 0), (1, 1)]),
    ("NOT_EQUALS", ["a", "b"], [("a", 0), ("b", 0), ("c", 1), (1, 1), (ABSENT, 0)]),
    ("NOT_EQUALS", [], [("a", 1), (ABSENT, 0)]),
    ("CONTAINS", "b", [("abc", 1), ("b", 1), ("ABC", 0), ("", 0), (ABSENT, 0)]),
    ("CONTAINS", "", [("", 1), ("a", 1), (ABSENT, 0)]),
    ("CONTAINS", 1, [("a1", 1), (21, 1), (0.1, 1), (2, 0), (True, 0)]),
    ("CONTAINS", 1.0, [("a1", 1), (1, 1)]),
    ("CONTAINS", ".0", [(1.0, 0), ("1.0", 1)]),
    ("CONTAINS", "e", [(True, 1), (False, 1), (1e21, 1), (1e20, 0), (1e-7, 1), (1e-6, 0)]),
    ("CONTAINS", True, [("it is true", 1), ("True", 0), (True, 1)]),
    ("CONTAINS", ["x", "b"], [("abc", 1), ("ac", 0), (ABSENT, 0)]),
    ("CONTAINS", [], [("abc", 0)]),
    ("NOT_CONTAINS", "b", [("abc", 0), ("ac", 1), (1, 1), (ABSENT, 0)]),
    ("NOT_CONTAINS", ["x", "b"], [("abc", 0), ("ac", 1), (ABSENT, 0)]),
    ("STARTS_WITH", "ab", [("abc", 1), ("ab", 1), ("Abc", 0), ("cab", 0), (ABSENT, 0)]),
    ("STARTS_WITH", 1, [(12, 1), ("1", 1), (1.5, 1), (21, 0)]),
    ("STARTS_WITH", "t", [(True, 1), (False, 0)]),
    ("ENDS_WITH", "bc", [("abc", 1), ("bcd", 0)]),
    ("ENDS_WITH", 5, [(1.5, 1), (5.0, 1), (51, 0)]),
    ("GREATER_THAN", 1, [(2, 1), (1.5, 1), (1, 0), (True, 0), ("2", 0), (ABSENT, 0)]),
    ("GREATER_THAN", 0, [(True, 1), (False, 0)]),
    ("GREATER_THAN", False, [(True, 1), (1, 1), (0, 0)]),
    ("GREATER_THAN", "a", [("b", 1), ("a", 0), ("B", 0), (u"é", 1), (5, 0), (True, 0)]),
    ("GREATER_THAN", u"\uffff", [(u"😀", 1), (u"z", 0)]),
    ("GREATER_THAN_OR_EQUALS", 1, [(1, 1), (1.0, 1), (0, 0), (True, 1), ("1", 0)]),
    ("GREATER_THAN_OR_EQUALS", "b", [("b", 1), ("a", 0), ("ba", 1)]),
    ("LOWER_THAN", 1, [(0, 1), (1, 0), (False, 1), ("0", 0), (ABSENT, 0)]),
    ("LOWER_THAN", "b", [("a", 1), ("b", 0), ("B", 1), (0, 0)]),
    ("LOWER_THAN_OR_EQUALS", 1.5, [(1.5, 1), (1, 1), (2, 0)]),
    ("LOWER_THAN_OR_EQUALS", "b", [("b", 1), ("c", 0)]),
    ("EXISTS", True, [("", 1), (0, 1), (False, 1), (ABSENT, 0)]),
    ("EXISTS", False, [("", 0), (ABSENT, 1)]),
    ("NOT_EXISTS", True, [("", 0), (ABSENT, 1)]),
    ("NOT_EXISTS", False, [(False, 1), (ABSENT, 0)]),
    ("EQUALS", 2 ** 61 - 1, [(2 ** 61 - 1, 1), (2 * (2 ** 61 - 1), 0), (0, 0)]),
    ("EQUALS", 1e22, [(10 ** 22, 1), (1e22, 1), ("1" + "0" * 22, 0)]),
    ("NOT_EQUALS", [10 ** 22, 5], [(1e22, 0), (5, 0), (10 ** 22 + 1, 1)]),
    # No other operator takes a list, and no operator an object or null.
] + [(operator, value, [("a", 0), (1, 0), (ABSENT, 0)])
     for operator in ("STARTS_WITH", "ENDS_WITH", "GREATER_THAN", "GREATER_THAN_OR_EQUALS",
                      "LOWER_THAN",
                      "LOWER_THAN_OR_EQUALS", "EXISTS", "NOT_EXISTS")
     for value in (["a", 1], {"a": 1})
     ] + [(operator, value, [("a", 0), (1, 0), (ABSENT, 0)])
          for operator in ("EQUALS", "NOT_EQUALS", "CONTAINS", "NOT_CONTAINS", "STARTS_WITH",
                           "GREATER_THAN")
          for value in (None, {"a": 1})
          ] + [("EQUALS", ["a", None], [("a", 0)]), ("MATCHES", "a", [("a", 0)]),
               ("equals", "a", [("a", 0)]),
               (None, "a", [("a", 0)]), ("CONTAINS", 1e999, [("inf", 0)]),
               ("EQUALS", [1e999], [(1, 0)])]


@pytest.mark.parametrize("operator, value, present, expected", [
    (operator, value, present, bool(expected)) for operator, value, cases in OPERATORS for present,
    expected in cases])
def test_operators(operator, value, present, expected):
    context = {} if present is ABSENT else {"k": present}
    assert matches(operator, value, context) is expected


# The example of semver.org 2.0, each before the next, and what is no version.
VERSIONS = ["0.0.0-0", "0.0.4", "0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
            "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0",
            "1.10.0", "2.0.0-0A.is.legal", "2.0.0", "10.0.0", "9" * 5000 + ".0.0"]
SAME = [("1.0.0", "1.0.0+20130313144700"), ("1.0.0-beta+exp.sha.5114f85", "1.0.0-beta+x"),
        ("1.0.0+21AF26D3---117B344092BD", "1.0.0"), ("1.0.0--", "1.0.0--"),
        ("1.1.2-0x", "1.1.2-0x")]
NO_VERSIONS = ["", "1", "1.2", "1.2.3.4", "v1.2.3", "01.2.3", "1.02.3", "1.2.3-", "1.2.3-01",
               "1.2.3-a..b", "1.2.3+", "1.2.3 ", " 1.2.3", "1.2.3\n", "1.2.3-é", "1.2.x", "1.-2.3",
               u"١.2.3"]
SEMVER = {"SEMVER_EQUALS": lambda left, right: left == right,
          "SEMVER_NOT_EQUALS": lambda left, right: left != right,
          "SEMVER_GREATER_THAN": lambda left, right: left > right,
          "SEMVER_GREATER_THAN_OR_EQUALS": lambda left, right: left >= right,
          "SEMVER_LOWER_THAN": lambda left, right: left < right,
          "SEMVER_LOWER_THAN_OR_EQUALS": lambda left, right: left <= right}


@pytest.mark.parametrize("operator", sorted(SEMVER))
def test_versions(operator):
    """Versions have the precedence of semver.org 2.0; what is none matches nobody, on either
    side."""
    for here, left in enumerate(VERSIONS):
        for there, right in enumerate(VERSIONS):
            expected = SEMVER[operator](here, there)
            assert matches(operator, right, {"k": left}) is expected, (left[:20], right[:20])
    for left, right in SAME:
        assert matches(operator, right, {"k": left}) is SEMVER[operator](0, 0)
    for each in NO_VERSIONS + [1, 1.5, True, ABSENT]:
        context = {} if each is ABSENT else {"k": each}
        assert not matches(operator, "1.0.0", context)
        if each is not ABSENT:
            assert not matches(operator, each, {"k": "1.0.0"})
    document = {"campaigns": [campaign(group("g", [[("k", operator, "1.2")]]))]}
    problem, = Campaigns(document).problems
    assert operator + " takes a version such as 1.2.3" in problem.message
    assert not matches(operator, ["1.0.0"], {"k": "1.0.0"})


class Hostile(object):
    """A value that cannot be looked at."""

    def _refuse(self, *args):
        raise ValueError("no")
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = __str__ = __repr__ = _refuse
    __contains__ = __len__ = __iter__ = __float__ = __int__ = __bool__ = __nonzero__ = _refuse


class Text(type(u"")):
    """Text of a kind of its own, that compares as it likes."""

    def __eq__(self, other):
        raise ValueError("no")
    __hash__ = None


class Stored(dict):
    """A mapping whose storage is not what its items() say, as Django's QueryDict."""

    def items(self):
        return [(key, value[-1]) for key, value in dict.items(self)]


UNEXPECTED = [None, [], ["a"], {}, {"a": 1}, (1,), b"a" if str is not bytes else bytearray(b"a"),
              1j, object(), Hostile(), Text("a"), decimal.Decimal(1), float("nan"), float("inf"),
              10 ** 5000, set(), lambda: 1]


@pytest.mark.parametrize("value", UNEXPECTED, ids=lambda value: type(value).__name__)
def test_an_unexpected_value_matches_nothing(value):
    """A value of any type in a context never raises, spoils no other key, and matches nothing but
    EXISTS; explaining it gives JSON."""
    rows = [("EQUALS", "a"), ("EQUALS", ["a", 2]), ("NOT_EQUALS", "z"), ("CONTAINS", "z"),
            ("NOT_CONTAINS", "z"), ("STARTS_WITH", "z"), ("ENDS_WITH", "z"), ("GREATER_THAN", "z"),
            ("LOWER_THAN_OR_EQUALS", "0"), ("SEMVER_NOT_EQUALS", "1.0.0"), ("NOT_EXISTS", True)]
    groups = [group("g%d" % place, [[("k", name, wanted), ("other", "EQUALS", 1)]],
                    variation("v%d" % place, 100, **{"f%d" % place: 1}))
              for place, (name, wanted) in enumerate(rows + [("EXISTS", True)])]
    campaigns = Campaigns({"campaigns": [campaign(each, id=each["id"]) for each in groups]})
    for context in ({"k": value, "other": 1}, {5: value, "k": value, "other": 1, None: 1}):
        assigned = [each.variation_group_id for each in assign(campaigns, "v", context)]
        # A number is a number, however odd.
        allowed = {"g2", "g4"} if isinstance(value, numbers.Real) else set()
        assert "g%d" % len(rows) in assigned
        assert set(assigned) - allowed == {"g%d" % len(rows)}
        told = explain(campaigns, "v", context)
        assert [each["variationGroupId"] for each in told if each["outcome"] == "assigned"] == \
            assigned
        json.dumps(told, allow_nan=False)


def test_a_context_is_what_its_items_say():
    """Not its storage, which other mappings than dict keep as they like."""
    context = Stored(k=["x", "fr"], other=[1])
    assert matches("EQUALS", "fr", context) and not matches("EQUALS", "x", context)
    assert matches("NOT_EXISTS", True, context, key="absent")
    campaigns = Campaigns({"campaigns": [campaign(group("g", [[("k", "EQUALS", "fr")]]))]})
    assert explain(campaigns, "v", context)[0]["outcome"] == "assigned"


def test_numbers_and_booleans_are_ordered_together():
    """So no visitor is told that one was given in place of the other."""
    assert matches("GREATER_THAN", True, {"k": 3}) and matches("LOWER_THAN", 1, {"k": False})
    for value in (True, 1):
        assert compared_kinds("GREATER_THAN", value) == {"a number", "true or false"}


LARGE = 20000  # what is quadratic takes minutes


@slow
@pytest.mark.parametrize("value", [
    lambda number: ["shared", number], lambda number: number * (2 ** 61 - 1),
    lambda number: [number * (2 ** 61 - 1), "shared"], lambda number: "v%d" % number],
    ids=["shared values", "equal hashes", "both", "distinct"])
def test_compiling_is_linear(value):
    """A file whose values were chosen to be slow costs what its size is worth."""
    groups = [group("g", [[("k", "EQUALS", value(number)) for number in range(LARGE)]])]
    listed = [group("h", [[("k", "NOT_EQUALS", [number * (2 ** 61 - 1)
                                                for number in range(LARGE)])]])]
    variations = [group("i", EVERYBODY, *[variation("v%d" % number, 0) for number in range(LARGE)])]
    began = os.times()[0]  # of this process alone, however busy the machine is
    campaigns = Campaigns({"campaigns": [campaign(*each) for each in (groups, listed, variations)]})
    assign(campaigns, "v", {"k": "shared"})
    assert campaigns.count == 3 and os.times()[0] - began < 8


def test_problems_of_a_hostile_file_cost_nothing():
    """The first are kept and the others counted, in the explanation too."""
    bad = [{}, 1, {"id": []}, campaign("x"), None] * 20000
    campaigns = Campaigns({"campaigns": bad + [campaign(group("g", EVERYBODY))]})
    document = campaigns.document
    assert (len(document.problems), document.problem_count) == (MAX_PROBLEMS, len(bad))
    assert len(document.campaigns) <= MAX_PROBLEMS + 1 and campaigns.count == 1
    assert [each.campaign_id for each in assign(campaigns, "v", {})] == ["c"]
    many = [[("k", "ODD", number)] for number in range(1000)]
    document = Document({"campaigns": [campaign(group("g", many))]})
    assert (len(document.problems), document.problem_count) == (MAX_PROBLEMS, 1000)


@pytest.mark.parametrize("operator, value",
                         [("EQUALS", ""), ("NOT_EQUALS", "x"), ("MATCHES", None), (None, {})])
def test_everybody_matches_all_users(operator, value):
    """fs_all_users matches whatever its operator and value, and whatever the context says of it."""
    assert matches(operator, value, {}, key="fs_all_users")
    assert matches(operator, value, {"fs_all_users": "no"}, key="fs_all_users")


@pytest.mark.parametrize("operator, value, expected", [
    ("EQUALS", "ann", True), ("EQUALS", ["bob", "ann"], True), ("EQUALS", "bob", False),
    ("NOT_EQUALS", "bob", True),
    ("STARTS_WITH", "a", True), ("EXISTS", True, True), ("NOT_EXISTS", True, False)])
def test_fs_users_is_the_visitor_id(operator, value, expected):
    """fs_users is compared with the visitor's id, never with the context."""
    assert matches(operator, value, {}, "fs_users", "ann") is expected
    assert matches(operator, value, {"fs_users": "bob"}, "fs_users", "ann") is expected


@pytest.mark.parametrize("groups, expected", [
    ([], False), ([[]], False), ([[], [("a", "EQUALS", 1)]], True),
    ([[("a", "EQUALS", 1), ("b", "EQUALS", 1)]], False),
    ([[("a", "EQUALS", 1), ("b", "EQUALS", 2)]], True),
    ([[("a", "EQUALS", 0)], [("b", "EQUALS", 2)]], True),
    ([[("fs_all_users", "EQUALS", ""), ("a", "EQUALS", 0)]], False),
    ([[("a", "EQUALS", 0)], [("fs_all_users", "EQUALS", "")]], True),
    ([[("a", "EQUALS", 1), ("b", "EQUALS", 2), ("c", "EXISTS", True)]], True),
    ([[("a", "EQUALS", 1), ("b", "EQUALS", 2), ("c", "EXISTS", True), ("d", "EXISTS", True)]],
     False),
    ([[("a", "EQUALS", 1), ("a", "UNKNOWN", 1)], [("b", "EQUALS", 2)]], True)])
def test_any_group_with_all_targetings(groups, expected):
    """Targeting is OR over groups and AND inside one; nothing to match matches nobody."""
    document = {"campaigns": [campaign(group("g", groups))]}
    assert bool(assign(Campaigns(document), "v", {"a": 1, "b": 2, "c": ""})) is expected


@pytest.mark.parametrize("targeting",
                         [None, {}, {"targetingGroups": None}, {"targetingGroups": []}])
def test_no_targeting_matches_nobody(targeting):
    each = group("g", EVERYBODY)
    each["targeting"] = targeting
    assert assign(Campaigns({"campaigns": [campaign(each)]}), "v", {}) == []


def test_first_matching_group_decides():
    """Where the first matching group leaves the visitor out, so does the campaign."""
    document = {"campaigns": [campaign(
        group("no", [[("k", "EQUALS", 1)]]), group("out", EVERYBODY, variation("out-v", 0)),
        group("late", EVERYBODY))]}
    assert assign(Campaigns(document), "v", {}) == []
    assert [each.id for each in assign(Campaigns(document), "v", {"k": 1})] == ["no-v"]


def test_later_campaign_wins_a_key():
    document = {"campaigns": [
        campaign(group("g1", EVERYBODY, variation("v1", a=1, b=1)), id="c1"),
        campaign(group("g2", EVERYBODY, variation("v2", b=2, c=2)), id="c2")]}
    assert {key: each["value"] for key, each in flags(Campaigns(document), "v", {}).items()} == {
        "a": 1, "b": 2, "c": 2}


SPLIT = [variation("a", 30), variation("b", 30), variation("gone", 0), variation("c", 20)]


def test_cached_assignment_comes_first():
    """A cached variation that its group still has wins over hash and allocation; another counts for
    nothing."""
    campaigns = Campaigns({"campaigns": [campaign(group("g", EVERYBODY, *SPLIT))]})

    def assigned(*cached):
        return [each.id for each in assign(campaigns, "ann", {}, cached)]
    hashed = assigned()
    for name in ("a", "b", "c", "gone"):
        assert assigned(name) == [name]
        assert assigned("elsewhere", name) == [name]
    assert assigned("elsewhere") == assigned("") == hashed


def test_cached_assignment_of_a_group_that_does_not_match():
    """A cached variation brings nobody into a target that it left."""
    campaigns = Campaigns({"campaigns": [campaign(group("g", [[("k", "EQUALS", 1)]], *SPLIT))]})
    assert assign(campaigns, "ann", {}, ("a",)) == []


# JavaScript's String(number), which is what JSON.stringify writes.
@pytest.mark.parametrize("number, text", [
    (1.0, "1"), (-1.0, "-1"), (0.0, "0"), (-0.0, "0"), (0.1, "0.1"), (-2.5, "-2.5"),
    (100.0, "100"), (1e16, "1" + "0" * 16),
    (123456789012345680000.0, "123456789012345680000"), (1e20, "1" + "0" * 20), (1e21, "1e+21"),
    (1.5e300, "1.5e+300"),
    (0.0001, "0.0001"), (0.00001, "0.00001"), (0.000001, "0.000001"), (1.5e-6, "0.0000015"),
    (1e-7, "1e-7"),
    (-1.25e-9, "-1.25e-9"), (5e-324, "5e-324"), (12, "12"), (2 ** 70, str(2 ** 70)),
    (True, "true"), (False, "false"),
    ("x", "x")])
def test_number_as_text(number, text):
    assert json_text(number if number != "x" else u"x") == text


def deep(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


def targeted(targeting):
    """A campaign with one targeting as it stands in a file."""
    return campaign({"id": "g", "targeting": {"targetingGroups": [{"targetings": [targeting]}]}})


def varied(**parts):
    """A campaign with one variation, some parts of it replaced."""
    return campaign({"id": "g", "variations": [dict({"id": "v"}, **parts)]})


# What is wrong with a campaign, where, and what is said of it; the others of its file stay in use.
_GROUP = "variationGroups[0]"
_TARGETING = _GROUP + ".targeting.targetingGroups[0].targetings[0]"
_VARIATION = _GROUP + ".variations[0]"
MALFORMED = [
    (None, "", "must be an object, not null"), ([], "", "must be an object, not a list"),
    ({}, "id", "must be text, not null"), ({"id": True}, "id", "must be text"),
    ({"id": []}, "id", "must be text"), ({"id": ""}, "id", "must not be empty"),
    ({"id": 1e999}, "id", "must be text"), ({"id": u"\ud800"}, "id", "UTF-8"),
    (campaign(variationGroups={}), "variationGroups", "must be a list, not an object"),
    (campaign("g"), _GROUP, "must be an object, not text"),
    (campaign({"id": None}), _GROUP + ".id", "must be text"),
    (campaign({"id": "g", "targeting": []}), _GROUP + ".targeting", "must be an object"),
    (campaign({"id": "g", "targeting": {"targetingGroups": {}}}),
     _GROUP + ".targeting.targetingGroups", "must be a list"),
    (campaign({"id": "g", "targeting": {"targetingGroups": ["x"]}}),
     _GROUP + ".targeting.targetingGroups[0]", "must be an object"),
    (targeted("x"), _TARGETING, "must be an object"),
    (targeted({"operator": "EXISTS"}), _TARGETING + ".key", "must be text"),
    (targeted({"key": "k", "operator": "EQUALS", "value": deep(101)}), _TARGETING + ".value",
     "nested too deep"),
    (targeted({"key": "fs_all_users", "value": deep(5000)}), _TARGETING + ".value",
     "nested too deep"),
    (campaign({"id": "g", "variations": {}}), _GROUP + ".variations", "must be a list"),
    (campaign({"id": "g", "variations": ["x"]}), _VARIATION, "must be an object"),
    (varied(id=[7]), _VARIATION + ".id", "must be text, not a list"),
    (varied(allocation="50"), _VARIATION + ".allocation", "must be a number, not text"),
    (varied(allocation=True), _VARIATION + ".allocation", "must be a number"),
    (varied(allocation=10 ** 400), _VARIATION + ".allocation", "out of range"),
    (varied(allocation=1e999), _VARIATION + ".allocation", "out of range"),
    (varied(allocation=-1e300), _VARIATION + ".allocation", "out of range"),
    (varied(modifications=[]), _VARIATION + ".modifications", "must be an object"),
    (varied(modifications={"value": "x"}), _VARIATION + ".modifications.value",
     "must be an object"),
    (varied(modifications={"value": {"k": deep(5000)}}), _VARIATION + ".modifications.value",
     "nested too deep"),
]


@pytest.mark.parametrize("bad, place, said", MALFORMED, ids=[
    "%d %s" % (number, each[1]) for number, each in enumerate(MALFORMED)])
def test_malformed_campaign_is_skipped(bad, place, said):
    """A malformed campaign is dropped whole, and reported with its place; the others stay."""
    campaigns = Campaigns({"campaigns": [campaign(group("g1", EVERYBODY), id="c1"), bad,
                                         campaign(group("g2", EVERYBODY), id="c2")]})
    assert [each.campaign_id for each in assign(campaigns, "v", {})] == ["c1", "c2"]
    assert campaigns.count == 2
    problem, = campaigns.problems
    assert problem.place == "campaigns[1]" + (place and "." + place)
    assert said in problem.message and problem.message.endswith(": the campaign is skipped")
    told = explain(campaigns, "v", {})
    assert [each["outcome"] for each in told] == ["assigned", "skipped", "assigned"]
    assert said in told[1]["reason"]
    json.dumps(told, allow_nan=False)


def test_all_problems_of_a_campaign_are_found():
    """One look at a file finds everything that is wrong in it."""
    bad = campaign({"id": [], "variations": [{"id": "v", "allocation": "x"}]}, id={})
    places = [each.place for each in Document({"campaigns": [bad]}).problems]
    assert places == ["campaigns[0].id", "campaigns[0].variationGroups[0].id",
                      "campaigns[0].variationGroups[0].variations[0].allocation"]


def test_names_and_places():
    """Each part of a file knows what it is called, and each problem where it stands."""
    named = campaign(dict(group("g", [[("k", "EQUALS", 1)]]), name="Group"), name="Campaign")
    only, = Document({"campaigns": [named]}).campaigns
    assert (only.name, only.index, only.groups[0].name) == ("Campaign", 0, "Group")
    targeted = {"targetingGroups": [{"targetings": []}, {"targetings": [{"key": 5}, 6]}, 7]}
    bad = campaign(group("g", [[]]), {
        "id": "h", "targeting": targeted,
        "variations": [{"id": "v"}, 9, {"id": [], "modifications": {"value": 10}}]})
    problems = Document({"campaigns": [named, bad]}, root="content").problems
    inside = "content.campaigns[1].variationGroups[1]"
    assert [each.place for each in problems] == [
        inside + ".targeting.targetingGroups[1].targetings[0].key",
        inside + ".targeting.targetingGroups[1].targetings[1]",
        inside + ".targeting.targetingGroups[2]",
        inside + ".variations[1]", inside + ".variations[2].id",
        inside + ".variations[2].modifications.value"]
    assert {each.campaign for each in problems} == {1}


def test_numeric_ids_are_text():
    """Older accounts have numbers for ids; they are taken as text, as 2.1.x did."""
    one = campaign(dict(group("g", EVERYBODY, dict(variation("x"), id=7)), id=6.0), id=5)
    campaigns = Campaigns({"campaigns": [one]})
    assert campaigns.problems == ()
    assigned, = assign(campaigns, "v", {})
    assert (assigned.campaign_id, assigned.variation_group_id, assigned.id) == ("5", "6", "7")
    assert assign(campaigns, "v", {}, ("7",)) == [assigned]


@pytest.mark.parametrize("document", [
    None, [], "x", 5, {}, {"message": "sorry"}, {"campaigns": {}}, {"campaigns": "x"},
    {"campaigns": None}])
def test_malformed_file(document):
    with pytest.raises(FlagshipParsingError):
        Campaigns(document)


def test_unknown_things_are_ignored():
    """Unknown keys and campaign types are never fatal, and null lists are empty ones."""
    document = {"future": 1, "campaigns": [
        campaign(group("g", EVERYBODY), type="holographic", new={}),
        campaign(id="empty", variationGroups=None)]}
    campaigns = Campaigns(document)
    assert campaigns.problems == () and len(assign(campaigns, "v", {})) == 1
    assert Campaigns({"panic": True}).panic and Campaigns({"panic": True}).count == 0


def test_unusable_targetings_are_reported_once():
    targetings = [[("k", "MATCHES", 1), ("k", "EQUALS", {})]]
    campaigns = Campaigns({"campaigns": [campaign(group("g", targetings))]})
    unknown, wrong = campaigns.problems
    assert unknown.place.endswith("targetings[0].operator") and "MATCHES" in unknown.message
    assert wrong.place.endswith("targetings[1].value") and "an object" in wrong.message
    assert campaigns.count == 1


def test_a_decision_does_not_depend_on_those_before():
    """What is kept of earlier audiences changes no decision, and does not grow with them."""
    keys = "abcdefghi"
    document = {"campaigns": [campaign(group(key, [[(key, "EQUALS", True)]],
                                             variation(key, 50, **{key: 1})),
                                       group("not-" + key, EVERYBODY,
                                             variation("not-" + key, 80, x=key, y=key)))
                              for key in keys]}
    used = Campaigns(document)
    for number in list(range(2 ** len(keys)))[::3] * 2:
        context = {key: bool(number >> place & 1) for place, key in enumerate(keys)}
        visitor_id = "visitor-%d" % (number % 50)
        assert flags(used, visitor_id, context) == flags(Campaigns(document), visitor_id, context)
    assert 0 < len(used.audiences) <= 128


def test_modifications_are_not_shared_with_the_caller():
    """A caller that changes a value it was given changes nobody else's."""
    campaigns = Campaigns({"campaigns": [campaign(group("g", EVERYBODY,
                                                        variation("v", flag={"list": [1]})))]})
    merge(assign(campaigns, "v", {}))["flag"].value["list"].append(2)
    assert merge(assign(campaigns, "v", {}))["flag"].value == {"list": [1]}


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False),
              st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3),
                            st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=10)
WORDS = ["id", "variationGroups", "targeting", "targetingGroups", "targetings", "key", "operator",
         "value",
         "variations", "allocation", "modifications", "reference"]


@st.composite
def damaged(draw):
    """The shop's file with one value somewhere replaced by any JSON."""
    document = load("shop.json")
    place = document["campaigns"]
    while True:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        if not isinstance(place[key],
                          (dict, list)) or not place[key] or draw(st.integers(0, 4)) == 0:
            place[key] = draw(JSON)
            return document
        place = place[key]


@slow
@settings(max_examples=300, deadline=None)
@given(document=st.one_of(damaged(), JSON))
def test_any_json_is_a_file_or_refused(document):
    """Whatever JSON comes, it is compiled with what is good in it or refused whole; deciding on it
    never raises."""
    try:
        campaigns = Campaigns(document)
    except FlagshipParsingError:
        return
    for context in ({}, {"vip": True, "country": "fr"}, {"vip": 1.5, "country": False}):
        merge(assign(campaigns, "ann", context, ("cta-red",)))


IDS = st.text(max_size=30).filter(lambda text: not any(u"\ud800" <= each <= u"\udfff"
                                                       for each in text))
CONTEXTS = st.dictionaries(st.sampled_from(["a", "b", "plan"]), st.one_of(
    st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), IDS),
                           max_size=3)


@given(visitor_id=IDS, context=CONTEXTS)
def test_same_visitor_same_variation(visitor_id, context):
    """A decision depends on nothing but its arguments, and changes none of them."""
    document = load("shop.json")
    first, before = Campaigns(document), dict(context)
    assert flags(first, visitor_id, context) == flags(Campaigns(document), visitor_id,
                                                      dict(context))
    assert context == before


@given(visitor_id=IDS, context=CONTEXTS, operator=st.sampled_from(["EQUALS", "CONTAINS"]),
       value=st.one_of(st.booleans(), st.integers(), IDS,
                       st.lists(st.one_of(st.integers(), IDS), max_size=3)))
def test_negative_operators_are_opposites(visitor_id, context, operator, value):
    """NOT_x is the exact opposite of x for a key that is there; both fail for one that is not."""
    positive = matches(operator, value, context, "a", visitor_id)
    negative = matches("NOT_" + operator, value, context, "a", visitor_id)
    assert positive != negative if "a" in context else not positive and not negative


ALLOCATIONS = st.lists(st.integers(0, 100), min_size=1, max_size=5)


@given(allocations=ALLOCATIONS)
def test_spread_is_the_running_total(allocations):
    """A bucket's variation is the first whose running total is greater."""
    by_bucket = spread([(each, place) for place, each in enumerate(allocations)])
    for place, assigned in enumerate(by_bucket):
        totals = [sum(allocations[:end + 1]) for end in range(len(allocations))]
        greater = [end for end, total in enumerate(totals) if total > place]
        assert assigned == (greater[0] if greater else None)


@settings(max_examples=25, deadline=None)
@given(allocations=st.lists(st.integers(1, 50), min_size=2,
                            max_size=4).filter(lambda each: sum(each) <= 100),
       name=st.text(alphabet=string.ascii_lowercase, min_size=1, max_size=8))
def test_share_of_visitors_is_the_allocation(allocations, name):
    """The share of visitors of each variation is within six standard deviations of its
    allocation."""
    campaigns = Campaigns({"campaigns": [campaign(group(name, EVERYBODY, *[
        variation("v%d" % place, each) for place, each in enumerate(allocations)]))]})
    visitors, counts = 4000, {}
    for place in range(visitors):
        # Ids that differ in one digit are no random sample for a hash this small.
        visitor_id = hashlib.sha1(("%s%d" % (name, place)).encode("ascii")).hexdigest()
        for each in assign(campaigns, u"%s" % visitor_id, {}):
            counts[each.id] = counts.get(each.id, 0) + 1
    for place, allocation in enumerate(allocations):
        share = allocation / 100.0
        bound = 6 * (visitors * share * (1 - share)) ** 0.5
        assert abs(counts.get("v%d" % place, 0) - visitors * share) <= bound


@given(allocations=st.lists(st.integers(0, 30), min_size=1, max_size=3), more=st.integers(0, 10),
       visitor_id=IDS)
def test_raising_the_last_allocation_moves_nobody_between_the_others(allocations, more, visitor_id):
    """Raising the last variation's allocation leaves every running total before it, so it only
    takes newcomers."""
    def assigned(allocations):
        document = {"campaigns": [campaign(group("g", EVERYBODY, *[
            variation("v%d" % place, each) for place, each in enumerate(allocations)]))]}
        return [each.id for each in assign(Campaigns(document), visitor_id, {})]
    before, after = assigned(allocations), assigned(allocations[:-1] + [allocations[-1] + more])
    assert after == before or (before == [] and after == ["v%d" % (len(allocations) - 1)])
