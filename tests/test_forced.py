# -*- coding: utf-8 -*-
"""Forced variations: shown whatever targeting, allocation and cache say, reported as nobody's, and
gone without a trace."""
from __future__ import unicode_literals

import copy
import pickle
from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagship import Config, Flagship
from flagship.cache import MemoryVisitorCache
from flagship.decision.compiled import Campaigns
from flagship.decision.evaluator import assign
from flagship.errors import TypingError
from flagship.hits import Page
from tests.support import Log, everybody
from tests.test_decision_reads import CAMPAIGNS, CONTEXT, READS, decoded, file_of_groups

NOBODY = {"id": "nobody", "variationGroups": [{
    "id": "nobody-group", "targeting": {"targetingGroups": [
        {"targetings": [{"key": "plan", "operator": "EQUALS", "value": "gold"}]}]},
    "variations": [{"id": "nobody-on", "allocation": 0, "modifications": {
        "value": {"color": "gold", "list": [1]}}}]}]}
SHOP = {"campaigns": [
    everybody("half", ("half-a", 50, {"color": "red"}), ("half-b", 50, {"color": "blue"})),
    NOBODY,
    everybody("last", ("last-a", 100, {"size": 1}), ("last-b", 0, {"size": 2}))]}


@pytest.fixture
def made(emulator, start):
    """A visitor on SHOP, not synchronised; in API mode the SDK knows the file too."""
    def made(mode="BUCKETING", **options):
        emulator.set_bucketing(SHOP)
        if mode == "API":
            options.setdefault("initial_bucketing", SHOP)
        return start(mode=Config.Mode[mode], polling_interval=0,
                     **options).create_visitor("ann", context={"plan": "free"})
    return made


def flags(visitor):
    assert visitor.synchronize_modifications() == (True, "")
    return {key: each.value for key, each in visitor.modifications.items()}


def known(visitor):
    """The flags that are not null: in API mode the platform also names those of other variations.
    """
    return {key: value for key, value in flags(visitor).items() if value is not None}


MODES = pytest.mark.parametrize("mode", ["BUCKETING", "API"])


@MODES
@pytest.mark.parametrize("forced, changed", [
    ({"half": "half-b"}, {"color": "blue"}), ({"half": "half-a"}, {"color": "red"}),
    # Targeting and allocation say no, and the later campaign wins.
    ({"nobody": "nobody-on"}, {"color": "gold", "list": [1]}),
    ({"half": "half-b", "nobody": "nobody-on", "last": "last-b"},
     {"color": "gold", "list": [1], "size": 2})], ids=repr)
def test_what_is_forced_takes_the_place_of_what_is_decided(made, mode, forced, changed):
    visitor = made(mode)
    before = known(visitor)
    visitor.force_variations(forced)
    assert known(visitor) == dict(before, **changed) and visitor.forced_variations == forced
    visitor.force_variations(None)
    assert known(visitor) == before and visitor.forced_variations == {}


@MODES
def test_it_is_never_reported(made, emulator, log, mode):
    """Activations of a forced campaign are not sent, those of others are; hits and contexts go."""
    visitor = made(mode)
    visitor.force_variations({"half": "half-b"})
    visitor.synchronize_modifications()
    emulator.clear()
    assert visitor.get_modification("color", "", activate=True) == "blue"
    success, line = visitor.activate_modification("color")
    assert success and "forced" in line and emulator.requests == []
    assert len([each for each in log.at(10) if "is forced" in each]) == 2
    visitor.activate_modification("size")
    visitor.send_hit(Page("https://example.com/"))
    assert [each["vaid"] for each in emulator.activations] == ["last-a"]
    assert len(emulator.hits) == 1


