"""A block of visitors in, a block of assignments out: the work of one process, however many there
are.

assign.py runs it in one process or several, assign_dask.py on a cluster. Nothing here knows which.
"""
from __future__ import unicode_literals

import atexit
import collections
import json
import logging
import threading

import six

from flagship import Config, Flagship
from flagship.decision.compiled import Campaigns
from flagship.decision.evaluator import audience_of, merge
from flagship.decision.document import id_text
from flagship.errors import FlagshipError
from flagship.handler import FlagshipEventHandler
from flagship.visitor import MAX_ID
from rows import INPUTS, OUTPUTS, BadRow, expressible

# How many contexts, and tables of a campaign's 100 buckets, are kept: some 10 MB of each.
_CONTEXTS, _TABLES = 20000, 10000

#: What each process needs, as plain values that can be sent to it: the bucketing file (bytes), the
#: input's format, its columns as (key, type name) pairs (None for JSONL), and the output's format.
Settings = collections.namedtuple("Settings", ("bucketing", "input", "columns", "output"))

#: The output rows of a block (bytes), its visitors and its lines (numbers), and what was skipped:
#: (line in the block, from 1; reason) pairs.
Result = collections.namedtuple("Result", ("rows", "visitors", "lines", "skipped"))


class Unusable(Exception):
    """A bucketing file that nobody can be assigned by; the text says why."""


class Assignment(object):
    """Assigns visitors by a bucketing file. Starts this process's SDK, without a network.

    :param Settings settings: what to read, decide by and write.
    :raises Unusable: when there is nothing to decide by.
    """

    def __init__(self, settings):
        self.settings = settings
        self._log = _Log()
        env_id, document = _opened(settings.bucketing)
        self._flagship = Flagship.instance()
        # The key is for the platform, which is not asked.
        self._flagship.start(env_id, "none", Config(
            mode=Config.Mode.BUCKETING, offline=True, initial_bucketing=document,
            bucketing_file=None, event_handler=self._log))
        atexit.register(self._flagship.close)
        if self._flagship.status.source is None:
            raise Unusable("the bucketing file cannot be used: %s" % self._log.taken())
        if self._flagship.status.panic:
            raise Unusable("the bucketing file asks for panic, in which nobody is assigned")
        #: Lines about what of the bucketing file is not used.
        self.warnings = self._log.warnings
        self._campaigns = Campaigns(document)
        campaigns, flags = _columns(document)
        self._input = INPUTS[settings.input](settings.columns)
        self._output = OUTPUTS[settings.output](campaigns, flags)
        self._columns = {each: place for place, each in enumerate(campaigns)}
        self._flags = {each: len(campaigns) + place for place, each in enumerate(flags)}
        self._writers, self._tables = {}, 0  # Audience -> its writer; the tables of all of them
        self._contexts = {}  # all cells of a row but the id, as they are written -> the writer

    @property
    def head(self):
        """What the output begins with, bytes."""
        return self._output.head.encode("utf-8")

    def assign(self, block):
        """The :class:`Result` of a block of input rows (bytes)."""
        rows, skipped = [], []
        lines = self._input.plain_lines(block)
        if lines is None:
            for number, row in self._input.rows(block, skipped):
                self._add_row(rows, skipped, number, row)
        else:
            self._add_plain_lines(rows, skipped, lines)
        count = block.count(b"\n") + (not block.endswith(b"\n"))
        return Result(b"".join(rows), len(rows), count, skipped)

    @property
    def names(self):
        """The columns of :meth:`assign_values`."""
        return self._output.names

    def assign_values(self, values):
        """Assign rows of the format VALUES.

        :param values: ``(visitor id, tuple of the context's values)`` each; the values of a column
            are all of one type.
        :return: ``(rows, skipped)``: tuples of text or None as :attr:`names` has them, and
            ``(place, reason)`` pairs for the bad rows, counted from 0.
        """
        rows, skipped = [], []
        contexts = self._known_contexts()
        for place, row in enumerate(values):
            try:
                write = contexts.get(row[1])
            except TypeError:  # a list, which is no value of a context
                write = None
            if write is not None and _is_plain_id(row[0]):
                rows.append(write(row[0].encode("utf-8"), row[0]))
                continue
            write = self._add_row(rows, skipped, place, row)
            if write is not None:
                self._keep_context(row[1], write)
        return rows, skipped

    def _known_contexts(self):
        # What a visitor's id decides cannot be kept for the next visitor.
        return {} if self._campaigns.targetings.ask_visitor_id else self._contexts

    def _keep_context(self, key, write):
        if len(self._contexts) >= _CONTEXTS:
            self._contexts.clear()
        self._contexts[key] = write

    def _add_plain_lines(self, rows, skipped, lines):
        """Assign lines of which the input knows that they are UTF-8 and have nothing in quotes.
        Visitors share contexts, and what is the same for all that do is found out once."""
        contexts = self._known_contexts()
        written = self._output.plain_id
        for number, (visitor, cells, rest) in enumerate(lines, 1):
            write = contexts.get(rest) if cells else None
            if write is not None and visitor and len(visitor) <= MAX_ID:
                rows.append(write(visitor, written(visitor) if written else visitor))
                continue
            row = self._input.row_of(visitor, cells, rest)
            write = self._add_row(rows, skipped, number, row) if row else None
            if write is not None and cells:
                self._keep_context(rest, write)

    def _add_row(self, rows, skipped, number, row):
        """Assign a row with all checks; returns the writer of its context, None for a bad row."""
        try:
            visitor_id, context = self._input.visitor(row)
            if not visitor_id:
                raise BadRow("no visitor_id")
            read_id = self._checked(visitor_id, context)
        except (BadRow, FlagshipError) as problem:
            skipped.append((number, six.text_type(problem)))
            return None
        write = self._writer(audience_of(self._campaigns, read_id, context))
        rows.append(write(read_id.encode("utf-8"), self._output.id(visitor_id)))
        return write

    def _checked(self, visitor_id, context):
        """The visitor's id as the SDK takes it; raises BadRow, TypingError."""
        if _is_plain_id(visitor_id) and all([_is_plain(value) for value in context.values()]):
            return visitor_id
        visitor = self._flagship.create_visitor(visitor_id, False, context)
        if self._log.errors:
            # The SDK leaves out a value that it does not take; nobody should be assigned by half a
            # context.
            raise BadRow(self._log.taken())
        return visitor.visitor_id

    def _writer(self, audience):
        """A function of (visitor id in UTF-8, the id as it is written) that returns a row, all
        bytes."""
        try:
            return self._writers[id(audience)][1]
        except KeyError:
            pass
        self._tables += len(audience.groups)
        if self._tables > _TABLES:
            self._writers.clear()
            self._contexts.clear()
            self._tables = len(audience.groups)
        write = self._new_writer(audience)
        # With the audience, whose id nothing else has while it is kept.
        self._writers[id(audience)] = audience, write
        return write

    def _new_writer(self, audience):
        texts = [[self._cells(variation) for variation in chosen] for chosen in audience.choices]
        columns = [{column for each in campaign for column in each} for campaign in texts]
        if sum([len(each) for each in columns]) == len(set().union(*columns)):
            return self._output.writer(audience.assigner, texts)
        # Campaigns set the same flag, and which of them gives it depends on the visitor.
        assign_by_id = audience.assigner(audience.choices)
        return self._output.writer_of(lambda visitor: self._merged_cells(assign_by_id(visitor)))

    def _merged_cells(self, variations):
        cells = {}
        for flag in merge([each for each in variations if each is not None]).values():
            cells.update(self._cells_of(flag))
        return cells

    def _cells(self, variation):
        """``{column: text}`` of what a Variation, or None, gives."""
        cells = {}
        for flag in variation.modifications.values() if variation is not None else ():
            cells.update(self._cells_of(flag))
        return cells

    def _cells_of(self, flag):
        return ((self._flags[flag.key], expressible(self._output.flag(flag.key, flag.value))),
                (self._columns[flag.campaign_id],
                 self._output.variation(flag.campaign_id, flag.variation_id)))


