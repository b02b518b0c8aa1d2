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
from flagship.errors import FlagshipError
from flagship.handler import FlagshipEventHandler
from rows import INPUTS, OUTPUTS, BadRow

#: What each process needs, as plain values that can be sent to it: the bucketing file (bytes), the
#: input's format and, for CSV, its columns as (key, type name) pairs, and the output's format.
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
        campaigns, flags = _columns(document)
        self._input = INPUTS[settings.input](settings.columns)
        self._output = OUTPUTS[settings.output](campaigns, flags)
        self._campaigns = {each: place for place, each in enumerate(campaigns)}
        self._flags = {each: len(campaigns) + place for place, each in enumerate(flags)}
        self._empty = [""] * (len(campaigns) + len(flags))
        self._known = {}  # (flag, variation id) -> its two cells

    @property
    def head(self):
        """What the output begins with, bytes."""
        return self._output.head.encode("utf-8")

    def assign(self, block):
        """The :class:`Result` of a block of input rows (bytes)."""
        rows, skipped, visitor = [], [], self._input.visitor
        for line, row in self._input.rows(block, skipped):
            try:
                rows.append(self._row(*visitor(row)))
            except (BadRow, FlagshipError) as problem:
                skipped.append((line, six.text_type(problem)))
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        return Result("".join(rows).encode("utf-8"), len(rows), lines, skipped)

    def _row(self, visitor_id, context):
        if not visitor_id:
            raise BadRow("no visitor_id")
        visitor = self._flagship.create_visitor(visitor_id, False, context)
        if self._log.errors:
            # The SDK leaves out a value that it does not take; nobody should be assigned by half a
            # context.
            raise BadRow(self._log.taken())
        success, log = visitor.synchronize_modifications()
        if not success:
            raise BadRow(log)
        cells, known = self._empty[:], self._known
        for key, flag in visitor.modifications.items():
            # Few flags make all the rows, so their cells are kept.
            variation_id = flag.variation_id
            try:
                place, text, campaign, variation = known[key, variation_id]
            except KeyError:
                place, text, campaign, variation = known[key, variation_id] = self._cells(flag)
            cells[place], cells[campaign] = text, variation
        return self._output.row(visitor_id, cells)

    def _cells(self, flag):
        return (self._flags[flag.key], self._output.flag(flag.key, flag.value),
                self._campaigns[flag.campaign_id],
                self._output.variation(flag.campaign_id, flag.variation_id))


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
        if isinstance(campaign.get("id"), six.text_type) and campaign["id"] not in campaigns:
            campaigns.append(campaign["id"])
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
