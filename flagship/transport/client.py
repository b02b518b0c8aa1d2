"""The one road to the network, and the only module that knows requests."""
import copy
import os
import re

import requests
from requests.adapters import HTTPAdapter
from requests.utils import prepend_scheme_if_needed, select_proxy
from six.moves.http_cookiejar import DefaultCookiePolicy

from flagship.transport import deadline as _deadline
from flagship.transport.answer import Answer, Refused, RequestFailed, content, retry_after
from flagship.transport.breaker import FAILURES, Breaker
from flagship._compat import native, text_type
from flagship._json import encode
from flagship.errors import TypingError

# urllib3 puts the repr of its connection before its message.
_CONNECTION = re.compile(u"^(<[^>]*>|\\w*Connection(Pool)?\\([^)]*\\)): ")


class Endpoint(object):
    """One address of the platform: what is the same in every request to it.

    :param bool repeatable: whether a request may be sent again that the platform may have received already.
    :param bool breaks: whether it is left alone for a while after failures in a row; else its caller sees to that.
    :param float timeout: seconds that bound each request; None (default): ``config.timeout``.
    """

    __slots__ = ("name", "method", "url", "headers", "repeatable", "breaks", "timeout")

    def __init__(self, name, method, url, headers=(), repeatable=False, breaks=True, timeout=None):
        self.name, self.method, self.url, self.repeatable, self.breaks = name, method, url, repeatable, breaks
        self.timeout = timeout
        self.headers = {"Accept-Encoding": "gzip, deflate"}
        if method == "POST":
            self.headers["Content-Type"] = "application/json"
        self.headers.update(headers)


class _Connections(object):
    """One process's session, and what was worked out once for it."""

    def __init__(self, session, owned):
        self.session, self.owned, self.pid = session, owned, os.getpid()
        self.requests = {}   # Endpoint -> prepared request without a body, or None where each needs its own
        self.settings = {}   # scheme and host -> proxies, CA bundle and certificate
        self.breakers = {}   # Endpoint -> Breaker
        for adapter in session.adapters.values():
            _bound(getattr(adapter, "poolmanager", None))


