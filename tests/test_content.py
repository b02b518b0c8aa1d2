"""What comes from outside, files and answers: whatever is in it, the rest of it is used, and it
costs what it is worth."""
from __future__ import unicode_literals

import io
import json
import logging
import time
from email.utils import formatdate

import pytest

from flagship import Config
from flagship.decision.content import Unreadable, decode
from tests.support import command, eventually, everybody, run_program, slow

MARK = b"\xef\xbb\xbf"


def deep(levels):
    return "[" * levels + "1" + "]" * levels


def text_of(odd):
    """A file of three campaigns, in JSON, with ``odd`` where a ? stands in the second."""
    good = [json.dumps(everybody(name, (name + "-v", 100, {name: 1}))) for name in ("c1", "c3")]
    return '{"campaigns": [%s, %s, %s]}' % (good[0], odd, good[1])


def campaign_with(allocation="100", targeting="1", value="1", id_='"c2"', more=""):
    return ('{"id": %s, %s"variationGroups": [{"id": "g2", "targeting": {"targetingGroups": [{'
            '"targetings": [{"key": "fs_all_users", "operator": "EQUALS", "value": %s}]}]}, '
            '"variations": [{"id": "v2", "allocation": %s, "modifications": {"value": '
            '{"c2": %s}}}]}]}' % (id_, more, targeting, allocation, value))


#: JSON of a campaign that costs itself alone.
ODD = {
    "long int": campaign_with(allocation="1" + "0" * 400),
    "longer int": campaign_with(allocation="1" + "0" * 6000),
    "negative int": campaign_with(allocation="-1" + "0" * 6000),
    "infinity": campaign_with(allocation="1e999"),
    "nested value": campaign_with(value=deep(120)),
    "nested deep": campaign_with(value=deep(900)),
    "nested very deep": campaign_with(value=deep(100000)),
    "nested targeting": campaign_with(targeting=deep(3000)),
    "nested id": campaign_with(id_=deep(5000)),
    "nested objects": campaign_with(value='{"[": ' * 5000 + '"]}\\""' + "}" * 5000),
    "itself nested": deep(20000),
    "null": "null", "number": "5", "text": '"x"',
}
SOURCES = ["network", "snapshot", "initial path", "command line"]


def flags(start, source, content, **options):
    """The flags of a visitor on a file from a source."""
    options.update(mode=Config.Mode.BUCKETING, polling_interval=0)
    if source != "network":
        with io.open("file.json", "wb") as file:
            file.write(content)
    if source == "command line":
        code, output, _ = command(["decide", "file.json", "--visitor", "ann", "--json"])
        assert code == 0
        return sorted(json.loads(output)["modifications"])
    if source == "snapshot":
        with io.open("copy.json", "wb") as file:
            file.write(b'{"last_modified": null, "content": ' + content + b"}")
        options["bucketing_file"] = "copy.json"
    elif source == "initial path":
        options["initial_bucketing"] = "file.json"
    visitor = start(**options).create_visitor("ann")
    assert visitor.synchronize_modifications() == (True, "")
    told = visitor.explain()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    return sorted(visitor.modifications)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("odd", sorted(ODD))
def test_an_odd_campaign_costs_itself_alone(emulator, start, log, odd, source):
    """Numbers out of range and nesting of any depth, from wherever the file comes."""
    content = text_of(ODD[odd]).encode("ascii")
    emulator.misbehave("bucketing", **({"body": content} if source == "network" else
                                       {"status": 500}))
    assert flags(start, source, content) == ["c1", "c3"]
    lines = [line for line in log.at(logging.WARNING) if "campaign is skipped" in line]
    assert source == "command line" or len(lines) == 1 and "campaigns[1]" in lines[0]


