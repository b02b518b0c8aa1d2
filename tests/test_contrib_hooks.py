"""The hooks that ship, each with the real library behind it: OpenTelemetry, Sentry, Prometheus and
Django's signals."""
from __future__ import unicode_literals

import logging
import pickle

import pytest
from django.dispatch import receiver

from flagship import Config, Flagship
from flagship.contrib.django import signals
from flagship.errors import ParamError
from flagship.hits import Page
from flagship.hooks import FlagRead, Hook
from tests.django_project import project

PAGE = Page("https://shop.example/")
VIP = {"vip": True}
# Flags, each with the default that it is read with, and their reasons in OpenTelemetry's words.
READS = [("free", False, "targeting_match"), ("discount", 0, "targeting_match"),
         ("cta-hint", None, "default"), ("no-such-flag", "default", "default")]


@pytest.fixture
def shop(start):
    """Reads a flag of each kind with these hooks; the visitor."""
    def shop(*hooks, **options):
        visitor = start(hooks=hooks, **options).create_visitor("ann", context=VIP)
        visitor.synchronize_modifications()
        for key, default, _ in READS:
            visitor.get_modification(key, default)
        return visitor
    return shop


@pytest.fixture
def spans():
    """A span that is open, and what it exports when it is over."""
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    span = provider.get_tracer("shop").start_as_current_span("home")

    def events():
        span.__exit__(None, None, None)
        return exporter.get_finished_spans()[0].events
    span.__enter__()
    yield events
    provider.shutdown()


def test_opentelemetry_spans(shop, spans, emulator):
    """Each reading is an event of the span, with the attributes of the semantic conventions."""
    from flagship.contrib.opentelemetry import TracingHook
    shop(TracingHook())
    events = spans()
    assert {event.name for event in events} == {"feature_flag.evaluation"}
    assert [(event.attributes["feature_flag.key"], event.attributes["feature_flag.result.reason"])
            for event in events] == [(key, reason) for key, _, reason in READS]
    assert dict(events[0].attributes) == {
        "feature_flag.key": "free", "feature_flag.provider.name": "flagship",
        "feature_flag.set.id": emulator.env_id, "feature_flag.result.variant": "vip-on",
        "feature_flag.result.reason": "targeting_match"}
    assert "feature_flag.result.variant" not in events[3].attributes


def test_opentelemetry_names(spans):
    """The attributes are those that OpenTelemetry's own list of them has."""
    listed = pytest.importorskip(
        "opentelemetry.semconv._incubating.attributes.feature_flag_attributes")
    from flagship.contrib.opentelemetry import TracingHook
    TracingHook(visitor_ids=True, values=True).on_flag_read(
        FlagRead("ann", None, "free", True, False, "assigned", "c", "g", "v", False))
    names = {value for name, value in vars(listed).items() if name.startswith("FEATURE_FLAG_")}
    event, = spans()
    assert set(event.attributes) <= names
    assert len(event.attributes) == 7
    reasons = {each.value for each in listed.FeatureFlagResultReasonValues}
    from flagship.contrib import opentelemetry
    assert {reason for reason, _ in opentelemetry._REASONS.values()} <= reasons


def test_opentelemetry_options(shop, spans, emulator):
    """The visitor and the values are on the span only where that is asked for; what is read before
    a synchronisation, or in panic, says so."""
    from flagship.contrib.opentelemetry import TracingHook
    visitor = shop(TracingHook(visitor_ids=True, values=True))
    visitor.get_modification("banner", None)
    Flagship.instance().create_visitor("ben").get_modification("free", False)
    emulator.panic = True
    visitor.synchronize_modifications()
    visitor.get_modification("free", False)
    found = [dict(event.attributes) for event in spans()]
    assert [each.get("feature_flag.result.value") for each in found] == [
        True, 20, None, "default", '{"lines": ["a", "b"], "title": "Merci"}', False, False]
    assert [each["feature_flag.context.id"] for each in found] == ["ann"] * 5 + ["ben", "ann"]
    assert (found[5]["feature_flag.result.reason"], found[5]["error.type"]) == (
        "error", "provider_not_ready")
    assert found[6]["feature_flag.result.reason"] == "disabled"


class Unprintable(object):
    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


#: Defaults that JSON cannot hold.
ODD = [Unprintable(), {1: "a", "b": 2}, {(1, 2): 3}, {"a": [Unprintable()]}]


