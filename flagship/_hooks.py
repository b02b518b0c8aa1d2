"""How the SDK calls the user's hooks: one that raises must never break a call. Imported only if
there are hooks."""
import os
import sys
import threading
import traceback

from flagship import hooks as events
from flagship._events import describe, is_overridden
from flagship._threads import what_to_catch

#: name -> class of the event; ``on_`` + name is the method of Hook that receives it.
EVENTS = {"flag_read": events.FlagRead, "activated": events.Activated,
          "hits_sent": events.HitsSent, "hits_failed": events.HitsFailed,
          "synchronized": events.Synchronized, "file_changed": events.FileChanged,
          "panic_changed": events.PanicChanged}


class Hooks(object):
    """The hooks of one start.

    :param hooks: the Hooks of the Config.
    :param EventLog log: receives a line for each method that raises.
    """

    def __init__(self, hooks, log):
        self.hooks = hooks
        self._log, self._reported, self._thread = log, {}, threading.local()
        self._listeners = {name: [hook for hook in hooks
                                  if is_overridden(hook, "on_" + name, events.Hook)]
                           for name in EVENTS}

    def listens_to(self, name):
        """Return whether a hook receives this event."""
        return bool(self._listeners[name])

    def tell(self, name, facts):
        """Pass an event to the hooks that receive it, except those that are being called in this
        thread: what a hook does itself must not call it again without end.

        :param str name: a key of EVENTS.
        :param tuple facts: the fields of the event.
        """
        if not self._listeners[name]:
            return
        event = EVENTS[name](*facts)
        active = self._thread.__dict__.setdefault("active", [])
        for hook in self._listeners[name]:
            if any(each is hook for each in active):
                continue
            active.append(hook)
            try:
                getattr(hook, "on_" + name)(event)
            except what_to_catch() as error:
                self._report(hook, name, error)
            finally:
                active.pop()

    def _report(self, hook, name, error):
        first = object()  # threads may get here at once
        if self._reported.setdefault((id(hook), name), first) is not first:
            return
        path, line = traceback.extract_tb(sys.exc_info()[2])[-1][:2]
        self._log.error("[hooks] %s.on_%s raised %s (%s, line %d); it goes on being called, and "
                        "its further errors are not logged", type(hook).__name__, name,
                        describe(error), os.path.basename(path), line)
