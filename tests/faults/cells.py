"""The fault matrix: what each call of the library makes of each way in which the world misbehaves.

A cell is a column of ENDPOINTS and a row of FAULTS, and :func:`run` runs it. In a healthy world the
SDK is started and a visitor has its flags; then the fault begins, one call is made through the
public API, the fault ends, and the same call is made again. What must hold, from contract.md
("Failures", "Calls") and platform.md 1:

============  ======================================================================================
the call      ends within BOUND and raises nothing; slow faults end by the timeout, others before it
its result    see below
the state     visitor id, anonymous id, context, flags, panic and status are as before, apart from
              the status's ``last_errors``, where an endpoint that gave no whole 2xx has the same
              cause
the log       one line at WARNING or above, which names the endpoint and the cause; no line of any
              level holds the API key, an id of the visitor, a value of its context or the hit's URL
afterwards    with the fault's end the next call succeeds, and without a word
============  ======================================================================================

The result, by column and by what the fault does to the answer:

=============  ===================================  ================================================
column         no whole 2xx comes back              a whole 2xx whose body makes no sense comes back
=============  ===================================  ================================================
campaigns      (False, reason), the flags stay      the same: the body is the answer
context event  (True, ""): "its failure is logged   (True, "") and no log line: "Success is any 2xx"
               and does not change the result"
activate, hit  (False, reason)                      (True, "200") and no log line: "Success is any
                                                    2xx"
CDN at start   start raises nothing, visitors get   the same: the body is the file
               defaults and (False, reason)
CDN refresh    the present file stays and serves    the same
=============  ===================================  ================================================

A body that makes no sense is an empty one, HTML, JSON of the wrong shape, one nested deep, and one
that is not UTF-8. A body that is cut, or larger than ``max_response_size`` plainly or unpacked, is
no whole answer in any column: that bound is on every answer, whoever needs it.

No cell is left out. Two choices behind that: the context event is sent by a visitor in bucketing
mode, as in API mode it shares its base URL with campaigns, whose failure would keep it from being
sent; and on a CDN refresh the poller calls, so the cell holds the poller in the event handler:
first in the DEBUG line of a healthy poll, so that no request is on its way when the fault begins,
then in the line of the failed one until the fault has ended, so that "one line" is exact.
"""
from __future__ import unicode_literals

import contextlib
import logging
import os
import re
import threading
import zlib
from collections import namedtuple

from flagship import Config, Flagship
from flagship._compat import monotonic
from flagship.emulator import Emulator
from flagship.handler import FlagshipEventHandler
from flagship.helpers.hits import Page
from flagship.status import Status
from tests.faults.servers import AUTHORITY, NAME, Flood, Names, Relay, full, nobody, tls
from tests.support import eventually, everybody

# Seconds; what a cell waits for takes half a second at most, the rest is for a busy machine.
BOUND = 5.0
TIMEOUT = 0.5         # seconds, for faults that only the time-out ends
LONG_TIMEOUT = 2 * BOUND  # seconds, for the others: a call that it ended would be over the bound
INTERVAL = 0.05       # seconds between two polls
TRIES = 3             # of a healthy call within TIMEOUT, which a machine that is too busy may miss
MAX_SIZE = 1 << 20    # bytes, the max_response_size of all cells
HUGE = 200 * 1000000  # bytes
BUFFERED = 20 * 1000000  # bytes; what sockets may hold beside the answer that was read

API_KEY, VISITOR_ID, URL = "api-key-5fb1c0", "visitor-4711", "https://shop.example/checkout-9f3"
CONTEXT = {"vip": True, "city": "context-value-7a", "age": 735911}
FLAG = "flag"


def _file(value):
    return {"campaigns": [everybody("c", ("v-" + value, 100,
                                          {FLAG: value, "null": None, "list": [1, {"a": 2}]}))]}


