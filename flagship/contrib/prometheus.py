"""Counts for Prometheus. Requires prometheus-client 0.12."""
from __future__ import absolute_import

from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from flagship.app import Flagship
from flagship.hooks import Hook


class PrometheusHook(Hook):
    """Counts events, and registers what the SDK's status says; create one a process::

        Config(hooks=[PrometheusHook()])

    - ``flagship_flag_reads_total``, by ``key``, ``variation`` and ``reason``, that of
      :class:`flagship.hooks.FlagRead`;
    - ``flagship_hits_total``, by ``kind`` and ``outcome``, ``sent`` or ``failed``;
    - ``flagship_synchronization_seconds``, a histogram, by ``mode`` and ``outcome``, ``success`` or
      ``failure``;
    - from the status, when it is asked: ``flagship_started``, ``flagship_panic``,
      ``flagship_queued``, ``flagship_spooled``, ``flagship_file_loaded_seconds`` (since the epoch)
      and ``flagship_errors_total``, by ``endpoint``.

    Keys should come from the program and not from requests, as each makes a series of its own. In
    prometheus-client's multiprocess mode the counters are summed up, and the status is left out.

    :param registry: a ``CollectorRegistry``; default: the global one.
    :raises ValueError: if the registry already has these metrics.
    """

    def __init__(self, registry=REGISTRY):
        self._reads = Counter("flagship_flag_reads_total", "Flags that were read",
                              ["key", "variation", "reason"], registry=registry)
        self._hits = Counter("flagship_hits_total", "Activations, contexts and hits by outcome",
                             ["kind", "outcome"], registry=registry)
        self._synchronizations = Histogram(
            "flagship_synchronization_seconds", "Duration of synchronisations",
            ["mode", "outcome"], registry=registry)
        registry.register(self)

    def on_flag_read(self, event):
        self._reads.labels(event.key, event.variation_id or "", event.reason).inc()

    def on_hits_sent(self, event):
        for kind, number in event.kinds:
            self._hits.labels(kind, "sent").inc(number)

    def on_hits_failed(self, event):
        for kind, number in event.kinds:
            self._hits.labels(kind, "failed").inc(number)

    def on_synchronized(self, event):
        outcome = "success" if event.success else "failure"
        self._synchronizations.labels(event.mode, outcome).observe(event.duration)

    def collect(self):
        """Yield the metrics of the status; called by the registry."""
        status = Flagship.instance().status
        yield GaugeMetricFamily("flagship_started", "Whether the SDK is started", status.started)
        yield GaugeMetricFamily("flagship_panic", "Whether the platform is in panic", status.panic)
        if status.tracking is not None:
            yield GaugeMetricFamily("flagship_queued", "Hits in memory", status.tracking.queued)
            yield GaugeMetricFamily("flagship_spooled", "Hits in the spool",
                                    status.tracking.spooled)
        if status.loaded_at is not None:
            yield GaugeMetricFamily("flagship_file_loaded_seconds",
                                    "When the bucketing file was loaded", status.loaded_at)
        errors = CounterMetricFamily("flagship_errors", "Failed requests", labels=["endpoint"])
        for endpoint, error in sorted(status.last_errors.items()):
            errors.add_metric([endpoint], error.count)
        yield errors

    def describe(self):
        """Return no names: which metrics there are depends on the options of the SDK."""
        return []
