# -*- coding: utf-8 -*-
"""The command line: what it says, its exit codes, and its JSON."""
from __future__ import unicode_literals

import errno
import io
import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flagship
from flagship import Config
from flagship.cache import SQLiteVisitorCache
from flagship.cli._findings import findings
from flagship.cli._layout import Layout, width_of
from flagship.cli._shares import bounds, count_shares
from flagship.cli._syntax import NotJson, check
from flagship.decision.compiled import Campaigns
from flagship.decision.evaluator import assign
from flagship.decision.snapshot import Snapshot
from flagship.errors import FlagshipParsingError
from tests.support import ROOT, command, data, eventually, everybody, slow
from tests.test_explain import ALLOCATIONS, KEYS, TARGETINGS, document
from tests.test_quickstart import environment

SHOP = data("shop.json")


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    """80 columns, and no credentials in the environment."""
    monkeypatch.setenv(str("COLUMNS"), str("80"))
    for name in ("FLAGSHIP_ENV_ID", "FLAGSHIP_API_KEY", "NO_COLOR", "TERM"):
        monkeypatch.delenv(str(name), raising=False)


def written(path, value):
    """A file of JSON, or of bytes as they are; its path."""
    with io.open(str(path), "wb") as file:
        file.write(value if isinstance(value, bytes) else json.dumps(value).encode("ascii"))
    return str(path)


def decoded(arguments, code=0):
    """The JSON document of a command that ends with ``code``."""
    status, output, errors = command(list(arguments) + ["--json"])
    assert status == code, errors
    return json.loads(output)


def process(arguments, **variables):
    return subprocess.Popen([sys.executable, "-m", "flagship"] + arguments, cwd=ROOT,
                            stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE,
                            env=environment(NO_PROXY="127.0.0.1", **variables))


# decide

@pytest.mark.parametrize("arguments, context", [
    ([], {}),
    (["--context", "vip:=true", "--context", "country=fr"], {"vip": True, "country": "fr"}),
    (["--context-json", '{"vip": true, "visits": 3}'], {"vip": True, "visits": 3}),
], ids=["none", "pairs", "json"])
def test_decide_is_explain(start, arguments, context):
    """The document is the one that visitor.explain() gives on the same file, and without --explain
    the same but for the reasons."""
    visitor = start(mode=Config.Mode.BUCKETING, initial_bucketing=SHOP,
                    polling_interval=0).create_visitor(
        "ann", context=context)
    told = json.loads(json.dumps(visitor.explain()))
    assert decoded(["decide", SHOP, "--visitor", "ann", "--explain"] + arguments) == told
    for name in ("campaigns", "cachedVariationIds"):
        del told[name]
    assert decoded(["decide", SHOP, "--visitor", "ann"] + arguments) == told


def test_decide_for_people():
    code, output, errors = command(["decide", SHOP, "--visitor", "zoé", "--context", "country=fr",
                                    "--explain"])
    assert (code, errors) == (0, "")
    lines = output.splitlines()
    assert lines[0] == "Visitor zoé gets 4 flags:"
    assert 'delivery   "écologique"  fr              fr-on' in lines
    assert '      ✗  vip EQUALS true  the visitor has no vip' in lines
    assert '      ✓  country EQUALS "fr"  the visitor has "fr"' in lines
    assert lines[lines.index("vip: not targeted") + 1] == "  no variation group's targeting matches"


def test_decide_one_flag():
    document = decoded(["decide", SHOP, "--visitor", "ann", "--flag", "delivery", "--explain"])
    assert [each["campaignId"]
            for each in document["campaigns"]] == ["fr"] and document["modifications"] == {}
    assert command(["decide", SHOP, "--visitor", "ann", "--flag", "delivery"]) == (
        0, "Visitor ann gets 0 flags\n", "")


@pytest.mark.parametrize("key, problem", [
    ("delivry", 'no campaign sets "delivry"; did you mean "delivery"?'),
    ("qqqqqqq", 'no campaign sets "qqqqqqq"'),
])
def test_a_flag_that_no_campaign_sets_is_pointed_out(start, key, problem):
    """With the nearest one, in the exit code, and as the reason that visitor.explain() gives."""
    arguments = ["decide", SHOP, "--visitor", "ann", "--flag", key]
    assert command(arguments) == (
        1, "Visitor ann gets 0 flags\n", "flagship decide: %s\n" % problem)
    visitor = start(mode=Config.Mode.BUCKETING, initial_bucketing=SHOP,
                    polling_interval=0).create_visitor("ann")
    explained = visitor.explain(key)
    assert (explained["serving"], explained["reason"]) == (True, problem)
    assert decoded(arguments + ["--explain"], 1) == json.loads(json.dumps(explained))
    assert visitor.explain("delivery")["reason"] == ""


CONTEXTS = [
    (["--context", "zip=75011"], {"zip": "75011"}),
    (["--context", "zip:=75011"], {"zip": 75011}),
    (["--context", "a=b=c"], {"a": "b=c"}),
    (["--context", "url=x:=1"], {"url": "x:=1"}),
    (["--context", "empty="], {"empty": ""}),
    (["--context", "a:=1.5", "--context", "a=text"], {"a": "text"}),
    (["--context", "a:=false", "--context", 'b:="quoted"'], {"a": False, "b": "quoted"}),
    (["--context-json", '{"a": 1, "b": "x"}', "--context", "a=y"], {"a": "y", "b": "x"}),
    (["--context", "ville=Orléans"], {"ville": "Orléans"}),
]


