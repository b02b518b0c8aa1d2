"""The interface that a user's store of assignments implements."""
import abc

import six


@six.add_metaclass(abc.ABCMeta)
class VisitorCacheManager(object):
    """Keeps the variations that visitors were assigned, so that a visitor keeps its variation.

    Subclass it and give an instance to ``Config(visitor_cache_manager=...)``. Its methods are
    called synchronously, in the thread that synchronises, so a store that is slow makes a
    synchronisation slow; one that takes longer than the timeout is logged. What they raise is
    logged and costs nothing else.

    :cvar bool wants_every_save: whether :meth:`save` is called after each synchronisation, default
        True. A store whose :meth:`lookup` keeps a record from expiring may set it to False: it is
        then spared each save that would change nothing, and those of a visitor whom Django's or
        Flask's integration has just made up, until the id comes back in a cookie or a flag is
        activated. The stores that ship do.
    """

    wants_every_save = True

    def use_environment(self, env_id):
        """Called by ``Flagship.start``, before anything else. A store whose records several
        environments share makes the id a part of its keys from now on; the default does nothing.

        :param str env_id: the environment's id.
        """

    @abc.abstractmethod
    def save(self, visitor_id, visitor_data):
        """Keep a visitor's assignments; called after each successful synchronisation whose
        :meth:`lookup` did not raise, whether or not they changed (see ``wants_every_save``).

        :param str visitor_id: the visitor.
        :param dict visitor_data: ``{"version": 1, "data": {"vId": visitor_id, "vaIds": [variation
            id, ...]}}``, JSON-serialisable and the store's to keep.
        """

    @abc.abstractmethod
    def lookup(self, visitor_id):
        """Return what was kept for a visitor; called before each synchronisation.

        :param str visitor_id: the visitor.
        :return: what :meth:`save` was given, or the same keys flat, ``{"version": 1, "vId":
            visitor_id, "vaIds": [variation id, ...]}``, or None. Anything else is ignored with a
            log line.
        """
