# -*- coding: utf-8 -*-
"""Each kind of request has a timeout of its own, and every timeout is in seconds."""
from __future__ import unicode_literals

import email.utils
import logging
import time

import pytest
import requests

from flagship import Config, Flagship
from flagship.helpers.hits import Page
from flagship.transport import Endpoint, HttpClient, RequestFailed
from flagship._events import EventLog
from tests.support import everybody

PAGE = Page("https://shop.example/")


@pytest.fixture(autouse=True)
def client_of_ones_own(request):
    """A test without the SDK sends what it likes, with a client of its own."""
    names = request.fixturenames
    if "emulator" in names and "start" not in names:
        request.getfixturevalue("emulator").is_watched = False


@pytest.fixture
def http(log):
    """Makes an HttpClient; options go to Config. Closed afterwards."""
    made = []

    def http(**options):
        made.append(HttpClient(Config(event_handler=log, **options), EventLog(log)))
        return made[-1]
    yield http
    for each in made:
        each.close()


@pytest.mark.parametrize("given, bounds", [
    ({}, (2.0, 2.0, 10.0)),
    ({"timeout": 0.1}, (0.1, 2.0, 10.0)),
    ({"timeout": 5}, (5, 5, 10.0)),
    ({"timeout": 5, "tracking_timeout": 1, "bucketing_timeout": 2}, (5, 1, 2)),
])
def test_what_bounds_which_request(emulator, start, log, given, bounds):
    """The decision has ``timeout``, activations and hits ``tracking_timeout``, by default the
    larger of ``timeout`` and 2, the file ``bucketing_timeout``."""
    class Session(requests.Session):
        def send(self, request, **kwargs):
            bound[request.path_url] = kwargs["timeout"][0]
            return super(Session, self).send(request, **kwargs)
    bound, session = {}, Session()
    flagship = Flagship.instance()
    for mode in Config.Mode:
        flagship.start("env", "key", Config(mode=mode, session=session, bucketing_file=None,
                                            **dict(emulator.urls, **given)))
        visitor = flagship.create_visitor("ann")
        visitor.synchronize_modifications()
        visitor.activate_modification("cta-color")
        visitor.send_hit(PAGE)
    flagship.close()
    session.close()
    decision, tracking, bucketing = bounds
    found = {path.split("?")[0].strip("/").split("/")[-1]: bound[path] for path in bound}
    assert found.pop("campaigns") == decision
    assert found.pop("bucketing.json") == bucketing
    assert len(bound) == 5 and set(found.values()) == {tracking}


def test_a_small_timeout_has_its_file_and_its_hits(emulator):
    """A page that allows a decision 0.1 s gets a file that takes 150 ms, and its hits arrive."""
    for endpoint in ("bucketing", "activate", "hit", "events"):
        emulator.misbehave(endpoint, delay=0.15)
    emulator.set_bucketing({"campaigns": [everybody("c", ("v", 100, {"flag": "on"}))]})
    flagship = Flagship.instance()
    try:
        flagship.start("env", "key", Config(mode=Config.Mode.BUCKETING, polling_interval=5,
                                            timeout=0.1, bucketing_file=None, **emulator.urls))
        visitor = flagship.create_visitor("ann")
        assert visitor.synchronize_modifications() == (True, "")
        assert visitor.get_modification("flag", "off", True) == "on"
        assert visitor.send_hit(PAGE) == (True, "200")
        assert len(emulator.activations) == 1
    finally:
        flagship.close()


@pytest.mark.parametrize("timeout, warns", [(60, False), (60.5, True), (2000, True)])
def test_milliseconds_are_noticed(start, log, timeout, warns):
    """The vendor's 3.x takes milliseconds: one line at the start says what the number means."""
    start(timeout=timeout)
    lines = log.at(logging.WARNING)
    assert len(lines) == warns
    assert not warns or "%g seconds" % timeout in lines[0] and "milliseconds" in lines[0]


@pytest.mark.parametrize("interval", [float("inf"), 1e300, 10 ** 30, 10 ** 5000],
                         ids=["infinity", "float", "int", "long"])
def test_hardly_ever(start, interval):
    """A huge polling interval, infinity included, means hardly ever."""
    flagship = start(mode=Config.Mode.BUCKETING, polling_interval=interval)
    assert flagship.create_visitor("ann").synchronize_modifications() == (True, "")
    assert flagship.config.polling_interval >= 31 * 24 * 3600


def _date(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


@pytest.mark.parametrize("header, low, high", [
    ("0", 0, 0), ("7", 7, 7), (" 7 ", 7, 7), ("301", 300, 300), ("9" * 18, 300, 300),
    ("9" * 400, None, None), ("-1", None, None), ("1.5", None, None), ("soon", None, None),
    ("", None, None), (None, None, None), ("Wed, 99 Foo 2026 99:99:99 GMT", None, None),
    (lambda: _date(200), 100, 200), (lambda: _date(-3600), 0, 0),
    (lambda: _date(10 ** 6), 300, 300),
    ("Fri, 31 Dec 9999 23:59:59 GMT", 300, 300)])
def test_retry_after(emulator, http, header, low, high):
    """``RequestFailed.retry_after`` is what the platform asks for, in seconds from 0 to 300."""
    if callable(header):
        header = header()
    headers = {} if header is None else {"Retry-After": header}
    emulator.misbehave("hit", status=429, headers=headers)
    with pytest.raises(RequestFailed) as caught:
        http().send(Endpoint("hit", "POST", emulator.urls["tracking_url"]), {})
    assert caught.value.status == 429
    found = caught.value.retry_after
    assert found is None if low is None else low <= found <= high and isinstance(found, float)


def test_a_body_that_is_encoded_already(emulator, http):
    """``body`` goes out as it is, ``payload`` as JSON."""
    client, endpoint = http(), Endpoint("hit", "POST", emulator.urls["tracking_url"])
    emulator.misbehave("hit", status=200)
    client.send(endpoint, body=b'{"t":  "PAGEVIEW"}')
    client.send(endpoint, {"t": "EVENT"})
    assert [request.body for request in emulator.requests] == [
        b'{"t":  "PAGEVIEW"}', b'{"t": "EVENT"}']


def test_a_payload_that_is_not_json(emulator, http):
    """It fails by itself: nothing is sent, and the circuit stays closed."""
    client, endpoint = http(), Endpoint("hit", "POST", emulator.urls["tracking_url"])
    emulator.misbehave("hit", status=200)
    deep = []
    deep.append(deep)
    for payload in ({"a": object()}, {"a": float("nan")}, {(1, 2): 3}, deep) * 2:
        with pytest.raises(RequestFailed) as caught:
            client.send(endpoint, payload)
        assert (caught.value.tried, caught.value.received) == (False, False)
        assert caught.value.message.startswith("hit: the payload is not JSON")
    assert client.send(endpoint, {"t": "EVENT"}).status == 200
    assert len(emulator.requests) == 1


def test_a_deadline_has_the_endpoint_s_timeout(emulator, http):
    """A bound that may be cancelled ends what hangs after the endpoint's timeout."""
    client = http(timeout=30)
    endpoint = Endpoint("hit", "POST", emulator.urls["tracking_url"], timeout=0.3)
    emulator.misbehave("hit", hang=True)
    began = time.time()
    for deadline in (None, client.deadline(endpoint)):
        with pytest.raises(RequestFailed) as caught:
            client.send(endpoint, {}, deadline=deadline)
        assert "no answer within 0.3 s" in caught.value.cause
    assert time.time() - began < 10
    assert client.deadline().seconds == 30
