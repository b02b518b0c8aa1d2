"""``flagship share``: count how many visitors land in each variation, compared to its allocation.
"""
import argparse

from flagship.cli import _arguments, _context, _source, _visitors
from flagship.cli._layout import name_or_id, number, width_of
from flagship.cli._output import Outcome, Progress
from flagship.cli._shares import bounds, count_shares
from flagship.cli.decide import compile_source
from flagship.decision.allocation import spread

_DESCRIPTION = """\
Count how many visitors land in each variation of a bucketing file, beside what
its allocation says, as bars. The visitors are made up, or come from a file of
your own ids; they share one context.

"by chance" is where the count of a variation ends in 99 of 100 draws of so many
visitors (the quantiles of the binomial distribution): a difference within it is
noise. With many variations one outside is to be expected now and then; try
another --seed.

Visitors fall into 100 buckets, so an allocation of 33.3 is 33 or 34 of them,
which is shown as "33.3: 34 %"; "by chance" is around the buckets."""

_EPILOG = _context.HELP + """

--json prints {"file", "visitors", "seed", "context", "campaigns"}; a campaign
has campaignId, name, notTargeted (visitors that are in no group of it) and
variationGroups, these variationGroupId, name, visitors and variations, and
these variationId, name, allocation (as in the file), buckets (of 100),
visitors, share (0 to 1), expected ([least, greatest] by chance) and
withinChance. The last variation is that of nobody, with null for an id, where
the allocations leave visitors out.

Exit codes: 0 counted; 1 a URL gave no answer; 2 usage.

Examples:
  flagship share bucketing.json --visitors 100000
  flagship share bucketing.json --ids visitors.txt --context country=FR
  flagship share --env-id ENV_ID --seed 7 --json"""

_HEADS = u"", u"share", u"allocated", u"visitors", u"by chance"

_MAX_NAME = 24
_LEAST_BAR = 10
_OUTSIDE = u"  outside"


def add(commands):
    """Add the command and its arguments to the command line."""
    parser = commands.add_parser("share", help="how many visitors land in each variation",
                                 description=_DESCRIPTION, epilog=_EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=run)
    _source.add(parser)
    _visitors.add(parser)
    _context.add(parser)
    _arguments.add_json(parser)
    _arguments.add_color(parser)


def run(options, say):
    """Return the Outcome of a parsed command line."""
    _visitors.check(options, {"FILE": options.file})
    context, as_text = _context.read(options)
    source = _source.read(options)
    campaigns = compile_source(source, say)
    for line in _context.doubts(context, as_text, campaigns):
        say(line)
    total, seed, ids = _visitors.read(options)
    with Progress(total) as progress:
        visitors, counts = count_shares(campaigns, progress.counting(ids), context)
    document = {"file": source.name, "visitors": visitors, "seed": seed,
                "context": context, "campaigns": _campaigns(campaigns, visitors, counts)}
    return Outcome(0, document, lambda layout: _lines(document, layout))


def _campaigns(campaigns, visitors, counts):
    in_use = [each for each in campaigns.document.campaigns if each.problem is None]
    return [_campaign(campaign, place, visitors, counts) for place, campaign in enumerate(in_use)]


def _campaign(campaign, place, visitors, counts):
    seen, groups = {}, []
    for group in campaign.groups:
        if (place, group.id) in counts and group.id not in seen:
            seen[group.id] = counts[place, group.id]
            groups.append(_group(group, seen[group.id]))
    targeted = sum(sum(by_bucket) for by_bucket in seen.values())
    return {"campaignId": campaign.id, "name": campaign.name, "notTargeted": visitors - targeted,
            "variationGroups": groups}


def _group(group, by_bucket):
    owners = spread([(each.allocation, each) for each in group.variations])
    variations = list(group.variations) + ([None] if None in owners else [])
    shown = []
    for variation in variations:
        visitors = sum(count for owner, count in zip(owners, by_bucket) if owner is variation)
        shown.append(_variation(variation, owners.count(variation), sum(by_bucket), visitors))
    return {"variationGroupId": group.id, "name": group.name, "visitors": sum(by_bucket),
            "variations": shown}


