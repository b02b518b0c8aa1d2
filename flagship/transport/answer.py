"""An answer of the platform, read within bounds: no peer can make this process hold more than it was told to."""
import email.utils
import re
import time
import zlib

from flagship._json import decode
from flagship.errors import FlagshipError

_PIECE = 64 * 1024  # bytes; Python 3.6 allocates what it is asked to read

_DIGITS = re.compile("^[0-9]{1,18}$")  # isdigit would take superscripts
_LONGEST_RETRY_AFTER = 300  # seconds; a platform that is longer away than it says is asked again


class RequestFailed(FlagshipError):
    """A request that gave no usable answer.

    :ivar str endpoint: the endpoint's name.
    :ivar str cause: what went wrong.
    :ivar status: the answer's HTTP status, or None when there was no answer.
    :ivar bool tried: False when nothing was sent, as the endpoint had failed too often.
    :ivar bool received: whether the platform may have received the request.
    :ivar retry_after: seconds from 0 to 300 (float) that the answer asked to wait, or None.
    """

    def __init__(self, endpoint, cause, status=None, tried=True, received=True, retry_after=None):
        super(RequestFailed, self).__init__("%s: %s" % (endpoint, cause))
        self.endpoint, self.cause, self.status = endpoint, cause, status
        self.tried, self.received, self.retry_after = tried, received, retry_after

    def __reduce__(self):
        return type(self), (self.endpoint, self.cause, self.status, self.tried, self.received,
                            self.retry_after)


class Answer(object):
    """A 2xx, or a 304 to a conditional request: ``status``, ``headers`` (a case-insensitive mapping) and ``body``
    (bytes, decompressed)."""

    __slots__ = ("endpoint", "status", "headers", "body")

    def __init__(self, endpoint, status, headers, body):
        self.endpoint, self.status, self.headers, self.body = endpoint, status, headers, body

    def json(self):
        """The decoded body; raises RequestFailed where it is not JSON."""
        try:
            return decode(self.body)
        except ValueError:
            raise RequestFailed(self.endpoint, "the answer is not JSON", self.status)


def retry_after(headers):
    """Seconds that an answer's Retry-After asks to wait, a float from 0 to 300; None without one.

    :param headers: a case-insensitive mapping.
    """
    value = headers.get("Retry-After", "").strip()
    if _DIGITS.match(value):
        return float(min(int(value), _LONGEST_RETRY_AFTER))
    try:
        when = email.utils.mktime_tz(email.utils.parsedate_tz(value))
    except (IndexError, OverflowError, TypeError, ValueError):
        return None  # no date
    return float(min(max(when - time.time(), 0), _LONGEST_RETRY_AFTER))


class Refused(Exception):
    """An answer that is not taken; its text is the cause."""


def content(response, max_size):
    """The body of a response of requests, bytes, decompressed.

    :param int max_size: bytes, of the body as it comes and of what it decompresses to.
    :raises Refused: on a longer body, and on one that is not what its headers say.
    """
    if response._content_consumed:  # by a hook of the user's session
        return response.content
    declared = response.headers.get("Content-Length", "")
    declared = int(declared) if _DIGITS.match(declared) else None
    if declared is not None and declared > max_size:
        raise Refused("the answer is over %d bytes" % max_size)
    options = {"decode_content": False} if hasattr(response.raw, "stream") else {}
    pieces, size = [], 0
    while True:
        piece = response.raw.read(_PIECE, **options)
        if not piece:
            break
        size += len(piece)
        if size > max_size:
            raise Refused("the answer is over %d bytes" % max_size)
        pieces.append(piece)
    if declared is not None and size < declared and response.status_code not in (204, 304):
        raise Refused("the answer ends after %d of %d bytes" % (size, declared))
    return _decompressed(b"".join(pieces), response.headers.get("Content-Encoding", "").strip().lower(), max_size)


def _decompressed(body, encoding, max_size):
    if not body or encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Refused("the answer has an unknown Content-Encoding")
    try:
        try:
            body = zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(body, max_size + 1)
        except zlib.error:
            if encoding != "deflate":
                raise
            # Some servers leave the zlib header out.
            body = zlib.decompressobj(-zlib.MAX_WBITS).decompress(body, max_size + 1)
    except zlib.error:
        raise Refused("the answer is not %s" % encoding)
    if len(body) > max_size:
        raise Refused("the answer is over %d bytes" % max_size)
    return body
