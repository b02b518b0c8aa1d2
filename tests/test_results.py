# -*- coding: utf-8 -*-
"""What the emulator's results count, and how they compare variations."""
from __future__ import unicode_literals

import io
import json
import threading

import pytest

from flagship import Config, Flagship
from flagship.emulator import Emulator, results, simulation
from flagship.emulator.evaluation import compare_means, compare_rates, t_test
from flagship.emulator.results import Results
from flagship.errors import ParamError, TypingError
from flagship.hits import Event, EventCategory, Transaction
from tests.support import data, eventually, everybody

with io.open(data("evaluation.json"), encoding="ascii") as file:
    ANSWERS = json.load(file)

# A campaign with two groups, whose names are the file's, and one that is not in the file.
GROUPS = [("cta", "all", "Button", [("red", "Red", True), ("blue", "Blue", False)]),
          ("cta", "vip", "Button: VIP", [("gold", "Gold", False)])]


def act(vid, vaid, caid="all", **more):
    return dict({"vid": vid, "caid": caid, "vaid": vaid}, **more)


def buy(vid, tid="T1", tr=10.0, ta="order", **more):
    return dict({"t": "TRANSACTION", "vid": vid, "tid": tid, "ta": ta, "tr": tr}, **more)


def click(vid, ea="add", **more):
    return dict({"t": "EVENT", "vid": vid, "ea": ea}, **more)


# What arrives, each with its second; then by variation (visitors, converted to anything, clicks,
# orders, revenue), worked out by hand; then who is contaminated.
COUNTED = {
    "nobody converts": ([(1, act("ann", "red")), (2, act("bob", "blue"))],
                        {"red": (1, 0, 0, 0, 0), "blue": (1, 0, 0, 0, 0)}, 0),
    "a visitor counts once": (
        [(1, act("ann", "red")), (2, act("ann", "red")), (3, click("ann")), (4, click("ann")),
         (5, buy("ann")), (6, buy("ann", "T2", 5.5))], {"red": (1, 1, 1, 1, 15.5)}, 0),
    "what is delivered again": (
        [(1, act("ann", "red")), (2, buy("ann")), (3, buy("ann")), (4, buy("ann", "T1", 99.0))],
        {"red": (1, 1, 0, 1, 10)}, 0),
    "the same order of another affiliation, and of another visitor": (
        [(1, act("ann", "red")), (2, buy("ann")), (3, buy("ann", ta="refill")),
         (4, act("bob", "red")), (5, buy("bob"))], {"red": (2, 2, 0, 2, 30)}, 0),
    "before the activation": (
        [(1, buy("ann")), (1, click("ann")), (5, act("ann", "red")), (9, click("ann"))],
        {"red": (1, 1, 1, 0, 0)}, 0),
    "sent before, made after": (
        [(9, buy("ann", qt=1000)), (10, act("ann", "red", qt=8000))], {"red": (1, 1, 0, 1, 10)}, 0),
    "sent after, made before": (
        [(9, act("ann", "red")), (10, buy("ann", qt=8000))], {"red": (1, 0, 0, 0, 0)}, 0),
    "two seconds of grace": (
        [(9, act("ann", "red", qt="1000")), (10, buy("ann", qt=3900))], {"red": (1, 1, 0, 1, 10)},
        0),
    "the first of two activations": (
        [(9, act("ann", "red")), (10, act("ann", "red", qt=9000)), (11, buy("ann", qt=5000))],
        {"red": (1, 1, 0, 1, 10)}, 0),
    "without an activation": ([(1, buy("ann")), (2, click("bob"))], {}, 0),
    "other kinds of hits": (
        [(1, act("ann", "red")), (2, {"t": "PAGEVIEW", "vid": "ann", "dl": "https://x.example/"}),
         (3, {"t": "ITEM", "vid": "ann", "tid": "T1", "in": "Mug", "ic": "M", "ip": 5.0})],
        {"red": (1, 0, 0, 0, 0)}, 0),
    "an activation as a hit": (
        [(1, {"t": "CAMPAIGN", "vid": "ann", "caid": "all", "vaid": "blue"}), (2, buy("ann"))],
        {"blue": (1, 1, 0, 1, 10)}, 0),
    "QA": ([(1, act("ann", "red", qa=True)), (2, act("bob", "red")), (3, buy("bob", qa=True))],
           {"red": (1, 0, 0, 0, 0)}, 0),
    "two variations": (
        [(1, act("ann", "red")), (2, buy("ann")), (3, act("ann", "blue")), (4, buy("ann", "T2")),
         (5, act("bob", "red"))], {"red": (1, 0, 0, 0, 0), "blue": (0, 0, 0, 0, 0)}, 1),
    "variations of two groups": (
        [(1, act("ann", "red")), (2, act("ann", "gold", "vip")), (3, buy("ann"))],
        {"red": (0, 0, 0, 0, 0), "gold": (0, 0, 0, 0, 0)}, 2),
    "two campaigns": (
        [(1, act("ann", "red")), (2, act("ann", "old", "gone")), (3, buy("ann"))],
        {"red": (1, 1, 0, 1, 10), "old": (1, 1, 0, 1, 10)}, 0),
    "logging in, as API mode tells it": (
        [(1, act("anon", "red")), (2, act("ann", "red", aid="anon")),
         (3, buy("anon", cuid="ann"))], {"red": (1, 1, 0, 1, 10)}, 0),
    "logging in on two devices": (
        [(1, act("phone", "red")), (2, click("phone")), (3, act("laptop", "red")),
         (4, buy("laptop")), (5, act("ann", "red", aid="phone")),
         (6, buy("laptop", "T2", cuid="ann"))],
        {"red": (1, 1, 1, 1, 20)}, 0),
    "two devices with different variations": (
        [(1, act("phone", "red")), (2, act("laptop", "blue")), (3, act("ann", "red", aid="phone")),
         (4, buy("laptop", cuid="ann"))], {"red": (0, 0, 0, 0, 0), "blue": (0, 0, 0, 0, 0)}, 1),
    "no anonymous id": ([(1, act("ann", "red", aid=None)), (2, buy("ann", cuid=None)),
                         (3, act("bob", "red", aid="")), (4, buy("bob", "T2", cuid=""))],
                        {"red": (2, 2, 0, 2, 20)}, 0),
    "odd revenue": (
        [(1, act("ann", "red")), (2, buy("ann", tr=None)), (3, buy("ann", "T2", 1e300)),
         (4, buy("ann", "T3", -4)), (5, buy("ann", "T4", 0.1)), (6, buy("ann", "T5", 0.2))],
        {"red": (1, 1, 0, 1, -3.7)}, 0),
    "odd qt": ([(1, act("ann", "red", qt="²")), (2, act("bob", "red", qt=10 ** 400)),
                (3, buy("ann"))], {"red": (2, 1, 0, 1, 10)}, 0)}


