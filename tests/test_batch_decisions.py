# -*- coding: utf-8 -*-
"""examples/batch decides as the SDK's Visitor does, however a row is written and whichever of its
ways a row takes."""
from __future__ import unicode_literals

import csv
import io
import json
import os
import subprocess
import sys

import pytest
import six
from hypothesis import given, settings
from hypothesis import strategies as st

from flagship import Flagship
from tests.support import ROOT, data, everybody
from tests.test_decision_reads import CAMPAIGNS, file_of_groups
from tests.test_quickstart import environment

sys.path.insert(0, os.path.join(ROOT, "examples", "batch"))
import assignment  # noqa: E402
import frames  # noqa: E402
import rows  # noqa: E402
sys.path.remove(os.path.join(ROOT, "examples", "batch"))

TYPES = {"visitor_id": "text", "plan": "text", "age": "int", "score": "float", "vip": "bool"}
CELLS = {"visitor_id": ["ann", "bob", "Zoë", "a b", "x" * 499 + "é", "x" * 501, ""],
         "plan": ["gold", "", "1.2.3", "é", " "], "age": ["18", "0", "-7", "5.0", "", "1_0"],
         "score": ["2.5", "1e300", "nan", "", "x"], "vip": ["true", "0", "", "yes"]}


@pytest.fixture(autouse=True)
def closed():
    yield
    Flagship.instance().close()


def assignment_of(document, columns=None, kind="csv", output="jsonl"):
    return assignment.Assignment(assignment.Settings(
        json.dumps(document).encode("ascii"), kind, columns, output))


def assigned(result):
    """``[(visitor id, {campaign: variation}, {flag: value})]`` of a Result in JSONL."""
    found = [json.loads(line) for line in result.rows.decode("utf-8").split("\n") if line]
    return [(row["visitor_id"], row["variations"], row["flags"]) for row in found]


def decided(visitor_id, context):
    """The same for one visitor, by the SDK."""
    visitor = Flagship.instance().create_visitor(visitor_id, context=context)
    assert visitor.synchronize_modifications() == (True, "")
    flags = list(visitor.modifications.values())
    return (visitor_id, {flag.campaign_id: flag.variation_id for flag in flags},
            {flag.key: flag.value for flag in flags})


@st.composite
def inputs(draw):
    """``(columns, cells of each row)``: some rows are too short or too long."""
    columns = draw(st.permutations(sorted(TYPES)))
    columns = columns[:draw(st.integers(columns.index("visitor_id") + 1, len(columns)))]
    made = []
    for _ in range(draw(st.integers(0, 6))):
        row = [draw(st.sampled_from(CELLS[key])) for key in columns]
        made.append((row + [""])[:len(row) + draw(st.sampled_from([0, 0, 0, 0, -1, 1]))])
    return [(key, TYPES[key]) for key in columns], made


