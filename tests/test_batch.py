# -*- coding: utf-8 -*-
"""examples/batch: everybody is assigned once, whatever the input holds and whenever the run is
killed."""
from __future__ import unicode_literals

import csv
import io
import json
import os
import random
import signal
import struct
import subprocess
import sys
import time

import pytest
import six
from hypothesis import given
from hypothesis import strategies as st

from flagship import Config
from tests.support import DATA, ROOT, SLOW, WHOLE, eventually, everybody
from tests.test_quickstart import environment
from tests.test_readme import README

pytestmark = pytest.mark.skipif(not WHOLE, reason=SLOW)

BATCH = os.path.join(ROOT, "examples", "batch")
CAMPAIGNS = os.path.join(ROOT, "examples", "campaigns.json")
COLUMNS = "visitor_id,country,sdk_deviceType,vip:bool,orders:int,cart_value:float\n"

sys.path.insert(0, BATCH)
import assign  # noqa: E402
import rows  # noqa: E402
sys.path.remove(BATCH)


def visitors(count):
    """``[(visitor id, context)]``, some with little context, all ids different."""
    chance = random.Random(11)
    made = []
    for number in range(count):
        context = {"country": chance.choice(["FR", "BE", "CH", "Côte d'Ivoire"]),
                   "vip": chance.random() < 0.3,
                   "sdk_deviceType": chance.choice(["mobile", "desktop"]),
                   "orders": chance.randrange(40), "cart_value": chance.randrange(2000) / 16.0}
        made.append(("Zoë, \"%d\"" % number if number % 10 == 3 else "visitor-%d" % number,
                     {key: value for key, value in context.items() if chance.random() < 0.8}))
    return made


def as_csv(many):
    def cell(value):
        text = json.dumps(value) if not isinstance(value, six.text_type) else value
        return '"%s"' % text.replace('"', '""') if '"' in text or "," in text else text

    def row(visitor_id, context):
        cells = [cell(context[key]) if key in context else "" for key in keys[1:]]
        return ",".join([cell(visitor_id)] + cells) + "\n"

    keys = [column.split(":")[0] for column in COLUMNS.strip().split(",")]
    return (COLUMNS + "".join(row(*each) for each in many)).encode("utf-8")


def as_jsonl(many):
    return "".join(json.dumps({"visitor_id": visitor_id, "context": context}) + "\n"
                   for visitor_id, context in many).encode("ascii")


@pytest.fixture(scope="module")
def many():
    """12,000 visitors as CSV, about 8 blocks."""
    return as_csv(visitors(12000))


@pytest.fixture(scope="module")
def expected(many, tmpdir_factory):
    """What an uninterrupted run gives for them."""
    folder = tmpdir_factory.mktemp("expected")
    code, output, errors = Run(folder, "in.csv", source=many).ended()
    assert (code, errors, os.listdir(str(folder))) == (0, "", ["in.csv"])
    assert output.count(b"\n") == 12001
    return output


class Run(object):
    """A run of a script in a folder of its own, without a way to the network."""

    def __init__(self, folder, *arguments, **options):
        source, stdin = options.pop("source", None), options.pop("stdin", None)
        script, bucketing = options.pop("script", "assign.py"), options.pop("bucketing", CAMPAIGNS)
        if source is not None:
            with io.open(str(folder.join("in.csv")), "wb") as file:
                file.write(source)
        command = [sys.executable, script if script == "-c" else os.path.join(BATCH, script)]
        if script == "-c":
            command.append(options.pop("program"))
        command += ["--bucketing", bucketing] + list(arguments)
        variables = {"TMPDIR": folder, "PYTHONPATH": os.pathsep.join([ROOT, BATCH])}
        variables.update(options.pop("variables", {}))
        self._stdin = stdin
        self.process = subprocess.Popen(
            [each if isinstance(each, str) else each.encode("utf-8") for each in command],
            cwd=str(folder),
            env=environment(**variables), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=options.pop("stderr", subprocess.PIPE))

    def ended(self):
        """``(exit code, stdout, stderr)``, stdout as bytes; the processes that it began have ended
        too."""
        output, errors = self.process.communicate(self._stdin)
        return self.process.returncode, output, (errors or b"").decode("utf-8")


