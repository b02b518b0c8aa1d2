"""A visitor cache in a SQLite file, shared by the processes of one machine."""
from __future__ import absolute_import

import os
import threading
import time
import weakref

import six

from flagship import _json
from flagship import _validation as check
from flagship._compat import absolute, fspath, monotonic
from flagship.cache.cache_visitor import VisitorCacheManager
from flagship.errors import FlagshipError

_MAX_TIMEOUT = 3600
_MAX_TTL = 100 * 366 * 24 * 3600
_MAX_VISITORS = 10 ** 12
_FOREVER = float("inf")

_REFRESH = 0.1       # fraction of the ttl, so that a frequent visitor causes few writes
_PRUNE_SHARE = 100   # one save in max_visitors / 100 evicts the surplus ...
_MAX_BETWEEN = 1000  # ... but at least one in so many, so that no save has much to evict

# Rows are ordered by rowid, the oldest first, without a second index: REPLACE deletes a row and
# inserts one with the next rowid. The SQLite of Python 2.7's era does not support upsert.
_TABLE = """CREATE TABLE IF NOT EXISTS visitors (
    environment TEXT NOT NULL, visitor_id TEXT NOT NULL, record TEXT NOT NULL,
    used_at REAL NOT NULL,
    PRIMARY KEY (environment, visitor_id))"""
_SAVE = """INSERT OR REPLACE INTO visitors (environment, visitor_id, record, used_at)
    VALUES (?, ?, ?, ?)"""
_LOOKUP = """SELECT record, used_at < ? FROM visitors
    WHERE environment = ? AND visitor_id = ? AND used_at >= ?"""
# Copies the record within the table, as another process may have saved a new one since the lookup.
_USE = """INSERT OR REPLACE INTO visitors (environment, visitor_id, record, used_at)
    SELECT environment, visitor_id, record, ? FROM visitors
    WHERE environment = ? AND visitor_id = ?"""
_PRUNE = """DELETE FROM visitors WHERE rowid IN (
    SELECT rowid FROM visitors ORDER BY rowid LIMIT MAX(0, (SELECT COUNT(*) FROM visitors) - ?))"""
_EXPIRE = """DELETE FROM visitors WHERE rowid < (
    SELECT rowid FROM visitors WHERE used_at >= ? ORDER BY rowid LIMIT 1)"""


