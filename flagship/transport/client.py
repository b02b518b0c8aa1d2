"""Sends requests to the platform: connection handling, circuit breakers and retries."""
import threading
import time
from collections import namedtuple

from flagship._compat import text_type, to_text
from flagship._json import encode
from flagship._process import Lock, lineage
from flagship._troubleshooting import see
from flagship.transport import retry
from flagship.transport.answer import Answer, RequestFailed, read_body, retry_after
from flagship.transport.breaker import FAILURES, Breaker
from flagship.transport.causes import Causes
from flagship.transport.deadline import Deadline
from flagship.transport.endpoint import Endpoint  # noqa: F401, re-exported
from flagship.transport.session import for_forked_child, open_connections

_MILLISECONDS = 60  # a larger timeout was probably meant in milliseconds
_MOST_ENDPOINTS = 50  # maximum number of endpoints whose last errors are kept
# The endpoint responds but is misconfigured: its next answers will be the same.
_MISCONFIGURED = (401, 403, 404)


class LastError(namedtuple("LastError", ("when", "cause", "count", "status"))):
    """The last error of one endpoint.

    :ivar float when: seconds since the epoch.
    :ivar str cause: what went wrong, in one sentence.
    :ivar int count: number of requests to the endpoint that have failed since the start.
    :ivar status: the answer's HTTP status, or None when there was no answer.
    """

    __slots__ = ()


