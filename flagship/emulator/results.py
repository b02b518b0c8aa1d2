"""Counts what experiments have shown: visitors, conversions and revenue per variation. Pure.

An experiment is a variation group, because a reference is the reference of its group. A visitor is
counted in the variation of its activations. Ids that were reported together, the anonymous and the
authenticated one, are one visitor, also where each was counted before.

- **Conversion**: a visitor with at least one EVENT of an action, or TRANSACTION of an affiliation,
  made after the visitor's first activation. When something was made is its arrival minus ``qt``,
  because deferred tracking sends activations and hits separately and in any order; two seconds of
  grace cover what the requests took, which is the SDK's default timeout. Revenue is ``tr`` of these
  transactions; a ``tid`` counts once for a visitor and an affiliation, so that a repeated delivery
  changes nothing.
- **Contaminated**: a visitor with two variations of a campaign, of whichever groups, is counted in
  none of them, as nobody can say which one convinced it. The experiment says how many there are.
- ``qa`` activations and hits are left out.

Memory is bounded: what exceeds the limits is not counted, and ``ignored`` says how much that is.
"""
from flagship.emulator.collect import MAX_AGE_MS
from flagship.emulator.evaluation import compare_means, compare_rates

_GRACE = 2.0        # seconds
_MAX_IDS = 100000   # of visitors; about 1 kB each
_MAX_FACTS = 500    # per visitor: activations, goals and transactions
_MAX_GOALS = 50     # any further one counts as a conversion, but has no name
_MAX_REVENUE = 1e9  # per transaction

_ANY, _OTHER = ("any", u""), ("other", u"")


class _Visitor(object):
    """The facts about one visitor.

    :ivar dict seen: (group, variation) to the time of the first activation.
    :ivar dict goals: goal to the time of its last event.
    :ivar dict orders: (goal, tid) to (time, hundredths).
    :ivar list counted: what the tallies contain of it.
    """

    __slots__ = ("ids", "seen", "goals", "orders", "counted")

    def __init__(self):
        self.ids, self.seen, self.goals, self.orders, self.counted = [], {}, {}, {}, []

    def is_full(self):
        return len(self.seen) + len(self.goals) + len(self.orders) >= _MAX_FACTS

    def absorb(self, other):
        self.ids += other.ids
        for key, made in other.seen.items():
            self.seen[key] = min(made, self.seen.get(key, made))
        for key, made in other.goals.items():
            self.goals[key] = max(made, self.goals.get(key, made))
        for key, order in other.orders.items():
            self.orders.setdefault(key, order)


class _Tally(object):
    """The sums of a variation; money in hundredths, as ints, so that subtracting is exact."""

    __slots__ = ("visitors", "goals", "buyers", "total", "squares")

    def __init__(self):
        self.visitors, self.goals, self.buyers, self.total, self.squares = 0, {}, 0, 0, 0

    def add(self, goals, revenue, sign):
        self.visitors += sign
        for goal in goals:
            self.goals[goal] = self.goals.get(goal, 0) + sign
        self.buyers += sign if revenue else 0
        self.total += sign * revenue
        self.squares += sign * revenue * revenue

    @property
    def sample(self):
        return self.visitors, self.buyers, self.total / 100.0, self.squares / 10000.0


