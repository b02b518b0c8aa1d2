"""The bucketing file's copy on disk, which serves when the network does not."""
import io
import itertools
import json
import os

from flagship import _json
from flagship._compat import replace, text_type

_ENVIRONMENT, _MODIFIED, _BUCKETING = u"environmentId", u"lastModified", u"bucketing"
_numbers = itertools.count()


class Unreadable(Exception):
    """A file that cannot be used; its text says why."""


def decode(content):
    """The decoded JSON of ``content`` (bytes); raises Unreadable."""
    try:
        return _json.decode(content)
    except ValueError:
        raise Unreadable("it is not JSON")


def read(path):
    """The bytes of a file, or None where there is none; raises Unreadable."""
    try:
        with io.open(path, "rb") as file:
            return file.read()
    except EnvironmentError as error:
        if not os.path.lexists(path):
            return None
        raise Unreadable("it cannot be read: %s" % (error.strerror or error))


def is_record(decoded):
    """Whether decoded JSON is what :meth:`Snapshot.save` writes, of whatever environment."""
    return isinstance(decoded, dict) and _ENVIRONMENT in decoded and _BUCKETING in decoded


def unwrapped(record, env_id):
    """``(decoded bucketing file, Last-Modified or None)`` of a record; raises Unreadable."""
    if record[_ENVIRONMENT] != env_id:
        raise Unreadable("it is of another environment")
    modified = record.get(_MODIFIED)
    return record[_BUCKETING], modified if isinstance(modified, text_type) else None


class Snapshot(object):
    """One environment's copy at one path; several processes may share it.

    :param path: text; relative to the working directory of this moment.
    """

    def __init__(self, path, env_id):
        self.path, self._env_id = os.path.abspath(path), env_id

    def load(self):
        """``(decoded bucketing file, Last-Modified or None)``, or None where there is no copy.

        :raises Unreadable: where it is torn, foreign, or another environment's.
        """
        content = read(self.path)
        if content is None:
            return None
        record = decode(content)
        if not is_record(record):
            raise Unreadable("it is not a snapshot")
        return unwrapped(record, self._env_id)

    def save(self, content, last_modified):
        """Keep the bucketing file ``content`` (bytes of JSON); raises EnvironmentError, and leaves what was there."""
        head = json.dumps({_ENVIRONMENT: self._env_id, _MODIFIED: last_modified}, sort_keys=True)
        record = b"".join((head[:-1].encode("ascii"), b', "', _BUCKETING.encode("ascii"), b'": ', content, b"}"))
        # Beside the target, as a rename over it is only atomic within one file system.
        beside = "%s.%d.%d.tmp" % (self.path, os.getpid(), next(_numbers))
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(record)
                file.flush()
                os.fsync(file.fileno())
            replace(beside, self.path)
        except BaseException:
            os.remove(beside)
            raise