@settings(max_examples=60, deadline=None)
@given(CAMPAIGNS, inputs(), st.booleans(), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_any_file_and_any_rows_give_the_decisions_of_a_visitor(groups, given_rows, quoted, end):
    """Also the second time, when the contexts are known; and what is bad about a row is found."""
    columns, made = given_rows
    form = '"%s"' if quoted else "%s"
    lines = [",".join([form % cell for cell in row]) for row in made]
    block = "".join([line + end for line in lines]).encode("utf-8")
    batch = assignment_of(file_of_groups(groups), columns)
    reader, expected = rows.CsvInput(columns), []
    for row in made:
        try:
            visitor_id, context = reader.visitor(
                [cell.encode("utf-8") for cell in row] if six.PY2 else row)
        except rows.BadRow:
            continue
        if visitor_id and "nan" not in row:
            expected.append(decided(visitor_id, context))
    bad = len([line for line in lines if line]) - len(expected)
    for _ in range(2):
        result = batch.assign(block)
        assert assigned(result) == expected
        assert (result.visitors, len(result.skipped)) == (len(expected), bad)


@settings(max_examples=60, deadline=None)
@given(inputs(), st.lists(st.sampled_from(["", "\n", "\r", "\0", '"', ",", "\u2028"]), max_size=3),
       st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_lines_without_quotes_are_read_as_csv_reads_them(given_rows, odd, end, shop):
    """The same rows, reasons and lines, with odd characters in between."""
    columns, made = given_rows
    lines = [",".join(row) for row in made]
    for place, each in enumerate(odd):
        lines.insert(2 * place, each.join(["ann", "gold"]))
    block = end.join(lines).encode("utf-8")
    with io.open(data("shop.json"), encoding="utf-8") as file:
        batch = assignment_of(json.load(file) if shop else {"campaigns": []}, columns,
                              output="csv")
    found = batch.assign(block), batch.assign(block)
    batch._input.plain_lines = lambda block: None
    assert found == (batch.assign(block),) * 2


OVERLAPPING = [everybody("c1", ("v1", 50, {"color": "red"}), ("v2", 30, {"color": "blue"})),
               everybody("c2", ("v3", 50, {"color": None, "size": 1}), ("v4", 50, {"size": 2}))]
SEVERAL = [everybody("c2", ("v3", 20, {"b": "x,y", "d": [1]}), ("v4", 70, {"d": 'a"b'})),
           dict(everybody("7", ("v1", 50, {"c": "ré\nd"}), ("v2", 30, {})), id=7),
           everybody("c3", ("v", 0, {}))]
PAIRS = [everybody("c%d" % place, ("v%d" % place, 60, {"f%d" % -place: place}),
                   ("w%d" % place, 40, {"f%d" % -place: None})) for place in range(12)]


@pytest.mark.parametrize("campaigns", [[], OVERLAPPING, SEVERAL, PAIRS, PAIRS[:1]],
                         ids=["none", "overlapping", "several", "pairs", "pair"])
def test_csv_holds_what_the_sdk_decides_in_its_columns(campaigns):
    """An empty cell where there is nothing, whatever the campaigns share; and a campaign's id may
    be a number."""
    batch = assignment_of({"campaigns": campaigns}, [("visitor_id", "text")], output="csv")
    ids = ["visitor-%d" % place for place in range(60)]
    content = batch.head + batch.assign("\n".join(ids).encode("ascii")).rows
    source = io.BytesIO(content) if six.PY2 else io.StringIO(content.decode("utf-8"), newline="")
    found = [[cell.decode("utf-8") if six.PY2 else cell for cell in row]
             for row in csv.reader(source)]
    head = found.pop(0)
    assert [row[0] for row in found] == ids and len(head) == len(set(head))
    for row in found:
        _, variations, flags = decided(row[0], {})
        wanted = {"variation:" + key: value for key, value in variations.items()}
        wanted.update({"flag:" + key: value if isinstance(value, six.text_type)
                       else json.dumps(value) for key, value in flags.items()})
        assert {name: cell for name, cell in zip(head[1:], row[1:]) if cell} == wanted


@pytest.mark.parametrize("name", ["decisions.json", "decisions_unicode.json"])
def test_the_vendors_vectors(name):
    with io.open(data(name), encoding="utf-8") as file:
        documents = json.load(file)
    for document in documents[::4]:
        cases = document["cases"]
        block = "".join(json.dumps({"visitor_id": case["visitorId"], "context": case["context"]})
                        + "\n" for case in cases).encode("ascii")
        result = assignment_of(document["bucketing"], kind="jsonl").assign(block)
        assert result.skipped == []
        assert assigned(result) == [decided(case["visitorId"], case["context"]) for case in cases]
        for (_, _, flags), case in zip(assigned(result), cases):
            assert flags == {key: facts["value"] for key, facts in case["expected"].items()}


def test_what_a_visitors_id_decides_is_not_taken_for_the_next_with_the_same_context():
    campaign = everybody("c", ("v", 100, {"f": 1}))
    campaign["variationGroups"][0]["targeting"]["targetingGroups"][0]["targetings"][0].update(
        key="fs_users", operator="STARTS_WITH", value="qa-")
    batch = assignment_of({"campaigns": [campaign]}, [("visitor_id", "text"), ("plan", "text")])
    found = assigned(batch.assign(b"qa-ann,gold\nbob,gold\nqa-cid,gold\n"))
    assert found == [("qa-ann", {"c": "v"}, {"f": 1}), ("bob", {}, {}),
                     ("qa-cid", {"c": "v"}, {"f": 1})]


def test_however_many_contexts_and_audiences_there_are_only_some_are_kept(monkeypatch):
    """And what is dropped is decided again, the same."""
    monkeypatch.setattr(assignment, "_CONTEXTS", 5)
    monkeypatch.setattr(assignment, "_TABLES", 7)
    campaigns = [everybody("c%d" % place, ("v", 50, {"f%d" % place: 1})) for place in range(3)]
    for place, campaign in enumerate(campaigns[1:], 1):
        campaign["variationGroups"][0]["targeting"]["targetingGroups"][0]["targetings"][0].update(
            key="age", operator="GREATER_THAN", value=10 * place)
    batch = assignment_of({"campaigns": campaigns}, [("visitor_id", "text"), ("age", "int")])
    ages = [(number * 7) % 40 for number in range(80)]
    block = "".join("v%d,%d\n" % each for each in enumerate(ages)).encode("ascii")
    assert assigned(batch.assign(block)) == [
        decided("v%d" % number, {"age": age}) for number, age in enumerate(ages)]
    assert len(batch._contexts) <= 5


on_python_3 = pytest.mark.skipif(six.PY2, reason="assign_spark.py is for Python 3")


@on_python_3
def test_a_frame_of_pandas_gives_the_decisions_and_says_what_is_no_visitor():
    """Of whatever type pandas has made of a column with gaps."""
    import pandas
    people = [("ann", "FR", 3.0, True), (None, "FR", 1.0, True), ("bob", None, float("nan"), None),
              ("cid", [1], 7.0, False), ("Zoë", "BE", 7.0, False)]
    frame = pandas.DataFrame(dict(zip(["visitor_id", "country", "orders", "vip"], zip(*people))))
    with io.open(os.path.join(ROOT, "examples", "campaigns.json"), encoding="utf-8") as file:
        content = file.read().encode("utf-8")
    columns = [("country", ""), ("orders", ""), ("vip", "")]
    settings = assignment.Settings(content, rows.VALUES, columns, rows.VALUES)
    names = assignment.Assignment(settings).names + ["problem"]
    for _ in range(2):
        found, = frames.assign(settings, names, [frame])
        assert list(found.columns) == names
        found = [list(row) for row in found.itertuples(index=False)]
        assert [row[0] for row in found] == ["ann", "bob", "Zoë", None, "cid"]
        assert [row[-1] for row in found] == [None] * 3 + [
            "no visitor_id", "country must be text, bool, int or float, not list"]
        for row, (_, country, orders, vip) in zip(found, people[:1] + people[2::2]):
            context = {"country": country, "orders": orders, "vip": vip}
            _, variations, flags = decided(row[0], {
                key: value for key, value in context.items() if value == value})
            assert {name: cell for name, cell in zip(names[1:], row[1:]) if cell} == dict(
                {"variation:" + key: value for key, value in variations.items()},
                **{"flag:" + key: value if isinstance(value, six.text_type)
                   else json.dumps(value, sort_keys=True) for key, value in flags.items()})


@on_python_3
def test_without_pyspark_the_program_for_spark_says_what_is_missing(tmpdir):
    tmpdir.join("pyspark.py").write("raise ImportError")
    script = os.path.join(ROOT, "examples", "batch", "assign_spark.py")
    run = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           env=environment(PYTHONPATH=os.pathsep.join([str(tmpdir), ROOT])))
    output, errors = run.communicate()
    assert (run.returncode, output, errors.count(b"\n")) == (1, b"", 1)
    assert errors.startswith(b"assign: PySpark 3.4 or later is not installed")
