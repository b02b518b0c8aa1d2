"""README.md: its programs run, its commands are where CI looks for them, its table is the options that there are."""
from __future__ import unicode_literals

import io
import os
import re
import shlex
import subprocess
import sys

import pytest

from flagship import Config
from flagship.errors import ParamError
from tests.support import command
from tests.test_quickstart import ROOT, environment, run

# Read as text with universal line ends, so that a checkout with CRLF is the same document.
with io.open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
    README = file.read()

EXAMPLES = re.findall("<!-- example: ([a-z-]+) -->\n```python\n(.*?)```\n", README, re.DOTALL)


def example(name):
    """The source of the block that the comment ``<!-- example: name -->`` stands before."""
    found = [source for each, source in EXAMPLES if each == name]
    assert len(found) == 1, name
    return found[0]


def write(path, source):
    with io.open(str(path), "w", encoding="utf-8") as file:
        file.write(source)
    return str(path)


def names_of(source):
    """What a block defines."""
    names = {}
    exec(compile(source.encode("utf-8"), str("README.md"), str("exec")), names)
    return names


def test_every_python_block_has_a_name_of_its_own():
    assert len(EXAMPLES) == README.count("```python")
    assert len({name for name, _ in EXAMPLES}) == len(EXAMPLES)


@pytest.mark.parametrize("name, source", EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_every_python_block_compiles(name, source):
    compile(source.encode("utf-8"), str("README.md, " + name), str("exec"), dont_inherit=True)


@pytest.mark.parametrize("name", ["quickstart", "test"])
def test_each_command_is_one_line_after_its_comment(name):
    assert len(re.findall("<!-- command: %s -->\n```sh\n[^\n]+\n```\n" % name, README)) == 1


def test_the_stores_are_made_as_it_says(tmpdir):
    tmpdir.chdir()
    names = names_of(example("stores"))
    assert names["on_one_machine"].visitor_cache_manager is not None and names["on_many"].mode is Config.Mode.BUCKETING


def test_the_first_use_runs_as_it_stands(tmpdir):
    status, output, errors = run(write(tmpdir.join("first_use.py"), example("first-use")), directory=ROOT,
                                 NO_PROXY="127.0.0.1")
    assert (status, output.split()) == (0, ["Welcome", "back"]), errors


def test_the_pytest_example_passes(tmpdir):
    path = write(tmpdir.join("test_example.py"), example("pytest"))
    process = subprocess.Popen([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path],
                               env=environment(NO_PROXY="127.0.0.1"), cwd=str(tmpdir),
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.communicate()[0].decode("utf-8", "replace")
    assert process.returncode == 0 and "2 passed" in output, output


def test_the_visitor_cache_example_keeps_assignments(start):
    class Redis(object):
        def __init__(self):
            self.kept = {}

        def set(self, key, value):
            self.kept[key] = value

        def get(self, key):
            return self.kept.get(key)

    redis = Redis()
    cache = names_of(example("cache"))["RedisCache"](redis)
    visitor = start(visitor_cache_manager=cache).create_visitor("ann")
    assert visitor.synchronize_modifications() == (True, "")
    assert cache.lookup("ann") == {"version": 1, "data": {
        "vId": "ann", "vaIds": [visitor.get_modification_info("cta-color")["variationId"]]}}
    assert cache.lookup("bob") is None


def test_the_continuity_example_holds(start):
    exec(compile(example("continuity").encode("utf-8"), str("README.md"), str("exec")), {"flagship": start()})


def test_the_hit_example_is_accepted(visitor, emulator):
    exec(compile(example("hit").encode("utf-8"), str("README.md"), str("exec")), {"visitor": visitor()})
    assert [hit["t"] for hit in emulator.hits] == ["EVENT", "TRANSACTION"]


def test_the_handler_example_receives_log_lines(start, caplog):
    handler = names_of(example("handler"))["ShopHandler"](catch_all_exceptions=True)
    start(event_handler=handler).create_visitor("ann").get_modification(5, "default")
    assert "shop.flags" in {record.name for record in caplog.records}


def test_the_table_of_options_is_the_options_that_there_are():
    """CI's word that a new option is also written down."""
    section = README.split("\n## Options\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+? \| .+ \|$", section, re.MULTILINE)
    with pytest.raises(ParamError) as raised:
        Config(no_such_option=1)
    assert sorted(name for name, _ in rows) == raised.value.message.split("there are: ")[1].split(", ")
    config = Config()
    for name, default in rows:
        value = getattr(config, name)
        written = {"mode": "Config.%s" % value, "event_handler": "%s()" % type(value).__name__}.get(name, "%s" % value)
        assert "`%s`" % written in default, name


CONSOLE = re.findall("<!-- command line -->\n```console\n\\$ flagship (.*?[^\\\\])\n(.*?)```\n", README, re.DOTALL)


def shown(arguments, emulator):
    """What a command of the README prints, its emulator's address taken for the one that runs."""
    code, output, errors = command([each.replace("http://127.0.0.1:8080", emulator.url) for each in arguments])
    assert (code, errors) == (0, "")
    return output.replace(emulator.url, "http://127.0.0.1:8080")


def test_every_command_has_an_example():
    assert [each.split()[0] for each, _ in CONSOLE] == ["decide", "validate", "share", "send"]
    assert len(CONSOLE) == README.count("```console")


@pytest.mark.parametrize("line, output", CONSOLE, ids=[line.split()[0] for line, _ in CONSOLE])
def test_a_command_prints_what_it_says(line, output, emulator, monkeypatch):
    """On a terminal of 80 columns, from a checkout."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(str("COLUMNS"), str("80"))
    arguments = [str(each) for each in shlex.split(line.replace("\\\n", " "))]
    assert shown(arguments, emulator) == output