class Lines(FlagshipEventHandler):
    """Keeps what is logged, and can hold a thread of the SDK's in a line."""

    def __init__(self):
        FlagshipEventHandler.__init__(self)
        self.lines, self._caller = [], threading.current_thread()
        self._hold = logging.CRITICAL + 1, threading.Event(), threading.Event()

    def on_log(self, level, message):
        by_caller = threading.current_thread() is self._caller
        self.lines.append((level, message, by_caller))
        least, holds, ended = self._hold
        if level >= least and not by_caller:
            holds.set()
            ended.wait(10 * BOUND)

    def hold(self, level):
        """Let go of a thread that is held, and hold the next in its next line of this level or
        above."""
        (_, _, ended), self._hold = self._hold, (level, threading.Event(), threading.Event())
        ended.set()

    def release(self):
        self.hold(logging.CRITICAL + 1)

    def await_held(self):
        """Wait until a thread is held; whether it is."""
        return self._hold[1].wait(BOUND)

    def warnings(self, by_caller=True):
        return [message for level, message, caller in self.lines
                if level >= logging.WARNING and caller is by_caller]


class World(object):
    """One cell's world, healthy at first.

    :ivar Emulator emulator: the platform behind the endpoint that is tested, and no other.
    :ivar Emulator others: the platform behind the other base URLs.
    :ivar visitor: None until there is one.
    """

    def __init__(self, endpoint, fault):
        self.endpoint, self.fault, self.log = endpoint, fault, Lines()
        self.emulator, self.others = [Emulator(_file("first"), "env", API_KEY) for _ in range(2)]
        self.flagship, self.visitor, self.base = Flagship.instance(), None, None

    def start(self):
        options = dict(self.others.urls, **self.endpoint.options)
        options[self.endpoint.base] = self.base + self.endpoint.path
        timeout = TIMEOUT if self.fault.slow else LONG_TIMEOUT
        self.flagship.start("env", API_KEY, Config(
            timeout=timeout, tracking_timeout=timeout, bucketing_timeout=timeout,
            max_response_size=MAX_SIZE, bucketing_file=None, event_handler=self.log, **options))

    def meet(self):
        self.visitor = self.flagship.create_visitor(VISITOR_ID, True, CONTEXT)

    def secrets(self):
        return [API_KEY, VISITOR_ID, URL, CONTEXT["city"], str(CONTEXT["age"])] + (
            [self.visitor.anonymous_id] if self.visitor and self.visitor.anonymous_id else [])

    def state(self):
        """What a fault must leave alone."""
        visitor = self.visitor
        return {"ids": (visitor.visitor_id, visitor.anonymous_id), "context": visitor.get_context(),
                "flags": {key: (each.value, each.campaign_id, each.variation_group_id,
                                each.variation_id, each.reference)
                          for key, each in visitor.modifications.items()},
                "flag": visitor.get_modification(FLAG, None),
                "info": visitor.get_modification_info(FLAG),
                # What is in last_errors is to change, and is checked by itself.
                "status": self.flagship.status._replace(last_errors={}),
                "config": repr(self.flagship.config)}

    @contextlib.contextmanager
    def away(self):
        """While it lasts the endpoint's platform is not there, and its port is free."""
        port = self.emulator.port
        self.emulator.stop()
        try:
            yield port
        finally:
            self.emulator.start()


# --- the columns

