"""Assign visitors to variations: one row in, one row out, by a bucketing file and without a
network.

    python assign.py --bucketing bucketing.json --output assignments.csv visitors.csv

Input is CSV with a header, visitor_id and one column per context key, as in
`visitor_id,country,age:int,vip:bool` (types: text, int, float, bool; an empty cell is no value), or
JSONL, {"visitor_id": "...", "context": {...}} or flat, {"visitor_id": "...", "country": "FR"}.
Without a file it is read from stdin. Output is CSV, with a column variation:ID per campaign and
flag:KEY per flag, or JSONL. A file's name tells which; otherwise it is CSV. With pyarrow, Parquet
goes to Parquet.

A run that was interrupted, even by kill -9, goes on when the same command is given again: until it
is complete the output is in OUTPUT.part, and OUTPUT.progress says how far it is right (of Parquet:
what was made of each row group is in OUTPUT.parts).

Exit code: 0 everybody is assigned, 3 rows were skipped (stderr has their lines), 2 the command
cannot be run as it is given, 1 it failed on the way, 130 interrupted. After 1 and 130 the same
command goes on.
"""
from __future__ import print_function, unicode_literals

import argparse
import collections
import ctypes
import hashlib
import io
import itertools
import json
import multiprocessing
import os
import signal
import sys

try:
    import six

    from assignment import Settings, Unusable, assign, of_this_process
    from output import Failed, Mismatch, ResumableOutput, StandardOutput
    from rows import BLOCK, VALUES, BadHeader, blocks, columns_of, refuse_what_is_no_text
except ImportError as missing:
    sys.exit("assign: the SDK is not installed for this Python: python -m pip install . in the "
             "checkout does it (%s)." % missing)

FORMATS = ("csv", "jsonl", "parquet")
SLOT = 2 * 1024 * 1024  # bytes
# Blocks that a process has at a time, so that it need not wait while the first one writes and waits
# for the disk, some 0.1 s. Of a pipe it has one, as the next may be long in coming.
SLOTS, SLOTS_OF_A_PIPE = 16, 1
JOIN = 10  # seconds that a process may take to end; it has nothing left to do


def main(arguments=None):
    options = parser(__doc__)
    options.add_argument("--processes", type=positive, default=1, metavar="N", help="default: 1")
    options.add_argument("--checkpoint", type=seconds, default=1.0, metavar="SECONDS",
                         help="how much work a kill may cost; default: 1")
    arguments = sys.argv[1:] if arguments is None else arguments
    return exit_code(run, options.parse_args([six.ensure_text(each) for each in arguments]))


def parser(description):
    """The options that assign_dask.py has too."""
    parser = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("visitors", nargs="?", default="-", help="the input; default: stdin")
    parser.add_argument("--bucketing", required=True, metavar="FILE", help="the bucketing file")
    parser.add_argument("--output", default="-", metavar="FILE",
                        help="default: stdout, which cannot be resumed")
    parser.add_argument("--input-format", choices=FORMATS)
    parser.add_argument("--output-format", choices=FORMATS)
    return parser


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1, not %s" % text)
    return number


def seconds(text):
    number = float(text)
    if not 0 <= number < float("inf"):  # NaN is neither
        raise argparse.ArgumentTypeError("must be a number of seconds, not %s" % text)
    return number


def exit_code(run, options):
    """What to exit with after ``run(options)``, which returns the number of rows that were
    skipped."""
    try:
        skipped = run(options)
    except (Mismatch, Unusable, BadHeader) as problem:
        say(problem)
        return 2
    except (Failed, EnvironmentError) as problem:
        say(problem)
        return 1
    except KeyboardInterrupt:
        say("interrupted" if options.output == "-"
            else "interrupted; the same command goes on from here")
        return 130
    if skipped:
        say("rows skipped: %d" % skipped)
    return 3 if skipped else 0


