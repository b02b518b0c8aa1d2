"""``flagship send``: send one hit, for smoke tests."""
import argparse
import logging

from flagship import hits
from flagship._compat import text_type
from flagship._json import decode
from flagship.app import Flagship
from flagship.cli import _arguments
from flagship.cli._errors import Usage
from flagship.cli._layout import escape, json_shown
from flagship.cli._output import Outcome
from flagship.errors import FlagshipError
from flagship.handler import FlagshipEventHandler
from flagship.tracking.immediate import with_ids

_DESCRIPTION = """\
Send one hit at once, and print what was sent and what the platform answered.
It counts in the environment's reports, like any other hit: use an environment
for tests, or --tracking-url with an emulator (python -m flagship.emulator).

A hit carries the environment's id (--env-id, or better FLAGSHIP_ENV_ID) and no
API key."""

_JSON = """\
--json prints {"url", "sent", "accepted", "answer"}: the hit as it went on the
wire, whether it was taken, and the HTTP status or what went wrong.

Exit codes: 0 accepted; 1 refused, or the platform not reached; 2 usage."""

_EPILOG = _JSON + """

Examples:
  flagship send page https://shop.example.com/ --visitor ann
  flagship send event action "add to cart" --visitor ann --value 3
  flagship send transaction T-1 purchase --visitor ann --revenue 59.90
  flagship send item T-1 Shoes SKU-7 --visitor ann --price 59.90

"flagship send KIND --help" tells the fields of each kind."""

_CATEGORIES = {"action": hits.EventCategory.ACTION_TRACKING,
               "engagement": hits.EventCategory.USER_ENGAGEMENT}


def _text(option, value):
    return _arguments.text(option, value)


def _number(option, value):
    try:
        return decode(_text(option, value).encode("utf-8"))
    except ValueError:
        raise Usage("%s: must be a number, not %s" % (option, escape(_text(option, value))))


def _size(option, value):
    width, _, height = _text(option, value).partition(u"x")
    return _number(option, width or u"?"), _number(option, height or u"?")


_METAVARS = {_text: "TEXT", _number: "N", _size: "WxH"}

# (option, method of the hit, how it is read, help)
_COMMON = (
    ("--ip", "with_ip", _text, "the visitor's IP address"),
    ("--resolution", "with_resolution", _size, "of the visitor's screen, such as 1920x1080"),
    ("--locale", "with_locale", _text, "such as fr-FR"),
    ("--session-number", "with_session_number", _number,
     "which of the visitor's sessions it is, at least 0"),
    ("--session-timestamp", "with_session_timestamp", _number,
     "when the session began, milliseconds since the epoch"),
)

# kind: (class, help, ((argument, help), ...), options as above)
_KINDS = (
    ("page", hits.Page, "the visitor came to a page", (("URL", "http or https, with a host"),), ()),
    ("screen", hits.Screen, "the visitor came to an interface of an application",
     (("NAME", "the interface's name"),), ()),
    ("event", hits.Event, "the visitor did something",
     (("CATEGORY", "action or engagement"), ("ACTION", "the event's name in the reports")), (
         ("--label", "with_event_label", _text, "describes it further"),
         ("--value", "with_event_value", _number, "what it is worth, an integer greater than 0"))),
    ("transaction", hits.Transaction, "the visitor completed a purchase",
     (("ID", "identifies the transaction"), ("AFFILIATION", "the goal's name in the reports")), (
         ("--revenue", "with_total_revenue", _number, "the total, with shipping and taxes"),
         ("--shipping-cost", "with_shipping_cost", _number, "in the transaction's currency"),
         ("--shipping-method", "with_shipping_method", _text, "how it is shipped"),
         ("--taxes", "with_taxes", _number, "in the transaction's currency"),
         ("--currency", "with_currency", _text, "ISO 4217, such as EUR"),
         ("--payment-method", "with_payment_method", _text, "how it is paid"),
         ("--item-count", "with_item_count", _number, "how many items, at least 0"),
         ("--coupon", "with_coupon_code", _text, "the code that was used"))),
    ("item", hits.Item, "one line of a transaction, after it",
     (("TRANSACTION_ID", "the transaction's"), ("NAME", "the product's name"),
      ("SKU", "the product's code")), (
         ("--price", "with_price", _number, "of one"),
         ("--quantity", "with_item_quantity", _number, "how many, at least 0"),
         ("--category", "with_item_category", _text, "the product's category"))),
)