def take(counts, arrivals):
    for second, body in arrivals:
        add = counts.add_hit if "t" in body else counts.add_activation
        add(body, 1e9 + second)


def sums(report):
    """By variation what COUNTED has, of those with a visitor that ever was."""
    place = {tuple(goal): number for number, goal in enumerate(report["goals"])}
    found = {}
    for experiment in report["experiments"]:
        for each in experiment["variations"]:
            converted = [each["goals"][place[goal]]["converted"] if goal in place else 0
                         for goal in (("any", ""), ("event", "add"), ("transaction", "order"))]
            found[each["id"]] = tuple([each["visitors"]] + converted + [each["revenue"]["total"]])
    return found


@pytest.mark.parametrize("name", sorted(COUNTED))
def test_what_counts(name):
    arrivals, wanted, contaminated = COUNTED[name]
    counts = Results()
    counts.use(GROUPS)
    take(counts, arrivals)
    report = counts.report()
    found = sums(report)
    assert {each: found[each] for each in wanted} == wanted
    assert all(found[each] == (0, 0, 0, 0, 0) for each in set(found) - set(wanted))
    assert sum(each["contaminated"] for each in report["experiments"]) == contaminated
    json.dumps(report)
    counts.clear()
    assert counts.report()["experiments"] == []


@pytest.mark.parametrize("name", sorted(set(COUNTED) - {"what is delivered again"}))
def test_the_order_of_arrival_changes_nothing(name):
    """What was counted of a visitor is replaced when more becomes known."""
    arrivals, wanted, _ = COUNTED[name]
    counts = Results()
    counts.use(GROUPS)
    take(counts, arrivals[::-1])
    found = sums(counts.report())
    assert {each: found[each] for each in wanted} == wanted


def test_names_and_references_are_the_files():
    """Of the present file, also for what was counted before; what it does not know comes last."""
    counts = Results()
    take(counts, [(1, act("ann", "blue")), (2, act("bob", "old", "gone")), (3, act("cid", "new"))])
    counts.use(GROUPS)
    shown = [(each["name"], [(row["name"], row["reference"]) for row in each["variations"]])
             for each in counts.report()["experiments"]]
    assert shown == [("Button", [("Red", True), ("Blue", False), ("new", False)]),
                     ("gone", [("old", False)])]


def test_currencies_are_told():
    counts = Results()
    take(counts, [(1, act("ann", "red")), (2, buy("ann", tc="EUR")),
                  (3, buy("ann", "T2", tc="JPY")), (4, buy("ann", "T3", 0, tc="USD"))])
    assert counts.report()["currencies"] == ["EUR", "JPY"]