class HttpClient(object):
    """Sends requests to endpoints over keep-alive connections. Thread-safe, and safe in signal
    handlers; a forked child gets connections of its own.

    :param Config config: timeout, pool size, size limit, session and debug.
    :param EventLog events: receives each request at DEBUG level.
    :raises TypingError: if ``config.session`` is a callable that returns anything but a session.
    """

    def __init__(self, config, events):
        self._timeout, self._max_size = config.timeout, config.max_response_size
        self._pool_size, self._given = config.connection_pool_size, config.session
        self._debug, self._events = config.debug, events
        self._breaks, self._offline = config.circuit_breaker, config.offline
        self._closed = self._retired = False
        self._said = set()
        self._breakers, self._last_errors, self._changing = {}, {}, Lock()
        self._requests = threading.local()  # .under_way: number of requests of this thread
        self._inherited = []
        self._connections = open_connections(self._given, self._pool_size)
        self._causes = Causes(config, lambda: self._connections.proxies)
        doubt = doubt_of_timeout(self._timeout)
        if doubt:
            self._events.warning("%s", doubt)

    @property
    def last_errors(self):
        """The last error of each endpoint that had one, ``{endpoint name: LastError}``."""
        with self._changing:
            return dict(self._last_errors)

    def proxy_of(self, url):
        """Return the proxy that a request to ``url`` goes through, without credentials, or None.

        :raises Refused: if the proxy's URL is malformed.
        """
        connections = self._take_connections()
        try:
            proxy = connections.proxy_of(url)
        finally:
            self._give_back(connections)
        return proxy and self._causes.mask(to_text(proxy))

    def deadline(self, endpoint=None):
        """Return a cancellable deadline to pass to :meth:`send`.

        :param Endpoint endpoint: its timeout is used; None (default): ``config.timeout`` is.
        """
        seconds = None if endpoint is None else endpoint.timeout
        return Deadline(self._timeout if seconds is None else seconds, self._warn_once)

    def _warn_once(self, problem):
        if problem not in self._said:
            self._said.add(problem)
            if len(self._said) == 1:
                self._events.warning("[transport] %s: a peer that sends a byte now and then may "
                                     "hold a call for longer than its timeout", problem)

    def send(self, endpoint, payload=None, headers=None, deadline=None, body=None):
        """Send one request.

        :param Endpoint endpoint: where to send it.
        :param payload: what to send as JSON; None: no body.
        :param dict headers: additional headers for this request; None: no others.
        :param deadline: a Deadline from :meth:`deadline`, used by one thread at a time; None: just
            the endpoint's timeout.
        :param bytes body: JSON that is already encoded, instead of ``payload``.
        :return: the answer: any 2xx, or a 304 if ``headers`` contain ``If-Modified-Since``.
        :rtype: Answer
        :raises RequestFailed: for anything that goes wrong, within the timeout.
        """
        deadline = deadline or self.deadline(endpoint)
        if self._closed or self._offline or deadline.cancelled:
            reason = "the SDK is offline" if self._offline else "Flagship is closed"
            raise RequestFailed(endpoint.name, reason, tried=False, received=False)
        if payload is not None:
            body = self._encode(endpoint, payload)
        breaker = self._breaker_of(endpoint)
        wait = breaker.wait() if breaker else 0.0
        if wait:
            raise self._kept_away(endpoint, wait)
        try:
            answer = self._answer(endpoint, body, headers, deadline)
        except RequestFailed as failure:
            # A request that we cancelled ourselves tells nothing about the platform.
            if not deadline.cancelled:
                self._note_failure(failure, breaker)
                self._events.request_failed(failure)
            raise failure
        self._note_success(endpoint.name, breaker)
        return answer

    @staticmethod
    def _encode(endpoint, payload):
        try:
            return encode(payload)
        except Exception as error:  # the user's own data, perhaps a subclass of dict
            raise RequestFailed(endpoint.name, "the payload is not JSON (%s)"
                                % type(error).__name__, tried=False, received=False)

    def _kept_away(self, endpoint, wait):
        last = self._last_errors.get(endpoint.name)
        cause = "circuit open after %d failures in a row, next try in %.1f s" % (FAILURES, wait)
        if last is not None:
            cause += "; the last: %s" % last.cause
        return RequestFailed(endpoint.name, cause, tried=False, received=False)

    def _answer(self, endpoint, body, headers, deadline):
        """Return the Answer or raise RequestFailed."""
        if self._debug:
            self._debug_line(endpoint, "sends", body)
        status, received_headers, content = self._exchange(endpoint, body, headers, deadline)
        if self._debug:
            self._debug_line(endpoint, status, content)
        elif self._events.listens:
            self._events.debug("[%s] %d", endpoint.name, status)
        # "Not modified" is only a valid answer to a conditional request.
        conditional = headers and "If-Modified-Since" in headers
        if 200 <= status < 300 or status == 304 and conditional:
            return Answer(endpoint.name, status, received_headers, content, self._remember)
        raise RequestFailed(endpoint.name, self._causes.of_status(endpoint, status), status,
                            retry_after=retry_after(received_headers))

    def _debug_line(self, endpoint, what, content):
        self._events.debug("[%s] %s %s", endpoint.name, what,
                           self._causes.mask(text_type(repr(content))))

    def _exchange(self, endpoint, body, headers, deadline):
        """Return ``(status, headers, body)`` of the answer, retrying once where that is safe; raise
        RequestFailed."""
        with deadline:
            for tries in (1, 2):
                begun = False
                try:
                    connections = self._take_connections()
                    try:
                        request = connections.prepare(endpoint, body, headers)
                        begun = True
                        response = connections.send(endpoint, request, deadline)
                        return (response.status_code, response.headers,
                                read_body(response, self._max_size, deadline))
                    finally:
                        self._give_back(connections)
                except Exception as error:  # a user's session may raise anything
                    may_send_again = retry.may_send_again(
                        endpoint.repeatable, deadline.sent, deadline.cut, deadline.connected,
                        deadline.received)
                    if tries == 2 or deadline.is_over() or not may_send_again:
                        raise self._failure(endpoint, error, deadline, begun)
                    deadline.begin()

    def _failure(self, endpoint, error, deadline, begun):
        if deadline.cancelled:
            cause = "given up, as Flagship is closed"
        else:
            cause = self._causes.of_error(endpoint, error, deadline.seconds)
        received = begun and retry.may_have_arrived(
            deadline.sent, deadline.cut, deadline.connecting, deadline.connected)
        return RequestFailed(endpoint.name, cause, received=received)

    def _take_connections(self):
        """Return this process's connections, for one request of this thread. They must be given
        back afterwards."""
        if self._connections.lineage != lineage():
            self._reopen()
        connections, under_way = self._connections, getattr(self._requests, "under_way", 0)
        if under_way:
            # A signal handler's request: the request it interrupted may hold a lock in there.
            connections = connections.copy()
        self._requests.under_way = under_way + 1
        return connections

    def _give_back(self, connections):
        self._requests.under_way -= 1
        if self._requests.under_way or self._closed or self._retired:
            connections.close()

    def _reopen(self):
        """Open a forked child's own connections."""
        with self._changing:
            if self._connections.lineage == lineage():
                return
            # Kept, not closed: a lock in there may be held by a thread of the parent process.
            self._inherited.append(self._connections)
            self._given = for_forked_child(self._given)
            self._connections = open_connections(self._given, self._pool_size)

    def _breaker_of(self, endpoint):
        if not (self._breaks and endpoint.breaks):
            return None
        key = lineage(), endpoint
        return self._breakers.get(key) or self._breakers.setdefault(key, Breaker())

    def _note_success(self, name, breaker):
        if breaker is not None and breaker.succeed():
            self._events.info("[%s] answers again, circuit closed", name)

    def _note_failure(self, failure, breaker):
        self._remember(failure)
        if breaker is None:
            return
        if not _is_outage(failure.status):
            self._note_success(failure.endpoint, breaker)
        elif breaker.fail():
            self._events.warning("[%s] circuit open after %d failures in a row, the last: %s",
                                 failure.endpoint, FAILURES, failure.cause)

    def _remember(self, failure):
        """Record an endpoint's last error."""
        with self._changing:
            last = self._last_errors.get(failure.endpoint)
            if last is None and len(self._last_errors) >= _MOST_ENDPOINTS:
                return
            self._last_errors[failure.endpoint] = LastError(
                time.time(), failure.cause, 1 if last is None else last.count + 1,
                failure.status)

    def retire(self):
        """Close the idle connections because another client takes over. Requests in flight go on,
        and calls already in progress may still send requests."""
        self._retired = True
        self._connections.close()

    def close(self):
        """Close the idle connections; requests in flight end within their timeout. Idempotent. May
        be called from a signal handler that interrupts a request of its own thread."""
        self._closed = True
        if not getattr(self._requests, "under_way", 0):
            self._connections.close()


def doubt_of_timeout(seconds):
    """Return a one-line warning if a timeout looks like milliseconds, else None."""
    if seconds <= _MILLISECONDS:
        return None
    return ("Config: timeout is %g seconds; if milliseconds are meant, as in the vendor's 3.x, "
            "divide by 1000%s" % (seconds, see("milliseconds")))


def _is_outage(status):
    """Return whether a failed request counts towards opening the circuit. A platform that only
    rejects this particular request is up.

    :param status: the answer's HTTP status, or None if there was no answer.
    """
    return status is None or status >= 500 or status == 429 or status in _MISCONFIGURED
