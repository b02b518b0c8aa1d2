"""The interface that a user's store of assignments implements."""
import abc

import six


@six.add_metaclass(abc.ABCMeta)
class VisitorCacheManager(object):
    """Keeps the variations that visitors were assigned, so that a visitor keeps its variation.

    Subclass it and give an instance to ``Config(visitor_cache_manager=...)``. Both methods are called synchronously,
    in the thread that synchronises, so a store that is slow makes a synchronisation slow; one that takes longer than
    the time-out is logged. What they raise is logged and costs nothing else.
    """

    @abc.abstractmethod
    def save(self, visitor_id, visitor_data):
        """Keep a visitor's assignments; called after each successful synchronisation that changed them.

        :param str visitor_id: the visitor.
        :param dict visitor_data: ``{"version": 1, "data": {"vId": visitor_id, "vaIds": [variation id, ...]}}``,
            JSON-serialisable and the store's to keep.
        """

    @abc.abstractmethod
    def lookup(self, visitor_id):
        """Return what was kept for a visitor; called before each synchronisation.

        :param str visitor_id: the visitor.
        :return: what :meth:`save` was given, or the same keys flat,
            ``{"version": 1, "vId": visitor_id, "vaIds": [variation id, ...]}``, or None. Anything else is ignored
            with a log line.
        """
