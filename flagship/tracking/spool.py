"""Keeps undelivered items beyond the end of the process, in a SQLite file that several processes
may share.

An item is delivered at most once, even if processes die or are frozen: a process claims rows,
renews the claim before each request, and deletes only rows that it owns. Rows whose request was in
flight when their process died may have arrived, and are not sent again.
"""
import binascii
import errno
import json
import os
import socket
import stat
import threading
import time
from collections import namedtuple

from flagship import _process
from flagship._compat import (acquire_within, call_around_fork, integer_types, monotonic,
                              string_types)
from flagship._troubleshooting import see
from flagship.tracking.items import ACTIVATE, HIT, MAX_AGE, RANKS, SEGMENT, create_item

_LEASE = 60.0       # lease of a claim in seconds, if it is unknown whether its process is alive
_BUSY = 1.0         # seconds to wait for another process's write
_PATIENCE = 3.0     # seconds to wait for another thread of this process, or for a fork
_AGAIN = 5.0        # seconds until a file that could not be used is tried again
_SAY_EVERY = 60.0   # minimum seconds between log lines about a file that cannot be used
_CLOCK_SET = 1.5e9  # a time before 2017 means that the wall clock had not been set yet
_SCHEMA = """
CREATE TABLE IF NOT EXISTS spool (
    id INTEGER PRIMARY KEY, environment TEXT NOT NULL, endpoint TEXT NOT NULL, made REAL NOT NULL,
    payload TEXT NOT NULL, claimed REAL NOT NULL DEFAULT 0)
"""
# Columns added to the table of earlier versions. `claimed` is when a row was claimed, 0 if it is
# not; `owner` wrote or claimed it; `sending` is whether its request is in flight. `made` minus
# `ahead` is when it was made by the monotonic clock that `clock` identifies, so steps of the wall
# clock do not matter.
_COLUMNS = (("rank", "INTEGER NOT NULL DEFAULT 0"), ("owner", "TEXT NOT NULL DEFAULT ''"),
            ("sending", "INTEGER NOT NULL DEFAULT 0"), ("ahead", "REAL NOT NULL DEFAULT 0"),
            ("clock", "TEXT NOT NULL DEFAULT ''"))
_INDEX = """
CREATE INDEX IF NOT EXISTS spool_order ON spool (environment, claimed, endpoint, rank)
"""

_KNOWN = (ACTIVATE, HIT)
_EVENTS = "events"  # where earlier versions sent contexts

#: The result of a claim: the items, the number of rows that were too old, why others could not be
#: read (a list of text), and whether there may be more.
Claim = namedtuple("Claim", ("items", "aged", "unreadable", "more"))
#: The result of a look: the number of items that may have arrived when their process died, and the
#: rows that this version does not know (a list of text).
Look = namedtuple("Look", ("uncertain", "unknown"))

_NOTHING = Claim([], 0, [], False)
_living = set()  # the owners that are in use in this process


class _Gate(object):
    """Lets one thread at a time use SQLite, and none while the process forks: otherwise a child
    could inherit a SQLite lock held by a thread that does not exist in it, and wait forever.
    ``with gate as is_open:`` waits for a bounded time; ``is_open`` is False if it timed out."""

    def __init__(self):
        self._locks = {}  # lineage -> lock: a child gets its own

    def _own_lock(self):
        return self._locks.setdefault(_process.lineage(), threading.RLock())

    def __enter__(self):
        return acquire_within(self._own_lock(), _PATIENCE)

    def __exit__(self, *exc_info):
        try:
            self._own_lock().release()
        except RuntimeError:
            pass  # not acquired, or this is a child that was forked while it was held


_gate = _Gate()
call_around_fork(_gate.__enter__, _gate.__exit__)


