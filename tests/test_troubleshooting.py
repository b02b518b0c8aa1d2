"""docs/troubleshooting.rst: what lines name is there, and nothing else is."""
import ast
import io
import logging
import os
import re

import pytest

from flagship import Config, Flagship
from tests.support import ROOT, everybody
from tests.test_layering import modules

PAGE = os.path.join(ROOT, "docs", "troubleshooting.rst")


def page():
    with io.open(PAGE, encoding="utf-8") as file:
        return file.read()


def names_in_code():
    """What the package's modules call see() with."""
    for _, path in modules():
        with io.open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read().encode("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "see":
                yield ast.literal_eval(node.args[0])


def test_each_name_has_a_section_and_each_section_a_line():
    """A section's title is its name, and so its anchor."""
    sections = re.findall(r"^([a-z-]+)\n~+$", page(), re.M)
    assert sorted(sections) == sorted(set(names_in_code())) and len(sections) > 20


def test_a_name_stays():
    """People search for these; a new one is added here."""
    assert set(names_in_code()) == {
        "clock", "context-types", "continuity", "initial-bucketing", "lost", "malformed-url",
        "milliseconds", "missing-settings", "not-started", "not-synchronized", "panic", "proxy",
        "redirect", "snapshot", "spool", "timeout", "tls", "too-large", "unknown-environment",
        "unknown-host", "unknown-key", "unreachable", "visitor-cache", "wrong-key", "wrong-url"}


def test_references_lead_to_sections():
    text = page()
    for name in re.findall(r"\b([a-z]+(?:-[a-z]+)+)_[^_a-z]", text):
        assert re.search(r"^%s\n~" % name, text, re.M), name


AGE = {"key": "age", "operator": "GREATER_THAN", "value": 18}
PLAN = {"key": "plan", "operator": "EQUALS", "value": "gold"}
NAME = {"key": "age", "operator": "CONTAINS", "value": "3"}


def campaign_for(*targetings):
    campaign = everybody("c", ("a", 100, {"flag": 1}))
    campaign["variationGroups"][0]["targeting"] = {"targetingGroups": [
        {"targetings": [each]} for each in targetings]}
    return {"campaigns": [campaign]}


@pytest.mark.parametrize("targetings, context, said", [
    ([AGE], {"age": "30"}, "'age' is text, and campaigns compare it with a number"),
    ([PLAN], {"plan": 5}, "'plan' is a number, and campaigns compare it with text"),
    ([dict(AGE, operator="EQUALS")], {"age": True}, "'age' is true or false"),
    ([dict(PLAN, value=["gold", "red"])], {"plan": True}, "'plan' is true or false"),
    ([AGE], {"age": 3.5}, None), ([AGE], {"other": "30"}, None), ([AGE, NAME], {"age": "5"}, None),
    ([AGE, dict(AGE, operator="EQUALS", value="5")], {"age": "6"}, None),
    ([dict(AGE, operator="SEMVER_EQUALS", value="1.0.0")], {"age": 1}, None), ([], {}, None)])
def test_a_context_of_another_type(start, emulator, log, targetings, context, said):
    """A value that no campaign compares with its kind is one WARNING a key, with the first flag
    that the visitor is without; whoever is just not targeted hears nothing."""
    start(mode=Config.Mode.BUCKETING, polling_interval=0,
          initial_bucketing=campaign_for(*targetings), offline=True)
    for _ in range(3):
        visitor = Flagship.instance().create_visitor("ann", context=context)
        visitor.synchronize_modifications()
        visitor.get_modification("flag", None)
    lines = [line.partition("[context] ")[2] for line in log.at(logging.WARNING)]
    assert len(lines) == (said is not None)
    for line in lines:
        assert line.replace("u'", "'").startswith(said)
        assert line.endswith("(see troubleshooting: context-types)")