@pytest.fixture
def run(tmpdir):
    return lambda *arguments, **options: Run(tmpdir, *arguments, **options).ended()


def read(tmpdir, name="out.csv"):
    with io.open(str(tmpdir.join(name)), "rb") as file:
        return file.read()


def parsed(output):
    """``{visitor id: ({campaign: variation}, {flag: text})}`` from CSV."""
    lines = output.splitlines() if six.PY2 else io.StringIO(output.decode("utf-8"))
    header, rest = None, {}
    for row in csv.reader(lines):
        row = [cell.decode("utf-8") if six.PY2 else cell for cell in row]
        if header is None:
            header = row
            continue
        named = {name: cell for name, cell in zip(header, row) if cell}
        assert named["visitor_id"] not in rest
        rest[named["visitor_id"]] = _of_kind(named, "variation:"), _of_kind(named, "flag:")
    return rest


def _of_kind(named, kind):
    return {name[len(kind):]: cell for name, cell in named.items() if name.startswith(kind)}


# -- what is read and written

def test_everybody_gets_what_the_sdk_decides(run, start):
    """With contexts of every type, missing values, and ids that need quotes and are not ASCII."""
    some = visitors(300)
    flagship = start(mode=Config.Mode.BUCKETING, offline=True, initial_bucketing=CAMPAIGNS)
    wanted = {}
    for visitor_id, context in some:
        visitor = flagship.create_visitor(visitor_id, context=context)
        assert visitor.synchronize_modifications() == (True, "")
        wanted[visitor_id] = (
            {flag.campaign_id: flag.variation_id for flag in visitor.modifications.values()},
            {key: flag.value for key, flag in visitor.modifications.items()})
    code, output, errors = run(stdin=as_csv(some))
    assert (code, errors) == (0, "")
    assert parsed(output) == {
        visitor_id: (variations, {key: value if isinstance(value, six.text_type)
                                  else json.dumps(value, sort_keys=True)
                                  for key, value in flags.items()})
        for visitor_id, (variations, flags) in wanted.items()}
    code, output, errors = run("--input-format", "jsonl", "--output-format", "jsonl",
                               stdin=as_jsonl(some))
    assert (code, errors) == (0, "")
    lines = [json.loads(line.decode("utf-8")) for line in output.splitlines()]
    assert [line["visitor_id"] for line in lines] == [visitor_id for visitor_id, _ in some]
    assert {line["visitor_id"]: (line["variations"], line["flags"]) for line in lines} == wanted


def test_the_command_in_the_readme(tmpdir):
    command = README.split("<!-- command: batch -->\n```sh\n")[1].split("\n```")[0].split()
    output = str(tmpdir.join("assignments.csv"))
    command = [{"python": sys.executable, "assignments.csv": output}.get(word, word)
               for word in command]
    subprocess.check_call([str(word) for word in command], cwd=ROOT, env=environment())
    assert sorted(parsed(read(tmpdir, "assignments.csv"))) == [
        "Dupont, Zoë", "customer-1042", "customer-2077", "guest-58207"]


def test_a_copy_that_an_sdk_wrote_serves_as_the_bucketing_file(run, tmpdir):
    with io.open(CAMPAIGNS, encoding="utf-8") as file:
        document = json.load(file)
    tmpdir.join("copy.json").write(json.dumps(
        {"environment_id": "e", "last_modified": None, "content": document}))
    copy = str(tmpdir.join("copy.json"))
    assert run(stdin=as_csv(visitors(20)), bucketing=copy) == run(stdin=as_csv(visitors(20)))


