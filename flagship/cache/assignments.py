"""Wraps a user's store of assignments, which may raise, block or return anything."""
from flagship._compat import Mapping, monotonic, string_types, to_text
from flagship._troubleshooting import see

VERSION = 1


class AssignmentCache(object):
    """Looks assignments up and saves them; never raises.

    :param manager: a VisitorCacheManager, or an object with ``lookup`` and ``save``. If it also has
        ``use_environment``, that is called with the environment's id, to keep the records of
        several environments apart.
    :param float patience: seconds; a call that takes longer is logged.
    """

    def __init__(self, manager, env_id, patience, events):
        self._manager, self._patience, self._events = manager, patience, events
        self._call("use_environment", _use_environment, manager, env_id)

    def lookup(self, visitor_id):
        """Return the ids of the variations that the visitor was assigned, a tuple of text, empty if
        none are known; None if the store failed. In that case nothing may be saved, as it could
        overwrite an assignment that the store still has."""
        done, record = self._call("lookup", lambda: self._manager.lookup(visitor_id))
        try:
            if not done:
                return None
            return () if record is None else read_record(record, visitor_id)
        except UnreadableRecord as problem:
            self._events.warning("[visitor cache] what lookup returned is ignored: %s%s", problem,
                                 see("visitor-cache"))
            return ()

    def save(self, visitor_id, variation_ids, known_ids, provisional=False):
        """Save the ids of the variations that the visitor is assigned; called after each
        synchronisation. If the store does not want every save, those that would change nothing are
        skipped, and so are those of a provisional visitor.

        :param known_ids: what :meth:`lookup` returned before the decision, not None.
        :param bool provisional: whether the id was just generated and may never be seen again.
        :return: whether the save was postponed because the visitor is provisional; save it once the
            visitor proves to be a real one.
        """
        return self._call("save", self._save_where_wanted, visitor_id, variation_ids, known_ids,
                          provisional)[1] is True

    def _save_where_wanted(self, visitor_id, variation_ids, known_ids, provisional):
        if not getattr(self._manager, "wants_every_save", True):
            if provisional or frozenset(variation_ids) == frozenset(known_ids):
                return provisional
        self._manager.save(visitor_id, make_record(visitor_id, variation_ids))
        return False

    def _call(self, name, call, *arguments):
        """Return ``(success, result)``."""
        began = monotonic()
        try:
            result = call(*arguments)
        except Exception as error:  # the user's code
            self._events.error("[visitor cache] %s raised %s%s", name, error_text(error),
                               see("visitor-cache"))
            return False, None
        taken = monotonic() - began
        if taken > self._patience:
            self._events.warning("[visitor cache] %s took %.1f s%s", name, taken,
                                 see("visitor-cache"))
        return True, result


def _use_environment(manager, env_id):
    # Optional for an object that is not a VisitorCacheManager.
    use_environment = getattr(manager, "use_environment", None)
    if callable(use_environment):
        use_environment(env_id)


def error_text(error):
    """Return a store's error as text, such as ``OSError: disk full``, even if its ``__str__``
    raises."""
    try:
        return "%s: %s" % (type(error).__name__, error)
    except Exception:  # raised by its __str__
        return "%s, whose text cannot be read" % type(error).__name__


class UnreadableRecord(Exception):
    """A record whose format is not the documented one; the message says why."""


def make_record(visitor_id, variation_ids):
    """Return the record that is passed to ``VisitorCacheManager.save``."""
    return {"version": VERSION, "data": {"vId": visitor_id, "vaIds": list(variation_ids)}}


def read_record(record, visitor_id):
    """Return the variation ids in a visitor's record of either format, a tuple of text; raises
    UnreadableRecord, and nothing else, if it is not valid."""
    try:
        return _read_record(record, visitor_id)
    except UnreadableRecord:
        raise
    except Exception as error:  # raised by a custom mapping, list or comparison
        raise UnreadableRecord("reading it raised %s" % error_text(error))


def _read_record(record, visitor_id):
    if not isinstance(record, Mapping):
        raise UnreadableRecord("it is a %s, not a dict" % type(record).__name__)
    version = record.get("version")
    if version != VERSION or isinstance(version, bool):
        raise UnreadableRecord("its version is not %d" % VERSION)
    data = record.get("data", record)
    if not isinstance(data, Mapping):
        raise UnreadableRecord("its data is a %s, not a dict" % type(data).__name__)
    if not isinstance(data.get("vId"), string_types) or to_text(data["vId"]) != visitor_id:
        raise UnreadableRecord("its vId is not the visitor's")
    ids = data.get("vaIds")
    if not isinstance(ids, (list, tuple)):
        raise UnreadableRecord("its vaIds is not a list of text")
    ids = tuple([to_text(each) if isinstance(each, string_types) else None for each in ids])
    if None in ids:
        raise UnreadableRecord(
            "its vaIds holds something else than text that UTF-8 can express")
    return ids
