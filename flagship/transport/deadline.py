"""A bound on a whole request: the only module that knows urllib3.

A timeout of a socket bounds one wait, so a peer that sends a byte now and then, or a name with many
dead addresses, holds a caller for as long as it likes. Here the connections of a pool give every
wait only what is left of the request's time. Nothing else about them changes, and without a
deadline nothing at all.

urllib3 makes no promise about the hooks that this takes. So each of them can be missing: a urllib3
without one still gets the timeout of each wait from requests, its answers are read against the
clock, and the log says so once (:meth:`Deadline.report`).
"""
import errno
import io
import os
import socket
import stat
import threading

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from flagship._compat import monotonic

_PIECE = 64 * 1024  # bytes; Python 3.6 allocates what it is asked to read

_UNBOUNDED_CONNECTING = "makes connections in a way that cannot be bounded as a whole"
_UNBOUNDED_READING = "reads answers in a way that cannot be bounded as a whole"

_current = threading.local()


class Deadline(object):
    """``with Deadline(seconds):`` bounds what this thread's bounded connections do inside; it may
    be entered again and again, by one thread at a time.

    :param report: called with a text where this urllib3 does not let all be bounded.
    :ivar seconds: the bound on each request.
    :ivar bool sent: whether a bounded connection began to send.
    :ivar bool cut: whether sending broke off, so that no whole request can have arrived.
    :ivar bool connecting: whether a connection was being made and is not.
    :ivar bool connected: whether a connection was made, rather than a kept one used.
    :ivar bool received: whether any byte of an answer came.
    :ivar bool cancelled: whether :meth:`cancel` was called.
    :ivar bool body_follows: whether a request's head is to wait for its body, so that both leave
        in one packet.
    """

    __slots__ = ("seconds", "sent", "cut", "connecting", "connected", "received", "cancelled",
                 "body_follows", "report", "_head", "_ends", "_sock", "_handle", "_outer")

    def __init__(self, seconds, report=lambda text: None):
        self.seconds, self.report, self.cancelled = seconds, report, False
        self._ends = self._sock = self._handle = self._outer = None
        self.begin()

    def begin(self):
        """Forget what was noted of an earlier request."""
        self.sent = self.cut = self.connecting = self.connected = self.received = False
        self.body_follows, self._head = False, b""

    def __enter__(self):
        self._ends = monotonic() + self.seconds
        self.begin()
        # A signal handler may make a request inside of one.
        self._outer, _current.deadline = getattr(_current, "deadline", None), self
        return self

    def __exit__(self, *exc_info):
        _current.deadline = self._outer
        self._outer = self._sock = None
        self._release()

    def left(self):
        """Seconds left, more than 0; raises socket.timeout when there are none."""
        left = self._ends - monotonic()
        if left <= 0 or self.cancelled:
            raise socket.timeout("timed out")
        return left

    def is_over(self):
        return self.cancelled or monotonic() >= self._ends

    def limit(self, sock, wait=None):
        """Let the socket's next wait be at most ``wait`` seconds (None: no matter) and what is
        left."""
        self._sock = sock
        left = self.left()
        sock.settimeout(left if wait is None else min(left, wait))

    def join(self, data):
        """What is to be sent now that ``data`` should be; empty where that waits for more."""
        if self._head:
            data, self._head = self._head + data, b""
        elif self.body_follows and data.startswith(b"POST ") and data.endswith(b"\r\n\r\n"):
            self.body_follows, self._head = False, data
            return b""
        return data

    def hold(self, sock):
        """Keep a handle of our own on a new connection: where TLS begins, it takes the socket away
        from under us."""
        self._release()
        try:
            self._handle = socket.fromfd(sock.fileno(), sock.family, sock.type)
        except (AttributeError, EnvironmentError):
            pass  # Python 2 on Windows has none, and descriptors may be used up

    def _release(self):
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()

    def cancel(self):
        """End now, from any thread: what waits inside fails, and nothing waits there again."""
        self.cancelled = True
        for sock in (self._sock, self._handle):
            if sock is not None:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except (EnvironmentError, ValueError):
                    pass  # closed meanwhile


