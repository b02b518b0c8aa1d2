"""The stubs beside the modules, as far as that needs no checker; tests/types/check.py asks the
checkers."""
import ast
import glob
import io
import os
import runpy
import sys

import pytest

import flagship
from flagship import Config, Flagship
from flagship.cache import MemoryVisitorCache
from tests.support import ROOT

PACKAGE = os.path.dirname(os.path.abspath(flagship.__file__))


def files(ending):
    """The public modules' files, without the ending and relative to the package."""
    return sorted(
        os.path.relpath(os.path.join(folder, name), PACKAGE).replace(os.sep, "/")[:-len(ending)]
        for folder, _, names in os.walk(PACKAGE) for name in names
        if name.endswith(ending) and (not name.startswith("_") or name.startswith("__")))


MODULES = files(".py")


def test_checkers_are_told_that_the_package_is_typed():
    assert os.path.exists(os.path.join(PACKAGE, "py.typed"))


def test_every_public_module_has_a_stub():
    """A checker that finds py.typed takes a module without one for untyped, and strict users must
    then ignore it."""
    assert files(".pyi") == MODULES


readable = pytest.mark.skipif(sys.version_info < (3, 8),
                              reason="the stubs are written for Python 3.8 and later")


def tree(name, ending):
    with io.open(os.path.join(PACKAGE, name + ending), encoding="utf-8") as file:
        return ast.parse(file.read())


def public(name):
    return not name.startswith("_")


def is_for_checkers_alone(node):
    return "type_check_only" in [getattr(each, "id", None)
                                 for each in getattr(node, "decorator_list", ())]


def handed_on(body):
    """The names in __all__; without it the imported ones, where a module does nothing but
    import."""
    listed = [ast.literal_eval(node.value) for node in body if isinstance(node, ast.Assign)
              and getattr(node.targets[0], "id", None) == "__all__"]
    if listed:
        return set(listed[0])
    if not all(isinstance(node, (ast.Expr, ast.ImportFrom)) for node in body):
        return set()
    return {alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom)
            for alias in node.names}


def defined(body):
    """The public names that a module or a class defines, but for those that depend on what is
    installed."""
    found = set()
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not is_for_checkers_alone(node):
            found.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                found.update(each.id for each in ast.walk(target) if isinstance(each, ast.Name))
    return set(filter(public, found))


def classes(body):
    return {node.name: node for node in body if isinstance(node, ast.ClassDef)}


@readable
def test_the_stubs_have_the_names_of_the_modules():
    differing = {}
    for name in MODULES:
        source, stub = tree(name, ".py").body, tree(name, ".pyi").body
        differing[name] = (defined(source) | handed_on(source)) ^ (defined(stub) | handed_on(stub))
    assert {name: names for name, names in differing.items() if names} == {}


@pytest.fixture(scope="module")
def typed():
    """What the stubs say of every class of the package, by its name: its names and its bases'."""
    found = {}
    for name in files(".pyi"):
        found.update(classes(tree(name, ".pyi").body))
    return found


def names(stub, typed):
    """What a class has to a checker, its bases' names too."""
    found = defined(stub.body)
    for base in stub.bases:
        if getattr(base, "id", None) in typed:
            found |= names(typed[base.id], typed)
    return found


@readable
def test_the_stubs_have_the_methods_of_the_classes(typed):
    missing = {}
    for name in MODULES:
        stubs = classes(tree(name, ".pyi").body)
        for source in filter(lambda node: public(node.name),
                             classes(tree(name, ".py").body).values()):
            methods = {node.name for node in source.body if isinstance(node, ast.FunctionDef)
                       and public(node.name)}
            missing["%s %s" % (name, source.name)] = methods - names(stubs[source.name], typed)
    assert {name: methods for name, methods in missing.items() if methods} == {}


@readable
def test_the_stub_of_config_has_the_options(typed):
    """The code takes **kwargs, so no checker can tell that one is missing."""
    stub = typed["Config"]
    init, = [node for node in stub.body if getattr(node, "name", None) == "__init__"]
    options = {name for name in vars(Config()) if name not in ("env_id", "api_key")}
    assert {argument.arg for argument in init.args.kwonlyargs} == options
    assert defined(stub.body) == options | {"env_id", "api_key", "Mode", "is_self_hosted"}


@readable
def test_the_stub_of_misbehave_has_the_faults(typed):
    """The code takes **fault, so no checker can tell that one is missing."""
    faults = {node.name: node for node in typed["Fault"].body if isinstance(node, ast.FunctionDef)}[
        "__init__"]
    misbehave = {node.name: node for node in typed["Emulator"].body
                 if isinstance(node, ast.FunctionDef)}["misbehave"]
    assert [argument.arg for argument in misbehave.args.kwonlyargs] == [
        argument.arg for argument in faults.args.args if argument.arg != "self"]


@readable
@pytest.mark.parametrize("mode", Config.Mode)
def test_the_stubs_of_dicts_have_their_keys(start, emulator, typed, mode):
    """The code makes plain dicts, so no checker can tell that a key is missing."""
    visitor = start(mode=mode, visitor_cache_manager=MemoryVisitorCache()).create_visitor("ann")
    visitor.synchronize_modifications()
    told = visitor.explain()
    groups = [group for campaign in told["campaigns"] for group in campaign["variationGroups"]]
    targetings = [each for group in groups for each in group["targetingGroups"]]
    record = Flagship.instance().config.visitor_cache_manager.lookup("ann")
    dicts = {
        "Explanation": [told], "ExplainedCampaign": told["campaigns"],
        "ExplainedVariationGroup": groups,
        "ExplainedModification": told["modifications"].values(),
        "ExplainedTargetingGroup": targetings,
        "ExplainedTargeting": [each for alternative in targetings
                               for each in alternative["targetings"]],
        "ExplainedVariation": [each for group in groups for each in group["variations"]],
        "ModificationInfo": [visitor.get_modification_info(key) for key in visitor.modifications],
        "VisitorRecord": [record], "VisitorAssignments": [record["data"]],
        "EmulatorUrls": [emulator.urls]}
    assert dicts["ModificationInfo"] and (groups or mode is Config.Mode.API)
    for name, found in dicts.items():
        assert {frozenset(each) for each in found} <= {frozenset(defined(typed[name].body))}, name


USAGE = glob.glob(os.path.join(ROOT, "tests", "types", "good_*.py"))
NEEDS = {"good_openfeature.py": "openfeature"}


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the usage is that of a present Python")
@pytest.mark.parametrize("path", USAGE, ids=os.path.basename)
def test_what_the_types_promise_is_what_the_code_does(path, tmp_path):
    """The usage that the checkers accept runs, and each value is of the type that it is promised to
    be."""
    pytest.importorskip(NEEDS.get(os.path.basename(path), "flagship"))
    runpy.run_path(path)["main"](tmp_path)
