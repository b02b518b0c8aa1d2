# -*- coding: utf-8 -*-
"""``flagship diff``: what another file changes, and who changes variation."""
from __future__ import unicode_literals

import copy
import json

import pytest

from flagship.decision.compiled import Campaigns
from flagship.decision.evaluator import assign
from tests.support import command, everybody
from tests.test_cli import decoded, terminal, written

__all__ = ["terminal"]  # a fixture for every test here

OLD = {"campaigns": [
    everybody("c", ("a", 50, {"color": "red", "size": 1}), ("b", 50, {"color": "blue"})),
    everybody("d", ("x", 100, {"menu": "top"}))]}


def changed(change):
    """OLD after ``change(file, its first campaign, that one's variation group)``."""
    file = copy.deepcopy(OLD)
    campaign = file["campaigns"][0]
    change(file, campaign, campaign["variationGroups"][0])
    return file


@pytest.fixture
def diff(tmpdir):
    def diff(new, *arguments, **options):
        paths = [written(tmpdir.join(name), file)
                 for name, file in (("old.json", OLD), ("new.json", new))]
        return decoded(["diff"] + paths + list(arguments), options.get("code", 1))
    return diff


def test_no_difference(diff, tmpdir):
    """Whatever the platform adds, and however numbers and targetings are written."""
    def change(file, campaign, group):
        file["new"] = campaign["color"] = 1
        group["variations"][0]["allocation"] = 50.0
        alternatives = group["targeting"]["targetingGroups"]
        alternatives[0]["targetings"] *= 2
        alternatives.append(copy.deepcopy(alternatives[0]))

    document = diff(changed(change), code=0)
    assert (document["visitors"], document["changed"], document["changes"]) == (10000, 0, [])
    assert [(each["change"], each["changes"], each["moves"])
            for each in document["campaigns"]] == [("same", [], [])] * 2
    output = command(["diff", str(tmpdir.join("old.json")), str(tmpdir.join("new.json"))])[1]
    assert output.endswith("0 (0.0 %) change variation\n\n2 campaigns do not change\n")


def set_in(part, **values):
    part.update(values)


CHANGES = [
    (lambda file, campaign, group: set_in(file, panic=True), "panic", "", False, True),
    (lambda file, campaign, group: file["campaigns"].reverse(), "order", "", ["c", "d"],
     ["d", "c"]),
    (lambda file, campaign, group: set_in(campaign, name="Colour"), "name", "", None, "Colour"),
    (lambda file, campaign, group: set_in(campaign, type="toggle"), "type", "", "ab", "toggle"),
    (lambda file, campaign, group: set_in(group["variations"][1], allocation=20), "allocation",
     "c-group / b", 50, 20),
    (lambda file, campaign, group: set_in(group["variations"][1], reference=True), "reference",
     "c-group / b", False, True),
    (lambda file, campaign, group: group["variations"].pop(), "variation", "c-group / b", "b",
     None),
    (lambda file, campaign, group: group["variations"].reverse(), "order", "c-group", ["a", "b"],
     ["b", "a"]),
    (lambda file, campaign, group: set_in(group, id="g"), "variation group", "g", None, "g"),
    (lambda file, campaign, group: set_in(
        group["targeting"]["targetingGroups"][0]["targetings"][0], key="vip", value=True),
     "targeting", "c-group", "every visitor", "vip EQUALS true"),
]


@pytest.mark.parametrize("change, what, where, before, after", CHANGES, ids=[
    "%d %s" % (number, each[1]) for number, each in enumerate(CHANGES)])
def test_what_changes_in_the_file(diff, change, what, where, before, after):
    document = diff(changed(change))
    changes = document["changes"] + [each for campaign in document["campaigns"]
                                     for each in campaign["changes"]]
    assert [each for each in changes if (each["what"], each["where"], each["before"],
                                         each["after"]) == (what, where, before, after)], changes


def test_what_changes_in_the_flags(diff):
    """A value that is set or gone has no other side; true is not 1, and null is a value."""
    def change(file, campaign, group):
        values = group["variations"][0]["modifications"]["value"]
        del values["color"]
        values.update(size=True, new=None)

    changes = diff(changed(change))["campaigns"][0]["changes"]
    assert [(each["flag"], each.get("before", "-"), each.get("after", "-"))
            for each in changes] == [("color", "red", "-"), ("new", "-", None), ("size", 1, True)]
    assert {(each["what"], each["variationGroupId"], each["variationId"])
            for each in changes} == {("flag", "c-group", "a")}