class SQLiteVisitorCache(VisitorCacheManager):
    """Keeps visitors' assignments in one file, for all processes and threads of one machine; needs
    no server.

    The file is created and opened by the first call, not by the constructor: a wrong directory or a
    full disk does not keep an application from starting, and children that are forked before the
    first visitor inherit no open file. Errors are raised by the call, and logged by the SDK.

    SQLite keeps two more files next to it, ``-wal`` and ``-shm``, so the directory must be
    writable, and on a local disk: SQLite's locks do not work on network shares. Delete or replace
    the files only while no process has them open.

    A file that is created has mode 0600, readable by its owner only, and so have the other two; an
    existing file keeps its mode. A symbolic link at the path is followed only if it leads to an
    existing file and was created by root or by the user of this process.

    After a fork each process uses its own connections. Before Python 3.7, fork before the first
    call, as preforking servers do: SQLite takes no locks in a child while it has inherited its
    parent's open file.

    A record that cannot be read is logged by the SDK and replaced by the next save.

    :param path: path of the file, text or ``os.PathLike``; relative to the working directory at
        construction.
    :param max_visitors: maximum number of visitors, an int, default 1000000; the least recently
        saved are evicted (with a ``ttl``, the least recently saved or looked up), at the latest
        when there are a hundredth, or 1000, too many. Up to 199 the limit is exact. None: no limit.
    :param ttl: TTL in seconds, int or float: a visitor that was neither saved nor looked up for
        that long is forgotten. To save writes, a lookup renews the TTL only once a tenth of it has
        passed since the last renewal. None (default): visitors never expire.
    :param float timeout: maximum seconds that a call waits while another process writes, default
        1.0, at most 3600; a call that also has to wait for another thread of this process may wait
        that long again.
    :raises TypingError: on an argument of the wrong type.
    :raises ParamError: on an empty path, ``":memory:"``, or a number out of range.
    """

    wants_every_save = False  # a lookup renews the expiry

    def __init__(self, path, max_visitors=1000000, ttl=None, timeout=1.0):
        name = "SQLiteVisitorCache"
        accepted = fspath(path)
        if accepted is None:
            raise check.typing_error(name, "path", path, "a path")
        if not accepted or accepted == u":memory:" or u"\0" in accepted:
            raise check.param_error(name, "path",
                                    "must be the path of a file; MemoryVisitorCache needs none")
        if max_visitors is not None:
            max_visitors = check.integer(name, "max_visitors", max_visitors, 1, _MAX_VISITORS)
        self._ttl = _FOREVER
        if ttl is not None:
            self._ttl = check.number(name, "ttl", ttl, above=0, maximum=_MAX_TTL)
        self._timeout = check.number(name, "timeout", timeout, above=0, maximum=_MAX_TIMEOUT)
        self._path, self._max_visitors = absolute(accepted), max_visitors
        self._environment = u""
        self._between = min(max((max_visitors or _MAX_VISITORS) // _PRUNE_SHARE, 1), _MAX_BETWEEN)
        self._closed = False
        # By process id. A child neither uses nor closes inherited connections: SQLite forbids both.
        self._connections = {}

    def use_environment(self, env_id):
        """Keep this environment's records separate from those of others; called by
        ``Flagship.start``.

        :param str env_id: the environment's id.
        """
        self._environment = check.text("use_environment", "env_id", env_id)

    def save(self, visitor_id, visitor_data):
        """Save a visitor's record.

        :raises FlagshipError: after :meth:`close`.
        :raises sqlite3.Error: when the file cannot be written, or is locked for longer than the
            timeout.
        :raises ValueError: or TypeError, when ``visitor_data`` is not JSON-serialisable.
        """
        record = _json.encode(visitor_data).decode("ascii")
        self._write(_SAVE, (self._environment, visitor_id, record, time.time()))

    def lookup(self, visitor_id):
        """Return a visitor's record, or None if there is none or it has expired. A record that is
        not JSON is returned as stored, usually bytes, which the SDK logs and replaces.

        :raises FlagshipError: after :meth:`close`.
        :raises sqlite3.Error: when the file cannot be read.
        """
        environment, now = self._environment, time.time()
        reader, _ = self._both()
        rows, _ = reader.execute(
            _LOOKUP, (now - self._ttl * _REFRESH, environment, visitor_id, now - self._ttl))
        if not rows:
            return None
        (record, ageing), = rows
        if ageing:
            try:
                self._write(_USE, (now, environment, visitor_id))
            except _sqlite3().Error:
                # The record is still good, and each save reports a file that cannot be written.
                pass
        try:
            return _json.decode(record) if isinstance(record, bytes) else record
        except ValueError:
            return record

    def close(self):
        """Close the file; idempotent. Every call after that raises FlagshipError. Other processes,
        including children forked from this one, are not affected."""
        self._closed = True
        for connection in self._connections.get(os.getpid(), ()):
            connection.close()

    def _write(self, statement, parameters):
        _, writer = self._both()
        _, place = writer.execute(statement, parameters)
        # By rowid, so that many processes, including short-lived ones with few saves, together
        # prune as often as a single one.
        if place is not None and place % self._between == 0:
            if self._ttl != _FOREVER:
                writer.execute(_EXPIRE, (time.time() - self._ttl,))
            if self._max_visitors is not None:
                writer.execute(_PRUNE, (self._max_visitors,))

    def _both(self):
        """Return this process's ``(reader, writer)``: two connections, so that a read never queues
        behind a thread that is waiting to write."""
        if self._closed:
            raise FlagshipError("the SQLiteVisitorCache was closed")
        pid = os.getpid()
        both = self._connections.get(pid)
        if both is None:
            both = (_Connection(self._path, self._timeout), _Connection(self._path, self._timeout))
            both = self._connections.setdefault(pid, both)
        return both


def _sqlite3():
    # Not at import: most users of the library never need it.
    import sqlite3
    return sqlite3


class _Connection(object):
    """One connection to the file, used by one thread at a time; opened on demand."""

    def __init__(self, path, timeout):
        self._path, self._timeout, self._pid = path, timeout, os.getpid()
        self._using = threading.Lock()
        self._connection, self._closed, self._failed_at = None, False, -_FOREVER
        _mind_forks(self)

    def execute(self, statement, parameters):
        """Return ``(rows, last inserted rowid)``."""
        began = monotonic()
        with self._using:
            if self._closed:
                raise FlagshipError("the SQLiteVisitorCache was closed")
            if began < self._failed_at and monotonic() - began > self._timeout:
                # The thread that this one waited for timed out, so fail now: otherwise the timeouts
                # of many waiting threads would add up.
                raise _sqlite3().OperationalError("database is locked")
            try:
                if self._connection is None:
                    self._connection = self._open()
                cursor = self._connection.execute(statement, parameters)
                # Fetch all rows: an unfinished statement would prevent checkpoints of the WAL.
                return cursor.fetchall(), cursor.lastrowid
            except _sqlite3().OperationalError:
                self._failed_at = monotonic()
                raise

    def close(self):
        with self._using:
            self._closed = True
            self._let_go()

    def _let_go(self):
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _open(self):
        sqlite3, connection = _sqlite3(), None
        try:
            _create_private(self._path)
            connection = sqlite3.connect(self._path, timeout=self._timeout, isolation_level=None,
                                         check_same_thread=False)
            connection.text_factory = bytes  # records that are not UTF-8 must be returned too
            _use_log(connection, monotonic() + self._timeout)
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_TABLE)
            return connection
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            raise type(error)("%s: %s" % (self._path, error))

    def before_fork(self):
        """Close the connection and keep it closed until :meth:`after_fork`; return whether that was
        possible."""
        if self._pid != os.getpid() or not self._using.acquire(timeout=self._timeout):
            return False
        self._let_go()
        return True

    def after_fork(self):
        self._using.release()


def _create_private(path):
    """Create the file, if there is none, readable and writable by its owner only. SQLite would use
    the umask; it gives its other files the same mode as this one. Raises sqlite3.OperationalError
    for a symbolic link that may have been planted."""
    if os.name != "posix":
        return
    path = six.ensure_str(path)  # UTF-8, as SQLite encodes it, whatever Python 2's locale
    try:
        # With O_EXCL a link is not followed, and an existing file is not opened: closing it would
        # release the locks that SQLite holds on it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        return
    except OSError:
        pass  # it exists, or SQLite will raise the reason why it cannot be created
    if os.path.islink(path):
        if not os.path.exists(path):
            raise _sqlite3().OperationalError("it is a link that leads to no file")
        if os.lstat(path).st_uid not in (0, os.geteuid()):
            raise _sqlite3().OperationalError("it is a link that another user made")


def _use_log(connection, ends):
    """Enable write-ahead logging, so that readers and writers do not block each other."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            return
        except _sqlite3().OperationalError as error:
            # SQLite itself does not wait when several processes do this at once on a new file.
            if "locked" not in str(error) or monotonic() > ends:
                raise
            time.sleep(0.005)


def _mind_forks(connection):
    """Close a connection around each fork. A child that inherits an open one would take no locks on
    the file: SQLite does not notice the fork, and believes that it already holds them."""
    if not hasattr(os, "register_at_fork"):
        return  # before Python 3.7
    reference, held = weakref.ref(connection), threading.local()

    def before():
        connection = reference()
        was_closed = connection is not None and connection.before_fork()
        held.connection = connection if was_closed else None

    def after():
        connection, held.connection = getattr(held, "connection", None), None
        if connection is not None:
            connection.after_fork()

    os.register_at_fork(before=before, after_in_parent=after, after_in_child=after)
