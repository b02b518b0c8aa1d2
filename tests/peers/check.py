"""The vendor's own SDKs on the emulator: all their requests are taken, and their flags are ours.

    python -m pytest tests/peers/check.py

``PEERS`` names a folder with what it needs: ``javascript/`` as this folder's, after ``npm ci``, and
the environments ``2.1`` and ``3.0`` with these SDKs. The suite leaves this file out; CI runs it as
a job of its own.
"""
import collections
import json
import os
import subprocess

import pytest

from flagship import Config
from tests.support import ROOT

PEERS = os.environ.get("PEERS", "")
HERE = os.path.dirname(os.path.abspath(__file__))
CAMPAIGNS = os.path.join(ROOT, "examples", "campaigns.json")
HITS = {"PAGEVIEW", "SCREENVIEW", "EVENT", "TRANSACTION", "ITEM"}
SECONDS = 300  # for what is broken, not for what is slow


def python(version):
    return [os.path.join(PEERS, version, "bin", "python"),
            os.path.join(HERE, "flagship_%s.py" % version.replace(".", "_"))]


#: name: (command, where it runs, strategy of its queue)
SDKS = {
    "JavaScript": (["node", "peer.js"], os.path.join(PEERS, "javascript"), "PERIODIC_CACHING"),
    "JavaScript, continuous": (["node", "peer.js"], os.path.join(PEERS, "javascript"),
                               "CONTINUOUS_CACHING"),
    "Python 3.0": (python("3.0"), None, "CONTINUOUS_CACHING"),
    "Python 3.0, each alone": (python("3.0"), None, "_NO_BATCHING_CONTINUOUS_CACHING"),
    "Python 2.1": (python("2.1"), None, None),
}

# ASCII, as JavaScript hashes nothing else right, and each with all keys, as it takes a targeting
# with a missing key for met where the operator is a negative one.
VISITORS = [{"id": "visitor-%d" % number, "context": {
    "country": ("FR", "BE", "LU", "DE")[number % 4], "vip": number % 5 == 0, "orders": number % 30,
    "email": "v%d@example.%s" % (number, ("com", "org")[number % 2]),
    "device": ("phone", "desktop")[number % 3 == 0], "cart": number * 1.5,
    "app_version": "2.%d.0" % (number % 10)}} for number in range(200)]


def keys_of(campaigns):
    """Every flag of a bucketing file."""
    return sorted({key for campaign in campaigns for group in campaign["variationGroups"]
                   for variation in group["variations"]
                   for key in variation["modifications"]["value"]})


def ours(start, mode):
    """What our SDK gives the visitors, as the peers tell it."""
    flagship = start(mode=mode, timeout=20, tracking="deferred")
    flags = {}
    for each in VISITORS:
        visitor = flagship.create_visitor(each["id"], context=each["context"])
        assert visitor.synchronize_modifications()[0]
        flags[each["id"]] = {key: flag.value for key, flag in visitor.modifications.items()}
    flagship.close()
    return flags


@pytest.mark.parametrize("mode", list(Config.Mode), ids=str)
@pytest.mark.parametrize("name", sorted(SDKS))
def test_a_peer_is_served_as_on_the_platform(emulator, start, tmpdir, name, mode):
    """Start, flags of 200 visitors, activations, all hits, authentication, consent."""
    with open(CAMPAIGNS) as file:
        document = json.load(file)
    emulator.set_bucketing(document)
    expected = ours(start, mode)
    assert any(len(flags) > 5 for flags in expected.values())
    emulator.clear()
    emulator.is_watched = False
    command, folder, strategy = SDKS[name]
    task = tmpdir.join("task.json")
    task.write(json.dumps({
        "url": emulator.url, "env_id": emulator.env_id, "api_key": emulator.api_key,
        "mode": mode.value, "strategy": strategy, "visitors": VISITORS,
        "keys": keys_of(document["campaigns"])}))
    with tmpdir.join("stderr").open("wb") as stderr:
        output = subprocess.check_output(command + [str(task)], stderr=stderr, timeout=SECONDS,
                                         cwd=folder or str(tmpdir)).decode("utf-8")
    assert json.loads(output.splitlines()[-1])["flags"] == expected
    refused = [request.as_dict() for request in emulator.requests
               if not (200 <= request.status < 300 or request.status == 304)]
    assert refused == []
    sent = collections.Counter(request.endpoint for request in emulator.requests)
    assert set(sent) >= ({"campaigns"} if mode is Config.Mode.API else {"bucketing"})
    assert {hit["t"] for hit in emulator.hits} == HITS and emulator.activations
    assert emulator.segments or emulator.context_events or mode is Config.Mode.API
    print("%s in %s mode: %d requests, %d activations, %d hits, %d contexts, none refused" % (
        name, mode.value, len(emulator.requests), len(emulator.activations), len(emulator.hits),
        len(emulator.segments) + len(emulator.context_events)))
