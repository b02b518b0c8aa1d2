"""``flagship doctor``: quickly find out why visitors only get default values."""
import argparse
import importlib
import os
import re
import sys
import time
import traceback
from email.utils import mktime_tz, parsedate_tz

from flagship._compat import elapsed, text_type
from flagship._events import describe
from flagship._threads import start_daemon
from flagship._troubleshooting import see
from flagship.cli import _arguments, _local
from flagship.cli._errors import Usage
from flagship.cli._layout import escape
from flagship.cli._local import LEVELS, OK, SKIPPED, WARNING, WRONG, Check
from flagship.cli._output import Outcome
from flagship.config import Config
from flagship.contrib import _settings
from flagship.contrib._platform import inquire
from flagship.errors import FlagshipError
from flagship.transport.causes import Refused, looks_swapped, one_line, without_user_info
from flagship.transport.client import doubt_of_timeout

_DESCRIPTION = """\
Look for the reason why a program gets only defaults: credentials, each URL that
the SDK asks, TLS, proxies, the clock, the bucketing file, the visitor cache,
the spool, and versions. One line each, what is wrong first.

Nothing is reported to the platform: it asks for a decision, for the file, and
with OPTIONS, which is no hit, whether hits would arrive. A visitor cache keeps
one record, of a visitor flagship-doctor. Run it as the user that serves."""

_EPILOG = """\
--json prints {"well", "checks"}: whether nothing is wrong, and for each check
its level ("wrong", "warning", "ok" or "skipped"), name, message, and "see", the
section of docs/troubleshooting.rst, or null.

Exit codes: 0 nothing is wrong; 1 something is; 2 usage.

Examples:
  FLAGSHIP_ENV_ID=... FLAGSHIP_API_KEY=... flagship doctor
  flagship doctor --settings shop.settings
  flagship doctor --mode bucketing --spool /var/spool/shop.db --json"""

_OPTIONS = ("decision_api_url", "cdn_url", "tracking_url", "spool", "bucketing_file")
_SEE = re.compile(r" \(see troubleshooting: ([a-z-]+)\)$")
_SKEW, _GREAT_SKEW = 60, 300  # seconds; above the latter, the SDK does not trust a file's date
_GRACE = 2.0                  # seconds after the timeout for a check to end by itself
_REFUSED = (401, 403)


def add(commands):
    """Add the command to argparse's subparsers."""
    parser = commands.add_parser("doctor", help="why a program gets only defaults",
                                 description=_DESCRIPTION, epilog=_EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=run)
    parser.add_argument("--settings", metavar="MODULE",
                        help="a module with FLAGSHIP_* settings, such as a Django project's; "
                             "credentials then come from there and not from the environment")
    parser.add_argument("--env-id", metavar="ID",
                        help="the environment's id; default: $FLAGSHIP_ENV_ID")
    parser.add_argument("--api-key", metavar="KEY",
                        help="better $FLAGSHIP_API_KEY, as process lists show options to all")
    parser.add_argument("--mode", choices=("api", "bucketing"),
                        help="look at what this mode needs; default: the settings', or both")
    for name, told in (("decision-api-url", "base of the Decision API"),
                       ("cdn-url", "base of the platform's bucketing files"),
                       ("tracking-url", "base that hits go to")):
        parser.add_argument("--" + name, metavar="URL", help=told)
    parser.add_argument("--bucketing-file", metavar="PATH", help="the bucketing file's copy")
    parser.add_argument("--spool", metavar="PATH", help="the file that keeps what cannot be sent")
    parser.add_argument("--timeout", type=float, default=5.0, metavar="SECONDS",
                        help="bound on each check; default: %(default)g")
    _arguments.add_json(parser)


def run(options, say):
    """Return the Outcome of all checks; raise Usage if the command line is wrong."""
    _arguments.config(options)  # rejects an invalid timeout
    checks = _checks(options, _read_settings(options))
    checks = [each._replace(message=one_line(without_user_info(each.message)))
              for each in sorted(checks, key=lambda check: LEVELS.index(check.level))]
    well = all(check.level != WRONG for check in checks)
    document = {"well": well, "checks": [_as_dict(check) for check in checks]}
    return Outcome(0 if well else 1, document, lambda layout: [
        escape(u"%-7s  %-11s  %s" % check) for check in checks])


def _as_dict(check):
    found = _SEE.search(check.message)
    return {"level": check.level, "name": check.name, "message": check.message,
            "see": found and found.group(1)}


class _Given(object):
    """The settings to check.

    :ivar dict options: the keyword arguments of Config.
    :ivar mode: a Config.Mode, or None if it is not given.
    :ivar list problems: a FlagshipError for each setting that is missing or wrong.
    """

    def __init__(self, settings):
        self.env_id, self.api_key = settings.env_id, settings.api_key
        self.options, self.problems = dict(settings.options or {}), settings.problems
        self.mode = None


