"""What a decision manager is, and what it gives."""
from flagship.errors import FlagshipError


class DecisionError(FlagshipError):
    """No decision could be made; the visitor keeps what it has.

    :ivar bool expected: True when this is known already (panic, an open circuit) and needs no line
        of its own.
    """

    def __init__(self, message, expected=False):
        super(DecisionError, self).__init__(message)
        self.expected = expected


class DecisionManager(object):
    """The interface of the managers of both modes."""

    #: ``"API"`` or ``"BUCKETING"``.
    mode = None

    #: Whether the platform knows anonymous and authenticated visitors apart in this mode.
    knows_anonymous = False

    #: Whether the platform is in panic, as far as this manager knows; a manager that learns of a
    #: change also tells the PlatformState, with itself as the source.
    panic = False

    def _tell_panic(self, panic):
        self.panic = panic
        self._state.set_panic(panic, self)

    def start(self):
        """Get ready within bounds; failures of network, disk and threads are logged, never
        raised."""

    def start_again(self):
        """The program starts once more with the same options."""

    #: What the status says of this manager, as keyword arguments of Status.
    details = {}

    def decide(self, visitor_id, anonymous_id, context, cached_ids):
        """Decide for one visitor.

        :param anonymous_id: text, or None while the visitor is anonymous.
        :param dict context: text to text, bool, int or float; not to be changed afterwards.
        :param cached_ids: ids of the variations that the visitor was assigned before, a tuple; None
            where there is no visitor cache, and so no use for the decision's ``variation_ids``.
        :return: ``(flags, variation_ids)``: Flags, and a tuple of the assignments to keep for the
            visitor.
        :raises DecisionError: when there is none, as in panic.
        """
        raise NotImplementedError

    def explain(self, visitor_id, context, cached_ids, modifications, key):
        """Why a visitor gets what it gets; asks nobody and changes nothing.

        :param dict modifications: what the visitor has, key to Modification.
        :param key: a flag's key, to leave out the campaigns that cannot set it, or None.
        :return: one plain dict a campaign, as :meth:`Visitor.explain` describes them.
        :raises DecisionError: when there is nothing to decide on.
        """
        raise NotImplementedError

    def nearest_key(self, key):
        """The known flag key that is nearest to one that no campaign sets, ``""`` where none is
        near; None where the key is known, or nobody knows."""
        return None

    def mistyped(self, context):
        """What of a visitor's context is of a kind that no campaign compares it with, as
        ``(key, kind, kinds)``, each kind of a key once; nothing where nobody knows.

        :param dict context: the visitor's.
        """
        return ()

    def close(self):
        """Stop what was started, within a bounded time. Idempotent."""