# A collection at each allocation, and somebody who listens to them.
LISTENING = """
import gc
getattr(gc, 'callbacks', []).append(lambda phase, details: (lambda: None)())
config = Config(mode=Config.Mode.BUCKETING, bucketing_file=None, initial_bucketing=sys.argv[1],
                offline=True)
threshold = gc.get_threshold()
gc.set_threshold(1)
flagship.start(u'env', u'key', config)
gc.set_threshold(*threshold)
visitor = flagship.create_visitor(u'ann')
visitor.synchronize_modifications()
assert sorted(visitor.modifications) == ['c1', 'c3'] and gc.isenabled()
"""


@pytest.mark.parametrize("odd", ["nested objects", "nested targeting"])
def test_nesting_aborts_no_process_with_callbacks_of_the_collector(emulator, tmpdir, odd):
    """At the end of Python's stack no code of the application's runs. Before 3.9 the process was
    aborted there, now and then."""
    path = tmpdir.join("file.json")
    path.write(text_of(ODD[odd]))
    code, errors = run_program(LISTENING, emulator, path)
    assert code == 0, errors


@pytest.mark.parametrize("levels, is_read", [(99, True), (100, False)])
@pytest.mark.parametrize("mode", list(Config.Mode), ids=lambda mode: mode.name)
def test_how_deep_a_value_may_be(emulator, start, mode, levels, is_read):
    """With what it stands in, containers may be nested 100 deep."""
    value = deep(levels)
    emulator.misbehave("bucketing", body=text_of(campaign_with(value=value)))
    emulator.misbehave("campaigns", body='{"campaigns": [{"id": "c2", "variationGroupId": "g2", '
                       '"variation": {"id": "v2", "modifications": {"value": {"c2": %s}}}}]}'
                       % value)
    visitor = start(mode=mode, polling_interval=0).create_visitor("ann")
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.get_modification("c2", None) == (json.loads(value) if is_read else None)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 10 ** 400, object(), {1, 2},
                                 b"\xff"], ids=lambda bad: type(bad).__name__)
def test_an_odd_campaign_in_a_dict(emulator, start, log, bad):
    emulator.misbehave("bucketing", status=500)
    document = json.loads(text_of(campaign_with()))
    document["campaigns"][1]["variationGroups"][0]["variations"][0]["allocation"] = bad
    visitor = start(mode=Config.Mode.BUCKETING, polling_interval=0,
                    initial_bucketing=document).create_visitor("ann")
    assert visitor.synchronize_modifications() == (True, "")
    assert sorted(visitor.modifications) == ["c1", "c3"]


@pytest.mark.parametrize("source", SOURCES)
def test_a_byte_order_mark_is_read_over(emulator, start, source):
    content = MARK + text_of(campaign_with()).encode("ascii")
    if source == "snapshot":
        # Around the record, and never inside one of ours.
        with io.open("copy.json", "wb") as file:
            file.write(MARK + b'{"last_modified": null, "content": ' + content[3:] + b"}")
        emulator.misbehave("bucketing", status=500)
        visitor = start(mode=Config.Mode.BUCKETING, polling_interval=0,
                        bucketing_file="copy.json").create_visitor("ann")
        visitor.synchronize_modifications()
        assert sorted(visitor.modifications) == ["c1", "c2", "c3"]
        return
    emulator.misbehave("bucketing", **({"body": content} if source == "network" else
                                       {"status": 500}))
    assert flags(start, source, content, bucketing_file="ours.json") == ["c1", "c2", "c3"]
    if source == "network":
        with io.open("ours.json", encoding="ascii") as file:
            assert sorted(json.load(file)) == ["content", "environment_id", "last_modified"]


