"""The emulator's sockets: HTTP/1.1 on loopback, and the faults that concern the connection."""
import json
import re
import socket
import struct
import threading

from six.moves import BaseHTTPServer, socketserver

from flagship._compat import text_type
from flagship._version import __version__
from flagship.emulator.faults import MAX_BYTES
from flagship.emulator.platform import Request, route_of

_DIGITS = re.compile(r"^[0-9]{1,12}$")
_CHUNK = re.compile(br"^([0-9A-Fa-f]{1,8})[ \t]*(;.*)?\r?\n$")
_MAX_LINE = 65536
_LINGER = 1.0  # seconds that a client has to read the answer and close, after the server's end


class Server(socketserver.ThreadingMixIn, BaseHTTPServer.HTTPServer):
    """Serves until :meth:`end`.

    :param answer: a function of a Request that returns ``(status, headers, body, Fault or None)``.
    """

    daemon_threads = True
    block_on_close = False
    # On POSIX this allows a port that was in use recently, but never one that is in use.
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address, answer):
        self.answer, self.ending, self.accepted = answer, threading.Event(), 0
        self._open, self._opening = {}, threading.Lock()
        BaseHTTPServer.HTTPServer.__init__(self, address, _Handler)

    def server_bind(self):
        # HTTPServer's own method looks up a host name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def process_request(self, request, client_address):
        thread = threading.Thread(target=self.process_request_thread,
                                  args=(request, client_address),
                                  name="flagship-emulator-connection")
        thread.daemon = True
        self.accepted += 1
        with self._opening:
            self._open[thread] = request
        thread.start()

    def process_request_thread(self, request, client_address):
        try:
            socketserver.ThreadingMixIn.process_request_thread(self, request, client_address)
        finally:
            with self._opening:
                self._open.pop(threading.current_thread(), None)

    def handle_error(self, request, client_address):
        """Ignore errors: a client may disconnect at any time."""

    def end(self):
        self.shutdown()
        self.server_close()
        self.ending.set()
        with self._opening:
            threads = list(self._open)
            for connection in self._open.values():
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except socket.error:
                    pass  # already closed
        for thread in threads:
            thread.join()


class _Malformed(Exception):
    """A request cannot be parsed; ``status`` and the message are for the answer."""

    def __init__(self, status, problem):
        super(_Malformed, self).__init__(problem)
        self.status = status


class _Handler(BaseHTTPServer.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "flagship-emulator/" + __version__

    def log_message(self, *args):
        """Log nothing: the emulator keeps what it received."""

    def _serve(self):
        try:
            headers = {_text(name).lower(): _text(value) for name, value in self.headers.items()}
            body = self._body(headers)
        except _Malformed as malformed:
            return self.send_error(malformed.status, str(malformed))
        if body is None:
            return self._end()  # the client disconnected
        path = _text(self.path)
        request = Request(route_of(path).endpoint, self.command, path, headers, body)
        self._send(*self.server.answer(request))

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = do_OPTIONS = _serve

    def send_error(self, code, message=None, explain=None):
        """Reject what cannot be parsed as a request, and close the connection: it is unknown where
        the next request begins."""
        # With a malformed request line there is no method and no version.
        self.command = getattr(self, "command", None)
        self.close_connection = True
        body = json.dumps({"message": message or "not a request"}).encode("ascii")
        self._send(code, {"Connection": "close"}, body, None)

    def finish(self):
        """Keep reading for a moment before closing the connection: closing with unread data would
        reset it, and the client could lose the answer."""
        try:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER)
            for _ in range(MAX_BYTES // _MAX_LINE):
                if not self.connection.recv(_MAX_LINE):
                    break
        except (socket.error, ValueError):
            pass  # already closed, or still sending
        BaseHTTPServer.BaseHTTPRequestHandler.finish(self)

    def _body(self, headers):
        """Return the request's body (bytes), or None if the client disconnected in the middle."""
        coding = headers.get("transfer-encoding")
        if coding is not None:
            if coding.strip().lower() != "chunked":
                raise _Malformed(501, "Transfer-Encoding must be chunked")
            return self._chunked_body()
        length = headers.get("content-length", "0").strip()
        if not _DIGITS.match(length):
            raise _Malformed(400, "Content-Length must be a number")
        return self._read(int(length))

    def _read(self, length):
        if length > MAX_BYTES:
            raise _Malformed(413, "the body must be at most %d bytes" % MAX_BYTES)
        content = self.rfile.read(length)
        return content if len(content) == length else None

    def _chunked_body(self):
        pieces, total = [], 0
        while True:
            size = self._chunk_size()
            if size is None:
                return None
            total += size
            if total > MAX_BYTES:
                raise _Malformed(413, "the body must be at most %d bytes" % MAX_BYTES)
            if not size:
                break
            piece = self._read(size)
            if piece is None:
                return None
            if self.rfile.readline(_MAX_LINE).strip():
                raise _Malformed(400, "a chunk is longer than its size")
            pieces.append(piece)
        while self.rfile.readline(_MAX_LINE).strip():
            pass  # trailers
        return b"".join(pieces)

    def _chunk_size(self):
        line = self.rfile.readline(_MAX_LINE)
        if not line:
            return None
        found = _CHUNK.match(line)
        if not found:
            raise _Malformed(400, "a chunk's size must be a number")
        return int(found.group(1), 16)

    def _send(self, status, headers, body, fault):
        reason = self.responses.get(status, ("",))[0]
        lines = ["HTTP/1.1 %d %s" % (status, reason), "Server: " + self.server_version,
                 "Date: " + self.date_time_string()]
        if status != 204:
            lines.append("Content-Length: %d" % len(body))
        if body and "content-type" not in [name.lower() for name in headers]:
            # Not without a body, because an empty body is not valid JSON.
            lines.append("Content-Type: application/json")
        lines += ["%s: %s" % pair for pair in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if self.command == "HEAD":
            body = b""
        if fault is None:
            self._write(head + body)
        else:
            self._misbehave(head, body, fault)

    def _misbehave(self, head, body, fault):
        ending = self.server.ending
        ending.wait(fault.delay)
        if fault.hang:
            ending.wait()
        if fault.hang or fault.reset == "before":
            return self._end(reset=True)
        cut = fault.truncate or fault.reset == "inside"
        content = head + (body[:len(body) // 2] if cut else body)
        if fault.drip:
            for place in range(len(content)):
                if ending.wait(fault.drip):
                    return self._end()
                self._write(content[place:place + 1])
        else:
            self._write(content)
        if cut:
            # Wait until what was sent has arrived, or a reset would discard it.
            ending.wait(0.05 if fault.reset else 0)
            self._end(reset=bool(fault.reset))

    def _write(self, content):
        try:
            self.wfile.write(content)
        except (socket.error, ValueError):
            self.close_connection = True

    def _end(self, reset=False):
        self.close_connection = True
        if reset:
            # With a linger time of 0, close sends a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.connection.close()


def _text(value):
    """Return part of a request's headers or request line as text, on Python 2 too."""
    return value if isinstance(value, text_type) else value.decode("latin-1")