def _variation(variation, buckets, among, visitors):
    least, greatest = bounds(among, buckets / 100.0)
    return {"variationId": variation and variation.id, "name": variation and variation.name,
            "allocation": variation and variation.allocation, "buckets": buckets,
            "visitors": visitors, "share": visitors / float(among),
            "expected": [least, greatest], "withinChance": least <= visitors <= greatest}


def _lines(document, layout):
    lines = layout.wrap(_visitors.describe_visitors(document), 0)
    rows = [_cells(variation) for campaign in document["campaigns"]
            for group in campaign["variationGroups"] for variation in group["variations"]]
    if rows:
        # The same widths for all groups, so that their bars can be compared.
        widths = [max(map(width_of, column)) for column in zip(_HEADS, *rows)]
        if layout.is_cutting:
            widths[0] = min(widths[0], _MAX_NAME)
            if _bar(widths, layout) < _LEAST_BAR:
                widths[-1] = 0  # no room for the "by chance" column
        if not layout.is_narrow:
            head = _line(_HEADS, u"", widths, layout)
            lines += [u"", layout.paint(head, "bold")]
    for campaign in document["campaigns"]:
        name = name_or_id(campaign["name"], campaign["campaignId"])
        if not campaign["variationGroups"]:
            lines += [u""] + layout.wrap(u"%s: no visitor is targeted" % name, 0)
        for group in campaign["variationGroups"]:
            title = u"%s / %s: %s visitors" % (
                name, name_or_id(group["name"], group["variationGroupId"]),
                number(group["visitors"]))
            lines += [u""] + layout.wrap(title, 0)
            for each in group["variations"]:
                lines += _of_variation(each, widths, layout)
        if campaign["variationGroups"] and campaign["notTargeted"]:
            lines.append(u"  %s visitors are not targeted" % number(campaign["notTargeted"]))
    return lines


def _of_variation(variation, widths, layout):
    """Return a variation's line, or its block of lines if there is no room for columns."""
    cells = _cells(variation)
    columns = layout.columns - 6 if layout.is_narrow else max(_bar(widths, layout), _LEAST_BAR)
    bar = layout.bar(variation["share"], variation["buckets"] / 100.0, columns)
    if not layout.is_narrow:
        return [_line(cells, bar, widths, layout)]
    found = [u"  " + layout.paint(cells[0], "bold"), u"    " + bar]
    return found + [u"    %s %s" % pair for pair in zip(_HEADS[1:], cells[1:]) if pair[1]]


def _cells(variation):
    """Return the cells beside the bar, under _HEADS."""
    chance = u""
    if 0 < variation["buckets"] < 100:
        chance = u"%s-%s" % tuple(map(number, variation["expected"]))
        if not variation["withinChance"]:
            chance += _OUTSIDE
    allocation = u"%d %%" % variation["buckets"]
    if variation["allocation"] not in (None, variation["buckets"]):
        allocation = u"%s: %s" % (number(variation["allocation"]), allocation)
    return (name_or_id(variation["name"], variation["variationId"] or u"(no variation)"),
            u"%.1f %%" % (100 * variation["share"]), allocation, number(variation["visitors"]),
            chance)


def _bar(widths, layout):
    """Return the number of columns that are left for bars."""
    return layout.columns - 2 - sum(widths) - 5 * 2


def _line(cells, bar, widths, layout):
    name, share, allocation, visitors, chance = cells
    if chance.endswith(_OUTSIDE):
        chance = chance[:-len(_OUTSIDE)] + layout.paint(_OUTSIDE, "yellow")
    return u"  %s  %s  %s  %s  %s  %s" % (
        layout.pad(name, widths[0]), bar.ljust(max(_bar(widths, layout), _LEAST_BAR)),
        share.rjust(widths[1]), allocation.rjust(widths[2]), visitors.rjust(widths[3]),
        chance if widths[4] else u"")