BAD_CSV = [
    (b"", "no visitor_id"),
    (b"x,FR", "2 cells, but the header has 6"),
    (b'open,"FR,,,,', "not CSV: "),
    (b"x\xff,FR,,,,", "UTF-8"),
    (b"x,F\xffR,,,,", "UTF-8"),
    (b"x,FR,,yes,,", 'vip must be true, false, 1 or 0, not "yes"'),
    (b"x,FR,,,1.5,", 'orders must be an int, not "1.5"'),
    (b"x,FR,,,1_0,", 'orders must be an int, not "1_0"'),
    (b"x,FR,,,,much", 'cart_value must be a float, not "much"'),
    (b"x,FR,,,,nan", "'cart_value' (float) is not a number"),
]
BAD_JSON = [
    (b"{", "not JSON"),
    (b"[]", "a row must be"),
    (b"{}", "no visitor_id"),
    (b'{"visitor_id": true}', "visitor_id must be text or None, not bool"),
    (b'{"visitor_id": 5.5}', "visitor_id must be text or None, not float"),
    (b'{"visitor_id": "x", "contxt": {}}', "must be text, bool, int or float, not dict"),
    (b'{"visitor_id": "x", "context": {}, "country": "FR"}', '"country" stands beside context'),
    (b'{"visitor_id": "x", "context": []}', "a row must be"),
    (b'{"visitor_id": "x", "context": {"cart": []}}', "must be text, bool, int or float, not list"),
    (b'{"visitor_id": "x", "context": {"cart": NaN}}', "'cart' (float) is not a number"),
    (b'{"visitor_id": "\\ud800"}', "UTF-8"),
    (b'"\xff"', ""),
    (b"[" * 5000, ""),
]


@pytest.mark.parametrize("kind, bad", [("csv", BAD_CSV), ("jsonl", BAD_JSON)])
def test_a_bad_row_is_reported_with_its_line_and_costs_nobody_else(run, kind, bad):
    """Bad and good rows take turns, after a row that takes two lines; blank lines are no rows."""
    good = [("good-%d" % place, {"country": "FR"}) for place in range(len(bad))]
    if kind == "csv":
        source, first = COLUMNS.encode("ascii") + b'"two\nlines",,,,,\n\n', 5
        bad = [(row or b",FR,,,,", reason) for row, reason in bad]
        rest = [b"%s,FR,,,,".replace(b"%s", visitor_id.encode("ascii")) for visitor_id, _ in good]
    else:
        source, first = b'{"visitor_id": "two\\nlines", "context": {"country": null}}\n\n', 3
        rest = [as_jsonl([each]).strip() for each in good]
    for (row, _), after in zip(bad, rest):
        source += row + b"\n" + after + b"\n"
    code, output, errors = run("--input-format", kind, "--output-format", "jsonl", stdin=source)
    assert code == 3, errors
    assert [json.loads(line.decode("utf-8"))["visitor_id"] for line in output.splitlines()] == [
        "two\nlines"] + [visitor_id for visitor_id, _ in good]
    lines = errors.splitlines()
    assert lines.pop() == "assign: rows skipped: %d" % len(bad)
    assert len(lines) == len(bad)
    for place, (line, (_, reason)) in enumerate(zip(lines, bad)):
        assert line.startswith("assign: -: line %d: "
                               % (first + 2 * place)) and reason in line, line


@given(st.lists(st.lists(st.text("ab,\"\n\r é", max_size=6), min_size=2, max_size=3), max_size=20),
       st.integers(1, 60))
def test_however_the_input_is_cut_its_rows_are_the_same(written, size):
    quoted = [['"%s"' % cell.replace('"', '""') for cell in row] for row in written]
    source = "".join([",".join(row) + "\n" for row in quoted])
    blocks = list(rows.blocks(io.BytesIO(source.encode("utf-8")), "csv", size))
    assert b"".join(blocks) == source.encode("utf-8")
    found, skipped = [], []
    for block in blocks:
        found += [[cell.decode("utf-8") if six.PY2 else cell for cell in row]
                  for _, row in rows.CsvInput([]).rows(block, skipped)]
    assert (found, skipped) == (written, [])


