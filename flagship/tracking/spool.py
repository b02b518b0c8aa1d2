"""What could not be delivered, on disk, until it can: a SQLite file that several processes may share."""
import json
import time

_CLAIM = 60.0       # seconds that what one process is delivering is left alone by the others
_BUSY = 1.0         # seconds to wait for another process's write
_SCHEMA = """
CREATE TABLE IF NOT EXISTS spool (
    id INTEGER PRIMARY KEY, environment TEXT NOT NULL, endpoint TEXT NOT NULL, made REAL NOT NULL,
    payload TEXT NOT NULL, claimed REAL NOT NULL DEFAULT 0)
"""


class Spool(object):
    """The undelivered items of one environment. An item is ``(endpoint name, seconds since the epoch, dict)``.

    Every method raises sqlite3.Error or OSError where the file cannot be used.

    :param str path: the file.
    :param int limit: items kept; the oldest go first.
    :param float max_age: seconds after which an item is discarded.
    """

    def __init__(self, path, env_id, limit, max_age):
        self._path, self._env_id, self._limit, self._max_age = path, env_id, limit, max_age

    def _open(self):
        # Only those who spool pay for the import.
        import sqlite3
        connection = sqlite3.connect(self._path, timeout=_BUSY, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_SCHEMA)
        except Exception:
            connection.close()
            raise
        return connection

    def _transaction(self, work):
        # Opened each time, as it is seldom needed: a child that inherits an open connection gets no locks of its own.
        connection = self._open()
        try:
            # Immediate: what is read here must still stand when it is changed.
            connection.execute("BEGIN IMMEDIATE")
            result = work(connection)
            connection.execute("COMMIT")
            return result
        finally:
            connection.close()  # undoes what was not committed

    def add(self, items):
        """Keep items; how many were discarded for them."""
        def work(connection):
            connection.executemany(
                "INSERT INTO spool (environment, endpoint, made, payload) VALUES (?, ?, ?, ?)",
                [(self._env_id, name, made, json.dumps(payload)) for name, made, payload in items])
            return connection.execute(
                "DELETE FROM spool WHERE environment = ? AND id NOT IN ("
                "SELECT id FROM spool WHERE environment = ? ORDER BY made DESC, id DESC LIMIT ?)",
                (self._env_id, self._env_id, self._limit)).rowcount
        return self._transaction(work)

    def claim(self, most):
        """``(ids, items, discarded)``: the oldest that nobody is delivering, to be given to :meth:`done` or
        :meth:`release`; and how many were too old."""
        def work(connection):
            now = time.time()
            discarded = connection.execute("DELETE FROM spool WHERE environment = ? AND made < ?",
                                           (self._env_id, now - self._max_age)).rowcount
            # A claim from the future is of a clock that was set back.
            rows = connection.execute(
                "SELECT id, endpoint, made, payload FROM spool WHERE environment = ? AND NOT claimed BETWEEN ? AND ? "
                "ORDER BY made, id LIMIT ?", (self._env_id, now - _CLAIM, now + _CLAIM, most)).fetchall()
            connection.executemany("UPDATE spool SET claimed = ? WHERE id = ?", [(now, row[0]) for row in rows])
            return rows, discarded
        rows, discarded = self._transaction(work)
        return ([row[0] for row in rows],
                [(row[1], row[2], json.loads(row[3])) for row in rows], discarded)

    def done(self, ids):
        """Forget what was delivered."""
        self._transaction(lambda connection: connection.executemany(
            "DELETE FROM spool WHERE id = ?", [(each,) for each in ids]))

    def release(self, ids):
        """Give back what was claimed."""
        self._transaction(lambda connection: connection.executemany(
            "UPDATE spool SET claimed = 0 WHERE id = ?", [(each,) for each in ids]))

    def count(self):
        return self._transaction(lambda connection: connection.execute(
            "SELECT COUNT(*) FROM spool WHERE environment = ?", (self._env_id,)).fetchone()[0])