@pytest.mark.parametrize("default", ODD)
def test_opentelemetry_odd_defaults(shop, spans, log, default):
    """A value that cannot be an attribute is left out; the reading is on the span all the same."""
    from flagship.contrib.opentelemetry import TracingHook
    shop(TracingHook(values=True)).get_modification("unknown", default)
    attributes = dict(spans()[-1].attributes)
    assert attributes["feature_flag.key"] == "unknown"
    assert "feature_flag.result.value" not in attributes and log.at(logging.ERROR) == []


def test_opentelemetry_without_a_span(shop):
    pytest.importorskip("opentelemetry.sdk")
    from flagship.contrib.opentelemetry import TracingHook
    hook = pickle.loads(pickle.dumps(TracingHook()))
    assert shop(hook).get_modification("discount", 0) == 20


def test_opentelemetry_metrics(shop):
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    from flagship.contrib.opentelemetry import MetricsHook
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    shop(MetricsHook(provider)).send_hit(PAGE)
    found = {}
    for metric in reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics:
        for point in metric.data.data_points:
            facts = tuple(value for _, value in sorted(point.attributes.items()))
            found[(metric.name,) + facts] = getattr(point, "value", None) or point.count
    assert found.pop(("flagship.synchronization.duration", "API", "success")) == 1
    assert found.pop(("flagship.hits", "PAGEVIEW", "sent")) == 1
    assert found.pop(("flagship.hits", "CONTEXT", "sent")) == 1
    assert found[("flagship.flag.reads", "discount", "targeting_match", "vip-on")] == 1
    assert len(found) == 4 and {name for name in (each[0] for each in found)} == {
        "flagship.flag.reads"}
    provider.shutdown()


def test_sentry(shop, log):
    """An error in the same scope shows booleans among the feature flags, others as tags."""
    sentry_sdk = pytest.importorskip("sentry_sdk")
    from sentry_sdk.transport import Transport

    from flagship.contrib.sentry import SentryHook

    class Kept(Transport):
        def capture_envelope(self, envelope):
            taken.append(envelope.get_event())

    taken = []
    sentry_sdk.init("http://key@127.0.0.1:9/1", transport=Kept, default_integrations=False)
    try:
        with sentry_sdk.isolation_scope():
            visitor = shop(pickle.loads(pickle.dumps(SentryHook())))
            visitor.get_modification("banner", None)
            visitor.get_modification("delivery", "two\nlines " + "x" * 300)
            visitor.get_modification("x" * 40, "too long a key for a tag")
            for default in [["a"]] + ODD:
                visitor.get_modification("delivery-text", default)
            sentry_sdk.capture_message("an error")
        with sentry_sdk.isolation_scope():
            sentry_sdk.capture_message("elsewhere")
    finally:
        sentry_sdk.get_client().close()
        sentry_sdk.init(default_integrations=False)
    event, elsewhere = taken
    assert event["contexts"]["flags"]["values"] == [{"flag": "free", "result": True}]
    delivery = event["tags"].pop("flag.delivery")
    assert delivery.startswith("two lines xxx") and len(delivery) == 200
    hint = event["tags"].pop("flag.cta-hint")
    assert hint in ("cta-blue", "cta-red")
    assert event["tags"] == {"flag.discount": "20", "flag.no-such-flag": "default",
                             "flag.banner": "vip-on"}
    assert log.at(logging.ERROR) == []
    assert not elsewhere.get("tags") and "flags" not in elsewhere["contexts"]


def test_prometheus(shop, emulator):
    """What is scraped has the events' counts and the status of that moment."""
    prometheus_client = pytest.importorskip("prometheus_client")
    from flagship.contrib.prometheus import PrometheusHook
    registry = prometheus_client.CollectorRegistry(auto_describe=True)
    hook = PrometheusHook(registry)
    visitor = shop(hook, tracking="deferred", mode=Config.Mode.BUCKETING)
    emulator.misbehave("hit", status=400)
    visitor.send_hit(PAGE)
    Flagship.instance().flush(5)

    def value(name, **labels):
        return registry.get_sample_value(str(name), {str(key): each
                                                     for key, each in labels.items()})
    assert value("flagship_flag_reads_total", key="discount", variation="vip-on",
                 reason="assigned") == 1
    assert value("flagship_flag_reads_total", key="no-such-flag", variation="",
                 reason="missing") == 1
    assert value("flagship_hits_total", kind="PAGEVIEW", outcome="failed") == 1
    assert value("flagship_synchronization_seconds_count", mode="BUCKETING", outcome="success") == 1
    assert (value("flagship_started"), value("flagship_panic"), value("flagship_queued")) == (
        1, 0, 0)
    assert value("flagship_file_loaded_seconds") > 1e9
    assert value("flagship_errors_total", endpoint="hit") >= 1
    assert b"flagship_hits_total{" in prometheus_client.generate_latest(registry)
    Flagship.instance().close()
    assert value("flagship_started") == 0
    with pytest.raises(ValueError):
        PrometheusHook(registry)


