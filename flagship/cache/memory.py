"""A visitor cache in this process's memory."""
import collections
import marshal
import os
import threading

from flagship import _validation as check
from flagship.cache.cache_visitor import VisitorCacheManager


class MemoryVisitorCache(VisitorCacheManager):
    """Keeps visitors' assignments in memory, for as long as this process runs: for single-process
    applications, tests and scripts.

    A forked child starts with a copy of its parent's records; after that the two are independent.

    :param int max_visitors: maximum number of visitors, default 10000; the least recently used is
        evicted.
    :raises TypingError: when ``max_visitors`` is not an int.
    :raises ParamError: when it is less than 1.
    """

    wants_every_save = False  # a lookup marks the visitor as recently used

    def __init__(self, max_visitors=10000):
        self._max_visitors = check.integer("MemoryVisitorCache", "max_visitors", max_visitors,
                                           minimum=1)
        self._environment = u""
        # By process id, as a fork may happen while another thread holds the lock.
        self._shelves = {os.getpid(): _Shelf({}, ())}

    def use_environment(self, env_id):
        """Keep this environment's records separate from those of others; called by
        ``Flagship.start``.

        :param str env_id: the environment's id.
        """
        self._environment = check.text("use_environment", "env_id", env_id)

    def save(self, visitor_id, visitor_data):
        """Save a copy of a visitor's record.

        :raises ValueError: when ``visitor_data`` contains anything but plain values, lists and
            dicts.
        """
        # Takes a third of the time of JSON, and is safe as it never leaves the process.
        record = marshal.dumps(visitor_data)
        self._shelf().put((self._environment, visitor_id), record, self._max_visitors)

    def lookup(self, visitor_id):
        """Return a copy of a visitor's record, or None."""
        record = self._shelf().take((self._environment, visitor_id))
        return None if record is None else marshal.loads(record)

    def _shelf(self):
        pid = os.getpid()
        return self._shelves.get(pid) or self._shelf_of_child(pid)

    def _shelf_of_child(self, pid):
        shelves = dict(self._shelves)
        if pid in shelves:  # another thread was faster
            return shelves[pid]
        inherited, = shelves.values()
        shelf = self._shelves.setdefault(pid, inherited.copy())
        for other in shelves:
            self._shelves.pop(other, None)
        return shelf


class _Shelf(object):
    """The records of one process. A fork may happen between any two steps of another thread, so
    ``_records`` is always complete, although a key may be missing from ``_order``."""

    __slots__ = ("_records", "_order", "_using")

    def __init__(self, records, order):
        self._records, self._order = records, collections.OrderedDict.fromkeys(order)
        self._using = threading.Lock()

    def put(self, key, record, max_visitors):
        with self._using:
            self._records[key] = record
            self._renew(key)
            if len(self._records) > max_visitors:
                oldest, _ = self._order.popitem(last=False)
                del self._records[oldest]

    def take(self, key):
        with self._using:
            record = self._records.get(key)
            if record is not None:
                self._renew(key)
            return record

    def _renew(self, key):
        self._order.pop(key, None)
        self._order[key] = None

    def copy(self):
        """Return a copy, for a forked child. ``_order`` is read as a plain dict, because Python 2's
        OrderedDict may be in the middle of a change; on Python 2 the order is lost."""
        order = [key for key in dict.keys(self._order) if key in self._records]
        return _Shelf(dict(self._records), order + list(set(self._records).difference(order)))