def _read_settings(options):
    """Return the settings; those on the command line take precedence. Raise Usage if the command
    line is wrong."""
    module = None if options.settings is None else _import_settings(options.settings)
    own = {"FLAGSHIP_ENV_ID": options.env_id, "FLAGSHIP_API_KEY": options.api_key}

    def get(name, default):
        if own.get(name) is not None:
            return _arguments.text("--" + name[len("FLAGSHIP_"):].lower().replace("_", "-"),
                                   own[name])
        if module is not None:
            return getattr(module, name, default)
        return os.environ.get(name, default)
    given = _Given(_settings.Settings(get, _settings.START))
    for name in _OPTIONS:
        value = getattr(options, name)
        if value is not None:
            given.options[name] = _arguments.text("--" + name.replace("_", "-"), value)
            _refuse_option(name, given.options[name])
    if options.mode is not None:
        given.options["mode"] = Config.Mode[options.mode.upper()]
    given.mode = given.options.get("mode", None if module is None else Config.Mode.API)
    return given


def _refuse_option(name, value):
    try:
        Config(**{name: value})
    except FlagshipError as error:
        raise Usage("--%s: %s" % (name.replace("_", "-"), _arguments.problem(error)))


def _import_settings(name):
    """Return a settings module; raise Usage if it cannot be imported."""
    name = _arguments.text("--settings", name)
    sys.path.insert(0, os.getcwd())
    # Django code in the settings reads this variable.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", str(name))
    try:
        return importlib.import_module(str(name))
    except (Exception, SystemExit) as error:  # the module may raise anything
        own = [entry for entry in traceback.extract_tb(sys.exc_info()[2])
               if not entry[0].startswith("<")  # frozen modules
               and os.path.abspath(entry[0]).startswith(os.path.join(os.getcwd(), ""))]
        place = u" (%s, line %d)" % (os.path.basename(own[-1][0]), own[-1][1]) if own else u""
        raise Usage(u"--settings %s: cannot be imported: %s%s" % (name, describe(error), place))
    finally:
        sys.path.remove(os.getcwd())


def _checks(options, given):
    """Return all Checks, in the order in which they are made."""
    found = [Check(WRONG, u"settings", problem.message) for problem in given.problems]
    found += _of_options(given.options)
    manager = given.options.get("visitor_cache_manager")
    works = {}
    if given.env_id and manager is not None:
        works["cache"] = lambda: [_local.visitor_cache(manager, given.env_id)]
    if given.options.get("spool"):
        works["spool"] = lambda: [_local.spool(given.options["spool"])]
    if given.env_id and given.mode is Config.Mode.BUCKETING:
        config = Config(**dict(given.options, event_handler=None))
        works["snapshot"] = lambda: [_local.snapshot(config, given.env_id)]
    if given.env_id and given.api_key and not given.options.get("offline"):
        found += _of_platform(options, given, works)
    else:
        found.append(Check(SKIPPED, u"platform", u"not asked"))
        found += _run_all(works, options.timeout)
    return found + [_local.versions()]


def _of_options(options):
    doubt = doubt_of_timeout(options.get("timeout", 0))
    if doubt:
        yield Check(WARNING, u"timeout", doubt)
    if options.get("offline"):
        yield Check(WARNING, u"offline", u"with offline=True the SDK never asks the platform")


def _of_platform(options, given, works):
    """Return the Checks of the platform's answers, and of ``works``."""
    if looks_swapped(given.env_id, given.api_key):
        # No request is made, because the API key would be part of the URL.
        return [Check(WRONG, u"credentials", u"the environment's id and the API key are swapped"
                      + see("wrong-key"))] + _run_all(works, options.timeout)
    try:
        inquiry = inquire(given.env_id, given.api_key, given.options, options.timeout)
    except Exception as error:  # a user's session may raise anything
        problem = error.message if isinstance(error, FlagshipError) else describe(error)
        return [Check(WRONG, u"credentials", u"%s%s" % (problem, see("wrong-key")))] + _run_all(
            works, options.timeout)
    replies = {}
    questions = {u"campaigns": inquiry.campaigns, u"hits": inquiry.hits}
    if given.mode is not Config.Mode.API:
        questions[u"bucketing"] = inquiry.bucketing

    def asking(name):
        def ask():
            replies[name] = questions[name]()
            return [_of_reply(name, replies[name], given.options)]
        return ask
    try:
        proxies = _proxies(inquiry, questions)
        found = _run_all(dict(works, **{name: asking(name) for name in questions}), options.timeout)
    finally:
        inquiry.close()
    return [_credentials(given, replies)] + found + [
        proxies, _clock(replies)] + _of_file(replies.get(u"bucketing"))


