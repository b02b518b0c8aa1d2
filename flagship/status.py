"""What the SDK runs on, for health checks."""
from collections import namedtuple

_FIELDS = ("mode", "started", "panic", "source", "loaded_at", "last_modified", "campaigns",
           "tracking", "last_errors")


class Counters(namedtuple("Counters", ("queued", "sent", "failed", "dropped", "spooled"))):
    """What became of the activations, contexts and hits that deferred tracking took in this
    process since the SDK was started, or started after a ``close``. Starting again with other
    options goes on counting.

    :ivar int queued: not yet delivered, in memory.
    :ivar int sent: taken by the platform.
    :ivar int failed: refused by the platform; sent without an answer, which may have arrived and is
        not sent twice; not readable in the spool; or neither delivered nor spooled when the SDK was
        closed or the process ended.
    :ivar int dropped: lost because the queue or the spool was full, or because they grew older than
        4 hours.
    :ivar int spooled: not yet delivered, in the spool, when this process last looked; with those of
        other processes.
    """

    __slots__ = ()


class Status(namedtuple("Status", _FIELDS)):
    """What the SDK runs on at one moment; read-only.

    :ivar mode: a Config.Mode, or None before the first start.
    :ivar bool started: whether visitors can be made.
    :ivar bool panic: whether the platform is in panic.
    :ivar source: where the bucketing file in use came from, ``"network"``, ``"snapshot"`` (the copy
        on disk) or ``"initial"``; None while there is none, and in API mode.
    :ivar loaded_at: when it was loaded, seconds since the epoch (float), or None.
    :ivar last_modified: its Last-Modified as the platform sent it, or None.
    :ivar campaigns: the number of campaigns in use, or None.
    :ivar Counters tracking: what became of what deferred tracking took, also after ``close``; None
        where tracking is immediate.
    :ivar dict last_errors: the last error of each endpoint that had one, by its name: ``when``,
        seconds since the epoch (float), ``cause``, one line of text, and ``count``, how many there
        were.
    """

    __slots__ = ()

    def __new__(cls, mode, started, panic=False, source=None, loaded_at=None, last_modified=None,
                campaigns=None, tracking=None, last_errors=None):
        return super(Status, cls).__new__(
            cls, mode, started, panic, source, loaded_at, last_modified, campaigns, tracking,
            {} if last_errors is None else last_errors)