@pytest.mark.parametrize("arguments, context", CONTEXTS,
                         ids=lambda value: " ".join(value).encode("ascii", "replace")
                         .decode("ascii").replace("?", "e") if isinstance(value, list) else "")
def test_the_context(arguments, context):
    told = decoded(["decide", SHOP, "--visitor", "ann"] + arguments)["context"]
    assert told == context
    assert all(isinstance(told[key], bool) == isinstance(context[key], bool) for key in context)


def test_the_context_from_a_file(tmpdir):
    path = written(tmpdir.join("context.json"), {"age": 31, "plan": "gold"})
    assert decoded(["decide", SHOP, "--visitor", "ann", "--context-json",
                    "@" + path])["context"] == {
        "age": 31, "plan": "gold"}


def test_a_text_that_looks_like_json_is_pointed_out():
    """Where the file compares the key with a number, true or false, and nowhere else."""
    arguments = ["decide", SHOP, "--visitor", "ann", "--context", "country=75"]
    assert command(arguments)[2] == ""
    code, output, errors = command(arguments + ["--context", "vip=true"])
    assert (code, errors) == (0, "flagship decide: --context vip=true is text, and the file "
                                 "compares vip with true; "
                                 "for a JSON value write vip:=true\n")
    for clear in ("vip:=true", "vip=yes"):
        assert command(arguments + ["--context", clear])[2] == ""


def test_cached_assignments(tmpdir):
    """They win over the hash; a store is looked up for its environment, and left as it was."""
    path = str(tmpdir.join("visitors.db"))
    cache = SQLiteVisitorCache(path)
    cache.use_environment("env")
    record = {"version": 1, "data": {"vId": "ann", "vaIds": ["cta-red"]}}
    cache.save("ann", record)
    arguments = ["decide", SHOP, "--visitor", "ann", "--explain"]
    for more in (["--cached", "cta-blue"], ["--cached", "gone", "--cached", "cta-red"],
                 ["--cache", path, "--env-id", "env"]):
        document = decoded(arguments + more)
        cta = document["campaigns"][0]
        assert (cta["decidedBy"], cta["variationId"]) == ("cache",
                                                          document["cachedVariationIds"][-1])
    assert decoded(arguments + ["--cache", path, "--env-id", "other"])["cachedVariationIds"] == []
    assert "Cached assignments: cta-red" in command(arguments + ["--cache", path, "--env-id",
                                                                 "env"])[1]
    assert cache.lookup("ann") == record
    cache.close()


def test_decide_on_what_the_platform_serves(emulator, monkeypatch):
    """A URL, and an environment; its id may come from the process's environment."""
    wanted = decoded(["decide", SHOP, "--visitor", "ann"])
    url = "%s/env/bucketing.json" % emulator.urls["cdn_url"]
    assert decoded(["decide", url, "--visitor", "ann"]) == wanted
    of_environment = ["decide", "--visitor", "ann", "--cdn-url", emulator.urls["cdn_url"]]
    assert decoded(of_environment + ["--env-id", "env"]) == wanted
    monkeypatch.setenv(str("FLAGSHIP_ENV_ID"), str("env"))
    assert decoded(of_environment) == wanted
    assert not emulator.context_events and not emulator.activations


def test_decide_in_api_mode(emulator, monkeypatch):
    """The platform decides; no context event goes with it, and the key is nowhere in the output."""
    arguments = ["decide", "--mode", "api", "--visitor", "ann", "--context", "vip:=true",
                 "--env-id", "env",
                 "--decision-api-url", emulator.urls["decision_api_url"]]
    code, output, errors = command(arguments)
    assert (code, output) == (2, "") and "FLAGSHIP_API_KEY" in errors
    monkeypatch.setenv(str("FLAGSHIP_API_KEY"), str("key"))
    document = decoded(arguments)
    assert document["modifications"] == decoded(
        ["decide", SHOP, "--visitor", "ann", "--context", "vip:=true"])["modifications"]
    assert (document["mode"], len(emulator.decisions), emulator.context_events) == ("API", 1, [])
    assert "the platform decided" in command(arguments + ["--explain"])[1]
    code, _, errors = command(arguments + ["--flag", "discont"])
    assert (code, errors) == (0, "flagship decide: the platform's answer has no flag \"discont\"; "
                                 "did you mean discount?\n")
    monkeypatch.setenv(str("FLAGSHIP_API_KEY"), str("s3cret"))
    code, output, errors = command(arguments + ["--json"])
    assert (code, list(json.loads(output))) == (1, ["error"])
    assert "answered" in errors and "s3cret" not in output + errors


def test_nothing_is_served_in_panic(emulator, tmpdir):
    emulator.panic = True
    document = decoded(["decide", "--mode", "api", "--visitor", "ann", "--env-id", "env",
                        "--api-key", "key",
                        "--decision-api-url", emulator.urls["decision_api_url"]], 1)
    assert (document["serving"],
            document["modifications"]) == (False, {}) and "panic" in document["reason"]
    path = written(tmpdir.join("panic.json"), dict(everybody_file(), panic=True))
    assert command(["decide", path, "--visitor", "ann"])[:2] == (
        1, "Visitor ann gets the defaults: the file asks for panic\n")


def everybody_file():
    return {"campaigns": [everybody("c", ("a", 50, {"color": "red"}),
                                    ("b", 50, {"color": "blue"}))]}


