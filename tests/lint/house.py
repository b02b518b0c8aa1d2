"""The rules of this project that no linter off the shelf knows.

    python tests/lint/house.py [--update]

Looks at the checkout that it stands in, whatever is installed. A rule is a function below that
yields ``(node, what is wrong)`` for a Source; its docstring says why it is a rule, RULES where it
holds. known.txt lists what was there before the rule: rule, file, and the function or class around
it. The list may only shrink: a line that nothing needs any more is an error as well. ``--update``
writes the list anew; a review sees what it adds. Exit code 0: all is as it should be. Python 3.8 or
later, standard library.
"""
import ast
import collections
import io
import os
import re
import sys
import tokenize

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, ROOT)

from tests.lint.known import report  # noqa: E402

KNOWN = os.path.join(HERE, "known.txt")
FOLDERS = "benchmarks", "docs", "examples", "flagship", "tests"

COLUMNS = 100
LINES = 40
ATTRIBUTES = 5
# Text in the code or the documentation that says something in an odd way, and what to say instead.
WORDS = {
    "time-out": "timeout",
    "twice is harmless": "idempotent",
    "left alone for a while": "circuit open",
    "refused alone": "rejected individually",
}
_WORD = re.compile("|".join(sorted(WORDS)), re.IGNORECASE)
_PARTICIPLE = re.compile("_?([a-z]+[^e]ed|begun|drawn|found|given|kept|known|left|made|said|sent|"
                         "shown|taken|told|written)$")
_COMPREHENSIONS = ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp
_FUNCTIONS = ast.FunctionDef, ast.AsyncFunctionDef
_LOGGED = {"debug", "info", "warning", "error", "critical", "exception", "log", "report",
           "raise_or_report"}


class Source(object):
    """A file of Python, and what a rule asks of it.

    :ivar str path: relative to the checkout, with slashes.
    :ivar str text: its content.
    :ivar ast.Module tree: its syntax tree; the nodes of ``docstrings`` are in it.
    """

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.tree = ast.parse(text)
        self._places = {}
        self._name(self.tree, "")
        self.docstrings = [node.body[0].value for node in ast.walk(self.tree)
                           if hasattr(node, "body") and _docstring(node)]

    def _name(self, node, place):
        for child in ast.iter_child_nodes(node):
            inner = place
            if isinstance(child, _FUNCTIONS + (ast.ClassDef,)):
                inner = place + "." + child.name if place else child.name
            self._places[child] = inner
            self._name(child, inner)

    def place(self, node):
        """The dotted name of the function or class that a node is or stands in."""
        return self._places.get(node) or "<module>"

    def comment_lines(self):
        """The numbers of the lines that hold a comment."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return {token.start[0] for token in tokens if token.type == tokenize.COMMENT}

    def nodes(self, *types):
        return (node for node in ast.walk(self.tree) if isinstance(node, types))


def _docstring(node):
    """The text of a function's, class's or module's docstring; None without."""
    types = _FUNCTIONS + (ast.ClassDef, ast.Module)
    return ast.get_docstring(node, clean=False) if isinstance(node, types) else None


def long_functions(source):
    """A function that does not fit on a screen does more than one thing. Its docstring counts
    nothing, as more of that does no harm."""
    for node in source.nodes(*_FUNCTIONS):
        lines = node.end_lineno - node.lineno + 1
        if _docstring(node):
            text = node.body[0]
            lines -= text.end_lineno - text.lineno + 1
        if lines > LINES:
            yield node, "%s has %d lines, at most %d are allowed" % (node.name, lines, LINES)


def nested_conditionals(source):
    """One that holds another has to be read twice; an if statement or a table is read once."""
    for node in source.nodes(ast.IfExp):
        inner = [each for each in ast.walk(node) if each is not node]
        if any(isinstance(each, ast.IfExp) for each in inner):
            yield node, "a conditional expression inside another"


def nested_comprehensions(source):
    """A call of a comprehension of a comprehension is three statements in one."""
    reported = set()
    for call in source.nodes(ast.Call):
        arguments = call.args + [keyword.value for keyword in call.keywords]
        for node in _comprehensions(arguments):
            inner = [each for each in ast.walk(node) if each is not node]
            if node not in reported and any(isinstance(each, _COMPREHENSIONS) for each in inner):
                reported.update(_comprehensions([node]))
                yield node, "a comprehension inside a comprehension inside a call"


def _comprehensions(nodes):
    return [each for node in nodes for each in ast.walk(node) if isinstance(each, _COMPREHENSIONS)]


def wide_conditions(source):
    """Who asks for so many attributes of another object knows its rules better than it does itself:
    give it a method with a name."""
    inside = set()
    for node in source.nodes(ast.BoolOp):
        asked = collections.defaultdict(set)
        for each in ast.walk(node):
            if isinstance(each, ast.Attribute) and _is_another(each.value):
                asked[ast.dump(each.value)].add(each.attr)
        if node not in inside and any(len(names) >= ATTRIBUTES for names in asked.values()):
            inside.update(ast.walk(node))
            yield node, "a condition over %d attributes of another object" % ATTRIBUTES


def _is_another(base):
    """Whether a node is a name, or a name's attribute, other than self and cls."""
    if isinstance(base, ast.Attribute):
        return isinstance(base.value, ast.Name)
    return isinstance(base, ast.Name) and base.id not in ("self", "cls")


def prints(source):
    """The standard output belongs to the program that uses the library."""
    for node in source.nodes(ast.Name):
        if node.id == "print":
            yield node, "print in the library"


