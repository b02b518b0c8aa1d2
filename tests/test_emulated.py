# -*- coding: utf-8 -*-
"""FLAGSHIP_EMULATOR: a program goes to the emulator as it is, and nothing goes anywhere else."""
from __future__ import unicode_literals

import logging
import os

import pytest

from flagship import Config, Flagship
from flagship.emulator import Emulator
from flagship.hits import Screen
from tests.support import Log, data, eventually, file_of, free_port, screens

NAMES = ("decision_api_url", "cdn_url", "tracking_url")


@pytest.fixture
def platform():
    with Emulator(data("shop.json"), any_credentials=True) as emulator:
        yield emulator


@pytest.fixture
def point(monkeypatch):
    """Sets the variable, or removes it where the value is None."""
    def point(value):
        if value is None:
            return monkeypatch.delenv(str("FLAGSHIP_EMULATOR"))
        monkeypatch.setenv(str("FLAGSHIP_EMULATOR"), str(value))
    return point


@pytest.fixture(autouse=True)
def ended():
    yield
    Flagship.instance().close()


def start(log, **options):
    options.setdefault("bucketing_file", None)
    Flagship.instance().start("of-the-program", "its-key", Config(event_handler=log, **options))
    return Flagship.instance()


def warnings(log):
    return [line for line in log.at(logging.WARNING) if "FLAGSHIP_EMULATOR" in line]


@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
@pytest.mark.parametrize("decision_api", ["platform", "self-hosted"])
@pytest.mark.parametrize("mode", list(Config.Mode), ids=lambda mode: mode.name)
def test_all_that_an_unchanged_program_asks_and_sends_goes_there(
        platform, point, log, monkeypatch, mode, decision_api, tracking):
    """With its own credentials, past a proxy, and with one warning."""
    point(platform.url)
    monkeypatch.setenv(str("HTTP_PROXY"), str("http://127.0.0.1:%d" % free_port()))
    monkeypatch.delenv(str("NO_PROXY"), raising=False)
    flagship = start(log, mode=mode, decision_api=decision_api, tracking=tracking)
    visitor = flagship.create_visitor("ann", context={"country": "fr"})
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.activate_modification("cta-color")[0]
    assert visitor.send_hit(Screen("home"))[0]
    flagship.close()
    assert screens(platform) == ["home"] and [each["cid"] for each in platform.activations] == [
        "of-the-program"]
    assert len(platform.context_events + platform.segments) == 1
    assert {each.status for each in platform.requests} <= {200, 204}
    assert warnings(log) == ["[start] FLAGSHIP_EMULATOR is set, for development only: %s takes the "
                             "platform's place" % platform.url]
    assert log.at(logging.ERROR) == []


@pytest.mark.parametrize("value, base", [
    ("http://127.0.0.1:8080", None), (" http://127.0.0.1:8080/\n", "http://127.0.0.1:8080"),
    ("http://127.8.9.255", None), ("http://localhost:1", None), ("http://[::1]:65535", None)])
def test_an_address_of_loopback_is_the_default_of_every_url(point, value, base):
    point(value)
    base = base or value
    assert [getattr(Config(), name) for name in NAMES] == [
        base + "/v2", base + "/cdn", base + "/collect"]


@pytest.mark.parametrize("value", [
    "http://192.168.0.1:8080", "http://evil.example", "http://127.0.0.1.evil.example",
    "http://localhost.evil.example:8080", "http://ann:secret@127.0.0.1", "http://127.0.0.1@evil",
    "https://127.0.0.1:8080", "127.0.0.1:8080", "http://127.0.0.256", "http://127.1",
    "http://2130706433", "http://0.0.0.0:8080", "http://[::ffff:127.0.0.1]", "http://[::1",
    "http://127.0.0.1:0", "http://127.0.0.1:65536", "http://127.0.0.1:secret",
    "http://127.0.0.1:8080/v2", "http://127.0.0.1?", "http://127.0.0.1\\@evil", "http:/localhost",
    "http://127.0.0.1:8080\nhttp://evil", "http://localhost#", "file:///tmp", "1", "secret"])
