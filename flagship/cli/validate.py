"""``flagship validate``: show what in a bucketing file would be ignored, and why."""
import argparse

from flagship.cli import _arguments, _source, _syntax
from flagship.cli._findings import IGNORED, WARNING, Finding, findings
from flagship.cli._layout import escape
from flagship.cli._output import Outcome

_DESCRIPTION = """\
Say what in a bucketing file the SDK would ignore, and what deserves a second
look.

ignored  The SDK skips it: what breaks the rules of JSON or of the file, unknown
         operators, values that an operator does not take.
warning  It works as written, but look again: allocations that do not add up to
         100, groups that nobody can match or reach, ids that come twice, flags
         that two campaigns set.

Unknown keys and unknown types of campaign are fine: the platform may add some."""

_EPILOG = """\
--json prints {"file", "campaigns", "ignored", "warnings", "findings"}: the
number of campaigns in use, of each kind of finding, and for each finding its
level ("ignored" or "warning"), place (such as "campaigns[0].id"), message, and
line and column, which are null where the file is JSON.

Exit codes: 0 nothing is ignored; 1 something is (with --strict: or there are
warnings), or a URL gave no answer; 2 usage.

Examples:
  flagship validate bucketing.json
  curl -s https://example.com/bucketing.json | flagship validate -
  flagship validate --env-id ENV_ID --strict --json"""


def add(commands):
    """Add the command and its arguments to the command line."""
    parser = commands.add_parser("validate", help="what in a bucketing file is ignored, and why",
                                 description=_DESCRIPTION, epilog=_EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=run)
    _source.add(parser)
    parser.add_argument("--strict", action="store_true", help="exit with 1 for warnings, too")
    _arguments.add_json(parser)
    _arguments.add_color(parser)


def run(options, say):
    """Return the Outcome of a parsed command line."""
    source = _source.read(options)
    line = column = None
    campaigns = 0
    try:
        found, parsed = findings(*source.document())
        if parsed is not None:
            campaigns = sum(each.problem is None for each in parsed.campaigns)
    except _syntax.NotJson as problem:
        line, column = problem.line, problem.column
        found = [Finding(IGNORED, u"", u"not JSON: %s" % problem.message)]
    ignored = sum(each.level == IGNORED for each in found)
    document = {"file": source.name, "campaigns": campaigns, "ignored": ignored,
                "warnings": len(found) - ignored,
                "findings": [{"level": each.level, "place": each.place, "message": each.message,
                              "line": line, "column": column} for each in found]}
    return Outcome(1 if ignored or options.strict and found else 0, document,
                   lambda layout: _lines(document, layout))


def _lines(document, layout):
    counts = [_count(document["campaigns"], u"campaign", u" in use")]
    if document["ignored"]:
        counts.append(u"%d ignored" % document["ignored"])
    if document["warnings"]:
        counts.append(_count(document["warnings"], u"warning"))
    lines = [u"%s: %s" % (escape(document["file"]), u", ".join(counts))]
    for each in document["findings"]:
        place = each["place"] or u"the file"
        if each["line"] is not None:
            place = u"line %d, column %d" % (each["line"], each["column"])
        color = "red" if each["level"] == IGNORED else "yellow"
        lines += [u"", u"%s  %s" % (layout.paint(each["level"], color), place)]
        lines += layout.wrap(escape(each["message"]), len(WARNING) + 2)
    return lines


def _count(number, noun, rest=u""):
    return u"%d %s%s%s" % (number, noun, u"" if number == 1 else u"s", rest)