class Results(object):
    """Counts incrementally; a report reads the tallies."""

    def __init__(self):
        self.use(())
        self.clear()

    def use(self, groups):
        """Take names and references from a file's groups: ``(campaign's id, group's id, name,
        variations)``, and of each variation ``(id, name, is reference)``."""
        self._groups = list(groups)
        self._known = {group: campaign for campaign, group, _, _ in self._groups}

    def clear(self):
        """Forget what was counted."""
        self._campaigns = {}  # group's id -> campaign's id, from its first activation on
        self._visitors, self._tallies, self._contaminated = {}, {}, {}
        self._goals, self._currencies, self.ignored = {_ANY: 0}, set(), 0

    def add_activation(self, activation, arrived):
        """Count an activation.

        :param dict activation: ``vid``, ``aid``, ``caid``, ``vaid``, ``qt`` and ``qa``.
        :param float arrived: when, in seconds since the epoch.
        """
        self._activate((activation.get("aid"), activation["vid"]), activation, arrived)

    def add_hit(self, hit, arrived, late=0):
        """Count a hit; ``late`` is its batch's ``qt``, for a hit without one."""
        ids, kind = (hit["vid"], hit.get("cuid")), hit["t"]
        if kind == "CAMPAIGN":
            self._activate(ids, hit, arrived)
        if kind not in ("EVENT", "TRANSACTION") or hit.get("qa"):
            return
        visitor = self._visitor(ids)
        if visitor is None:
            return
        made = _time_made(hit.get("qt", late), arrived)
        if kind == "EVENT":
            goal = self._goal(("event", hit["ea"]))
            visitor.goals[goal] = max(made, visitor.goals.get(goal, made))
        else:
            goal = self._goal(("transaction", hit["ta"]))
            visitor.orders.setdefault((goal, hit["tid"]), (made, self._revenue(hit)))
        self._recount(visitor)

    def _activate(self, ids, body, arrived):
        visitor = None if body.get("qa") else self._visitor(ids)
        if visitor is not None:
            group, made = body["caid"], _time_made(body.get("qt"), arrived)
            self._campaigns.setdefault(group, self._known.get(group, group))
            seen = group, body["vaid"]
            visitor.seen[seen] = min(made, visitor.seen.get(seen, made))
            self._recount(visitor)

    def _visitor(self, ids):
        """Return the visitor with these ids, merged if they were several; None if it must not grow
        any more."""
        ids = [each for each in ids if each]
        found = [self._visitors[each] for each in ids if each in self._visitors]
        if not found and len(self._visitors) >= _MAX_IDS or found and found[0].is_full():
            self.ignored += 1
            return None
        visitor = found[0] if found else _Visitor()
        for other in found[1:]:
            if other is not visitor:
                self._discount(other)
                visitor.absorb(other)
        fresh = [each for each in ids if each not in self._visitors]
        if len(self._visitors) >= _MAX_IDS:
            fresh = []  # they stay unknown
        visitor.ids += fresh
        for each in visitor.ids if len(found) > 1 else fresh:
            self._visitors[each] = visitor
        return visitor

    def _goal(self, goal):
        if goal not in self._goals and len(self._goals) > _MAX_GOALS:
            goal = _OTHER
        self._goals.setdefault(goal, len(self._goals))
        return goal

    def _revenue(self, hit):
        revenue = hit.get("tr") or 0
        if not abs(revenue) <= _MAX_REVENUE:
            self.ignored += 1
            return 0
        if revenue and len(self._currencies) < 10:
            self._currencies.add(hit.get("tc", u""))
        return int(round(revenue * 100))

    def _discount(self, visitor):
        for group, variation, goals, revenue in visitor.counted:
            if variation is None:
                self._contaminated[group] -= 1
            else:
                self._tallies[group, variation].add(goals, revenue, -1)

    def _recount(self, visitor):
        """Replace what the tallies contain of a visitor."""
        self._discount(visitor)
        visitor.counted = list(_count_visitor(visitor, self._campaigns)) if visitor.seen else []
        for group, variation, goals, revenue in visitor.counted:
            if variation is None:
                self._contaminated[group] = self._contaminated.get(group, 0) + 1
            else:
                tally = self._tallies.setdefault((group, variation), _Tally())
                tally.add(goals, revenue, 1)

    def report(self):
        """Return a JSON-serialisable dict: ``goals`` (each ``[kind, name]``; the first is any of
        them), ``currencies``, ``ignored`` and ``experiments`` with at least one visitor, in the
        file's order. A variation's ``goals`` are in the order of ``goals``."""
        seen = {group for group, _ in self._tallies} | set(self._contaminated)
        known = [each for each in self._groups if each[1] in seen]
        others = sorted(seen - {group for _, group, _, _ in known})
        return {"goals": self._named_goals(), "ignored": self.ignored,
                "currencies": sorted(self._currencies),
                "experiments": [self._experiment(*each) for each in known + [
                    (self._campaigns[group], group, group, []) for group in others]]}

    def _named_goals(self):
        """Return the goals in the order in which they were first reached."""
        return [goal for _, goal in sorted((place, goal) for goal, place in self._goals.items())]

    def _experiment(self, campaign, group, name, variations):
        named = {each for each, _, _ in variations}
        others = sorted(each for other, each in self._tallies
                        if other == group and each not in named)
        variations = list(variations) + [(each, each, False) for each in others]
        tallies = [self._tallies.get((group, each), _Tally()) for each, _, _ in variations]
        references = [tally for tally, each in zip(tallies, variations) if each[2]]
        reference = references[0] if len(references) == 1 else None
        return {"campaign": campaign, "group": group, "name": name,
                "contaminated": self._contaminated.get(group, 0),
                "variations": [dict(self._evaluate(tally, reference), id=each, name=label)
                               for (each, label, _), tally in zip(variations, tallies)]}

    def _evaluate(self, tally, reference):
        """Return the numbers of a variation, and how they compare with the reference's; None
        instead if it is the reference, or there is none."""
        compares = reference is not None and tally is not reference
        goals = []
        for goal in self._named_goals():
            converted = tally.goals.get(goal, 0)
            goals.append({"converted": converted, "rate": _share(converted, tally.visitors),
                          "compared": compare_rates(
                              converted, tally.visitors,
                              (reference.goals.get(goal, 0), reference.visitors))
                          if compares else None})
        return {"reference": tally is reference, "visitors": tally.visitors, "goals": goals,
                "revenue": {"total": tally.total / 100.0,
                            "mean": _share(tally.total / 100.0, tally.visitors),
                            "compared": compare_means(tally.sample, reference.sample)
                            if compares else None}}


def _count_visitor(visitor, campaigns):
    """Yield ``(group, variation, goals, revenue)`` for each experiment that a visitor takes part
    in; the variation is None if it is contaminated."""
    seen = {}
    for group, variation in visitor.seen:
        seen.setdefault(campaigns[group], []).append((group, variation))
    for pairs in seen.values():
        if len(pairs) > 1:
            for group in {group for group, _ in pairs}:
                yield group, None, (), 0
            continue
        since = visitor.seen[pairs[0]] - _GRACE
        orders = [(goal, revenue) for (goal, _), (made, revenue) in visitor.orders.items()
                  if made >= since]
        goals = {goal for goal, made in visitor.goals.items() if made >= since}
        goals.update(goal for goal, _ in orders)
        yield pairs[0] + (goals | {_ANY} if goals else (), sum(each for _, each in orders))


def _time_made(late, arrived):
    """Return when something was made that arrived ``late`` milliseconds after it."""
    try:
        return arrived - min(int(late or 0), MAX_AGE_MS) / 1000.0
    except ValueError:
        return arrived  # digits of other scripts


def _share(part, total):
    return part / float(total) if total else 0.0
