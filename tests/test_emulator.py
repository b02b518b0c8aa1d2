# -*- coding: utf-8 -*-
"""The emulator runs, misbehaves as it is told, and tells what it received."""
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
from tests.emulated import emulator, post, session  # noqa: F401
from tests.support import ROOT, data

PAGE = {"cid": "env", "ds": "APP", "vid": "ann", "t": "PAGEVIEW", "dl": "https://shop.example/"}


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


ALONE = [sys.executable, "-m", "flagship.emulator", "--bucketing"]
ENVIRONMENT = dict(os.environ, PYTHONPATH=os.pathsep.join([ROOT] + list(filter(None, sys.path))))


def test_alone():
    """python -m flagship.emulator prints its URLs, serves, and ends on Ctrl-C."""
    process = subprocess.Popen(
        ALONE + [data("shop.json"), "--env-id", "e", "--api-key", "k"], stdout=subprocess.PIPE,
        env=ENVIRONMENT,
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


@pytest.mark.parametrize("content", [None, "", "[]", '{"campaigns": 5}'])
def test_alone_with_a_bad_file(tmpdir, content):
    """It says which and why, without a traceback."""
    path = tmpdir.join("file.json")
    if content is not None:
        path.write(content)
    process = subprocess.Popen(ALONE + [str(path)], stderr=subprocess.PIPE, env=ENVIRONMENT)
    said = process.communicate()[1]
    assert process.returncode == 2 and b"error: " in said and b"Traceback" not in said
    assert b"file.json" in said


@pytest.mark.parametrize("path, headers, body, status", [
    ("/v2/shop/campaigns", {"x-api-key": "any"}, {"visitorId": "ann"}, 200),
    ("/v2/shop/campaigns", {}, {"visitorId": "ann"}, 401),
    ("/v2//campaigns", {"x-api-key": "any"}, {"visitorId": "ann"}, 401),
    ("/v2/shop/events", {}, {"type": "CONTEXT", "visitorId": "ann", "data": {}}, 204),
    ("/v2/activate", {}, {"cid": "shop", "caid": "g", "vaid": "v", "vid": "ann"}, 204),
    ("/v2/activate", {}, {"caid": "g", "vaid": "v", "vid": "ann"}, 400),
    ("/v2/activate", {}, {"cid": "shop", "batch": [{"caid": "g", "vaid": "v", "vid": "a"}]}, 204),
    ("/v2/activate", {}, {"batch": [{"cid": "x", "caid": "g", "vaid": "v", "vid": "a"}]}, 400),
    ("/collect/", {}, dict(PAGE, cid="shop"), 200),
    ("/collect/", {}, dict(PAGE, cid=""), 400), ("/collect/", {}, dict(PAGE, cid=None), 400),
    ("/collect/", {}, {"t": "BATCH", "ds": "APP", "cid": "shop", "h": [
        {"t": "SCREENVIEW", "vid": "ann", "dl": "home"}]}, 200)])
def test_any_credentials(session, path, headers, body, status):
    """They need only be there; without the option all of these are another environment's."""
    for any_credentials, wanted in ((True, {status}), (False, {400, 401})):
        with Emulator(any_credentials=any_credentials) as emulator:
            answer = session.post(emulator.url + path, json=body, headers=headers)
            assert answer.status_code in wanted
            assert emulator.requests[0].message == (answer.json()["message"] if answer.status_code
                                                    >= 400 else None)


def test_it_keeps_no_more_than_it_was_told(session):
    """One that runs for weeks; the counts and numbers are of all."""
    with Emulator(keep=3) as emulator:
        for number in range(20):
            session.post(emulator.url + "/collect/", json=dict(PAGE, vid="%d" % number))
            assert len(emulator.requests) <= 6 and len(emulator.hits) <= 6
            assert emulator.hits[-1]["vid"] == "%d" % number
        assert emulator.accepted["hits"] == 20
        assert [number for number, _ in emulator.requests_after(18)] == [19, 20]
        kept = emulator.requests_after(0)
        assert kept[-1][0] == 20 and len(kept) >= 3
        assert [json.loads(each.body.decode("ascii"))["vid"] for _, each in kept] == [
            "%d" % (number - 1) for number, _ in kept]
        emulator.clear()
        assert emulator.requests_after(0) == [] == emulator.requests_after(50)
        session.post(emulator.url + "/collect/", json=PAGE)
        assert [number for number, _ in emulator.requests_after(0)] == [21]
