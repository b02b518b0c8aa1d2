# -*- coding: utf-8 -*-
"""A refreshed bucketing file: only the campaigns that changed are read and compiled, and what is
decided is what the whole file says."""
from __future__ import unicode_literals

import copy
import json
import logging
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagship import Config
from flagship._threads import Turns
from flagship.decision.bucketing_file import _File
from flagship.decision.compiled import Campaigns
from flagship.decision.content import Unreadable, decode, decode_file
from flagship.decision.document import CampaignsReader, Document
from flagship.decision.evaluator import assign, decide_flags, merge
from flagship.decision.explanation import explain
from tests.support import everybody
from tests.test_decision_reads import CAMPAIGNS, CONTEXT, file_of_groups, told

SIZE = 2 ** 26
clock = getattr(time, "process_time", None) or time.clock
SPACES = st.sampled_from(["", " ", "\n", "\t\r\n  "])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False),
                    st.text(max_size=4))


def as_bytes(document, indent=None):
    return json.dumps(document, indent=indent, sort_keys=True).encode("ascii")


@st.composite
def texts(draw):
    """The text of an object, with or without campaigns, spaces and keys that come twice."""
    def spaced(sign):
        return draw(SPACES) + sign + draw(SPACES)
    members = draw(st.lists(st.tuples(
        st.sampled_from(["campaigns", "campaigns", "panic", "a"]),
        st.one_of(SCALARS, st.lists(st.one_of(
            SCALARS, st.dictionaries(st.text(max_size=2), SCALARS, max_size=2)), max_size=3))),
        max_size=3))
    inner = [spaced(json.dumps(key)) + ":" + spaced(json.dumps(value, indent=draw(
        st.sampled_from([None, 1])))) for key, value in members]
    return spaced("{") + ",".join(inner) + spaced("}")


def as_it_is(decoded, index):
    return decoded


def idle():
    pass


def decoded_by(decoding, content):
    try:
        return repr(decoding(content))  # as 1 == True
    except Unreadable as problem:
        return problem.args


@settings(max_examples=200)
@given(texts(), st.sampled_from(["", "", "x", ",", "}", "\ufeff"]), st.integers(0, 60))
def test_decoding_campaign_by_campaign(text, odd, place):
    """Whatever the text, good or not, it is what decoding the whole gives."""
    content = (text[:place] + odd + text[place:]).encode("utf-8")
    assert decoded_by(lambda content: decode_file(content, SIZE, {}, [], as_it_is, idle)[0],
                      content) \
        == decoded_by(lambda content: decode(content, SIZE), content)


class Refreshes(object):
    """What the files of one SDK are read with, one after the other."""

    def __init__(self):
        self.file = None

    def use(self, content):
        """The compiled campaigns, and the indexes of those that were decoded."""
        known, order = (self.file.known, self.file.order) if self.file else ({}, [])
        reader, decoded_at = CampaignsReader(), []

        def read(campaign, index):
            decoded_at.append(index)
            return reader.read(campaign, index)
        decoded, given = decode_file(content, SIZE, known, order, read, Turns().pass_on)
        document = Document(decoded, reader=reader if given else None)
        campaigns = Campaigns(document, self.file and self.file.campaigns)
        self.file = _File(campaigns, "network", None, None)
        self.file.remember(list(zip(given, decoded["campaigns"])))
        return campaigns, decoded_at


def said(campaigns):
    return ([(each.place, each.message) for each in campaigns.problems],
            campaigns.document.problem_count, campaigns.count, campaigns.group_of,
            sorted(campaigns.setters))


# What may stand in the place of a campaign, too.
ODD = st.sampled_from([None, {}, {"id": "odd", "variationGroups": 5},
                       everybody("everybody", ("v", 100, {"a": True})),
                       everybody("everybody", ("v", 100, {"a": 1}))])


@settings(max_examples=60)
@given(st.lists(st.tuples(CAMPAIGNS, st.lists(ODD, max_size=2), st.sampled_from([None, 1])),
                min_size=2, max_size=4), st.randoms(), st.text("ab", max_size=2), CONTEXT)
def test_each_file_is_as_if_it_were_the_first(files, random, visitor_id, context):
    """Whatever files came before, in whatever order they had the same campaigns, decisions,
    problems and explanations are those of the file by itself."""
    refreshes, before = Refreshes(), []
    for groups, odd, indent in files:
        campaigns = file_of_groups(groups)["campaigns"] + odd
        # Some of before, at other places.
        campaigns += [each for each in before if random.random() < 0.7]
        random.shuffle(campaigns)
        before = campaigns
        content = as_bytes({"campaigns": campaigns}, indent)
        refreshed, _ = refreshes.use(content)
        alone = Campaigns(decode(content, SIZE))
        assert said(refreshed) == said(alone)
        for cached in ((), ("c0g0v0", "c1g0v1", "gone")):
            assert ([(each.id, each.campaign_id) for each in assign(refreshed, visitor_id, context,
                                                                    cached)]
                    == [(each.id, each.campaign_id) for each in assign(alone, visitor_id, context,
                                                                       cached)])
        expected = merge(assign(alone, visitor_id, context))
        for campaigns_ in (alone, refreshed):
            assert repr(told(decide_flags(campaigns_, visitor_id, context))) == repr(told(expected))
        assert repr(explain(refreshed, visitor_id, context)) == repr(
            explain(alone, visitor_id, context))


