"""The parts that a run on a cluster makes of its output: cut, written by the workers, joined.
Python 3 alone."""
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
    """Write a partition's part, whole or not at all: a line of JSON, which is returned decoded,
    then the rows."""
    with io.open(partition["path"], "rb") as file:
        file.seek(partition["start"])
        content = file.read(partition["length"])
    if hashlib.sha256(content).hexdigest() != partition["sha256"]:
        raise RuntimeError("%s has changed since it was cut, or is another file here"
                           % partition["path"])
    rows, summary = [], {"visitors": 0, "lines": 0, "skipped": []}
    for block in blocks(io.BytesIO(content), settings.input):
        result = assign(settings, block)
        rows.append(result.rows)
        summary["skipped"] += [(summary["lines"] + line, reason) for line, reason in result.skipped]
        summary["lines"] += result.lines
        summary["visitors"] += result.visitors
    # A cluster may run a task twice, at the same time too.
    beside = "%s.%s.tmp" % (partition["part"], uuid.uuid4().hex)
    with io.open(beside, "wb") as file:
        file.write(json.dumps(summary).encode("ascii") + b"\n")
        file.writelines(rows)
    os.replace(beside, partition["part"])
    return summary


def join(partitions, head, folder, output):
    """Make the output of ``head`` (bytes) and the parts, whole or not at all; returns what
    :func:`write` returned."""
    summaries, beside = [], os.path.join(folder, uuid.uuid4().hex + ".tmp")
    with io.open(beside, "wb") as file:
        file.write(head)
        for partition in partitions:
            with io.open(partition["part"], "rb") as part:
                summaries.append(json.loads(part.readline().decode("ascii")))
                shutil.copyfileobj(part, file, 1024 * 1024)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, output)
    return summaries
