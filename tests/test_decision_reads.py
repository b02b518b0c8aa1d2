# -*- coding: utf-8 -*-
"""Flags are decided when they are read, and are the decision as of the synchronisation: whatever is
read first, and whatever becomes of file, context and platform in between."""
from __future__ import unicode_literals

import copy
import io
import json
import pickle
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagship import Config, Flagship
from flagship.decision.compiled import Campaigns
from flagship.decision.evaluator import UndecidedFlags, assign, merge
from tests.support import data, everybody

KEYS = ["a", "b", "c", "d"]
CONTEXT_KEYS = ["plan", "age", "fs_users"]
VALUES = [True, False, 0, 1, 18, 2.5, -0.0, 2 ** 60, 1e300, "", "gold", "1", "1.2.3", "é"]
OPERATORS = ["EQUALS", "NOT_EQUALS", "CONTAINS", "NOT_CONTAINS", "STARTS_WITH", "ENDS_WITH",
             "GREATER_THAN", "LOWER_THAN_OR_EQUALS", "EXISTS", "NOT_EXISTS", "SEMVER_EQUALS",
             "SEMVER_GREATER_THAN", "ODD"]
TARGETING = st.fixed_dictionaries({
    "key": st.sampled_from(CONTEXT_KEYS + ["fs_all_users", "fs_all_users"]),
    "operator": st.sampled_from(OPERATORS),
    "value": st.one_of(st.sampled_from(VALUES), st.lists(st.sampled_from(VALUES), max_size=2))})
VARIATION = st.fixed_dictionaries({
    "allocation": st.sampled_from([0, 10, 33.3, 50, 100]),
    "modifications": st.fixed_dictionaries({"value": st.dictionaries(
        st.sampled_from(KEYS), st.sampled_from([None, 1, "x", [1]]), max_size=2)})})
GROUP = st.fixed_dictionaries({
    "targeting": st.fixed_dictionaries({"targetingGroups": st.lists(
        st.fixed_dictionaries({"targetings": st.lists(TARGETING, max_size=2)}), max_size=2)}),
    "variations": st.lists(VARIATION, max_size=3)})
CAMPAIGNS = st.lists(st.lists(GROUP, max_size=2), max_size=5)
CONTEXT = st.dictionaries(
    st.sampled_from(CONTEXT_KEYS + ["other"]),
    st.sampled_from(VALUES + [float("inf"), float("nan"), None, b"gold"]), max_size=3)
# Keys that are read one by one; None: all flags.
READS = st.lists(st.sampled_from(KEYS + ["unknown", None]), max_size=8)


def file_of_groups(campaigns):
    """A bucketing file of lists of groups, whose parts are given ids."""
    campaigns = copy.deepcopy(campaigns)
    for place, groups in enumerate(campaigns):
        for number, group in enumerate(groups):
            group["id"] = "c%dg%d" % (place, number)
            for each, variation in enumerate(group["variations"]):
                variation["id"] = "%sv%d" % (group["id"], each)
    return {"campaigns": [{"id": "c%d" % place, "variationGroups": groups}
                          for place, groups in enumerate(campaigns)]}


def decoded(campaigns):
    """A bucketing file as it comes out of JSON, of campaigns that on Python 2 hold bytes."""
    return json.loads(json.dumps({"campaigns": list(campaigns)}))


def check_reads(campaigns, visitor_id, context, reads):
    """Read flags in some order, and compare with the decision on all campaigns."""
    expected = merge(assign(campaigns, visitor_id, context))
    flags = UndecidedFlags(campaigns, visitor_id, context)
    for key in list(reads) + [None]:
        if key is None:
            assert list(flags.all().items()) == list(expected.items())
        else:
            assert flags.find(key) == expected.get(key)
            assert flags.known.get(key) == expected.get(key)


@settings(max_examples=200)
@given(CAMPAIGNS, st.text("ab1é", max_size=3), CONTEXT, READS, st.sampled_from([0, 1, 2, 100]))
def test_any_order_of_reads(campaigns, visitor_id, context, reads, few):
    """Whatever the file, the visitor and the order of reads, each flag is that of the decision on
    all campaigns at once, and all flags come in the same order."""
    campaigns = Campaigns(file_of_groups(campaigns))
    campaigns.few = few
    check_reads(campaigns, visitor_id, context, reads)


