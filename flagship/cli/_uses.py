"""Finds where code and templates use a flag's key. Pure: nothing is imported or run."""
import ast
import bisect
import re
import warnings
from collections import namedtuple

from flagship._compat import RecursionError, decode_source, text_type, to_text

#: A place that uses a key.
#: keys: its possible keys, a list of text; None if only the running program knows.
#: line, column: from 1, in characters.
#: is_read: whether it reads the key; else it only names it, as a test's stand-ins do.
#: is_ours: whether a mistake in it may be reported: no for what perhaps is another library's, and
#: for a line with IGNORE.
Use = namedtuple("Use", "keys line column is_read is_ours")

IGNORE = u"flagship: ignore"

_READ = u"get_modification(?:_with_results|_info)?|activate_modification"
_OPENFEATURE = u"get_(?:boolean|string|integer|float|object)_(?:value|details)(?:_async)?"
_IS_READ, _IS_OPENFEATURE = [re.compile(u"(?:%s)\\Z" % each) for each in (_READ, _OPENFEATURE)]
_KEYWORDS = "key", "flag_key"
_STAND_INS = "flagship_flags"

# A file of Python without any of these is not parsed.
_MARKS = [each.encode("ascii") for each in (
    u"_modification", u".modifications", u"get_boolean_", u"get_string_", u"get_integer_",
    u"get_float_", u"get_object_", _STAND_INS, u"% flag ", u"{ flag(", u"if flag(",
    u"flag_json", u"flagship_json", u"visitor.to_json(", u"flagship.to_json(")]

_OPENING = re.compile(u"({#)|({%-?\\s*comment\\b)|{[{%]")
# What ends a block that was opened by the group of this number, or by none.
_CLOSING = {1: re.compile(u"#}"), 2: re.compile(u"endcomment\\s*-?%}"), None: re.compile(u"[%}]}")}
_TEMPLATE = re.compile(u"flag|_modification|_value|_details|to_json")
_KEY = u"(?:(?:flag_)?key\\s*=\\s*)?(?:(?:\"([^\"]*)\"|'([^']*)')%s|(?=[^\\s)%%}]))"
_TAG = re.compile(u"%%[-+\\s]*(?:flagship_)?flag\\s+%s" % (_KEY % u"(?=\\s|\\Z|-\\Z)"))
_ALL = re.compile(u"%[-+\\s]*flagship_json\\b|(?<![\\w.])flag_json\\("
                  u"|(?:visitor|flagship)\\.to_json\\(")
_CALL = re.compile(u"(?:(?<![\\w.])flag|\\.(?:%s|%s))\\s*\\(\\s*%s" % (
    _READ, _OPENFEATURE, _KEY % u"(?=\\s*[,)])"))


class Broken(Exception):
    """A file of Python cannot be parsed.

    :ivar int line: where, from 1; ``column`` likewise.
    """

    def __init__(self, message, line=1, column=1):
        Exception.__init__(self, message)
        self.line, self.column = max(line or 1, 1), max(column or 1, 1)


def in_python(content):
    """Return the Uses in a file of Python, bytes, in its order; raise :class:`Broken`."""
    if not any([mark in content for mark in _MARKS]):
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the code's own escapes
            tree, lines = ast.parse(content), decode_source(content).split(u"\n")
    except SyntaxError as error:
        raise Broken(u"%s" % error.msg, error.lineno, error.offset)
    except (ValueError, TypeError, MemoryError, RecursionError) as error:
        raise Broken(u"%s" % error or u"nested too deep")
    finder = _Finder(tree, lines, b"openfeature" in content)
    for node in ast.walk(tree):
        finder.look_at(node)
    return sorted(finder.uses, key=lambda use: (use.line, use.column))


def in_template(text):
    """Return the Uses in a template of Django or Jinja, in its order."""
    uses, is_flagship = [], u"flagship" in text
    starts = [0] + [found.end() for found in re.finditer(u"\n", text)]
    for begin, inner in _blocks(text) if _TEMPLATE.search(text) else ():
        tag, everything = _TAG.match(inner), _ALL.search(inner)
        single = tag or everything
        for found in [single] if single else _CALL.finditer(inner):
            given = None
            if found is not everything:
                given = found.group(1) if found.group(1) is not None else found.group(2)
            start = begin + found.start() + (0 if tag is None else -1)
            number = bisect.bisect_right(starts, start)
            ends = starts[number] if number < len(starts) else len(text)
            ignored = text.find(IGNORE, starts[number - 1], ends) >= 0
            uses.append(Use(None if given is None else [given], number,
                            start - starts[number - 1] + 1, True,
                            (tag is None or is_flagship) and not ignored))
    return uses


