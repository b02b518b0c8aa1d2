# -*- coding: utf-8 -*-
"""The spool: what cannot be delivered outlasts the process."""
from __future__ import unicode_literals

import io
import json
import logging
import os
import sqlite3
import subprocess
import sys
import time

import pytest

from flagship import Flagship
from flagship.helpers.hits import Screen
from tests.support import ROOT, eventually, slow

SPOOL = "spool.db"


@pytest.fixture
def spooling(start):
    """A visitor whose tracking is deferred and spooled."""
    def spooling(**options):
        options.setdefault("tracking_interval", 0.05)
        options.setdefault("spool", SPOOL)
        return start(tracking="deferred", **options).create_visitor("ann")
    return spooling


def rows():
    """What the file holds, ``[(environment, endpoint, payload)]``."""
    connection = sqlite3.connect(SPOOL)
    try:
        return [(environment, endpoint, json.loads(payload)) for environment, endpoint, payload in
                connection.execute("SELECT environment, endpoint, payload FROM spool ORDER BY id")]
    finally:
        connection.close()


def spooled():
    return Flagship.instance().status.tracking.spooled


def test_over_a_restart(emulator, spooling):
    """What an outage kept back is delivered by the next process, without a new hit, with its true
    age."""
    visitor = spooling()
    emulator.misbehave("hit", status=503)
    for place in range(20):
        visitor.send_hit(Screen("é%d" % place))
    assert eventually(lambda: spooled() == 20)
    Flagship.instance().close()
    assert [payload["dl"] for _, _, payload in rows()] == ["é%d" % place for place in range(20)]
    emulator.behave()
    spooling()
    assert Flagship.instance().flush(5) is True and rows() == []
    assert [hit["dl"] for hit in emulator.hits] == ["é%d" % place for place in range(20)]
    assert min(hit["qt"] for hit in emulator.hits) > 0
    assert tuple(Flagship.instance().status.tracking) == (0, 20, 0, 0, 0)


def test_emptied_when_the_outage_ends(emulator, spooling):
    """The same process delivers it too, with all three kinds as they were."""
    visitor = spooling()
    for endpoint in ("hit", "activate"):
        emulator.misbehave(endpoint, status=500)
    visitor.synchronize_modifications()
    visitor.activate_modification("cta-color")
    visitor.send_hit(Screen("a"))
    assert eventually(lambda: spooled() == 3)
    emulator.behave()
    assert Flagship.instance().flush(10) is True and rows() == []
    assert (len(emulator.segments), len(emulator.activations), len(emulator.hits)) == (1, 1, 1)


def test_what_close_could_not_deliver(emulator, spooling):
    """With a platform that never answers, what is left at close goes to the file instead of
    nowhere."""
    visitor = spooling(tracking_interval=60, timeout=0.5)
    emulator.stop()
    for _ in range(250):
        visitor.send_hit(Screen("a"))
    Flagship.instance().close(0.5)
    assert len(rows()) == 250


def test_a_bound(emulator, spooling):
    """The file holds tracking_queue_size items; the oldest go, and are counted."""
    visitor = spooling(tracking_queue_size=10, tracking_batch_size=5)
    emulator.misbehave("hit", status=503)
    for place in range(30):
        visitor.send_hit(Screen("%d" % place))
        assert eventually(lambda: Flagship.instance().status.tracking.queued == 0)
    assert spooled() == 10 and Flagship.instance().status.tracking.dropped == 20
    assert [payload["dl"] for _, _, payload in rows()] == ["%d" % place for place in range(20, 30)]


