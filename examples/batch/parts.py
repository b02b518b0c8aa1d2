"""The parts that a run on a cluster makes of its output: cut, written by the workers, joined.
Python 3 alone."""
import contextlib
import hashlib
import io
import json
import os
import shutil
import uuid

from assignment import assign
from rows import blocks


def cut(file, path, kind, size, identity, folder):
    """Yield the partitions of an input, whole blocks of at least ``size`` bytes: dicts of plain
    values, which travel.

    :param file: the input, binary, after its header.
    :param str path: the input's, for the workers.
    :param str kind: of the input, "csv" or "jsonl".
    :param str identity: of everything but the input that the parts depend on.
    :param str folder: where the parts will be.
    """
    start, length, content = file.tell(), 0, hashlib.sha256()

    def partition():
        # By this name a later run knows the part, and knows that it is right.
        name = hashlib.sha256((identity + content.hexdigest()).encode("ascii")).hexdigest()
        return {"path": path, "start": start, "length": length, "sha256": content.hexdigest(),
                "part": os.path.join(folder, name)}

    for block in blocks(file, kind):
        content.update(block)
        length += len(block)
        if length >= size:
            yield partition()
            start, length, content = start + length, 0, hashlib.sha256()
    if length:
        yield partition()


def write(partition, settings):
    """Write a partition's part, whole or not at all, and beside it what is returned, a summary."""
    with io.open(partition["path"], "rb") as file:
        file.seek(partition["start"])
        content = file.read(partition["length"])
    if hashlib.sha256(content).hexdigest() != partition["sha256"]:
        raise RuntimeError("%s has changed since it was cut, or is another file here"
                           % partition["path"])
    summary = {"visitors": 0, "lines": 0, "skipped": []}
    with replaced(partition["part"]) as file:
        for block in blocks(io.BytesIO(content), settings.input):
            result = assign(settings, block)
            file.write(result.rows)
            summary["skipped"] += [(summary["lines"] + line, reason)
                                   for line, reason in result.skipped]
            summary["lines"] += result.lines
            summary["visitors"] += result.visitors
        # First, as where there is a part there must be a summary.
        with replaced(partition["part"] + ".json") as summary_file:
            summary_file.write(json.dumps(summary).encode("ascii"))
    return summary


@contextlib.contextmanager
def replaced(path):
    """A file to write, which gets its name at the end of the block. A cluster may run a task twice,
    at the same time too."""
    beside = "%s.%s.tmp" % (path, uuid.uuid4().hex)
    with io.open(beside, "wb") as file:
        yield file
    os.replace(beside, path)


class Joined(object):
    """Makes the output of ``head`` (bytes) and the parts, whole or not at all.

    :ivar list summaries: what :func:`write` returned for each part that is joined, in order.
    """

    def __init__(self, partitions, head, folder, output):
        self._partitions, self._output, self.summaries = partitions, output, []
        self._beside = os.path.join(folder, uuid.uuid4().hex + ".tmp")
        self._file = io.open(self._beside, "wb")
        self._file.write(head)

    def go_on(self):
        """Join the next parts in order that are there."""
        while len(self.summaries) < len(self._partitions) and os.path.exists(
                self._partitions[len(self.summaries)]["part"]):
            self._add_next()

    def finish(self):
        """Join the rest, and give the output its name."""
        while len(self.summaries) < len(self._partitions):
            self._add_next()
        self._sync()
        os.replace(self._beside, self._output)

    def _add_next(self):
        name = self._partitions[len(self.summaries)]["part"]
        with io.open(name + ".json", "rb") as file:
            summary = json.loads(file.read().decode("ascii"))
        with io.open(name, "rb") as part:
            shutil.copyfileobj(part, self._file, 64 * 1024)
        # Now, while the workers are busy, and not all of it at the end.
        self._sync()
        self.summaries.append(summary)

    def _sync(self):
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._file.close()
