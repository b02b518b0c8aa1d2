"""``flagship diff``: what another bucketing file changes, and for which visitors."""
import argparse
from collections import Counter

from flagship.cli import _arguments, _context, _differences, _source, _visitors
from flagship.cli._errors import Unavailable, Usage
from flagship.cli._layout import escape, json_shown, name_or_id, number, width_of
from flagship.cli._output import Outcome, Progress
from flagship.cli.decide import compile_source
from flagship.decision.evaluator import assign

_DESCRIPTION = """\
Say what changes when a bucketing file goes live in place of another: campaigns,
targeting, allocations and flags, and which visitors change variation. The
visitors are made up, or come from a file.

Without a visitor cache the hash alone decides, so whoever is in another bucket
range changes. With --visitor-cache a visitor keeps what OLD gave, as in an SDK
that remembers assignments."""

_EPILOG = _context.HELP + """

OLD and NEW are each a path, an http(s) URL, - for standard input, or env:ID,
the file of an environment of the platform (env: alone: of $FLAGSHIP_ENV_ID).
A line of --ids may be a visitor with a context of its own:
  {"visitorId": "ann", "context": {"country": "FR"}}

--json prints {"old", "new", "visitors", "seed", "context", "visitorCache",
"changed", "changes", "campaigns"}: changed counts the visitors that go from one
variation to another in any campaign. A change has what, where,
variationGroupId, variationId, flag, before and after (one of them where just
one file sets a flag). A campaign has campaignId, name, change (added, removed,
changed or same), changes, before and after (its visitors), kept, changed, new,
gone, and moves: from, to (variation ids, null for none) and visitors.

Exit codes: 0 no difference; 1 differences; 2 usage, or a file cannot be had.

Examples:
  flagship diff env: bucketing.json
  flagship diff old.json new.json --visitors 100000 --context country=FR
  flagship diff env:STAGING env:PRODUCTION --ids visitors.txt --json"""

_ENVIRONMENT = u"env:"


def add(commands):
    """Add the command and its arguments to the command line."""
    parser = commands.add_parser("diff", help="what another bucketing file changes, and for whom",
                                 description=_DESCRIPTION, epilog=_EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=run, env_id=None)
    for name, about in (("old", "the bucketing file that is live"), ("new", "the other one")):
        parser.add_argument(name, metavar=name.upper(), help=about)
    _source.add_network(parser)
    _visitors.add(parser)
    _context.add(parser)
    parser.add_argument("--visitor-cache", action="store_true",
                        help="visitors keep the variations that OLD gave them, while NEW has them")
    _arguments.add_json(parser)
    _arguments.add_color(parser)


def run(options, say):
    """Return the Outcome of a parsed command line."""
    _visitors.check(options, {"OLD": options.old, "NEW": options.new})
    context, as_text = _context.read(options)
    try:
        sources = [_read(options, name) for name in ("old", "new")]
    except Unavailable as problem:
        raise Usage(u"%s" % problem)  # exit code 1 is for differences
    files = [compile_source(source, say) for source in sources]
    for line in _context.doubts(context, as_text, files[1]):
        say(line)
    total, seed, visitors = _visitors.read_with_contexts(options, context)
    with Progress(total) as progress:
        counted = _Moves(files, options.visitor_cache)
        counted.count(progress.counting(visitors))
    document = {"old": sources[0].name, "new": sources[1].name, "visitors": counted.visitors,
                "seed": seed, "context": context, "visitorCache": options.visitor_cache,
                "changed": counted.changed,
                "changes": _differences.file_changes(*[each.document for each in files]),
                "campaigns": _campaigns(files, counted.moves)}
    differs = bool(document["changes"]) or not all(map(_is_same, document["campaigns"]))
    return Outcome(int(differs), document, lambda layout: _lines(document, files, layout))


def _is_same(campaign):
    return campaign["change"] == _differences.SAME and not campaign["moves"]


def _read(options, name):
    given = getattr(options, name)
    text = _arguments.text(name.upper(), given)
    if not text.startswith(_ENVIRONMENT):
        return _source.of_argument(options, name.upper(), given)
    try:
        env_id = text[len(_ENVIRONMENT):] or _arguments.env_id(options)
    except Usage:
        raise Usage("%s: env: needs an ID, as FLAGSHIP_ENV_ID is not set" % name.upper())
    return _source.of_environment(options, env_id)


