"""The SDK's status, for health checks."""
from collections import namedtuple

_FIELDS = ("mode", "started", "panic", "source", "loaded_at", "last_modified", "campaigns",
           "tracking", "last_errors", "withheld")


class Counters(namedtuple("Counters", ("queued", "sent", "failed", "dropped", "spooled"))):
    """Counts of the activations, contexts and hits that deferred tracking accepted in this process
    since the SDK was started, by outcome. A start after a ``close`` counts from zero; a restart
    with other options keeps counting.

    :ivar int queued: in memory, not yet delivered.
    :ivar int sent: accepted by the platform.
    :ivar int failed: refused by the platform; sent without getting a response (they may have
        arrived, so they are not sent again); unreadable in the spool; or neither delivered nor
        spooled when the SDK was closed or the process ended.
    :ivar int dropped: lost because the queue or the spool was full, or because they were more than
        4 hours old.
    :ivar int spooled: in the spool, not yet delivered, when this process last checked; includes
        those of other processes.
    """

    __slots__ = ()


class Status(namedtuple("Status", _FIELDS)):
    """The SDK's status at one moment; read-only.

    :ivar mode: a Config.Mode, or None before the first start.
    :ivar bool started: whether visitors can be created.
    :ivar bool panic: whether the platform is in panic.
    :ivar source: where the bucketing file in use came from, ``"network"``, ``"snapshot"`` (the copy
        on disk) or ``"initial"``; None while there is none, and in API mode.
    :ivar loaded_at: when the bucketing file was loaded, seconds since the epoch (float), or None.
    :ivar last_modified: the bucketing file's Last-Modified as the platform sent it, or None.
    :ivar campaigns: the number of campaigns in use, or None.
    :ivar Counters tracking: the counters of deferred tracking, also after ``close``; None if
        tracking is immediate.
    :ivar dict last_errors: the last error of each endpoint that had one, by the endpoint's name:
        ``when``, seconds since the epoch (float), ``cause``, one line of text, and ``count``, the
        number of errors so far.
    :ivar int withheld: the activations and hits that were not sent because their visitor has not
        consented, in this process since the SDK was started, also after ``close``; in both ways of
        tracking. Contexts are not counted.
    """

    __slots__ = ()

    def __new__(cls, mode, started, panic=False, source=None, loaded_at=None, last_modified=None,
                campaigns=None, tracking=None, last_errors=None, withheld=0):
        return super(Status, cls).__new__(
            cls, mode, started, panic, source, loaded_at, last_modified, campaigns, tracking,
            {} if last_errors is None else last_errors, withheld)
