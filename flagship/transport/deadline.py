"""A bound on a whole request.

A time-out of a socket bounds one wait, so a peer that sends a byte now and then, or a name with many dead addresses,
holds a caller for as long as it likes. Here the connections of a pool give every wait only what is left of the
request's time. Nothing else about them changes, and without a deadline nothing at all.
"""
import errno
import io
import socket
import threading

import six
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from flagship._compat import monotonic

_current = threading.local()


class Deadline(object):
    """``with Deadline(seconds):`` bounds what this thread's bounded connections do inside; it may be entered again
    and again, by one thread at a time.

    :ivar bool sent: whether a bounded connection began to send.
    :ivar bool cut: whether sending broke off, so that no whole request can have arrived.
    :ivar bool connecting: whether a connection was being made and is not.
    :ivar bool connected: whether a connection was made, rather than a kept one used.
    :ivar bool received: whether any byte of an answer came.
    """

    __slots__ = ("sent", "cut", "connecting", "connected", "received", "seconds", "_ends", "_cancelled", "_sock")

    def __init__(self, seconds):
        self.seconds, self._ends, self._cancelled, self._sock = seconds, None, False, None
        self.begin()

    def begin(self):
        """Forget what was noted of an earlier request."""
        self.sent = self.cut = self.connecting = self.connected = self.received = False

    def __enter__(self):
        self._ends = monotonic() + self.seconds
        self.begin()
        _current.deadline = self
        return self

    def __exit__(self, *exc_info):
        _current.deadline = self._sock = None

    def left(self):
        """Seconds left, more than 0; raises socket.timeout when there are none."""
        left = self._ends - monotonic()
        if left <= 0 or self._cancelled:
            raise socket.timeout("timed out")
        return left

    def is_over(self):
        return self._cancelled or monotonic() >= self._ends

    def limit(self, sock, wait=None):
        """Let the socket's next wait be at most ``wait`` seconds (None: no matter) and what is left."""
        self._sock = sock
        left = self.left()
        sock.settimeout(left if wait is None else min(left, wait))

    def cancel(self):
        """End now, from any thread: what waits inside fails, and nothing waits there again."""
        self._cancelled = True
        sock = self._sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except (socket.error, ValueError):
                pass  # closed meanwhile


class _BoundedReader(io.RawIOBase):
    """Reads a socket, each wait within its own time-out and what is left of the deadline."""

    def __init__(self, sock, deadline):
        super(_BoundedReader, self).__init__()
        # The file keeps the socket open as long as the answer is read, as http.client relies on; on Python 2 the
        # connection empties `sock` when it lets go of it, so the file's own reference is the one to read from.
        self._file = sock.makefile("rb", 0)
        self._sock = getattr(self._file, "_sock", sock)
        self._deadline = deadline
        self._wait = self._sock.gettimeout()

    def readable(self):
        return True

    def readinto(self, buffer):
        while True:
            self._deadline.limit(self._sock, self._wait)
            try:
                size = self._sock.recv_into(buffer)
                self._deadline.received = self._deadline.received or size > 0
                return size
            except socket.error as error:
                if error.errno != errno.EINTR:  # Python 2 lets a signal break a wait
                    raise

    def close(self):
        if not self.closed:
            try:
                # The next request on this connection begins with a whole time-out.
                self._sock.settimeout(self._wait)
            except socket.error:
                pass  # already closed
            self._file.close()
            self._sock = None
        super(_BoundedReader, self).close()


class _BoundedSocket(object):
    """All that an HTTP answer wants of a socket: a file to read from."""

    def __init__(self, sock, deadline):
        self._sock, self._deadline = sock, deadline

    def makefile(self, *args, **kwargs):
        return io.BufferedReader(_BoundedReader(self._sock, self._deadline))


def _bounded_connection(connection_class):
    response_class = connection_class.response_class

    def response(sock, *args, **kwargs):
        deadline = getattr(_current, "deadline", None)
        return response_class(sock if deadline is None else _BoundedSocket(sock, deadline), *args, **kwargs)

    def new_conn(self):
        deadline = getattr(_current, "deadline", None)
        if deadline is None:
            return connection_class._new_conn(self)
        deadline.connecting = True
        try:
            sock = _connect(self, deadline)
            deadline.connecting = False
            return sock
        except socket.timeout:
            raise ConnectTimeoutError(self, "Connection to %s timed out" % self.host)
        except (socket.error, UnicodeError) as error:
            raise NewConnectionError(self, "Failed to establish a new connection: %s" % error)

    def send(self, data):
        deadline = getattr(_current, "deadline", None)
        if deadline is None:
            return connection_class.send(self, data)
        deadline.sent = True
        try:
            return connection_class.send(self, data)
        except socket.error:
            deadline.cut = True
            raise

    # In a method's place a plain function would be bound to the connection.
    members = {"response_class": staticmethod(response), "send": send}
    # Another way to connect, such as through a SOCKS proxy, is not ours to replace.
    if six.get_unbound_function(connection_class._new_conn) is six.get_unbound_function(HTTPConnection._new_conn):
        members["_new_conn"] = new_conn
    return type("Bounded" + connection_class.__name__, (connection_class,), members)


def _connect(connection, deadline):
    """Connect to the first address that answers, all of them within one deadline."""
    host = getattr(connection, "_dns_host", connection.host).strip("[]")
    error = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, connection.port, 0, socket.SOCK_STREAM):
        sock = None
        try:
            sock = socket.socket(family, kind, protocol)
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            if connection.source_address:
                sock.bind(connection.source_address)
            deadline.limit(sock)
            sock.connect(address)
            # The TLS handshake, where there is one, waits with this.
            deadline.limit(sock)
            deadline.connected = True
            return sock
        except socket.error as caught:
            error = caught
            if sock is not None:
                sock.close()
    raise error or socket.error("getaddrinfo returned no address")


def bound(manager):
    """Make the connection pools that ``manager`` (a urllib3 ``PoolManager``) opens from now on heed deadlines."""
    classes = {}
    for scheme, pool_class in manager.pool_classes_by_scheme.items():
        if not pool_class.__name__.startswith("Bounded"):
            pool_class = type("Bounded" + pool_class.__name__, (pool_class,), {
                "ConnectionCls": _bounded_connection(pool_class.ConnectionCls)})
        classes[scheme] = pool_class
    manager.pool_classes_by_scheme = classes
