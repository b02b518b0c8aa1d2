"""The project's own lint: each rule finds what it is for, and the lists of old findings shrink."""
import os
import shutil
import subprocess
import sys

import pytest

if sys.version_info < (3, 8):
    pytest.skip("the lint runs on Python 3.8 and later, on any source", allow_module_level=True)

from tests.lint import house, known  # noqa: E402

LIBRARY, TEST = "flagship/thing.py", "tests/test_thing.py"
TWENTY = "".join("    step(%d)\n" % number for number in range(20))
SIX_FLAGS = "if a.b or a.c or a.d or a.e or a.f or a.g: pass\n"

# rule, file, what it finds, what it lets pass
CASES = [
    ("long_functions", LIBRARY,
     "def f():\n    'Do it.'\n" + TWENTY * 2 + "    end()\n",
     "def f():\n    '''Do it.\n\n    At length.\n    '''\n" + TWENTY + "    step(20)\n" * 19),
    ("long_functions", TEST, None, "def f():\n" + TWENTY * 3),
    ("nested_conditionals", TEST,
     "x = a if b else c if d else e\n", "x = (a if b else c, d or e)\n"),
    ("nested_conditionals", LIBRARY, "x = f(a if b else c) if d else e\n", "x = a if b else c\n"),
    ("nested_comprehensions", TEST,
     "x = tuple(a for a in [b for b in c])\n", "x = [[a for a in b] for b in c]\n"),
    ("nested_comprehensions", LIBRARY,
     "x = f(1, key=[{a: 1 for a in b} for b in c])\n", "x = f([a for a in b], [c for c in d])\n"),
    ("wide_conditions", LIBRARY,
     SIX_FLAGS, SIX_FLAGS.replace("a.", "self.") + "if a.b and a.c and a.d and a.e: pass\n"),
    ("wide_conditions", LIBRARY,
     SIX_FLAGS.replace("a.", "self.a."), "if a.b or b.b or c.b or d.b or e.b or a.b: pass\n"),
    ("prints", LIBRARY, "print('x')\n", "write('print')\n"),
    ("prints", "flagship/cli/thing.py", None, "'Do it.'\nprint('x')\n"),
    ("prints", TEST, None, "print('x')\n"),
    ("syntax_of_python_3", TEST, "x = f'{y}'\n", "x = '{y}'\n"),
    ("syntax_of_python_3", LIBRARY, "def _f(x: int): pass\n", "def _f(x): pass\n"),
    ("syntax_of_python_3", LIBRARY, "def _f() -> int: pass\n", "_f = lambda: 1\n"),
    ("syntax_of_python_3", LIBRARY, "x: int = 1\n", "x = 1  # an int\n"),
    ("syntax_of_python_3", "tests/types/good_thing.py", None, "x: int = 1\n"),
    ("silent_excepts", LIBRARY,
     "try: f()\nexcept Exception: pass\n",
     "try: f()\nexcept Exception:  # the user's code\n    pass\n"),
    ("silent_excepts", LIBRARY,
     "try: f()\nexcept (ValueError, BaseException):\n    x = 1\n",
     "try: f()\nexcept Exception:\n    events.warning('it failed')\n"),
    ("silent_excepts", LIBRARY,
     "try: f()\nexcept Exception as error:\n    g()\n",
     "try: f()\nexcept Exception as error:\n    g(1, error)\n"),
    ("silent_excepts", LIBRARY,
     "try: f()\nexcept:\n    pass\n", "try: f()\nexcept ValueError: pass\n"),
    ("silent_excepts", LIBRARY,
     "# why\n\ntry: f()\nexcept Exception: pass\n", "try: f()\nexcept Exception: raise\n"),
    ("mangled_names", LIBRARY, "self.__x = 1\n", "self._x = y.__class__\n"),
    ("mangled_names", TEST, "def __f(): pass\n", "def __init__(): pass\n"),
    ("missing_docstrings", LIBRARY,
     "def f(): pass\n", "def f(): 'Do it.'\n\ndef _g(): pass\n"),
    ("missing_docstrings", LIBRARY,
     "class C(object):\n    'It.'\n    def f(self): pass\n",
     "class C(Base):\n    'It.'\n    def f(self): pass\n"),
    ("missing_docstrings", LIBRARY, "class C(Base):\n    x = 1\n", "class _C(Base):\n    x = 1\n"),
    ("missing_docstrings", "flagship/_thing.py", None, "def f(): pass\n"),
    ("bare_participles", LIBRARY, "def told(a):\n    \"\"\"Tell.\"\"\"\n",
     "def tell(a):\n    \"\"\"Tell.\"\"\"\n"),
    ("bare_participles", LIBRARY, "def _counted(): pass\n", "def _count_text(): pass\n"),
    ("bare_participles", LIBRARY, None,
     "class _C(object):\n    @property\n    def sent(self): pass\n"
     "    @functools.wraps(f)\n    def wrapped(self): pass\n"),
    ("odd_words", LIBRARY,
     "'''Closing\ntwice is harmless.'''\n", "'''Idempotent, timeout is a number.'''\n"),
    ("odd_words", LIBRARY, "log('the Time-out')\n", "log('the timeout')\n"),
    ("columns", "flagship/thing.pyi",
     "x: int  # " + "x" * 91 + "\n", "x: int  # " + "x" * 90 + "\n"),
]