class _Moves(object):
    """Counts who is in which variation before and after.

    :param files: the compiled Campaigns, old and new.
    :param bool keep: whether what the old file gave is a cached assignment in the new one.
    :ivar dict moves: a campaign's key to a Counter of ``(variation id before, after)``, each None
        for a visitor who is not in it.
    :ivar int changed: number of visitors that go from one variation to another in any campaign.
    """

    def __init__(self, files, keep):
        self._files, self._keep = files, keep
        self._keys = [{variation: key
                       for key, campaign in _differences.campaigns_of(each.document).items()
                       for group in campaign.groups for variation in group.variations}
                      for each in files]
        self.moves, self.visitors, self.changed = {}, 0, 0

    def count(self, visitors):
        for visitor_id, context in visitors:
            self.visitors += 1
            before = self._assign_by_group(0, visitor_id, context)
            cached_ids = list(before.values()) if self._keep else ()
            after = self._assign_by_group(1, visitor_id, context, cached_ids)
            self.changed += any(key in after and after[key] != before[key] for key in before)
            for key in set(before) | set(after):
                self.moves.setdefault(key, Counter())[before.get(key), after.get(key)] += 1

    def _assign_by_group(self, place, visitor_id, context, cached_ids=()):
        campaigns, keys = self._files[place], self._keys[place]
        if campaigns.panic:
            return {}
        return {keys[each]: each.id for each in assign(campaigns, visitor_id, context, cached_ids)}


def _campaigns(files, moves):
    campaigns = [_differences.campaigns_of(each.document) for each in files]
    return [_campaign(old, new, moves.get(key, {}))
            for key, (old, new) in _differences.pairs(*campaigns)]


def _campaign(old, new, moves):
    changes = _differences.campaign_changes(old, new)
    change = _differences.CHANGED if changes else _differences.SAME
    if old is None or new is None:
        change = _differences.ADDED if old is None else _differences.REMOVED
    shown_moves = [{"from": before, "to": after, "visitors": moves[before, after]}
                   for before, after in moves if before != after]
    shown_moves.sort(key=lambda each: (-each["visitors"], each["from"] or u"", each["to"] or u""))
    counts = {"before": 0, "after": 0, "kept": 0, "changed": 0, "new": 0, "gone": 0}
    for (before, after), visitors in moves.items():
        counts["before"] += visitors * (before is not None)
        counts["after"] += visitors * (after is not None)
        counts[_kind(before, after)] += visitors
    campaign = new or old
    return dict(counts, campaignId=campaign.id, name=campaign.name, change=change, changes=changes,
                moves=shown_moves)


def _kind(before, after):
    if before is None or after is None:
        return "new" if before is None else "gone"
    return "kept" if before == after else "changed"


def _lines(document, files, layout):
    visitors = document["visitors"]
    lines = layout.wrap(u"%s: %s (%.1f %%) change variation" % (
        _visitors.describe_visitors(document), number(document["changed"]),
        100.0 * document["changed"] / visitors), 0)
    if document["changes"]:
        lines.append(u"")
        for each in document["changes"]:
            lines += _change_lines(each, layout)
    names = {variation.id: name_or_id(variation.name, variation.id) for each in files
             for campaign in each.document.campaigns for group in campaign.groups
             for variation in group.variations}
    same = 0
    for campaign in document["campaigns"]:
        if _is_same(campaign):
            same += 1
        else:
            lines += [u""] + _campaign_lines(campaign, names, layout)
    if same:
        lines += [u"", u"%d campaign%s not change" % (same, u" does" if same == 1 else u"s do")]
    return lines


_COLORS = {_differences.ADDED: "green", _differences.REMOVED: "red",
           _differences.CHANGED: "yellow", _differences.SAME: "bold"}


def _campaign_lines(campaign, names, layout):
    title = u"%s: %s" % (name_or_id(campaign["name"], campaign["campaignId"]), campaign["change"])
    lines = [layout.paint(each, _COLORS[campaign["change"]])
             for each in layout.wrap(title, 0)]
    for each in campaign["changes"]:
        lines += _change_lines(each, layout)
    counts = u", ".join(u"%s %s" % (number(campaign[name]), name)
                        for name in ("kept", "changed", "new", "gone") if campaign[name])
    lines += layout.wrap(u"visitors: %s" % (counts or u"none"), 2)
    rows = [[number(each["visitors"]), names.get(each["from"], u"(none)"), u"->",
             names.get(each["to"], u"(none)")] for each in campaign["moves"]]
    if rows:
        width = max(width_of(row[0]) for row in rows)
        rows = [[row[0].rjust(width)] + row[1:] for row in rows]
        lines += [u"    " + line for line in layout.indent(4).table(rows)]
    return lines


def _change_lines(change, layout):
    what = escape(u"flag %s" % change["flag"]) if change["flag"] is not None else change["what"]
    where = u" of " + change["where"] if change["where"] else u""
    values = [_value(change, name) for name in ("before", "after")]
    if change["what"] == u"targeting":  # too long for one line
        return layout.wrap(what + where, 2) + [
            line for sign, value in zip(u"-+", values)
            for line in layout.wrap(u"%s %s" % (sign, value), 4)]
    return layout.wrap(u"%s%s: %s -> %s" % (what, where, values[0], values[1]), 2)


def _value(change, name):
    if name not in change:
        return u"(not set)"
    value = change[name]
    if value is None and change["flag"] is None:
        return u"(none)"
    if change["what"] in (u"targeting", u"variation group", u"variation"):
        return escape(value)
    if change["what"] == u"order":
        return u", ".join(value)
    return json_shown(value)
