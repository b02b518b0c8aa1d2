"""Where assignments go, and how a run that was killed goes on."""
from __future__ import unicode_literals

import errno
import hashlib
import io
import json
import os
import sys
import time

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_PIECE = 1024 * 1024  # bytes


class Mismatch(Exception):
    """What is there does not go with what is asked for; the text says what to do."""


class Failed(Exception):
    """The run cannot go on; the text says why."""


class _Output(object):
    """Counts what was done.

    :ivar int input_bytes: of the input, with its header.
    :ivar int lines: of the input, with its header.
    :ivar int visitors: assigned.
    :ivar int skipped: rows that were not.
    """

    def __init__(self):
        self.input_bytes = self.lines = self.visitors = self.skipped = self._output_bytes = 0
        self._file, self._input_hash = None, hashlib.sha256()

    def resume(self, header, file):
        """Read from the input (binary, after its header) what was done already; whether there was
        anything."""
        return False

    def begin(self, header, head):
        """Begin anew, with ``head`` (bytes)."""
        self._read(header, 1 if header else 0)
        self._write(head)

    def add(self, block, result):
        """Take a block of the input (bytes) as done, and write its Result."""
        self._write(result.rows)
        self._read(block, result.lines)
        self.visitors += result.visitors
        self.skipped += len(result.skipped)

    def finish(self):
        """The input is at its end."""
        self._file.flush()

    def _read(self, block, lines):
        self._input_hash.update(block)
        self.input_bytes += len(block)
        self.lines += lines

    def _write(self, content):
        self._file.write(content)
        self._output_bytes += len(content)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        pass


class StandardOutput(_Output):
    """Writes to stdout, which a killed run cannot take back."""

    def __init__(self):
        super(StandardOutput, self).__init__()
        self._file = io.open(os.dup(sys.stdout.fileno()), "wb")

    def __exit__(self, *exc_info):
        self._file.close()


class ResumableOutput(_Output):
    """Writes to a file that appears when it is complete.

    Until then the rows are in ``PATH.part``. ``PATH.progress``, replaced in one step, says up to
    where they are right and how much of the input they are for; what stands behind that place when
    a run begins is cut off.

    :param str path: the file.
    :param str identity: of everything but the input that the rows depend on.
    :param float interval: seconds between two notes of the progress.
    :raises Mismatch: when the file is there already, or another run is writing it.
    """

    def __init__(self, path, identity, interval):
        super(ResumableOutput, self).__init__()
        self._path, self._part, self._progress = path, path + ".part", path + ".progress"
        self._identity, self._interval, self._noted = identity, interval, time.time()
        self._record = self._recorded()
        self._at = self._part
        if os.path.exists(path):
            if not self._record or not self._record["complete"] or os.path.exists(self._part):
                raise Mismatch("%s is there already; remove it, or choose another" % path)
            self._at = path  # killed between its last two steps
        try:
            self._file = io.open(self._at, "ab")
        except EnvironmentError as error:
            raise Mismatch("%s cannot be written: %s" % (self._at, error.strerror))
        try:
            if fcntl is not None:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except EnvironmentError:
            self._file.close()
            raise Mismatch("another process is writing %s" % self._at)

    def _recorded(self):
        try:
            with io.open(self._progress, "rb") as file:
                return json.loads(file.read().decode("ascii"))
        except EnvironmentError as error:
            if error.errno == errno.ENOENT:
                return None
            raise

    def resume(self, header, file):
        record = self._record
        if record is None:
            return False
        again = "; to begin anew, remove %s and %s" % (self._at, self._progress)
        if record["identity"] != self._identity:
            raise Mismatch(
                "the bucketing file, the header or a format is not what %s was begun with%s"
                % (self._at, again))
        if os.path.getsize(self._at) < record["output_bytes"]:
            raise Mismatch("%s is shorter than it was%s" % (self._at, again))
        self._read(header, 0)
        while self.input_bytes < record["input_bytes"]:
            piece = file.read(min(_PIECE, record["input_bytes"] - self.input_bytes))
            if not piece:
                break
            self._read(piece, 0)
        if (self.input_bytes, self._input_hash.hexdigest()) != (record["input_bytes"],
                                                                record["input_sha256"]):
            raise Mismatch("the input is not what %s was begun with: its first %d bytes differ%s"
                           % (self._at, record["input_bytes"], again))
        self.lines, self.visitors = record["lines"], record["visitors"]
        self.skipped = record["skipped"]
        self._output_bytes = record["output_bytes"]
        self._file.truncate(self._output_bytes)
        return True

    def begin(self, header, head):
        self._file.truncate(0)
        super(ResumableOutput, self).begin(header, head)

    def add(self, block, result):
        super(ResumableOutput, self).add(block, result)
        if time.time() - self._noted >= self._interval:
            self._note(complete=False)
            self._noted = time.time()

    def finish(self):
        self._note(complete=True)
        if self._at != self._path:
            os.rename(self._part, self._path)
        os.remove(self._progress)

    def _note(self, complete):
        # The rows first: the note must not promise what a power cut could take.
        self._file.flush()
        os.fsync(self._file.fileno())
        record = {"identity": self._identity, "complete": complete, "input_bytes": self.input_bytes,
                  "input_sha256": self._input_hash.hexdigest(), "lines": self.lines,
                  "visitors": self.visitors,
                  "skipped": self.skipped, "output_bytes": self._output_bytes}
        beside = self._progress + ".tmp"
        with io.open(beside, "wb") as file:
            file.write(json.dumps(record, sort_keys=True).encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        getattr(os, "replace", os.rename)(beside, self._progress)

    def __exit__(self, *exc_info):
        self._file.close()
