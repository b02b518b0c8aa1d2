# -*- coding: utf-8 -*-
"""Answers: what other clients read is read, and nothing costs more than its size warrants."""
from __future__ import unicode_literals

import gc
import gzip
import io
import json
import subprocess
import sys
import zlib

import pytest

from flagship import Config
from flagship._events import EventLog
from flagship._json import decode
from flagship.transport import Endpoint, HttpClient, RequestFailed
from tests.support import ROOT, Log, eventually, slow, sockets

DOCUMENT = json.dumps({"campaigns": [], "text": "x" * 2000}).encode("ascii")


def member(content):
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb") as file:
        file.write(content)
    return buffer.getvalue()


def members(content, size):
    return b"".join(member(content[start:start + size]) for start in range(0, len(content), size))


@pytest.fixture(autouse=True)
def client_of_ones_own(request):
    """A test without the SDK sends what it likes, with a client of its own."""
    names = request.fixturenames
    if "emulator" in names and "start" not in names:
        request.getfixturevalue("emulator").is_watched = False


@pytest.fixture
def fetch(emulator):
    """Fetches a body; a RequestFailed's cause where it fails."""
    client = HttpClient(Config(max_response_size=100000, circuit_breaker=False), EventLog(Log()))

    def fetch(body, encoding="gzip"):
        emulator.misbehave("hit", body=body, headers={"Content-Encoding": encoding})
        try:
            return client.send(Endpoint("hit", "POST", emulator.urls["tracking_url"]), {}).body
        except RequestFailed as failure:
            return failure.cause
    yield fetch
    client.close()


@pytest.mark.parametrize("body", [
    member(DOCUMENT), members(DOCUMENT, 5), members(DOCUMENT, 500), members(DOCUMENT, 1999),
    member(DOCUMENT) + b"\0" * 512, member(DOCUMENT) + b"padding", member(b"") + member(DOCUMENT),
    member(DOCUMENT) + member(b"")])
def test_gzip_members(fetch, body):
    """A gzip body may consist of several members (RFC 1952, 2.2) and padding."""
    assert fetch(body) == DOCUMENT


def test_gzip_members_at_the_edge_of_a_slice(fetch):
    """Wherever a member ends in what is decompressed at once."""
    noise = bytes(bytearray((each * 7919 >> 3) % 256 for each in range(9000)))
    for size in range(4060, 4110):
        assert fetch(members(noise, size)) == noise


OVER = "the answer is over 100000 bytes (see troubleshooting: too-large)"


@pytest.mark.parametrize("body, cause", [
    (members(b" " * 100001, 1000), OVER),
    (member(b" " * 60000) * 2, OVER),
    (member(DOCUMENT)[:-1], "the answer ends inside of its gzip data"),
    (member(DOCUMENT) + member(DOCUMENT)[:-9], "the answer ends inside of its gzip data"),
    (b"not gzip", "the answer is not gzip"), (zlib.compress(DOCUMENT), "the answer is not gzip")])
def test_gzip_that_is_refused(fetch, body, cause):
    """Members count together, and one that is cut is no answer."""
    assert fetch(body) == cause


@pytest.mark.parametrize("fault", [{"body": b"x" * 200000}, {"status": 302, "headers": {
    "Location": "/elsewhere"}, "body": b"x" * 200000}], ids=["too large", "redirect"])
def test_a_connection_that_is_not_read_to_its_end_is_closed(emulator, fault):
    """At once, whoever keeps the error."""
    client = HttpClient(Config(max_response_size=100000), EventLog(Log()))
    emulator.misbehave("hit", **fault)
    gc.disable()
    before = sockets()
    try:
        with pytest.raises(RequestFailed) as caught:
            client.send(Endpoint("hit", "POST", emulator.urls["tracking_url"]), {})
        assert eventually(lambda: not sockets() - before, 2) and caught.value.received
    finally:
        gc.enable()
        client.close()


def test_very_many_members(emulator):
    """Each costs more than it holds."""
    client = HttpClient(Config(timeout=60), EventLog(Log()))
    endpoint = Endpoint("hit", "POST", emulator.urls["tracking_url"])
    emulator.misbehave("hit", body=member(b"") * 10000, headers={"Content-Encoding": "gzip"})
    assert client.send(endpoint, {}).body == b""
    emulator.misbehave("hit", body=member(b"") * 10001, headers={"Content-Encoding": "gzip"})
    with pytest.raises(RequestFailed) as caught:
        client.send(endpoint, {})
    assert caught.value.cause == "the answer has over 10000 gzip members"
    client.close()


def test_sizes_at_the_bound(fetch):
    """The bound itself is taken, one byte more is not, however it is packed."""
    for size, taken in ((100000, True), (100001, False)):
        content = b" " * size
        for encoding, pack in (("gzip", member), ("deflate", zlib.compress), ("identity", bytes)):
            assert (fetch(pack(content), encoding) == content) is taken


@pytest.mark.parametrize("digits", [1, 19, 308])
def test_integers(digits):
    value = int("7" * digits)
    assert decode(b"[" + b"7" * digits + b"]") == [value]
    assert decode(b"[-" + b"7" * digits + b"]") == [-value]


def test_endless_integers():
    """They are not parsed, on any Python: that takes quadratic time."""
    assert decode(b"[" + b"7" * 5000000 + b", 1]") == [float("inf"), 1]
    assert decode(b"[" + b"7" * 309 + b"]") == [float("inf")]
    assert decode(b"[-" + b"7" * 309 + b"]") == [-float("inf")]


def test_a_byte_order_mark():
    assert decode(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize("content", [
    b"[" * 100000 + b"]" * 100000, b'{"a":' * 100000 + b"1" + b"}" * 100000, b"[NaN]",
    b"[Infinity]", b"\xff", b"", b"[1,]"])
def test_what_is_not_json(content):
    with pytest.raises(ValueError):
        decode(content)


SIZE = 8 * 1024 * 1024
PARTS = {"objects": b"{},", "lists": b"[],", "pairs": b'{"a":1},', "nested": b"[[]],",
         "numbers": b"1,", "wrong campaigns": b'{"id":[]},'}
MEASURE = """
import resource, sys
sys.path.insert(0, {root!r})
from flagship._json import decode
content = b'{{"campaigns":[' + {part!r} * ({size} // len({part!r})) + b'0]}}'

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
try:
    decode(content)
except ValueError:
    pass
print((peak() - before) // len(content))
"""


@slow
@pytest.mark.parametrize("part", sorted(PARTS))
def test_small_parts(part):
    """Millions of tiny values cost at most ten times their size, which gzip makes a thousandth."""
    program = MEASURE.format(root=str(ROOT), part=PARTS[part], size=SIZE)
    output = subprocess.check_output([sys.executable, "-c", program])
    assert int(output) <= 10


@slow
def test_a_large_file_of_real_shape():
    """What a real file consists of is read, however large it is."""
    campaign = json.dumps({"id": "c1", "variationGroups": [{
        "id": "g", "targeting": {"targetingGroups": [{"targetings": [
            {"key": "fs_all_users", "operator": "EQUALS", "value": ""}]}]},
        "variations": [{"id": "v", "allocation": 100, "modifications": {"value": {"a": 1}}}]}]},
        separators=(",", ":"))
    text = '{"campaigns":[' + ",".join([campaign] * 20000) + "]}"
    assert len(decode(text.encode("ascii"))["campaigns"]) == 20000
    script = json.dumps("function(a,b){if(a){return b[0]}};" * 100000)
    assert len(decode(script.encode("ascii"))) == 3400000