def test_the_sdk_s_copy_is_a_bucketing_file(tmpdir):
    """What Config(bucketing_file=...) writes is read like the file in it; places are those in the
    copy."""
    path = str(tmpdir.join("bucketing.json"))
    broken = everybody_file()
    broken["campaigns"].append(5)
    Snapshot(path, "env", 10000).save(json.dumps(broken).encode("ascii"), None)
    assert list(decoded(["decide", path, "--visitor", "ann"])["modifications"]) == ["color"]
    assert [each["place"] for each in decoded(["validate", path],
                                              1)["findings"]] == ["content.campaigns[1]"]


def test_standard_input(monkeypatch):
    class Stdin(object):
        def __init__(self, content):
            self.buffer = io.BytesIO(content)
            self.read = self.buffer.read

    monkeypatch.setattr(sys, "stdin", Stdin(json.dumps(everybody_file()).encode("ascii")))
    assert decoded(["decide", "-", "--visitor", "ann"])["modifications"]
    monkeypatch.setattr(sys, "stdin", Stdin(b"ann\n\nbob\r\n"))
    assert decoded(["share", SHOP, "--ids", "-"])["visitors"] == 2


class Unreadable(object):
    def read(self):
        raise IOError(errno.EISDIR, "Is a directory")


@pytest.mark.parametrize("stdin, problem", [(None, "it is closed"),
                                            (Unreadable(), "Is a directory")])
@pytest.mark.parametrize("arguments", [["decide", "-", "--visitor", "ann"],
                                       ["share", SHOP, "--ids", "-"],
                                       ["lint", ROOT + "/setup.py", "--file", "-"]])
def test_standard_input_that_cannot_be_read(monkeypatch, stdin, problem, arguments):
    """What the shell closed with ``<&-`` is None."""
    monkeypatch.setattr(sys, "stdin", stdin)
    code, output, errors = command(arguments)
    assert (code, output) == (2, "") and errors.endswith(": standard input: %s\n" % problem)


# what cannot be used

USAGE = [
    ([], "COMMAND"),
    (["decid"], "COMMAND: must be one of decide, validate, share, diff, types, lint, send"),
    (["decid"], "not decid; did you mean decide?"),
    (["zzz\u00e9"], "not zzz\u00e9\n"),
    (["send", "pge"], "not pge; did you mean page?"),
    (["completion", "zhs"], "SHELL: must be one of bash, fish, zsh, not zhs; did you mean zsh?"),
    (["decide", SHOP, "--visitor", "ann", "--mode", "apy"],
     "--mode: must be one of bucketing, api, not apy; did you mean api?"),
    (["decide", SHOP, "--visitor", "ann", "--explian"],
     "unrecognized argument --explian; did you mean --explain?"),
    (["send", "item", "a", "b", "c", "--visitor", "ann", "--pirce=5"],
     "unrecognized argument --pirce; did you mean --price?"),
    (["validate", SHOP, "more"], "unrecognized argument more\n"),
    (["decide"], "--visitor"),
    (["decide", SHOP, "--visitor", ""], "--visitor: must be text"),
    (["decide", "--visitor", "ann"], "--env-id is missing, and FLAGSHIP_ENV_ID is not set"),
    (["decide", "nowhere.json", "--visitor", "ann"], "nowhere.json: No such file"),
    (["decide", "broken.json", "--visitor", "ann"],
     "broken.json: line 3, column 1: a comma before }"),
    (["decide", "list.json", "--visitor", "ann"], "list.json: a bucketing file must be an object"),
    (["decide", SHOP, "--visitor", "ann", "--context", "age"], "--context age: must be KEY=VALUE"),
    (["decide", SHOP, "--visitor", "ann", "--context", "=1"], "--context =1: must be KEY=VALUE"),
    (["decide", SHOP, "--visitor", "ann", "--context", "age:=old"],
     "--context age:=old: old is not JSON"),
    (["decide", SHOP, "--visitor", "ann", "--context", "age:=[1]"],
     "--context age:=[1]: a context value is"),
    (["decide", SHOP, "--visitor", "ann", "--context-json", "{"],
     "--context-json: line 1, column 2: the file ends"),
    (["decide", SHOP, "--visitor", "ann", "--context-json", "[]"],
     "--context-json: must be a JSON object, not list"),
    (["decide", SHOP, "--visitor", "ann", "--context-json", '{"a": null}'],
     "--context-json: a: a context value is"),
    (["decide", SHOP, "--visitor", "ann", "--context-json", "@broken.json"],
     "broken.json: line 3, column 1"),
    (["decide", SHOP, "--visitor", "ann", "--cache", "no.db", "--env-id", "e"],
     "--cache no.db: there is no such file"),
    (["decide", SHOP, "--visitor", "ann", "--cache", "list.json", "--env-id", "e"],
     "--cache list.json: "),
    (["decide", SHOP, "--visitor", "ann", "--cache", "list.json"], "--env-id is missing"),
    (["decide", SHOP, "--visitor", "ann", "--mode", "api"], "FILE has no effect"),
    (["decide", "--visitor", "ann", "--mode", "api", "--cached", "v"], "--cached has no effect"),
    (["decide", SHOP, "--visitor", "ann", "--env-id", "e"], "--env-id has no effect"),
    (["decide", SHOP, "--visitor", "ann", "--mode", "both"], "--mode"),
    (["validate", SHOP, "--no-such"], "--no-such"),
    (["validate", "--env-id", "e", "--cdn-url", "ftp://x"],
     "--cdn-url: must be an http or https URL"),
    (["validate", "http://127.0.0.1:1/", "--timeout", "0"], "--timeout: must be greater than 0"),
    (["share", SHOP, "--visitors", "0"], "--visitors: must be from 1 to"),
    (["share", SHOP, "--visitors", "1" * 30], "--visitors: must be from 1 to"),
    (["share", SHOP, "--visitors", "many"], "--visitors"),
    (["share", SHOP, "--ids", "latin.txt"], "latin.txt, line 2: an id must be UTF-8"),
    (["share", SHOP, "--ids", "empty.txt"], "empty.txt: it holds no visitor ids"),
    (["share", "-", "--ids", "-"], "cannot both be standard input"),
    (["send"], "KIND"),
    (["send", "page", "x", "--visitor", "ann", "--env-id", "e"],
     "URL: location is no http or https URL"),
    (["send", "event", "other", "x", "--visitor", "ann", "--env-id", "e"],
     "CATEGORY: must be action or engagement"),
    (["send", "event", "action", "x", "--visitor", "ann", "--env-id", "e", "--value", "1.5"],
     "--value: value is not a whole number"),
    (["send", "event", "action", "x", "--visitor", "ann", "--env-id", "e", "--value", "0"],
     "--value: value is not greater than 0"),
    (["send", "item", "a", "b", "c", "--visitor", "ann", "--env-id", "e", "--price", "1,5"],
     "--price: must be a number"),
    (["send", "screen", "a", "--visitor", "ann", "--env-id", "e", "--resolution", "wide"],
     "--resolution: "),
    (["send", "screen", "a", "--visitor", "ann"], "--env-id is missing"),
]