FILE = [everybody("c%d" % place, ("v%d" % place, 100, {"flag%d" % place: place}))
        for place in range(8)]


def test_millions_of_nothing():
    """What is no campaign costs no more than it costs to decode it; the others are used."""
    content = b'{"campaigns": [' + b"null, " * 300000 + as_bytes(FILE[0]) + b"]}"
    began = clock()
    decoded, given = decode_file(content, SIZE, {}, [], as_it_is, idle)
    taken, began = clock() - began, clock()
    decode(content, SIZE)
    assert taken < 5 * (clock() - began) + 1
    assert given == [] and len(decoded["campaigns"]) == 300001


@pytest.mark.parametrize("is_known", [False, True])
def test_others_can_run_between_campaigns(is_known):
    """Other threads need not wait until a whole file is decoded and compiled, whether its campaigns
    are new or those of the file before."""
    content, refreshes, passed = as_bytes({"campaigns": FILE}), Refreshes(), []
    refreshes.use(content)
    known, order = (refreshes.file.known, refreshes.file.order) if is_known else ({}, [])
    decoded, _ = decode_file(content, SIZE, known, order, CampaignsReader().read,
                             lambda: passed.append("decoded"))
    Campaigns(decoded, refreshes.file.campaigns, lambda: passed.append("compiled"))
    assert passed.count("decoded") >= len(FILE) and passed.count("compiled") == len(FILE)


def with_value(place, value):
    campaigns = copy.deepcopy(FILE)
    group, = campaigns[place]["variationGroups"]
    group["variations"][0]["modifications"]["value"] = {"flag%d" % place: value}
    return campaigns


# A file after FILE, and the places in it of what is new.
CHANGES = [
    (FILE, []), (FILE[1:], []), (FILE[::-1], []), (FILE[:3] + FILE[5:], []), (FILE + FILE, []),
    (with_value(3, 7), [3]), (with_value(0, "x"), [0]), (with_value(1, True), [1]),
    (with_value(1, 1.0), [1]),
    (FILE[:2] + [everybody("new", ("n", 100, {"n": 1}))] + FILE[2:], [2]),
    ([everybody("new", ("n", 100, {"n": 1}))] + FILE[::-1], [0]), ([], [])]


@pytest.mark.parametrize("after, new", CHANGES)
def test_only_what_changed_is_read(after, new):
    """Campaigns whose text is the same are not read again, wherever they stand; equal is not
    enough, as in Python 1 == True."""
    refreshes = Refreshes()
    first, read = refreshes.use(as_bytes({"campaigns": FILE}))
    assert read == list(range(8))
    groups = {id(group) for walk in first.walk for group in walk}
    second, read = refreshes.use(as_bytes({"campaigns": after}))
    assert read == new
    shared = [place for place, walk in enumerate(second.walk)
              if all(id(group) in groups for group in walk)]
    assert shared == [place for place in range(len(after)) if place not in new]
    third, read = refreshes.use(as_bytes({"campaigns": after}))
    assert read == [] and said(third) == said(second)


def test_a_campaign_with_a_problem_is_read_again():
    """It is reported for each file."""
    odd = everybody("odd", ("v", 100, {"a": 1}))
    odd["variationGroups"][0]["targeting"]["targetingGroups"][0]["targetings"][0].update(
        key="k", operator="ODD")
    refreshes, content = Refreshes(), as_bytes({"campaigns": FILE[:1] + [odd]})
    first, _ = refreshes.use(content)
    second, read = refreshes.use(content + b" ")
    assert read == [1] and said(first) == said(second) and len(second.problems) == 1


def test_refreshes_of_the_sdk(emulator, start, log):
    """Through the public API: each new visitor is decided by the newest file, panic in between
    included, and a campaign that is malformed is named each time."""
    def refreshed(campaigns):
        emulator.set_bucketing({"campaigns": campaigns})
        flagship = start(again=flagship_runs, mode=Config.Mode.BUCKETING, polling_interval=-1)
        visitor = flagship.create_visitor("ann")
        assert visitor.synchronize_modifications() == (True, "")
        return {key: each.value for key, each in visitor.modifications.items()}
    flagship_runs = False
    everything = {"flag%d" % place: place for place in range(8)}
    assert refreshed(FILE) == everything
    flagship_runs = True
    assert refreshed(with_value(2, "two")) == dict(everything, flag2="two")
    emulator.panic = True
    start(again=True, mode=Config.Mode.BUCKETING, polling_interval=-1)
    emulator.panic = False
    del log.lines[:]
    assert refreshed(FILE[1:] + [{"id": 5.5, "variationGroups": 5}]) == {
        "flag%d" % place: place for place in range(1, 8)}
    assert [line for line in log.at(logging.WARNING) if "skipped" in line] == [
        "[bucketing] campaigns[7].variationGroups: must be a list, not a number: "
        "the campaign is skipped"]