def test_memory_is_bounded_and_what_is_left_out_is_counted(monkeypatch):
    """Visitors, what is known of one, and goals."""
    monkeypatch.setattr(results, "_MAX_IDS", 3)
    monkeypatch.setattr(results, "_MAX_FACTS", 4)
    monkeypatch.setattr(results, "_MAX_GOALS", 2)
    counts = Results()
    take(counts, [(1, act("v%d" % number, "red")) for number in range(10)])
    assert (counts.report()["ignored"], sums(counts.report())["red"][0]) == (7, 3)
    take(counts, [(2, click("v%d" % place, "goal %d" % place)) for place in range(3)])
    assert counts.report()["goals"] == [("any", ""), ("event", "goal 0"), ("event", "goal 1"),
                                        ("other", "")]
    take(counts, [(3, buy("v0", "T%d" % number)) for number in range(10)])
    assert (counts.report()["ignored"], sums(counts.report())["red"]) == (15, (3, 3, 0, 0, 20))


def test_the_ids_of_one_visitor_are_bounded(monkeypatch):
    """It goes on counting under those that are known; the others count as left out."""
    monkeypatch.setattr(results, "_MAX_IDS", 3)
    counts = Results()
    take(counts, [(1, act("ann", "red", aid="anon %d" % number)) for number in range(10)])
    take(counts, [(2, buy("anon 9")), (2, buy("anon 1", "T2"))])
    assert (counts.report()["ignored"], sums(counts.report())["red"]) == (1, (1, 1, 0, 1, 10.0))


# How variations compare.

@pytest.mark.parametrize("answer", ANSWERS["rates"], ids=lambda each: repr(each["variation"]))
def test_rates_compare_as_statsmodels_says(answer):
    compared = compare_rates(*(answer["variation"] + [answer["reference"]]))
    for name in ("low", "high", "p"):
        assert compared[name] == pytest.approx(answer[name], rel=1e-9, abs=1e-15), name
    assert (compared["verdict"] == "no difference shown") == (compared["p"] >= 0.05)


def sample(buying, buyers, visitors):
    amounts = [buying[place % len(buying)] for place in range(buyers)]
    return visitors, buyers, sum(amounts), sum(each * each for each in amounts)


@pytest.mark.parametrize("answer", ANSWERS["means"], ids=lambda each: repr(each["variation"]))
def test_means_compare_as_scipy_says(answer):
    compared = compare_means(sample(*answer["variation"]), sample(*answer["reference"]))
    for name in ("low", "high", "p"):
        assert compared[name] == pytest.approx(answer[name], rel=1e-7, abs=1e-12), name
    assert (compared["verdict"] == "no difference shown") == (compared["p"] >= 0.05)


@pytest.mark.parametrize("value, freedom, p", ANSWERS["distribution"])
def test_students_t_is_scipys(value, freedom, p):
    assert t_test(value, freedom) == pytest.approx(p, rel=1e-7, abs=1e-300)


@pytest.mark.parametrize("converted, visitors, reference", [
    (0, 0, (0, 0)), (0, 500, (0, 500)), (50, 500, (0, 500)), (0, 500, (50, 500)),
    (9, 500, (50, 500)), (50, 500, (9, 500)), (491, 500, (450, 500)), (500, 500, (500, 500))])
def test_it_is_too_early_for_rates(converted, visitors, reference):
    """Below 10 conversions, or 10 who do not convert, on either side: no number at all."""
    compared = compare_rates(converted, visitors, reference)
    assert compared.pop("verdict") == "too early"
    assert compared == {"uplift": None, "low": None, "high": None, "p": None}


@pytest.mark.parametrize("variation, reference", [
    (([], 0, 0), ([], 0, 0)), (([5.0], 29, 900), ([4.0], 300, 900)),
    (([5.0], 300, 900), ([4.0], 29, 900)), (([5.0], 40, 40), ([5.0], 40, 40))])
def test_it_is_too_early_for_revenue(variation, reference):
    """Below 30 buyers on either side, and where everybody spent the same."""
    def of(buying, buyers, visitors):
        return sample(buying or [0], buyers, visitors)
    compared = compare_means(of(*variation), of(*reference))
    assert (compared["verdict"], compared["p"]) == ("too early", None)


@pytest.mark.parametrize("references", [[], ["red"], ["red", "blue"]], ids=repr)
def test_only_one_reference_is_compared_with(references):
    """Without one, with several and for a single variation there is no comparison."""
    counts = Results()
    counts.use([("c", "all", "C", [(each, each, each in references) for each in ("red", "blue")])])
    take(counts, [(1, act("ann", "red")), (2, act("bob", "blue"))])
    red, blue = counts.report()["experiments"][0]["variations"]
    assert red["goals"][0]["compared"] is None is red["revenue"]["compared"]
    compares = references == ["red"]
    assert (blue["goals"][0]["compared"] is not None) == compares == red["reference"]