def run(options):
    formats = formats_of(options)
    if formats == ("parquet", "parquet"):
        return run_parquet(options)
    if "parquet" in formats:
        raise Mismatch("Parquet goes to Parquet; this would be from %s to %s" % formats)
    with opened(options.visitors) as file:
        settings, header = settings_of(options, file)
        head = head_of(settings)
        # Begun before the output is opened, so that they hold nothing of it when this process is
        # killed.
        slots = SLOTS_OF_A_PIPE if options.visitors == "-" else SLOTS
        workers = [Worker(settings, slots)
                   for _ in range(options.processes)] if options.processes > 1 else []
        try:
            with output_of(options, settings) as output:
                if not output.resume(header, file):
                    output.begin(header, head)
                elif output.visitors:
                    say("going on after %d visitors" % output.visitors)
                cut = blocks(file, settings.input)
                results = in_processes(workers, cut) if workers else in_this_process(settings, cut)
                assign_all(options, file, output, results)
                output.finish()
                return output.skipped
        finally:
            for worker in workers:
                worker.close()


def assign_all(options, file, output, results):
    """Write all results, each a ``(block, Result)``."""
    size = os.fstat(file.fileno()).st_size if options.visitors != "-" else 0
    with Progress("visitors", output.visitors) as progress:
        for block, result in results:
            for line, reason in result.skipped:
                progress.say(skipped_line(options, output.lines + line, reason))
            output.add(block, result)
            # How many there will be if the others are as long as these.
            total = output.visitors * size // output.input_bytes if size else None
            progress.show(output.visitors, total)


def run_parquet(options):
    if "-" in (options.visitors, options.output) or options.processes > 1:
        raise Mismatch("Parquet is read from a file and written to a file, by one process")
    if os.path.exists(options.output):
        raise Mismatch("%s is there already; remove it, or choose another" % options.output)
    try:
        import parquet_files
    except ImportError as missing:
        raise Mismatch("Parquet needs pyarrow, and Python 3: python -m pip install pyarrow (%s)"
                       % missing)
    with opened(options.bucketing) as bucketing:
        content = bucketing.read()
    source = parquet_files.Source(options.visitors)
    for line in source.left_out:
        say(line)
    settings = Settings(content, VALUES, source.columns, VALUES)
    head_of(settings)
    identity = identity_of(settings) + source.digest()
    output = parquet_files.Output(options.output, identity, source, of_this_process(settings))
    done = all_skipped = 0
    with Progress("visitors") as progress:
        for group in range(source.groups):
            count, skipped = output.add(group)
            for place, reason in skipped:
                progress.say(skipped_line(options, done + place + 1, reason, "row"))
            done, all_skipped = done + count, all_skipped + len(skipped)
            progress.show(done - all_skipped, source.rows)
    output.finish()
    return all_skipped


def skipped_line(options, line, reason, unit="line"):
    return "%s: %s %d: %s; skipped" % (options.visitors, unit, line, reason)


def opened(name):
    """The file of this name for reading bytes, ``-`` for stdin; raises Mismatch."""
    try:
        # A copy of the descriptor, which "with" may close.
        return io.open(os.dup(sys.stdin.fileno()) if name == "-" else name, "rb")
    except EnvironmentError as error:
        raise Mismatch("%s cannot be read: %s" % (name, error.strerror))


def settings_of(options, file):
    """The Settings, and the CSV header, which is taken from ``file``."""
    with opened(options.bucketing) as bucketing:
        content = bucketing.read()
    kind, written = formats_of(options)
    refuse_what_is_no_text(file.peek(BLOCK), kind)
    header = file.readline() if kind == "csv" else b""
    refuse_what_is_no_text(header, kind)  # a pipe may have shown less before
    columns = columns_of(header) if kind == "csv" else None
    return Settings(content, kind, columns, written), header


def formats_of(options):
    """``(format of the input, of the output)``."""
    return (options.input_format or kind_of(options.visitors),
            options.output_format or kind_of(options.output))


def kind_of(name):
    if name.lower().endswith(".parquet"):
        return "parquet"
    return "jsonl" if name.lower().endswith((".jsonl", ".ndjson")) else "csv"


def head_of(settings):
    """What the output begins with (bytes); raises Unusable when the bucketing file is."""
    assignment = of_this_process(settings)
    for line in assignment.warnings:
        say(line)
    return assignment.head


def identity_of(settings):
    """A digest of all that the output depends on but the input's rows."""
    facts = [hashlib.sha256(settings.bucketing).hexdigest(), settings.input, settings.columns,
             settings.output]
    return hashlib.sha256(json.dumps(facts).encode("ascii")).hexdigest()


def output_of(options, settings):
    if options.output == "-":
        return StandardOutput()
    return ResumableOutput(options.output, identity_of(settings), options.checkpoint)


