"""``flagship decide``: what a visitor gets, and why."""
import argparse
import os

from flagship._events import EventLog
from flagship.transport.client import HttpClient
from flagship.cache.assignments import UnreadableRecord, read_record
from flagship.cache.sqlite import SQLiteVisitorCache
from flagship.cli import _arguments, _context, _explained, _source, _syntax
from flagship.cli._errors import Unavailable, Usage, suggestion
from flagship.cli._output import Outcome
from flagship.decision.api import ApiDecisionManager
from flagship.decision.compiled import Campaigns
from flagship.decision.explanation import explain, explain_given, merge_explained, unknown_key
from flagship.decision.manager import DecisionError
from flagship.state import PlatformState
from flagship.errors import FlagshipParsingError

_DESCRIPTION = """\
Show the flags that a visitor gets, and with --explain why: for each campaign
which variation group matches or which targeting fails and on what value, the
bucket of the hash, and the cached assignment.

The decision is made here, on FILE or on the environment's file; with
"--mode api" the platform makes it. Nothing is reported: no activation, no
context event."""

_EPILOG = _context.HELP + """

Cached assignments win over the hash, as in the SDK. --cache looks the visitor
up in the file of a SQLiteVisitorCache, which keeps environments apart: with
FILE, --env-id says which one.

--json prints what visitor.explain() returns: mode, visitorId, anonymousId,
context, serving, reason and modifications, which has for each flag value,
campaignId, variationGroupId, variationId and reference. --explain adds
cachedVariationIds and campaigns.

Exit codes: 0 decided; 1 nothing is served (panic, or no answer), or no campaign
of the file sets --flag; 2 usage.

Examples:
  flagship decide bucketing.json --visitor ann --context country=FR
  flagship decide bucketing.json --visitor ann --context age:=31 --explain
  flagship decide --env-id ENV_ID --visitor ann --flag cta_label --explain
  flagship decide --mode api --visitor ann --json"""


def add(commands):
    """Add the command and its arguments to the command line."""
    parser = commands.add_parser("decide", help="what a visitor gets, and why",
                                 description=_DESCRIPTION, epilog=_EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=run)
    _source.add(parser)
    parser.add_argument("--visitor", required=True, metavar="ID", help="the visitor's id")
    _context.add(parser)
    parser.add_argument("--explain", action="store_true", help="say why")
    parser.add_argument("--flag", metavar="KEY",
                        help="only this flag, and the campaigns that could set it")
    parser.add_argument("--cached", action="append", default=[], metavar="VARIATION_ID",
                        help="a variation that the visitor was assigned before; may be repeated")
    parser.add_argument("--cache", metavar="PATH",
                        help="the file of a SQLiteVisitorCache to look the visitor up in")
    parser.add_argument("--mode", choices=("bucketing", "api"), default="bucketing",
                        help="who decides: this command (bucketing, the default) or the platform "
                             "(api)")
    parser.add_argument("--api-key", metavar="KEY",
                        help="for --mode api; better $FLAGSHIP_API_KEY, as process lists show "
                             "options to all")
    parser.add_argument("--decision-api-url", metavar="URL",
                        help="base of the Decision API, for --mode api")
    _arguments.add_json(parser)
    _arguments.add_color(parser)


def run(options, say):
    """Return the Outcome of a parsed command line."""
    visitor_id = _arguments.text("--visitor", options.visitor)
    key = None if options.flag is None else _arguments.text("--flag", options.flag)
    context, as_text = _context.read(options)
    _refuse_what_has_no_effect(options)
    decide = _ask_platform if options.mode == "api" else _decide_locally
    serving, reason, cached_ids, campaigns, doubts = decide(
        options, visitor_id, context, as_text, key, say)
    for line in doubts:
        say(line)
    if serving and reason:
        say(reason)
    document = {"mode": u"%s" % options.mode.upper(), "visitorId": visitor_id, "anonymousId": None,
                "context": context, "serving": serving, "reason": reason,
                "modifications": merge_explained(campaigns, key) if serving else {}}
    explained = dict(document, campaigns=campaigns, cachedVariationIds=cached_ids)
    return Outcome(1 if reason else 0, explained if options.explain else document,
                   lambda layout: _explained.lines(explained, layout, options.explain))