@pytest.mark.parametrize("arguments, message", USAGE, ids=[
    "%d %s" % (place, message) for place, (_, message) in enumerate(USAGE)])
def test_usage(tmpdir, arguments, message):
    """Exit code 2, the place in the message, nothing on stdout."""
    written(tmpdir.join("broken.json"), b'{"campaigns": [],\n "panic": false,\n}')
    written(tmpdir.join("list.json"), [])
    written(tmpdir.join("latin.txt"), b"ann\n\xe9\n")
    written(tmpdir.join("empty.txt"), b"\n")
    for more in ([], ["--json"]):
        code, output, errors = command(arguments + (more if arguments[1:] else []))
        assert (code, output) == (2, "") and message in errors and errors.count("\n") < 20


@pytest.mark.parametrize("name", ["decide", "validate", "share", "types"])
def test_a_url_that_does_not_answer(emulator, name):
    """Exit code 1, the reason on stderr and as the one JSON document."""
    emulator.misbehave("bucketing", status=503)
    url = "%s/env/bucketing.json" % emulator.urls["cdn_url"]
    arguments = [name, url] + (["--visitor", "ann"] if name == "decide" else [])
    code, output, errors = command(arguments)
    assert (code, output, errors) == (1, "",
                                      "flagship %s: %s: the platform answered 503\n" % (name, url))
    assert "503" in decoded(arguments, 1)["error"]


# validate

def changed(**parts):
    """A good campaign with some parts of it replaced, as a file."""
    campaign = everybody("c", ("a", 50, {"color": "red"}), ("b", 50, {"color": "blue"}))
    group = campaign["variationGroups"][0]
    for name, value in parts.items():
        target, key = {
            "campaign": (campaign, None), "groups": (campaign, "variationGroups"),
            "group": (group, None),
            "targeting": (group, "targeting"), "variations": (group, "variations"),
            "targetings": (group["targeting"]["targetingGroups"][0], "targetings"),
            "targeting_groups": (group["targeting"], "targetingGroups"),
            "variation": (group["variations"][0], None)}[name]
        if key is None:
            target.update(value)
        else:
            target[key] = value
    return {"campaigns": [campaign]}


GROUP = "campaigns[0].variationGroups[0]"
TARGETING = GROUP + ".targeting.targetingGroups[0].targetings[0]"
TWICE = {"campaigns": changed()["campaigns"] * 2}