def rules_broken(path, text):
    return {rule for rule, _, _, _ in house.findings_in(path, text)}


@pytest.mark.parametrize("rule, path, bad, good", CASES, ids=[
    "%s-%d" % (case[0], number) for number, case in enumerate(CASES)])
def test_a_rule_finds_what_it_is_for_and_nothing_else(rule, path, bad, good):
    if bad is not None:
        assert rule in rules_broken(path, bad)
    assert rule not in rules_broken(path, good)


def test_every_rule_has_an_example():
    rules = {rule.__name__ for rule, _ in house.RULES} | {"columns"}
    assert {rule for rule, _, bad, _ in CASES if bad is not None} == rules


def test_a_finding_tells_its_place():
    text = "class C(B):\n    'It.'\n\n    def f(self):\n        return a if b else c if d else e\n"
    assert [found[:3] for found in house.findings_in(TEST, text)] == [
        ("nested_conditionals", "C.f", 5)]


@pytest.mark.parametrize("listed, problems", [
    (["a", "b", "b"], []),
    (["a", "b"], ["b at 3"]),
    (["a", "b", "b", "b", "c"], ["list: not needed any more: b", "list: not needed any more: c"]),
])
def test_a_list_covers_what_it_names_as_often_as_it_names_it(listed, problems):
    found = [("b", "b at 2"), ("a", "a at 1"), ("b", "b at 3")]
    assert known.compare(found, listed, "list") == problems


def test_the_list_follows_the_code_only_when_told(tmpdir):
    """A new finding fails, an entry that is needed no more fails too, and --update mends both."""
    here = os.path.dirname(os.path.abspath(house.__file__))
    shutil.copytree(here, str(tmpdir.join("tests", "lint")))
    for name, text in (("setup.py", ""), ("tests/__init__.py", ""), (LIBRARY, "print('x')\n")):
        tmpdir.join(name).ensure().write(text)
    tmpdir.join("tests", "lint", "known.txt").write("# Old.\n")

    def lint(*arguments):
        process = subprocess.Popen(
            [sys.executable, str(tmpdir.join("tests", "lint", "house.py"))] + list(arguments),
            stdout=subprocess.PIPE, universal_newlines=True, cwd=str(tmpdir))
        output = process.communicate()[0].splitlines()
        return process.returncode, output

    assert lint() == (1, ["flagship/thing.py:1: print in the library (prints)",
                          "known.txt: 1 found, 0 known"])
    assert lint("--update") == lint() == (0, ["known.txt: 1 found, 1 known"])
    tmpdir.join(LIBRARY).write("")
    assert lint() == (1, ["known.txt: not needed any more: prints flagship/thing.py <module>",
                          "known.txt: 0 found, 1 known"])
    assert lint("--update")[0] == 0
    assert tmpdir.join("tests", "lint", "known.txt").read() == "# Old.\n\n"
