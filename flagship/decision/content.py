"""Decodes JSON from outside (a file or an answer), within limits."""
import re

from flagship import _json
from flagship._compat import RecursionError, text_type

_MARK = b"\xef\xbb\xbf"
_LEAST_PARTS = 10000
_BYTES_A_PART = 32  # of max_size; a real file has a part per 40 bytes, and one takes 200 in memory

# Deeper than anything that is used, and well within the limit of a decoder's stack.
_MAX_NESTING = 150
_SPACES = frozenset(u" \t\n\r")
_TOKENS = re.compile(u'"(?:[^"\\\\]|\\\\.)*"?|[\\[\\]{}]', re.DOTALL)


class Unreadable(Exception):
    """Content cannot be used; the message says why, such as ``is not JSON``."""


def decode(content, max_size):
    """Return the decoded JSON of ``content``.

    A leading byte order mark is skipped. If the content is nested too deep for the decoder, it is
    cut off at a depth that no usable part reaches, so that only the part with the deep nesting is
    lost.

    :param bytes content: the JSON text, in UTF-8.
    :param int max_size: the size limit in bytes; the limit on objects and lists is derived from it.
    :raises Unreadable: if it is not JSON, or has too many objects and lists: 15 KiB of gzip can
        expand to millions of objects.
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


def decode_file(content, max_size, known, order, read, pass_on):
    """Return the decoded JSON of a bucketing file. It is decoded campaign by campaign, so that
    other threads can run in between, and known campaigns are not decoded again. Each campaign is
    read as soon as it is decoded, because thousands of decoded ones would keep the garbage
    collector busy.

    :param content: as in :func:`decode`; so is ``max_size``.
    :param dict known: the text of a campaign (a JSON object) to what represents it in the result.
    :param list order: the texts of ``known`` in the order in which they are expected.
    :param read: a function of ``(decoded campaign, index)`` that returns what represents a campaign
        that is not known.
    :param pass_on: called between campaigns; may let other threads run.
    :return: ``(decoded, texts)``; ``texts`` are those of ``decoded["campaigns"]``, or empty if the
        file could not be split into campaigns: then all of it is decoded, and nothing is read.
    :raises Unreadable: as :func:`decode` does.
    """
    _check_parts(content, max_size)
    pass_on()
    try:
        text, scan = _json.scanner(without_mark(content))
        pass_on()
        return _Campaigns(text, scan, known, order, read, pass_on).read()
    except (_Unusual, ValueError, RecursionError):
        return decode(content, max_size), []


class _Unusual(Exception):
    """The text cannot be split into campaigns."""


class _Campaigns(object):
    """Decodes a bucketing file, an object with a list of campaigns, piece by piece."""

    def __init__(self, text, scan, known, order, read, pass_on):
        self._text, self._scan, self._read, self._pass_on = text, scan, read, pass_on
        self._known, self._order = known, order
        self._places = {}  # text -> its index in the order
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
                    # It is a complete object, so nothing that follows can belong to it.
                    item, self._position = self._known[text], begin + len(text)
                    expected += 1
            if item is None:
                given = self._value()
                if type(given) is not dict or not given:
                    raise _Unusual()  # there may be millions: decoding all at once is cheapest
                text = self._text[begin:self._position]
                item, expected = self._known_as(text, expected)
                if item is None:
                    item = self._read(given, len(items))
            items.append(item)
            texts.append(text)
            self._pass_on()
            if self._take(u",]") == u"]":
                return items, texts

    def _known_as(self, text, expected):
        """Return what is known for a text, or None, and the index in the order that is expected
        next."""
        if text not in self._known:
            return None, expected + 1
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
        """Skip the next character, which must be one of ``signs``, and return it."""
        self._skip_space()
        sign = self._text[self._position:self._position + 1]
        if not sign or sign not in signs:
            raise _Unusual()
        self._position += 1
        return sign


def without_mark(content):
    """Return bytes without the byte order mark that some editors put at the start of a file."""
    return content[len(_MARK):] if content.startswith(_MARK) else content


def _check_parts(content, max_size):
    parts = max(_LEAST_PARTS, max_size // _BYTES_A_PART)
    # Each takes two bytes, so most files are too short to be counted.
    if len(content) > 2 * parts and content.count(b"{") + content.count(b"[") > parts:
        raise Unreadable("has more than %d objects and lists" % parts)


def _cut_off(text):
    """Return a JSON text in which the containers at the maximum depth are emptied."""
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
