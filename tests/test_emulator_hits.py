# -*- coding: utf-8 -*-
"""The emulator's hit URL takes what Universal Collect takes from any SDK, and refuses the rest."""
from __future__ import unicode_literals

import json

import pytest

from tests.emulated import emulator, post, session  # noqa: F401

HIT = {"cid": "env", "ds": "APP", "vid": "ann"}
PAGE = dict(HIT, t="PAGEVIEW", dl="https://shop.example/")
SCREEN = dict(HIT, t="SCREENVIEW", dl="home")
EVENT = dict(HIT, t="EVENT", ec="User Engagement", ea="x")
TRANSACTION = dict(HIT, t="TRANSACTION", tid="1", ta="a")
ITEM = dict(HIT, t="ITEM", tid="1", ic="s", **{"in": "n"})
CAMPAIGN = dict(HIT, t="CAMPAIGN", caid="g", vaid="v")
SEGMENT = dict(HIT, t="SEGMENT", s={"vip": True, "orders": 3, "country": "fr"})
HOURS_4 = 4 * 3600 * 1000


def batch(*hits, **fields):
    """A batch of hits, each as when it goes alone."""
    return dict({"t": "BATCH", "ds": "APP", "cid": "env", "h": [inner(hit) for hit in hits]},
                **fields)


def inner(hit):
    return {key: value for key, value in hit.items() if key not in ("cid", "ds")}


@pytest.fixture
def collect(post):
    return lambda body: post("/collect/", body)


TAKEN = [
    PAGE, SCREEN, EVENT, TRANSACTION, ITEM, CAMPAIGN,
    dict(PAGE, uip="1.2.3.4", sr="1x2", ul="fr", sn=1, cst=1600000000000, cuid="bob"),
    dict(SCREEN, dl=""), dict(EVENT, el="y", ev=1), dict(EVENT, ea=""), dict(EVENT, ev=0),
    dict(TRANSACTION, tr=1.5, ts=1, tt=0, icn=2, pm="credit_card"), dict(TRANSACTION, tr=-1.5),
    dict(TRANSACTION, tid="", ta=""), dict(ITEM, iq=1, ip=1.5, iv="c"), dict(ITEM, ic="", iq=-1),
    # What the vendor's other SDKs and servers send beyond what ours is documented to.
    dict(PAGE, cuid=None), dict(PAGE, sn="1"), dict(PAGE, sr="640X480"), dict(PAGE, qt=5),
    dict(PAGE, qa=True)]
REFUSED = [
    (b"", "json"), (b"[]", "object"), (b"\xff", "json"), (b"[" * 100000, "deep"),
    (b'{"t": NaN}', "NaN"), (dict(HIT), "t must"),
    (dict(PAGE, t="VIEW"), "t must"), (dict(PAGE, t=["PAGEVIEW"]), "t must"),
    (dict(PAGE, ds="WEB"), "ds"), (dict(PAGE, cid="other"), "cid"), (dict(PAGE, vid=""), "vid"),
    (inner(PAGE), "ds"), (dict(PAGE, vid=5), "vid"), (dict(PAGE, ec="x"), "ec"),
    (dict(PAGE, dl="nowhere"), "dl"), (dict(PAGE, dl="https://a.example/" + "x" * 2031), "dl"),
    (dict(PAGE, sr="big"), "sr"), (dict(PAGE, sr=5), "sr"), (dict(PAGE, sn=-1), "sn"),
    (dict(PAGE, sn="one"), "sn"), (dict(PAGE, qt=-1), "qt"), (dict(PAGE, qt="1"), "qt"),
    (dict(PAGE, qt=HOURS_4 + 1), "qt"), (dict(PAGE, cuid=5), "cuid"), (dict(PAGE, qa=1), "qa"),
    (dict(HIT, t="SCREENVIEW"), "dl"), (dict(SCREEN, dl=None), "dl"),
    (dict(EVENT, ec="Other"), "ec"), (dict(EVENT, ec=["User Engagement"]), "ec"),
    (dict(EVENT, ev=-1), "ev"), (dict(EVENT, ev=1.5), "ev"), (dict(EVENT, ev=True), "ev"),
    (dict(HIT, t="TRANSACTION", tid="1"), "ta"), (dict(TRANSACTION, tr="1"), "tr"),
    (dict(TRANSACTION, icn=True), "icn"), (dict(TRANSACTION, ta="é" * 251), "ta"),
    ({"cid": "env", "ds": "APP", "t": "ITEM", "tid": "1", "in": "n", "ic": "s"}, "vid"),
    (dict(HIT, t="CAMPAIGN", caid="g"), "vaid"), (dict(CAMPAIGN, caid=""), "caid"),
    (dict(HIT, t="SEGMENT"), "s is"), (dict(SEGMENT, s=[]), "s is"),
    (batch(), "batch"), (dict(batch(PAGE), new=1), "batch"), (dict(batch(PAGE), h={}), "batch"),
    (dict(batch(), h=["x"]), "object"), (batch(PAGE, qt=HOURS_4 + 1), "qt"),
    (batch(dict(PAGE, qt=HOURS_4 + 1)), "qt"), (batch(PAGE, dict(PAGE, dl="")), "dl"),
    (batch(PAGE, cid="other"), "cid"), (batch(dict(PAGE, vid=5)), "vid"),
    ({"t": "BATCH", "ds": "APP", "h": [inner(PAGE)]}, "cid"),
    ({"t": "BATCH", "ds": "APP", "cid": "env", "h": [dict(PAGE, cid="other")]}, "cid"),
    (batch(*[dict(SCREEN, dl="x" * 2000)] * 1300), "2500000")]


