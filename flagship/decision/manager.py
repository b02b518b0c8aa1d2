"""The interface of decision managers."""
from flagship.errors import FlagshipError


class DecisionError(FlagshipError):
    """No decision could be made; the visitor keeps its flags.

    :ivar bool expected: True if the reason is already known (panic, an open circuit), so that it
        needs no log line of its own.
    """

    def __init__(self, message, expected=False):
        super(DecisionError, self).__init__(message)
        self.expected = expected


class DecisionManager(object):
    """The base class of the managers of both modes."""

    #: ``"API"`` or ``"BUCKETING"``.
    mode = None

    #: Whether the platform distinguishes anonymous and authenticated visitors in this mode.
    knows_anonymous = False

    #: Whether the platform is in panic, as far as this manager knows. A manager also reports
    #: changes to the PlatformState, with itself as the source.
    panic = False

    def _tell_panic(self, panic):
        self.panic = panic
        self._state.set_panic(panic, self)

    def start(self):
        """Get ready within a time limit; failures of network, disk and threads are logged, never
        raised."""

    def start_again(self):
        """Handle another start with the same options."""

    #: The status information about this manager, as keyword arguments of Status.
    details = {}

    def decide(self, visitor_id, anonymous_id, context, cached_ids, has_consented=True):
        """Decide for one visitor.

        :param anonymous_id: text, or None while the visitor is anonymous.
        :param dict context: text to text, bool, int or float; must not be changed afterwards.
        :param cached_ids: ids of the variations that the visitor was assigned before, a tuple; None
            if there is no visitor cache, so that the decision's ``variation_ids`` are not needed.
        :param bool has_consented: whether the platform may record the visitor's context; default
            True. It changes nothing in the decision.
        :return: ``(flags, variation_ids)``: Flags, and a tuple of the assignments to cache for the
            visitor.
        :raises DecisionError: if there is no decision, for example in panic.
        """
        raise NotImplementedError

    @property
    def campaigns(self):
        """The compiled Campaigns of the file that this manager knows, or None."""
        return None

    def decide_forced(self, visitor_id, anonymous_id, context, cached_ids, has_consented,
                      forced):
        """Like :meth:`decide`, with variations of some campaigns forced, as far as this manager
        knows the campaigns. What was cached for these campaigns is kept, and nothing is added.

        :param dict forced: campaign id to variation id.
        """
        return self.decide(visitor_id, anonymous_id, context, cached_ids, has_consented)

    def _find_forced(self, forced, events):
        """Return the Variations to force, by campaign id; log which are not there."""
        # Imported here, as nearly no process needs it.
        from flagship.decision.forced import find_forced
        campaigns = self.campaigns
        found = {} if campaigns is None else find_forced(campaigns, forced)
        reason = self._unknown if campaigns is None else "the bucketing file has none"
        self._note_ignored(forced, found, reason, events)
        return found

    @staticmethod
    def _note_ignored(forced, found, reason, events):
        """Log once of each forced variation that it is ignored, unless its campaign is in
        ``found``."""
        for campaign_id, variation_id in sorted(forced.items()):
            if campaign_id not in found:
                events.warn_once(
                    "forced", (campaign_id, variation_id), "[force_variations] variation %r of "
                    "campaign %r is ignored: %s" % (variation_id, campaign_id, reason))

    #: Why there are no campaigns to force.
    _unknown = "there is no bucketing file yet"

    def explain(self, visitor_id, context, cached_ids, modifications, key, forced=()):
        """Explain why a visitor gets its flags; sends no request and changes nothing.

        :param dict modifications: the visitor's flags, key to Modification.
        :param forced: as for :meth:`decide_forced`; default: nothing is forced.
        :param key: a flag key, to leave out the campaigns that cannot set it, or None.
        :return: one plain dict per campaign, as :meth:`Visitor.explain` describes them.
        :raises DecisionError: if there are no campaigns to decide on.
        """
        raise NotImplementedError

    def nearest_key(self, key):
        """Return the known flag key that is most similar to an unknown one, ``""`` if none is
        similar; None if the key is known, or if this manager does not know the flag keys."""
        return None

    def find_mistyped(self, context):
        """Return the context values of a kind that no campaign compares them with, as ``(key, kind,
        kinds)``. Each kind of a key is only reported once. Empty if this manager does not know the
        campaigns.

        :param dict context: the visitor's context.
        """
        return ()

    def close(self):
        """Stop what was started, within a time limit. Idempotent."""