# -- killed and resumed

def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else -1


@pytest.mark.parametrize("processes", ["1", "2"])
def test_killed_at_random_places_and_resumed_it_loses_and_doubles_no_row(
        tmpdir, many, expected, processes):
    """And a killed run leaves no process behind: its pipes close."""
    arguments = ["--processes", processes, "--checkpoint", "0", "--output", "out.csv", "in.csv"]
    part = str(tmpdir.join("out.csv.part"))
    for share in [0, random.random() / 2, random.random(), None]:
        if sorted(os.listdir(str(tmpdir))) == ["in.csv", "out.csv"]:
            break  # on a machine that looks away for long enough it is done before the kill
        if share is None:
            assert Run(tmpdir, *arguments).ended()[0] == 0
            break
        run = Run(tmpdir, *arguments, source=many)
        eventually(lambda: run.process.poll() is not None or size_of(part) >= share * len(expected),
                   60)
        if run.process.poll() is None:
            run.process.kill()
        assert run.ended()[0] in (-signal.SIGKILL, 0)
    assert read(tmpdir) == expected
    assert sorted(os.listdir(str(tmpdir))) == ["in.csv", "out.csv"]


# Ends the process in the middle of the n-th call of a function of os, as kill -9 does.
DIES = """
import os, signal, sys
import assign
name, left = sys.argv.pop(), [int(sys.argv.pop())]
call = getattr(os, name)
def dies(*arguments):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return call(*arguments)
setattr(os, name, dies)
sys.exit(assign.main())
"""


def test_killed_at_each_step_of_a_note_and_of_the_end_it_goes_on(tmpdir, many, expected):
    """Between the rows and the note, between the note and its place, and before and after the file
    has its name."""
    arguments, all_notes, last_note = ["--output", "out.csv", "in.csv", "--checkpoint"], "0", "1000"
    # Python 2 has one name for both kinds of renaming.
    replace, second = ("rename", "2") if six.PY2 else ("replace", "1")
    for interval, times, name in [(all_notes, "1", "fsync"), (all_notes, "2", replace),
                                  (all_notes, "3", "fsync"),
                                  (last_note, second, "rename"), (last_note, "1", "remove")]:
        code = Run(tmpdir, *(arguments + [interval, times, name]), script="-c", program=DIES,
                   source=many).ended()[0]
        assert code == -signal.SIGKILL, (times, name)
        if name == replace:
            # Rows that were written after the last note, the last of them torn.
            with io.open(str(tmpdir.join("out.csv.part")), "ab") as file:
                file.write(expected[-1000:-20])
    code, _, errors = Run(tmpdir, *(arguments + [all_notes])).ended()
    assert (code, errors) == (0, "assign: going on after 12000 visitors\n")
    assert read(tmpdir) == expected
    assert sorted(os.listdir(str(tmpdir))) == ["in.csv", "out.csv"]


@pytest.fixture(scope="module")
def holed(many):
    """The visitors with a bad row among the first."""
    return many.replace(b"\nvisitor-1,", b"\n,", 1)


@pytest.fixture(scope="module")
def killed(holed, tmpdir_factory):
    folder = tmpdir_factory.mktemp("killed")
    code = Run(folder, "--checkpoint", "0", "--output", "out.csv", "in.csv", "6", "fsync",
               script="-c", program=DIES, source=holed).ended()[0]
    assert code == -signal.SIGKILL
    return folder


@pytest.fixture
def begun(killed, tmpdir):
    """A folder with a run over the visitors with a bad row that was killed half-way."""
    killed.copy(tmpdir)
    return tmpdir


def test_stdin_is_resumed_too_and_a_row_that_was_skipped_before_still_counts(
        begun, holed, expected, run):
    code, output, errors = run("--output", "out.csv", stdin=holed)
    assert (code, output) == (3, b"") and errors.startswith("assign: going on after ")
    assert errors.splitlines()[1:] == ["assign: rows skipped: 1"]
    assert read(begun).splitlines() == [line for line in expected.splitlines()
                                        if not line.startswith(b"visitor-1,")]


