"""The SDK's events as Django signals, sent with ``send_robust``.

Each has the event as its argument ``event``, and the event's class as its sender::

    @receiver(signals.flag_read)
    def keep(sender, event, **kwargs): ...

They are only sent with the hook in the settings:
``FLAGSHIP_HOOKS = ["flagship.contrib.django.signals.SignalsHook"]``.
"""
from __future__ import absolute_import

import six
from django.dispatch import Signal

from flagship.hooks import Hook

flag_read = Signal()
activated = Signal()
hits_sent = Signal()
hits_failed = Signal()
synchronized = Signal()
file_changed = Signal()
panic_changed = Signal()


class SignalsHook(Hook):
    """Sends the signals; see :class:`flagship.hooks.Hook` for when and in which thread."""

    def on_flag_read(self, event):
        _send(flag_read, event)

    def on_activated(self, event):
        _send(activated, event)

    def on_hits_sent(self, event):
        _send(hits_sent, event)

    def on_hits_failed(self, event):
        _send(hits_failed, event)

    def on_synchronized(self, event):
        _send(synchronized, event)

    def on_file_changed(self, event):
        _send(file_changed, event)

    def on_panic_changed(self, event):
        _send(panic_changed, event)


def _send(signal, event):
    """Send a signal to all its receivers, then raise what the first of them raised: early Djangos
    do not log it, and the SDK logs it once."""
    for _, outcome in signal.send_robust(sender=type(event), event=event):
        if isinstance(outcome, Exception):
            six.reraise(type(outcome), outcome, outcome.__traceback__)