@pytest.mark.parametrize("few", [1, 1000])
@pytest.mark.parametrize("name", ["decisions.json", "decisions_unicode.json"])
def test_vectors(name, few):
    """Read one by one, all flags are the vendor's."""
    with io.open(data(name), encoding="utf-8") as file:
        documents = json.load(file)
    for document in documents:
        campaigns = Campaigns(document["bucketing"])
        campaigns.few = few
        for case in document["cases"]:
            keys = sorted(campaigns.setters)
            check_reads(campaigns, case["visitorId"], case["context"], keys)
            check_reads(campaigns, case["visitorId"], case["context"], reversed(keys))


def test_few_campaigns_are_decided_one_by_one():
    """A flag of a file of a thousand campaigns costs its campaign's decision, and many flags cost
    one decision on all: what is kept until then has no size of the file's."""
    campaigns = Campaigns(decoded(
        everybody("c%d" % place, ("v%d" % place, 100, {"flag%d" % place: place}))
        for place in range(1000)))
    flags = UndecidedFlags(campaigns, "ann", {})
    assert flags.find("flag7").value == 7 and len(flags.known) == 1
    for place in range(1000):
        assert flags.find("flag%d" % place).value == place
        assert len(flags.known) in (place + 1, place + 2, 1000)
    assert len(flags.known) == 1000 and campaigns.few < 50


def told(flags):
    return [(key, tuple(flag)) for key, flag in flags.items()]


def shop(colour, size):
    """A file of two campaigns, one of them for a plan."""
    gold = everybody("colour", ("colour-v", 100, {"colour": colour, "size": "hidden"}))
    gold["variationGroups"][0]["targeting"]["targetingGroups"][0]["targetings"][0].update(
        key="plan", operator="EQUALS", value="gold")
    return {"campaigns": [gold, everybody("size", ("size-v", 100, {"size": size}))]}


@pytest.fixture
def gold(emulator, start):
    """A synchronised visitor whose flags nobody has read."""
    emulator.set_bucketing(shop("red", 1))
    flagship = start(mode=Config.Mode.BUCKETING, polling_interval=-1)
    visitor = flagship.create_visitor("ann", context={"plan": "gold"})
    assert visitor.synchronize_modifications() == (True, "")
    emulator.clear()
    return visitor


def read_value(visitor):
    return visitor.get_modification("colour", "none"), visitor.get_modification("size", 0)


def read_info(visitor):
    return (visitor.get_modification_info("colour"), visitor.get_modification_info("size"))


def read_with_results(visitor):
    return (visitor.get_modification_with_results("size", 0),
            visitor.get_modification_with_results("colour", "none"))


def read_all(visitor):
    return told(visitor.modifications), visitor.get_selected_variations(), repr(visitor)


READERS = [read_value, read_info, read_with_results, read_all]


def decided(visitor):
    return [read(visitor) for read in READERS]


GOLD = [("red", 1), (
    {"campaignId": "colour", "variationGroupId": "colour-group", "variationId": "colour-v",
     "isReference": True},
    {"campaignId": "size", "variationGroupId": "size-group", "variationId": "size-v",
     "isReference": True}),
    ((1, True, "", None), ("red", True, "", None)),
    ([("colour", ("colour", "red", "colour", "colour-group", "colour-v", True, True)),
      ("size", ("size", 1, "size", "size-group", "size-v", True, True))], ["colour-v", "size-v"],
     "<Visitor, anonymous, 2 modifications>")]


@pytest.mark.parametrize("first", READERS)
def test_any_first_read(gold, emulator, first):
    """Whatever a visitor reads first, it and all else is the same."""
    assert first(gold) == GOLD[READERS.index(first)]
    assert decided(gold) == GOLD
    assert gold.activate_modification("colour") == (True, "204")
    assert emulator.activations == [{"cid": "env", "caid": "colour-group", "vaid": "colour-v",
                                     "vid": "ann"}]


def test_first_read_activates(gold, emulator):
    assert gold.activate_modification("size") == (True, "204")
    assert [each["vaid"] for each in emulator.activations] == ["size-v"]
    assert decided(gold) == GOLD


def change_context(visitor, flagship, emulator, start):
    visitor.update_context({"plan": "free"})


