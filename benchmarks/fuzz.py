"""Coverage-guided fuzzing of what comes from outside: the campaigns answer, the bucketing file, a
copy of it on disk, the visitor cache's record, a cookie, a URL, errors that quote a secret, and the
requests to the emulator. Needs atheris and itsdangerous (``pip install atheris itsdangerous``).

Usage: python benchmarks/fuzz.py campaigns|bucketing|file|record|cookie|url|secret|emulator
           [options of libFuzzer, such as -max_total_time=1200]
"""
from __future__ import print_function

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Beside this script stands an http.py, which is not the standard library's.
sys.path[:] = [os.path.dirname(HERE)] + [path for path in sys.path if os.path.abspath(path) != HERE]

import atheris  # noqa: E402
import itsdangerous  # noqa: E402

with atheris.instrument_imports(include=["flagship"]):
    from flagship import _json, _validation
    from flagship.transport.answer import Answer
    from flagship.transport.causes import Causes
    from flagship.contrib import _web
    from flagship._events import EventLog
    from flagship.cache.assignments import UnreadableRecord, read_record
    from flagship.config import Config
    from flagship.decision.api import ApiDecisionManager
    from flagship.decision.compiled import Campaigns
    from flagship.decision.content import Unreadable, decode
    from flagship.decision.evaluator import assign, merge
    from flagship.decision.manager import DecisionError
    from flagship.decision.snapshot import Record
    from flagship.emulator import Emulator
    from flagship.emulator.arrivals import rows_of
    from flagship.emulator.platform import Request, encoded, route_of
    from flagship.state import PlatformState
    from flagship.errors import FlagshipParsingError
    from flagship.handler import FlagshipEventHandler

CONTEXTS = ({}, {u"vip": True, u"country": u"fr", u"age": 31},
            {u"vip": 1.5, u"country": False, u"age": u"x"})
EVENTS = EventLog(FlagshipEventHandler())
SIGNER = itsdangerous.TimestampSigner("secret")
MOST = 64 * 1024  # bytes


class _Network(object):
    """Answers with what the fuzzer made up."""

    body = b""

    def send(self, endpoint, payload):
        return Answer(endpoint.name, 200, {}, self.body)


def campaigns(data):
    network = _Network()
    network.body = data
    manager = ApiDecisionManager(Config(), network, EVENTS, PlatformState(EVENTS))
    try:
        modifications, variation_ids = manager.decide(u"ann", None, {}, None)
    except DecisionError:
        return
    for key, modification in modifications.items():
        modification.value, repr(modification)
    _json.encode({"ids": list(variation_ids)})


def bucketing(data):
    try:
        compiled = Campaigns(_json.decode(data))
    except (ValueError, FlagshipParsingError):
        return
    for context in CONTEXTS:
        for modification in merge(assign(compiled, u"ann", context, (u"cta-red",))).values():
            modification.value


def record(data):
    try:
        ids = read_record(_json.decode(data), u"ann")
    except (ValueError, UnreadableRecord):
        return
    assert all(type(each) is str for each in ids)


def file(data):
    try:
        decoded = Record(decode(data, MOST), u"env").bucketing
        compiled = Campaigns(decoded)
    except (Unreadable, FlagshipParsingError):
        return
    for context in CONTEXTS:
        merge(assign(compiled, u"ann", context, ()))


def cookie(data):
    """An id, in a cookie that anybody may write: None, or one of ours."""
    text = data.decode("latin-1")
    for signer in (None, SIGNER):
        read = _web._read_cookie(text, signer)
        assert read is None or 0 < len(read) <= 128 and read.isprintable()
    signed = SIGNER.sign(data).decode("latin-1")
    if _web._read_cookie(text, None) == text and signed.isprintable():
        assert _web._read_cookie(signed, SIGNER) == text


def url(data):
    """Whatever it is, its problem is a sentence that quotes nothing of it."""
    text = data.decode("utf-8", "surrogateescape")
    for each in (text, u"http://" + text, u"https://[" + text):
        problem = _validation.url_problem(each)
        assert problem is None or len(text) < 8 or text not in problem


def secret(data):
    """A key does not stand in the text of an error, however that spells it."""
    text = data.decode("utf-8", "replace")
    if len(text.strip()) < 8:
        return
    causes = Causes(Config(), dict)
    causes._api_key = text
    for error in (u"refused: %s" % text, u"refused: %r" % text, u"refused: %s" % text.strip(),
                  u"refused: %r" % data.decode("utf-8", "replace").encode("utf-8")):
        assert text.strip() not in causes.mask(error)


def emulator(data):
    """Whatever is asked is answered, and what the page shows of it is text. The data are lines:
    method, path, Host, Origin and the body."""
    lines = data.decode("latin-1").split("\n", 4)
    if len(lines) < 5:
        return
    method, path, host, origin = lines[:4]
    headers = {"x-api-key": "key", "host": host}
    if origin:
        headers["origin"] = origin
    request = Request(route_of(path).endpoint, method, path, headers, lines[4].encode("latin-1"))
    platform = Emulator(any_credentials=len(data) % 2 == 0)
    status, _, body, _ = platform._answer(request)
    assert 200 <= status < 500, (status, body)
    for _, each in platform.requests_after(0):
        encoded([row.as_dict() for row in rows_of(each)])
        rows_of(each, 1)


TARGETS = {each.__name__: each for each in (
    campaigns, bucketing, file, record, cookie, url, secret, emulator)}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(__doc__)
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
