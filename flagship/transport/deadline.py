"""A deadline for a whole request: the only module that knows urllib3.

A socket timeout limits a single wait, so a peer that sends one byte at a time, or a host name with
many dead addresses, can block a caller indefinitely. Here every wait of a pooled connection is
limited to the time left for the request. Nothing else about the connections changes, and without a
deadline nothing changes at all.

The urllib3 hooks used here are not part of its public API, so any of them may be missing. In that
case the per-wait timeout that requests sets still applies, the clock is checked between reads of an
answer, and the log says so once (:meth:`Deadline.report`).
"""
import errno
import io
import os
import socket
import stat
import sys
import threading

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from flagship._compat import monotonic

_PIECE = 64 * 1024  # bytes; Python 3.6 allocates a buffer of the size requested

_UNBOUNDED_CONNECTING = "makes connections in a way that cannot be bounded as a whole"
_UNBOUNDED_READING = "reads answers in a way that cannot be bounded as a whole"

_current = threading.local()


class Deadline(object):
    """``with Deadline(seconds):`` limits the time that this thread's bounded connections take
    inside the block. It can be entered repeatedly, by one thread at a time.

    :param report: called with a text if this urllib3 does not allow everything to be bounded.
    :ivar seconds: the time limit of each request.
    :ivar bool sent: whether a bounded connection began to send.
    :ivar bool cut: whether sending was interrupted, so that no complete request can have arrived.
    :ivar bool connecting: whether connecting began and has not succeeded.
    :ivar bool connected: whether a new connection was made, rather than a kept-alive one reused.
    :ivar bool received: whether any byte of an answer arrived.
    :ivar bool cancelled: whether :meth:`cancel` was called.
    :ivar bool body_follows: whether to hold back the request's headers until its body is sent, so
        that both leave in one packet.
    """

    __slots__ = ("seconds", "sent", "cut", "connecting", "connected", "received", "cancelled",
                 "body_follows", "report", "_head", "_ends", "_sock", "_handle", "_outer")

    def __init__(self, seconds, report=lambda text: None):
        self.seconds, self.report, self.cancelled = seconds, report, False
        self._ends = self._sock = self._handle = self._outer = None
        self.begin()

    def begin(self):
        """Reset what was recorded about an earlier request."""
        self.sent = self.cut = self.connecting = self.connected = self.received = False
        self.body_follows, self._head = False, b""

    def __enter__(self):
        self._ends = monotonic() + self.seconds
        self.begin()
        # A signal handler may make a request during another one.
        self._outer, _current.deadline = getattr(_current, "deadline", None), self
        return self

    def __exit__(self, *exc_info):
        _current.deadline = self._outer
        self._outer = self._sock = None
        self._release()

    def seconds_left(self):
        """Return the seconds left, always more than 0; raise socket.timeout if there are none."""
        left = self._ends - monotonic()
        if left <= 0 or self.cancelled:
            raise socket.timeout("timed out")
        return left

    def is_over(self):
        """Return whether the time is up or the request was cancelled."""
        return self.cancelled or monotonic() >= self._ends

    def limit(self, sock, wait=None):
        """Limit the socket's next wait to the time left, and to ``wait`` seconds unless that is
        None."""
        self._sock = sock
        left = self.seconds_left()
        sock.settimeout(left if wait is None else min(left, wait))

    def join(self, data):
        """Return the bytes to send when asked to send ``data``; empty if ``data`` is held back
        until more follows."""
        if self._head:
            data, self._head = self._head + data, b""
        elif self.body_follows and data.startswith(b"POST ") and data.endswith(b"\r\n\r\n"):
            self.body_follows, self._head = False, data
            return b""
        return data

    def hold(self, sock):
        """Keep a duplicate handle on a new connection, because TLS detaches the original socket."""
        self._release()
        try:
            self._handle = socket.fromfd(sock.fileno(), sock.family, sock.type)
        except (AttributeError, EnvironmentError):
            pass  # Python 2 on Windows has no fromfd, or there are no descriptors left

    def _release(self):
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()

    def cancel(self):
        """Cancel now, from any thread: a wait in progress fails, and so does any later one."""
        self.cancelled = True
        for sock in (self._sock, self._handle):
            if sock is not None:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except (EnvironmentError, ValueError):
                    pass  # already closed


class _BoundedReader(io.RawIOBase):
    """Reads from a socket; each wait is limited by the socket's timeout and the time left.

    :param file: the socket's unbuffered file, which keeps the socket open while the answer is read;
        http.client relies on that.
    """

    def __init__(self, file, sock, deadline):
        super(_BoundedReader, self).__init__()
        # On Python 2 the connection empties `sock` when it releases it, so read from the file's
        # own reference.
        self._file, self._sock = file, getattr(file, "_sock", sock)
        self._deadline, self._wait = deadline, self._sock.gettimeout()

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
                if error.errno != errno.EINTR:  # on Python 2 a signal interrupts a wait
                    raise

    def close(self):
        if not self.closed:
            try:
                # The next request on this connection starts with the full timeout.
                self._sock.settimeout(self._wait)
            except socket.error:
                pass  # already closed
            self._file.close()
            self._sock = None
        super(_BoundedReader, self).close()