FINDINGS = [
    ([], "ignored", "", "must be an object, not a list: the file is refused"),
    ({}, "ignored", "campaigns", "must be a list, not null: the file is refused"),
    ({"campaigns": [], "panic": "yes"}, "ignored", "panic", "it is taken for false"),
    ({"panic": True}, "warning", "panic", "every visitor gets the defaults"),
    ({"campaigns": [5]}, "ignored", "campaigns[0]",
     "must be an object, not a number: the campaign is skipped"),
    (changed(campaign={"id": True}), "ignored", "campaigns[0].id",
     "must be text, not true or false"),
    (changed(campaign={"bucketRanges": [{"r": [0, 50]}]}), "warning", "campaigns[0].bucketRanges",
     "bucketing mode does not apply it"),
    (dict(changed(), accountSettings={"enabled1V1T": True}), "warning",
     "accountSettings.enabled1V1T", "bucketing mode does not apply it"),
    (changed(targetings=[{"key": "a", "operator": "SEMVER_EQUALS", "value": "1.2"}]), "ignored",
     TARGETING + ".value", "SEMVER_EQUALS takes a version such as 1.2.3"),
    (changed(variation={"allocation": 10 ** 400}), "ignored", GROUP + ".variations[0].allocation",
     "is out of range"),
    (changed(groups={}), "ignored", "campaigns[0].variationGroups",
     "must be a list, not an object"),
    (changed(groups=[]), "warning", "campaigns[0]", "no variation groups"),
    (changed(group={"id": ""}), "ignored", GROUP + ".id", "must not be empty"),
    (changed(group={"id": "\ud800"}), "ignored", GROUP + ".id", "UTF-8"),
    (changed(targeting=None), "warning", GROUP + ".targeting", "use the key fs_all_users"),
    (changed(targeting=[]), "ignored", GROUP + ".targeting", "must be an object, not a list"),
    (changed(targetings=[]), "warning", GROUP + ".targeting.targetingGroups[0].targetings",
     "they match nobody"),
    (changed(targetings=[{"operator": "EQUALS"}]), "ignored", TARGETING + ".key",
     "must be text, not null"),
    (changed(targetings=[{"key": "a", "operator": "equals", "value": 1}]), "ignored",
     TARGETING + ".operator",
     'unknown operator "equals"'),
    (changed(targetings=[{"key": "a", "operator": "GREATER_THAN", "value": [1]}]), "ignored",
     TARGETING + ".value",
     "GREATER_THAN does not take a list"),
    (changed(targetings=[{"key": "a", "operator": "EQUALS", "value": ["x", {}]}]), "ignored",
     TARGETING + ".value[1]",
     "EQUALS does not take an object"),
    (changed(variations=[]), "warning", GROUP, "no variations"),
    (changed(variation={"allocation": "50"}), "ignored", GROUP + ".variations[0].allocation",
     "must be a number"),
    (changed(variation={"allocation": 30}), "warning", GROUP + ".variations",
     "add up to 80: 20 of 100 visitors get no variation"),
    (changed(variation={"allocation": 70}), "warning", GROUP + ".variations", "add up to 120"),
    (changed(variation={"allocation": -1}), "warning", GROUP + ".variations[0].allocation",
     "less than 0"),
    (changed(variation={"id": "b"}), "warning", GROUP + ".variations[1].id",
     '"b" is the id of campaigns[0].variationGroups[0].variations[0], too'),
    (changed(variation={"modifications": {"value": []}}), "ignored",
     GROUP + ".variations[0].modifications.value",
     "must be an object, not a list"),
    (TWICE, "warning", "campaigns[1].id", '"c" is the id of campaigns[0], too'),
    (TWICE, "warning", "campaigns[1]", 'sets "color", as campaigns[0] does'),
    ({"campaigns": [dict(TWICE["campaigns"][0], variationGroups=[
        dict(TWICE["campaigns"][0]["variationGroups"][0], id=name) for name in ("g", "h")])]},
     "warning", "campaigns[0].variationGroups[1]", "no visitor comes here"),
]


@pytest.mark.parametrize("file, level, place, message", FINDINGS, ids=[
    "%d %s" % (number, each[2]) for number, each in enumerate(FINDINGS)])
def test_findings(tmpdir, file, level, place, message):
    path = written(tmpdir.join("file.json"), file)
    document = decoded(["validate", path], 1 if level == "ignored" else 0)
    found = [each for each in document["findings"]
             if (each["level"], each["place"]) == (level, place)]
    assert any(message in each["message"] for each in found), document
    code, output, _ = command(["validate", path, "--strict"])
    assert code == 1 and ("%s  %s" % (level, place or "the file")) in output.splitlines()


def test_a_good_file_has_no_findings(tmpdir):
    """Keys and types that nobody knows yet are no findings."""
    file = changed(campaign={"type": "new", "since": 2030})
    file["version"] = 7
    path = written(tmpdir.join("file.json"), file)
    assert decoded(["validate", path, "--strict"]) == {
        "file": path, "campaigns": 1, "ignored": 0, "warnings": 0, "findings": []}
    assert command(["validate", path])[1] == "%s: 1 campaign in use\n" % path
    assert decoded(["validate", SHOP, "--strict"])["findings"] == []


_PARTS = st.one_of(st.none(), st.booleans(), st.integers(-3, 130),
                   st.sampled_from(["", "c", "EQUALS", 1e999]),
                   st.lists(st.none(), max_size=1), st.builds(dict))
_PLACES = [("campaigns",), ("campaigns", 0), ("campaigns", 0, "id"),
           ("campaigns", 0, "variationGroups"),
           ("campaigns", 0, "variationGroups", 0)] + [
    ("campaigns", 0, "variationGroups", 0) + more for more in (
        ("id",), ("targeting",), ("targeting", "targetingGroups"),
        ("targeting", "targetingGroups", 0),
        ("targeting", "targetingGroups", 0, "targetings"),
        ("targeting", "targetingGroups", 0, "targetings", 0),
        ("targeting", "targetingGroups", 0, "targetings", 0, "key"),
        ("targeting", "targetingGroups", 0, "targetings", 0, "operator"),
        ("targeting", "targetingGroups", 0, "targetings", 0, "value"),
        ("name",), ("variations",), ("variations", 0), ("variations", 0, "id"),
        ("variations", 0, "allocation"),
        ("variations", 0, "name"),
        ("variations", 0, "modifications"), ("variations", 0, "modifications", "value"))]


CHANGES = st.lists(st.tuples(st.sampled_from(_PLACES), _PARTS), min_size=1, max_size=3)


@slow
@settings(max_examples=300, deadline=None)
@given(CHANGES, TARGETINGS)
def test_what_is_ignored_is_what_the_sdk_ignores(changes, targetings):
    """Whatever stands where in a file: the campaigns that findings skip are those that Campaigns
    skips, and where it reports nothing, nothing is said to be ignored."""
    file = file_with(changes, targetings)
    found, _ = findings(file)
    ignored = [each for each in found if each.level == "ignored"]
    try:
        campaigns = Campaigns(file)
    except FlagshipParsingError:
        assert [each.message for each in ignored if "file is refused" in each.message]
        return
    assert bool(ignored) == bool(campaigns.problems)
    skipped = {each.place.split(".")[0].split("]")[0] for each in ignored
               if "campaign is skipped" in each.message}
    assert skipped == {"campaigns[%d" % each.index for each in campaigns.document.campaigns
                       if each.problem}


