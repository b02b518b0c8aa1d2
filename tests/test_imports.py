"""Import paths, what an import does, and which module may import what."""
import ast
import importlib
import io
import os
import re
import subprocess
import sys
import tokenize

import pytest

import flagship

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(flagship.__file__)))
SOURCES = sorted(os.path.relpath(os.path.join(folder, name), ROOT).replace(os.sep, "/")
                 for folder, _, names in os.walk(os.path.join(ROOT, "flagship"))
                 for name in names if name.endswith(".py"))

# (old path, the same object's home)
PATHS = [
    ("flagship:Flagship", "flagship.app:Flagship"),
    ("flagship:Config", "flagship.config:Config"),
    ("flagship:__version__", "flagship._version:__version__"),
    ("flagship.app:Config", "flagship.config:Config"),
    ("flagship.visitor:FlagshipVisitor", "flagship.visitor:Visitor"),
    ("flagship.helpers.preset_context:PresetContext", "flagship.context:PresetContext"),
] + [("flagship.helpers.hits:" + name, "flagship.hits:" + name) for name in (
    "Hit", "HitType", "Page", "Screen", "Event", "EventCategory", "Transaction", "Item")
] + [(path, path) for path in (
    "flagship.handler:FlagshipEventHandler", "flagship.cache.cache_visitor:VisitorCacheManager")
] + [("flagship.errors:" + name, "flagship.errors:" + name) for name in (
    "FlagshipError", "FlagshipParsingError", "ContextError", "TypingError", "ParamError",
    "InitializationError")]


def found(path):
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("old, home", PATHS, ids=[old for old, _ in PATHS])
def test_path(old, home):
    """Code written for 2.1.x finds what it imports: the very object that lives in the new place."""
    assert found(old) is found(home)


def test_names():
    """The visitor's class has its new name, and every error is a FlagshipError."""
    assert found("flagship.visitor:FlagshipVisitor").__name__ == "Visitor"
    assert re.match(r"\d+\.\d+", flagship.__version__)
    root = found("flagship.errors:FlagshipError")
    assert all(issubclass(found(path), root)
               for path, _ in PATHS if path.startswith("flagship.errors:"))
    assert issubclass(found("flagship.errors:TypingError"), TypeError)
    assert issubclass(found("flagship.errors:ParamError"), ValueError)


IMPORT = """
import logging, os, signal, socket, sys, threading

def state():
    root = logging.getLogger()
    signals = [signal.getsignal(number) for number in range(1, signal.NSIG)
               if number not in (32, 33)]
    return (list(root.handlers), list(root.filters), root.level, logging.root.manager.disable,
            logging.raiseExceptions, signals, threading.enumerate(), socket.getdefaulttimeout(),
            sys.stdout, sys.stderr, sys.excepthook, os.getcwd(), os.listdir("."), dict(os.environ))

before = state()
import flagship
assert state() == before
logger = logging.getLogger("flagship")
assert [type(handler) for handler in logger.handlers] == [logging.NullHandler], logger.handlers
assert (logger.level, logger.propagate) == (logging.NOTSET, True)
assert (logger.disabled, logger.filters) == (False, [])
extra = [name for name in sys.modules
         if name.split(".")[0] in ("pytest", "_pytest", "responses", "requests_mock", "hypothesis",
                                   "mock", "django", "flask", "werkzeug", "redis")
         or name.startswith(("flagship.emulator", "flagship.contrib", "flagship.cli"))]
assert not extra, extra
"""


def test_import_is_silent(tmpdir):
    """An import leaves the process as it was but for a NullHandler, and needs nothing of the tests'
    or emulator's."""
    environment = dict(os.environ, PYTHONPATH=ROOT, PYTHONDONTWRITEBYTECODE="1")
    process = subprocess.Popen([sys.executable, "-c", IMPORT], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, cwd=str(tmpdir), env=environment)
    output, errors = process.communicate()
    assert (output, errors, process.returncode) == (b"", b"", 0)