class Endpoint(namedtuple("Endpoint",
                          "title name base path mode reads call failed succeeded received")):
    """A column.

    :ivar str name: what the emulator and the log lines call it.
    :ivar str base: the option of Config with its base URL; ``path`` is what stands there after the
        host.
    :ivar bool reads: whether the answer's body means something.
    :ivar call: makes the call, a function of the world.
    :ivar failed: whether a call's result is that of a failure, a function of the result.
    :ivar succeeded: the same of a success.
    :ivar str received: the attribute of the emulator with what a success leaves there; None: the
        poller calls.
    """

    __slots__ = ()

    @property
    def options(self):
        return {"mode": self.mode, "polling_interval": INTERVAL if self.received is None else 0}

    def prepare(self, world):
        """Have a visitor with its flags, after the requests that belong to that."""
        for _ in range(TRIES):
            del world.log.lines[:]
            world.start()
            world.meet()
            result = world.visitor.synchronize_modifications()
            if result == (True, "") and not world.log.warnings():
                return
        raise AssertionError("in a healthy world a synchronisation returned %r: %r"
                             % (result, world.log.lines))

    def state(self, world):
        return world.state()

    def again(self, world):
        """After the fault's end: what the next call gets wrong, a text, or None."""
        result = self.call(world)
        received = getattr(world.emulator, self.received)
        if not self.succeeded(result) or len(received) != 1:
            return "afterwards the call returned %r and %d arrived" % (result, len(received))


class Refreshed(Endpoint):
    """The CDN, asked again by the poller."""

    __slots__ = ()

    def prepare(self, world):
        super(Refreshed, self).prepare(world)
        world.log.hold(logging.DEBUG)
        assert world.log.await_held(), world.log.lines

    def again(self, world):
        world.emulator.set_bucketing(_file("second"))
        before = world.flagship.status.last_modified
        # The file may come as it was before it changed, to a poll that was on its way.
        eventually(lambda: world.flagship.status.last_modified not in (None, before), BOUND)
        result = world.visitor.synchronize_modifications()
        flag = world.visitor.get_modification(FLAG, None)
        if result != (True, "") or flag not in ("first", "second") or flag == "first" and before:
            return "afterwards a synchronisation returned %r and the flag is %r" % (result, flag)


class Started(Refreshed):
    """The CDN, asked by start."""

    __slots__ = ()

    def prepare(self, world):
        """Nothing: the call is the start."""

    def state(self, world):
        if world.visitor is None:
            return {"ids": (VISITOR_ID, None), "context": CONTEXT, "flags": {}, "flag": None,
                    "info": None, "status": Status(Config.Mode.BUCKETING, True)}
        state = world.state()
        del state["config"]
        return state


def _synchronize(world):
    return world.visitor.synchronize_modifications()


def _await_poll(world):
    """Wait for the poller's line; then a synchronisation, which needs the file that there was
    before."""
    world.log.hold(logging.WARNING)
    world.log.await_held()
    return world.visitor.synchronize_modifications()


def _start(world):
    return world.start()


def _is_refused(result):
    return result[0] is False and result[1]


def _is_sent(result):
    return result in ((True, "200"), (True, "204"))


def _is_done(result):
    return result == (True, "")


_API, _BUCKETING = Config.Mode.API, Config.Mode.BUCKETING

ENDPOINTS = [
    Endpoint("campaigns", "campaigns", "decision_api_url", "/v2", _API, True, _synchronize,
             _is_refused, _is_done, "decisions"),
    Endpoint("context event", "events", "decision_api_url", "/v2", _BUCKETING, False, _synchronize,
             _is_done, _is_done, "context_events"),
    Endpoint("activate", "activate", "decision_api_url", "/v2", _API, False,
             lambda world: world.visitor.activate_modification(FLAG), _is_refused, _is_sent,
             "activations"),
    Endpoint("hit", "hit", "tracking_url", "/collect", _API, False,
             lambda world: world.visitor.send_hit(Page(URL)), _is_refused, _is_sent, "hits"),
    Started("CDN at start", "bucketing", "cdn_url", "/cdn", _BUCKETING, True, _start,
            lambda result: result is None, None, None),
    Refreshed("CDN refresh", "bucketing", "cdn_url", "/cdn", _BUCKETING, True, _await_poll,
              _is_done, None, None),
]


# --- the rows