@slow
@settings(max_examples=40, deadline=None)
@given(CHANGES, TARGETINGS)
def test_every_command_survives_every_file(folder, changes, targetings):
    """A document or lines, or a message; never a traceback, and never NaN or infinity in JSON."""
    path = written(os.path.join(folder, "file.json"),
                   json.dumps(file_with(changes, targetings)).replace(
        "Infinity", "1e999").encode("ascii"))
    for arguments in (["validate", path], ["decide", path, "--visitor", "ann", "--explain"],
                      ["share", path, "--visitors", "3"],
                      ["diff", SHOP, path, "--visitors", "3"], ["types", path],
                      ["lint", path, "--file", path]):
        code, output, errors = command(arguments)
        assert code in (0, 1, 2)
        assert bool(output) == (code != 2) or arguments[0] == "lint"  # silent where all is well
        again, output, _ = command(arguments + ["--json"])
        assert again == code
        if output:
            json.loads(output, parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def folder(tmpdir_factory):
    return str(tmpdir_factory.mktemp("files"))


def file_with(changes, targetings):
    """A file with a good campaign, and one in which ``changes`` were made."""
    file = changed(targeting_groups=[{"targetings": each} for each in targetings]
                   or [{"targetings": [
        {"key": "plan", "operator": "EQUALS", "value": "gold"}]}])
    file["campaigns"].append(changed()["campaigns"][0])
    for place, value in changes:
        target = file
        try:
            for part in place[:-1]:
                target = target[part]
            target[place[-1]] = value
        except (IndexError, KeyError, TypeError):
            pass  # an earlier change took it away
    return file


SYNTAX = [
    (b"", 1, 1, "the file ends where a value should be"),
    (b'{"a": 1', 1, 8, "the file ends where , or } should be"),
    (b'{\n "a": 1,\n}', 3, 1, "a comma before }"),
    (b"[1, 2,]", 1, 7, "a comma before ]"),
    (b"[1 2]", 1, 4, ", or ] is expected here"),
    (b"{a: 1}", 1, 2, "a key in quotes or } is expected here"),
    (b"{'a': 1}", 1, 2, "a key in quotes or } is expected here"),
    (b'{"a" 1}', 1, 6, ": after the key is expected here"),
    (b'{"a": NaN}', 1, 7, "a value is expected here"),
    (b'{"a": tru}', 1, 7, "a value is expected here"),
    (b'["\xc3\xa9", "abc\n"]', 1, 7, "a string that does not end on its line"),
    (b'["abc', 1, 2, "a string that does not end"),
    (b'["a\\x"]', 1, 4, "an escape that JSON does not know"),
    (b"[]\n[]", 2, 1, "something stands after the end of the document"),
    (b"[01]", 1, 3, ", or ] is expected here"),
    (b"\xef\xbb\xbf[01]", 1, 3, ", or ] is expected here"),
    (b'{"a":\n "\xc3\xa9\xff"}', 2, 4, "a byte that is not UTF-8"),
]


@pytest.mark.parametrize("content, line, column, message", SYNTAX, ids=[
    "%d %s" % (place, each[3]) for place, each in enumerate(SYNTAX)])
def test_syntax(tmpdir, content, line, column, message):
    """The same words and places on every Python."""
    path = written(tmpdir.join("file.json"), content)
    only, = decoded(["validate", path], 1)["findings"]
    assert (only["level"], only["line"], only["column"]) == ("ignored", line,
                                                             column) and message in only["message"]
    assert "ignored  line %d, column %d" % (line, column) in command(["validate", path])[1]


@slow
@settings(max_examples=500, deadline=None)
@given(st.text(u'{}[]:,"\\ \n019-+.eEtrunulfas\u00e9', max_size=12), st.booleans())
def test_what_is_json(text, is_long):
    """The look for the wrong place finds one in exactly the texts that json refuses."""
    if is_long:
        text = '{"a": [1.5e3, "x", ' + text + ', null, true], "b": {}}'

    def refuse(name):
        raise ValueError(name)

    try:
        json.loads(text, parse_constant=refuse)
        good = True
    except ValueError:
        good = False
    try:
        check(text)
        assert good
    except NotJson as problem:
        assert not good, problem


# share

@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.tuples(TARGETINGS, ALLOCATIONS), max_size=2), max_size=3),
       st.dictionaries(st.sampled_from(KEYS[:2]), st.sampled_from(["gold", 1, 18, True]),
                       max_size=2))
def test_visitors_are_counted_as_they_are_decided(campaigns, context):
    """The counts by bucket give each variation as many visitors as get it one by one."""
    compiled = Campaigns(document(campaigns))
    ids = ["gold", "", "ann", "18"] + ["v%d" % number for number in range(20)]
    visitors, counts = count_shares(compiled, iter(ids), context)
    prepared = [group.prepare() for groups in compiled.walk for group in groups]
    owners = {group.decode("utf-8"): [chosen[place] for place in table]
              for group, chosen, table, _ in prepared}
    by_count = {}
    for (_, group), buckets in counts.items():
        for owner, count in zip(owners[group], buckets):
            if owner is not None and count:
                by_count[owner.id] = by_count.get(owner.id, 0) + count
    one_by_one = {}
    for visitor_id in ids:
        for variation in assign(compiled, visitor_id, context):
            one_by_one[variation.id] = one_by_one.get(variation.id, 0) + 1
    assert (visitors, by_count) == (len(ids), one_by_one)


