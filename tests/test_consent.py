# -*- coding: utf-8 -*-
"""A visitor without consent gets the flags that it gets with it; nothing is tracked or saved."""
from __future__ import unicode_literals

import copy
import logging
import os
import pickle
from decimal import Decimal

import pytest
from werkzeug.local import LocalProxy

from flagship import Config, Flagship
from flagship.cache import MemoryVisitorCache
from flagship.hits import Screen
from tests.support import Log

MODES = pytest.mark.parametrize("mode", list(Config.Mode), ids=lambda mode: mode.name)
TRACKING = pytest.mark.parametrize("tracking", ["immediate", "deferred"])
HOME = Screen("home")
CONTEXT = {"vip": True, "country": "fr"}


class Store(MemoryVisitorCache):
    """Notes its calls, and runs ``meanwhile`` in a lookup."""

    wants_every_save = True

    def __init__(self):
        MemoryVisitorCache.__init__(self)
        self.calls, self.meanwhile = [], lambda: None

    def lookup(self, visitor_id):
        self.calls.append("lookup")
        self.meanwhile()
        return MemoryVisitorCache.lookup(self, visitor_id)

    def save(self, visitor_id, visitor_data):
        self.calls.append("save")
        MemoryVisitorCache.save(self, visitor_id, visitor_data)


@pytest.fixture
def endpoints(emulator):
    """The endpoints that were asked since the last call, but for that of the bucketing file."""
    def endpoints():
        asked = [each.endpoint for each in emulator.requests if each.endpoint != "bucketing"]
        emulator.clear()
        return asked
    return endpoints


def track(visitor):
    """All calls that report something; their results."""
    value = visitor.get_modification_with_results("cta-color", None, activate=True)
    assert value[0] in ("blue", "red") and value[1:3] == (True, "")
    assert visitor.get_modification("cta-color", None, activate=True) == value[0]
    return [value[3], visitor.activate_modification("cta-size"), visitor.send_hit(HOME)]


@MODES
def test_the_flags_are_the_same(emulator, start, mode):
    flagship, found = start(mode=mode), set()
    for number in range(30):
        ids = []
        for has_consented in (True, False):
            visitor = flagship.create_visitor("v%d" % number, number % 2, CONTEXT, has_consented)
            assert visitor.synchronize_modifications() == (True, "")
            ids.append((dict(visitor.modifications), visitor.get_selected_variations()))
        assert ids[0] == ids[1]
        found.add(tuple(ids[0][1]))
    assert len(found) == 2


@MODES
@TRACKING
def test_without_consent_nothing_is_sent(start, endpoints, log, mode, tracking):
    """But the decision's request, which says so. Each call says why, one line a visitor is logged,
    and the status counts activations and hits, also after the end."""
    flagship = start(mode=mode, tracking=tracking)
    visitor = flagship.create_visitor("ann", context=CONTEXT, has_consented=False)
    assert visitor.synchronize_modifications() == (True, "")
    reason = "not sent: the visitor has not consented"
    for success, said in track(visitor):
        assert not success and reason in said
    assert flagship.flush(5)
    assert endpoints() == ([] if mode is Config.Mode.BUCKETING else ["campaigns"])
    assert len([line for _, line in log.lines if reason in line]) == 1
    assert not log.at(logging.WARNING)
    assert flagship.status.withheld == 4
    flagship.close()
    assert flagship.status.withheld == 4
    start(mode=mode, tracking=tracking)
    assert flagship.status.withheld == 0


@pytest.mark.parametrize("decision_api", ["platform", "self-hosted"])
def test_the_platform_is_told(emulator, start, decision_api):
    """A server of one's own as well, which would report the context itself."""
    def reported():
        return emulator.segments + [each for each in emulator.requests if each.endpoint == "events"]
    visitor = start(decision_api=decision_api).create_visitor(
        "ann", context=CONTEXT, has_consented=False)
    visitor.synchronize_modifications()
    request, = emulator.requests
    assert request.path.split("?")[1] == "exposeAllKeys=true&sendContextEvent=false"
    assert request.json() == {
        "visitorId": "ann", "trigger_hit": False, "context": CONTEXT, "visitor_consent": False}
    assert reported() == []
    visitor.set_consent(True)
    visitor.synchronize_modifications()
    assert "visitor_consent" not in emulator.decisions[1] and len(reported()) == 1


@MODES
def test_consent_counts_from_when_it_is_given(start, endpoints, mode):
    """What was not sent is not sent later; the context is, with the next synchronisation."""
    visitor = start(mode=mode).create_visitor("ann", context=CONTEXT, has_consented=False)
    visitor.synchronize_modifications()
    track(visitor)
    endpoints()
    visitor.set_consent(True)
    assert endpoints() == [] and visitor.has_consented
    assert [success for success, _ in track(visitor)] == [True] * 3
    assert endpoints() == ["activate"] * 3 + ["hit"]
    visitor.synchronize_modifications()
    assert endpoints()[-1] == "events"
    visitor.set_consent(False)
    visitor.synchronize_modifications()
    assert [success for success, _ in track(visitor)] == [False] * 3
    assert endpoints() == ([] if mode is Config.Mode.BUCKETING else ["campaigns"])


