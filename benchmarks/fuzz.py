"""Coverage-guided fuzzing of what comes from outside: the campaigns answer, the bucketing file, a
copy of it on disk, the visitor cache's record, a cookie, a URL, errors that quote a secret,
requests to the emulator, and what the command line and examples/batch read. Needs atheris and
itsdangerous (``pip install atheris itsdangerous``).

Usage: python benchmarks/fuzz.py TARGET [options of libFuzzer, such as -max_total_time=1200]
       TARGET: campaigns, bucketing, file, record, cookie, url, secret, emulator, command or batch
"""
from __future__ import print_function

import io
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Beside this script stands an http.py, which is not the standard library's.
sys.path[:] = [os.path.dirname(HERE)] + [path for path in sys.path if os.path.abspath(path) != HERE]
sys.path.append(os.path.join(os.path.dirname(HERE), "examples", "batch"))

import atheris  # noqa: E402
import itsdangerous  # noqa: E402

with atheris.instrument_imports(include=["flagship", "rows"]):
    import rows
    from flagship import _json, _validation, cli
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
    from flagship.emulator.platform import Request, encode_json, route_of
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
        encode_json([row.as_dict() for row in rows_of(each)])
        rows_of(each, 1)


class _Stream(io.StringIO):
    """A standard stream that may be a terminal."""

    encoding, is_terminal = "utf-8", False

    def isatty(self):
        return self.is_terminal


# The rest of the data is the file; what is in place of {} comes out of it as well.
COMMANDS = (
    ["validate", "-"], ["validate", "-", "--json"],
    ["decide", "-", "--visitor", "ann", "--explain"],
    ["decide", "-", "--visitor", "{}", "--explain", "--json"],
    ["decide", "-", "--visitor", "ann", "--flag", "{}"],
    ["decide", "-", "--visitor", "ann", "--context", "{}", "--explain"],
    ["decide", "-", "--visitor", "ann", "--context-json", "{}", "--json"],
    ["share", "-", "--visitors", "3"], ["share", "-", "--visitors", "3", "--json"],
)


def command(data):
    """A whole command, on a terminal of 40 or 80 columns or in a pipe."""
    head, _, content = data[1:].partition(b"\n")
    choice = data[0] if data else 0
    text = head.decode("utf-8", "surrogateescape")
    arguments = [each.replace("{}", text) for each in COMMANDS[choice % len(COMMANDS)]]
    os.environ["COLUMNS"] = "40" if choice & 64 else "80"
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = io.TextIOWrapper(io.BytesIO(content))
    sys.stdout, sys.stderr = output, errors = _Stream(), _Stream()
    output.is_terminal = bool(choice & 128)
    try:
        code = cli.main(arguments)
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
    assert code in (0, 1, 2), code
    assert bool(output.getvalue()) == (code != 2), (arguments, output.getvalue())
    assert "Traceback" not in errors.getvalue()
    if "--json" in arguments and code != 2:
        json.loads(output.getvalue(), parse_constant=_refuse)


def _refuse(name):
    raise AssertionError("%s is not JSON" % name)


def batch(data):
    """Input of examples/batch, however it is cut."""
    kind = "csv" if data[:1] < b"\x80" else "jsonl"
    file, size = io.BytesIO(data[2:]), 1 + (data[1] if len(data) > 1 else 0)
    columns = None
    try:
        rows.refuse_what_is_no_text(data[2:], kind)
        if kind == "csv":
            columns = rows.columns_of(file.readline())
    except rows.BadHeader:
        return
    reader, begun = rows.INPUTS[kind](columns), file.tell()
    cut = list(rows.blocks(file, kind, size))
    assert b"".join(cut) == data[2 + begun:]
    for block in cut:
        skipped = []
        lines = block.count(b"\n") + block.count(b"\r") + 1
        for line, row in reader.rows(block, skipped):
            assert 1 <= line <= lines
            try:
                visitor_id, context = reader.visitor(row)
            except rows.BadRow as problem:
                skipped.append((line, "%s" % problem))
                continue
            json.dumps([visitor_id, sorted(context)]).encode("ascii")
            if isinstance(visitor_id, str):
                visitor_id.encode("utf-8")
            assert None not in context.values()
        assert all(1 <= line <= lines for line, _ in skipped)


TARGETS = {each.__name__: each for each in (
    campaigns, bucketing, file, record, cookie, url, secret, emulator, command, batch)}

# It takes far longer to make than a command takes to run, and always is the same.
PARSER = cli._parser("flagship")
cli._parser = lambda program: PARSER

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(__doc__)
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
