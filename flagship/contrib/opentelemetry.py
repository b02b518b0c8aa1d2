"""Tells OpenTelemetry which flags were read, in the terms of its semantic conventions for feature
flags, and measures the SDK. Requires opentelemetry-api 1.20."""
from __future__ import absolute_import

import json

from opentelemetry import metrics, trace

from flagship._version import __version__
from flagship.app import Flagship
from flagship.hooks import Hook

_PROVIDER = "flagship"
_NOT_READY = "error", "provider_not_ready"

#: reason of a FlagRead -> (``feature_flag.result.reason``, ``error.type`` or None)
_REASONS = {"assigned": ("targeting_match", None), "null": ("default", None),
            "missing": ("default", None), "panic": ("disabled", None),
            "not synchronized": _NOT_READY, "closed": _NOT_READY}


class TracingHook(Hook):
    """Adds each flag that is read to the current span, as an event ``feature_flag.evaluation``::

        Config(hooks=[TracingHook()])

    Its attributes are ``feature_flag.key``, ``feature_flag.provider.name`` (``"flagship"``),
    ``feature_flag.set.id`` (the environment's id), ``feature_flag.result.variant`` (the id of the
    variation, if there is one) and ``feature_flag.result.reason``: ``targeting_match``;
    ``default``, for a visitor who has no such flag; ``disabled``, in panic; or ``error`` with the
    ``error.type`` ``provider_not_ready``, before a synchronisation has succeeded.
    ``feature_flag.version`` is not among them: in API mode the platform tells none, and in
    bucketing mode a visitor may hold the flags of an earlier file.

    Without a span that records, as with a request that is not sampled, nothing is done.

    :param bool visitor_ids: True: with the visitor's id, as ``feature_flag.context.id``. It is
        personal data, so the default is False.
    :param bool values: True: with the value, as ``feature_flag.result.value``; a list or dict as
        JSON. Default False: the conventions prefer the variant, as a value may be large or private.
    """

    def __init__(self, visitor_ids=False, values=False):
        self._visitor_ids, self._values = visitor_ids, values

    def on_flag_read(self, event):
        span = trace.get_current_span()
        if not span.is_recording():
            return
        reason, error = _REASONS[event.reason]
        config = Flagship.instance().config
        attributes = {
            "feature_flag.key": event.key, "feature_flag.provider.name": _PROVIDER,
            "feature_flag.result.reason": reason, "error.type": error,
            "feature_flag.set.id": config and config.env_id,
            "feature_flag.result.variant": event.variation_id,
            "feature_flag.context.id": event.visitor_id if self._visitor_ids else None,
            "feature_flag.result.value": _attribute(event.value) if self._values else None}
        span.add_event("feature_flag.evaluation", {
            name: value for name, value in attributes.items() if value is not None})


class MetricsHook(Hook):
    """Measures the SDK. The conventions have no metrics for feature flags; these are:

    - ``flagship.flag.reads``, a counter, by ``feature_flag.key``, ``feature_flag.result.variant``
      and ``feature_flag.result.reason``;
    - ``flagship.hits``, a counter of activations, contexts and hits, by ``flagship.hit.kind`` and
      ``flagship.outcome``, ``sent`` or ``failed``;
    - ``flagship.synchronization.duration``, a histogram in seconds, by ``flagship.mode`` and
      ``flagship.outcome``, ``success`` or ``failure``.

    Keys should come from the program and not from requests, as each makes a series of its own.

    :param meter_provider: None (default): the global one.
    """

    def __init__(self, meter_provider=None):
        meter = metrics.get_meter("flagship", __version__, meter_provider)
        self._reads = meter.create_counter("flagship.flag.reads", "{read}", "Flags that were read")
        self._hits = meter.create_counter(
            "flagship.hits", "{hit}", "Activations, contexts and hits by outcome")
        self._synchronizations = meter.create_histogram(
            "flagship.synchronization.duration", "s", "Duration of synchronisations")

    def on_flag_read(self, event):
        self._reads.add(1, {
            "feature_flag.key": event.key,
            "feature_flag.result.variant": event.variation_id or "",
            "feature_flag.result.reason": _REASONS[event.reason][0]})

    def on_hits_sent(self, event):
        self._count(event, "sent")

    def on_hits_failed(self, event):
        self._count(event, "failed")

    def _count(self, event, outcome):
        for kind, number in event.kinds:
            self._hits.add(number, {"flagship.hit.kind": kind, "flagship.outcome": outcome})

    def on_synchronized(self, event):
        self._synchronizations.record(event.duration, {
            "flagship.mode": event.mode,
            "flagship.outcome": "success" if event.success else "failure"})


def _attribute(value):
    """Return a flag's value as the value of an attribute; None if it cannot be one, as a default
    may be anything."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    try:
        return json.dumps(value, default=str, sort_keys=True)
    except Exception:  # keys of several types, a __str__ that raises
        return None