def test_what_is_too_old(emulator, spooling):
    """What is over four hours old is discarded and counted."""
    visitor = spooling()
    emulator.misbehave("hit", status=503)
    visitor.send_hit(Screen("old"))
    visitor.send_hit(Screen("new"))
    assert eventually(lambda: spooled() == 2)
    Flagship.instance().close()
    connection = sqlite3.connect(SPOOL)
    with connection:
        connection.execute("UPDATE spool SET made = made - 4 * 3600 - 1 WHERE payload LIKE '%old%'")
    connection.close()
    emulator.behave()
    spooling()
    assert Flagship.instance().flush(5) is True
    assert [hit["dl"] for hit in emulator.hits] == ["new"]
    assert Flagship.instance().status.tracking.dropped == 1


def test_environments_apart(emulator, spooling):
    """What another environment left in the same file stays there."""
    visitor = spooling()
    emulator.misbehave("hit", status=503)
    visitor.send_hit(Screen("a"))
    assert eventually(lambda: spooled() == 1)
    Flagship.instance().close()
    connection = sqlite3.connect(SPOOL)
    with connection:
        connection.execute("UPDATE spool SET environment = 'other'")
    connection.close()
    emulator.behave()
    spooling()
    assert Flagship.instance().flush(5) is True and emulator.hits == []
    Flagship.instance().close()
    assert [environment for environment, _, _ in rows()] == ["other"]


@pytest.mark.parametrize("bad", ["directory", "missing/spool.db", "no database"])
def test_a_file_that_cannot_be_used(emulator, spooling, log, bad):
    """It costs one warning; tracking goes on without it."""
    if bad == "directory":
        os.mkdir(bad)
    elif bad == "no database":
        with io.open(bad, "w") as file:
            file.write("x" * 10000)
    visitor = spooling(spool=bad)
    visitor.send_hit(Screen("a"))
    assert Flagship.instance().flush(5) is True and len(emulator.hits) == 1
    assert eventually(lambda: log.at(logging.WARNING))
    assert len(log.at(logging.WARNING)) == 1 and "spool" in log.at(logging.WARNING)[0]


PROCESS = """
import sys
from flagship import Config, Flagship
from flagship.hits import Screen
Flagship.instance().start(u"env", u"key", Config(
    tracking="deferred", tracking_interval=0.01, tracking_batch_size=10, spool=sys.argv[3],
    circuit_breaker=False, decision_api_url=sys.argv[1], tracking_url=sys.argv[2]))
visitor = Flagship.instance().create_visitor(u"ann")
for place in range(100):
    visitor.send_hit(Screen(u"%s-%d" % (sys.argv[4], place)))
Flagship.instance().flush(60)
Flagship.instance().close()
"""


@slow
def test_several_processes(emulator):
    """Four processes share a file while a third of the requests fail; each hit arrives exactly
    once."""
    emulator.misbehave("hit", status=503, share=0.3)
    urls = emulator.urls
    environment = dict(os.environ,
                       PYTHONPATH=os.pathsep.join([ROOT] + [path for path in sys.path if path]))
    command = [sys.executable, "-c", PROCESS, urls["decision_api_url"], urls["tracking_url"],
               os.path.abspath(SPOOL)]
    processes = [subprocess.Popen(command + ["%d" % number], env=environment)
                 for number in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    assert sorted(hit["dl"] for hit in emulator.hits) == sorted(
        "%d-%d" % (number, place) for number in range(4) for place in range(100))
    assert rows() == []


@slow
def test_what_a_killed_process_was_delivering(emulator, spooling):
    """A claim that nobody ends is another's after a while."""
    visitor = spooling()
    emulator.misbehave("hit", status=503)
    visitor.send_hit(Screen("a"))
    assert eventually(lambda: spooled() == 1)
    Flagship.instance().close()
    emulator.behave()
    for age, delivered in ((0, 0), (61, 1)):
        connection = sqlite3.connect(SPOOL)
        with connection:
            connection.execute("UPDATE spool SET claimed = ?", (time.time() - age,))
        connection.close()
        spooling()
        assert Flagship.instance().flush(5 if delivered else 0.5) is bool(delivered)
        assert len(emulator.hits) == delivered
        Flagship.instance().close()