@pytest.mark.parametrize("visitors, share", [(1, 0.5), (10, 0.01), (100, 0.5), (500, 0.2),
                                             (500, 0.99), (3, 1), (3, 0)])
def test_chance(visitors, share):
    """Each tail beyond the bounds has at most half a per cent, and one count less would have
    more."""
    def probability(counts):
        factorial = math.factorial
        return math.fsum(factorial(visitors) // factorial(count) // factorial(visitors - count)
                         * share ** count * (1 - share) ** (visitors - count) for count in counts)

    least, greatest = bounds(visitors, share)
    slack = 1e-9
    assert probability(range(least)) <= 0.005 + slack < probability(range(least + 1)) + 2 * slack
    assert probability(range(greatest + 1, visitors + 1)) <= 0.005 + slack
    assert probability(range(greatest, visitors + 1)) > 0.005 - slack


def test_a_million_visitors_have_bounds():
    # Mean and standard deviation of the binomial distribution: 500000 and 500; 2.576 of them on
    # each side.
    least, greatest = bounds(10 ** 6, 0.5)
    assert abs(least - 498712) <= 1 and abs(greatest - 501288) <= 1


def test_share(tmpdir):
    """Counts against the allocation, for made-up visitors and for one's own, and who is left
    out."""
    path = written(tmpdir.join("file.json"), {"campaigns": [
        everybody("c", ("a", 33.3, {"color": "red"}), ("b", 30, {"color": "blue"})),
        document([[([[{"key": "plan", "operator": "EQUALS", "value": "gold"}]],
                    [100])]])["campaigns"][0]]})
    told = decoded(["share", path, "--visitors", "2000"])
    assert (told["file"], told["visitors"], told["seed"], told["context"]) == (path, 2000, 0, {})
    c, gold = told["campaigns"]
    group, = c["variationGroups"]
    a, b, nobody = group["variations"]
    assert (a["variationId"], a["allocation"], a["buckets"]) == ("a", 33.3, 34)
    assert (nobody["variationId"], nobody["allocation"], nobody["buckets"]) == (None, None, 36)
    assert group["visitors"] == sum(each["visitors"] for each in group["variations"]) == 2000
    assert all(each["withinChance"] and abs(each["share"] - each["buckets"] / 100.0) < 0.05
               for each in group["variations"])
    assert (gold["variationGroups"], gold["notTargeted"]) == ([], 2000)
    assert decoded(["share", path, "--visitors", "2000"]) == told != decoded(
        ["share", path, "--visitors", "2000", "--seed", "1"])
    assert decoded(["share", path, "--visitors", "5", "--context", "plan=gold"])["campaigns"][1][
        "variationGroups"][0]["visitors"] == 5
    ids = written(tmpdir.join("ids.txt"), "ann\nbob\nzoé\n".encode("utf-8"))
    told = decoded(["share", path, "--ids", ids])
    assert (told["visitors"], told["seed"]) == (3, None)
    output = command(["share", path, "--visitors", "2000"])[1]
    for text in ("33.3: 34 %", "(no variation)", "no visitor is targeted"):
        assert text in output


def test_what_is_more_than_chance_is_said(tmpdir):
    """A thousand times the same visitor is no fair draw."""
    ids = written(tmpdir.join("ids.txt"), b"ann\n" * 1000)
    assert "outside" in command(["share", SHOP, "--ids", ids])[1]
    group = decoded(["share", SHOP, "--ids", ids])["campaigns"][0]["variationGroups"][0]
    assert [each["withinChance"] for each in group["variations"]] == [False, False]


# send

# with the number of required fields of the kind
HITS = [
    (1, ["page", "https://shop.example.com/"]),
    (1, ["screen", "basket", "--resolution", "800x600", "--ip", "127.0.0.1", "--locale", "fr-FR"]),
    (2, ["event", "action", "click", "--label", "top", "--value", "3", "--session-number", "2"]),
    (2, ["event", "engagement", "read", "--session-timestamp", "1700000000000"]),
    (2, ["transaction", "T-1", "purchase", "--revenue", "59.90", "--shipping-cost", "5",
         "--shipping-method", "boat",
         "--taxes", "1.5", "--currency", "EUR", "--payment-method", "card", "--item-count", "2",
         "--coupon", "SPRING"]),
    (3, ["item", "T-1", "Chaussures d'été", "SKU-7", "--price", "29.95", "--quantity", "2",
         "--category", "shoes"]),
]


@pytest.mark.parametrize("wire, arguments", HITS,
                         ids=[" ".join(arguments[:2]) for _, arguments in HITS])
def test_send(emulator, wire, arguments):
    """What is printed is what the platform received, every option of the hit included."""
    arguments = ["send"] + arguments + ["--visitor", "zoé", "--env-id", "env", "--tracking-url",
                                        emulator.urls["tracking_url"]]
    document = decoded(arguments)
    assert [document["sent"]] == emulator.hits
    assert (document["url"], document["accepted"], document["answer"]) == (
        emulator.urls["tracking_url"] + "/", True, "200")
    options = sum(each.startswith("--") for each in arguments) - 3
    assert len(document["sent"]) == 4 + wire + options
    code, output, errors = command(arguments)
    assert (code, errors) == (0, "") and output.endswith("accepted: 200\n") and '"zoé"' in output


