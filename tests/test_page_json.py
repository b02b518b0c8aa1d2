# -*- coding: utf-8 -*-
"""``visitor.to_json()``: the JavaScript of a page reads the flags that the server has, whatever is
in them."""
from __future__ import unicode_literals

import io
import json
import re
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flagship import Config, Flagship
from flagship._compat import text_type
from flagship.testing import flagship_flags
from tests.support import slow

try:
    from shutil import which
except ImportError:
    from distutils.spawn import find_executable as which

# What an HTML parser, JavaScript and XML end, begin or escape with, and what JSON escapes.
NASTY = ["</script>", "</SCRIPT ", "<!--", "<!-- <script>", "-->", "]]>", "<?", "&lt;", "&", "'",
         "\"", "\\", "\\u003c", "\\\\u003c", "\u2028\u2029", "\x00\x1f\x7f", "\ufeff", "é€",
         "\U0001f600", "${x}", "`", "{{ x }}", "{% x %}", "__proto__"]
TEXTS = st.sampled_from(NASTY) | st.text("a<>/!-&;'\"\\u03c \n\u00e9\u2028\ufffd", max_size=8)
# What JavaScript's numbers hold exactly.
NUMBERS = st.integers(-2 ** 53, 2 ** 53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(TEXTS, parts, max_size=3),
    max_leaves=8)
FLAGS = st.dictionaries(TEXTS.filter(bool), VALUES, max_size=4)
ALL_NASTY = dict({text: text for text in NASTY}, list=NASTY, object={text: 1 for text in NASTY})

NODE = """
let read = "";
process.stdin.on("data", part => read += part).on("end", () => console.log(JSON.stringify(
  read.trim().split("\\n").map(text => [JSON.parse(text), (0, eval)("(" + text + ")")]))));
"""
PAGE = """<!DOCTYPE html><meta charset="windows-1252">
<script type="application/json" id="flags">%s</script>
<script>const flags = %s;</script>
<p data-flags='%s'></p><pre></pre>
<script>
const shown = [document.getElementById("flags").textContent,
               document.querySelector("p").dataset.flags].map(JSON.parse).concat([flags]);
document.querySelector("pre").textContent = JSON.stringify(shown).split("").map(sign =>
  sign.charCodeAt(0).toString(16).padStart(4, "0")).join("");
</script>"""


@pytest.fixture
def written():
    """Gives a visitor flags; what is then written, and the flags as Python has them."""
    with flagship_flags({}) as sent:
        visitor = Flagship.instance().create_visitor("ann")

        def written(flags, **options):
            sent.flags = flags
            assert visitor.synchronize_modifications() == (True, "")
            return visitor.to_json(**options), {
                key: visitor.get_modification(key, None) for key in visitor.modifications}
        yield written


def test_the_page_has_what_the_server_has(written):
    """It is the same JSON, and nothing in it can end a script's element or an attribute."""
    @given(FLAGS)
    @example(ALL_NASTY)
    @example({"integer": 2 ** 53 + 1, "more": 10 ** 300, "float": 1e300, "tiny": 5e-324})
    def holds(flags):
        text, values = written(flags)
        assert type(text) is text_type and not re.search("[^ -%(-;=?-~]", text)
        assert json.loads(text) == values == flags
        with_ids = json.loads(written(flags, with_ids=True)[0])
        assert {key: each["value"] for key, each in with_ids.items()} == flags
    holds()


def test_the_keys_are_in_one_order(written):
    """However the flags came, so that a page is the same page to whatever compares it."""
    names = ["b", "a", "é", "10", "9", "B"]
    ways = [{name: dict.fromkeys(each, 1) for name in each}
            for each in (names, names[::-1], sorted(names))]
    text, = {written(flags)[0] for flags in ways}
    assert re.findall('"([^"]+)":{', text) == ["10", "9", "B", "a", "b", "\\u00e9"]