class _BoundedReader(io.RawIOBase):
    """Reads a socket, each wait within its own timeout and what is left of the deadline.

    :param file: the socket's unbuffered file, which keeps the socket open as long as the answer is
        read, as http.client relies on.
    """

    def __init__(self, file, sock, deadline):
        super(_BoundedReader, self).__init__()
        # On Python 2 the connection empties `sock` when it lets go of it, so the file's own
        # reference is the one to read from.
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
                if error.errno != errno.EINTR:  # Python 2 lets a signal break a wait
                    raise

    def close(self):
        if not self.closed:
            try:
                # The next request on this connection begins with a whole timeout.
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
        file = self._sock.makefile("rb", 0)
        return io.BufferedReader(_BoundedReader(file, self._sock, self._deadline))


def bound(manager):
    """Make the connection pools that ``manager`` (a urllib3 ``PoolManager``) opens from now on heed
    deadlines. Another manager, or one of an unknown urllib3, is left as it is."""
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

    # Looked up at each new connection: a recorder of tests (VCR) puts its own class there, for a
    # while, at any time.
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
    """Whether a connection talks as urllib3's do: a recorder's or a test double's way to talk is
    not ours to change."""
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
        # In a method's place a plain function would be bound to the connection.
        members["response_class"] = staticmethod(_answer_within(response_class))
    make = getattr(connection_class, "_new_conn", None)
    if getattr(make, "__module__", None) in ("urllib3.connection", "urllib3.contrib.socks"):
        members["_new_conn"] = _connect_within(connection_class)
    else:  # another way to connect is not ours to replace
        _report(_UNBOUNDED_CONNECTING)
    return type("Bounded" + connection_class.__name__, (connection_class,), members)


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
            # Python 2 gives each piece that a slow peer takes a whole timeout.
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
                deadline.connecting = False  # nobody knows how far that comes
        _report(_UNBOUNDED_CONNECTING)
        return connection_class._new_conn(self, *args, **kwargs)
    return new_conn


def _connect_error(connection, error):
    """What urllib3 would raise for a failed connection; ``reason`` is the error that it began
    with."""
    inner = getattr(error, "socket_err", None) or error  # that of a SOCKS proxy
    if isinstance(inner, socket.timeout):
        return ConnectTimeoutError(connection, "Connection to %s timed out" % connection.host)
    wrapped = NewConnectionError(connection, "Failed to establish a new connection: %s" % inner)
    wrapped.reason = error
    return wrapped


def _connect(connection, deadline):
    """Connect to the first address that answers, all of them within one deadline; the addresses are
    those of the SOCKS proxy where there is one."""
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
            # The TLS handshake, where there is one, waits with this.
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
    """A socket of PySocks that reads the proxy's answers within the deadline."""
    import socks  # it is there, as urllib3 has made this kind of connection

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
    """A function that gives the next bytes of an answer, empty at its end, and raises
    socket.timeout after the deadline.

    :param raw: ``raw`` of a response of requests.
    """
    options = {"decode_content": False} if hasattr(raw, "stream") else {}
    read, most = raw.read, _PIECE
    if not deadline.received and _is_of_a_socket(raw):
        _report(_UNBOUNDED_READING)
        # What is there, or at least little, so that there is a look at the clock after each wait.
        read, most = (raw.read1, _PIECE) if hasattr(raw, "read1") else (raw.read, 1)

    def next_piece():
        deadline.left()
        return read(most, **options)
    return next_piece


def _is_of_a_socket(raw):
    """Whether an answer comes over the network, rather than from a recorder or a mock of tests."""
    connection = getattr(raw, "connection", None)
    if connection is not None and not _is_urllib3s(type(connection)):
        return False
    for source in (raw, getattr(connection, "sock", None)):
        try:
            if stat.S_ISSOCK(os.fstat(source.fileno()).st_mode):
                return True
        except Exception:  # nothing with a descriptor, closed, or of a system that cannot tell
            pass
    return False
