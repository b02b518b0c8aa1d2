"""docs/: every block of code on every page runs, and prints what the page says."""
import io
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.support import ROOT, slow
from tests.run_page import blocks
from tests.test_quickstart import environment

DOCS = os.path.join(ROOT, "docs")
PAGES = sorted(os.path.relpath(os.path.join(folder, name), DOCS).replace(os.sep, "/")
               for folder, _, names in os.walk(DOCS) for name in names if name.endswith(".rst"))
RUN = {"testsetup", "testcode", "testoutput", "testcleanup"}


def test_the_pages_are_found():
    assert {"index.rst", "operations.rst", "cookbook.rst", "cookbook/servers.rst"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_run(page):
    """Python runs as testcode, files and commands by their block; only text and what needs an
    account is read alone."""
    for kind, argument, options, body, line in blocks(os.path.join(DOCS, page)):
        if kind in ("code-block", "code", "literalinclude", "highlight"):
            assert kind == "code-block" and ("caption" in options
                                             or argument in ("console", "text")), line
    with io.open(os.path.join(DOCS, page), encoding="utf-8") as file:
        assert not re.search(r"::\n\n? {2,}", re.sub(r"(?m)^ *\.\. .*", "",
                                                     file.read())), "a literal block is not run"


# Public to import, and made by nobody who uses the SDK.
INSIDE = {"flagship.cache.assignments", "flagship.contrib.openfeature.visitors",
          "flagship.contrib.django.apps", "flagship.contrib.django.qa.apps"}


def test_every_class_is_in_the_reference():
    """Those of the recorded API, by its home or by a shorter path."""
    with io.open(os.path.join(ROOT, "tests", "types", "api.txt"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    with io.open(os.path.join(DOCS, "reference.rst"), encoding="utf-8") as file:
        page = file.read()
    told = set(re.findall(r"^ *\.\. (?:auto)?(?:class|module|function|data):: (\S+)", page, re.M))
    homes = {line.split(" from ")[0]: line.split(" from ")[1] + "." + line.split(" from ")[0]
             .rsplit(".", 1)[1] for line in lines if " from " in line}
    told |= {homes[name] for name in told if name in homes}
    classes = [line.split("(")[0] for line in lines if line.endswith(" class")]
    assert len(classes) > 30
    assert not [name for name in classes
                if name not in told and name.rsplit(".", 1)[0] not in told | INSIDE
                and name not in ("flagship.cache.cache_visitor.FlatVisitorRecord",
                                 "flagship.cache.cache_visitor.VisitorAssignments")]


@slow
@pytest.mark.parametrize("page", PAGES)
def test_page(page, tmpdir):
    path = os.path.join(DOCS, page)
    if not any(kind in RUN or argument == "console" for kind, argument, _, _, _ in blocks(path)):
        return
    shutil.copytree(os.path.join(ROOT, "examples"), str(tmpdir.join("examples")))
    process = subprocess.Popen(
        [sys.executable, "-W", "error::DeprecationWarning:__main__",
         os.path.join(ROOT, "tests", "run_page.py"), path],
        cwd=str(tmpdir), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=environment(NO_PROXY="127.0.0.1", PYTHONPATH=os.pathsep.join(
            [ROOT, str(tmpdir)] + [each for each in sys.path if each]), PYTHONIOENCODING="utf-8",
                        COLUMNS="80"))
    output = process.communicate()[0].decode("utf-8", "replace")
    assert process.returncode == 0, output


@pytest.mark.parametrize("page", [each for each in PAGES if each.startswith("cookbook")])
def test_no_line_of_code_is_cut(page):
    """90 columns are what the site shows of a block in a window of 1440 pixels."""
    for kind, _, options, body, line in blocks(os.path.join(DOCS, page)):
        if kind in ("testcode", "testoutput", "code-block") and "hide" not in options:
            assert max(len(each) for each in body.splitlines()) <= 90, line


def test_the_table_of_settings_is_the_settings_that_there_are():
    """What a project may set for Django or Flask is written down with its default, and nothing else
    is."""
    from flagship.contrib import _settings
    with io.open(os.path.join(DOCS, "django.rst"), encoding="utf-8") as file:
        rows = dict(re.findall(r"\* - ``(FLAGSHIP_\w+)``\n     - ``(\w+)``\n", file.read()))
    settings = {name: default for name, (_, default) in _settings.START + _settings.VISITOR}
    assert set(settings) - set(rows) == {"FLAGSHIP_ENV_ID", "FLAGSHIP_API_KEY"}
    assert rows == {name: "%s" % settings[name] for name in rows}


def test_every_command_has_an_example():
    page = os.path.join(DOCS, "cli.rst")
    commands = [body.split()[2] for kind, argument, _, body, _ in blocks(page)
                if argument == "console"]
    assert commands == ["decide", "validate", "share", "diff", "types",
                        "lint", "send", "doctor", "completion"]
