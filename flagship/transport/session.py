"""The connections of one process, on a session of requests."""
import copy
import os
from collections import namedtuple

import requests
from requests.adapters import TimeoutSauce
from requests.utils import get_auth_from_url, get_environ_proxies, prepend_scheme_if_needed
from requests.utils import select_proxy
from six.moves.http_cookiejar import DefaultCookiePolicy

from flagship import _validation as check
from flagship._compat import native, to_text, urlsplit
from flagship._emulated import is_emulated
from flagship._process import lineage
from flagship._troubleshooting import see
from flagship.errors import TypingError
from flagship.transport.adapter import Adapter, LeanRequest, sees_all
from flagship.transport.causes import Refused
from flagship.transport.deadline import bound

_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")

#: What is the same in every request to an endpoint: the request without its body and its headers,
#: or None where each needs its own; what to send it with; and the session's adapter.
_Template = namedtuple("_Template", ("request", "headers", "settings", "adapter"))


class Connections(object):
    """One process's session, and what was worked out once for it.

    :param session: a ``requests.Session``.
    :param bool owned: whether it is the SDK's to close.
    """

    def __init__(self, session, owned):
        self._session, self._owned, self.lineage = session, owned, lineage()
        self._templates = {}  # Endpoint -> _Template
        self._timeouts = {}   # seconds -> urllib3's Timeout
        for adapter in session.adapters.values():
            bound(getattr(adapter, "poolmanager", None))

    @property
    def proxies(self):
        """The proxies that the session was given, ``{scheme: URL}``."""
        return self._session.proxies or {}

    def proxy_of(self, url):
        """The URL of the proxy that a request to ``url`` goes through, or None.

        :raises Refused: where it is malformed.
        """
        proxy = select_proxy(url, _settings(self._session, url)["proxies"])
        return proxy or None

    def prepare(self, endpoint, body, headers):
        """A request, to be given to :meth:`send`. Nothing is sent."""
        template = self._templates.get(endpoint)
        if template is None:
            template = self._templates[endpoint] = self._template(endpoint)
        if template.request is None:
            request = self._prepare(endpoint, body)
        elif sees_all(template.adapter):
            request = LeanRequest(template.request, dict(template.headers), body)
        else:
            request = template.request.copy()
            request.body = body
        if body is not None:
            request.headers["Content-Length"] = str(len(body))
        if headers:
            request.headers.update((name, native(value)) for name, value in headers.items())
        return request

    def send(self, endpoint, request, deadline):
        """The response of requests, whose body is not yet read."""
        template, seconds = self._templates[endpoint], deadline.seconds
        if not isinstance(request, LeanRequest):
            return self._session.send(request, timeout=(seconds, seconds), allow_redirects=False,
                                      stream=True, **template.settings)
        timeout = self._timeouts.get(seconds)
        if timeout is None:
            timeout = self._timeouts[seconds] = TimeoutSauce(connect=seconds, read=seconds)
        deadline.body_follows = bool(request.body)
        # What Session.send would add, cookies, hooks and a history, nobody would look at.
        response = template.adapter.send(request, stream=True, timeout=timeout,
                                         **template.settings)
        _refuse_redirect(response)
        return response

    def _template(self, endpoint):
        settings = _settings(self._session, endpoint.url)
        adapter = self._session.get_adapter(endpoint.url)
        if self._session.auth:
            return _Template(None, None, settings, adapter)  # authentication may sign the body
        request = self._prepare(endpoint)
        request._cookies = None  # only redirects look there, and each copy would copy the jar
        return _Template(request, dict(request.headers), settings, adapter)

    def _prepare(self, endpoint, body=None):
        hooks = list(self._session.hooks.get("response", ())) + [_refuse_redirect]
        auth = None
        if not self._session.auth:
            # Given any, requests does not look into ~/.netrc, whose credentials are others'.
            found = get_auth_from_url(endpoint.url)
            auth = found if any(found) else _add_nothing
        return self._session.prepare_request(requests.Request(
            endpoint.method, endpoint.url, headers=endpoint.headers, data=body, auth=auth,
            hooks={"response": hooks}))

    def close(self):
        """Close the idle connections, where they are the SDK's and this process's."""
        if self._owned and self.lineage == lineage():
            self._session.close()

    def copy(self):
        """Others with the same settings, which share no connection with these.

        :raises Exception: where a session of the user's cannot be copied.
        """
        return Connections(copy.deepcopy(self._session), True)


def open_connections(given, pool_size):
    """The Connections on a session of the user's, or on one of the SDK's.

    :param given: a ``requests.Session``, a callable that makes one, or None.
    :param int pool_size: connections to keep, where the session is the SDK's.
    :raises TypingError: when ``given`` makes something else than a session.
    """
    if given is None:
        session = requests.Session()
        # A cookie that one visitor's answer set must not travel with another's request.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for prefix in ("http://", "https://"):
            session.mount(prefix, Adapter(pool_connections=pool_size, pool_maxsize=pool_size))
        return Connections(session, True)
    if isinstance(given, requests.Session):
        return Connections(given, False)
    session = given() if callable(given) else given
    if not isinstance(session, requests.Session):
        raise TypingError("Config: session must be or make a requests.Session, not %s"
                          % type(session).__name__, "Config", "session")
    return Connections(session, True)


def for_forked_child(given):
    """What ``given`` is for a forked child, which must share no connection with its parent."""
    if not isinstance(given, requests.Session):
        return given
    try:
        return copy.deepcopy(given)
    except Exception:  # an adapter of the user's that cannot be copied
        given.close()
        return given


def _settings(session, url):
    """What to send requests to a host with. What the user put on the session wins over the
    environment, which requests itself has the other way round."""
    proxies, verify = session.proxies or {}, session.verify
    is_default = verify is True or verify is None or verify == ""
    if is_default:
        verify = True
    if session.trust_env:
        parts = urlsplit(url)
        keys = (parts.scheme + "://" + (parts.hostname or ""), parts.scheme,
                "all://" + (parts.hostname or ""), "all")
        if not any(key in proxies for key in keys) and not is_emulated(url):
            proxies = get_environ_proxies(url)
        if is_default:
            # An empty one is one that is not set, never one that turns checks off.
            verify = (os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
                      or True)
    proxy, adapter = select_proxy(url, proxies), session.get_adapter(url)
    if proxy:
        proxy = _checked_proxy(proxy)
        if hasattr(adapter, "proxy_manager_for"):
            bound(adapter.proxy_manager_for(proxy))
    elif isinstance(adapter, Adapter):
        proxies = {}  # it need not look again
    return {"proxies": proxies, "verify": verify, "cert": session.cert}


def _checked_proxy(url):
    """The URL of a proxy with its scheme; raises Refused where it is none, and quotes nothing."""
    text = to_text(url)
    scheme, _, rest = (text or "").rpartition("://")
    if text is not None and (scheme or "http").lower() in _PROXY_SCHEMES:
        if check.url_problem("http://" + rest) is None:
            return prepend_scheme_if_needed(url, "http")
    raise Refused("the proxy's URL is malformed" + see("malformed-url"))


def _add_nothing(prepared):
    """Authentication that adds nothing to a request."""
    return prepared


def _refuse_redirect(response, **kwargs):
    # Followed, it would carry the API key or a visitor's context to an address that nobody
    # configured.
    if response.is_redirect:
        response.close()
        raise Refused("the platform answered %d, a redirect, which is not followed%s"
                      % (response.status_code, see("redirect")))