class Fault(namedtuple("Fault", "title cause begin slow body front")):
    """A row.

    :ivar str cause: a regular expression of what the log line must say went wrong.
    :ivar begin: a context manager, made from the world, inside which it misbehaves. What it gives
        is None or a function: what the peer saw that it must not have seen, a text or None.
    :ivar bool slow: only the time-out ends the call.
    :ivar bool body: a whole 2xx comes back, and only its body makes no sense.
    :ivar front: a context manager, made from the world, that gives the URL of the host where the
        endpoint is.
    """

    __slots__ = ()


@contextlib.contextmanager
def _emulator(world):
    yield world.emulator.url


def _fault(title, cause, begin, slow=False, body=False, front=_emulator):
    return Fault(title, cause, begin, slow, body, front)


def _misbehaves(**fault):
    @contextlib.contextmanager
    def begin(world):
        world.emulator.misbehave(world.endpoint.name, **fault)
        try:
            yield
        finally:
            world.emulator.behave()
    return begin


def _occupied(by):
    """The platform is gone, and something else is at its port."""
    @contextlib.contextmanager
    def begin(world):
        with world.away() as port, by(port):
            yield
    return begin


@contextlib.contextmanager
def _named(world):
    world.names = Names()
    with world.names.installed():
        yield "http://%s:%d" % (NAME, world.emulator.port)


@contextlib.contextmanager
def _unknown_name(world):
    # A kept connection would not need the name.
    with world.away():
        world.names.known = False
    try:
        yield
    finally:
        world.names.known = True


@contextlib.contextmanager
def _relayed(world, context=None, scheme="http"):
    world.relay = Relay(world.emulator.port, context)
    try:
        # By name, as Python 2.7 knows no address in a certificate.
        yield "%s://localhost:%d" % (scheme, world.relay.port)
    finally:
        world.relay.close()


@contextlib.contextmanager
def _over_tls(world):
    with _environment(REQUESTS_CA_BUNDLE=AUTHORITY), _relayed(world, tls("valid"), "https") as url:
        yield url


@contextlib.contextmanager
def _expired(world):
    valid, world.relay.context = world.relay.context, tls("expired")
    world.relay.drop()
    try:
        yield
    finally:
        world.relay.context = valid


def _floods(chunked):
    @contextlib.contextmanager
    def begin(world):
        flood = world.relay.answer = Flood(HUGE, chunked)

        def seen():
            if not eventually(lambda: not flood.running) or flood.sent > MAX_SIZE + BUFFERED:
                return "%d bytes of the answer were taken" % flood.sent
        try:
            yield seen
        finally:
            world.relay.answer = None
    return begin


def _redirects(status):
    @contextlib.contextmanager
    def begin(world):
        with Emulator() as elsewhere:
            # Another host by name too, as some clients guard a key by the name of the host alone.
            location = "http://localhost:%d/v2/env/campaigns/" % elsewhere.port
            with _misbehaves(status=status, headers={"Location": location})(world):
                yield lambda: "the redirect was followed" if elsewhere.connections else None
    return begin


