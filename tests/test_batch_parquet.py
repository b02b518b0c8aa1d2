# -*- coding: utf-8 -*-
"""examples/batch with Parquet: the assignments are those of CSV, odd columns cost nothing but
themselves, and a run that was killed goes on."""
from __future__ import unicode_literals

import csv
import datetime
import decimal
import io
import os
import signal
import sys

import pytest

from flagship import Flagship
from tests.support import slow
from tests.test_batch import BATCH, CAMPAIGNS, COLUMNS, DIES, Run, as_csv, assign, visitors

if sys.version_info[:2] != (3, 11):
    pytest.skip("pyarrow is large; it is tested on one Python", allow_module_level=True)
pyarrow = pytest.importorskip("pyarrow")
import pyarrow.parquet  # noqa: E402

sys.path.insert(0, BATCH)
import parquet_files  # noqa: E402, F401 - for assign, which imports it when it is needed
sys.path.remove(BATCH)

pytestmark = slow

KEYS = [column.split(":")[0] for column in COLUMNS.strip().split(",")]


@pytest.fixture(autouse=True)
def closed():
    yield
    Flagship.instance().close()


def write_parquet(path, columns, **options):
    pyarrow.parquet.write_table(pyarrow.table(columns), str(path), **options)


def columns_of(many):
    return {key: [visitor_id if key == "visitor_id" else context.get(key)
                  for visitor_id, context in many] for key in KEYS}


def run(tmpdir, source="in.parquet", output="out.parquet", *arguments):
    return assign.main(["--bucketing", CAMPAIGNS, "--output", str(tmpdir.join(output)),
                        str(tmpdir.join(source))] + list(arguments))


def table(tmpdir):
    return pyarrow.parquet.read_table(str(tmpdir.join("out.parquet")))


