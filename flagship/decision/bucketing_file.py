"""The bucketing file in use and its sources: the snapshot on disk, the file shipped with the
application, and the CDN."""
import hashlib
import re
import time
from email.utils import mktime_tz, parsedate_tz

from flagship._compat import RecursionError, to_text
from flagship._emulated import environment
from flagship._json import encode
from flagship._threads import Turns
from flagship._troubleshooting import see
from flagship.decision.compiled import Campaigns
from flagship.decision.content import Unreadable, decode, decode_file
from flagship.decision.document import CampaignsReader, Document, RefusedFile
from flagship.decision.snapshot import Record, Snapshot, is_record, read
from flagship.transport.client import RequestFailed

_VALIDATOR = re.compile(u"[ -~]{1,100}\\Z")
_CLOCK_SKEW = 300  # seconds by which the platform's clock may be ahead of this machine's


def file_url(cdn_url, env_id):
    """Return the URL of an environment's bucketing file."""
    return "%s/%s/bucketing.json" % (cdn_url, env_id)


class _File(object):
    """One file. Immutable, so that a decision uses the same file from beginning to end."""

    __slots__ = ("campaigns", "source", "loaded_at", "last_modified", "digest", "known", "order")

    def __init__(self, campaigns, source, last_modified, digest):
        self.campaigns, self.source, self.digest = campaigns, source, digest
        self.last_modified, self.loaded_at = last_modified, time.time()
        self.known, self.order = {}, []

    def remember(self, read):
        """Remember the text and the parsed form of each campaign without problems, to reuse them
        if the next file contains the same text.

        :param list read: pairs of the text of a campaign and what a CampaignsReader returned for
            it, in the file's order.
        """
        self.known = {text: campaign for text, campaign in read
                      if getattr(campaign, "is_sound", False)}
        self.order = [text for text, _ in read if text in self.known]


class BucketingFile(object):
    """Holds the current file, which is only ever replaced by a valid one.

    :param Config config: the options.
    :param HttpClient http: sends requests to the CDN.
    :param EventLog events: logs each file and its problems.
    :param tell_panic: called with whether the platform is in panic, for each file.
    :param tell: tells the hooks of an event, given its name and its fields.
    """

    def __init__(self, config, http, events, tell_panic, tell):
        self._http, self._events, self._tell_panic = http, events, tell_panic
        self._tell = tell
        self._max_size, self._env_id = config.max_response_size, config.env_id
        self._initial = config.initial_bucketing
        self._snapshot = None
        if config.bucketing_file:
            self._snapshot = Snapshot(config.bucketing_file, environment(config), self._max_size)
        self._snapshot_fails = False
        self._file, self._closed = None, False
        self._refused = None  # a Last-Modified that the CDN rejects in a conditional request

    @property
    def campaigns(self):
        """The compiled Campaigns, or None while there is no file."""
        file = self._file
        return None if file is None else file.campaigns

    @property
    def details(self):
        """The status information about the file, as keyword arguments of Status."""
        file = self._file
        return {} if file is None else {
            "source": file.source, "loaded_at": file.loaded_at,
            "last_modified": file.last_modified, "campaigns": file.campaigns.count}

    def close(self):
        """Accept no further file."""
        self._closed = True

    def use_what_is_here(self):
        """Use the snapshot on disk, or else the application's file; never raises."""
        try:
            record = self._snapshot and self._snapshot.load()
            if record:
                self._use_snapshot(record)
        except Exception as problem:
            self._events.warning("[bucketing] the snapshot %s is ignored: %s%s",
                                 self._snapshot.path, problem_text(problem), see("snapshot"))
        if self._file is not None or self._initial is None:
            return
        try:
            decoded = read_initial(self._initial, self._max_size, self._env_id)
            self._use(decoded, "initial")
        except Exception as problem:
            self._events.error("[bucketing] initial_bucketing is ignored: %s%s",
                               problem_text(problem), see("initial-bucketing"))

    def _use_snapshot(self, record):
        known = record.knows_environment
        # If it may be another environment's, its date means nothing.
        modified = record.last_modified if known and _is_validator(record.last_modified) else None
        self._use(record.bucketing, "snapshot", modified)
        if not known:
            self._events.warning(
                "[bucketing] the snapshot %s does not say of which environment it is, as 2.1.x "
                "wrote it: it serves until the platform answers", self._snapshot.path)

    def ask(self, endpoint, deadline, panic):
        """Request the file from the CDN once, conditionally if possible.

        :param bool panic: whether the platform is in panic. If so, the request is unconditional,
            because the file that ends the panic may be older than the panic.
        :raises RequestFailed: if there is no usable answer.
        :raises Unreadable: if the answer is not JSON.
        :raises RefusedFile: if it is not a bucketing file.
        """
        file, condition = self._file, None
        if file is not None and not panic and file.last_modified != self._refused:
            condition = file.last_modified
        answer = self._answer(endpoint, deadline, condition)
        if answer.status == 304:
            return
        modified = answer.headers.get("Last-Modified")
        modified = None if modified is None else to_text(modified)
        modified = modified if _is_validator(modified) else None
        digest = hashlib.sha256(answer.body).digest()
        if file is None or (file.digest, file.last_modified) != (digest, modified):
            known, order = ({}, []) if file is None else (file.known, file.order)
            reader, turns = CampaignsReader(), Turns()
            decoded, texts = decode_file(answer.body, self._max_size, known, order, reader.read,
                                         turns.pass_on)
            read = list(zip(texts, decoded["campaigns"])) if texts else []
            document = Document(decoded, reader=reader if texts else None)
            turns.pass_on()
            self._use(document, "network", modified, digest, read)
            self._save(answer.body, modified)

    def _answer(self, endpoint, deadline, condition):
        if condition:
            try:
                return self._http.send(endpoint, headers={"If-Modified-Since": condition},
                                       deadline=deadline)
            except RequestFailed as failure:
                if failure.status is None or not 400 <= failure.status < 500:
                    raise
                self._refused = condition  # perhaps it is the condition that is rejected
        return self._http.send(endpoint, deadline=deadline)

    def _use(self, decoded, source, last_modified=None, digest=None, read=()):
        """Replace the current file; if the new one is not a bucketing file, keep the current one
        and raise RefusedFile.

        :param decoded: the decoded JSON or a Document.
        :param read: as in :meth:`_File.remember`.
        """
        before = self._file
        campaigns = Campaigns(decoded, before and before.campaigns, Turns().pass_on)
        if self._closed:
            return
        if campaigns.panic and before is not None:
            # A panic file contains no campaigns; keep the present ones, hidden.
            campaigns = before.campaigns.in_panic()
            file = _File(campaigns, source, last_modified, digest)
            file.known, file.order = before.known, before.order
        else:
            file = _File(campaigns, source, last_modified, digest)
            file.remember(read)
        self._file = file
        self._tell_panic(campaigns.panic)
        self._say(campaigns, source, last_modified)
        self._tell("file_changed", source, campaigns.count, last_modified,
                   campaigns.document.problem_count, campaigns.panic)

    def _say(self, campaigns, source, last_modified):
        self._events.info("[bucketing] %s file with %d campaigns, Last-Modified %s%s", source,
                          campaigns.count, last_modified or "unknown",
                          ", panic" if campaigns.panic else "")
        for problem in campaigns.problems:
            self._events.warning("[bucketing] %s: %s", problem.place, problem.message)
        rest = campaigns.document.problem_count - len(campaigns.problems)
        if rest:
            self._events.warning("[bucketing] ... and %d more", rest)

    def _save(self, content, last_modified):
        if self._snapshot is None or self._closed:
            return
        try:
            self._snapshot.save(content, last_modified)
            self._snapshot_fails = False
        except Exception as problem:
            if not self._snapshot_fails:
                self._events.warning("[bucketing] the snapshot %s is not kept: %s%s",
                                     self._snapshot.path, problem_text(problem), see("snapshot"))
            self._snapshot_fails = True


