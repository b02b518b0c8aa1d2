"""What is remembered of each visitor, so bounded that an emulator may run for months."""

#: Minimum number of visitors remembered, the most recent ones; the maximum is twice that.
VISITORS = 100000
#: Maximum number of facts about one visitor, such as variation groups.
FACTS = 1000


class RecentVisitors(object):
    """A map from a visitor to what is remembered of it."""

    def __init__(self):
        self._young, self._old = {}, {}

    def get(self, visitor, default):
        """Return what was put for a visitor, which counts as a recent one again."""
        found = self._young.get(visitor)
        if found is None and visitor in self._old:
            found = self._old[visitor]
            self.put(visitor, found)
        return default if found is None else found

    def put(self, visitor, value):
        """Remember a value, which must not be None; the least recent visitors are forgotten."""
        if len(self._young) >= VISITORS and visitor not in self._young:
            self._old, self._young = self._young, {}
        self._young[visitor] = value
