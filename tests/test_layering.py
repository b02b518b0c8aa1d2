"""The modules' imports point one way: down the list of CONTRIBUTING.md."""
import ast
import io
import os

import pytest

import flagship

PACKAGE = os.path.dirname(os.path.abspath(flagship.__file__))

# From the bottom up; a module may import those of the lines before its own, and within a line those
# to its left.
LAYERS = """
_compat _version _troubleshooting errors handler
_process _threads
_events _values _validation _json _credentials
context hits status hooks _hooks state
cache.cache_visitor
_emulated config
_endings _signals
transport.endpoint transport.retry transport.breaker transport.causes transport.deadline
transport.answer transport.adapter transport.session transport.client transport
tracking.items tracking.queue tracking.contexts tracking.spool tracking.delivery tracking.worker
tracking.immediate tracking.deferred tracking
cache.assignments cache.memory cache.redis cache.sqlite cache
decision.semver decision.modification decision.allocation decision.targeting
decision.document decision.compiled decision.evaluator decision.explanation decision.forced
decision.manager
decision.content decision.snapshot decision.bucketing_file decision.api decision.bucketing decision
visitor
_runtime
app
contrib contrib._settings contrib._platform contrib._overrides contrib._web contrib.flask
contrib.opentelemetry contrib.prometheus contrib.sentry
contrib.django.cache contrib.django contrib.django.checks contrib.django.apps
contrib.django._cookies contrib.django.middleware contrib.django.overrides contrib.django.signals
contrib.django.qa contrib.django.qa.apps contrib.django.qa._decision contrib.django.qa._views
contrib.django.qa.urls
contrib.django.qa.templatetags contrib.django.qa.templatetags.flagship_qa
contrib.django.templatetags contrib.django.templatetags.flagship
contrib.openfeature.visitors contrib.openfeature.provider contrib.openfeature
helpers helpers.hits helpers.preset_context
emulator._recent emulator.bodies emulator.collect emulator.decisions emulator.faults
emulator.evaluation emulator.results emulator.platform
emulator.arrivals emulator.server emulator.simulation
emulator.front emulator.emulator emulator emulator.__main__
testing.sent testing._stage testing.flags testing testing.visitor_cache testing.pytest_plugin
cli._errors cli._layout cli._output cli._syntax cli._arguments cli._source cli._context
cli._visitors cli._findings cli._shares cli._explained cli._differences cli._names cli._uses
cli.decide cli.validate cli.share cli.diff cli.types cli.lint cli.send
cli.emulator cli._local cli.doctor cli._shells cli.completion cli __main__
"""
ORDER = LAYERS.split()


def modules():
    for folder, _, names in os.walk(PACKAGE):
        for name in sorted(names):
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                dotted = os.path.relpath(path, PACKAGE)[:-3].replace(os.sep, ".")
                yield dotted[:-len(".__init__")] if dotted.endswith(".__init__") else dotted, path


def imported(path):
    """The modules of the package that a module imports, anywhere in it."""
    with io.open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read().encode("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node,
                      ast.ImportFrom) and node.module and node.module.split(".")[0] == "flagship":
            module = node.module[len("flagship."):]
            for alias in node.names:
                inner = ".".join(part for part in (module, alias.name) if part)
                yield inner if inner in ORDER or not module else module


@pytest.mark.parametrize("module, path", [pair for pair in modules() if pair[0] != "__init__"],
                         ids=lambda value: value if "/" not in value else "")
def test_imports_point_down(module, path):
    assert module in ORDER, "a new module has a place in LAYERS"
    for other in imported(path):
        assert ORDER.index(other) < ORDER.index(module), "%s imports %s" % (module, other)


def test_the_decision_core_runs_alone():
    """No network, thread, clock or option: the modules of the decision itself import none."""
    core = ("semver", "modification", "allocation", "targeting", "document", "compiled",
            "evaluator", "explanation")
    allowed = {"_compat", "errors"} | {"decision." + name for name in core}
    for module, path in modules():
        if module in {"decision." + name for name in core}:
            assert set(imported(path)) <= allowed, module
