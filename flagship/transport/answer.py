"""The platform's answers, read within limits: no peer can make this process hold more data in
memory than is configured."""
import email.utils
import re
import time
import zlib

from flagship._json import decode
from flagship._troubleshooting import see
from flagship.errors import FlagshipError
from flagship.transport.causes import Refused
from flagship.transport.deadline import reader

_DIGITS = re.compile("^[0-9]{1,18}$")  # isdigit would take superscripts
_LONGEST_RETRY_AFTER = 300  # seconds; a longer Retry-After is capped
_SLICE = 4096               # bytes to decompress at a time; the data after a member is copied
_MOST_MEMBERS = 10000       # of one gzip body; many small members are slow to decompress


class RequestFailed(FlagshipError):
    """A request got no usable answer.

    :ivar str endpoint: the endpoint's name.
    :ivar str cause: what went wrong, in one line without secrets.
    :ivar status: the answer's HTTP status, or None when there was no answer.
    :ivar bool tried: False when nothing was sent because the circuit is open, or the SDK is offline
        or closed.
    :ivar bool received: whether the platform may have received the request.
    :ivar retry_after: the answer's Retry-After in seconds, a float from 0 to 300, or None.
    """

    def __init__(self, endpoint, cause, status=None, tried=True, received=True, retry_after=None):
        super(RequestFailed, self).__init__("%s: %s" % (endpoint, cause))
        self.endpoint, self.cause, self.status = endpoint, cause, status
        self.tried, self.received, self.retry_after = tried, received, retry_after

    def __reduce__(self):
        return type(self), (self.endpoint, self.cause, self.status, self.tried, self.received,
                            self.retry_after)


class Answer(object):
    """A 2xx answer, or a 304 to a conditional request.

    :ivar str endpoint: the endpoint's name.
    :ivar int status: the HTTP status.
    :ivar headers: a case-insensitive mapping.
    :ivar bytes body: decompressed; empty if the status is 204 or 304.
    """

    __slots__ = ("endpoint", "status", "headers", "body", "_note")

    def __init__(self, endpoint, status, headers, body, note=lambda failure: None):
        self.endpoint, self.status, self.headers, self.body = endpoint, status, headers, body
        self._note = note

    def json(self):
        """Return the decoded body; raise RequestFailed if it is not JSON."""
        try:
            return decode(self.body)
        except ValueError:
            raise self.failure("the answer is not JSON")

    def failure(self, cause):
        """Return the RequestFailed to raise for an invalid answer, and record it as the endpoint's
        last error.

        :param str cause: what is wrong, in one line.
        """
        failure = RequestFailed(self.endpoint, cause, self.status)
        self._note(failure)
        return failure


def retry_after(headers):
    """Return an answer's Retry-After in seconds, a float from 0 to 300; None if there is none.

    :param headers: a case-insensitive mapping.
    """
    value = headers.get("Retry-After", "").strip()
    if _DIGITS.match(value):
        return float(min(int(value), _LONGEST_RETRY_AFTER))
    try:
        when = email.utils.mktime_tz(email.utils.parsedate_tz(value))
    except Exception:  # not a date; the exception type depends on the Python version
        return None
    return float(min(max(when - time.time(), 0), _LONGEST_RETRY_AFTER))


def read_body(response, max_size, deadline):
    """Return the decompressed body (bytes) of a ``requests`` response. On an error the response is
    closed.

    :param int max_size: maximum number of bytes, both as received and decompressed.
    :param Deadline deadline: when to give up; socket.timeout is raised then.
    :raises Refused: if the body is longer, or does not match its headers.
    """
    if response._content_consumed:  # by a hook on the user's session
        return response.content
    try:
        body = _read(response, max_size, deadline)
    except Exception:
        response.close()
        raise
    if not body:
        return body
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    return _decompress(body, encoding, max_size)


def _read(response, max_size, deadline):
    declared = response.headers.get("Content-Length", "").strip()
    declared = int(declared) if _DIGITS.match(declared) else None
    if declared is not None and declared > max_size:
        raise _over(max_size)
    pieces, size, next_piece = [], 0, reader(response.raw, deadline)
    while True:
        piece = next_piece()
        if not piece:
            break
        size += len(piece)
        if size > max_size:
            raise _over(max_size)
        pieces.append(piece)
        if size == declared:
            break  # another read would only check the clock again
    if declared is not None and size < declared and response.status_code not in (204, 304):
        raise Refused("the answer ends after %d of %d bytes" % (size, declared))
    return b"".join(pieces)


def _over(max_size):
    return Refused("the answer is over %d bytes%s" % (max_size, see("too-large")))


def _decompress(body, encoding, max_size):
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Refused("the answer has an unknown Content-Encoding")
    try:
        if encoding != "deflate":
            return _gunzip(body, max_size)
        try:
            return _inflate(body, zlib.MAX_WBITS, max_size)
        except zlib.error:
            # Some servers omit the zlib header.
            return _inflate(body, -zlib.MAX_WBITS, max_size)
    except zlib.error:
        raise Refused("the answer is not %s" % encoding)


def _inflate(body, window, max_size):
    content = zlib.decompressobj(window).decompress(body, max_size + 1)
    if len(content) > max_size:
        raise _over(max_size)
    return content


def _gunzip(body, max_size):
    """Return the decompressed content of all gzip members in ``body``."""
    unpacker, pieces, size, members = _new_unpacker(), [], 0, 1
    for start in range(0, len(body), _SLICE):
        data = body[start:start + _SLICE]
        while data:
            try:
                piece = unpacker.decompress(data, max_size + 1 - size)
            except zlib.error:
                if members == 1:
                    raise
                return b"".join(pieces)  # padding after the last member
            size += len(piece)
            if size > max_size:
                raise _over(max_size)
            pieces.append(piece)
            data = unpacker.unused_data
            if data:
                unpacker, members = _new_unpacker(), members + 1
                if members > _MOST_MEMBERS:
                    raise Refused("the answer has over %d gzip members" % _MOST_MEMBERS)
    # On Python 2 there is no other way to tell whether the last member is complete.
    unpacker.decompress(b"\0")
    if not unpacker.unused_data:
        raise Refused("the answer ends inside of its gzip data")
    return b"".join(pieces)


def _new_unpacker():
    return zlib.decompressobj(16 + zlib.MAX_WBITS)