def test_who_changes(diff):
    """Each visitor is where the decision says, before and after, in every campaign."""
    def change(file, campaign, group):
        group["variations"][0]["allocation"], group["variations"][1]["allocation"] = 20, 60
        file["campaigns"][1] = everybody("e", ("y", 50, {"menu": "left"}))

    new = changed(change)
    document = diff(new, "--visitors", "500")
    before, after = [Campaigns(json.loads(json.dumps(file))) for file in (OLD, new)]
    moves = {}
    old_visitors = diff(new, "--visitors", "500", "--visitor-cache")
    for number in range(2):
        campaign = document["campaigns"][number]
        assert campaign["kept"] + campaign["changed"] + campaign["gone"] == campaign["before"]
        assert campaign["kept"] + campaign["changed"] + campaign["new"] == campaign["after"]
    c, e, d = document["campaigns"]
    assert ([each["change"] for each in (c, e, d)]) == ["changed", "added", "removed"]
    assert (d["gone"], d["moves"]) == (500, [{"from": "x", "to": None, "visitors": 500}])
    assert document["changed"] == c["changed"] > 100 and 200 < e["new"] < 300
    # With a visitor cache nobody is moved: who has a variation keeps it.
    assert old_visitors["changed"] == 0 and old_visitors["campaigns"][0]["kept"] == 500
    for visitor_id in ("ann", "bob", "zoé", "c5"):
        old_id = assign(before, visitor_id, {})[0].id
        new_id = ([each.id for each in assign(after, visitor_id, {}) if each.campaign_id == "c"]
                  + [None])[0]
        moves[old_id, new_id] = moves.get((old_id, new_id), 0) + 1
    ids = "ann\nbob\nzoé\nc5\n".encode("utf-8")
    assert sum(moves.values()) == 4
    c = diff(new, "--ids", written("ids.txt", ids))["campaigns"][0]
    assert {(each["from"], each["to"]): each["visitors"] for each in c["moves"]} == {
        pair: visitors for pair, visitors in moves.items() if pair[0] != pair[1]}


def test_visitors_with_contexts_of_their_own(diff):
    def change(file, campaign, group):
        group["targeting"]["targetingGroups"][0]["targetings"] = [
            {"key": "vip", "operator": "EQUALS", "value": True},
            {"key": "country", "operator": "EQUALS", "value": "FR"}]

    lines = b'{"visitorId": "ann", "context": {"vip": true}}\nbob\n{"visitorId": "eve"}\n'
    new = changed(change)
    document = diff(new, "--ids", written("ids.txt", lines), "--context", "country=FR")
    assert (document["visitors"], document["campaigns"][0]["kept"],
            document["campaigns"][0]["gone"]) == (3, 1, 2)
    for line, problem in ((b'{"visitorId": 5}', "line 1: must be {"), (b"{", "line 1: "),
                          (b'{"visitorId": "a", "context": {"a": []}}', "line 1: a: a context")):
        code, output, errors = command(["diff", "old.json", "new.json", "--ids",
                                        written("ids.txt", line)])
        assert (code, output) == (2, "") and "ids.txt, " + problem in errors


def test_panic_takes_everything_from_everybody(diff):
    document = diff(dict(OLD, panic=True), "--visitors", "10")
    assert [each["gone"] for each in document["campaigns"]] == [10, 10]


def test_environments(emulator, monkeypatch, tmpdir):
    """env:ID is the file of an environment, and env: that of the process's; a platform that does
    not answer is trouble and not a difference."""
    path = written(tmpdir.join("new.json"), OLD)
    arguments = ["diff", "env:env", path, "--cdn-url", emulator.urls["cdn_url"]]
    document = decoded(arguments, 1)
    assert document["old"].endswith("/env/bucketing.json") and document["new"] == path
    monkeypatch.setenv(str("FLAGSHIP_ENV_ID"), str("env"))
    assert decoded(["diff", "env:", "env:env"] + arguments[3:])["changed"] == 0
    emulator.misbehave("bucketing", status=503)
    code, output, errors = command(arguments)
    assert (code, output) == (2, "") and "503" in errors


@pytest.mark.parametrize("arguments, message", [
    (["old.json"], "NEW"), (["-", "-"], "cannot both be standard input"),
    (["old.json", "-", "--ids", "-"], "NEW and --ids cannot both be standard input"),
    (["old.json", "env:"], "NEW: env: needs an ID, as FLAGSHIP_ENV_ID is not set"),
    (["old.json", "nowhere.json"], "nowhere.json: No such file"),
])
def test_usage(arguments, message):
    written("old.json", OLD)
    code, output, errors = command(["diff"] + arguments)
    assert (code, output) == (2, "") and message in errors


def test_for_people(diff, tmpdir, monkeypatch):
    """What changes, then who; on a narrow terminal nothing is wider."""
    def change(file, campaign, group):
        group["variations"][0]["allocation"], group["variations"][1]["allocation"] = 20, 80
        group["variations"][0]["name"] = "\x1b[31mRed"
        del file["campaigns"][1]

    diff(changed(change))
    arguments = ["diff", str(tmpdir.join("old.json")), str(tmpdir.join("new.json"))]
    code, output, errors = command(arguments)
    lines = output.splitlines()
    assert (code, errors) == (1, "") and "(30.9 %)" in lines[0]
    assert lines[1:5] == ["", "c: changed", "  allocation of c-group / \\u001b[31mRed: 50 -> 20",
                          "  allocation of c-group / b: 50 -> 80"]
    assert lines[6].endswith("  \\u001b[31mRed  ->  b") and lines[8] == "d: removed"
    monkeypatch.setenv(str("COLUMNS"), str("40"))
    assert max(map(len, command(arguments, is_terminal=True)[1].splitlines())) <= 40
