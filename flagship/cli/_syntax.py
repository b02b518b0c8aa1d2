"""Finds where a text violates JSON syntax: same messages and positions on every Python. Pure."""
import re

_SPACE = re.compile(u"[ \\t\\n\\r]*")
_CHARACTERS = re.compile(u'(?:[^"\\\\\\x00-\\x1f]|\\\\(?:["\\\\/bfnrt]|u[0-9A-Fa-f]{4}))*')
_SCALAR = re.compile(u"-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")

_VALUE, _ITEM, _KEY = "a value", "a value or ]", "a key in quotes"
_COLON, _NEXT = ": after the key", ", or "
_FIRST_KEY = "a key in quotes or }"
_CLOSING = {u"[": u"]", u"{": u"}"}


class NotJson(Exception):
    """The text is not JSON.

    :ivar str message: what is wrong.
    :ivar line: an int, from 1; None if the problem concerns the whole text.
    :ivar column: an int, from 1, in characters; or None.
    """

    def __init__(self, message, text=None, offset=None):
        Exception.__init__(self, message)
        self.message, self.line, self.column = message, None, None
        if offset is not None:
            self.line = text.count(u"\n", 0, offset) + 1
            self.column = offset - (text.rfind(u"\n", 0, offset) + 1) + 1

    def __str__(self):
        if self.line is None:
            return self.message
        return "line %d, column %d: %s" % (self.line, self.column, self.message)


def check(text):
    """Raise :class:`NotJson` if ``text`` is not valid JSON."""
    stack, expected, at = [], _VALUE, 0
    while True:
        at = _SPACE.match(text, at).end()
        here = text[at:at + 1]
        if expected is None:
            if here:
                raise NotJson("something stands after the end of the document", text, at)
            return
        if not here:
            raise NotJson("the file ends where %s should be" % _name(expected, stack), text, at)
        if expected is _COLON and here == u":":
            at, expected = at + 1, _VALUE
        elif expected is _NEXT and here == u",":
            at, expected = at + 1, _KEY if stack[-1] == u"{" else _VALUE
        elif stack and here == _CLOSING[stack[-1]] and expected in (_NEXT, _ITEM, _FIRST_KEY):
            stack.pop()
            at, expected = at + 1, _NEXT if stack else None
        elif expected in (_KEY, _FIRST_KEY) and here == u'"':
            at, expected = _string(text, at), _COLON
        elif expected in (_VALUE, _ITEM) and here in u"[{":
            stack.append(here)
            at, expected = at + 1, _ITEM if here == u"[" else _FIRST_KEY
        elif expected in (_VALUE, _ITEM) and here == u'"':
            at, expected = _string(text, at), _NEXT if stack else None
        elif expected in (_VALUE, _ITEM) and _SCALAR.match(text, at):
            at, expected = _SCALAR.match(text, at).end(), _NEXT if stack else None
        else:
            raise NotJson(_wrong(text, at, expected, stack), text, at)


def _name(expected, stack):
    return expected + _CLOSING[stack[-1]] if expected is _NEXT else expected


def _wrong(text, at, expected, stack):
    if stack and text[at] == _CLOSING[stack[-1]] and expected in (_KEY, _VALUE):
        return "a comma before %s" % text[at]
    return "%s is expected here" % _name(expected, stack)


def _string(text, at):
    """Return the index after the string that begins at index ``at``."""
    end = _CHARACTERS.match(text, at + 1).end()
    here = text[end:end + 1]
    if here == u'"':
        return end + 1
    if here == u"\\":
        raise NotJson("an escape that JSON does not know", text, end)
    raise NotJson("a string that does not end" + (" on its line" if here else ""), text, at)
