"""What setup.py tells an installer."""
from __future__ import absolute_import  # tests/types is no module that is meant

import hashlib
import importlib
import io
import os
import re
import runpy
import sys
import types

import pytest

import flagship

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NAME = re.compile(r"[\w-]+")


def read(name):
    with io.open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


@pytest.fixture
def metadata(monkeypatch):
    """The arguments of setup()."""
    told = {}
    # An environment of Python 3.12 or later has no setuptools.
    setuptools, command = types.ModuleType("setuptools"), types.ModuleType(
        "setuptools.command.sdist")
    setuptools.setup, setuptools.find_packages = lambda **options: told.update(
        options), lambda **options: options
    command.sdist = object
    monkeypatch.setitem(sys.modules, "setuptools", setuptools)
    monkeypatch.setitem(sys.modules, "setuptools.command", types.ModuleType("setuptools.command"))
    monkeypatch.setitem(sys.modules, "setuptools.command.sdist", command)
    umask = os.umask(0o022)
    try:
        runpy.run_path(os.path.join(ROOT, "setup.py"))
    finally:
        os.umask(umask)
    return told


def test_the_version_is_the_package_s(metadata):
    assert (metadata["name"], metadata["version"]) == ("flagship", flagship.__version__)


def test_requirements_txt_installs_what_the_package_needs(metadata):
    lines = [line.strip() for line in read("requirements.txt").splitlines()]
    assert metadata["install_requires"] == [line for line in lines if line and line[0] != "#"]


def test_nothing_is_needed_at_run_time_but_five_libraries(metadata):
    assert {NAME.match(line).group() for line in metadata["install_requires"]} == {
        "enum34", "mmh3", "requests", "six", "urllib3"}


def test_every_requirement_is_a_range(metadata):
    for line in metadata["install_requires"] + metadata["extras_require"]["test"]:
        versions = line.split(";")[0]
        assert ">=" in versions and "<" in versions, line
        assert "==" not in versions and "~=" not in versions, line


def test_enum34_is_for_python_2_alone(metadata):
    assert [line.split(";")[1].strip()
            for line in metadata["install_requires"] if line.startswith("enum34")] == [
                'python_version < "3"']


def test_this_interpreter_is_among_those_that_are_told(metadata):
    classifier = "Programming Language :: Python :: %d.%d" % sys.version_info[:2]
    assert classifier in metadata["classifiers"]


def test_a_package_index_can_follow_every_link(metadata):
    """It shows README.md without the files beside it; a picture is linked as such."""
    text = metadata["long_description"]
    assert "](%s/blob/HEAD/CHANGELOG.md)" % metadata["url"] in text
    assert "](#when-something-fails)" in text
    assert re.findall(r"\]\((?!https://|#)",
                      text) == [] and re.findall(r"!\[[^\]]*\]\([^)]*/blob/", text) == []
    assert 'src="' not in text and "<!-- command: quickstart -->" in text


def test_every_url_is_of_the_project_or_its_documentation(metadata):
    assert sorted(metadata["project_urls"]) == ["Changelog", "Documentation", "Issues", "Source"]
    for url in metadata["project_urls"].values():
        assert url.startswith((metadata["url"], "https://docs.developers.flagship.io/")), url


def test_the_license_is_told_once(metadata):
    """As an SPDX expression, for the setuptools that know it and for those before; a classifier
    would be refused."""
    assert metadata["license"] == "Apache-2.0" and "license_expression = Apache-2.0\n" in read(
        "setup.cfg")
    assert not [each for each in metadata["classifiers"] if each.startswith("License")]


def test_the_size_is_stated():
    """And the package alone, which CI adds the metadata to, is below it."""
    budget = re.search(r"at most (\d+) kB, and (\d+) kB installed",
                       " ".join(read("README.md").split()))
    sizes = [os.path.getsize(os.path.join(folder, name))
             for folder, _, names in os.walk(os.path.dirname(
                 flagship.__file__)) for name in names if not name.endswith((".pyc", ".pyo"))]
    assert sum(sizes) <= int(budget.group(2)) * 1000


def test_the_license_is_the_whole_apache_license():
    # The digest of the text at https://www.apache.org/licenses/LICENSE-2.0.txt.
    assert hashlib.sha256(read("LICENSE").encode("utf-8")).hexdigest() == (
        "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30")


def test_the_console_script_is_the_command_line(metadata):
    script, = metadata["entry_points"]["console_scripts"]
    name, _, target = script.partition(" = ")
    module, _, function = target.partition(":")
    assert name == "flagship" and callable(getattr(importlib.import_module(module), function))