@pytest.fixture
def connected():
    """Connects functions to signals, and disconnects them afterwards."""
    pairs = []

    def connected(signal, function):
        pairs.append((signal, function))
        receiver(signal)(function)
    yield connected
    for signal, function in pairs:
        signal.disconnect(function)


def test_django_signals(shop, connected, log):
    """Each event is a signal; a receiver that raises keeps it from nobody, and one line says so."""
    told = []

    def fails(sender, event, **kwargs):
        raise ValueError("the receiver's own")

    def hears(sender, event, **kwargs):
        assert isinstance(event, sender)
        told.append(sender.__name__)
    for name in ("flag_read", "activated", "hits_sent", "hits_failed", "synchronized",
                 "file_changed", "panic_changed"):
        connected(getattr(signals, name), fails)
        connected(getattr(signals, name), hears)
    logging.getLogger("django.dispatch").addHandler(logging.NullHandler())
    visitor = shop(signals.SignalsHook(), mode=Config.Mode.BUCKETING)
    visitor.activate_modification("discount")
    visitor.activate_modification("discount")
    assert told == ["FileChanged", "HitsSent", "Synchronized"] + ["FlagRead"] * 4 + [
        "HitsSent", "Activated"] * 2
    lines = [line for line in log.at(logging.ERROR) if line.startswith("[hooks] SignalsHook.on_")]
    assert len(lines) == 5 and "the receiver's own (test_contrib_hooks.py" in lines[0]


class Own(Hook):
    """A hook of the settings."""

    made = []

    def __init__(self):
        self.read = []
        self.made.append(self)

    def on_flag_read(self, event):
        self.read.append(event.key)


class Unmakeable(Hook):
    def __init__(self):
        raise KeyError(7)


@pytest.fixture(scope="module")
def django_has_run():
    """On 3.6 the first project makes an event loop, whose sockets stay."""
    with project():
        pass


@pytest.fixture
def settings(django_has_run, emulator, log):
    del Own.made[:]
    yield {"FLAGSHIP_ENV_ID": emulator.env_id, "FLAGSHIP_API_KEY": emulator.api_key,
           "FLAGSHIP_OPTIONS": dict(emulator.urls, event_handler=log, bucketing_file=None)}
    Flagship.instance().close()


def read_in_flask(settings):
    from flask import Flask

    from flagship.contrib.flask import FlagshipExtension
    for _ in range(2):
        app = Flask("shop")
        app.config.update(settings)
        FlagshipExtension(app)


def read_in_django(settings):
    for _ in range(2):
        with project(["flagship.contrib.django"], **settings):
            pass


@pytest.mark.parametrize("read", [read_in_flask, read_in_django])
def test_settings(settings, log, read):
    """FLAGSHIP_HOOKS takes hooks, classes and dotted paths, beside those of FLAGSHIP_OPTIONS; a
    class is called once a start, not once a check, and one that cannot be made is left out."""
    first, second = Own(), Own()
    settings["FLAGSHIP_OPTIONS"]["hooks"] = [first]
    settings["FLAGSHIP_HOOKS"] = [second, __name__ + ".Own", Own, __name__ + ".Unmakeable"]
    read(settings)
    Flagship.instance().create_visitor("ann").get_modification("discount", 0)
    assert [hook.read for hook in Own.made] == [["discount"]] * 4
    line, = [line for line in log.at(logging.ERROR) if "FLAGSHIP_HOOKS" in line]
    assert line == ("[FLAGSHIP_HOOKS] Unmakeable() raised KeyError: 7; it is left "
                    "out")


def test_wrong_setting(settings):
    settings["FLAGSHIP_HOOKS"] = [__name__ + ".nowhere"]
    with pytest.raises(ParamError) as caught:
        read_in_flask(settings)
    assert caught.value.parameter == "FLAGSHIP_HOOKS"
