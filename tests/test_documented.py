"""The fixture `emulator` fails a test whose SDK sends what it is not documented to send."""
import json

import pytest

from flagship.emulator import Request
from tests.documented import undocumented

SDK = {"content-type": "application/json", "x-sdk-client": "python", "x-sdk-version": "2.2.0"}
KEYED = dict(SDK, **{"x-api-key": "key"})
PLAIN = {"content-type": "application/json"}
CAMPAIGNS = "/v2/env/campaigns/?exposeAllKeys=true&sendContextEvent=false"
DECISION = {"visitorId": "ann", "trigger_hit": False, "context": {"vip": True}}
EVENT = {"type": "CONTEXT", "visitorId": "ann", "data": {"vip": True}}
ACTIVATION = {"cid": "env", "caid": "g", "vaid": "v", "vid": "ann"}
ITEM = {"vid": "ann", "caid": "g", "vaid": "v", "qt": 0}
SCREEN = {"cid": "env", "ds": "APP", "vid": "ann", "t": "SCREENVIEW", "dl": "home"}
INNER = {"vid": "ann", "t": "SCREENVIEW", "dl": "home", "qt": 5}
SEGMENT = {"vid": "ann", "t": "SEGMENT", "s": {"vip": True}, "qt": 5}


def batch(*hits, **fields):
    return dict({"t": "BATCH", "ds": "APP", "cid": "env", "h": list(hits)}, **fields)


def problem(endpoint, path, headers, body, method="POST"):
    content = json.dumps(body).encode("ascii") if body is not None else b""
    return undocumented(Request(endpoint, method, path, headers, content))


@pytest.mark.parametrize("endpoint, path, headers, body", [
    ("campaigns", CAMPAIGNS, KEYED, DECISION),
    ("campaigns", CAMPAIGNS, KEYED, dict(DECISION, anonymousId="a")),
    ("campaigns", CAMPAIGNS, KEYED, dict(DECISION, visitor_consent=False)),
    ("campaigns", "/v2/campaigns?exposeAllKeys=true&sendContextEvent=false", SDK, DECISION),
    ("events", "/v2/env/events", SDK, EVENT),
    ("activate", "/v2/activate", SDK, ACTIVATION),
    ("activate", "/v2/activate", SDK, dict(ACTIVATION, aid="a")),
    ("activate", "/v2/activate", SDK, {"cid": "env", "batch": [ITEM, dict(ITEM, aid="a")]}),
    ("hit", "/collect/", PLAIN, dict(SCREEN, sn=1, sr="640x480", cuid="bob")),
    ("hit", "/collect/", PLAIN, batch(INNER, SEGMENT))], ids=repr)
def test_what_is_documented(endpoint, path, headers, body):
    assert problem(endpoint, path, headers, body) is None


@pytest.mark.parametrize("endpoint, path, headers, body", [
    (None, "/", SDK, {}), ("flags", "/v2/flags", KEYED, DECISION),
    ("campaigns", "/v2/env/campaigns/?exposeAllKeys=true", KEYED, DECISION),
    ("campaigns", "/v2/env/campaigns", KEYED, DECISION), ("campaigns", CAMPAIGNS, SDK, DECISION),
    ("campaigns", CAMPAIGNS, dict(KEYED, **{"x-sdk-client": "other"}), DECISION),
    ("campaigns", CAMPAIGNS, KEYED, dict(DECISION, visitor_consent=True)),
    ("campaigns", CAMPAIGNS, KEYED, dict(DECISION, trigger_hit=True)),
    ("campaigns", CAMPAIGNS, KEYED, dict(DECISION, anonymousId=None)),
    ("campaigns", CAMPAIGNS, KEYED, dict(DECISION, visitorId="")),
    ("campaigns", CAMPAIGNS, KEYED, dict(DECISION, context={"a": None})),
    ("campaigns", CAMPAIGNS, KEYED, dict(DECISION, context={"a": [1]})),
    ("campaigns", CAMPAIGNS, KEYED, dict(DECISION, context={"fs_client": "python"})),
    ("campaigns", CAMPAIGNS, KEYED, {"visitorId": "ann", "trigger_hit": False}),
    ("campaigns", CAMPAIGNS, KEYED, [DECISION]), ("campaigns", CAMPAIGNS, KEYED, None),
    ("events", "/v2/env/events", KEYED, EVENT),
    ("events", "/v2/env/events", SDK, dict(EVENT, data={"a": None})),
    ("activate", "/v2/activate", KEYED, ACTIVATION),
    ("activate", "/v2/activate", SDK, dict(ACTIVATION, aid=None)),
    ("activate", "/v2/activate", SDK, dict(ACTIVATION, qt=0)),
    ("activate", "/v2/activate", SDK, {"cid": "env", "batch": []}),
    ("activate", "/v2/activate", SDK, {"cid": "env", "batch": [ACTIVATION]}),
    ("activate", "/v2/activate", SDK, {"cid": "env", "batch": [ITEM] * 101}),
    ("hit", "/collect", PLAIN, SCREEN), ("hit", "/collect/", SDK, SCREEN),
    ("hit", "/collect/", {}, SCREEN), ("hit", "/collect/", PLAIN, dict(SCREEN, cuid=None)),
    ("hit", "/collect/", PLAIN, dict(SCREEN, sn="1")),
    ("hit", "/collect/", PLAIN, dict(SCREEN, qt=1)),
    ("hit", "/collect/", PLAIN, dict(SCREEN, sr="640X480")),
    ("hit", "/collect/", PLAIN, dict(SCREEN, qa=True)), ("hit", "/collect/", PLAIN, INNER),
    ("hit", "/collect/", PLAIN, dict(SCREEN, t="EVENT", ec="User Engagement", ea="a", ev=0)),
    ("hit", "/collect/", PLAIN, dict(SEGMENT, cid="env", ds="APP")),
    ("hit", "/collect/", PLAIN, batch(dict(INNER, t="CAMPAIGN", caid="g", vaid="v"))),
    ("hit", "/collect/", PLAIN, batch(dict(INNER, ds="APP"))), ("hit", "/collect/", PLAIN, batch()),
    ("hit", "/collect/", PLAIN, batch({"vid": "ann", "t": "SCREENVIEW", "dl": "home"})),
    ("hit", "/collect/", PLAIN, batch(INNER, qt=1)),
    ("hit", "/collect/", PLAIN, batch(dict(SEGMENT, s={"a": None})))], ids=repr)
def test_what_is_not(endpoint, path, headers, body):
    """Though most of it the platform takes."""
    assert problem(endpoint, path, headers, body)


@pytest.mark.parametrize("method, headers, body, is_documented", [
    ("GET", {}, None, True), ("GET", {"if-modified-since": "Fri"}, None, True),
    ("POST", {}, None, False), ("GET", KEYED, None, False), ("GET", {}, {}, False)])
def test_the_file(method, headers, body, is_documented):
    found = problem("bucketing", "/cdn/env/bucketing.json", headers, body, method)
    assert (found is None) is is_documented
