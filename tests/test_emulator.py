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
from flagship.errors import ParamError, TypingError
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
