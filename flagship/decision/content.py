"""Bytes that came from outside, a file or an answer, to decoded JSON, within bounds."""
import re

from flagship import _json

_MARK = b"\xef\xbb\xbf"
_LEAST_PARTS = 10000
_BYTES_A_PART = 32  # of the largest text; a real file has one in 40, an object takes 200 in memory

# Deeper than anything that is used, and far from what a decoder's stack can take.
_MAX_NESTING = 150
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
    parts = max(_LEAST_PARTS, max_size // _BYTES_A_PART)
    if content.count(b"{") + content.count(b"[") > parts:
        raise Unreadable("has more than %d objects and lists" % parts)
    try:
        try:
            return _json.decode(content)
        except _json.TooDeep:
            return _json.decode(_cut_off(content.decode("utf-8")).encode("utf-8"))
    except ValueError:
        raise Unreadable("is not JSON")


def without_mark(content):
    """Bytes without the byte order mark that some editors begin a file with."""
    return content[len(_MARK):] if content.startswith(_MARK) else content


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
