"""What of a bad network the emulator cannot show: sockets that do not answer, names, TLS and
endless answers."""
from __future__ import unicode_literals

import contextlib
import os
import socket
import ssl
import threading

_DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
AUTHORITY = os.path.join(_DATA, "authority.pem")

#: A name that no resolver knows, by RFC 6761.
NAME = "flagship.invalid"


def listener_at(port=0, backlog=None):
    """A socket on a port of loopback, listening where there is a backlog; an emulator that ended
    may have had it."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    if backlog is not None:
        listener.listen(backlog)
    return listener


@contextlib.contextmanager
def nobody(port):
    """A port that refuses connections, and that nobody else takes meanwhile."""
    with contextlib.closing(listener_at(port)):
        yield


@contextlib.contextmanager
def full(port):
    """A port where a connection is neither refused nor made: its listener's backlog is full."""
    opened = [listener_at(port, 0)]
    try:
        for _ in range(4):
            opened.append(socket.socket())
            opened[-1].setblocking(False)
            opened[-1].connect_ex(("127.0.0.1", port))
        yield
    finally:
        for each in opened:
            each.close()


class Names(object):
    """The resolver of this process, knowing NAME as loopback while ``known``."""

    def __init__(self):
        self.known = True

    @contextlib.contextmanager
    def installed(self):
        resolve = socket.getaddrinfo

        def getaddrinfo(host, *args, **kwargs):
            return resolve("127.0.0.1" if host == NAME and self.known else host, *args, **kwargs)
        socket.getaddrinfo = getaddrinfo
        try:
            yield self
        finally:
            socket.getaddrinfo = resolve


def tls(name):
    """The server's side of TLS with a certificate of the data folder."""
    context = ssl.SSLContext(getattr(ssl, "PROTOCOL_TLS_SERVER", None) or ssl.PROTOCOL_TLS)
    context.load_cert_chain(os.path.join(_DATA, name + ".pem"))
    return context


class Flood(object):
    """An answer of a few hundred megabytes, made while it is sent.

    :ivar int sent: bytes that the client's side took so far, in its socket's buffers at least.
    """

    _PIECE = b"[1]," * 16384

    def __init__(self, size, chunked):
        self._size, self._chunked, self.sent, self.running = size, chunked, 0, 0

    def __call__(self, connection):
        self.running += 1
        try:
            framing, piece = b"Content-Length: %d" % self._size, self._PIECE
            if self._chunked:
                framing = b"Transfer-Encoding: chunked"
                piece = b"%x\r\n%s\r\n" % (len(piece), piece)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                               + framing + b"\r\n\r\n")
            while self.sent < self._size:
                connection.sendall(piece)
                self.sent += len(self._PIECE)
        finally:
            self.running -= 1


class Relay(object):
    """Stands before a server on a port of loopback, on a port of its own, until :meth:`close`.

    :param context: what is spoken to clients, an SSLContext; None: no TLS. May be set.
    :ivar answer: what answers instead of the server, a function of a connection that has sent a
        request; None: nothing does. May be set.
    """

    def __init__(self, port, context=None):
        self.context, self.answer = context, None
        self._server_port, self._ended = port, False
        self._open, self._opening = {}, threading.Lock()
        self._listener = listener_at(backlog=16)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self):
        while True:
            connection = self._listener.accept()[0]
            if self._ended:
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            with self._opening:
                self._open[thread] = connection
            thread.start()

    def _serve(self, connection):
        opened = [connection]
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True,
                                                      do_handshake_on_connect=False)
                opened.append(connection)
                with self._opening:
                    self._open[threading.current_thread()] = connection
                connection.do_handshake()
            opened.append(socket.create_connection(("127.0.0.1", self._server_port)))
            server = opened[-1]
            opened += [connection.makefile("rb"), server.makefile("rb")]
            from_client, from_server = opened[-2:]
            for request in iter(lambda: _message(from_client), b""):
                if self.answer is not None:
                    self.answer(connection)
                    break
                server.sendall(request)
                connection.sendall(_message(from_server))
        except (socket.error, ValueError):
            pass  # the client went away, or does not like the certificate
        finally:
            with self._opening:
                del self._open[threading.current_thread()]
            for each in reversed(opened):
                each.close()

    def drop(self):
        """End the connections that there are."""
        with self._opening:
            threads = list(self._open)
            for connection in self._open.values():
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except (socket.error, ValueError):
                    pass  # gone already
        for thread in threads:
            thread.join()

    def close(self):
        self._ended = True
        # No close wakes a thread that waits in accept.
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()
        self.drop()


def _message(file):
    """The bytes of the next HTTP message, whose length its head tells; empty where there is
    none."""
    lines, length = [], 0
    for line in iter(file.readline, b""):
        lines.append(line)
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
        if line == b"\r\n":
            return b"".join(lines) + file.read(length)
    return b""