class _BoundedSocket(object):
    """The only part of a socket that an HTTP response needs: a file to read from."""

    def __init__(self, sock, deadline):
        self._sock, self._deadline = sock, deadline

    def makefile(self, *args, **kwargs):
        file = self._sock.makefile("rb", 0)
        return io.BufferedReader(_BoundedReader(file, self._sock, self._deadline))


def bind_pools(manager):
    """Make the connection pools that ``manager`` (a urllib3 ``PoolManager``) opens from now on
    respect deadlines. Any other manager, or one of an unknown urllib3, is left unchanged."""
    classes = getattr(manager, "pool_classes_by_scheme", None)
    if isinstance(classes, dict):
        manager.pool_classes_by_scheme = {
            scheme: _bounded_pool(pool_class) for scheme, pool_class in classes.items()}


_pools = {}  # pool class -> its bounded subclass


def _bounded_pool(pool_class):
    if getattr(pool_class, "heeds_deadlines", False):
        return pool_class
    if pool_class in _pools:
        return _pools[pool_class]
    made = {}

    # Looked up for each new connection, because a test recorder (VCR) may temporarily install its
    # own class there at any time.
    def connection_class(pool):
        found = vars(pool).get("ConnectionCls") or super(bounded, pool).ConnectionCls
        if found not in made:
            if not _is_urllib3s(found):
                return found
            made[found] = _bounded_connection(found)
        return made[found]

    def set_connection_class(pool, value):
        vars(pool)["ConnectionCls"] = value

    bounded = type("Bounded" + pool_class.__name__, (pool_class,), {
        "ConnectionCls": property(connection_class, set_connection_class),
        "heeds_deadlines": True})
    return _pools.setdefault(pool_class, bounded)


def _is_urllib3s(connection_class):
    """Return whether a connection class sends and receives as urllib3's do. Those of test recorders
    and test doubles must not be changed."""
    for each in getattr(connection_class, "__mro__", ()):
        if "heeds_deadlines" in vars(each):
            continue  # made by _bounded_connection
        if each.__module__.split(".")[0] == "urllib3":
            return issubclass(each, HTTPConnection)
        if {"connect", "getresponse", "request", "send"} & set(vars(each)):
            return False
    return False


def _bounded_connection(connection_class):
    members = {"heeds_deadlines": True, "send": _send_within(connection_class)}
    response_class = getattr(connection_class, "response_class", None)
    if response_class is not None:
        # A plain function in a class would be bound to the connection, like a method.
        members["response_class"] = staticmethod(_answer_within(response_class))
    make = getattr(connection_class, "_new_conn", None)
    if getattr(make, "__module__", None) in ("urllib3.connection", "urllib3.contrib.socks"):
        members["_new_conn"] = _connect_within(connection_class)
    else:  # do not replace any other way of connecting
        _report(_UNBOUNDED_CONNECTING)
    if sys.platform == "emscripten":
        members.update(_members_in_javascript(connection_class))
    return type("Bounded" + connection_class.__name__, (connection_class,), members)


def _members_in_javascript(connection_class):
    """Return what replaces a connection's methods where JavaScript makes the requests (Pyodide)."""
    def request(self, *args, **kwargs):
        # In one piece: urllib3 raises where it would stream the body of a 204 or 304, as that is
        # JavaScript's null, which is not None any more.
        return connection_class.request(self, *args, **dict(kwargs, preload_content=True))

    def getresponse(self):
        response = connection_class.getresponse(self)
        # JavaScript has decompressed the body, and these are of what was on the wire.
        if response.headers.pop("Content-Encoding", None) is not None:
            response.headers.pop("Content-Length", None)
        return response
    return {"request": request, "getresponse": getresponse}


def _report(problem):
    deadline = getattr(_current, "deadline", None)
    if deadline is not None:
        deadline.report("urllib3 %s %s" % (getattr(urllib3, "__version__", "?"), problem))


def _answer_within(response_class):
    def response(sock, *args, **kwargs):
        deadline = getattr(_current, "deadline", None)
        if deadline is not None:
            deadline._release()
            sock = _BoundedSocket(sock, deadline)
        return response_class(sock, *args, **kwargs)
    return response