def _blocks(text):
    """Yield ``(position, content)`` of the tags and expressions of a template, without comments;
    the content begins with the second sign of the opening."""
    position, unclosed = 0, set()
    while True:
        opening = _OPENING.search(text, position)
        if opening is None:
            return
        kind, position = opening.lastindex, opening.end()
        # A file may have many beginnings and no end: each kind's end is searched for once then.
        closing = None if kind in unclosed else _CLOSING[kind].search(text, position)
        if closing is None:
            unclosed.add(kind)
            continue
        position = closing.end()
        if kind is None:
            yield opening.start() + 1, text[opening.start() + 1:closing.start()]


def _text_constants(tree):
    """Return ``{name: text}`` of the names that a module assigns once, and to a text."""
    found, seen = {}, set()
    for node in ast.walk(tree):
        targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name):
                text = _text(getattr(node, "value", None))
                if text is not None and target.id not in seen:
                    found[target.id] = text
                else:
                    found.pop(target.id, None)
                seen.add(target.id)
    return found


def _text(node):
    """Return a literal's text; None for anything else."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return to_text(value) if isinstance(value, (text_type, str)) else None


class _Finder(object):
    """Collects the Uses in the nodes of a syntax tree."""

    def __init__(self, tree, lines, is_openfeature):
        self._tree, self._lines, self._is_openfeature = tree, lines, is_openfeature
        self._constants, self.uses = None, []

    def look_at(self, node):
        if isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.Subscript) and _is_modifications(node.value):
            index = node.slice
            # Python 3.8 and earlier have a node in between.
            self._add(node, getattr(index, "value", None) if type(index).__name__ == "Index"
                      else index)
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)) \
                and _is_modifications(node.comparators[0]):
            self._add(node, node.left)
        elif type(node).__name__ in ("Constant", "Str"):
            self._template(node, _text(node) or u"")

    def _template(self, node, text):
        """Add the uses in a template that is a string."""
        for use in in_template(text) if u"{{" in text or u"{%" in text else ():
            # Python 3.7 and earlier have the last line of a string of several.
            line = node.lineno + use.line - 1 - text.count(u"\n") * (node.col_offset < 0)
            shown = self._line(line)
            if not all(key in shown for key in use.keys or ()):  # newlines were escapes
                line, shown = node.lineno, self._line(node.lineno)
            found = re.search(u"\\bflag\\b|\\.\\w+\\(", shown)
            self.uses.append(use._replace(
                line=line, column=found.start() + 1 if found else 1,
                is_ours=use.is_ours and IGNORE not in shown))

    def _call(self, node):
        name = getattr(node.func, "attr", "") or getattr(node.func, "id", "")
        if name == _STAND_INS:
            for key in getattr(node.args[0], "keys", ()) if node.args else ():
                if key is not None:  # None for **
                    self._add(key, key, is_read=False)
        elif name == "get" and _is_modifications(getattr(node.func, "value", None)):
            self._add(node, node.args[0] if node.args else None)
        elif isinstance(node.func, ast.Attribute):
            owner = getattr(node.func.value, "attr", "") or getattr(node.func.value, "id", "")
            if name == "to_json" and owner.endswith(("visitor", "flagship")):
                self._add(node, None)
            elif _IS_READ.match(name):
                self._add(node, _key_argument(node))
            elif _IS_OPENFEATURE.match(name):
                self._add(node, _key_argument(node), is_ours=self._is_openfeature)

    def _add(self, node, key, is_read=True, is_ours=True):
        line = self._line(node.lineno)
        before = line.encode("utf-8")[:node.col_offset].decode("utf-8", "replace")
        is_ours = is_ours and IGNORE not in line and IGNORE not in self._line(
            getattr(key, "lineno", 0))
        self.uses.append(Use(self._keys(key), node.lineno, len(before) + 1, is_read, is_ours))

    def _line(self, number):
        return self._lines[number - 1] if 0 < number <= len(self._lines) else u""

    def _keys(self, node):
        if isinstance(node, ast.IfExp):
            either = self._keys(node.body), self._keys(node.orelse)
            return None if None in either else either[0] + either[1]
        if isinstance(node, ast.Name):
            if self._constants is None:
                self._constants = _text_constants(self._tree)
            text = self._constants.get(node.id)
        else:
            text = _text(node)
        return None if text is None else [text]


def _is_modifications(node):
    return isinstance(node, ast.Attribute) and node.attr == "modifications"


def _key_argument(call):
    """Return the node of a call's key; None if it is behind an asterisk."""
    for keyword in call.keywords:
        if keyword.arg in _KEYWORDS:
            return keyword.value
    return call.args[0] if call.args else None