@pytest.mark.parametrize("change, reason", [
    ("input", "the input is not what"), ("bucketing", "is not what"), ("header", "is not what"),
    ("part", "is shorter than it was"),
])
def test_something_else_is_not_mixed_with_what_is_there(begun, holed, run, change, reason):
    """It says what is wrong and how to begin anew, and leaves everything as it is."""
    if change == "input":
        holed = holed.replace(b"visitor-2,", b"visitor-X,")
    elif change == "header":
        holed = holed.replace(b"country", b"region", 1)
    elif change == "part":
        begun.join("out.csv.part").write("")
    before = read(begun, "out.csv.part"), read(begun, "out.csv.progress")
    bucketing = os.path.join(DATA, "shop.json") if change == "bucketing" else CAMPAIGNS
    code, output, errors = run("--output", "out.csv", stdin=holed, bucketing=bucketing)
    assert (code, output) == (2, b"") and reason in errors
    assert "to begin anew, remove out.csv.part and out.csv.progress" in errors
    assert before == (read(begun, "out.csv.part"), read(begun, "out.csv.progress"))


def test_an_interrupt_ends_it_and_the_same_command_goes_on(tmpdir, many, expected, run):
    """And while it runs, nobody else can write the same output."""
    first = Run(tmpdir, "--processes", "2", "--checkpoint", "0", "--output", "out.csv")
    first.process.stdin.write(many[:300000])
    first.process.stdin.flush()
    assert eventually(lambda: os.path.exists(str(tmpdir.join("out.csv.progress"))), 60)
    code, _, errors = run("--output", "out.csv", stdin=many)
    assert code == 2 and "another process is writing out.csv.part" in errors
    first.process.send_signal(signal.SIGINT)
    code, _, errors = first.ended()
    assert (code, errors) == (130, "assign: interrupted; the same command goes on from here\n")
    assert run("--output", "out.csv", stdin=many)[0] == 0
    assert read(tmpdir) == expected


def test_a_process_that_is_lost_fails_the_run_which_then_goes_on(tmpdir, many, expected, run):
    program = ("import os, signal, sys, assign\n"
               "if __name__ == '__main__':\n"
               "    assign.assign = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)\n"
               "    sys.exit(assign.main())\n")
    code, _, errors = run("--processes", "2", "--output", "out.csv", "in.csv", script="-c",
                          program=program, source=many)
    assert (code, errors) == (1, "assign: a process ended before its work, with exit code -9\n")
    assert run("--output", "out.csv", "in.csv")[0] == 0
    assert read(tmpdir) == expected


@pytest.mark.parametrize("slot", ["1000", "100000"])
def test_what_is_too_large_for_shared_memory_goes_through_the_pipe(tmpdir, many, expected, slot):
    """Blocks and rows, or rows alone."""
    program = ("import sys, assign\n"
               "if __name__ == '__main__':\n"
               "    assign.SLOT = int(sys.argv.pop())\n"
               "    sys.exit(assign.main())\n")
    code, _, errors = Run(tmpdir, "--processes", "2", "--output", "out.csv", "in.csv", slot,
                          script="-c", program=program, source=many).ended()
    assert (code, errors) == (0, "")
    assert read(tmpdir) == expected


# -- what it says

