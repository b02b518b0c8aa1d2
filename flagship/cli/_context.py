"""A visitor's context on the command line."""
from flagship import _json
from flagship import context as contexts
from flagship._compat import argument_text, text_type
from flagship._values import Absent
from flagship.cli import _arguments, _source, _syntax
from flagship.cli._errors import Usage
from flagship.decision.targeting import elements, is_number, json_text
from flagship.errors import ContextError

HELP = """\
Context:
  --context KEY=VALUE    VALUE is text, always: zip=75011 and vip=true are text
  --context KEY:=JSON    a number, true or false: age:=31, vip:=true
  --context-json JSON    an object, '{"age": 31, "country": "FR"}', or @FILE
The platform compares text with text and numbers with numbers: the text "31"
is never greater than 18. A value that looks like a number but is compared with
one as text is pointed out. --context wins over --context-json."""


def add(parser):
    """Add the arguments for the visitor's context."""
    parser.add_argument("--context", action="append", default=[], metavar="KEY=VALUE",
                        help="one targeting criterion, text; KEY:=VALUE for a number, true or "
                             "false; may be repeated")
    parser.add_argument("--context-json", metavar="JSON",
                        help="all of them, a JSON object, or @FILE")


def read(options):
    """Return ``(context, keys that were given as text)``; raise Usage, with the place, if it is
    malformed."""
    context, as_text = {}, set()
    if options.context_json is not None:
        context.update(_document(options.context_json))
    for given in options.context:
        key, value, is_text = _pair(given)
        context[key] = value
        (as_text.add if is_text else as_text.discard)(key)
    return context, as_text


def doubts(context, as_text, campaigns=None):
    """Return messages about context values given as text that were probably meant as a number, true
    or false.

    :param campaigns: the compiled file, which tells what a key is compared with; None: unknown, so
        every value that looks like a number, true or false is reported.
    """
    compared = None if campaigns is None else _not_text(campaigns)
    found = []
    for key in sorted(as_text):
        value = context[key]
        if _looks_typed(value) and (compared is None or key in compared):
            with_what = u"" if compared is None else (
                u", and the file compares %s with %s" % (key, compared[key]))
            found.append(u"--context %s=%s is text%s; for a JSON value write %s:=%s"
                         % (key, value, with_what, key, value))
    return found


def _looks_typed(value):
    try:
        decoded = _json.decode(value.encode("utf-8"))
        return not isinstance(decoded, (text_type, dict, list, type(None)))
    except ValueError:
        return False


def _not_text(campaigns):
    """Return a dict, context key to an example of the number or bool that a file compares it with.
    """
    found = {}
    for campaign in campaigns.document.campaigns:
        for group in campaign.groups:
            for targetings in group.alternatives:
                for targeting in targetings:
                    _note_not_text(targeting, found)
    return found


def _note_not_text(targeting, found):
    name = targeting.operator or u""
    if targeting.problem is not None or not (name.endswith(u"EQUALS") or u"_THAN" in name):
        return  # other operators compare both as text, or do not look at the value
    for each in elements(targeting.value):
        if isinstance(each, bool) or is_number(each):
            found.setdefault(targeting.key, json_text(each))


def _pair(given):
    argument = argument_text(given)
    if argument is None:
        raise Usage("--context: must be text that UTF-8 can express")
    key, equals, value = argument.partition(u"=")
    is_text = not key.endswith(u":")
    key = key if is_text else key[:-1]
    if not equals or not key:
        raise Usage("--context %s: must be KEY=VALUE, or KEY:=VALUE with a JSON value" % argument)
    if not is_text:
        try:
            value = _source.decode(value.encode("utf-8"))
        except _syntax.NotJson as problem:
            raise Usage("--context %s: %s is not JSON (%s); for text write %s=%s" % (
                argument, value, problem.message, key, value))
    return key, _check_value("--context %s" % argument, key, value), is_text


def _document(given):
    argument = _arguments.text("--context-json", given)
    place, content = "--context-json", argument.encode("utf-8")
    if argument.startswith(u"@"):
        place = argument[1:]
        content = _source.content(given[1:], place)
    try:
        document = _source.decode(content)
    except _syntax.NotJson as problem:
        raise Usage("%s: %s" % (place, problem))
    if not isinstance(document, dict):
        raise Usage("%s: must be a JSON object, not %s" % (place, type(document).__name__))
    return check_context(place, document)


def check_context(place, document):
    """Return a decoded JSON object as a context; raise Usage, with the place, if it is none."""
    return {key: _check_value("%s: %s" % (place, key), key, value)
            for key, value in document.items()}


def _check_value(place, key, value):
    try:
        contexts.key_text(key)
        return contexts.checked_value(key, value)
    except (ContextError, Absent):
        raise Usage("%s: a context value is text, a number, true or false, not %s"
                    % (place, type(value).__name__))
