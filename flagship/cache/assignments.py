"""Between the SDK and a user's store of assignments, which may raise or return anything."""
from flagship._compat import Mapping, string_types, to_text

_VERSION = 1


class AssignmentCache(object):
    """Looks assignments up and saves them; never raises.

    :param manager: a VisitorCacheManager, or an object with its two methods.
    """

    def __init__(self, manager, events):
        self._manager, self._events = manager, events

    def lookup(self, visitor_id):
        """The ids of the variations that the visitor was assigned, a tuple of text, empty when none are known."""
        try:
            record = self._manager.lookup(visitor_id)
            return () if record is None else _read(record, visitor_id)
        except _Unreadable as problem:
            self._events.warning("[visitor cache] what lookup returned is ignored: %s", problem)
        except Exception as error:  # the user's code
            self._events.error("[visitor cache] lookup raised %s: %s", type(error).__name__, error)
        return ()

    def save(self, visitor_id, variation_ids):
        """Keep the ids of the variations that the visitor is assigned."""
        try:
            self._manager.save(visitor_id, {"version": _VERSION,
                                            "data": {"vId": visitor_id, "vaIds": list(variation_ids)}})
        except Exception as error:  # the user's code
            self._events.error("[visitor cache] save raised %s: %s", type(error).__name__, error)


class _Unreadable(Exception):
    """A record that is not what the documentation describes; its text says why."""


def _read(record, visitor_id):
    if not isinstance(record, Mapping):
        raise _Unreadable("it is a %s, not a dict" % type(record).__name__)
    version = record.get("version")
    if version != _VERSION or isinstance(version, bool):
        raise _Unreadable("its version is not %d" % _VERSION)
    data = record.get("data", record)
    if not isinstance(data, Mapping):
        raise _Unreadable("its data is a %s, not a dict" % type(data).__name__)
    if not isinstance(data.get("vId"), string_types) or to_text(data["vId"]) != visitor_id:
        raise _Unreadable("its vId is not the visitor's")
    ids = data.get("vaIds")
    if not isinstance(ids, (list, tuple)) or not all(isinstance(each, string_types) for each in ids):
        raise _Unreadable("its vaIds is not a list of text")
    ids = tuple(to_text(each) for each in ids)
    if None in ids:
        raise _Unreadable("its vaIds holds text that UTF-8 cannot express")
    return ids
