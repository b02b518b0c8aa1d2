"""The snapshot of the bucketing file on disk, used while the network is unavailable; and safe
reading of files that may contain anything."""
import errno
import json
import os
import re
import stat
import tempfile
import time

from flagship._compat import replace, text_type
from flagship.decision.content import Unreadable, decode

# The format of 2.1.x, which can read it, too, and ignores the environment.
_CONTENT, _MODIFIED, _ENVIRONMENT = u"content", u"last_modified", u"environment_id"

_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)
_PIECE = 1024 * 1024         # bytes
_SUFFIX = u".tmp"
_LEFT_OVER = 3600            # seconds; an older temporary file is not being written any more
_NOT_ASCII = re.compile(u"[^\x00-\x7f]")

#: What using a path may raise: disk errors; a NUL in it; text that the system cannot encode.
_PATH_ERRORS = (EnvironmentError, ValueError, TypeError)


def read(path, max_size):
    """Return the bytes of a file, or None if it does not exist. Never blocks, because only regular
    files are read.

    :param path: text.
    :param int max_size: maximum size in bytes.
    :raises Unreadable: if it is not a regular file, is too large, or cannot be read.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except _PATH_ERRORS as error:
        if getattr(error, "errno", None) == errno.ENOENT and not os.path.islink(path):
            return None
        raise Unreadable("cannot be read: %s" % why(error))
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise Unreadable("is not a regular file")
        if facts.st_size > max_size:
            raise Unreadable("is over %d bytes" % max_size)
        return _read_all(descriptor, max_size)
    except EnvironmentError as error:
        raise Unreadable("cannot be read: %s" % why(error))
    finally:
        os.close(descriptor)


def _read_all(descriptor, max_size):
    pieces, left = [], max_size
    while True:
        piece = os.read(descriptor, _PIECE)
        left -= len(piece)
        if left < 0:
            raise Unreadable("is over %d bytes" % max_size)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def why(error):
    """Return the system's own message for an error."""
    return getattr(error, "strerror", None) or error


def is_record(decoded):
    """Return whether decoded JSON is a snapshot as :meth:`Snapshot.save` and 2.1.x write it."""
    return isinstance(decoded, dict) and _CONTENT in decoded and u"campaigns" not in decoded


class Record(object):
    """The content of a snapshot.

    :param decoded: its decoded JSON.
    :param str env_id: the expected environment; checked if the snapshot names its environment.
    :raises Unreadable: if it is not a snapshot, or another environment's.

    :ivar bucketing: the decoded bucketing file.
    :ivar last_modified: text, or None.
    :ivar bool knows_environment: whether it names its environment; those of 2.1.x do not.
    """

    def __init__(self, decoded, env_id):
        if is_record(decoded):
            self.bucketing = decoded[_CONTENT]
        elif isinstance(decoded, dict) and _MODIFIED in decoded:
            self.bucketing = decoded
        else:
            raise Unreadable("is not a snapshot")
        environment, modified = decoded.get(_ENVIRONMENT), decoded.get(_MODIFIED)
        if environment not in (None, env_id):
            raise Unreadable("is of another environment")
        self.last_modified = modified if isinstance(modified, text_type) else None
        self.knows_environment = environment is not None


class Snapshot(object):
    """One environment's snapshot at one path; several processes may share it.

    :param path: text; a relative path is resolved now, against the current working directory.
    :param int max_size: maximum size of a snapshot in bytes.
    """

    def __init__(self, path, env_id, max_size):
        self._env_id, self._max_size, self._tidy = env_id, max_size, False
        try:
            self.path = os.path.abspath(path)
        except _PATH_ERRORS:  # the working directory was removed
            self.path = path

    def load(self):
        """Return the Record, or None if there is no snapshot.

        :raises Unreadable: if it is incomplete, not a snapshot, or another environment's.
        """
        content = read(self.path, self._max_size)
        if content is None:
            return None
        return Record(decode(content, self._max_size), self._env_id)

    def save(self, content, last_modified):
        """Save a bucketing file atomically; on failure the previous snapshot stays in place.

        :param bytes content: JSON.
        :raises Unreadable: with the reason, if it cannot be saved.
        """
        try:
            self._replace(_record(content, self._env_id, last_modified))
        except _PATH_ERRORS as error:
            raise Unreadable("cannot be written: %s" % why(error))

    def _replace(self, record):
        if len(record) > self._max_size:
            raise Unreadable("would be over %d bytes" % self._max_size)
        folder, name = os.path.split(self.path)
        prefix = u".%s." % name[:100]
        self._remove_left_overs(folder, prefix)
        # In the target's directory, because a rename is only atomic within one file system. mkstemp
        # uses an unpredictable name, does not follow links, and makes the file private to the user.
        descriptor, beside = tempfile.mkstemp(_SUFFIX, prefix, folder or u".")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(record)
                file.flush()
                os.fsync(file.fileno())
            replace(beside, self.path)
        except BaseException:
            os.remove(beside)
            raise

    def _remove_left_overs(self, folder, prefix):
        """Remove temporary files of processes that were killed while writing. Done only once."""
        if self._tidy:
            return
        self._tidy = True
        for name in os.listdir(folder or u"."):
            # Python 2 returns bytes for names that it cannot decode.
            if isinstance(name, text_type) and name.startswith(prefix) and name.endswith(_SUFFIX):
                path = os.path.join(folder, name)
                try:
                    if time.time() - os.lstat(path).st_mtime > _LEFT_OVER:
                        os.remove(path)
                except EnvironmentError:
                    pass  # another process did so, or it cannot be removed


def _record(content, env_id, last_modified):
    # In ASCII, because 2.1.x reads it in the locale's encoding.
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        text = _NOT_ASCII.sub(_escape_match, content.decode("utf-8").lstrip(u"\ufeff"))
    head = json.dumps({_ENVIRONMENT: env_id, _MODIFIED: last_modified}, sort_keys=True)
    return (u'%s, "%s": %s}' % (head[:-1], _CONTENT, text)).encode("ascii")


def _escape_match(found):
    return text_type(json.dumps(found.group())[1:-1])
