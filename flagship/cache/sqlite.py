"""A visitor cache in a file of this machine, shared by its processes."""
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

_REFRESH = 0.1       # of the ttl: a visitor that comes often costs few writes
_PRUNE_SHARE = 100   # one save in max_visitors / 100 removes what is too much ...
_MAX_BETWEEN = 1000  # ... but at least one in so many, so that it never has much to do at once

# Rows are ordered by rowid, the oldest first, without a second index: to replace a row is to delete
# it and to insert one with the next rowid. SQLite of Python 2.7's time knows no upsert.
_TABLE = """CREATE TABLE IF NOT EXISTS visitors (
    environment TEXT NOT NULL, visitor_id TEXT NOT NULL, record TEXT NOT NULL,
    used_at REAL NOT NULL,
    PRIMARY KEY (environment, visitor_id))"""
_SAVE = """INSERT OR REPLACE INTO visitors (environment, visitor_id, record, used_at)
    VALUES (?, ?, ?, ?)"""
_LOOKUP = """SELECT record, used_at < ? FROM visitors
    WHERE environment = ? AND visitor_id = ? AND used_at >= ?"""
# Takes the record from the table, as another process may have saved a new one since it was looked
# up.
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

    The file is made and opened by the first call, never here: a wrong directory or a full disk does
    not keep an application from starting, and children that a process forks before its first
    visitor have nothing to share. What goes wrong is raised by the call, and logged by the SDK.
    Beside the file SQLite keeps two more, ``-wal`` and ``-shm``, so the directory must be writable,
    and on a disk of this machine: SQLite's locks fail on network shares. Delete or replace them
    only while no process has them open.
    A file that is made is readable by its owner alone, mode 0600, and so are the two; one that is
    there keeps its mode. A link at its path is followed only where it leads to a file, and where
    root or the user of this process made it.
    After a fork each process uses connections of its own. Before Python 3.7 fork before the first
    call, as servers do that load the application and fork: SQLite gives a child no locks of its own
    while its parent's file is open.
    A record that cannot be read is logged by the SDK and replaced by the next save.

    :param path: of the file, text or ``os.PathLike``; relative to the working directory of this
        moment.
    :param max_visitors: maximum number of visitors, an int, default 1000000; above it those that
        were saved longest ago are evicted (with a ``ttl``, those that were seen longest ago), at
        the latest when there are a hundredth, or 1000, too many. Up to 199 the number is exact.
        None: no bound.
    :param ttl: seconds, int or float, after which a visitor that was neither saved nor looked up is
        forgotten. To write less, a lookup counts only once a tenth of that time has passed since
        the last. Default None: never.
    :param float timeout: seconds, default 1.0, at most 3600, that a call waits while another
        process writes; a thread that has to wait for another one of this process may wait as long
        again.
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
        # By process id. A child never uses what it inherited, nor lets go of it: SQLite forbids
        # both.
        self._connections = {}

    def use_environment(self, env_id):
        """Keep the records of this environment apart from others'; called by ``Flagship.start``.

        :param str env_id: the environment's id.
        """
        self._environment = check.text("use_environment", "env_id", env_id)

    def save(self, visitor_id, visitor_data):
        """Keep a visitor's record.

        :raises FlagshipError: after :meth:`close`.
        :raises sqlite3.Error: when the file cannot be written, or is locked for longer than the
            timeout.
        :raises ValueError: or TypeError, when ``visitor_data`` is not JSON.
        """
        record = _json.encode(visitor_data).decode("ascii")
        self._write(_SAVE, (self._environment, visitor_id, record, time.time()))

    def lookup(self, visitor_id):
        """A visitor's record, or None when there is none or it has expired; what cannot be read
        comes back as it is, bytes for instance, which the SDK logs and replaces.

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
                # The record is worth more than its age, and a file that cannot be written is told
                # of by each save.
                pass
        try:
            return _json.decode(record) if isinstance(record, bytes) else record
        except ValueError:
            return record

    def close(self):
        """Close the file; idempotent. Every call after that raises FlagshipError. Other processes,
        and those that were forked from this one, go on."""
        self._closed = True
        for connection in self._connections.get(os.getpid(), ()):
            connection.close()

    def _write(self, statement, parameters):
        _, writer = self._both()
        _, place = writer.execute(statement, parameters)
        # By the row's number, so that many processes, and many that end after a few saves, prune as
        # often as one.
        if place is not None and place % self._between == 0:
            if self._ttl != _FOREVER:
                writer.execute(_EXPIRE, (time.time() - self._ttl,))
            if self._max_visitors is not None:
                writer.execute(_PRUNE, (self._max_visitors,))

    def _both(self):
        """This process's ``(reader, writer)``: who reads never waits behind a thread that waits to
        write."""
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
    """One connection to the file, used by one thread at a time; opened when it is needed."""

    def __init__(self, path, timeout):
        self._path, self._timeout, self._pid = path, timeout, os.getpid()
        self._using = threading.Lock()
        self._connection, self._closed, self._failed_at = None, False, -_FOREVER
        _mind_forks(self)

    def execute(self, statement, parameters):
        """``(rows, rowid that was inserted last)``."""
        began = monotonic()
        with self._using:
            if self._closed:
                raise FlagshipError("the SQLiteVisitorCache was closed")
            if began < self._failed_at and monotonic() - began > self._timeout:
                # It waited for a thread that waited in vain. Else each of many would add a timeout
                # to the next one's.
                raise _sqlite3().OperationalError("database is locked")
            try:
                if self._connection is None:
                    self._connection = self._open()
                cursor = self._connection.execute(statement, parameters)
                # All rows: a statement that is not read to its end keeps the log from being
                # emptied.
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
            connection.text_factory = bytes  # what is not UTF-8 must come back too
            _use_log(connection, monotonic() + self._timeout)
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_TABLE)
            return connection
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            raise type(error)("%s: %s" % (self._path, error))

    def before_fork(self):
        """Close, and let nobody open before :meth:`after_fork`; returns whether that was
        possible."""
        if self._pid != os.getpid() or not self._using.acquire(timeout=self._timeout):
            return False
        self._let_go()
        return True

    def after_fork(self):
        self._using.release()


def _create_private(path):
    """Make the file where there is none, for its owner alone; SQLite would make it for everybody,
    and gives its other files the mode of this one. Raises sqlite3.OperationalError for a link that
    may be planted."""
    if os.name != "posix":
        return
    path = six.ensure_str(path)  # as SQLite writes it, in whatever locale Python 2 is
    try:
        # With O_EXCL a link is not followed, and a file that SQLite has open is not opened, which
        # would cost it its locks.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        return
    except OSError:
        pass  # it is there, or SQLite says why it cannot be made
    if os.path.islink(path):
        if not os.path.exists(path):
            raise _sqlite3().OperationalError("it is a link that leads to no file")
        if os.lstat(path).st_uid not in (0, os.geteuid()):
            raise _sqlite3().OperationalError("it is a link that another user made")


def _use_log(connection, ends):
    """Write-ahead logging: who reads and who writes do not wait for each other."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            return
        except _sqlite3().OperationalError as error:
            # Where several processes meet at a new file SQLite does not wait by itself.
            if "locked" not in str(error) or monotonic() > ends:
                raise
            time.sleep(0.005)


def _mind_forks(connection):
    """Have a connection closed while the process forks. A child that inherits an open one takes no
    locks on the file: SQLite believes that the process, which it takes for its parent, holds
    them."""
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
