"""Bytes that came from outside, a file or an answer, to decoded JSON, within bounds."""
import re
import time

from flagship import _json
from flagship._compat import RecursionError, text_type

_MARK = b"\xef\xbb\xbf"
_LEAST_PARTS = 10000
_BYTES_A_PART = 32  # of the largest text; a real file has one in 40, an object takes 200 in memory

# Deeper than anything that is used, and far from what a decoder's stack can take.
_MAX_NESTING = 150
# After so many campaigns a thread that waits has its turn, which Python would else give it after
# five milliseconds.
_A_TURN, _MOST_TURNS, _PAUSE = 50, 100, 0.0001
_SPACES = frozenset(u" \t\n\r")
_TOKENS = re.compile(u'"(?:[^"\\\\]|\\\\.)*"?|[\\[\\]{}]', re.DOTALL)


class Unreadable(Exception):
    """Content that cannot be used; its text says why, such as ``is not JSON``."""


def decode(content, max_size):
    """The decoded JSON of ``content``.

    A byte order mark before it is read over. What is nested too deep for the decoder is cut off at
    a depth that nothing which is used has, so that only the part that it stands in is lost.

    :param bytes content:
    :param int max_size: bytes; how many objects and lists may be in a text of any size follows.
    :raises Unreadable: where it is not JSON, or has too many parts: 15 KiB of gzip can be millions
        of objects.
    """
    content = without_mark(content)
    _check_parts(content, max_size)
    try:
        try:
            return _json.decode(content)
        except _json.TooDeep:
            return _json.decode(_cut_off(content.decode("utf-8")).encode("utf-8"))
    except ValueError:
        raise Unreadable("is not JSON")


def decode_file(content, max_size, known, order):
    """The decoded JSON of a bucketing file, campaign by campaign: other threads get their turn in
    between, as they do not while a large text is decoded at once; and campaigns that are known are
    not decoded.

    :param content: and ``max_size``, as in :func:`decode`.
    :param dict known: the text of a campaign, an object, to what stands for it in the result.
    :param list order: the texts of ``known`` in the order in which they are to be expected.
    :return: ``(decoded, texts)``, ``texts`` being those of ``decoded["campaigns"]``; empty where
        they could not be told apart.
    :raises Unreadable: as :func:`decode` does.
    """
    _check_parts(content, max_size)
    try:
        text, scan = _json.scanner(without_mark(content))
        return _Campaigns(text, scan, known, order).read()
    except (_Unusual, ValueError, RecursionError):
        return decode(content, max_size), []


class _Unusual(Exception):
    """A text whose campaigns are not told apart."""


class _Campaigns(object):
    """Decodes a bucketing file, whose campaigns are a list in an object, part by part."""

    def __init__(self, text, scan, known, order):
        self._text, self._scan = text, scan
        self._known, self._order = known, order
        self._places = {}  # of the texts in the order
        self._position = 0

    def read(self):
        self._take(u"{")
        decoded, texts = {}, None
        while True:
            key = self._value()
            if type(key) is not text_type:
                raise _Unusual()
            self._take(u":")
            if key != u"campaigns":
                decoded[key] = self._value()
            elif texts is not None or not self._is_next(u"["):
                raise _Unusual()
            else:
                decoded[key], texts = self._items()
            if self._take(u",}") == u"}":
                break
        self._skip_space()
        if texts is None or self._position < len(self._text):
            raise _Unusual()
        return decoded, texts

    def _items(self):
        items, texts, expected = [], [], 0
        self._take(u"[")
        if self._is_next(u"]"):
            self._take(u"]")
            return items, texts
        while True:
            self._skip_space()
            begin, item = self._position, None
            if expected < len(self._order):
                text = self._order[expected]
                if self._text.startswith(text, begin):
                    # As it is an object, nothing that follows could belong to it.
                    item, self._position = self._known[text], begin + len(text)
                    expected += 1
            if item is None:
                item = self._value()
                if type(item) is not dict or not item:
                    raise _Unusual()  # there may be millions, which cost least when read at once
                text = self._text[begin:self._position]
                item, expected = self._match(item, text, expected)
            items.append(item)
            texts.append(text)
            if len(items) % _A_TURN == 0 and len(items) <= _MOST_TURNS * _A_TURN:
                time.sleep(_PAUSE)
            if self._take(u",]") == u"]":
                return items, texts

    def _match(self, item, text, expected):
        """An item, or what is known for it, and the place in the order that is expected next."""
        if text not in self._known:
            return item, expected + 1
        if not self._places:
            self._places = {text: place for place, text in enumerate(self._order)}
        return self._known[text], self._places[text] + 1

    def _value(self):
        self._skip_space()
        value, self._position = self._scan(self._text, self._position)
        return value

    def _skip_space(self):
        while self._text[self._position:self._position + 1] in _SPACES:
            self._position += 1

    def _is_next(self, sign):
        self._skip_space()
        return self._text.startswith(sign, self._position)

    def _take(self, signs):
        """Go over one of some signs, which must come next; which it was."""
        self._skip_space()
        sign = self._text[self._position:self._position + 1]
        if not sign or sign not in signs:
            raise _Unusual()
        self._position += 1
        return sign


def without_mark(content):
    """Bytes without the byte order mark that some editors begin a file with."""
    return content[len(_MARK):] if content.startswith(_MARK) else content


def _check_parts(content, max_size):
    parts = max(_LEAST_PARTS, max_size // _BYTES_A_PART)
    if content.count(b"{") + content.count(b"[") > parts:
        raise Unreadable("has more than %d objects and lists" % parts)


def _cut_off(text):
    """A text of JSON without what stands inside of its deepest containers."""
    kept, depth, begin = [], 0, 0
    for found in _TOKENS.finditer(text):
        token = found.group()
        if token in u"[{":
            depth += 1
            if depth == _MAX_NESTING + 1:
                kept.append(text[begin:found.end()])
        elif token in u"]}":
            depth -= 1
            if depth == _MAX_NESTING:
                begin = found.start()
    kept.append(text[begin:])
    return u"".join(kept)