def read_initial(given, max_size, env_id):
    """Return the decoded file of the option ``initial_bucketing``, a dict or a path; raises."""
    if isinstance(given, dict):
        # A copy in JSON's own types: the caller may change the dict, and on Python 2 it may contain
        # bytes.
        return decode(_encode_initial(given), max_size)
    content = read(given, max_size)
    if content is None:
        raise Unreadable("does not exist: %s" % given)
    decoded = decode(content, max_size)
    # The application may ship a snapshot that an earlier process wrote.
    return Record(decoded, env_id).bucketing if is_record(decoded) else decoded


def problem_text(problem):
    """Return a problem with a file as text."""
    if isinstance(problem, Unreadable):
        return u"it %s" % problem.args
    if isinstance(problem, RefusedFile):
        return problem.message
    return u"%s: %r" % (type(problem).__name__, problem.args)


def _is_validator(modified):
    """Return whether a Last-Modified may be stored and sent back: it is short, valid in a header,
    and not in the future, as such a date could prevent updates until then."""
    if modified is None or not _VALIDATOR.match(modified):
        return False
    try:
        parsed = parsedate_tz(modified)
        return parsed is None or mktime_tz(parsed) <= time.time() + _CLOCK_SKEW
    except (OverflowError, TypeError, ValueError):
        return False


def _encode_initial(initial):
    """Return a dict as JSON; a campaign that JSON cannot express becomes null."""
    try:
        return encode(initial)
    except (TypeError, ValueError, RecursionError):
        pass
    whole = {key: _expressible(value) for key, value in initial.items() if key != "campaigns"}
    campaigns = initial.get("campaigns")
    if isinstance(campaigns, (list, tuple)):
        whole["campaigns"] = [_expressible(each) for each in campaigns]
    try:
        return encode(whole)
    except (TypeError, ValueError) as error:
        raise Unreadable("is not JSON: %s" % error)


def _expressible(value):
    try:
        encode(value)
        return value
    except (TypeError, ValueError, RecursionError):
        return None