class Spool(object):
    """The undelivered items of one environment, for one process.

    No method raises: if the file cannot be used, one line is logged, ``works`` is False, and the
    file is tried again a few seconds later.

    :param str path: the file.
    :param int limit: maximum number of items; the oldest of the least important are dropped first.
    :param events: the EventLog; logs when the file cannot be used, and when it can be used again.
    :ivar bool works: whether the last access succeeded; True before the first.
    :ivar int left: number of items in the file when this process last looked, including those of
        other processes.
    """

    def __init__(self, path, env_id, limit, events):
        self._path, self._env_id, self._limit, self._events = path, env_id, limit, events
        self._owner, self._clock = _create_owner(), _clock_name()
        self._connection, self._inode = None, None
        self._tried, self._said = None, None
        self._unforgotten = []  # settled rows that could not be deleted yet
        self.works, self.left = True, 0
        _living.add(self._owner)

    def next_try(self):
        """Return the seconds until the file may be tried again; 0.0 while it works."""
        return 0.0 if self.works else max(0.0, self._tried + _AGAIN - monotonic())

    def add(self, items):
        """Save items. Return ``(whether they were saved, number of items dropped to make room)``.
        """
        ahead = time.time() - monotonic()

        def write(connection):
            connection.executemany(
                "INSERT INTO spool (environment, endpoint, made, payload, rank, owner, ahead,"
                " clock) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(self._env_id, item.endpoint, item.made + ahead, item.payload.decode("ascii"),
                  item.rank, self._owner, ahead, self._clock) for item in items])
            return self._drop_excess(connection)
        dropped = self._attempt(write, None)
        return dropped is not None, dropped or 0

    def _drop_excess(self, connection):
        excess = self._count(connection) - self._limit
        if excess <= 0:
            return 0
        return connection.execute(
            "DELETE FROM spool WHERE id IN (SELECT id FROM spool WHERE environment = ?"
            " AND claimed = 0 ORDER BY rank DESC, id LIMIT ?)",
            (self._env_id, excess)).rowcount

    def claim(self, endpoint, most, least=False, ending=False):
        """Claim up to ``most`` items of an endpoint, the most important first.

        :param bool least: claim the least important first.
        :param bool ending: skip items written by other processes that are still alive, and begin
            with those that this process wrote.
        :rtype: Claim
        """
        def read(connection):
            others = self._others_alive(connection) if ending else []
            rows = connection.execute(
                "SELECT id, made, payload, ahead, clock FROM spool WHERE environment = ?"
                " AND claimed = 0 AND endpoint = ? AND owner NOT IN (%s)"
                " ORDER BY %s rank %s, id LIMIT ?"
                % (_marks(others), "owner != ?," if ending else "", "DESC" if least else ""),
                (self._env_id, endpoint) + tuple(others) + ((self._owner,) if ending else ())
                + (most,)).fetchall()
            claim = self._read_rows(rows, endpoint)
            kept = {item.row for item in claim.items}
            connection.executemany("DELETE FROM spool WHERE id = ?",
                                   [(row[0],) for row in rows if row[0] not in kept])
            connection.executemany("UPDATE spool SET claimed = ?, owner = ? WHERE id = ?",
                                   [(time.time(), self._owner, row) for row in kept])
            return claim._replace(more=len(rows) == most)
        return self._attempt(read, _NOTHING)

    def _read_rows(self, rows, endpoint):
        items, aged, unreadable = [], 0, []
        for row, made, payload, ahead, clock in rows:
            try:
                age = self._age(made, ahead, clock)
                if age > MAX_AGE:
                    aged += 1
                else:
                    items.append(create_item(endpoint, monotonic() - age, _fields(payload), row))
            except Exception as error:  # the row may contain anything
                unreadable.append("%s: %s" % (type(error).__name__, error))
        return Claim(items, aged, unreadable, False)

    def _age(self, made, ahead, clock):
        """Return a row's age in seconds, as far as it can be known."""
        if isinstance(made, bool) or not isinstance(made, (float,) + integer_types) \
                or not abs(made) < float("inf"):
            raise ValueError("its time is odd")
        age = monotonic() - (made - ahead)
        if clock == self._clock and age >= 0:
            return age
        # If the clock was not set yet, or was set back, the age is unknown.
        return 0.0 if made < _CLOCK_SET else max(0.0, time.time() - made)

    def _others_alive(self, connection):
        return [owner for owner, in connection.execute(
            "SELECT DISTINCT owner FROM spool WHERE environment = ? AND claimed = 0",
            (self._env_id,)) if owner != self._owner and owner and _is_alive(owner) is not False]

    def renew(self, items):
        """Renew the claim on items that are about to be sent, and mark them as in flight. Return
        those that this process still has a claim on."""
        def write(connection):
            return [item for item in items if connection.execute(
                "UPDATE spool SET claimed = ?, sending = 1 WHERE id = ? AND owner = ?"
                " AND claimed != 0", (time.time(), item.row, self._owner)).rowcount]
        return self._attempt(write, [])

    def forget(self, items):
        """Delete items that are settled."""
        rows = self._unforgotten + [item.row for item in items]

        def write(connection):
            self._delete_own(connection, rows)
            return True
        # If they cannot be deleted now, do that later: nobody must send them again.
        self._unforgotten = [] if self._attempt(write, False) else rows

    def _delete_own(self, connection, rows):
        connection.executemany("DELETE FROM spool WHERE id = ? AND owner = ?",
                               [(row, self._owner) for row in rows])

    def release(self, items):
        """Release the claim on items."""
        self._attempt(lambda connection: connection.executemany(
            "UPDATE spool SET claimed = 0, sending = 0 WHERE id = ? AND owner = ?",
            [(item.row, self._owner) for item in items]), None)

    def look(self):
        """Check the file's content and release the claims of dead processes. Only call this while
        this process holds no claims: any that it has are released, too.

        :rtype: Look
        """
        def write(connection):
            if self._unforgotten:
                self._delete_own(connection, self._unforgotten)
                del self._unforgotten[:]
            connection.execute(
                "UPDATE spool SET endpoint = ?, rank = ? WHERE environment = ? AND endpoint = ?",
                (HIT, RANKS - 1, self._env_id, _EVENTS))
            unknown = self._remove_unknown(connection)
            uncertain = 0
            for owner, claimed in connection.execute(
                    "SELECT owner, MAX(claimed) FROM spool WHERE environment = ? AND claimed != 0"
                    " GROUP BY owner", (self._env_id,)).fetchall():
                if owner == self._owner or _is_over(owner, claimed):
                    uncertain += self._free(connection, owner)
            return Look(uncertain, unknown)
        return self._attempt(write, Look(0, []))

    def _remove_unknown(self, connection):
        where = "WHERE environment = ? AND endpoint NOT IN (%s)" % _marks(_KNOWN)
        unknown = [repr(name)[:100] for name, in connection.execute(
            "SELECT endpoint FROM spool " + where, (self._env_id,) + _KNOWN)]
        if unknown:
            connection.execute("DELETE FROM spool " + where, (self._env_id,) + _KNOWN)
        return unknown

    def _free(self, connection, owner):
        """Release an owner's claims. Delete the items that may have arrived, and return their
        number."""
        uncertain = connection.execute(
            "DELETE FROM spool WHERE environment = ? AND owner = ? AND claimed != 0"
            " AND sending != 0", (self._env_id, owner)).rowcount
        connection.execute(
            "UPDATE spool SET claimed = 0, owner = '' WHERE environment = ? AND owner = ?"
            " AND claimed != 0", (self._env_id, owner))
        return uncertain

    def close(self):
        """Close the file and leave the remaining items to other processes."""
        if self._connection is not None:
            self._attempt(lambda connection: connection.execute(
                "UPDATE spool SET claimed = 0, owner = '' WHERE environment = ? AND owner = ?"
                " AND sending = 0", (self._env_id, self._owner)), None)
        with _gate:
            self._disconnect()
        _living.discard(self._owner)

    def _count(self, connection):
        return connection.execute("SELECT COUNT(*) FROM spool WHERE environment = ?",
                                  (self._env_id,)).fetchone()[0]

    def _attempt(self, work, otherwise):
        """Return ``work(connection)``, run in a transaction. If the file cannot be used, close it,
        which rolls the transaction back, and return ``otherwise``."""
        with _gate as is_open:
            try:
                if not is_open:
                    raise IOError("the file is in use")
                result = self._transaction(work)
            except Exception as error:  # whatever is wrong with the file or the disk
                self._disconnect()
                self._note_failure(error)
                return otherwise
            if not self.works:
                self._events.info("[tracking] the spool can be used again")
            self.works = True
            return result

    def _note_failure(self, error):
        now = monotonic()
        # On a full disk some writes succeed and others fail, so this may alternate.
        if self._said is None or not 0 <= now - self._said < _SAY_EVERY:
            self._said = now
            self._events.warning("[tracking] the spool cannot be used: %s: %s%s",
                                 type(error).__name__, error, see("spool"))
        self.works, self.left, self._tried = False, 0, now

    def _transaction(self, work):
        connection = self._connect()
        # Immediate: what is read must not change before it is updated.
        connection.execute("BEGIN IMMEDIATE")
        result = work(connection)
        left = self._count(connection)
        connection.execute("COMMIT")
        self.left = left
        return result

    def _connect(self):
        # Kept open: the last process to close a file checkpoints all of it, which is slow.
        inode = _inode_of(self._path)
        if self._connection is not None and inode != self._inode:
            self._disconnect()  # somebody removed or replaced the file
        if self._connection is None:
            self._connection = self._open()
            self._inode = _inode_of(self._path)
        return self._connection

    def _open(self):
        # Imported here, so that it costs nothing without a spool.
        import sqlite3
        _create_private(self._path)
        connection = sqlite3.connect(self._path, timeout=_BUSY, isolation_level=None,
                                     check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_SCHEMA)
            known = {row[1] for row in connection.execute("PRAGMA table_info(spool)")}
            for name, kind in _COLUMNS:
                if name not in known:
                    connection.execute("ALTER TABLE spool ADD COLUMN %s %s" % (name, kind))
            connection.execute(_INDEX)
            connection.execute("COMMIT")
        except Exception:
            connection.close()
            raise
        return connection

    def _disconnect(self):
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:
                pass  # nothing can be done about it


