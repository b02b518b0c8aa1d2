"""Whether the SDK serves its visitors: not while the platform is in panic or the SDK is closed."""
from flagship._process import Lock, Tally, lineage
from flagship._troubleshooting import see


class PlatformState(object):
    """The state shared by all visitors of the SDK; it outlives a restart with other options.

    :ivar bool panic: whether the platform is in panic.
    :ivar bool closed: whether the SDK was closed, or never started.
    :ivar dict tracked: the counters of deferred tracking, by the lineage of the process.
    :ivar bool serving: neither in panic nor closed; every call of a visitor checks this first.
    :ivar bool direct: serving, and no hook is told of flags that are read.
    :ivar hooks: the :class:`flagship._hooks.Hooks`; None if there are none.
    """

    __slots__ = ("panic", "closed", "serving", "direct", "hooks", "tracked", "_withheld", "_events",
                 "_changing", "_end", "_source")

    def __init__(self, events):
        self.panic, self.closed, self.serving, self.tracked = False, False, True, {}
        self._events, self._changing, self._end, self._source = events, Lock(), None, None
        self._withheld = {}  # lineage -> Tally
        self.direct, self.hooks = True, None

    def use_hooks(self, hooks):
        """Tell these hooks of events from now on.

        :param tuple hooks: instances of :class:`flagship.hooks.Hook`.
        """
        before, found = self.hooks, None
        if before is not None and list(map(id, hooks)) == list(map(id, before.hooks)):
            return  # so that what was logged about them is not logged again
        if hooks:
            from flagship._hooks import Hooks
            found = Hooks(hooks, self._events)
        with self._changing:
            self.hooks = found
            self._refresh()

    def tell(self, name, *facts):
        """Tell the hooks of an event; no lock may be held.

        :param str name: the event, such as ``"hits_sent"``.
        :param facts: its fields.
        """
        hooks = self.hooks
        if hooks is not None:
            hooks.tell(name, facts)

    def _refresh(self):
        self.serving = not (self.panic or self.closed)
        self.direct = self.serving and not (self.hooks and self.hooks.listens_to("flag_read"))

    def listen_to(self, source, panic, events):
        """Listen to this decision manager only from now on, and set the panic that it reports; a
        change is logged once.

        :param source: the decision manager.
        :param bool panic: whether it reports a panic.
        :param EventLog events: receives a line for each change from now on.
        """
        with self._changing:
            self._source, self._events = source, events
        self.set_panic(panic, source)

    def set_panic(self, panic, source=None):
        """Enter or leave panic; a change is logged once.

        :param source: the decision manager that reports it; one that has been replaced is ignored.
            None (default): a caller that is never ignored, such as a test.
        """
        if panic == self.panic:
            return
        with self._changing:
            if source is not None and self._source is not None and source is not self._source:
                return
            changed = panic != self.panic
            self.panic = panic
            self._refresh()
        if changed and panic:
            self._events.warning(
                "The platform is in panic: defaults are served and nothing is sent until it ends%s",
                see("panic"))
        elif changed:
            self._events.warning("The platform's panic has ended")
        if changed:
            self.tell("panic_changed", panic)

    def withhold(self):
        """Count an activation or hit of a visitor that has not consented."""
        self._withheld.setdefault(lineage(), Tally()).add()

    @property
    def withheld(self):
        """The number of these in this process, an int."""
        return int(self._withheld.get(lineage(), 0))

    def close(self, reason="Flagship is closed"):
        """Stop serving for good, for a reason that log lines give."""
        with self._changing:
            self._end, self.closed = reason, True
            self._refresh()

    @property
    def reason(self):
        """Why the SDK is not serving."""
        return self._end or "the platform is in panic"
