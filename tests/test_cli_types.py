# -*- coding: utf-8 -*-
"""``flagship types``: constants for the flags of a file. tests/types/ has what checkers say."""
from __future__ import unicode_literals

import os
import sys

import pytest

from flagship import Config
from tests.support import ROOT, command, data, everybody
from tests.test_cli import decoded, terminal, written

__all__ = ["terminal"]  # a fixture for every test here

CAMPAIGNS = os.path.join(ROOT, "examples", "campaigns.json")


def flags(tmpdir, *variations):
    """The flags of a file with these variations, key to ``(name, type, default)``."""
    campaign = everybody("c", *[("v%d" % place, 10, values)
                                for place, values in enumerate(variations)])
    document = decoded(["types", written(tmpdir.join("file.json"), {"campaigns": [campaign]})])
    return {each["key"]: (each["name"], each["type"], each["default"])
            for each in document["flags"]}


@pytest.mark.parametrize("values, type_, default", [
    (["a", "b"], "str", "a"),
    ([True, False], "bool", True),
    ([1, 2], "int", 1),
    ([1, 1.5], "float", 1),
    ([None, 5], "int", 0),
    ([None, "x"], "str", ""),
    ([None, None], "typing.Any", None),
    ([["a"], []], "typing.List[typing.Any]", ["a"]),
    ([{"a": [None]}, {}], "typing.Dict[str, typing.Any]", {"a": [None]}),
    (["x", 1, True, None, 2.5], "typing.Union[bool, float, str]", "x"),
])
def test_type_and_default(tmpdir, values, type_, default):
    """The type is that of all values, the default the reference's."""
    assert flags(tmpdir, *[{"k": value} for value in values])["k"] == ("K", type_, default)


@pytest.mark.parametrize("key, name", [
    ("cta_label", "CTA_LABEL"), ("cta-label", "CTA_LABEL"), ("ctaLabel", "CTA_LABEL"),
    ("HTTPServer2", "HTTP_SERVER2"), ("class", "CLASS"), ("None", "NONE"), ("1st", "FLAG_1ST"),
    ("prénom", "PRENOM"), ("商店", "FLAG_9837A083"), ("", "FLAG_00000000"), ("_", "FLAG_29D6A3E8"),
])
def test_name(tmpdir, key, name):
    """An identifier whatever the key, and no keyword."""
    assert flags(tmpdir, {key: 1})[key][0] == name


def test_keys_with_the_same_name(tmpdir):
    """None of them has it, or a key that comes later would take it over; the others keep theirs."""
    found = flags(tmpdir, {"cta-label": "", "ctaLabel": "", "a": ""})
    names = {key: name for key, (name, _, _) in found.items()}
    assert names == {"a": "A", "cta-label": "CTA_LABEL__F58BC0E9",
                     "ctaLabel": "CTA_LABEL__E98DD807"}
    again = flags(tmpdir, {"cta_label": "", "ctaLabel": "", "cta-label": ""})
    assert {again[key][0] for key in names if key != "a"} == {names["ctaLabel"], names["cta-label"]}


ODD = {"odd \"key\"\\\n": "it's \"quoted\" \\ \n \x00 é 商 \U0001f389 \u2028",
       "é": [None, {"a": 1e300}], "large": 10 ** 30, "e": {"b": -0.5, "a": [True, {}]}}


@pytest.mark.skipif(sys.version_info < (3, 6), reason="the module is for Python 3.6 and later")
def test_the_module_runs(start, tmpdir):
    """It is Python in ASCII, its constants have keys and defaults, and read what a visitor has."""
    path = written(tmpdir.join("file.json"), {"campaigns": [
        everybody("c", ("a", 100, ODD), ("b", 0, {"only": "b"}))]})
    module = decoded(["types", path])["module"]
    module.encode("ascii")
    names = {"__name__": "flags"}
    exec(compile(module, "flags.py", "exec"), names)
    visitor = start(mode=Config.Mode.BUCKETING, initial_bucketing=path, polling_interval=0,
                    offline=True).create_visitor("ann")
    assert names["ODD_KEY"].read(visitor) == ODD["odd \"key\"\\\n"]  # the default
    visitor.synchronize_modifications()
    for flag in decoded(["types", path])["flags"]:
        constant = names[flag["name"]]
        assert (constant.key, constant.default) == (flag["key"], flag["default"])
        assert constant.read(visitor) == ODD.get(flag["key"], "")
    assert names["ONLY"].read(visitor, default="mine") == "mine"


def test_the_output_is_stable():
    """The same on every Python and in any locale, so that it can be committed and compared."""
    path = os.path.join(ROOT, "tests", "types", "shop_flags.py")
    assert command(["types", CAMPAIGNS, "--check", path]) == (0, "", "")
    output = command(["types", CAMPAIGNS], "ascii")[1]
    with open(path) as file:
        assert file.read() == output


def test_check(tmpdir):
    """Whatever the line ends; another module is exit code 1, and the name of the file."""
    path = str(tmpdir.join("flags.py"))
    module = command(["types", CAMPAIGNS])[1].encode("ascii")
    written(path, module.replace(b"\n", b"\r\n"))
    assert command(["types", CAMPAIGNS, "--check", path]) == (0, "", "")
    written(path, module.replace(b"cta_", b"xta_"))
    code, output, errors = command(["types", CAMPAIGNS, "--check", path])
    assert (code, output) == (1, "") and path in errors and errors.count("\n") == 1


@pytest.mark.parametrize("arguments, message", [
    ([data("shop.json"), "--check", "nowhere.py"], "nowhere.py: No such file"),
    ([data("shop.json"), "--check", "-"], "--check: must be a file"),
    (["panic.json"], "asks for panic"),
])
def test_usage(arguments, message):
    written("panic.json", {"panic": True, "campaigns": []})
    code, output, errors = command(["types"] + arguments)
    assert (code, output) == (2, "") and message in errors
