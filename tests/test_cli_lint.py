# -*- coding: utf-8 -*-
"""``flagship lint``: keys in code that no campaign sets, and the reverse."""
from __future__ import unicode_literals

import json
import os
import re
import sys
import time

import pytest

from tests.support import ROOT, command, everybody
from tests.test_cli import decoded, terminal, written

__all__ = ["terminal"]  # a fixture for every test here

clock = getattr(time, "process_time", None) or time.clock

FILE = {"campaigns": [everybody("c", ("a", 50, {"known": 1}), ("b", 50, {"second": 2}))]}

READING = """\
visitor.get_modification("known", None)
visitor.get_modification(default_value=1, key="known")
self.request.flagship.get_modification_with_results("known", 1)
visitor.get_modification_info("known")
visitor.activate_modification("known")
visitor.modifications["known"]
visitor.modifications.get("known")
"known" in visitor.modifications
visitor.get_modification("kno" "wn", 1)
client.get_string_value("known", "")
client.get_integer_details(flag_key="known", default_value=1)
get_visitor(x)[0].get_modification("known" if x else "second", 1)
""".splitlines()


@pytest.fixture
def lint(tmpdir):
    """The findings in files, which are given by name: ``(kind, place, key)``."""
    def lint(arguments=(), code=1, folder=".", **files):
        written("file.json", FILE)
        for name, content in files.items():
            path = name.replace("__", "/").replace("_dot_", ".")
            if os.path.dirname(path) and not os.path.isdir(os.path.dirname(path)):
                os.makedirs(os.path.dirname(path))
            written(path, content if isinstance(content, bytes) else content.encode("utf-8"))
        arguments = ["lint"] + list(arguments) + ["--file", "file.json", folder]
        document = decoded(arguments, code)
        return [(each["kind"], "%s:%d:%d" % (each["path"], each["line"], each["column"]),
                 each["key"]) for each in document["findings"]]
    return lint


@pytest.mark.parametrize("code", READING)
def test_what_reads_a_key_in_python(lint, code):
    """The key that a campaign sets is read, and one that none does is reported where it is."""
    code = "import openfeature\n  # é\ndef view():\n    a = 'é'; %s\n" % code
    is_both = "second" in code
    found = lint(code=int(not is_both), app_dot_py=code)
    assert [key for _, _, key in found] == ([] if is_both else ["second"])
    found = lint(["--partial"], app_dot_py=code.replace("known", "knwn").replace("kno", "knwn"))
    column = len("    a = 'é'; ") + 1
    assert [(kind, place) for kind, place, _ in found] == [("unknown", "app.py:4:%d" % column)]


TEMPLATES = [
    "{% load flagship %}{% flag 'known' 'x' %}",
    "{% load flagship %}\n{%- flag \"known\" 0 as x %}",
    "{{ flag('known', 1) }}", "{% if flag(\"known\", x) %}", "{{ flag(key = 'known', default=1) }}",
    "{{ request.flagship.get_modification('known', 1)|upper }}",
    "{{ a }}{% set x = visitor\n.get_modification( 'known', {}) %}",
]


@pytest.mark.parametrize("code", TEMPLATES)
def test_what_reads_a_key_in_a_template(lint, code):
    assert [key for _, _, key in lint(page_dot_html=code)] == ["second"]
    (kind, place, key), = lint(["--partial"], page_dot_html=code.replace("known", "knwn"))
    assert (kind, key) == ("unknown", "knwn") and place.startswith("page.html:")


