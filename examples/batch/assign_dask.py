"""assign.py on a Dask cluster: the same rows, from as many processes and machines as the cluster has.

    python assign_dask.py --bucketing bucketing.json --output assignments.csv visitors.csv

Without --scheduler it starts two processes on this machine. The workers read the input and write the output's parts
themselves, so both must be on storage that all of them see under the same path. The bucketing file need not be: it
travels with the work, and each worker starts the SDK with it once.

A run that was interrupted goes on when the same command is given again: finished parts are kept in OUTPUT.parts, under
names that tell the rows and settings that they were made of, until OUTPUT is complete. Formats, skipped rows and exit
codes are those of assign.py. Python 3 alone, as Dask is.
"""
import contextlib
import hashlib
import io
import json
import os
import shutil
import sys
import uuid

import dask
import dask.bag
from dask.distributed import Client, LocalCluster, as_completed

import assign
import assignment
import rows
from output import Mismatch

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = assign.parser(__doc__)
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a cluster that is running; default: one of its own")
    parser.add_argument("--workers", type=assign.positive, default=2, metavar="N",
                        help="processes of its own cluster; default: 2")
    parser.add_argument("--partition", type=assign.positive, default=4 * 1024 * 1024, metavar="BYTES",
                        help="input in one task; default: 4 MiB")
    return assign.exit_code(run, parser.parse_args())


def run(options):
    output = os.path.abspath(options.output)
    if "-" in (options.visitors, options.output):
        raise Mismatch("both the input and the output must be files, which the workers open")
    if os.path.exists(output):
        raise Mismatch("%s is there already; remove it, or choose another" % output)
    with assign.opened(options.visitors) as file:
        settings, header = assign.settings_of(options, file)
        head = assign.head_of(settings)
        folder = output + ".parts"
        partitions = list(cut(file, options, settings, folder))
    os.makedirs(folder, exist_ok=True)
    compute([each for each in partitions if not os.path.exists(each["part"])], settings, options)
    skipped = join(partitions, head, output, 1 if header else 0, options)
    shutil.rmtree(folder)
    return skipped


def cut(file, options, settings, folder):
    """Yield the partitions, each so many whole blocks as make its size: plain values, as they travel."""
    path, identity, start = os.path.abspath(options.visitors), assign.identity_of(settings), file.tell()
    content, size = hashlib.sha256(), 0
    for block in rows.blocks(file, settings.input):
        content.update(block)
        size += len(block)
        if size >= options.partition:
            yield partition(path, start, size, content.hexdigest(), identity, folder)
            start, size, content = start + size, 0, hashlib.sha256()
    if size:
        yield partition(path, start, size, content.hexdigest(), identity, folder)


def partition(path, start, size, digest, identity, folder):
    name = hashlib.sha256((identity + digest).encode("ascii")).hexdigest()
    return {"path": path, "start": start, "size": size, "sha256": digest, "part": os.path.join(folder, name)}


def compute(partitions, settings, options):
    """Have the cluster write the parts of these partitions."""
    if not partitions:
        return
    with contextlib.ExitStack() as stack:
        address = options.scheduler or stack.enter_context(
            LocalCluster(n_workers=options.workers, threads_per_worker=1, dashboard_address=None))
        client = stack.enter_context(Client(address))
        for name in ("rows.py", "assignment.py"):
            client.upload_file(os.path.join(HERE, name))
        # One value of the graph, sent to each worker once, and not a copy a task.
        shipped = dask.delayed(settings, traverse=False)
        bag = dask.bag.from_sequence(partitions, npartitions=len(partitions)).map(assign_partition, shipped)
        progress, visitors = stack.enter_context(assign.Progress("visitors")), 0
        for done, (_, summaries) in enumerate(as_completed(client.compute(bag.to_delayed()), with_results=True), 1):
            visitors += sum(summary["visitors"] for summary in summaries)
            progress.show(visitors, visitors * len(partitions) // done)


def assign_partition(partition, settings):
    """Write a partition's part, whole or not at all: a line of JSON about it, then its rows. Runs in a worker."""
    with io.open(partition["path"], "rb") as file:
        file.seek(partition["start"])
        content = file.read(partition["size"])
    if hashlib.sha256(content).hexdigest() != partition["sha256"]:
        raise RuntimeError("%s has changed" % partition["path"])
    parts, summary = [], {"visitors": 0, "lines": 0, "skipped": []}
    for block in rows.blocks(io.BytesIO(content), settings.input):
        result = assignment.assign(settings, block)
        parts.append(result.rows)
        summary["skipped"] += [(summary["lines"] + line, reason) for line, reason in result.skipped]
        summary["lines"] += result.lines
        summary["visitors"] += result.visitors
    # Dask may run a task twice, at the same time too.
    beside = "%s.%s.tmp" % (partition["part"], uuid.uuid4().hex)
    with io.open(beside, "wb") as file:
        file.write(json.dumps(summary).encode("ascii") + b"\n")
        file.writelines(parts)
    os.replace(beside, partition["part"])
    return summary


def join(partitions, head, output, lines, options):
    """Make the output of the parts; returns the number of rows that were skipped."""
    skipped = 0
    with io.open(output + ".part", "wb") as file:
        file.write(head)
        for partition in partitions:
            with io.open(partition["part"], "rb") as part:
                summary = json.loads(part.readline().decode("ascii"))
                shutil.copyfileobj(part, file, 1024 * 1024)
            for line, reason in summary["skipped"]:
                assign.say(assign.skipped_line(options, lines + line, reason))
            lines, skipped = lines + summary["lines"], skipped + len(summary["skipped"])
        file.flush()
        os.fsync(file.fileno())
    os.replace(output + ".part", output)
    return skipped


if __name__ == "__main__":
    sys.exit(main())