@MODES
def test_without_consent_the_visitor_cache_is_left_alone(emulator, start, mode):
    """Neither read nor written, by an explanation either; what it holds stays, and counts again
    once there is consent."""
    store = Store()
    visitor = start(mode=mode, visitor_cache_manager=store).create_visitor("ann")
    visitor.synchronize_modifications()
    kept, color = store.lookup("ann"), visitor.get_modification("cta-color", None)
    visitor.set_consent(False)
    del store.calls[:]
    visitor.synchronize_modifications()
    assert visitor.explain()["cachedVariationIds"] is None
    assert store.calls == [] and visitor.get_modification("cta-color", None) == color
    visitor.set_consent(True)
    assert visitor.explain()["cachedVariationIds"] == kept["data"]["vaIds"]
    visitor.synchronize_modifications()
    assert store.calls == ["lookup", "lookup", "save"]


def test_consent_withdrawn_while_a_visitor_is_synchronised(start, endpoints):
    """As by another thread: from then on nothing is reported or saved."""
    store = Store()
    visitor = start(visitor_cache_manager=store).create_visitor("ann", context=CONTEXT)
    store.meanwhile = lambda: visitor.set_consent(False)
    assert visitor.synchronize_modifications() == (True, "") and visitor.modifications
    assert store.calls == ["lookup"] and endpoints() == ["campaigns"]


def test_consent_given_while_a_visitor_is_synchronised(emulator, start):
    """Counts from the next synchronisation on: this one has not read the visitor cache, and must
    not overwrite what it holds."""
    store, given = Store(), []

    class Consenting(Log):
        def on_log(self, level, message):
            if message.startswith("[campaigns]") and not given:
                given.append(message)
                visitor.set_consent(True)

    visitor = start(visitor_cache_manager=store, event_handler=Consenting()).create_visitor(
        "ann", has_consented=False)
    visitor.synchronize_modifications()
    assert given and visitor.has_consented and store.calls == []
    visitor.synchronize_modifications()
    assert store.calls == ["lookup", "save"]


@pytest.mark.parametrize("value, has_consented", [
    (True, True), (False, False), (1, True), (0, False), (Decimal(1), True), (1.0, True),
    (None, False)], ids=repr)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: LocalProxy(lambda: value)],
                         ids=["", "proxy"])
def test_what_databases_and_proxies_hold_is_read(start, log, value, has_consented, wrap):
    visitor, value = start().create_visitor("ann"), wrap(value)
    visitor.set_consent(value)
    assert visitor.has_consented is has_consented
    created = Flagship.instance().create_visitor("bob", has_consented=value)
    assert created.has_consented is has_consented and not log.at(logging.WARNING)


@pytest.mark.parametrize("make", [
    lambda: float("nan"), lambda: LocalProxy(lambda: 1 // 0), lambda: Decimal("sNaN")])
def test_what_cannot_be_read_is_no_consent(start, log, make):
    """With a line for each call."""
    visitor = start().create_visitor("ann")
    visitor.set_consent(make())
    assert visitor.has_consented is False
    assert Flagship.instance().create_visitor("bob", has_consented=make()).has_consented is False
    lines = log.at(logging.ERROR)
    assert [line.split()[0] for line in lines] == ["[set_consent]", "[create_visitor]"]
    assert all("counts as no consent" in line for line in lines)


@pytest.mark.parametrize("duplicate", [
    copy.copy, copy.deepcopy, lambda visitor: pickle.loads(pickle.dumps(visitor))],
    ids=["copy", "deepcopy", "pickle"])
def test_a_copy_has_the_consent_and_its_own(start, duplicate):
    for has_consented in (True, False):
        visitor = start().create_visitor("ann", has_consented=has_consented)
        other = duplicate(visitor)
        assert other.has_consented is has_consented
        other.set_consent(not has_consented)
        assert visitor.has_consented is has_consented


@pytest.mark.parametrize("happens", ["panic", "close"])
def test_consent_is_taken_whatever_the_platform_does(emulator, start, happens):
    """A question of the visitor's, not of the platform's: nothing is counted as withheld that was
    not to be sent anyway."""
    visitor = start().create_visitor("ann", has_consented=False)
    visitor.synchronize_modifications()
    if happens == "panic":
        emulator.panic = True
        visitor.synchronize_modifications()
    else:
        Flagship.instance().close()
    assert visitor.send_hit(HOME)[0] is False
    assert visitor.get_modification("cta-color", "green", True) == "green"
    visitor.set_consent(True)
    assert visitor.has_consented and Flagship.instance().status.withheld == 0


def test_it_is_shown(start):
    visitor = start().create_visitor("ann")
    assert "consent" not in repr(visitor)
    visitor.set_consent(False)
    assert repr(visitor) == "<Visitor, anonymous, 0 modifications, without consent>"
    with pytest.raises(AttributeError):
        visitor.has_consented = True


def test_a_bad_hit_is_refused_as_ever(start, log):
    """Want of consent hides no mistake."""
    visitor = start().create_visitor("ann", has_consented=False)
    assert "refused" in visitor.send_hit(7)[1] and log.at(logging.ERROR)
    assert Flagship.instance().status.withheld == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_counts_from_zero(start):
    visitor = start().create_visitor("ann", has_consented=False)
    visitor.send_hit(HOME)
    child = os.fork()
    if not child:
        counted = [Flagship.instance().status.withheld]
        visitor.send_hit(HOME)
        counted.append(Flagship.instance().status.withheld)
        os._exit(counted != [0, 1])
    assert os.waitpid(child, 0)[1] == 0 and Flagship.instance().status.withheld == 1
