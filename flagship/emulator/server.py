"""The sockets of the emulator: HTTP/1.1 on loopback, and the misbehaviour that only a socket can show."""
import socket
import struct
import threading

from six.moves import BaseHTTPServer, socketserver

from flagship._version import __version__
from flagship.emulator.platform import Request, endpoint_of


class Server(socketserver.ThreadingMixIn, BaseHTTPServer.HTTPServer):
    """Serves until :meth:`end`.

    :param answer: makes ``(status, headers, body, Fault or None)`` from a Request.
    """

    daemon_threads = True
    block_on_close = False
    # Others must not be able to take the port while it is in use; one that was in use may be taken again.
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address, answer):
        self.answer, self.ending, self.accepted = answer, threading.Event(), 0
        self._open, self._opening = {}, threading.Lock()
        BaseHTTPServer.HTTPServer.__init__(self, address, _Handler)

    def server_bind(self):
        # HTTPServer's asks the resolver for a name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def process_request(self, request, client_address):
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address),
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
        """A client that went away is no event."""

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
                    pass  # gone already
        for thread in threads:
            thread.join()


class _Handler(BaseHTTPServer.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "flagship-emulator/" + __version__

    def log_message(self, *args):
        """Silent: the emulator keeps what it received."""

    def _serve(self):
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = 0
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(endpoint_of(self.path)[0], self.command, self.path, headers, self.rfile.read(length))
        self._send(*self.server.answer(request))

    do_GET = do_POST = do_DELETE = do_PUT = do_HEAD = _serve

    def _send(self, status, headers, body, fault):
        reason = self.responses.get(status, ("",))[0]
        lines = ["HTTP/1.1 %d %s" % (status, reason), "Server: " + self.server_version,
                 "Date: " + self.date_time_string()]
        if status != 204:
            lines += ["Content-Length: %d" % len(body), "Content-Type: application/json"]
        lines += ["%s: %s" % pair for pair in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
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
            # What was sent must have arrived, or a reset would take it back.
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
            # With no time to linger a close is a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.connection.close()