def syntax_of_python_3(source):
    """Python 2.7 reads the same source."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.JoinedStr):
            yield node, "an f-string"
        elif isinstance(node, ast.AnnAssign) or (isinstance(node, ast.arg) and node.annotation):
            yield node, "an annotation; types are in the stub beside the module"
        elif isinstance(node, _FUNCTIONS) and node.returns:
            yield node, "an annotation; types are in the stub beside the module"


def silent_excepts(source):
    """What catches every error says why in a comment, logs, hands the error on or raises."""
    comments = source.comment_lines()
    for node in source.nodes(ast.ExceptHandler):
        lines = range(node.lineno - 1, node.body[-1].end_lineno + 1)
        if _is_broad(node.type) and not comments.intersection(lines) and not _speaks(node):
            yield node, "catches everything and says nothing of it"


def _is_broad(caught):
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(each is None or isinstance(each, ast.Name)
               and each.id in ("Exception", "BaseException") for each in names)


def _speaks(handler):
    for node in ast.walk(handler):
        if isinstance(node, ast.Raise) or getattr(node, "id", "") == handler.name:
            return True
        if isinstance(node, ast.Call) and getattr(node.func, "attr", None) in _LOGGED:
            return True
    return False


def mangled_names(source):
    """Two leading underscores hide a name from subclasses, tests and readers; one says as much."""
    for node in ast.walk(source.tree):
        name = getattr(node, "attr", None) or getattr(node, "name", None)
        name = node.id if isinstance(node, ast.Name) else name
        if isinstance(name, str) and name.startswith("__") and not name.endswith("__"):
            yield node, "the name %s begins with two underscores" % name


def missing_docstrings(source):
    """Users read them. A class that has a base may leave its methods' to the base, a property's
    setter has its getter's, and a test's name is its claim."""
    if any(part.startswith("_") and part != "__init__.py" for part in source.path.split("/")):
        return
    for node in source.tree.body:
        for each, excused in _public_definitions(node):
            if not excused and not _docstring(each):
                yield each, "%s has no docstring" % each.name


def _public_definitions(node):
    """``(definition, whether it may be without)`` for a statement of a module and, where it is a
    class, its methods."""
    if not isinstance(node, _FUNCTIONS + (ast.ClassDef,)) or node.name.startswith("_"):
        return
    yield node, False
    if isinstance(node, ast.ClassDef):
        derived = any(not (isinstance(base, ast.Name) and base.id == "object")
                      for base in node.bases)
        for method in node.body:
            if isinstance(method, _FUNCTIONS) and not method.name.startswith("_"):
                setter = any(getattr(each, "attr", "") == "setter"
                             for each in method.decorator_list)
                yield method, derived or setter or method.name.startswith("test_")


def bare_participles(source):
    """A function is a verb with its object, or a noun that says of what; "told" is neither. A
    property may be one, and what wraps another function has the name of that."""
    for node in source.nodes(*_FUNCTIONS):
        decorators = [getattr(each, "func", each) for each in node.decorator_list]
        names = {getattr(each, "id", getattr(each, "attr", "")) for each in decorators}
        if _PARTICIPLE.match(node.name) and not names & {"property", "wraps"}:
            yield node, "the name %s says neither what it does nor what it returns" % node.name


def odd_words(source):
    """Operators search for the terms that everybody uses."""
    for node in source.nodes(ast.Constant):
        if isinstance(node.value, str):
            for word in _WORD.findall(node.value):
                yield node, "%r; say %r" % (word, WORDS[word.lower()])


def _everywhere(path):
    return True


def _in_python_2(path):
    return not path.startswith("tests/types/")


def _in_package(path):
    return path.startswith("flagship/")


def _in_library(path):
    return _in_package(path) and not path.startswith("flagship/cli/") \
        and path != "flagship/emulator/__main__.py"


# (rule, where it holds)
RULES = (
    (long_functions, _in_package),
    (nested_conditionals, _everywhere),
    (nested_comprehensions, _everywhere),
    (wide_conditions, _everywhere),
    (prints, _in_library),
    (syntax_of_python_3, _in_python_2),
    (silent_excepts, _in_package),
    (mangled_names, _everywhere),
    (missing_docstrings, _in_package),
    (bare_participles, _in_package),
    (odd_words, _in_package),
)


def sources():
    """Yield ``(path, text)`` of each file of Python, setup.py included, and each stub."""
    yield "setup.py", _read("setup.py")
    for folder in FOLDERS:
        for where, _, names in os.walk(os.path.join(ROOT, folder)):
            for name in sorted(names):
                if name.endswith((".py", ".pyi")):
                    path = os.path.relpath(os.path.join(where, name), ROOT).replace(os.sep, "/")
                    yield path, _read(path)


def _read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def findings_in(path, text):
    """``[(rule's name, place, line, what is wrong)]`` of one file. Of a stub, which the linters do
    not read, only the width of its lines."""
    if path.endswith(".pyi"):
        return [("columns", "<module>", number, "more than %d columns" % COLUMNS)
                for number, line in enumerate(text.splitlines(), 1) if len(line) > COLUMNS]
    source, found = Source(path, text), []
    for rule, holds in RULES:
        if holds(path):
            found += [(rule.__name__, source.place(node), getattr(node, "lineno", 1), problem)
                      for node, problem in rule(source)]
    return found


def main(arguments):
    found = []
    for path, text in sources():
        for rule, place, line, problem in findings_in(path, text):
            found.append((" ".join((rule, path, place)),
                          "%s:%d: %s (%s)" % (path, line, problem, rule)))
    return report(KNOWN, found, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