_is_ascii = getattr(six.text_type, "isascii", lambda text: False)


def _is_plain_id(value):
    """Whether the SDK takes an id as it is."""
    return type(value) is six.text_type and _is_ascii(value) and 0 < len(value) <= MAX_ID


def _is_plain(value):
    """Whether the SDK takes a context's value, of which text is known to be UTF-8, as it is."""
    kind = type(value)
    if kind is float:
        return value - value == 0
    return kind is six.text_type or kind is bool or kind is int and abs(value) < 2 ** 63


class _Log(FlagshipEventHandler):
    """Keeps what the SDK says about the bucketing file and about a visitor."""

    def __init__(self):
        super(_Log, self).__init__()
        self.warnings, self.errors = [], []

    def on_log(self, level, message):
        if level >= logging.ERROR:
            self.errors.append(message)
        elif level >= logging.WARNING:
            self.warnings.append(message)

    def taken(self):
        """The errors so far, which are forgotten."""
        errors, self.errors = self.errors, []
        return "; ".join(errors)


def _opened(content):
    """``(environment id, decoded bucketing file)``, from the platform's file or from a copy that an
    SDK wrote."""
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RuntimeError):
        raise Unusable("the bucketing file is not JSON")
    env_id = "batch"
    if isinstance(document, dict) and "content" in document:
        env_id, document = document.get("environment_id") or env_id, document["content"]
    if not isinstance(document, dict):
        raise Unusable("the bucketing file is not a JSON object")
    return env_id, document


def _columns(document):
    """``(campaign ids, flags)`` of a bucketing file: the campaigns in its order, the flags in the
    alphabet's."""
    campaigns, flags = [], set()
    for campaign in _objects(document, "campaigns"):
        campaign_id = id_text(campaign.get("id"))
        if campaign_id is not None and campaign_id not in campaigns:
            campaigns.append(campaign_id)
        for group in _objects(campaign, "variationGroups"):
            for variation in _objects(group, "variations"):
                modifications = variation.get("modifications")
                values = modifications.get("value") if isinstance(modifications, dict) else None
                flags.update(values if isinstance(values, dict) else ())
    return campaigns, sorted(flags)


def _objects(parent, key):
    """The objects in a list of an object. What else is there the SDK leaves out, and says so."""
    found = parent.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


_present, _one_at_a_time = None, threading.Lock()


def of_this_process(settings):
    """The process's Assignment, made once; raises Unusable."""
    global _present
    if _present is None or _present.settings != settings:
        _present = Assignment(settings)
    return _present


def assign(settings, block):
    """The :class:`Result` of a block of input rows (bytes), by this process's Assignment."""
    with _one_at_a_time:
        return of_this_process(settings).assign(block)


def assign_values(settings, values):
    """As ``Assignment.assign_values``, by this process's Assignment."""
    with _one_at_a_time:
        return of_this_process(settings).assign_values(values)