@MODES
@pytest.mark.parametrize("cached", [[], ["half-a"], ["half-b"], ["nobody-on", "half-a"]], ids=repr)
def test_the_visitor_cache_keeps_what_it_has_of_the_campaign(made, mode, cached):
    cache = MemoryVisitorCache()
    visitor = made(mode, visitor_cache_manager=cache)
    if cached:
        cache.save("ann", {"version": 1, "data": {"vId": "ann", "vaIds": cached}})
    visitor.force_variations({"half": "half-b", "nobody": "nobody-on"})
    flags(visitor)
    assert sorted(cache.lookup("ann")["data"]["vaIds"]) == sorted(cached + ["last-a"])


@MODES
def test_explain_says_forced(made, mode):
    visitor = made(mode)
    visitor.force_variations({"nobody": "nobody-on"})
    flags(visitor)
    explained = visitor.explain()
    by_id = {each["campaignId"]: each for each in explained["campaigns"]}
    nobody = by_id["nobody"]
    assert (nobody["outcome"], nobody["decidedBy"], nobody["variationId"]) == (
        "assigned", "forced", "nobody-on")
    assert "forced" in nobody["reason"] and by_id["last"]["decidedBy"] != "forced"
    assert explained["modifications"]["color"]["value"] == "gold"
    assert visitor.modifications["color"].forced and not visitor.modifications["size"].forced


@MODES
def test_what_the_file_does_not_have_is_ignored_with_a_line(made, log, mode):
    visitor = made(mode)
    before = known(visitor)
    visitor.force_variations({"half": "gone", "gone": "half-b", 5: 6})
    assert known(visitor) == before and known(visitor) == before
    lines = [each for each in log.at(30) if "is ignored" in each]
    assert len(lines) == 3 and not visitor.modifications["color"].forced


def test_api_mode_without_a_file_says_that_it_cannot(made, log):
    visitor = made("API", initial_bucketing=None)
    before = flags(visitor)
    visitor.force_variations({"half": "half-a"})
    assert flags(visitor) == before
    line, = log.at(30)
    assert "initial_bucketing" in line and "'half'" in line


@pytest.mark.parametrize("initial", [{"campaigns": 5}, "no-such-file.json"], ids=repr)
def test_api_mode_with_a_file_that_is_none(made, log, initial):
    visitor = made("API", initial_bucketing=initial)
    visitor.force_variations({"half": "half-a"})
    before = flags(visitor)
    assert flags(visitor) == before
    assert len([each for each in log.at(40) if "initial_bucketing is ignored" in each]) == 1


@MODES
def test_panic_hides_what_is_forced(made, emulator, mode):
    emulator.panic = True
    visitor = made(mode)
    visitor.force_variations({"half": "half-b"})
    assert visitor.synchronize_modifications()[0] is False
    assert visitor.get_modification("color", "default") == "default"


@MODES
def test_an_outage_keeps_the_flags(made, emulator, mode):
    visitor = made(mode, bucketing_timeout=0.5)
    visitor.force_variations({"half": "half-b"})
    before = flags(visitor)
    emulator.misbehave("campaigns", status=500)
    visitor.synchronize_modifications()
    assert {key: each.value for key, each in visitor.modifications.items()} == before


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))],
                         ids=["deepcopy", "pickle"])
def test_a_copy_is_forced_too(made, emulator, copied):
    visitor = made()
    visitor.force_variations({"half": "half-b"})
    flags(visitor)
    again = copied(visitor)
    again.activate_modification("color")
    assert again.forced_variations == {"half": "half-b"} and emulator.activations == []
    assert flags(again)["color"] == "blue"


def test_before_the_next_synchronisation_nothing_changes(made, emulator):
    visitor = made()
    before = flags(visitor)
    visitor.force_variations({"last": "last-b"})
    assert visitor.get_modification("size", 0) == before["size"]
    visitor.activate_modification("size")
    assert [each["vaid"] for each in emulator.activations] == ["last-a"]
    flags(visitor)
    visitor.force_variations({})
    visitor.activate_modification("size")
    assert len(emulator.activations) == 1


class Odd(object):
    def items(self):
        raise KeyError("odd")


class Cart(object):
    def items(self):
        return ["socks", 5, ("half", "half-a", 1), ["last", "last-b"]]