@pytest.mark.parametrize("arguments, source, reason", [
    (["--no-such-option"], b"", "unrecognized arguments"),
    (["--processes", "0"], b"", "must be at least 1"),
    (["--checkpoint", "nan"], b"", "must be a number of seconds"),
    (["--checkpoint", "-1"], b"", "must be a number of seconds"),
    (["--output", "none/out.csv"], b"", "none/out.csv.part cannot be written"),
    (["--bucketing", "none.json"], b"", "none.json cannot be read"),
    (["--bucketing", "in.csv"], b"[", "the bucketing file is not JSON"),
    (["--bucketing", "in.csv"], b"visitor_id\n", "the bucketing file is not JSON"),
    (["--bucketing", "in.csv"], b"[]", "the bucketing file is not a JSON object"),
    (["--bucketing", "in.csv", "--input-format", "jsonl"], b"{}",
     "the bucketing file cannot be used: "),
    (["--bucketing", "in.csv", "--input-format", "jsonl"], b'{"panic": true}', "asks for panic"),
    (["--output", "in.csv"], b"", "in.csv is there already"),
], ids=lambda value: value if isinstance(value, six.text_type) else "")
def test_a_command_that_cannot_be_run_exits_with_2_and_says_why(tmpdir, capfd, arguments, source,
                                                                reason):
    tmpdir.join("in.csv").write(source)
    tmpdir.join("visitors.csv").write("visitor_id\n")
    try:
        code = assign.main(["--bucketing", CAMPAIGNS, "visitors.csv"] + arguments)
    except SystemExit as left:
        code = left.code
    output, errors = capfd.readouterr()
    assert (code, output) == (2, "") and reason in errors


@pytest.mark.parametrize("header, reason", [
    (None, "in.csv cannot be read"), (b"", "must name visitor_id"),
    (b"visitor_id,age:number\n", 'the column "age:number" must be key or key:type'),
    (b"visitor_id,age,age:int\n", "no column twice"),
    (b'visitor_id,"age\n', "the header cannot be read"),
    (b"visitor_id,\xff\n", "the header cannot be read"),
    (b"country;visitor_id;age:int\n", "separated by semicolons, and must be by commas"),
    (b'"visitor_id";"country"\r\n', "separated by semicolons"),
    (b"visitor_id\tcountry\n", "separated by tabs"),
    ("visitor_id,country\n".encode("utf-16"), "is UTF-16, not UTF-8"),
    ("visitor_id,country\n".encode("utf-16-le"), "is UTF-16, not UTF-8"),
    (b"\x1f\x8b\x08\x00rest\n", "is compressed with gzip"),
    (b"PK\x03\x04rest\n", "is a ZIP archive"),
    (b"visitor_id,country\rann,FR\r", "lines end in CR alone"),
])
def test_so_does_an_input_without_a_header_that_says_what_is_in_it(tmpdir, capfd, header, reason):
    if header is not None:
        tmpdir.join("in.csv").write(header, mode="wb")
    assert assign.main(["--bucketing", CAMPAIGNS, "in.csv"]) == 2
    assert reason in capfd.readouterr()[1]


@pytest.mark.parametrize("source, reason", [
    (b'{"visitor_id": "a"}\r{"visitor_id": "b"}\r', "lines end in CR alone"),
    ('{"visitor_id": "a"}\n'.encode("utf-16"), "is UTF-16, not UTF-8"),
    (b"\x1f\x8b\x08\x00rest\n", "is compressed with gzip"),
])
def test_so_does_an_input_in_jsonl_that_is_no_text(tmpdir, capfd, source, reason):
    tmpdir.join("in.jsonl").write(source, mode="wb")
    assert assign.main(["--bucketing", CAMPAIGNS, str(tmpdir.join("in.jsonl"))]) == 2
    assert reason in capfd.readouterr()[1]


@pytest.mark.parametrize("content, kind", [
    (b'visitor_id,"a\rb"\r\nann,x\r\n', "csv"), (b"visitor_id\r\n", "csv"), (b"", "csv"),
    (b'{"visitor_id":\r"a"}\r\n{"visitor_id": "b"}\r\n', "jsonl"),
])
def test_a_cr_that_ends_no_line_is_fine(content, kind):
    rows.refuse_what_is_no_text(content, kind)