def refresh_file(visitor, flagship, emulator, start):
    emulator.set_bucketing(shop("blue", 2))
    start(again=True, mode=Config.Mode.BUCKETING, polling_interval=-1)
    other = flagship.create_visitor("ann", context={"plan": "gold"})
    other.synchronize_modifications()
    assert read_value(other) == ("blue", 2)


def restart(visitor, flagship, emulator, start):
    start(again=True, timeout=1)  # in API mode


def fail_to_synchronise(visitor, flagship, emulator, start):
    visitor.update_context({"plan": "free"})
    emulator.panic = True
    start(again=True, mode=Config.Mode.BUCKETING, polling_interval=-1)
    assert visitor.synchronize_modifications()[0] is False
    assert (read_value(visitor), told(visitor.modifications)) == (("none", 0), [])
    emulator.panic = False
    start(again=True, mode=Config.Mode.BUCKETING, polling_interval=-1)


@pytest.mark.parametrize("first", [None, "colour"])
@pytest.mark.parametrize("change", [change_context, refresh_file, restart, fail_to_synchronise])
def test_what_is_seen_is_as_of_the_synchronisation(gold, emulator, start, change, first):
    """Whatever changes after it, what was read and what was not is what it would have been then."""
    if first:
        gold.get_modification(first, None)
    change(gold, Flagship.instance(), emulator, start)
    assert decided(gold) == GOLD


def test_the_context_of_the_caller(emulator, start):
    """A dict that the caller goes on with is not looked at again."""
    emulator.set_bucketing(shop("red", 1))
    context = {"plan": "gold"}
    flagship = start(mode=Config.Mode.BUCKETING, polling_interval=0)
    visitor = flagship.create_visitor("ann", False, context)
    visitor.synchronize_modifications()
    context["plan"] = "free"
    visitor.get_context()["plan"] = "free"
    assert read_value(visitor) == ("red", 1)


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy,
                                    lambda visitor: pickle.loads(pickle.dumps(visitor, 2))])
@pytest.mark.parametrize("first", [None, "colour"])
def test_copies_have_the_flags(gold, emulator, start, copied, first):
    """What was not read when a visitor was copied or pickled is in the copy, also after the file
    changed."""
    if first:
        gold.get_modification(first, None)
    visitor = copied(gold)
    refresh_file(gold, Flagship.instance(), emulator, start)
    assert decided(visitor) == decided(gold) == GOLD


def test_threads_read_the_same():
    """Threads that read one visitor's flags at once, in different orders, all see the decision."""
    campaigns = Campaigns(decoded(
        everybody("c%d" % place, ("a%d" % place, 50, {"flag%d" % place: place}),
                  ("b%d" % place, 30, {"flag%d" % place: -place, "flag%d" % (place // 2): "b"}))
        for place in range(60)))
    campaigns.few = 20
    keys, wrong = sorted(campaigns.setters), []
    for number in range(30):
        visitor_id = "ann%d" % number
        flags = UndecidedFlags(campaigns, visitor_id, {})
        expected = merge(assign(campaigns, visitor_id, {}))
        together = threading.Event()

        def read(order):
            together.wait()
            wrong.extend(key for key in order if flags.find(key) != expected.get(key))
            if list(flags.all().items()) != list(expected.items()):
                wrong.append(None)
        threads = [threading.Thread(target=read, args=(order,)) for order in (
            keys, keys[::-1], keys[7:] + keys[:7], keys[::3] + keys)]
        for thread in threads:
            thread.start()
        together.set()
        for thread in threads:
            thread.join()
        assert wrong == []


def test_a_visitor_cache_has_all(emulator, start):
    """With a visitor cache all campaigns are decided at once, as all are saved."""
    saved = []

    class Store(object):
        def lookup(self, visitor_id):
            return None

        def save(self, visitor_id, record):
            saved.append(record["data"]["vaIds"])
    emulator.set_bucketing(shop("red", 1))
    flagship = start(mode=Config.Mode.BUCKETING, polling_interval=0, visitor_cache_manager=Store())
    visitor = flagship.create_visitor("ann", context={"plan": "gold"})
    assert visitor.synchronize_modifications() == (True, "")
    assert saved == [["colour-v", "size-v"]]
    assert decided(visitor) == GOLD
