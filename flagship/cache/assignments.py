"""Between the SDK and a user's store of assignments, which may raise, block or return anything."""
from flagship._compat import Mapping, monotonic, string_types, to_text
from flagship._troubleshooting import see

VERSION = 1


class AssignmentCache(object):
    """Looks assignments up and saves them; never raises.

    :param manager: a VisitorCacheManager, or an object with ``lookup`` and ``save``. Where it has
        ``use_environment`` too, it is told the environment's id, to keep the records of several
        apart.
    :param float patience: seconds; a call that takes longer is logged.
    """

    def __init__(self, manager, env_id, patience, events):
        self._manager, self._patience, self._events = manager, patience, events
        self._call("use_environment", _use_environment, manager, env_id)

    def lookup(self, visitor_id):
        """The ids of the variations that the visitor was assigned, a tuple of text, empty when none
        are known; None when the store failed. Then nothing may be saved: it could undo an
        assignment that the store still has."""
        done, record = self._call("lookup", lambda: self._manager.lookup(visitor_id))
        try:
            return None if not done else () if record is None else read_record(record, visitor_id)
        except UnreadableRecord as problem:
            self._events.warning("[visitor cache] what lookup returned is ignored: %s%s", problem,
                                 see("visitor-cache"))
            return ()

    def save(self, visitor_id, variation_ids, known_ids, provisional=False):
        """Keep the ids of the variations that the visitor is assigned; called after each
        synchronisation. A store that does not want every save is spared those that would change
        nothing, and those of a provisional visitor.

        :param known_ids: what :meth:`lookup` returned before the decision, not None.
        :param bool provisional: whether the id was just made up and may never be seen again.
        :return: whether it was put off for that; it is due once the visitor turns out to be one.
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
        """``(whether it went well, result)``."""
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
    # An object that is no VisitorCacheManager may do without.
    use_environment = getattr(manager, "use_environment", None)
    if callable(use_environment):
        use_environment(env_id)


def error_text(error):
    """A store's error as text, such as ``OSError: disk full``, also where it has none that can be
    read."""
    try:
        return "%s: %s" % (type(error).__name__, error)
    except Exception:  # of its __str__
        return "%s, whose text cannot be read" % type(error).__name__


class UnreadableRecord(Exception):
    """A record that is not what the documentation describes; its text says why."""


def make_record(visitor_id, variation_ids):
    """What ``VisitorCacheManager.save`` is given."""
    return {"version": VERSION, "data": {"vId": visitor_id, "vaIds": list(variation_ids)}}


def read_record(record, visitor_id):
    """The variation ids in a visitor's record of either shape, a tuple of text; raises
    UnreadableRecord, whatever the record is made of."""
    try:
        return _read_record(record, visitor_id)
    except UnreadableRecord:
        raise
    except Exception as error:  # a mapping's, a list's or a comparison's own
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
