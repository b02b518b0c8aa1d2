"""The public API as a list, so that a change to it is seen and meant.

    python tests/types/api.py [--update]

A line a name: modules, classes, functions with their signatures, and attributes, as the stubs tell
them. api.txt is the list; what was published stays until a major version, as CONTRIBUTING.md says,
so a line that goes, or a parameter that is no longer optional, breaks somebody's program.
``--update`` writes it anew; a review sees what that changes. Exit code 0: it is as recorded. Python
3.9 or later.
"""
import ast
import io
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, ROOT)

from tests.lint.known import report  # noqa: E402

RECORDED = os.path.join(HERE, "api.txt")

# What the documentation tells of. The rest can be imported, and may change in any version.
DOCUMENTED = ("__main__", "app", "cache", "config", "context", "contrib", "errors", "handler",
              "helpers", "hits", "hooks", "status", "testing", "visitor")
EMULATOR = ("emulator", "emulator.emulator")


def modules():
    """Yield ``(module name, parsed stub)`` of each public module."""
    for folder, folders, files in os.walk(os.path.join(ROOT, "flagship")):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            parts = os.path.relpath(path, ROOT)[:-len(".pyi")].split(os.sep)
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            if name.endswith(".pyi") and is_public(*parts) and is_documented(*parts):
                with io.open(path, encoding="utf-8") as file:
                    yield ".".join(parts), ast.parse(file.read())


def is_documented(package, module="__main__", *names):
    return module in DOCUMENTED or ".".join((module,) + names) in EMULATOR


def is_public(*names):
    return not any(name.startswith("_") and name not in ("__main__", "__init__", "__call__")
                   for name in names)


def lines_of(place, body):
    """Yield a line for each public name of a module's or class's body."""
    for node in body:
        if isinstance(node, ast.ClassDef) and is_public(node.name):
            bases = ", ".join(ast.unparse(base) for base in node.bases)
            yield "%s.%s(%s) class" % (place, node.name, bases)
            for line in lines_of("%s.%s" % (place, node.name), node.body):
                yield line
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and is_public(node.name):
            decorators = "".join("@%s " % ast.unparse(each) for each in node.decorator_list)
            returned = " -> " + ast.unparse(node.returns) if node.returns else ""
            yield "%s.%s(%s)%s %s" % (place, node.name, ast.unparse(node.args), returned,
                                      decorators)
        elif isinstance(node, ast.AnnAssign) and is_public(ast.unparse(node.target)):
            yield "%s.%s: %s" % (place, ast.unparse(node.target), ast.unparse(node.annotation))
        elif isinstance(node, ast.Assign) and is_public(ast.unparse(node.targets[0])):
            yield "%s.%s = %s" % (place, ast.unparse(node.targets[0]), ast.unparse(node.value))
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                if name.asname == name.name:  # as a stub says that it exports it
                    yield "%s.%s from %s" % (place, name.name, node.module)
        elif isinstance(node, ast.If):
            for line in lines_of(place, node.body + node.orelse):
                yield line


def api():
    return sorted({line.strip() for name, tree in modules() for line in lines_of(name, tree.body)})


if __name__ == "__main__":
    sys.exit(report(RECORDED, [(line, "api.txt: new: " + line) for line in api()], sys.argv[1:]))
