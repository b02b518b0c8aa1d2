"""The SDK on CPython 3.14 in Pyodide, where no thread can be had and JavaScript makes the requests.

``check.py`` beside this file runs it, with tests/test_decision.py, which has the decisions.
"""
import ast
import glob
import importlib
import logging
import os
import pkgutil
import warnings

import hypothesis
import pytest

import flagship
from flagship import Config, Flagship
from flagship.cli import main
from flagship.hits import Event, EventCategory, Item, Page, Screen, Transaction
from tests.support import ROOT, Log, command, data

# One Python more says little about what chance finds.
hypothesis.settings.register_profile("few", deadline=None, database=None, max_examples=5)
hypothesis.settings.load_profile("few")

URL = os.environ["EMULATOR"]
URLS = {"decision_api_url": URL + "/v2", "cdn_url": URL + "/cdn", "tracking_url": URL + "/collect"}
OPTIONAL = {"django", "flask", "openfeature", "opentelemetry", "prometheus_client", "sentry_sdk"}
HITS = [
    Page("https://shop.example.com/"), Screen("basket"),
    Event(EventCategory.ACTION_TRACKING, "click").with_event_value(3),
    Transaction("T-1", "purchase").with_total_revenue(19.9), Item("T-1", "shirt", "S-1")]


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def start(log):
    def start(**options):
        options = dict(dict(URLS, event_handler=log, bucketing_file=None), **options)
        Flagship.instance().start("env", "key", Config(**options))
        return Flagship.instance()
    yield start
    Flagship.instance().close()


def test_every_module_can_be_imported_without_a_warning():
    """A warning is an error here; what is left out needs a framework."""
    for _, name, _ in pkgutil.walk_packages(flagship.__path__, "flagship.", lambda name: None):
        try:
            importlib.import_module(name)
        except ImportError as error:
            assert (error.name or "").split(".")[0] in OPTIONAL, name


@pytest.mark.parametrize("folder", ["tests", "examples", "benchmarks", "docs"])
def test_every_file_compiles_without_a_warning(folder):
    paths = glob.glob(os.path.join(ROOT, folder, "**", "*.py"), recursive=True)
    assert paths
    for path in paths:
        with open(path, encoding="utf-8") as file, warnings.catch_warnings():
            warnings.simplefilter("error")
            compile(ast.parse(file.read(), path), path, "exec")


@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
def test_offline_in_bucketing_mode(start, log, tracking):
    """Decisions with their reasons and, of what would be sent, why it is not; in silence."""
    visitor = start(offline=True, mode=Config.Mode.BUCKETING, tracking=tracking,
                    initial_bucketing=data("shop.json")).create_visitor("ann")
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.get_modification("cta-color", "") == "red"
    assert visitor.explain("cta-color")["campaigns"][0]["bucket"] == 68
    assert visitor.activate_modification("cta-color") == (False, "activate: the SDK is offline")
    for hit in HITS:
        assert visitor.send_hit(hit) == (False, "hit: the SDK is offline")
    assert log.at(logging.WARNING) == log.caught == []


def test_a_thread_that_cannot_be_had_stops_no_decision(start, log):
    """The calls poll for the file in its place, as one line says. A file that has not changed
    comes without a body."""
    flagship = start(mode=Config.Mode.BUCKETING, initial_bucketing=data("shop.json"),
                     polling_interval=0.01, timeout=20)
    loaded = set()
    for name in ("ann", "bob"):
        visitor = flagship.create_visitor(name)
        assert visitor.synchronize_modifications() == (True, "") and visitor.modifications
        loaded.add(flagship.status.source)
    assert loaded == {"network"} and log.at(logging.ERROR) == []
    assert flagship.status.last_errors == {}
    assert [line for line in log.at(logging.WARNING) if "thread" in line] == [
        "[bucketing] no thread can be started: until one can, the bucketing file is refreshed by "
        "decisions, which wait for it"]


def test_an_answer_that_javascript_decompressed(start):
    """Its headers go on saying how it was compressed, and how long it was then."""
    flagship = start(mode=Config.Mode.BUCKETING, cdn_url=os.environ["COMPRESSED"] + "/cdn",
                     polling_interval=0, timeout=20)
    assert flagship.status.last_errors == {} and flagship.status.source == "network"


@pytest.mark.parametrize("mode", list(Config.Mode))
def test_requests_by_way_of_javascript(start, mode):
    """Whoever is on Node or in a browser has no sockets, and urllib3 asks JavaScript. An answer
    may have no body, as to an activation; check.py sees that all arrived."""
    tracking = "deferred" if mode is Config.Mode.BUCKETING else "immediate"
    flagship = start(mode=mode, tracking=tracking, polling_interval=0, timeout=20)
    visitor = flagship.create_visitor("ann")
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.get_modification("cta-color", "") == "red"
    result = "queued" if tracking == "deferred" else "204"
    assert visitor.activate_modification("cta-color") == (True, result)
    for hit in HITS:
        assert visitor.send_hit(hit)[0]
    flagship.close()
    assert flagship.status.last_errors == {}


def test_the_command_line():
    code, output, errors = command(["decide", data("shop.json"), "--visitor", "ann"])
    assert (code, errors) == (0, "") and "cta-color" in output
    assert main(["completion", "bash"]) == 0