@pytest.mark.parametrize("cell, number", [
    ("517.0", 517), ("517.", 517), ("-3.00", -3), (" 7.0 ", 7), ("9007199254740993.0", 2 ** 53 + 1),
    ("517.5", None), ("1e3", None), (".0", None), ("1_0.0", None), ("inf", None),
])
def test_a_whole_number_with_a_point_is_an_int(cell, number):
    """As spreadsheets and pandas write a column of them that has gaps."""
    reader = rows.CsvInput([("visitor_id", "text"), ("orders", "int")])
    row = ["ann", cell]
    if number is None:
        with pytest.raises(rows.BadRow):
            reader.visitor([str(each) for each in row])
    else:
        found = reader.visitor([str(each) for each in row])
        assert found == ("ann", {"orders": number}) and not isinstance(found[1]["orders"], float)


@pytest.mark.parametrize("line, visitor", [
    ('{"visitor_id": "ann", "country": "FR", "age": 31, "plan": null}',
     ("ann", {"country": "FR", "age": 31})),
    ('{"age": 31, "visitor_id": 1042}', ("1042", {"age": 31})),
    ('{"visitor_id": 1042.0, "context": {"age": 31}}', ("1042", {"age": 31})),
    ('{"visitor_id": 90071992547409930}', ("90071992547409930", {})),
    ('{"visitor_id": "ann"}', ("ann", {})),
])
def test_rows_of_jsonl_may_be_flat_and_ids_may_be_numbers(line, visitor):
    assert rows.JsonInput(None).visitor(line) == visitor


def test_what_of_the_bucketing_file_is_not_used_is_said(run, tmpdir):
    tmpdir.join("bad.json").write('{"campaigns": [{"id": "c1", "variationGroups": 5}]}')
    code, output, errors = run(stdin=b"visitor_id\nann\n", bucketing=str(tmpdir.join("bad.json")))
    assert (code, output) == (0, b"visitor_id,variation:c1\nann,\n")
    assert errors.endswith("campaigns[0].variationGroups: must be a list, not a number: "
                           "the campaign is skipped\n")


@pytest.mark.parametrize("kind, expected", [
    ("csv", "visitor_id,variation:c,flag:k\ufffd,flag:t\nann,v,1,\u00e9\ufffd\n"),
    ("jsonl", '{"visitor_id": "ann", "variations": {"c": "v"}, '
              '"flags": {"k\ufffd": 1, "t": "\u00e9\ufffd"}}\n')])
def test_half_a_character_in_the_bucketing_file_costs_itself_alone(run, tmpdir, kind, expected):
    """JSON may escape it, and no UTF-8 can hold it."""
    document = {"campaigns": [everybody("c", ("v", 100, {"k\ud800": 1, "t": "\u00e9\ud800"}))]}
    tmpdir.join("half.json").write(json.dumps(document))
    code, output, errors = run("--output-format", kind, stdin=b"visitor_id\nann\n",
                               bucketing=str(tmpdir.join("half.json")))
    assert (code, output.decode("utf-8"), errors) == (0, expected, "")


def on_a_terminal(tmpdir, many, **variables):
    """``(exit code, what a terminal shows)`` of a run with a bad row whose stderr is one."""
    import fcntl
    import pty  # neither is on every system
    import termios
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack(str("HHHH"), 25, 120, 0, 0))
    run = Run(tmpdir, "--output", "out.csv", "in.csv", source=many + b",,,,,\n", stderr=theirs,
              variables=variables)
    os.close(theirs)
    shown = b""
    try:
        while True:
            read = os.read(ours, 65536)
            if not read:
                break
            shown += read
    except OSError:  # how Linux tells that nobody holds the other end
        pass
    os.close(ours)
    return run.ended()[0], shown.decode("utf-8")


def test_a_terminal_shows_progress_with_rate_and_time_left(tmpdir, many, expected):
    code, shown = on_a_terminal(tmpdir, many)
    assert code == 3 and read(tmpdir) == expected
    assert "12000/12000 [" in shown and "visitors/s" in shown and "<00:00" in shown
    assert "assign: in.csv: line 12002: no visitor_id; skipped" in shown