def test_a_byte_order_mark_in_an_answer_and_in_lists(emulator, start, tmpdir):
    """A decision's answer, a file of ids and one of a context begin with one, too."""
    emulator.misbehave("campaigns", body=MARK + b'{"campaigns": []}')
    assert start().create_visitor("ann").synchronize_modifications() == (True, "")
    tmpdir.join("file.json").write(text_of(campaign_with()))
    tmpdir.join("ids.txt").write(MARK + b"ann\nbob\n", "wb")
    tmpdir.join("context.json").write(MARK + b'{"age": 31}', "wb")
    _, output, _ = command(["share", "file.json", "--ids", "ids.txt", "--json"])
    assert json.loads(output)["visitors"] == 2
    _, lines, _ = command(["decide", "file.json", "--visitor", "ann", "--json", "--context-json",
                           "@context.json"])
    assert json.loads(lines)["context"] == {"age": 31}
    made = json.loads(command(["share", "file.json", "--ids", "ids.txt", "--json"])[1])
    tmpdir.join("ids.txt").write(b"ann\nbob\n", "wb")
    assert json.loads(command(["share", "file.json", "--ids", "ids.txt", "--json"])[1]) == made


@pytest.mark.parametrize("body", [b'{"campaigns":[' + b"{}," * 40000 + b"{}]}",
                                  b'{"campaigns":[' + b'{"a":[]},' * 9000 + b"{}]}"])
def test_an_answer_of_too_many_parts(emulator, start, log, body):
    """What is small on the wire and millions of objects in memory is refused, in both modes."""
    for endpoint in ("bucketing", "campaigns"):
        emulator.misbehave(endpoint, body=body)
    flagship = start(mode=Config.Mode.BUCKETING, polling_interval=0, max_response_size=300000)
    assert flagship.status.campaigns is None
    assert "objects and lists" in log.at(logging.WARNING)[0]
    success, reason = start(max_response_size=300000).create_visitor(
        "ann").synchronize_modifications()
    assert success is False and "objects and lists" in reason


@slow
def test_wrong_campaigns_cost_nothing(emulator, start, log):
    """A million wrong campaigns are twenty lines and a number; in API mode one line."""
    body = b'{"campaigns":[' + b"1," * 1000000 + b"1]}"
    for endpoint in ("bucketing", "campaigns"):
        emulator.misbehave(endpoint, body=body)
    flagship = start(mode=Config.Mode.BUCKETING, polling_interval=0, bucketing_timeout=60)
    assert flagship.status.campaigns == 0
    lines = log.at(logging.WARNING)
    assert len(lines) == 21 and lines[-1].endswith("... and 999981 more")
    del log.lines[:]
    assert start(timeout=60).create_visitor("ann").synchronize_modifications() == (True, "")
    line, = log.at(logging.WARNING)
    assert "campaigns[0]" in line and "1000001" in line


def test_many_strings_are_no_parts():
    """Braces are counted, as an object needs one; a text that never ends is no trap."""
    assert decode(b'["' + b"a" * 100000 + b'"]', 1024) == ["a" * 100000]
    began = time.time()
    for content in (b'"' + b'\\"' * 500000, b"[" * 9000 + b'"' + b'\\"' * 200000,
                    b"1" * 1000000, b"[" + b"1" * 308 + b"," + b"1" * 500000 + b"]"):
        try:
            decode(content, 1 << 24)
        except Unreadable:
            pass
    assert time.time() - began < 30


def answer(*campaigns):
    return json.dumps({"campaigns": campaigns})


def test_an_answer_without_a_body(emulator, start, log):
    """204 to a decision is an answer without campaigns: it empties the set and ends a panic."""
    flagship = start()
    visitor = flagship.create_visitor("ann", context={"vip": True})
    assert visitor.synchronize_modifications() == (True, "") and visitor.modifications
    emulator.panic = True
    visitor.synchronize_modifications()
    assert flagship.status.panic
    emulator.misbehave("campaigns", status=204)
    assert visitor.synchronize_modifications() == (True, "")
    assert not flagship.status.panic and dict(visitor.modifications) == {}


def test_numeric_ids_in_an_answer(emulator, start, log):
    """They are taken as text, as 2.1.x did, and activated as such."""
    emulator.misbehave("campaigns", body=answer({"id": 1, "variationGroupId": 2, "variation": {
        "id": 3, "modifications": {"type": "JSON", "value": {"flag": "x"}}}}))
    visitor = start().create_visitor("ann")
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.get_modification_info("flag") == {
        "campaignId": "1", "variationGroupId": "2", "variationId": "3", "isReference": False}
    assert visitor.activate_modification("flag")[0]
    assert emulator.activations[0]["caid"] == "2" and log.at(logging.WARNING) == []