def _fields(payload):
    """Return the wire form (dict) stored in a row, as it goes into a batch."""
    if not isinstance(payload, string_types):
        raise ValueError("its payload is no text")
    fields = json.loads(payload)
    if not isinstance(fields, dict):
        raise ValueError("its payload is no object")
    if fields.get("type") == "CONTEXT":
        return {"t": SEGMENT, "vid": fields["visitorId"], "s": fields["data"]}
    for key in ("ds", "cid"):
        fields.pop(key, None)
    return fields


def _marks(values):
    return ", ".join("?" * len(values))


def _inode_of(path):
    """Return the identity ``(device, inode)`` of the file at a path; None if there is none."""
    try:
        found = os.stat(path)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
        return None
    if not stat.S_ISREG(found.st_mode):
        raise OSError("%s is no regular file" % path)
    return found.st_dev, found.st_ino


def _create_private(path):
    # Visitors' ids and contexts are private; SQLite creates its other files with the mode of this
    # one.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _create_owner():
    """Return an id for this process's use of a file: ``host/process id/random``."""
    return "%s/%d/%s" % (socket.gethostname(), os.getpid(), _random())


def _random():
    return binascii.hexlify(os.urandom(8)).decode("ascii")


def _is_alive(owner):
    """Return whether an owner's process is alive; None if that cannot be known. A wrong result
    delays a delivery or causes a needless check of a claim, nothing worse."""
    try:
        host, pid, _ = owner.rsplit("/", 2)
        pid = int(pid)
    except ValueError:
        return None
    if host != socket.gethostname() or os.name != "posix":
        return None
    if pid == os.getpid():
        return owner in _living
    try:
        os.kill(pid, 0)
    except OSError as error:
        return error.errno != errno.ESRCH
    return True


def _is_over(owner, claimed):
    alive = _is_alive(owner)
    if alive is not None and not alive:
        return True
    return not -_LEASE < time.time() - claimed < _LEASE


def _clock_name():
    """Return an id for the starting point of :func:`monotonic`: the same for all processes since
    the machine booted if the boot is known, else one for this process."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            boot = file.read().strip()
    except EnvironmentError:
        boot = _random()
    return "%s %s" % (getattr(monotonic, "__module__", ""), boot)