def test_without_tqdm_there_is_no_progress_bar(tmpdir, many, expected):
    tmpdir.mkdir("stub").join("tqdm.py").write("raise ImportError")
    code, shown = on_a_terminal(tmpdir, many,
                                PYTHONPATH=os.pathsep.join([str(tmpdir.join("stub")), ROOT]))
    assert code == 3 and read(tmpdir) == expected
    assert shown.splitlines() == ["assign: in.csv: line 12002: no visitor_id; skipped",
                                  "assign: rows skipped: 1"]


# -- on a cluster

on_one_python = pytest.mark.skipif(sys.version_info[:2] != (3, 11),
                                   reason="Dask is large; it is tested on one Python")
PARTS = ["--partition", "100000", "--output", "out.csv", "in.csv"]


def said(errors):
    """What is not Dask's: that tells of processes that are slow to end, for one."""
    return [line for line in errors.splitlines() if line.startswith("assign: ")]


@on_one_python
def test_a_dask_cluster_of_two_gives_the_rows_of_one_process(tmpdir, many, expected):
    """A bad row in the last partition is reported with its line, and nothing but the output is
    left."""
    run = Run(tmpdir, *PARTS, script="assign_dask.py", source=many + b",,,,,\n")
    code, output, errors = run.ended()
    assert (code, output) == (3, b""), errors
    assert said(errors) == ["assign: in.csv: line 12002: no visitor_id; skipped",
                            "assign: rows skipped: 1"]
    assert read(tmpdir) == expected
    assert sorted(set(os.listdir(str(tmpdir))) - {"dask-scratch-space"}) == ["in.csv", "out.csv"]


# Makes the cluster first, so that its workers know flagship and nothing of examples/batch.
ON_A_CLUSTER = """
import sys
from dask.distributed import LocalCluster
with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address="127.0.0.1:0") as cluster:
    sys.path.insert(0, sys.argv.pop())
    import assign_dask
    sys.argv += ["--scheduler", cluster.scheduler_address]
    code = assign_dask.main()
sys.exit(code)
"""


@on_one_python
def test_a_killed_run_goes_on_with_the_parts_that_it_lacks_on_any_cluster(tmpdir, many, expected):
    program = ("import os, signal, sys, assign_dask\n"
               "compute = assign_dask.compute\n"
               "assign_dask.compute = lambda *arguments: compute(*arguments) or "
               "os.kill(os.getpid(), signal.SIGKILL)\n"
               "sys.exit(assign_dask.main())\n")
    code = Run(tmpdir, *PARTS, script="-c", program=program, source=many).ended()[0]
    assert code == -signal.SIGKILL
    # Without their summaries, and what was being joined.
    parts = sorted(each for each in tmpdir.join("out.csv.parts").listdir() if not each.ext)
    assert len(parts) > 2
    kept = parts.pop(0)
    kept.write(kept.read_binary().replace(b"visitor-", b"VISITOR-"), mode="wb")
    parts[0].remove()
    code, _, errors = Run(tmpdir, *(PARTS + [BATCH]), script="-c", program=ON_A_CLUSTER,
                          variables={"PYTHONPATH": ROOT}).ended()
    assert (code, said(errors)) == (0, []), errors
    assert read(tmpdir) != expected
    assert read(tmpdir).replace(b"VISITOR-", b"visitor-") == expected


@pytest.mark.parametrize("line", [b'""a\n', b'a""\n'], ids=repr)
def test_rows_that_are_no_csv_cost_what_they_are_long(line):
    """Eight times as many take about eight times as long, not 64, also after a stray quote."""
    clock = getattr(time, "process_time", None) or time.clock  # however busy the machine is

    def seconds(number):
        began = clock()
        list(rows.CsvInput([("visitor_id", "text")]).rows(b'x,"\n' + line * number, []))
        return clock() - began
    seconds(1000)
    assert min(seconds(80000) for _ in range(2)) < 32 * min(seconds(10000) for _ in range(3))