@pytest.mark.parametrize("hit", TAKEN, ids=lambda hit: json.dumps(hit)[30:90])
def test_a_hit_is_taken_alone_and_in_a_batch(emulator, collect, hit):
    assert collect(hit).status_code == 200
    assert emulator.hits == [hit]
    assert collect(batch(dict(hit, qt=0))).status_code == 200
    assert emulator.hits == [hit, dict(hit, qt=0)] and emulator.accepted["hits"] == 2


@pytest.mark.parametrize("body, said", REFUSED, ids=lambda value: repr(value)[:60])
def test_what_is_refused_is_said_and_not_kept(emulator, collect, body, said):
    answer = collect(body)
    assert answer.status_code == 400 and said in answer.json()["message"]
    assert emulator.hits == emulator.segments == []


@pytest.mark.parametrize("fields", [{}, {"qt": 12}], ids=repr)
@pytest.mark.parametrize("hit", [
    inner(PAGE), dict(inner(PAGE), qt=5), dict(PAGE, qt=5),
    dict(inner(PAGE), qt=5, cuid=None, sn="3", sr="640X480")], ids=repr)
def test_every_form_of_batch_is_taken_hit_by_hit(emulator, collect, hit, fields):
    """With an age of its own or the batch's, and with what the envelope says already."""
    body = dict({"t": "BATCH", "ds": "APP", "cid": "env", "h": [hit, hit]}, **fields)
    assert collect(body).status_code == 200
    assert emulator.hits == [dict(hit, cid="env", ds="APP")] * 2


def test_the_batch_of_the_vendor_s_server_is_taken(emulator, collect):
    """It leaves the environment to each hit, and names itself in variables."""
    hits = [dict(inner(CAMPAIGN), cid="env", qt=3), dict(inner(SEGMENT), cid="env", qt=4)]
    assert collect({"t": "BATCH", "ds": "APP", "cv": {"0": "runner, self-hosted"},
                    "h": hits}).status_code == 200
    assert emulator.hits == [dict(hits[0], ds="APP")]
    assert emulator.segments == [dict(hits[1], ds="APP")]


@pytest.mark.parametrize("segment", [
    SEGMENT, dict(SEGMENT, cuid="bob"), dict(SEGMENT, cuid=None), dict(SEGMENT, s={}),
    dict(SEGMENT, s={"nothing": None, "many": ["a", 1]})], ids=repr)
def test_contexts_that_come_as_hits_are_no_hits(emulator, collect, segment):
    """They are in segments, one a context, so that who counts hits counts only these."""
    assert collect(segment).status_code == 200
    assert collect(batch(dict(segment, qt=3), dict(PAGE, qt=2))).status_code == 200
    assert emulator.segments == [segment, dict(segment, qt=3)]
    assert emulator.hits == [dict(PAGE, qt=2)] and emulator.context_events == []
    assert emulator.accepted["segments"] == 2 and emulator.received["segments"] == emulator.segments
    emulator.clear()
    assert emulator.segments == [] and emulator.accepted["segments"] == 2
