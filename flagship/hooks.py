"""What the SDK tells the application: events, and the class that receives them."""
from collections import namedtuple


class Hook(object):
    """Receives events; subclass it, override the methods that you need, and pass an instance to
    ``Config(hooks=[...])``.

    A method runs in the thread in which the event happens, and the call that caused it waits for
    it, so it should be quick. With deferred tracking :meth:`on_hits_sent` and
    :meth:`on_hits_failed` run in the delivery's thread; in bucketing mode
    :meth:`on_file_changed` and :meth:`on_panic_changed` mostly run in the poller's.

    What a method raises is logged, once for each method of each hook, and never reaches the caller.
    No lock is held meanwhile, so a method may call the SDK. A hook is not told of what its own
    method causes in the same thread.

    Only overridden methods cost anything. They are looked up when the SDK starts; a later start
    replaces the hooks.
    """

    def on_flag_read(self, event):
        """A flag was read by ``get_modification`` or ``get_modification_with_results``.

        :param FlagRead event: the flag's value and where it comes from.
        """

    def on_activated(self, event):
        """An activation was sent, queued or refused.

        :param Activated event: what the visitor has seen.
        """

    def on_hits_sent(self, event):
        """The platform accepted a request with activations, contexts or hits.

        :param HitsSent event: what it contained.
        """

    def on_hits_failed(self, event):
        """Activations, contexts or hits are lost. A request that will be retried is not reported.

        :param HitsFailed event: what is lost, and why.
        """

    def on_synchronized(self, event):
        """A visitor's flags were fetched, or could not be.

        :param Synchronized event: the outcome and the duration.
        """

    def on_file_changed(self, event):
        """Bucketing mode: another bucketing file is in use.

        :param FileChanged event: the file.
        """

    def on_panic_changed(self, event):
        """The platform's panic began or ended.

        :param PanicChanged event: which of them.
        """


class FlagRead(namedtuple("FlagRead", (
        "visitor_id", "anonymous_id", "key", "value", "default_value", "reason", "campaign_id",
        "variation_group_id", "variation_id", "is_reference"))):
    """A flag was read.

    :ivar str visitor_id: the visitor.
    :ivar anonymous_id: the id from before the login, text, or None.
    :ivar str key: the flag's key.
    :ivar value: what the call returned; a list or dict is a copy.
    :ivar default_value: the default that the call was given, the very object.
    :ivar str reason: ``"assigned"``: the value is that of the visitor's variation, whatever the
        default's type. Otherwise the default was returned: ``"null"``: the variation's value is
        null; ``"missing"``: the visitor has no such flag; ``"not synchronized"``: no
        synchronisation has succeeded yet; ``"panic"``; ``"closed"``: the SDK was closed.
    :ivar campaign_id: text; None, like the next three, if the visitor has no such flag.
    :ivar variation_group_id: text, or None.
    :ivar variation_id: text, or None.
    :ivar is_reference: whether the variation is the group's reference, a bool, or None.
    """

    __slots__ = ()

    @property
    def is_default(self):
        """Whether the call returned its default."""
        return self.reason != "assigned"


class Activated(namedtuple("Activated", (
        "visitor_id", "anonymous_id", "key", "campaign_id", "variation_group_id", "variation_id",
        "is_reference", "success", "log"))):
    """A flag was activated: the visitor has seen its variation.

    :ivar str visitor_id: the visitor.
    :ivar anonymous_id: the id from before the login, text, or None.
    :ivar str key: the flag's key.
    :ivar str campaign_id: the campaign.
    :ivar str variation_group_id: the variation group.
    :ivar str variation_id: the variation.
    :ivar bool is_reference: whether that variation is the group's reference.
    :ivar bool success: the result of the call: whether it was sent or, with deferred tracking,
        queued.
    :ivar str log: the HTTP status or ``"queued"``, or why it failed.
    """

    __slots__ = ()


class HitsSent(namedtuple("HitsSent", ("kinds",))):
    """The platform accepted a request.

    :ivar kinds: what it contained, a tuple of ``(kind, number)``; the kinds are ``"ACTIVATE"``,
        ``"CONTEXT"``, the types of hits such as ``"PAGEVIEW"`` and ``"TRANSACTION"``, and
        ``"OTHER"``.
    """

    __slots__ = ()

    @property
    def number(self):
        """The number of activations, contexts and hits, an int."""
        return sum(number for _, number in self.kinds)


class HitsFailed(namedtuple("HitsFailed", ("kinds", "reason"))):
    """Activations, contexts or hits are lost.

    :ivar kinds: as for :class:`HitsSent`; ``"OTHER"`` where it is not known what was in the spool.
    :ivar str reason: why.
    """

    __slots__ = ()
    number = HitsSent.number


class Synchronized(namedtuple("Synchronized", (
        "visitor_id", "anonymous_id", "mode", "duration", "success", "reason"))):
    """A visitor was synchronised.

    :ivar str visitor_id: the visitor.
    :ivar anonymous_id: the id from before the login, text, or None.
    :ivar str mode: ``"API"`` or ``"BUCKETING"``.
    :ivar float duration: seconds, with everything that the call waited for.
    :ivar bool success: whether there was a decision.
    :ivar str reason: why there was none; ``""`` on success.
    """

    __slots__ = ()


class FileChanged(namedtuple("FileChanged", (
        "source", "campaigns", "last_modified", "problems", "panic"))):
    """Another bucketing file is in use.

    :ivar str source: ``"network"``, ``"snapshot"`` or ``"initial"``.
    :ivar int campaigns: the number of its campaigns.
    :ivar last_modified: its Last-Modified, text, or None.
    :ivar int problems: how many parts of it cannot be used; each is a log line.
    :ivar bool panic: whether it says that the platform is in panic.
    """

    __slots__ = ()


class PanicChanged(namedtuple("PanicChanged", ("panic",))):
    """The platform's panic began or ended.

    :ivar bool panic: whether the platform is in panic now.
    """

    __slots__ = ()
