"""Many visitors on the command line: made up, or a file of ids; they share one context."""
import random
from itertools import repeat

from flagship._compat import text_type, to_text
from flagship.cli import _arguments, _context, _source, _syntax
from flagship.cli._errors import Usage
from flagship.cli._layout import escape, json_shown, number
from flagship.decision.content import without_mark

_MOST = 10 ** 9  # hours of work


def add(parser):
    """Add the arguments for the visitors."""
    visitors = parser.add_mutually_exclusive_group()
    visitors.add_argument("--visitors", type=int, default=10000, metavar="N",
                          help="make up so many visitor ids; default: %(default)s")
    visitors.add_argument("--ids", metavar="PATH",
                          help="a file of visitor ids, one a line, or - for standard input")
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="other made-up ids, the same for the same number; default: "
                             "%(default)s")


def check(options, files):
    """Raise Usage if the arguments cannot be used.

    :param files: what else is read, the argument's name to what was given.
    """
    if not 1 <= options.visitors <= _MOST:
        raise Usage("--visitors: must be from 1 to %d, not %d" % (_MOST, options.visitors))
    standard_input = [name for name in sorted(files) if files[name] == "-"]
    standard_input += ["--ids"] if options.ids == "-" else []
    if len(standard_input) > 1:
        raise Usage("%s cannot both be standard input" % " and ".join(standard_input[:2]))


def read(options):
    """Return ``(their number, or None if it is unknown, the seed, or None if they are from a file,
    their ids as they are read)``."""
    if options.ids is None:
        return options.visitors, options.seed, _made_up(options.visitors, options.seed)
    return None, None, _read(options.ids)


def read_with_contexts(options, context):
    """Return what :func:`read` does, with ``(id, context)`` in place of an id: a line of the file
    may be a JSON object with ``visitorId`` and the ``context`` that is the visitor's own."""
    total, seed, ids = read(options)
    if seed is None:
        return total, seed, (_with_context(place, line, context)
                             for place, line in _lines(options.ids))
    return total, seed, ((visitor_id, context) for visitor_id in ids)


def _with_context(place, line, context):
    if not line.startswith(u"{"):
        return line, context
    try:
        document = _source.decode(line.encode("utf-8"))
    except _syntax.NotJson as problem:
        raise Usage("%s: %s" % (place, problem.message))
    visitor_id, own = document.get(u"visitorId"), document.get(u"context") or {}
    if not isinstance(visitor_id, text_type) or not visitor_id or not isinstance(own, dict):
        raise Usage('%s: must be {"visitorId": text, "context": {...}}' % place)
    return visitor_id, dict(context, **_context.check_context(place, own))


def describe_visitors(document):
    """Return a sentence on a document's ``visitors``, ``seed`` and ``context``."""
    seed, context = document["seed"], document["context"]
    made = u"from a file" if seed is None else u"made up with seed %d" % seed
    pairs = [u"%s=%s" % (escape(key), json_shown(context[key])) for key in sorted(context)]
    told = u"context " + u", ".join(pairs) if pairs else u"no context"
    return u"%s visitors %s, %s" % (number(document["visitors"]), made, told)


def _made_up(visitors, seed):
    bits = random.Random(seed).getrandbits  # the same numbers on every Python
    for _ in repeat(None, visitors):  # on Python 2 a range would be a list
        yield u"%032x" % bits(128)


def _read(path):
    return (visitor_id for _, visitor_id in _lines(path))


def _lines(path):
    """Yield ``(place, line)`` for each line of a file that is not blank, stripped."""
    name = _arguments.text("--ids", path)
    found = False
    content = without_mark(_source.content(path, name))
    for number_, line in enumerate(content.splitlines(), 1):
        place = "%s, line %d" % (name, number_)
        try:
            text = to_text(line.decode("utf-8"))
        except UnicodeDecodeError:
            text = None
        if text is None:
            raise Usage("%s: an id must be UTF-8" % place)
        if text.strip():
            found = True
            yield place, text.strip()
    if not found:
        raise Usage("%s: it holds no visitor ids" % name)