def rows_of_csv(tmpdir):
    with io.open(str(tmpdir.join("out.csv")), encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_the_assignments_are_those_of_csv_and_an_id_keeps_its_type(tmpdir, capfd):
    """Of several row groups, and a bad row is reported with its number."""
    many = visitors(400)
    columns = columns_of(many)
    columns["visitor_id"][250] = None
    write_parquet(tmpdir.join("in.parquet"), dict(
        columns, country=pyarrow.array(columns["country"]).dictionary_encode()), row_group_size=150)
    assert run(tmpdir) == 3
    assert "in.parquet: row 251: no visitor_id; skipped" in capfd.readouterr()[1]
    assert sorted(os.listdir(str(tmpdir))) == ["in.parquet", "out.parquet"]
    tmpdir.join("in.csv").write(as_csv(many[:250] + many[251:]), mode="wb")
    assert run(tmpdir, "in.csv", "out.csv") == 0
    found, expected = table(tmpdir), rows_of_csv(tmpdir)
    assert found.column_names == expected.pop(0)
    cells = [[cell or "" for cell in column.to_pylist()] for column in found.columns]
    assert [list(row) for row in zip(*cells)] == expected
    numbers = {"visitor_id": pyarrow.array([7, 2 ** 53 + 1]), "orders": [1, None]}
    write_parquet(tmpdir.join("numbers.parquet"), numbers)
    tmpdir.join("out.parquet").remove()
    assert run(tmpdir, "numbers.parquet") == 0
    assert table(tmpdir)["visitor_id"] == pyarrow.chunked_array([numbers["visitor_id"]])


def test_text_of_every_layout_is_text(tmpdir):
    """What newer libraries write, too."""
    rows = []
    for kind in (pyarrow.string(), pyarrow.large_string(), pyarrow.string_view()):
        write_parquet(tmpdir.join("in.parquet"), {
            name: pyarrow.array([text], kind) for name, text in (
                ("visitor_id", "ann"), ("country", "FR"))})
        assert run(tmpdir) == 0
        rows += table(tmpdir).to_pylist()
        tmpdir.join("out.parquet").remove()
    assert rows[0]["visitor_id"] == "ann" and rows == rows[:1] * 3


def test_odd_columns_never_end_a_run(tmpdir, capfd):
    """What no context can hold is left out, and said; decimals are numbers, text that is no UTF-8
    costs its row, null and NaN are no value."""
    not_text = pyarrow.Array.from_buffers(
        pyarrow.string(), 3, pyarrow.array([b"FR", b"F\xff", b"BE"]).buffers())
    now = datetime.datetime(2026, 11, 26)
    write_parquet(tmpdir.join("in.parquet"), {
        "visitor_id": ["ann", "bob", "cid"], "country": not_text,
        "orders": pyarrow.array([decimal.Decimal("3"), None, decimal.Decimal("12")],
                                pyarrow.decimal128(38, 0)),
        "cart_value": [float("nan"), 1.5, 120.25], "nothing": pyarrow.nulls(3),
        "seen": pyarrow.array([now, None, now]), "a.b": [True, None, False],
        "cart": [[1], None, []], "both": [{"a": 1}, None, {"a": 2}]})
    assert run(tmpdir) == 3
    errors = capfd.readouterr()[1]
    assert [line.split(" is left out")[0] for line in errors.splitlines()[:3]] == [
        "assign: the column seen", "assign: the column cart", "assign: the column both"]
    assert errors.splitlines()[3].endswith("row 2: not UTF-8; skipped")
    tmpdir.join("in.csv").write("visitor_id,country,orders:int,cart_value:float\n"
                                "ann,FR,3,\ncid,BE,12,120.25\n")
    assert run(tmpdir, "in.csv", "out.csv") == 0
    cells = [[cell or "" for cell in column.to_pylist()] for column in table(tmpdir).columns]
    assert [list(row) for row in zip(*cells)] == rows_of_csv(tmpdir)[1:]


def test_killed_it_goes_on_with_the_row_groups_that_it_lacks(tmpdir):
    write_parquet(tmpdir.join("in.parquet"), columns_of(visitors(300)), row_group_size=100)
    assert run(tmpdir) == 0
    expected = table(tmpdir)
    tmpdir.join("out.parquet").remove()
    # Before the second part has its name.
    code = Run(tmpdir, "--output", "out.parquet", "in.parquet", "4", "replace", script="-c",
               program=DIES).ended()[0]
    assert code == -signal.SIGKILL
    assert sorted(os.listdir(str(tmpdir))) == ["in.parquet", "out.parquet.parts"]
    made = [each for each in tmpdir.join("out.parquet.parts").listdir() if not each.ext]
    assert len(made) == 1
    kept = pyarrow.parquet.read_table(str(made[0]))
    ids = pyarrow.array(["kept"] * len(kept))
    pyarrow.parquet.write_table(kept.set_column(0, "visitor_id", ids), str(made[0]))
    assert run(tmpdir) == 0
    assert table(tmpdir) == pyarrow.concat_tables(
        [kept.set_column(0, "visitor_id", ids), expected.slice(100)])
    assert sorted(os.listdir(str(tmpdir))) == ["in.parquet", "out.parquet"]


@pytest.mark.parametrize("source, output, arguments, reason", [
    ("in.csv", "out.parquet", ["--input-format", "parquet"], "cannot be read as Parquet"),
    ("none.parquet", "out.parquet", [], "cannot be read as Parquet"),
    ("in.parquet", "out.csv", [], "Parquet goes to Parquet"),
    ("in.csv", "out.parquet", [], "from csv to parquet"),
    ("in.parquet", "in.parquet", [], "is there already"),
    ("in.parquet", "out.parquet", ["--processes", "2"], "by one process"),
    ("in.parquet", "out.parquet", [], "must have one visitor_id"),
    ("lists.parquet", "out.parquet", [], "visitor_id must be text or int, not list"),
])
def test_what_cannot_be_run_exits_with_2_and_says_why(tmpdir, capfd, source, output, arguments,
                                                      reason):
    write_parquet(tmpdir.join("in.parquet"), {"id": ["ann"]})
    write_parquet(tmpdir.join("lists.parquet"), {"visitor_id": [["ann"]]})
    tmpdir.join("in.csv").write("visitor_id\nann\n")
    before = sorted(os.listdir(str(tmpdir)))
    assert run(tmpdir, source, output, *arguments) == 2
    assert reason in capfd.readouterr()[1]
    assert sorted(os.listdir(str(tmpdir))) == before


def test_a_damaged_file_fails_the_run(tmpdir, capfd):
    write_parquet(tmpdir.join("in.parquet"), columns_of(visitors(3000)), compression="none",
                  use_dictionary=False)
    content = tmpdir.join("in.parquet").read_binary()
    tmpdir.join("in.parquet").write(b"PAR1" + b"\xff" * 2000 + content[2004:], mode="wb")
    assert run(tmpdir) == 1
    assert capfd.readouterr()[1].startswith("assign: ")
    assert not os.path.exists(str(tmpdir.join("out.parquet")))
