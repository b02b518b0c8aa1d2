"""The interface that a user's store of assignments implements."""
import abc

import six


@six.add_metaclass(abc.ABCMeta)
class VisitorCacheManager(object):
    """Stores the variations that visitors were assigned, so that a visitor keeps its variation.

    Subclass it and pass an instance to ``Config(visitor_cache_manager=...)``. Its methods are
    called synchronously, in the thread that synchronises, so a slow store slows down
    synchronisation; a call that takes longer than the timeout is logged. Exceptions that they raise
    are logged and have no other effect.

    :cvar bool wants_every_save: whether :meth:`save` is called after each synchronisation, default
        True. A store whose :meth:`lookup` renews the expiry of a record may set it to False: saves
        that would change nothing are then skipped, and so are those of a visitor whose id the
        Django or Flask integration has just generated, until the id comes back in a cookie or a
        flag is activated. The built-in stores set it to False.
    """

    wants_every_save = True

    def use_environment(self, env_id):
        """Called by ``Flagship.start``, before any other method. A store shared by several
        environments includes the id in its keys from now on; the default does nothing.

        :param str env_id: the environment's id.
        """

    @abc.abstractmethod
    def save(self, visitor_id, visitor_data):
        """Save a visitor's assignments; called after each successful synchronisation whose
        :meth:`lookup` did not raise, whether or not they changed (see ``wants_every_save``).

        :param str visitor_id: the visitor.
        :param dict visitor_data: ``{"version": 1, "data": {"vId": visitor_id, "vaIds": [variation
            id, ...]}}``, JSON-serialisable; the store may keep it without copying.
        """

    @abc.abstractmethod
    def lookup(self, visitor_id):
        """Return a visitor's saved assignments; called before each synchronisation.

        :param str visitor_id: the visitor.
        :return: the dict that was passed to :meth:`save`, or the same keys in a flat dict,
            ``{"version": 1, "vId": visitor_id, "vaIds": [variation id, ...]}``, or None if there is
            nothing. Anything else is ignored with a log line.
        """
