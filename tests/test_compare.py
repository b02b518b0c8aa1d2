"""What needs action is complete: the program that compares with 2.1.5, and what it quotes."""
import io
import os
import subprocess
import sys

import pytest

from benchmarks.upgrade.classes import CLASSES, FLAG_CLASSES, TRANSPARENT
from tests.support import ROOT, slow
from tests.test_quickstart import environment


def read(*path):
    with io.open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


@pytest.mark.parametrize("name, words", [each[:2] for each in TRANSPARENT + FLAG_CLASSES + CLASSES])
def test_the_changelog_names_what_differs(name, words):
    """Each class of differences that the comparison allows quotes words of CHANGELOG.md."""
    assert words in " ".join(read("CHANGELOG.md").split())


def test_the_migration_page_has_no_list_of_its_own():
    """docs/migration.rst includes the changelog's, from one mark to the other."""
    page, changelog = read("docs", "migration.rst"), read("CHANGELOG.md")
    marks = [line.split(": ", 1)[1] for line in page.splitlines()
             if line.strip().startswith((":start-after:", ":end-before:"))]
    assert [changelog.count(mark) for mark in marks] == [1, 1]
    start, end = (changelog.index(mark) for mark in marks)
    title = "### What needs action when you upgrade from 2.1.5"
    assert changelog.index(title) < start < end < changelog.index("### Added")


@slow
@pytest.mark.skipif(sys.version_info[0] == 2, reason="the recording server is of Python 3")
def test_the_comparison_runs(tmpdir):
    """Under this version twice, no program shows a difference."""
    process = subprocess.Popen(
        [sys.executable, os.path.join(ROOT, "benchmarks", "compare.py"), "--programs", "12",
         "--python-2-1-5", sys.executable, "--with-path", ROOT],
        cwd=str(tmpdir), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.communicate()[0].decode("utf-8", "replace")
    assert process.returncode == 0, output
    counts = [int(line.split()[0]) for line in output.splitlines()[1:]]
    assert output.startswith("12 programs") and len(counts) > 20 and not any(counts), output
