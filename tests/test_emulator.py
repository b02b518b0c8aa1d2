# -*- coding: utf-8 -*-
"""The emulator answers like the platform, and misbehaves as it is told."""
from __future__ import unicode_literals

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
import requests

from flagship.emulator import Emulator
from flagship.errors import FlagshipParsingError, ParamError, TypingError
from tests.support import data

CAMPAIGNS = "/v2/env/campaigns/"
KEY = {"x-api-key": "key"}
HIT = {"cid": "env", "ds": "APP", "vid": "ann"}
PAGE = dict(HIT, t="PAGEVIEW", dl="https://shop.example/")
ACTIVATION = {"cid": "env", "caid": "g", "vaid": "v", "vid": "ann"}


@pytest.fixture
def session():
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def post(emulator, session):
    def post(path, body, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode("ascii")
        return session.post(emulator.url + path, data=content, headers=headers, timeout=5)
    return post


@pytest.mark.parametrize("body, said", [
    (b"", "JSON"), (b"{", "JSON"), (b"\xff", "JSON"), (b"[]", "object"), (b"5", "object"), ({}, "visitorId"),
    ({"visitorId": ""}, "visitorId"), ({"visitorId": 5}, "visitorId"), ({"visitorId": "v", "new": 1}, "new"),
    ({"visitorId": "v", "context": []}, "context"), ({"visitorId": "v", "context": {"a": None}}, "context"),
    ({"visitorId": "v", "context": {"a": [1]}}, "context"), ({"visitorId": "v", "anonymousId": 5}, "anonymousId"),
    ({"visitorId": "v", "trigger_hit": 1}, "trigger_hit")])
def test_campaigns_refuses(emulator, post, body, said):
    answer = post(CAMPAIGNS, body, **KEY)
    assert answer.status_code == 400 and said in answer.json()["message"]
    assert emulator.decisions == [] and emulator.requests[0].status == 400


@pytest.mark.parametrize("path, headers, status", [
    (CAMPAIGNS, {}, 401), (CAMPAIGNS, {"x-api-key": "wrong"}, 401), ("/v2/other/campaigns/", KEY, 401),
    (CAMPAIGNS + "?mode=wrong", KEY, 400), (CAMPAIGNS + "?mode=simple", KEY, 200), (CAMPAIGNS, KEY, 200),
    ("/v2/env/campaigns", KEY, 200), ("/v2/env/nothing/", KEY, 404), ("/", KEY, 404)])
def test_campaigns_status(post, path, headers, status):
    assert post(path, {"visitorId": "ann"}, **headers).status_code == status


def test_campaigns_answer(post):
    """The answer is platform.md's, with null values and without what a file leaves out."""
    campaigns = post(CAMPAIGNS, {"visitorId": "ann", "context": {"vip": True}}, **KEY).json()
    color = campaigns["campaigns"][0]["variation"]["modifications"]["value"]
    assert set(color) == {"cta-color", "cta-size", "cta-hint"} and color["cta-hint"] is None
    assert campaigns["visitorId"] == "ann"
    assert campaigns["campaigns"][1] == {
        "id": "vip", "variationGroupId": "vip-gold", "type": "perso", "variation": {
            "id": "vip-on", "reference": False, "modifications": {"type": "JSON", "value": {
                "discount": 20, "banner": {"title": "Merci", "lines": ["a", "b"]}, "free": True}}}}
    assert campaigns["campaigns"][0]["slug"] == "call-to-action"


def test_panic(emulator, post, session):
    emulator.panic = True
    assert post(CAMPAIGNS, {"visitorId": "ann"}, **KEY).json() == {
        "visitorId": "ann", "campaigns": [], "panic": True}
    assert session.get(emulator.url + "/cdn/env/bucketing.json").json() == {"panic": True}


@pytest.mark.parametrize("path, body, status", [
    ("/v2/activate", ACTIVATION, 204), ("/v2/activate", dict(ACTIVATION, aid="x"), 204),
    ("/v2/activate", dict(ACTIVATION, aid=5), 400), ("/v2/activate", dict(ACTIVATION, cid="other"), 400),
    ("/v2/activate", {}, 400), ("/v2/activate", dict(ACTIVATION, new=1), 400), ("/v2/activate", b"x", 400),
    ("/v2/activate", {"cid": "env", "batch": [{"vid": "a", "caid": "g", "vaid": "v", "qt": 0}] * 100}, 204),
    ("/v2/activate", {"cid": "env", "batch": [{"vid": "a", "caid": "g", "vaid": "v", "qt": 0}] * 101}, 400),
    ("/v2/activate", {"cid": "env", "batch": [{"vid": "a", "caid": "g", "vaid": "v"}]}, 400),
    ("/v2/activate", {"cid": "env", "batch": []}, 400), ("/v2/activate", {"cid": "env", "batch": ["x"]}, 400),
    ("/v2/env/events", {"type": "CONTEXT", "visitorId": "a", "data": {"b": 1}}, 204),
    ("/v2/env/events", {"type": "OTHER", "visitorId": "a", "data": {}}, 400),
    ("/v2/env/events", {"type": "CONTEXT", "data": {}}, 400),
    ("/v2/other/events", {"type": "CONTEXT", "visitorId": "a", "data": {}}, 401)])
def test_tracking_status(emulator, post, path, body, status):
    """What is accepted is kept; what is refused says why and is not."""
    answer = post(path, body)
    assert answer.status_code == status, answer.text
    kept = emulator.hits + emulator.activations + emulator.context_events
    if status < 300:
        assert kept and (body in kept or "batch" in body or "h" in body)
    else:
        assert kept == [] and answer.json()["message"]


def test_bucketing_file(emulator, session):
    """The CDN gives the file, then 304 until it changes."""
    url = emulator.url + "/cdn/env/bucketing.json"
    first = session.get(url)
    assert first.json()["campaigns"][0]["id"] == "cta"
    condition = {"If-Modified-Since": first.headers["Last-Modified"]}
    again = session.get(url, headers=condition)
    assert (again.status_code, again.content) == (304, b"")
    emulator.set_bucketing({"campaigns": []})
    changed = session.get(url, headers=condition)
    assert changed.json() == {"campaigns": []} and changed.headers["Last-Modified"] != first.headers["Last-Modified"]
    assert session.get(emulator.url + "/cdn/other/bucketing.json").status_code == 404
    assert session.post(url).status_code == 405


@pytest.mark.parametrize("bad", [{"campaigns": 5}, []])
def test_no_bucketing_file(bad, tmpdir):
    path = tmpdir.join("file.json")
    path.write(json.dumps(bad))
    with pytest.raises(FlagshipParsingError):
        Emulator(str(path))


@pytest.mark.parametrize("arguments, error", [
    (("nowhere",), ParamError), (("hit", {"status": "500"}), TypingError), (("hit", {"reset": "after"}), ParamError),
    (("hit", {"times": 0}), ParamError), (("hit", {"new": 1}), TypeError)], ids=repr)
def test_misbehave_refuses(emulator, arguments, error):
    with pytest.raises(error):
        emulator.misbehave(arguments[0], **(arguments[1] if len(arguments) > 1 else {}))


def test_times(emulator, post):
    """A misbehaviour of so many times ends by itself, and behave ends any."""
    emulator.misbehave("hit", status=503, times=2)
    assert [post("/collect/", PAGE).status_code for _ in range(3)] == [503, 503, 200]
    emulator.misbehave("hit", status=503)
    emulator.misbehave("events", status=503)
    emulator.behave("hit")
    assert post("/collect/", PAGE).status_code == 200
    assert post("/v2/env/events", {}).status_code == 503
    emulator.behave()
    assert post("/v2/env/events", {}).status_code == 400


def test_over_http(emulator, session):
    """What it received can be read, and its behaviour changed, from any language."""
    base = emulator.url + "/_emulator/"
    session.post(emulator.url + "/collect/", data=json.dumps(PAGE))
    received = session.get(base + "received").json()
    assert received["hits"] == [PAGE] and received["requests"][0]["endpoint"] == "hit"
    session.delete(base + "received")
    assert session.get(base + "received").json()["requests"] == []
    session.post(base + "faults", data='{"endpoint": "hit", "status": 418}')
    assert session.post(emulator.url + "/collect/", data=json.dumps(PAGE)).status_code == 418
    session.delete(base + "faults")
    assert session.post(emulator.url + "/collect/", data=json.dumps(PAGE)).status_code == 200
    session.post(base + "panic", data="true")
    assert emulator.panic is True and session.get(base + "panic").json() is True
    session.post(base + "bucketing", data='{"campaigns": [], "panic": true}')
    assert session.post(base + "faults", data='{"endpoint": "x"}').status_code == 400
    assert session.post(base + "panic", data="5").status_code == 400
    assert session.get(base + "nothing").status_code == 404


def test_port_and_restart(emulator):
    """A stopped emulator keeps its port and can start again; two cannot share one."""
    with pytest.raises(EnvironmentError):
        Emulator(port=emulator.port).start()
    port = emulator.port
    emulator.stop()
    emulator.stop()
    assert emulator.port == port
    with emulator:
        assert emulator.port == port
        socket.create_connection(("127.0.0.1", port)).close()


def test_alone():
    """python -m flagship.emulator prints its URLs, serves, and ends on Ctrl-C."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(
        [root] + [path for path in sys.path if path]))
    process = subprocess.Popen([sys.executable, "-m", "flagship.emulator", "--bucketing", data("shop.json"),
                                "--env-id", "e", "--api-key", "k"], stdout=subprocess.PIPE, env=environment,
                               # A shell's background job ignores the signal, and so would what it starts.
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        lines = [process.stdout.readline().decode("ascii").strip() for _ in range(4)]
        urls = dict(line.split("=", 1) for line in lines)
        assert set(urls) == {"cdn_url", "decision_api_url", "tracking_url", "received"}
        with requests.Session() as session:
            assert session.get(urls["cdn_url"] + "/e/bucketing.json").json()["campaigns"]
            assert session.get(urls["received"]).json()["requests"][0]["status"] == 200
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 0


def test_alone_with_a_bad_file(tmpdir):
    process = subprocess.Popen([sys.executable, "-m", "flagship.emulator", "--bucketing", str(tmpdir.join("none"))],
                               stderr=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=os.path.dirname(
                                   os.path.dirname(os.path.abspath(__file__)))))
    assert b"none" in process.communicate()[1] and process.returncode == 2
