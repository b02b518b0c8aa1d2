# -*- coding: utf-8 -*-
"""The command line on a terminal, in a pipe and in a file: what is cut, colored and shown of long
work."""
from __future__ import unicode_literals

import json
import os
import re
import subprocess
import sys

import pytest

from flagship.cli._layout import Layout, width_of
from flagship.cli._output import Progress
from tests.support import DATA, ROOT, Stream, command, everybody
from tests.test_quickstart import environment

LONG = "A name that is much longer than a column of a terminal of the usual width would bear"
SHOP = os.path.join(DATA, "shop.json")
PAINT = re.compile("\x1b\\[[0-9]*m")


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    for name in ("NO_COLOR", "TERM", "FLAGSHIP_ENV_ID"):
        monkeypatch.delenv(str(name), raising=False)
    monkeypatch.setenv(str("COLUMNS"), str("40"))


@pytest.fixture
def file(tmpdir):
    """A bucketing file with long names and a long value."""
    campaign = everybody("c", ("a", 50, {"color": {"long value": LONG}}), ("b", 50, {"color": "x"}))
    campaign["name"] = "Campaign. " + LONG
    campaign["variationGroups"][0]["name"] = "Group. " + LONG
    for variation in campaign["variationGroups"][0]["variations"]:
        variation["name"] = "Variation. " + LONG
    path = tmpdir.join("file.json")
    path.write(json.dumps({"campaigns": [campaign, {"id": "broken"}]}))
    return str(path)


def ways(file):
    return [["decide", file, "--visitor", "v8", "--cached", "a", "--explain"],
            ["decide", file, "--visitor", "v8", "--cached", "a"],
            ["share", file, "--visitors", "50"], ["validate", file]]


def test_nothing_is_cut_in_a_pipe(file):
    """However narrow the terminal around it is, and no line is broken."""
    for arguments in ways(file):
        output = command(arguments)[1]
        assert "…" not in output and "~" not in output
        for name in ("Campaign. ", "Variation. "):
            assert arguments[0] == "validate" or name + LONG in output
    assert json.dumps({"long value": LONG}) in command(ways(file)[1])[1]


def test_a_process_with_its_output_in_a_file_cuts_nothing(file, tmpdir):
    with open(str(tmpdir.join("out")), "wb") as out:
        subprocess.check_call([sys.executable, "-m", "flagship"] + ways(file)[1], cwd=ROOT,
                              env=environment(COLUMNS="40", PYTHONIOENCODING="utf-8"), stdout=out,
                              stderr=subprocess.PIPE)
    assert "Variation. " + LONG in tmpdir.join("out").read()


def test_a_narrow_terminal_has_a_block_a_flag(file):
    """In it nothing is cut, as lines break between words."""
    code, output, _ = command(ways(file)[1], is_terminal=True)
    lines = PAINT.sub("", output).splitlines()
    assert lines[:4] == ["Visitor v8 gets 1 flag:", "", "color",
                         '  value      {"long value": "A name that']
    assert max(map(width_of, lines)) <= 40
    assert "campaign Campaign. %s variation Variation. %s" % (LONG, LONG) in " ".join(
        output.split()[6:])
    for arguments in ways(file):
        assert "…" not in command(arguments, is_terminal=True)[1]


def test_share_on_a_narrow_terminal():
    lines = PAINT.sub("", command(["share", SHOP, "--visitors", "1000"], is_terminal=True)[1])
    lines = lines.splitlines()
    at = lines.index("    allocated 50 %")
    assert lines[at - 1].startswith("    share ") and lines[at + 1].startswith("    visitors ")
    assert lines[at + 2].startswith("    by chance ") and "│" in lines[at - 2]


COLORS = [
    (True, {}, [], True), (False, {}, [], False),
    (True, {"NO_COLOR": "1"}, [], False), (True, {"NO_COLOR": ""}, [], True),
    (True, {"TERM": "dumb"}, [], False),
    (True, {}, ["--color", "never"], False), (False, {}, ["--color", "always"], True),
    (True, {"NO_COLOR": "1"}, ["--color=always"], True),
]


@pytest.mark.skipif(os.name != "posix", reason="a Windows console may not know the sequences")
@pytest.mark.parametrize("is_terminal, variables, options, is_colored", COLORS)
def test_colors(monkeypatch, is_terminal, variables, options, is_colored):
    """On a terminal, unless NO_COLOR or a dumb terminal forbids it; an option has the last word."""
    for name in variables:
        monkeypatch.setenv(str(name), str(variables[name]))
    for arguments in (["decide", SHOP, "--visitor", "ann", "--explain"],
                      ["share", SHOP, "--visitors", "100"]):
        output = command(arguments + options, is_terminal=is_terminal)[1]
        assert ("\x1b[" in output) == is_colored
        assert "\x1b" not in command(arguments + options + ["--json"], is_terminal=is_terminal)[1]


def test_colors_change_no_column(monkeypatch):
    monkeypatch.setenv(str("COLUMNS"), str("80"))
    for arguments in (["decide", SHOP, "--visitor", "ann", "--explain"], ["validate", SHOP],
                      ["share", SHOP, "--visitors", "100"]):
        colored, plain = [command(arguments + ["--color", each], is_terminal=True)[1]
                          for each in ("always", "never")]
        assert [line.rstrip() for line in PAINT.sub("", colored).splitlines()] == \
            plain.splitlines()
    rows = Layout(80, "utf-8", True)
    assert width_of(rows.yes) == 1 and rows.table([[rows.yes, "a"], ["x", "b"]])[1] == "x  b"


class Clock(object):
    """A clock that goes on by an eighth of a second each time that somebody looks."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 0.125
        return self.now


def shown(monkeypatch, visitors, is_terminal, total=None):
    """What stderr gets while visitors are counted."""
    stream = Stream(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress(total, 0.5, Clock()) as progress:
        assert list(progress.counting(iter(range(visitors)))) == list(range(visitors))
    return stream.text()


def test_long_work_shows_how_far_it_is(monkeypatch):
    """At a bounded rate, each line over the one before, and none is left."""
    written = shown(monkeypatch, 5000, True, 10000).split("\r")
    assert written[:2] == ["", "768 of 10,000 visitors, 7 %"]
    assert 2 <= sum("visitors" in line for line in written) <= 5
    assert written[-2].strip() == written[-1] == ""
    assert shown(monkeypatch, 5000, True).split("\r")[1] == "768 visitors"


@pytest.mark.parametrize("visitors, is_terminal", [(5000, False), (200, True), (0, True)])
def test_no_progress_in_a_pipe_and_of_short_work(monkeypatch, visitors, is_terminal):
    assert shown(monkeypatch, visitors, is_terminal) == ""


def test_share_says_nothing_on_stderr_in_a_pipe():
    assert command(["share", SHOP, "--visitors", "20000"])[2] == ""