@pytest.mark.parametrize("forced, kept", [
    ({"half": None, "last": "last-b"}, {"last": "last-b"}), ({None: "half-a"}, {}),
    ({"half": [1], (1,): "x"}, {}), ({5: 7}, {"5": "7"}), (Odd(), {}),
    (Cart(), {"last": "last-b"}),
    (OrderedDict([("half", "\ud800")]), {"half": "\ufffd"}), ({}, {}), (None, {})], ids=repr)
def test_no_data_breaks_it(made, forced, kept):
    visitor = made()
    visitor.force_variations(forced)
    assert visitor.forced_variations == kept
    flags(visitor)


@pytest.mark.parametrize("mistake", ["half", 5, ["half"]], ids=repr)
def test_a_mistake_raises_and_changes_nothing(made, mistake):
    visitor = made()
    visitor.force_variations({"half": "half-b"})
    with pytest.raises(TypingError):
        visitor.force_variations(mistake)
    assert visitor.forced_variations == {"half": "half-b"}


def test_a_visitor_of_no_started_sdk_is_neutral(made):
    visitor = made()
    visitor.force_variations({"half": "half-b"})
    flags(visitor)
    kept = pickle.dumps(visitor)
    Flagship.instance().close()
    loaded = pickle.loads(kept)
    assert loaded.synchronize_modifications()[0] is False
    assert loaded.explain()["serving"] is False and loaded.forced_variations == {"half": "half-b"}


def expected(document, context, forced):
    """The flags by the definition: campaign by campaign, in the file's order."""
    campaigns, found = Campaigns(document), {}
    own = {each.variation_group_id: each for each in assign(campaigns, "ann", context)}
    for campaign in campaigns.document.campaigns:
        variations = [each for group in campaign.groups for each in group.variations]
        chosen = [each for each in variations if each.id == forced.get(campaign.id)][:1]
        chosen = chosen or [own[group.id] for group in campaign.groups if group.id in own]
        for each in chosen:
            found.update((key, (value, each.id)) for key, value in each.values.items())
    return found


def decided(visitor):
    return {key: (each.value, each.variation_id) for key, each in visitor.modifications.items()}


@settings(max_examples=40)
@given(CAMPAIGNS, CONTEXT, st.dictionaries(
    st.sampled_from(["c0", "c1", "c2", "c3", "gone"]), st.tuples(
        st.integers(0, 1), st.integers(0, 2)), max_size=3), READS)
def test_the_law(campaigns, context, forced, reads):
    """Whatever the file, visitor and choice: what is forced is shown in its campaign's place, the
    other campaigns' variations stay, explain says the same, the order of reads counts for nothing,
    and once it is withdrawn all is as it was."""
    document = decoded(file_of_groups(campaigns)["campaigns"])
    forced = {key: "%sg%dv%d" % ((key,) + place) for key, place in forced.items()}
    flagship = Flagship.instance()
    try:
        flagship.start("env", "key", Config(
            mode=Config.Mode.BUCKETING, offline=True, bucketing_file=None, event_handler=Log(),
            initial_bucketing=document))
        visitor = flagship.create_visitor("ann", context=context)
        context = visitor.get_context()
        visitor.synchronize_modifications()
        before = decided(visitor)
        assert before == expected(document, context, {})
        visitor.force_variations(forced)
        visitor.synchronize_modifications()
        wanted = expected(document, context, forced)
        for key in reads:
            if key is None:
                decided(visitor)
            else:
                value = wanted.get(key, (None,))[0]
                assert visitor.get_modification(key, "default") == (
                    "default" if value is None else value)
        assert decided(visitor) == wanted
        told = visitor.explain()["modifications"]
        assert {key: each["variationId"] for key, each in told.items()} == {
            key: each[1] for key, each in wanted.items()}
        visitor.force_variations(None)
        visitor.synchronize_modifications()
        assert decided(visitor) == before
    finally:
        flagship.close()
