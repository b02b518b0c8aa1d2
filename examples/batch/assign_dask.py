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
import gc
import multiprocessing
import os
import shutil
import sys

try:
    from concurrent.futures import ThreadPoolExecutor
    FORKS = "forkserver" in multiprocessing.get_all_start_methods()
    if FORKS and __name__ == "__main__" and "--scheduler" not in sys.argv:
        # The process that the workers are forked from imports what they need now, while this one
        # does the same. Otherwise each of them would afterwards.
        from multiprocessing import forkserver
        forkserver.set_forkserver_preload(
            ["distributed", "assign", "parts"])
        forkserver.ensure_running()
    import dask
    import distributed.utils
    from dask.distributed import Client, LocalCluster, as_completed
except ImportError as missing:
    sys.exit("assign: Dask is not installed for this Python, which must be 3.9 or later: "
             "python -m pip install -r requirements.txt does it (%s)." % missing)

import assign  # noqa: E402
import parts  # noqa: E402
from output import Mismatch  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    options = assign.parser(__doc__)
    options.add_argument("--scheduler", metavar="ADDRESS",
                         help="a cluster that is running; default: one of its own")
    options.add_argument("--workers", type=assign.positive, default=2, metavar="N",
                         help="processes of its own cluster; default: 2")
    options.add_argument("--partition", type=assign.positive, default=2 * 1024 * 1024,
                         metavar="BYTES", help="input of one task; default: 2 MiB")
    return assign.exit_code(run, options.parse_args())


def run(options):
    if "-" in (options.visitors, options.output):
        raise Mismatch("the input and the output must be files, as the workers open them")
    if "parquet" in assign.formats_of(options):
        raise Mismatch("Parquet is for assign.py")
    path, output = os.path.abspath(options.visitors), os.path.abspath(options.output)
    if os.path.exists(output):
        raise Mismatch("%s is there already; remove it, or choose another" % output)
    folder = output + ".parts"
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(assign.opened(path))
        settings, header = assign.settings_of(options, file)
        head = assign.head_of(settings)
        # Cut while the cluster starts, where there is anything to be done on it for certain.
        partitions = stack.enter_context(ThreadPoolExecutor(1)).submit(
            list, parts.cut(file, path, settings.input, options.partition,
                            assign.identity_of(settings), folder))
        client = None if os.path.isdir(folder) else stack.enter_context(cluster_of(options))
        partitions = partitions.result()
        missing = [each for each in partitions if not os.path.exists(each["part"])]
        os.makedirs(folder, exist_ok=True)
        with parts.Joined(partitions, head, folder, output) as joined:
            if missing:
                compute(client or stack.enter_context(cluster_of(options)), missing, settings,
                        joined)
            joined.finish()
    lines, skipped = 1 if header else 0, 0
    for summary in joined.summaries:
        for line, reason in summary["skipped"]:
            assign.say(assign.skipped_line(options, lines + line, reason))
        lines, skipped = lines + summary["lines"], skipped + len(summary["skipped"])
    shutil.rmtree(folder)
    return skipped


@contextlib.contextmanager
def cluster_of(options):
    """A client of the cluster, which is its own where no other was asked for."""
    with contextlib.ExitStack() as stack:
        # It would take a share of the workers' time.
        settings = {"distributed.worker.profile.enabled": False}
        if FORKS:
            settings["distributed.worker.multiprocessing-method"] = "forkserver"
            # Or Dask would import pandas here, where it is installed, to tell a process that has
            # begun long ago what to import: half a second.
            distributed.utils._forkserver_preload_set = True
        stack.enter_context(dask.config.set(settings))
        cluster = options.scheduler or stack.enter_context(
            LocalCluster(n_workers=options.workers, threads_per_worker=1,
                         dashboard_address="127.0.0.1:0"))
        client = stack.enter_context(Client(cluster))
        if options.scheduler:  # its own workers find them where this process does
            for name in ("rows.py", "assignment.py", "parts.py"):
                client.upload_file(os.path.join(HERE, name))
        yield client


def compute(client, partitions, settings, joined):
    """Have the cluster write the parts of these partitions, and join those that are there
    meanwhile."""
    # One value for all tasks, which each worker gets once; unlike what is scattered, it is not lost
    # with the workers that have it.
    shipped = client.compute(dask.delayed(settings, traverse=False))
    # In the input's order, so that finished parts can be joined while others are written.
    tasks = [client.submit(parts.write, each, shipped, pure=False, priority=-number)
             for number, each in enumerate(partitions)]
    with assign.Progress("visitors") as progress:
        visitors = 0
        for done, (_, summary) in enumerate(as_completed(tasks, with_results=True), 1):
            visitors += summary["visitors"]
            progress.show(visitors, visitors * len(partitions) // done)
            joined.go_on()


if __name__ == "__main__":
    # What the imports made stays: as Python ends, it takes a quarter of a second to look for
    # garbage in it.
    gc.freeze()
    sys.exit(main())
