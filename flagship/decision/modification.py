"""One flag of a visitor."""
from operator import itemgetter

from flagship._compat import Mapping

_CONTAINERS = (dict, list)

#: Indexes in a Modification, for code where a property is too slow: the value itself, and whether
#: it may be returned without a copy because it is neither null nor a container.
VALUE, PLAIN = 1, 6

# Deeper values are rejected when they arrive: copying one could overflow the stack of the thread
# that reads it.
MAX_DEPTH = 100


class Modification(tuple):
    """One flag: a value and where it comes from. Immutable, and shared between visitors.

    :ivar str key: the flag's name.
    :ivar value: null, bool, number, text, list or dict, as the platform gave it; a list or dict is
        a copy.
    :ivar str campaign_id: the campaign.
    :ivar str variation_group_id: the variation group.
    :ivar str variation_id: the variation.
    :ivar bool reference: whether that variation is the group's reference (its control).
    :ivar bool forced: whether the variation was forced (see :meth:`Visitor.force_variations`), so
        that it is never reported.
    """

    __slots__ = ()
    forced = False

    def __new__(cls, key, value, campaign_id, variation_group_id, variation_id, reference):
        is_plain = value is not None and type(value) not in _CONTAINERS
        return tuple.__new__(cls, (key, value, campaign_id, variation_group_id, variation_id,
                                   reference, is_plain))

    def __getnewargs__(self):
        return self[:PLAIN]

    key = property(itemgetter(0))
    campaign_id = property(itemgetter(2))
    variation_group_id = property(itemgetter(3))
    variation_id = property(itemgetter(4))
    reference = property(itemgetter(5))

    @property
    def value(self):
        return copy_value(self[VALUE])

    def __repr__(self):
        return ("Modification(key=%r, value=%r, campaign_id=%r, variation_group_id=%r, "
                "variation_id=%r, reference=%r)" % self[:PLAIN])


class ForcedModification(Modification):
    """A flag of a variation that was forced."""

    __slots__ = ()
    forced = True


def modifications_of(values, campaign_id, variation_group_id, variation_id, reference):
    """Return the Modifications of a variation, by key. The same as ``Modification(...)`` for each,
    at half the cost, because a file has thousands.

    :param dict values: key to value.
    """
    make = tuple.__new__
    return {key: make(Modification, (
        key, value, campaign_id, variation_group_id, variation_id, reference,
        value is not None and type(value) not in _CONTAINERS)) for key, value in values.items()}


class Flags(object):
    """The flags that one synchronisation gave a visitor. In this class all of them are decided; see
    also :class:`flagship.decision.evaluator.UndecidedFlags`.

    :ivar dict known: the flags that are decided, key to Modification, or to None for a key that has
        no flag; must not be changed.
    """

    __slots__ = ("known",)

    def __init__(self, known):
        self.known = known

    def find(self, key):
        """Return the Modification of a key, even if it is not in ``known`` yet; None if there is
        none."""
        return self.known.get(key)

    def all(self):
        """Return all flags, a dict from key to Modification in the order of their decision; it must
        not be changed."""
        return self.known


class Modifications(Mapping):
    """A read-only view of a dict of flags, which can be pickled and copied."""

    __slots__ = ("_by_key",)

    def __init__(self, by_key):
        self._by_key = by_key

    def __getitem__(self, key):
        return self._by_key[key]

    def __iter__(self):
        return iter(self._by_key)

    def __len__(self):
        return len(self._by_key)

    def __reduce__(self):
        return type(self), (dict(self._by_key),)

    def __repr__(self):
        return "Modifications(%r)" % (self._by_key,)


def copy_value(value):
    """Return a value that the caller may change without affecting other users of it."""
    kind = type(value)
    if kind is dict:
        return {key: copy_value(part) if type(part) in _CONTAINERS else part
                for key, part in value.items()}
    if kind is list:
        return [copy_value(part) if type(part) in _CONTAINERS else part for part in value]
    return value


def finite(value):
    """Return a copy of a decoded JSON value with None for numbers that are out of range: 1e999 is
    valid JSON, but is decoded as infinity, which is not."""
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and value - value != 0 else value


def is_too_deep(value):
    """Return whether containers are nested more than MAX_DEPTH deep in a decoded JSON value."""
    if type(value) is dict:
        # Flags are mostly scalars.
        for part in value.values():
            if type(part) in _CONTAINERS:
                break
        else:
            return False
    elif type(value) is not list:
        return False
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [part for each in level if type(each) in _CONTAINERS
                 for part in (each.values() if type(each) is dict else each)]
        if not level:
            return False
    return True
