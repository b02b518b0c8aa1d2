"""assign.py on a Dask cluster: the same rows, from as many processes and machines as the cluster
has.

    python assign_dask.py --bucketing bucketing.json --output assignments.csv visitors.csv

Without --scheduler it starts two processes on this machine. The workers read the input and write
the output's parts themselves, so both must be on storage that all of them see under the same path,
and they need flagship. The bucketing file and this code travel with the work; each worker starts
the SDK once.

A run that was interrupted goes on when the same command is given again: finished parts are kept in
OUTPUT.parts, under names that tell the rows and settings that they were made of, until OUTPUT is
complete. Formats, skipped rows and exit codes are those of assign.py. Python 3 alone, as Dask is.
"""
import contextlib
import os
import shutil
import sys

try:
    import dask
    import dask.bag
    from dask.distributed import Client, LocalCluster, as_completed
except ImportError as missing:
    sys.exit("assign: Dask is not installed for this Python, which must be 3.9 or later: "
             "python -m pip install -r requirements.txt does it (%s)." % missing)

import assign
import parts
from output import Mismatch

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    options = assign.parser(__doc__)
    options.add_argument("--scheduler", metavar="ADDRESS",
                         help="a cluster that is running; default: one of its own")
    options.add_argument("--workers", type=assign.positive, default=2, metavar="N",
                         help="processes of its own cluster; default: 2")
    options.add_argument("--partition", type=assign.positive, default=4 * 1024 * 1024,
                         metavar="BYTES", help="input of one task; default: 4 MiB")
    return assign.exit_code(run, options.parse_args())


def run(options):
    if "-" in (options.visitors, options.output):
        raise Mismatch("the input and the output must be files, as the workers open them")
    path, output = os.path.abspath(options.visitors), os.path.abspath(options.output)
    if os.path.exists(output):
        raise Mismatch("%s is there already; remove it, or choose another" % output)
    folder = output + ".parts"
    with assign.opened(path) as file:
        settings, header = assign.settings_of(options, file)
        head = assign.head_of(settings)
        partitions = list(parts.cut(file, path, settings.input, options.partition,
                                    assign.identity_of(settings), folder))
    os.makedirs(folder, exist_ok=True)
    compute([each for each in partitions if not os.path.exists(each["part"])], settings, options)
    lines, skipped = 1 if header else 0, 0
    for summary in parts.join(partitions, head, folder, output):
        for line, reason in summary["skipped"]:
            assign.say(assign.skipped_line(options, lines + line, reason))
        lines, skipped = lines + summary["lines"], skipped + len(summary["skipped"])
    shutil.rmtree(folder)
    return skipped


def compute(partitions, settings, options):
    """Have the cluster write the parts of these partitions."""
    if not partitions:
        return
    with contextlib.ExitStack() as stack:
        cluster = options.scheduler or stack.enter_context(
            LocalCluster(n_workers=options.workers, threads_per_worker=1,
                         dashboard_address="127.0.0.1:0"))
        client = stack.enter_context(Client(cluster))
        for name in ("rows.py", "assignment.py", "parts.py"):
            client.upload_file(os.path.join(HERE, name))
        # One value of the graph, which each worker gets once, and not a copy in each task.
        shipped = dask.delayed(settings, traverse=False)
        bag = dask.bag.from_sequence(partitions, npartitions=len(partitions)).map(
            parts.write, shipped)
        progress, visitors = stack.enter_context(assign.Progress("visitors")), 0
        for done, (_, summaries) in enumerate(
                as_completed(client.compute(bag.to_delayed()), with_results=True), 1):
            visitors += sum(summary["visitors"] for summary in summaries)
            progress.show(visitors, visitors * len(partitions) // done)


if __name__ == "__main__":
    sys.exit(main())