def test_an_odd_campaign_in_an_answer(emulator, start, log):
    """It costs itself alone there, too."""
    good = answer({"id": "a", "variationGroupId": "b", "variation": {
        "id": "c", "modifications": {"value": {"flag": 1}}}})
    for odd in ("1" + "0" * 6000, deep(120), deep(100000)):
        bad = ('{"id": "x", "variationGroupId": "y", "variation": {"id": "z", "modifications": '
               '{"value": {"a": %s}}}}, ' % odd)
        emulator.misbehave("campaigns", body=good.replace("[", "[" + bad, 1))
        visitor = start().create_visitor("ann")
        assert visitor.synchronize_modifications() == (True, "")
        assert visitor.get_modification("flag", 0) == 1
        json.dumps(visitor.explain(), allow_nan=False)


NOT_KEPT = ["Fri, 31 Dec 9999 23:59:59 GMT", formatdate(time.time() + 7200, usegmt=True),
            "x" * 101, "Mon, 01 Jan 2001" + " " * 90 + "00:00:00 GMT",
            b"caf\xc3\xa9".decode("latin-1")]


@pytest.mark.parametrize("modified", NOT_KEPT, ids=[str(number) for number in range(len(NOT_KEPT))])
def test_a_last_modified_that_is_not_kept(emulator, start, modified):
    """One that is long, not ASCII or in the future would freeze the file: the next request is a
    whole one, in this process and in those that read its copy."""
    body = text_of(campaign_with())
    emulator.misbehave("bucketing", body=body, headers={"Last-Modified": modified})
    options = {"mode": Config.Mode.BUCKETING, "bucketing_file": "copy.json"}
    flagship = start(polling_interval=0.05, **options)
    assert flagship.status.campaigns == 3 and flagship.status.last_modified is None
    assert eventually(lambda: len(emulator.requests) >= 3)
    flagship.close()
    with io.open("copy.json", encoding="ascii") as file:
        record = json.load(file)
    assert record["last_modified"] is None
    with io.open("copy.json", "w") as file:
        file.write("%s" % json.dumps(dict(record, last_modified=modified)))
    start(polling_interval=0, **options)
    assert not [each for each in emulator.requests if "if-modified-since" in each.headers]


@pytest.mark.parametrize("modified", ["a\nb", "a\r\nX-Injected: 1", "", 5, None, [], "\u20ac"],
                         ids=[str(number) for number in range(7)])
def test_a_copy_with_a_strange_date(emulator, start, modified):
    """It is not sent, and stops no request."""
    record = {"environment_id": "env", "last_modified": modified,
              "content": json.loads(text_of(campaign_with()))}
    with io.open("copy.json", "w") as file:
        file.write("%s" % json.dumps(record))
    flagship = start(mode=Config.Mode.BUCKETING, polling_interval=0.05, bucketing_file="copy.json")
    assert eventually(lambda: flagship.status.source == "network")
    assert not [each for each in emulator.requests if "x-injected" in each.headers]
    assert "if-modified-since" not in emulator.requests[0].headers


@pytest.mark.parametrize("status", [400, 412, 403])
def test_a_refused_condition(emulator, start, log, status):
    """It is followed by a whole request, and not made again."""
    flagship = start(mode=Config.Mode.BUCKETING, polling_interval=0.05)
    before = flagship.status.last_modified
    assert before
    emulator.clear()
    emulator.misbehave("bucketing", status=status, times=1)
    assert eventually(lambda: len(emulator.requests) >= 4)
    assert log.at(logging.WARNING) == []
    conditional = [each for each in emulator.requests[:4] if "if-modified-since" in each.headers]
    assert len(conditional) == 1 and [each.status for each in emulator.requests[1:4]] == [200] * 3