# The emulator.

@pytest.fixture
def emulator():
    with Emulator({"campaigns": [everybody("button", ("red", 50, {"label": None}),
                                           ("blue", 50, {"label": "Buy"}))]}, keep=1) as emulator:
        yield emulator


@pytest.mark.parametrize("mode", ["API", "BUCKETING"])
@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
def test_what_a_program_sends_is_counted(emulator, mode, tracking):
    """In each mode, single and in batches, though the emulator keeps but one request."""
    with Flagship.instance() as flagship:
        flagship.start("env", "key", Config(mode=Config.Mode[mode], tracking=tracking,
                                            bucketing_file=None, **emulator.urls))
        for number in range(6):
            visitor = flagship.create_visitor("v%d" % number)
            visitor.synchronize_modifications()
            visitor.get_modification("label", "Order", activate=True)
            visitor.send_hit(Event(EventCategory.ACTION_TRACKING, "add"))
            if number % 2:
                visitor.send_hit(Transaction("T%d" % number, "order").with_total_revenue(12.25))
        assert flagship.flush(10)
    found = sums(emulator.results)
    assert set(found) == {"red", "blue"} and [sum(each) for each in zip(*found.values())] == [
        6, 6, 6, 3, 36.75]
    emulator.clear()
    assert emulator.results["experiments"] == []


def ended(emulator):
    assert eventually(lambda: not emulator.results["simulation"]["running"])
    return emulator.results


def test_a_simulation_is_the_same_each_time(emulator, monkeypatch):
    """It goes on with new visitors, and after clear with the first ones; no proxy is asked."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(str(name))
    monkeypatch.setenv(str("http_proxy"), str("http://127.0.0.1:1"))
    emulator.simulate(60)
    first = ended(emulator)
    assert first["simulation"] == {"running": False, "visitors": 60, "done": 60,
                                   "cancelled": False, "problem": None}
    assert sum(each[0] for each in sums(first).values()) == 60
    emulator.simulate(40)
    assert sum(each[0] for each in sums(ended(emulator)).values()) == 100
    emulator.clear()
    emulator.simulate(60)
    assert ended(emulator) == first
    assert not Flagship.instance().is_flagship_started()


def test_simulated_visitors_are_targeted():
    """Their contexts have the values that targetings name, a number above one, or nothing."""
    campaign = everybody("button", ("red", 50, {"label": "Order"}), ("b5", 50, {"label": "Buy"}))
    campaign["variationGroups"][0]["targeting"]["targetingGroups"][0]["targetings"] = [
        {"key": "country", "operator": "EQUALS", "value": ["FR", "BE"]},
        {"key": "age", "operator": "GREATER_THAN", "value": 17}]
    with Emulator({"campaigns": [campaign]}) as emulator:
        emulator.simulate(150)
        found = sums(ended(emulator))
    assert 18 < sum(each[0] for each in found.values()) < 50  # 2 of 3 and 1 of 3 of 150
    assert simulation.effect("b5") == simulation.effect("b5")
    assert all(-0.2 <= simulation.effect("v%d" % number) <= 0.394 for number in range(300))


def test_a_simulation_is_cancelled_and_ends_with_the_emulator(emulator):
    emulator.simulate(100000)
    with pytest.raises(ParamError):
        emulator.simulate(5)
    assert eventually(lambda: emulator.results["simulation"]["done"] > 5)
    emulator.cancel_simulation()
    state = ended(emulator)["simulation"]
    assert state["cancelled"] and 5 < state["done"] < 100000
    emulator.simulate(100000)
    assert not emulator.results["simulation"]["cancelled"]
    emulator.stop()
    assert "flagship-simulation" not in [each.name for each in threading.enumerate()]


def test_a_simulation_that_fails_says_why_and_takes_nothing_with_it(emulator):
    """A platform in panic is no failure: its visitors do nothing."""
    emulator.panic = True
    emulator.simulate(3)
    assert ended(emulator)["simulation"]["problem"] is None and emulator.results["goals"] == [
        ("any", "")]

    def fails():
        raise MemoryError("none left")
    broken = simulation.Simulation(fails)
    broken.start(1)
    assert eventually(lambda: not broken.state["running"])
    assert "MemoryError" in broken.state["problem"] and broken.state["done"] == 0


@pytest.mark.parametrize("visitors, error", [
    (0, ParamError), (-1, ParamError), (100001, ParamError), ("5", TypingError),
    (None, TypingError), (True, TypingError), (2.5, TypingError)])
def test_how_many_visitors_is_checked(emulator, visitors, error):
    with pytest.raises(error):
        emulator.simulate(visitors)
    assert emulator.results["simulation"]["visitors"] == 0