def _bomb():
    """HUGE spaces, as gzip."""
    if not _BOMB:
        packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        piece = b" " * 1000000
        packed = [packer.compress(piece) for _ in range(HUGE // len(piece))]
        _BOMB.append(b"".join(packed) + packer.flush())
    return _BOMB[0]


_BOMB = []  # made once, as it takes a second


@contextlib.contextmanager
def _sends_a_bomb(world):
    with _misbehaves(body=_bomb(), headers={"Content-Encoding": "gzip"})(world):
        yield


# Its first half is an answer by itself, so that whoever takes a cut body takes it for an empty
# environment.
_CUT = {"status": 200, "body": '{"campaigns": []}' + " " * 17}
_NO_ANSWER = r"^no answer within 0.5 s \((\w+_)?timeout\) \(see troubleshooting: timeout\)$"
_NOT_JSON = "^(the answer|it) is not JSON$"
_TOO_LARGE = r"^the answer is over %d bytes \(see troubleshooting: too-large\)$" % MAX_SIZE

FAULTS = [
    _fault("DNS failure", "(?i)name|nodename|getaddrinfo", _unknown_name, front=_named),
    _fault("refused", "(?i)refused", _occupied(nobody)),
    _fault("connect hangs", _NO_ANSWER, _occupied(full), slow=True),
    _fault("never answers", _NO_ANSWER, _misbehaves(hang=True), slow=True),
    _fault("a byte a second", _NO_ANSWER, _misbehaves(drip=1.0, status=200), slow=True),
    # Each wait is shorter than the time-out, so only a bound on the whole call ends it.
    _fault("a byte each 0.1 s", _NO_ANSWER, _misbehaves(drip=0.1, status=200), slow=True),
    _fault("reset before", "(?i)reset|aborted|closed", _misbehaves(reset="before")),
    _fault("reset inside", "(?i)reset|aborted|closed|ends after|incomplete",
           _misbehaves(reset="inside", **_CUT)),
    _fault("truncated", "(?i)ends after|incomplete", _misbehaves(truncate=True, **_CUT)),
    _fault("400", "answered 400$", _misbehaves(status=400)),
    _fault("401", "answered 401: the API key or the environment is wrong", _misbehaves(status=401)),
    _fault("404", "answered 404: (it does not know the|the) environment", _misbehaves(status=404)),
    # An hour: whoever waits for it is over the bound.
    _fault("429, Retry-After", "answered 429$",
           _misbehaves(status=429, headers={"Retry-After": "3600"})),
    _fault("500", "answered 500$", _misbehaves(status=500)),
    _fault("503", "answered 503$", _misbehaves(status=503)),
    _fault("redirect, 302", "answered 302, a redirect", _redirects(302)),
    _fault("redirect, 307", "answered 307, a redirect", _redirects(307)),
    _fault("empty 200", _NOT_JSON, _misbehaves(body=""), body=True),
    _fault("HTML 200", _NOT_JSON,
           _misbehaves(body="<html>Sign in</html>", headers={"Content-Type": "text/html"}),
           body=True),
    _fault("no object", "wrong shape|must be an object", _misbehaves(body="[1, 2]"), body=True),
    _fault("wrong object", "wrong shape|must be a list", _misbehaves(body='{"message": "sorry"}'),
           body=True),
    # What a real file or answer may nest is read; this many lists are refused before they are
    # parsed.
    _fault("nested deep", "^(the answer|it) has more than [0-9]+ objects and lists$",
           _misbehaves(body='{"campaigns": ' + "[" * 100000 + "]" * 100000 + "}"), body=True),
    _fault("invalid UTF-8", _NOT_JSON, _misbehaves(body=b'{"campaigns": [], "x": "\xff\xfe"}'),
           body=True),
    _fault("200 MB, declared", _TOO_LARGE, _floods(chunked=False), front=_relayed),
    _fault("200 MB, chunked", _TOO_LARGE, _floods(chunked=True), front=_relayed),
    _fault("gzip bomb, 200 MB", _TOO_LARGE, _sends_a_bomb),
    _fault("expired certificate", "(?i)certificate", _expired, front=_over_tls),
]


# --- the cells

class Report(object):
    """What a cell showed.

    :ivar list problems: what does not hold, texts; empty where all does.
    :ivar float seconds: how long the call took, on a refresh with the wait for the poll.
    :ivar str cause: what the log line said went wrong; empty where there was none.
    :ivar bool fails: whether the call was to fail, rather than to take any 2xx for a success.
    """

    def __init__(self, fails):
        self.problems, self.seconds, self.cause, self.fails = [], 0.0, "", fails

    def check(self, holds, problem, *args):
        if not holds:
            self.problems.append(problem % args)


@contextlib.contextmanager
def _environment(**values):
    before = {name: os.environ.get(name) for name in values}
    os.environ.update((str(name), str(value)) for name, value in values.items())
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[str(name)] = value


def run(endpoint, fault):
    """Run one cell; a Report. Leaves no thread and no socket."""
    report = Report(endpoint.reads or not fault.body)
    world = World(endpoint, fault)
    # A proxy of the machine's would answer in the place of what is tested.
    in_no_proxy = _environment(no_proxy="*", NO_PROXY="*")
    with in_no_proxy, world.others, world.emulator, fault.front(world) as world.base:
        try:
            endpoint.prepare(world)
            expected = endpoint.state(world)
            _check_failure(world, report, expected)
            _check_recovery(world, report)
        finally:
            world.log.release()
            world.flagship.close()
    return report


def _check_failure(world, report, expected):
    endpoint, fault, log = world.endpoint, world.fault, world.log
    by_caller = endpoint.call is not _await_poll
    told = len(log.lines)
    with fault.begin(world) as seen:
        began, result = monotonic(), None
        try:
            result = endpoint.call(world)
            report.check((endpoint.failed if report.fails else endpoint.succeeded)(result),
                         "it returned %r", result)
        except Exception as error:
            report.check(False, "it raised %r", error)
        report.seconds = monotonic() - began
        report.check(report.seconds < BOUND, "it took %.1f s", report.seconds)
        if seen is not None:
            problem = seen()
            report.check(not problem, "%s", problem)
        lines = log.warnings(by_caller)
        report.check(len(lines) == (1 if report.fails else 0), "it logged %r", lines)
        if lines:
            _check_line(report, endpoint, fault, lines[0])
        if world.visitor is None:
            _check_visitor_without_file(world, report)
        state = endpoint.state(world)
        for name in sorted(expected):
            report.check(state[name] == expected[name], "%s was %r and is %r",
                         name, expected[name], state[name])
        errors = world.flagship.status.last_errors
        if not fault.body:
            _check_last_error(report, endpoint, fault, errors)
    said = [text for _, text, _ in log.lines[told:]] + [repr(result), repr(errors)]
    report.check(not [text for text in said for secret in world.secrets() if secret in text],
                 "a secret is in %r", said)


def _check_line(report, endpoint, fault, line):
    where, _, report.cause = line.partition(": ")
    report.check(re.search(r"\b%s\b" % endpoint.name, where),
                 "the line does not name the endpoint: %r", line)
    report.check(re.search(fault.cause, report.cause), "the line names another cause: %r", line)


def _check_last_error(report, endpoint, fault, errors):
    last = errors.get(endpoint.name)
    report.check(last and last.count >= 1 and re.search(fault.cause, last.cause),
                 "the last errors are %r, without the fault", errors)


def _check_visitor_without_file(world, report):
    report.check(world.flagship.is_flagship_started(), "the SDK is not started")
    told = len(world.log.warnings())
    world.meet()
    result = world.visitor.synchronize_modifications()
    report.check(_is_refused(result), "a visitor's synchronisation returned %r", result)
    said = world.log.warnings()[told:]
    report.check(len(said) == 1, "a visitor's synchronisation logged %r", said)
    report.check(world.visitor.get_modification(FLAG, "default") == "default",
                 "a visitor gets no default")
    said = world.log.warnings()[told + 1:]
    report.check(said == [], "a reading, whose cause was said, logged %r", said)


def _check_recovery(world, report):
    endpoint, log = world.endpoint, world.log
    told, problem = len(log.lines), None
    log.release()
    for _ in range(TRIES if world.fault.slow else 1):
        world.emulator.clear()
        problem = endpoint.again(world)
        if not problem:
            break
    report.check(not problem, "%s", problem)
    said = [text for level, text, by_caller in log.lines[told:] if level >= logging.WARNING
            # After a fault at the start polls may have failed in it, and one may have been on its
            # way at its end.
            and (by_caller or not isinstance(endpoint, Started))
            # Nor does a healthy call that a busy machine missed tell anything of the library.
            and not (world.fault.slow and re.search(_NO_ANSWER.strip("^"), text))]
    report.check(not said, "afterwards it logged %r", said)