def read(source):
    with io.open(os.path.join(ROOT, source), encoding="utf-8") as file:
        return file.read()


def once(function):
    """The function, which works out its answer to each argument once."""
    answers = {}

    def answer(argument):
        if argument not in answers:
            answers[argument] = function(argument)
        return answers[argument]
    return answer


@once
def imported(source):
    """The modules that a source file imports, by full name."""
    with open(os.path.join(ROOT, source), "rb") as file:
        tree = ast.parse(file.read())
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative import"
            names.update([node.module]
                         + ["%s.%s" % (node.module, alias.name) for alias in node.names])
    return names


def uses(source, module):
    return any(name == module or name.startswith(module + ".") for name in imported(source))


@once
def names(source):
    """The names in a source file's code, without those in comments and text."""
    with io.open(os.path.join(ROOT, source), encoding="utf-8") as file:
        return {token[1] for token in tokenize.generate_tokens(file.readline)
                if token[0] == tokenize.NAME}


def test_sources_are_found():
    assert {"flagship/__init__.py", "flagship/transport/client.py",
            "flagship/decision/allocation.py"} <= set(SOURCES)


# module: the files that may import it
OWNERS = {
    "requests": {"flagship/transport/adapter.py", "flagship/transport/session.py"},
    "urllib3": {"flagship/transport/deadline.py"},
    "mmh3": {"flagship/decision/allocation.py"},
    "enum": {"flagship/_compat.py"},
    "django": {source for source in SOURCES if source.startswith("flagship/contrib/django/")},
    "flask": {"flagship/contrib/flask.py"}, "werkzeug": {"flagship/contrib/flask.py"},
    "openfeature": {"flagship/contrib/openfeature/provider.py"},
    "opentelemetry": {"flagship/contrib/opentelemetry.py"},
    "prometheus_client": {"flagship/contrib/prometheus.py"},
    "sentry_sdk": {"flagship/contrib/sentry.py"},
    "pytest": {"flagship/testing/pytest_plugin.py"},
    "responses": set(), "requests_mock": set(), "hypothesis": set(), "mock": set(),
}


@pytest.mark.parametrize("module", sorted(OWNERS))
def test_owner(module):
    """One file owns each library, so that a change of it stays there."""
    assert {source for source in SOURCES if uses(source, module)} <= OWNERS[module]


def test_emulator_is_apart():
    """Nothing of the library needs the emulator, but for the command that runs it."""
    assert not [source for source in SOURCES
                if not source.startswith("flagship/emulator/")
                and source != "flagship/cli/emulator.py"
                and uses(source, "flagship.emulator")]


def test_only_compat_knows_python_2():
    """No other file asks which Python runs."""
    asking = re.compile(r"^(version_info|hexversion|python_version\w*|PY2|PY3|PY34)$")
    assert not {source: found for source, found in (
        (source, sorted(filter(asking.match, names(source)))) for source in SOURCES
        if source != "flagship/_compat.py") if found}


def test_nothing_prints():
    """Output goes to the event handler; only the two command lines print, flagship's in one
    place."""
    assert [source for source in SOURCES if "print" in names(source)] == [
        "flagship/emulator/__main__.py"]
    allowed = {"flagship/emulator/__main__.py", "flagship/cli/_output.py"}
    assert not [source for source in SOURCES if source not in allowed
                and {"stdout", "stderr"} & names(source)]


def test_no_log_set_up():
    """No level is set and no handler installed but the package's NullHandler."""
    assert not [source for source in SOURCES
                if {"setLevel", "basicConfig", "StreamHandler"} & names(source)]
    assert [source for source in SOURCES if "addHandler" in names(source)] == [
        "flagship/__init__.py"]


def test_old_paths_are_one_line():
    """A module kept for its path holds one import and its docstring."""
    for source in ("flagship/helpers/hits.py", "flagship/helpers/preset_context.py"):
        body = ast.parse(read(source).encode("utf-8")).body
        assert [type(node).__name__ for node in body] in (["Expr", "ImportFrom"], ["ImportFrom"])