def _run_all(works, timeout):
    """Run ``works``, functions by name, in parallel and return their Checks; one that does not end
    in time is wrong."""
    found = {}

    def doing(name):
        def do():
            try:
                found[name] = works[name]()
            except Exception as error:  # a failing check must not hide the others
                found[name] = [Check(WRONG, text_type(name), describe(error))]
        return do
    ends = elapsed() + timeout + _GRACE
    threads = [start_daemon("flagship-doctor", doing(name)) for name in sorted(works)]
    for thread in threads:
        if thread is not None:
            thread.join(max(0, ends - elapsed()))
    return [check for name in sorted(works) for check in found.get(
        name, [Check(WRONG, text_type(name), u"no end after %g s" % (timeout + _GRACE))])]


def _of_reply(name, reply, options):
    where = u"%s: " % reply.url
    if reply.problem:
        return Check(WRONG, name, where + reply.problem)
    if reply.panic:
        return Check(WRONG, name, u"the platform is in panic, so that all get the defaults"
                     + see("panic"))
    if name == u"hits" and reply.status in (401, 403, 404):
        return Check(WARNING, name, where + u"answers %d%s" % (reply.status, see("wrong-url")))
    said = u"answers in %.2f s" % reply.seconds
    bound = options.get("timeout", 2.0)
    if name == u"campaigns" and reply.seconds > bound:
        return Check(WARNING, name, where + u"%s, and timeout is %g%s" % (
            said, bound, see("timeout")))
    return Check(OK, name, where + said)


def _credentials(given, replies):
    """Return which of the environment id and the API key is wrong, from all answers together."""
    name, decision, file = u"credentials", replies.get(u"campaigns"), replies.get(u"bucketing")
    environment = u"environment %s" % given.env_id
    if decision is not None and decision.status in _REFUSED:
        if file is None or file.status is None:
            return Check(WRONG, name, u"the API key or the environment is wrong (%s)%s" % (
                environment, see("wrong-key")))
        if file.status == 200:
            return Check(WRONG, name, u"the API key is wrong, as the platform knows the "
                                      u"environment (%s)%s" % (environment, see("wrong-key")))
        return Check(WRONG, name, u"the platform does not know the environment (%s)%s" % (
            environment, see("unknown-environment")))
    if decision is not None and decision.problem is None:
        return Check(OK, name, u"the platform takes the API key (%s)" % environment)
    return Check(SKIPPED, name, u"there are some; the platform did not say whether they are right "
                                u"(%s)" % environment)


def _proxies(inquiry, questions):
    found = set()
    for name in questions:
        url = inquiry.urls[name]
        try:
            found.add(inquiry.http.proxy_of(url))
        except Refused as problem:
            return Check(WRONG, u"proxy", u"%s" % problem)
        except Exception as error:  # a user's session may raise anything
            return Check(WRONG, u"proxy", describe(error) + see("proxy"))
    used = sorted(each for each in found if each)
    if not used:
        return Check(OK, u"proxy", u"none in use")
    some = u" for some of the URLs" if None in found else u""
    return Check(OK, u"proxy", u", ".join(used) + some)


def _clock(replies):
    """Compare the platform's clock with ours."""
    for reply in replies.values():
        try:
            theirs = mktime_tz(parsedate_tz(reply.headers["Date"]))
            theirs += int(reply.headers.get("Age", "0"))  # time spent in a cache on the way
        except Exception:  # no answer, or one without a date
            continue
        skew = time.time() - theirs
        if abs(skew) <= _SKEW:
            return Check(OK, u"clock", u"within a minute of the platform's")
        level = WARNING if abs(skew) <= _GREAT_SKEW else WRONG
        return Check(level, u"clock", u"this machine's is %d s %s the platform's%s" % (
            abs(skew), u"ahead of" if skew > 0 else u"behind", see("clock")))
    return Check(SKIPPED, u"clock", u"no answer tells the platform's")


def _of_file(reply):
    """Return the Checks of the bucketing file."""
    if reply is None or reply.campaigns is None or reply.panic:
        return []
    ignored, count = reply.campaigns.document.problem_count, reply.campaigns.count
    said = u"%d campaign%s, last modified %s" % (
        count, u"" if count == 1 else u"s", _age(reply.headers.get("Last-Modified")))
    if ignored:
        said += u'; %d ignored, "flagship validate" says what' % ignored
    return [Check(OK if count and not ignored else WARNING, u"file", said)]


def _age(modified):
    try:
        days = (time.time() - mktime_tz(parsedate_tz(modified))) / 86400
    except (TypeError, ValueError, OverflowError):
        return u"unknown"
    return u"%s (%.1f days ago)" % (modified, max(days, 0))