def add(commands):
    """Add the command and its arguments to the command line."""
    parser = commands.add_parser("send", help="send a hit, for smoke tests",
                                 description=_DESCRIPTION, epilog=_EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", metavar="KIND")
    for name, kind, about, arguments, fields in _KINDS:
        each = kinds.add_parser(name, help=about, description="Send a hit: %s." % about,
                                epilog=_JSON,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
        each.set_defaults(run=run, hit=kind, arguments=arguments, fields=fields + _COMMON)
        for argument, told in arguments:
            each.add_argument(argument, help=told)
        each.add_argument("--visitor", required=True, metavar="ID", help="the visitor's id")
        each.add_argument("--env-id", metavar="ID",
                          help="the environment's id; default: $FLAGSHIP_ENV_ID")
        each.add_argument("--tracking-url", metavar="URL",
                          help="base that the hit goes to; default: the platform's")
        _arguments.add_timeout(each)
        _arguments.add_json(each)
        _arguments.add_color(each)
        for option, _, read, told in fields + _COMMON:
            each.add_argument(option, help=told, metavar=_METAVARS[read])
    parser.set_defaults(run=lambda options, say: parser.error("a KIND is needed: %s" % ", ".join(
        kind[0] for kind in _KINDS)))


class _Messages(FlagshipEventHandler):
    """Collects the SDK's warnings."""

    def __init__(self):
        super(_Messages, self).__init__()
        self.warnings = []

    def on_log(self, level, message):
        if level >= logging.WARNING:
            self.warnings.append(message)


def run(options, say):
    """Return the Outcome of a parsed command line."""
    visitor_id = _arguments.text("--visitor", options.visitor)
    environment = _arguments.env_id(options)
    messages = _Messages()
    settings = _arguments.config(options, messages, tracking_url=options.tracking_url)
    # In API mode starting sends no request, and hits do not contain the API key.
    with Flagship.instance() as flagship:
        flagship.start(environment, "hits-carry-no-key", settings)
        hit = _hit(options)
        for warning in messages.warnings:
            say(warning)
        accepted, answer = flagship.create_visitor(visitor_id).send_hit(hit)
    sent = dict(with_ids(hit.get_data(), visitor_id, None), cid=environment)
    document = {"url": settings.tracking_url + u"/", "sent": sent, "accepted": accepted,
                "answer": text_type(answer)}
    return Outcome(0 if accepted else 1, document, lambda layout: _lines(document, layout))


def _hit(options):
    given = [(name, _text(name, getattr(options, name))) for name, _ in options.arguments]
    if options.hit is hits.Event:
        if given[0][1] not in _CATEGORIES:
            raise Usage("CATEGORY: must be action or engagement, not %s" % given[0][1])
        given[0] = given[0][0], _CATEGORIES[given[0][1]]
    hit = _check_hit(" ".join(name for name, _ in given), options.hit,
                     [value for _, value in given])
    for option, method, read, _ in options.fields:
        value = getattr(options, option[2:].replace("-", "_"))
        if value is not None:
            value = read(option, value)
            _check_hit(option, getattr(hit, method), value if isinstance(value, tuple) else [value])
    return hit


def _check_hit(place, call, arguments):
    """Return the hit that ``call`` creates or changes. Raise Usage for an invalid value, even one
    that the SDK would just leave out of the hit, because the user can correct it."""
    try:
        hit = call(*arguments)
    except FlagshipError as error:
        raise Usage("%s: %s" % (place, _arguments.problem(error)))
    problem = hit.problem or hit.left_out
    if problem:
        raise Usage("%s: %s" % (place, problem.partition(": ")[2] or problem))
    return hit


def _lines(document, layout):
    lines = [u"POST %s" % document["url"]]
    lines += [u"  %-4s %s" % (escape(key), json_shown(document["sent"][key]))
              for key in sorted(document["sent"])]
    color, outcome = ("green", u"accepted") if document["accepted"] else ("red", u"not accepted")
    return lines + [u"%s: %s" % (layout.paint(outcome, color), escape(document["answer"]))]