def test_anything_else_is_ignored_and_said_once(point, log, value):
    """The program's data does not leave for an address that stands in the environment. What is said
    does not quote it, as it may hold a password."""
    point(value)
    assert [getattr(Config(), name) for name in NAMES] == [
        "https://decision.flagship.io/v2", "https://cdn.flagship.io", "https://ariane.abtasty.com"]
    for _ in range(3):
        start(log)
    said, = log.at(logging.WARNING)
    assert "FLAGSHIP_EMULATOR is ignored" in said and "http://127.0.0.1:8080" in said
    assert "secret" not in said and "evil" not in said


def test_bytes_that_are_no_text_are_ignored(point, log):
    point("http://127.0.0.1:8080/\udcff" if str is not bytes else b"http://\xff")
    start(log)
    assert len(warnings(log)) == 1


def test_a_url_that_the_program_gives_stays(platform, point, log):
    """And is named, as what goes there does not go to the emulator."""
    point(platform.url)
    with Emulator() as other:
        flagship = start(log, tracking_url=other.urls["tracking_url"])
        visitor = flagship.create_visitor("ann")
        assert visitor.synchronize_modifications()[0]
        assert not visitor.send_hit(Screen("home"))[0]  # of an environment that it does not know
        assert len(other.requests) == 1 and platform.hits == []
    assert warnings(log)[0].endswith("place, but not for tracking_url, which the program gives")


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_one_is_none(point, log, value):
    point(value)
    assert Config().cdn_url == "https://cdn.flagship.io"
    start(log)
    assert warnings(log) == []


@pytest.mark.parametrize("options", [{"offline": True}, dict.fromkeys(NAMES, "http://127.0.0.1:1")],
                         ids=["offline", "all URLs given"])
def test_nothing_is_said_where_it_is_not_used(platform, point, log, options):
    point(platform.url)
    start(log, **options)
    assert warnings(log) == []


def test_a_wrong_url_that_is_caught_leaves_the_emulator(platform, point):
    """And not the platform, which would take the data of a program under development."""
    point(platform.url)
    log = Log(catch_all_exceptions=True)
    config = Config(event_handler=log, tracking_url="ftp://shop.example")
    assert config.tracking_url == platform.urls["tracking_url"] and log.caught


def test_the_emulator_s_file_does_not_outlive_it(platform, point, log, tmpdir):
    """Its copy on disk is of today: the platform, asked for what changed since, would never answer
    with its own, which is older."""
    path = str(tmpdir.join("bucketing.json"))
    options = {"mode": Config.Mode.BUCKETING, "bucketing_file": path, "polling_interval": 0}
    point(platform.url)
    start(log, **options).close()
    assert os.path.exists(path)
    point(None)
    with Emulator(file_of("of the platform"), env_id="of-the-program") as real:
        flagship = start(log, **dict(options, **real.urls))
        assert flagship.status.source == "network"
        assert "if-modified-since" not in real.requests[0].headers
        flagship.close()
        # And its own serves again.
        flagship = start(log, **dict(options, **real.urls))
        assert eventually(lambda: [each.status for each in real.requests] == [200, 304])
        flagship.close()


def test_offline_serves_the_platform_s_file(platform, point, log, tmpdir):
    """The variable changes nothing where no request is made."""
    options = {"mode": Config.Mode.BUCKETING, "bucketing_file": str(tmpdir.join("bucketing.json"))}
    with Emulator(file_of("of the platform"), env_id="of-the-program") as real:
        start(log, **dict(options, **real.urls)).close()
    point(platform.url)
    assert start(log, offline=True, **options).status.source == "snapshot"


def test_what_was_spooled_goes_where_it_was_meant_to(platform, point, log, tmpdir):
    """What a program left for the platform is not the emulator's, nor the other way round."""
    options = {"tracking": "deferred", "spool": str(tmpdir.join("spool.db"))}
    point("http://127.0.0.1:%d" % free_port())
    flagship = start(log, **options)
    assert flagship.create_visitor("ann").send_hit(Screen("for the emulator"))[0]
    flagship.close(0.1)
    point(None)
    with Emulator(env_id="of-the-program") as real:
        flagship = start(log, **dict(options, **real.urls))
        assert flagship.create_visitor("ann").send_hit(Screen("for the platform"))[0]
        flagship.close()
        assert screens(real) == ["for the platform"]
    point(platform.url)
    flagship = start(log, **options)
    assert flagship.create_visitor("ann").send_hit(Screen("also"))[0]
    flagship.close()
    assert screens(platform) == ["also", "for the emulator"]