def in_this_process(settings, blocks):
    for block in blocks:
        yield block, assign(settings, block)


def in_processes(workers, blocks):
    """Yield ``(block, result)`` in the blocks' order; the workers take turns."""
    waiting = collections.deque()  # (worker, block), the oldest first
    for number, block in enumerate(blocks):
        worker = workers[number % len(workers)]
        while not worker.has_room_for(block):
            first, done = waiting.popleft()
            yield done, first.result()
        worker.give(block)
        waiting.append((worker, block))
    for worker, done in waiting:
        yield done, worker.result()


class Worker(object):
    """A process that assigns the blocks that it is given. It ends with this one, however that
    ends.

    Blocks and rows go through memory that both share, in slots that take turns; what is too large
    for one goes through the pipe, as everything else does.

    :param int slots: maximum number of blocks that it may have at a time.
    """

    # This process's ends: a fork copies them, and a worker that held one would never see it close.
    _pipes = []

    def __init__(self, settings, slots):
        self._slots = Slots(slots)
        self._given = self._taken = 0
        self._pipe, theirs = multiprocessing.Pipe()
        Worker._pipes.append(self._pipe)
        self._process = multiprocessing.Process(
            target=serve, args=(settings, self._slots, theirs, Worker._pipes))
        self._process.daemon = True
        self._process.start()
        theirs.close()

    def has_room_for(self, block):
        """Whether :meth:`give` cannot block for ever: not while the worker may be sending."""
        under_way = self._given - self._taken
        return under_way == 0 or under_way < self._slots.count and len(block) <= SLOT

    def give(self, block):
        try:
            self._pipe.send(self._slots.put(self._given, block))
        except EnvironmentError:
            self._fail()
        self._given += 1

    def result(self):
        """The Result of the oldest block whose result was not taken yet."""
        try:
            result = self._pipe.recv()
        except (EnvironmentError, EOFError):
            self._fail()
        result = result._replace(rows=self._slots.get(self._taken, result.rows))
        self._taken += 1
        return result

    def _fail(self):
        self._process.join(JOIN)
        raise Failed("a process ended before its work, with exit code %s" % self._process.exitcode)

    def close(self):
        self._pipe.close()
        self._process.join(JOIN)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


class Slots(object):
    """Memory of two processes, for one piece of bytes in each of ``count`` slots."""

    def __init__(self, count):
        self.count, self._memory = count, multiprocessing.RawArray(ctypes.c_char, count * SLOT)

    def put(self, number, content):
        """Put bytes in the slot whose turn it is the ``number``-th time; returns what is to be
        sent to the other process for them."""
        if len(content) > SLOT:
            return content
        ctypes.memmove(ctypes.addressof(self._memory) + number % self.count * SLOT, content,
                       len(content))
        return len(content)

    def get(self, number, sent):
        """The bytes for which the other process sent this."""
        if isinstance(sent, bytes):
            return sent
        start = number % self.count * SLOT
        return self._memory[start:start + sent]


def serve(settings, slots, pipe, not_mine):
    """What a worker does."""
    for each in not_mine:
        each.close()
    # Ctrl-C reaches all processes of a terminal; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for number in itertools.count():
            result = assign(settings, slots.get(number, pipe.recv()))
            pipe.send(result._replace(rows=slots.put(number, result.rows)))
    except (EnvironmentError, EOFError):
        pass


class Progress(object):
    """How much is done, the rate and the time left, on stderr where that is a terminal and tqdm is
    installed.

    :param str unit: what is counted, as in "visitors".
    :param int done: how many are done already.
    """

    def __init__(self, unit, done=0):
        self._bar = None
        if sys.stderr.isatty():
            try:
                from tqdm import tqdm
            except ImportError:
                return
            self._bar = tqdm(unit=" " + unit, initial=done, file=sys.stderr, dynamic_ncols=True)

    def show(self, done, total):
        """:param total: how many there will be, or None where nobody knows."""
        if self._bar is not None:
            self._bar.total = total
            self._bar.update(done - self._bar.n)

    def say(self, line):
        if self._bar is not None:
            self._bar.clear()
        say(line)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        if self._bar is not None:
            self._bar.close()


def say(line):
    # Ids may hold what a terminal or a pipe does not take.
    print("assign: " + ("%s" % line).encode("ascii", "backslashreplace").decode("ascii"),
          file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