@pytest.mark.parametrize("opening", ["{%", "{{", "{#", "{% comment %}", "{% if %}{#{{"])
def test_what_is_never_closed(lint, opening):
    """A template, or what only looks like one, is read in time in proportion to its size."""
    taken = []
    for tail in ("{{ x }}", opening):
        code, began = "{{ flag('knwn', 1) }}" + tail * (600000 // len(tail)), clock()
        (kind, _, key), = lint(["--partial"], page_dot_html=code)
        assert (kind, key) == ("unknown", "knwn")
        taken.append(clock() - began)
    assert taken[1] < 3 * taken[0] + 0.5


def test_a_long_comment(lint):
    code = "{% comment %}" + "{{ flag('knwn', 1) }}" * 1000 + "{% endcomment %}{{ flag('x', 1) }}"
    (_, place, key), = lint(["--partial"], page_dot_html=code)
    assert key == "x" and place == "page.html:1:%d" % (code.index("flag('x'") + 1)


def test_a_place_in_a_template(lint):
    code = "<p>é\n  {{ flag('knwn', 1) }}\n{% load flagship %}\n{% flag 'other' 1 %}"
    assert lint(["--partial"], page_dot_j2=code) == [
        ("unknown", "page.j2:2:6", "knwn"), ("unknown", "page.j2:4:1", "other")]


@pytest.mark.parametrize("code, place", [
    ("render('{{ flag(\"knwn\", 1) }}')", "1:12"),
    ("PAGE = \"\"\"<p>\n {{ flag('knwn', 1) }}\n</p>\"\"\"\n", "2:5"),
    ("PAGE = '\\n{{ flag(\"knwn\", 1) }}'", "1:14"),
    ("PAGE = '{% load flagship %}{% flag \"knwn\" 1 %}'", "1:31"),
])
def test_a_template_in_a_string(lint, code, place):
    assert lint(["--partial"], app_dot_py=code) == [("unknown", "app.py:" + place, "knwn")]


NOT_OURS = [
    ("app_dot_py", "client.get_string_value('knwn', '')"),  # without OpenFeature
    ("app_dot_py", "visitor.get_modification('knwn', 1)  # flagship: ignore"),
    ("app_dot_py", "visitor.get_modification(\n    'knwn',  # flagship: ignore\n    1)"),
    ("app_dot_py", "# visitor.get_modification('knwn', 1)"),
    ("app_dot_py", "'visitor.get_modification(\"knwn\", 1)'"),
    ("app_dot_py", "PAGE = '{{ flag(\"knwn\", 1) }}'  # flagship: ignore"),
    ("page_dot_html", "{% flag 'knwn' %}"),  # django-waffle's, for all that is known
    ("page_dot_html", "{# {{ flag('knwn', 1) }} #}"),
    ("page_dot_html", "{% comment %}{{ flag('knwn', 1) }}{% endcomment %}"),
    ("page_dot_html", "{{ flag('knwn', 1) }}{# flagship: ignore #}"),
    ("page_dot_html", "flag('knwn', 1) {{ waffle.flag('knwn', 1) }}"),
    ("app_dot_py", "frame.to_json()"),
    ("app_dot_css", "{{ flag('knwn', 1) }}"),
    (".git__app_dot_py", "visitor.get_modification('knwn', 1)"),
    ("a__node_modules__app_dot_py", "visitor.get_modification('knwn', 1)"),
    ("env__lib__site-packages__app_dot_py", "visitor.get_modification('knwn', 1)"),
]


@pytest.mark.parametrize("name, code", NOT_OURS)
def test_what_is_not_reported(lint, name, code):
    assert lint(["--partial"], code=0, **{str(name): code}) == []


def test_a_virtual_environment_is_not_searched(lint):
    code = "visitor.get_modification('knwn', 1)"
    assert lint(["--partial"], code=0, env__pyvenv_dot_cfg="", env__app_dot_py=code) == []
    assert len(lint(["--partial"], folder="env")) == 1  # it is if it is named


def test_a_constant_of_the_module(lint):
    """A name that is assigned once, to a text, is that text."""
    code = "KEY = 'knwn'\nTWICE = 'a'\nTWICE = 'b'\n%s" % "".join(
        "visitor.get_modification(%s, 1)\n" % name for name in ("KEY", "TWICE", "other"))
    assert lint(["--partial"], app_dot_py=code) == [
        ("unknown", "app.py:4:1", "knwn"), ("dynamic", "app.py:5:1", None),
        ("dynamic", "app.py:6:1", None)]


def test_what_is_decided_at_run_time(lint):
    """It is a note and no problem; after it nothing is certain to be unread. Ignored it is not
    even that."""
    reads_all = "visitor.get_modification('known', visitor.get_modification('second', 1))\n"
    dynamic = "visitor.get_modification(%s)"
    for key in ("key, 1", "'a' + b, 1", "'%s' % x, 1", "*keys", "**keys"):
        assert lint(code=0, app_dot_py=reads_all + dynamic % key) == [
            ("dynamic", "app.py:2:1", None)]
    for code in ("{{ flag(key, 1) }}", "{{ flag('a' ~ b, 1) }}"):
        assert [kind for kind, _, _ in lint(code=0, app_dot_py=reads_all, page_dot_html=code)] == [
            "dynamic"]
    found = lint(code=0, app_dot_py=dynamic % "key", page_dot_html="")
    assert [kind for kind, _, _ in found] == ["dynamic", "unread", "unread"]
    assert lint(code=0, app_dot_py=dynamic % "key  # flagship: ignore\n")[0][0] == "unread"


@pytest.mark.parametrize("name, code", [
    ("page_dot_html", "<script>{% flagship_json with_ids=True %}</script>"),
    ("page_dot_html", "<script>{{ flag_json() }}</script>"),
    ("page_dot_html", "{{ visitor.to_json() }}"), ("app_dot_py", "request.flagship.to_json()"),
    ("app_dot_py", "current_visitor.to_json(with_ids=True)"),
])
def test_what_hands_all_flags_to_the_page(lint, name, code):
    """Which of them its JavaScript reads is not known."""
    found = lint(code=0, **{str(name): code})
    assert [kind for kind, _, _ in found] == ["dynamic", "unread", "unread"]


def test_what_no_code_reads(lint):
    assert lint(app_dot_py="visitor.get_modification('known', 1)") == [
        ("unread", "file.json:1:1", "second")]
    code, output, errors = command(["lint", "app.py", "--file", "file.json"])
    assert (code, output, errors) == (
        1, 'file.json:1:1: no code reads "second", which campaign c sets\n', "")


def test_flags_that_a_test_is_given(lint):
    """They are compared with the campaigns', but a test that sets one reads none."""
    code = "@flagship_flags({'knwn': 1,\n 'known': 2%s})\ndef test():\n  pass"
    found = lint(app_dot_py=code % (", **more" if sys.version_info > (3,) else ""))
    assert found == [("unknown", "app.py:1:18", "knwn"), ("unread", "file.json:1:1", "known"),
                     ("unread", "file.json:1:1", "second")]


def test_constants_of_flagship_types(lint):
    """The module reads nothing; whoever names one of its constants reads that flag."""
    written("file.json", FILE)
    module = command(["types", "file.json"])[1]
    assert [key for _, _, key in lint(shop__flags_dot_py=module)] == ["known", "second"]
    assert lint(code=1, app_dot_py="from shop import flags\nflags.KNOWN.read(visitor)\n") == [
        ("unread", "file.json:1:1", "second")]


READ = b"visitor.get_modification('known', 1)\n"
BROKEN = [pytest.param(content, id=name) for name, content in (
    ("syntax", READ[:-2]), ("nul", READ + b"\x00"), ("encoding", b"# coding: nothing\n" + READ),
    ("depth", READ + b"(" * 100000), ("UTF-8", READ + b"'\xff'"))
    if name != "UTF-8" or sys.version_info > (3,)]


@pytest.mark.parametrize("content", BROKEN)
def test_a_file_that_cannot_be_parsed_is_one_line(lint, content):
    (kind, place, _), = lint(["--partial"], app_dot_py=content)
    assert kind == "broken" and re.match("app.py:[1-9][0-9]*:[1-9][0-9]*$", place)
    code, output, errors = command(["lint", "app.py", "--file", "file.json", "--partial"])
    assert (code, output.count("\n"), errors) == (1, 1, "flagship lint: no file here uses a flag\n")
    assert "cannot be parsed: " in output


@pytest.mark.parametrize("content", [
    "# coding: latin-1\na = 'é'; visitor.get_modification('knwn', 1)\n".encode("latin-1"),
    b"\xef\xbb\xbf\r\na = '\\d'; visitor.get_modification('knwn', 1)\r\n",
], ids=["latin-1", "byte order mark"])
def test_encodings(lint, content):
    column = 11 if b"\\d" in content else 10 - (sys.version_info < (3,))  # which counts bytes
    assert lint(["--partial"], app_dot_py=content) == [
        ("unknown", "app.py:2:%d" % column, "knwn")]


def test_the_output_is_that_of_a_linter(lint):
    """path:line:column: message, sorted, each file once, and nothing where all is well."""
    lint(b_dot_py="visitor.get_modification('knwn', 1)", a_dot_py="\n x = [\n" + READING[0] + "]")
    code, output, errors = command(["lint", "b.py", ".", "./b.py", "--file", "file.json"])
    lines = output.splitlines()
    assert (code, errors) == (1, "") and lines.pop(0).startswith("a.py:2:")
    assert lines == [
        'b.py:1:1: no campaign sets "knwn"; did you mean "known"?',
        'file.json:1:1: no code reads "known", which campaign c sets',
        'file.json:1:1: no code reads "second", which campaign c sets']
    assert command(["lint", "file.json", "--file", "file.json", "--partial"]) == (
        0, "", "flagship lint: no file here uses a flag\n")


@pytest.mark.parametrize("arguments, message", [
    (["--file", "file.json"], "PATH"),
    (["nowhere", "--file", "file.json"], "nowhere: No such file or directory"),
    (["."], "--env-id is missing"),
    ([".", "--file", "panic.json"], "asks for panic"),
])
def test_usage(arguments, message):
    written("file.json", FILE)
    written("panic.json", {"panic": True, "campaigns": []})
    code, output, errors = command(["lint"] + arguments)
    assert (code, output) == (2, "") and message in errors.replace("too few arguments", "PATH")


def test_the_help_shows_a_tag_as_it_is():
    assert "\n{% flag 'key' ... %}, {{ flag(" in command(["lint", "--help"])[1]


def test_the_examples_use_the_campaigns_that_they_come_with():
    shop = os.path.join(ROOT, "examples", "ecommerce")
    with open(os.path.join(shop, "campaigns.json")) as file:
        assert json.load(file)["campaigns"]
    code, output, errors = command(["lint", shop, "--file", os.path.join(shop, "campaigns.json")])
    assert (code, output, errors) == (0, "", "")