def test_a_hit_that_is_refused(emulator):
    emulator.misbehave("hit", status=400)
    arguments = ["send", "page", "https://x.org/", "--visitor", "ann", "--env-id", "env",
                 "--tracking-url",
                 emulator.urls["tracking_url"]]
    document = decoded(arguments, 1)
    assert document["accepted"] is False and "400" in document["answer"]
    assert document["sent"]["t"] == "PAGEVIEW"
    assert "not accepted: " in command(arguments)[1]


def test_a_long_value_is_warned_of(emulator):
    code, _, errors = command(["send", "transaction", "T", "buy", "--visitor", "ann", "--env-id",
                               "env",
                               "--payment-method", "credit_card", "--tracking-url",
                               emulator.urls["tracking_url"]])
    assert code == 0 and "payment is 11 bytes long" in errors


# the terminal

@pytest.mark.parametrize("columns", [40, 60, 80, 120])
@pytest.mark.parametrize("arguments", [
    ["decide", "examples/campaigns.json", "--visitor", "ann", "--context", "country=FR"],
    ["validate", "examples/campaigns.json"],
    ["share", "examples/campaigns.json", "--visitors", "500"],
], ids=["decide", "validate", "share"])
def test_lines_fit_the_terminal(monkeypatch, arguments, columns):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(str("COLUMNS"), str(columns))
    lines = command(arguments, is_terminal=True)[1].splitlines()
    longest = max(map(width_of, lines))
    assert longest <= columns or arguments[0] == "validate"
    if columns > 80 and arguments[0] != "validate":
        assert longest > 80, "the space is used"


def test_wide_characters_count_twice():
    rows = Layout(80, "utf-8").table([["商店", "x"], ["abcd", "y"]])
    assert rows == ["商店  x", "abcd  y"]
    assert Layout(80, "utf-8").cut_text("商店商店", 6) == "商店…"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_that_is_not_utf_8(encoding):
    """ASCII instead of blocks and marks; what the encoding cannot express is an escape; JSON is
    ASCII."""
    arguments = ["decide", SHOP, "--visitor", "zoé 商", "--context", "country=fr", "--explain"]
    code, output, _ = command(arguments, encoding)
    assert code == 0 and "\\u5546" in output and ("zoé" in output) == (encoding != "ascii")
    assert "      + " in output and "      - " in output
    code, output, _ = command(["share", SHOP, "--visitors", "100"], encoding)
    assert code == 0 and "#" in output and "|" in output
    assert json.loads(command(arguments + ["--json"], encoding)[1])["visitorId"] == "zoé 商"
    assert command(["decide", SHOP, "--visitor", "é", "--context", "é"], encoding)[0] == 2


def test_names_do_not_steer_the_terminal(tmpdir):
    file = changed(campaign={"name": "\x1b[31mred\nline"})
    path = written(tmpdir.join("file.json"), file)
    for arguments in (["decide", path, "--visitor", "a\x1bb", "--explain"],
                      ["share", path, "--visitors", "5"]):
        output = command(arguments)[1]
        assert "\x1b" not in output and "\\u001b[31mred\\u000aline" in output


def test_a_process_of_its_own():
    """python -m flagship, whatever the locale: ids in UTF-8, the version on stdout, help for
    all."""
    ran = process(["decide", SHOP, "--visitor", "zoé".encode("utf-8"), "--json"], LC_ALL="C",
                  PYTHONUTF8="0",
                  PYTHONCOERCECLOCALE="0")
    output, errors = ran.communicate()
    assert (ran.returncode,
            errors) == (0, b"") and json.loads(output.decode("ascii"))["visitorId"] == "zoé"
    ran = process(["--version"])
    assert ran.communicate() == (("flagship %s%s" % (flagship.__version__,
                                                     os.linesep)).encode("ascii"), b"")
    assert ran.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="pipes and signals of POSIX")
def test_a_broken_pipe_is_silent():
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.Popen([sys.executable, "-m", "flagship", "decide", SHOP, "--visitor", "ann"],
                           cwd=ROOT,
                           env=environment(), stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (ran.communicate()[1], ran.returncode) == (b"", 141)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_said():
    with open("/dev/full", "wb") as full:
        ran = subprocess.Popen([sys.executable, "-m", "flagship", "decide", SHOP, "--visitor",
                                "ann"], cwd=ROOT,
                               env=environment(), stdout=full, stderr=subprocess.PIPE)
        errors = ran.communicate()[1]
    assert ran.returncode == 1 and b"No space left" in errors and errors.count(b"\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="pipes and signals of POSIX")
def test_an_interrupt_is_130_without_a_traceback(emulator):
    """Ctrl-C while the platform hangs."""
    emulator.misbehave("bucketing", hang=True)
    ran = process(["validate", "--env-id", "env", "--cdn-url", emulator.urls["cdn_url"],
                   "--timeout", "60"])
    assert eventually(lambda: [each for each in emulator.requests if each])
    time.sleep(0.1)  # until it waits: http.client cannot be interrupted where it makes an answer
    ran.send_signal(signal.SIGINT)
    assert ran.communicate() == (b"", b"") and ran.returncode == 130


@pytest.mark.parametrize("arguments", [
    [], ["decide"], ["validate"], ["share"], ["diff"], ["types"], ["lint"], ["send"],
    ["send", "page"], ["send", "transaction"], ["emulator"], ["completion"]],
    ids=lambda arguments: " ".join(arguments))
def test_help(arguments):
    """It is the documentation: exit codes are in it, and it fits a terminal."""
    code, output, errors = command(arguments + ["--help"])
    assert (code, errors) == (0, "") and "xit codes" in output
    assert max(map(len, output.splitlines())) <= 80
    if arguments and arguments[0] not in ("emulator", "completion"):
        assert "--json" in output