def _refuse_what_has_no_effect(options):
    api = options.mode == "api"
    for given, option, wrong, why in (
            (options.file, "FILE", api,
             "the platform decides with --mode api, so there is no file"),
            (options.cdn_url, "--cdn-url", api or options.file,
             "the bucketing file does not come from there"),
            (options.cached, "--cached", api, "the platform decides with --mode api, without it"),
            (options.cache, "--cache", api, "the platform decides with --mode api, without it"),
            (options.api_key, "--api-key", not api, "only --mode api needs it"),
            (options.decision_api_url, "--decision-api-url", not api, "only --mode api needs it"),
            (options.env_id, "--env-id", options.file and not options.cache,
             "with FILE only --cache needs it")):
        if given and wrong:
            raise Usage("%s has no effect: %s" % (option, why))


def _decide_locally(options, visitor_id, context, as_text, key, say):
    """Decide locally, using a bucketing file."""
    campaigns = compile_source(_source.read(options), say)
    cached_ids = [_arguments.text("--cached", each) for each in options.cached]
    if options.cache is not None:
        cached_ids += _looked_up(options, visitor_id, say)
    known = cached_ids if options.cached or options.cache else None
    if campaigns.panic:
        reason = u"the file asks for panic"
    else:
        reason = u"" if key is None else unknown_key(key, campaigns.nearest_key(key))
    return (not campaigns.panic, reason, known,
            explain(campaigns, visitor_id, context, cached_ids, key),
            _context.doubts(context, as_text, campaigns))


def compile_source(source, say, needs_flags=False):
    """Return a Source's compiled Campaigns, and report what is ignored; raise Usage if it cannot be
    used, or if flags are needed and a file in panic has none."""
    try:
        campaigns = Campaigns(source.document()[0])
    except (_syntax.NotJson, FlagshipParsingError) as problem:
        raise Usage("%s: %s" % (source.name, problem))
    if needs_flags and campaigns.panic and not campaigns.setters:
        raise Usage("%s: the file asks for panic, and does not tell the flags" % source.name)
    ignored = campaigns.document.problem_count
    if ignored:
        say("%s: %d thing%s in the file ignored; \"flagship validate\" says which" % (
            source.name, ignored, " is" if ignored == 1 else "s are"))
    return campaigns


def _looked_up(options, visitor_id, say):
    path = _arguments.text("--cache", options.cache)
    environment = _arguments.env_id(options)
    if not os.path.isfile(options.cache):
        raise Usage("--cache %s: there is no such file" % path)  # the cache would create it
    try:
        cache = SQLiteVisitorCache(options.cache)
        cache.use_environment(environment)
        try:
            record = cache.lookup(visitor_id)
        finally:
            cache.close()
    except Exception as error:  # sqlite3's own errors, without importing it
        raise Usage("--cache %s: %s" % (path, error))
    try:
        return [] if record is None else list(read_record(record, visitor_id))
    except UnreadableRecord as problem:
        say("--cache %s: the visitor's record is ignored: %s" % (path, problem))
        return []


def _ask_platform(options, visitor_id, context, as_text, key, say):
    """Let the platform decide, without sending the context event of a visitor's synchronisation.
    """
    settings = _arguments.config(options, decision_api_url=options.decision_api_url)
    settings._start(_arguments.env_id(options), _arguments.api_key(options))
    events = EventLog(settings.event_handler)
    http = HttpClient(settings, events)
    state = PlatformState(events)
    try:
        decisions = ApiDecisionManager(settings, http, events, state)
        flags, _ = decisions.decide(visitor_id, None, context, None)
    except DecisionError as failure:
        if not state.panic:
            raise Unavailable(failure.message)
        return False, failure.message, None, [], ()
    finally:
        http.close()
    modifications = flags.all()
    doubts = _context.doubts(context, as_text)
    if key is not None and key not in modifications:
        doubts.append(u'the platform\'s answer has no flag "%s"%s' % (
            key, suggestion(key, modifications)))
    return True, u"", None, explain_given(modifications, key), doubts