def _send_within(connection_class):
    def send(self, data, *args, **kwargs):
        deadline = getattr(_current, "deadline", None)
        if deadline is None:
            return connection_class.send(self, data, *args, **kwargs)
        plain = isinstance(data, bytes) and not args and not kwargs
        if plain:
            data = deadline.join(data)
            if not data:
                return None
        deadline.sent = True
        try:
            if not plain:
                return connection_class.send(self, data, *args, **kwargs)
            # On Python 2 each piece that a slow peer accepts gets the full timeout.
            for start in range(0, len(data), _PIECE):
                if getattr(self, "sock", None) is not None:
                    deadline.limit(self.sock)
                connection_class.send(self, data[start:start + _PIECE])
        except socket.error:
            deadline.cut = True
            raise
    return send


def _connect_within(connection_class):
    def new_conn(self, *args, **kwargs):
        deadline = getattr(_current, "deadline", None)
        if deadline is None:
            return connection_class._new_conn(self, *args, **kwargs)
        if not args and not kwargs:
            deadline.connecting = True
            try:
                sock = _connect(self, deadline)
                deadline.connecting = False
                return sock
            except (EnvironmentError, UnicodeError) as error:
                raise _connect_error(self, error)
            except Exception:
                deadline.connecting = False  # no way to know how far that got
        _report(_UNBOUNDED_CONNECTING)
        return connection_class._new_conn(self, *args, **kwargs)
    return new_conn


def _connect_error(connection, error):
    """Return the exception that urllib3 would raise for a failed connection; its ``reason`` is the
    original error."""
    inner = getattr(error, "socket_err", None) or error  # the former with a SOCKS proxy
    if isinstance(inner, socket.timeout):
        return ConnectTimeoutError(connection, "Connection to %s timed out" % connection.host)
    wrapped = NewConnectionError(connection, "Failed to establish a new connection: %s" % inner)
    wrapped.reason = error
    return wrapped


def _connect(connection, deadline):
    """Connect to the first address that answers, trying all of them within one deadline. If there
    is a SOCKS proxy, the addresses are the proxy's."""
    host, port = getattr(connection, "_dns_host", connection.host), connection.port
    proxy = getattr(connection, "_socks_options", None)
    if proxy is not None:
        host, port = proxy["proxy_host"], proxy["proxy_port"]
    error = None
    for family, kind, protocol, _, address in socket.getaddrinfo(
            host.strip("[]"), port, 0, socket.SOCK_STREAM):
        sock = None
        try:
            if proxy is None:
                sock = socket.socket(family, kind, protocol)
            else:
                sock = _socks_socket(family, kind, protocol, proxy, address[0], deadline)
                address = connection.host.strip("[]"), connection.port
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            if connection.source_address:
                sock.bind(connection.source_address)
            deadline.limit(sock)
            sock.connect(address)
            # This also limits the TLS handshake, if there is one.
            deadline.limit(sock)
            deadline.hold(sock)
            deadline.connected = True
            return sock
        except EnvironmentError as caught:
            error = caught
            if sock is not None:
                sock.close()
        except Exception:
            if sock is not None:
                sock.close()
            raise
    raise error or socket.error("getaddrinfo returned no address")


def _socks_socket(family, kind, protocol, proxy, address, deadline):
    """Return a PySocks socket that reads the proxy's answers within the deadline."""
    import socks  # installed, or urllib3 could not have made this kind of connection

    class SocksSocket(socks.socksocket):
        def makefile(self, mode="r", *args, **kwargs):
            file = super(SocksSocket, self).makefile(mode, *args, **kwargs)
            if deadline.connecting and "r" in mode:
                return _BoundedReader(file, self, deadline)
            return file
    sock = SocksSocket(family, kind, protocol)
    sock.set_proxy(proxy["socks_version"], address, proxy["proxy_port"], proxy["rdns"],
                   proxy["username"], proxy["password"])
    return sock


def reader(raw, deadline):
    """Return a function that returns the next bytes of an answer, empty at its end, and raises
    socket.timeout after the deadline.

    :param raw: ``raw`` of a ``requests`` response.
    """
    options = {"decode_content": False} if hasattr(raw, "stream") else {}
    read, most = raw.read, _PIECE
    if not deadline.received and _is_of_a_socket(raw):
        _report(_UNBOUNDED_READING)
        # Read what is available, or else one byte, so that the clock is checked after each wait.
        read, most = (raw.read1, _PIECE) if hasattr(raw, "read1") else (raw.read, 1)

    def next_piece():
        deadline.seconds_left()
        return read(most, **options)
    return next_piece


def _is_of_a_socket(raw):
    """Return whether an answer comes over the network, rather than from a test recorder or mock."""
    connection = getattr(raw, "connection", None)
    if connection is not None and not _is_urllib3s(type(connection)):
        return False
    for source in (raw, getattr(connection, "sock", None)):
        try:
            if stat.S_ISSOCK(os.fstat(source.fileno()).st_mode):
                return True
        except Exception:  # no descriptor, closed, or the system cannot tell
            pass
    return False