class HttpClient(object):
    """Sends requests to endpoints over kept-alive connections. Safe for several threads; a forked child gets
    connections of its own.

    :param Config config: time-out, pool size, size limit, session and debug.
    :param EventLog events: told of each request at DEBUG.
    :raises TypingError: when ``config.session`` is a callable that makes something else than a session.
    """

    def __init__(self, config, events):
        self._timeout, self._max_size = config.timeout, config.max_response_size
        self._pool_size, self._given, self._debug = config.connection_pool_size, config.session, config.debug
        self._secret, self._events = config.api_key, events
        self._breaks, self._offline, self._closed = config.circuit_breaker, config.offline, False
        self._inherited = []
        self._connections = self._open()

    def _open(self):
        if self._given is None:
            session = requests.Session()
            # A cookie that one visitor's answer set must not travel with another's request.
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            for prefix in ("http://", "https://"):
                session.mount(prefix, HTTPAdapter(pool_connections=self._pool_size, pool_maxsize=self._pool_size))
            return _Connections(session, True)
        if isinstance(self._given, requests.Session):
            return _Connections(self._given, False)
        session = self._given() if callable(self._given) else self._given
        if not isinstance(session, requests.Session):
            raise TypingError("Config: session must be or make a requests.Session, not %s" % type(session).__name__,
                              "Config", "session")
        return _Connections(session, True)

    def _own_connections(self):
        connections = self._connections
        if connections.pid != os.getpid():
            # Kept, not closed: a lock in there may be held by a thread that the fork left behind.
            self._inherited.append(connections)
            if isinstance(self._given, requests.Session):
                self._given = _without_sockets(self._given)
            connections = self._connections = self._open()
        return connections

    def deadline(self, endpoint=None):
        """A bound for requests that may have to be cancelled, to be given to :meth:`send`.

        :param Endpoint endpoint: whose timeout it has; None (default): ``config.timeout``.
        """
        seconds = endpoint and endpoint.timeout
        return _deadline.Deadline(self._timeout if seconds is None else seconds)

    def send(self, endpoint, payload=None, headers=None, deadline=None, body=None):
        """Send one request.

        :param Endpoint endpoint: where to.
        :param payload: what to send as JSON; None: no body.
        :param bytes body: JSON that is encoded already, instead of ``payload``; None: no body.
        :param dict headers: further headers for this request; None: no others.
        :param deadline: one that :meth:`deadline` made, for one thread at a time; None: the time-out alone.
        :return: the answer, any 2xx, or a 304 where ``headers`` hold ``If-Modified-Since``.
        :rtype: Answer
        :raises RequestFailed: for everything that can go wrong, within the time-out.
        """
        if self._closed or self._offline:
            reason = "Flagship is closed" if self._closed else "the SDK is offline"
            raise RequestFailed(endpoint.name, reason, tried=False, received=False)
        try:
            connections = self._own_connections()
        except Exception as error:  # in a new child, a callable of the user's that makes no session
            raise RequestFailed(endpoint.name, self._cause(error), received=False)
        breaker = self._breaker(connections, endpoint)
        wait = breaker.wait() if breaker else 0.0
        if wait:
            raise RequestFailed(endpoint.name, "not tried, as it failed %d times in a row; the next try is in %.1f s"
                                % (FAILURES, wait), tried=False, received=False)
        try:
            if payload is not None:
                body = encode(payload)
            status, received_headers, answer = self._exchange(connections, endpoint, body, headers,
                                                              deadline or self.deadline(endpoint))
        except RequestFailed as failure:
            self._note(endpoint, breaker, well=False)
            raise failure
        self._note(endpoint, breaker, well=status < 500 and status != 429)
        if self._debug:
            self._events.debug("[%s] %d %s", endpoint.name, status, self._masked(repr(answer)))
        elif self._events.listens:
            self._events.debug("[%s] %d", endpoint.name, status)
        # "Not modified" answers nothing but a condition.
        if not (200 <= status < 300 or status == 304 and headers and "If-Modified-Since" in headers):
            raise RequestFailed(endpoint.name, "the platform answered %d" % status, status,
                                retry_after=retry_after(received_headers))
        return Answer(endpoint.name, status, received_headers, answer)

    def _breaker(self, connections, endpoint):
        if not (self._breaks and endpoint.breaks):
            return None
        return connections.breakers.get(endpoint) or connections.breakers.setdefault(endpoint, Breaker())

    def _note(self, endpoint, breaker, well):
        """Tell the breaker how a request went, and the log where that changes something."""
        if breaker is None:
            return
        if well:
            if breaker.succeeded():
                self._events.info("[%s] answers again", endpoint.name)
        elif breaker.failed():
            self._events.warning("[%s] failed %d times in a row and is left alone for a while", endpoint.name, FAILURES)

    def _exchange(self, connections, endpoint, body, headers, deadline):
        """``(status, headers, body)`` of the answer, after a second try where that is safe; raises RequestFailed."""
        with deadline:
            for repeats in (False, True):
                try:
                    response = self._request(connections, endpoint, body, headers, deadline)
                    try:
                        return response.status_code, response.headers, content(response, self._max_size)
                    except Exception:
                        response.close()
                        raise
                except Exception as error:  # a session of the user's may raise anything
                    received = not (deadline.cut or deadline.connecting)
                    # The platform may close a kept connection at any moment, and so while a request is on its way.
                    kept = deadline.sent and not deadline.connected and not deadline.received
                    if repeats or not kept or not (endpoint.repeatable or deadline.cut) or deadline.is_over():
                        raise RequestFailed(endpoint.name, self._cause(error, deadline.seconds), received=received)
                    deadline.begin()

    def _request(self, connections, endpoint, body, headers, deadline):
        session = connections.session
        if self._debug:
            self._events.debug("[%s] sends %s", endpoint.name, self._masked(repr(body)))
        if endpoint not in connections.requests:
            connections.requests[endpoint] = None if session.auth else self._template(session, endpoint)
        template = connections.requests[endpoint]
        if template is None:
            # Authentication may sign the body.
            prepared = self._prepare(session, endpoint, body)
        else:
            prepared = template.copy()
            if body is not None:
                prepared.body = body
                prepared.headers["Content-Length"] = str(len(body))
        if headers:
            prepared.headers.update((name, native(value)) for name, value in headers.items())
        host = "/".join(prepared.url.split("/", 3)[:3])
        if host not in connections.settings:
            connections.settings[host] = self._settings(session, prepared.url)
        return session.send(prepared, timeout=(deadline.seconds, deadline.seconds), allow_redirects=False,
                            **connections.settings[host])

    def _template(self, session, endpoint):
        template = self._prepare(session, endpoint)
        template._cookies = None  # only redirects look there, and each copy would copy the jar
        return template

    @staticmethod
    def _prepare(session, endpoint, body=None):
        hooks = list(session.hooks.get("response", ())) + [_refuse_redirect]
        return session.prepare_request(requests.Request(endpoint.method, endpoint.url, headers=endpoint.headers,
                                                        data=body, hooks={"response": hooks}))

    @staticmethod
    def _settings(session, url):
        settings = session.merge_environment_settings(url, {}, True, None, None)
        proxy = select_proxy(url, settings["proxies"])
        adapter = session.get_adapter(url)
        if proxy and hasattr(adapter, "proxy_manager_for"):
            _bound(adapter.proxy_manager_for(prepend_scheme_if_needed(proxy, "http")))
        return settings

    def _cause(self, error, seconds=0):
        """One line that says what went wrong, without the API key."""
        if isinstance(error, Refused):
            cause = text_type(error)
        else:
            error = _innermost(error)
            try:
                message = text_type(error)
            except UnicodeError:  # Python 2, an error with bytes in it
                message = text_type(repr(error))
            if "timeout" in type(error).__name__.lower() or "timed out" in message:
                cause = u"no answer within %g s" % seconds
            else:
                cause = u"%s: %s" % (type(error).__name__, _CONNECTION.sub(u"", message))
        return u" ".join(self._masked(cause).split())

    def _masked(self, text):
        """Text for a log line, without the API key, wherever it came from."""
        return text.replace(self._secret, u"***") if self._secret else text

    def close(self):
        """Close the idle connections; requests under way end by their time-out. Twice is harmless."""
        self._closed = True
        connections = self._connections
        if connections.owned and connections.pid == os.getpid():
            connections.session.close()


def _refuse_redirect(response, **kwargs):
    # Followed, it would carry the API key or a visitor's context to an address that nobody configured.
    if response.is_redirect:
        response.close()
        raise Refused("the platform answered %d, a redirect, which is not followed" % response.status_code)


def _bound(manager):
    if hasattr(manager, "pool_classes_by_scheme"):
        _deadline.bound(manager)


def _without_sockets(session):
    """A user's session for a forked child, sharing no connection with the parent's."""
    try:
        return copy.deepcopy(session)
    except Exception:  # an adapter of the user's that cannot be copied
        session.close()
        return session


def _innermost(error):
    """The error that the wrapped errors of requests and urllib3 began with."""
    for _ in range(10):
        inner = [part for part in (getattr(error, "reason", None),) + tuple(getattr(error, "args", ()))
                 if isinstance(part, BaseException)]
        if not inner:
            break
        error = inner[-1]
    return error