def test_with_ids_a_flag_says_where_it_comes_from(visitor):
    ann = visitor("ann", context={"vip": True})
    flags = json.loads(ann.to_json(with_ids=True))
    assert set(flags) == set(ann.modifications) and len(flags) == 6
    for key, flag in flags.items():
        assert flag.pop("value") == ann.get_modification(key, None)
        assert flag == ann.get_modification_info(key)


def test_it_sends_nothing(emulator, visitor):
    """A page that reads a flag has not shown it yet; and what it sends is not sent twice."""
    ann = visitor()
    emulator.clear()
    assert json.loads(ann.to_json())["cta-hint"] is None
    ann.to_json(with_ids=True)
    assert emulator.requests == []


def test_a_number_that_json_does_not_have_is_null(emulator, visitor):
    """As ``1e999`` in an answer becomes; the page shows its default."""
    ann = visitor()
    answer = json.dumps({"campaigns": [{"id": "c", "variationGroupId": "g", "variation": {
        "id": "v", "modifications": {"value": {"far": "far", "list": ["far", 1]}}}}]})
    emulator.misbehave("campaigns", body=answer.replace('"far"]', "1e999").replace(
        '"far": "far"', '"far": -1e999').replace('["far"', "[1e999"))
    assert ann.synchronize_modifications() == (True, "")
    assert ann.get_modification("far", None) == float("-inf")
    assert ann.to_json() == '{"far":null,"list":[null,1]}'


@pytest.mark.parametrize("mode", list(Config.Mode), ids=lambda mode: mode.name)
def test_without_flags_it_is_an_empty_object(emulator, start, mode):
    """Before a synchronisation, in panic and after the end."""
    visitor = start(mode=mode, polling_interval=0).create_visitor("ann")
    assert visitor.to_json() == visitor.to_json(with_ids=True) == "{}"
    visitor.synchronize_modifications()
    assert visitor.to_json() != "{}"
    emulator.panic = True
    start(mode=mode, again=True, timeout=3)
    visitor.synchronize_modifications()
    assert Flagship.instance().status.panic and visitor.to_json() == "{}"
    Flagship.instance().close()
    assert visitor.to_json(with_ids=True) == "{}"


def deep(depth):
    return {"a": deep(depth - 1)} if depth else [1]


@pytest.mark.skipif(not which(str("node")), reason="needs Node")
def test_javascript_reads_it(written):
    """``JSON.parse`` and an expression in a script, which takes ``__proto__`` for no key."""
    examples = [{key: value for key, value in ALL_NASTY.items() if key != "__proto__"},
                {"deep": deep(50), "number": 0.1, "exact": 2 ** 53, "big": 10.0 ** 300}, {}]
    examples[0]["object"] = {"a": NASTY}
    lines = "\n".join(written(flags)[0] for flags in examples)
    process = subprocess.Popen(["node", "-e", NODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    read = json.loads(process.communicate(lines.encode("ascii"))[0].decode("utf-8"))
    assert process.returncode == 0 and read == [[flags, flags] for flags in examples]


@slow
@pytest.mark.skipif(not which(str("chromium")), reason="needs Chromium")
def test_a_browser_reads_it(written, tmpdir):
    """In a script of JSON, in a script's expression and in an attribute, also in a page that is not
    in UTF-8."""
    flags = {"all": NASTY, "a": {"b": NASTY}}
    text = written(flags)[0]
    page = tmpdir.join("page.html")
    with io.open(str(page), "w", encoding="ascii") as file:
        file.write(PAGE % (text, text, text))
    dom = subprocess.check_output(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
         "--user-data-dir=%s" % tmpdir.join("profile"), "file://%s" % page],
        stderr=subprocess.PIPE).decode("utf-8")
    shown = re.search("<pre>([0-9a-f]+)</pre>", dom).group(1)
    units = bytearray.fromhex(shown).decode("utf-16-be")
    assert json.loads(units) == [flags] * 3
