"""Coverage-guided fuzzing of what comes from outside: the campaigns answer, the bucketing file, the
visitor cache's record, what the command line reads, and what examples/batch reads. Needs atheris
(``pip install atheris``).

Usage: python benchmarks/fuzz.py campaigns|bucketing|record|command|batch
                                 [options of libFuzzer, such as -max_total_time=1200]
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

with atheris.instrument_imports(include=["flagship", "rows"]):
    import rows
    from flagship import _json
    from flagship import cli
    from flagship.transport.answer import Answer
    from flagship._events import EventLog
    from flagship.cache.assignments import UnreadableRecord, read_record
    from flagship.config import Config
    from flagship.decision.api import ApiDecisionManager
    from flagship.decision.compiled import Campaigns
    from flagship.decision.evaluator import assign, merge
    from flagship.decision.manager import DecisionError
    from flagship.state import PlatformState
    from flagship.errors import FlagshipParsingError
    from flagship.handler import FlagshipEventHandler

CONTEXTS = ({}, {u"vip": True, u"country": u"fr", u"age": 31},
            {u"vip": 1.5, u"country": False, u"age": u"x"})
EVENTS = EventLog(FlagshipEventHandler())


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


TARGETS = {"command": command, "batch": batch,
           "campaigns": campaigns, "bucketing": bucketing, "record": record}

# It takes far longer to make than a command takes to run, and always is the same.
PARSER = cli._parser("flagship")
cli._parser = lambda program: PARSER

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(__doc__)
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
