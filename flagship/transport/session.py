"""The connections of one process, on top of a ``requests`` session."""
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
from flagship.transport.deadline import bind_pools

_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")

#: What is the same in every request to an endpoint: the request without a body, and its headers
#: (both None if each request must be prepared anew); the send settings; and the session's adapter.
_Template = namedtuple("_Template", ("request", "headers", "settings", "adapter"))


class Connections(object):
    """One process's session, with values cached for it.

    :param session: a ``requests.Session``.
    :param bool owned: whether the SDK owns the session and closes it.
    """

    def __init__(self, session, owned):
        self._session, self._owned, self.lineage = session, owned, lineage()
        self._templates = {}  # Endpoint -> _Template
        self._timeouts = {}   # seconds -> urllib3's Timeout
        for adapter in session.adapters.values():
            bind_pools(getattr(adapter, "poolmanager", None))

    @property
    def proxies(self):
        """The proxies that the session was given, ``{scheme: URL}``."""
        return self._session.proxies or {}

    def proxy_of(self, url):
        """Return the URL of the proxy that a request to ``url`` goes through, or None.

        :raises Refused: if the proxy's URL is malformed.
        """
        proxy = select_proxy(url, _settings(self._session, url)["proxies"])
        return proxy or None

    def prepare(self, endpoint, body, headers):
        """Return a request to pass to :meth:`send`. Nothing is sent yet."""
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
        """Send a prepared request and return the response; its body has not been read yet."""
        template, seconds = self._templates[endpoint], deadline.seconds
        if not isinstance(request, LeanRequest):
            return self._session.send(request, timeout=(seconds, seconds), allow_redirects=False,
                                      stream=True, **template.settings)
        timeout = self._timeouts.get(seconds)
        if timeout is None:
            timeout = self._timeouts[seconds] = TimeoutSauce(connect=seconds, read=seconds)
        deadline.body_follows = bool(request.body)
        # Session.send would only add cookies, hooks and a history, which are not used.
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
        request._cookies = None  # only redirects use it, and each copy would copy the jar
        return _Template(request, dict(request.headers), settings, adapter)

    def _prepare(self, endpoint, body=None):
        hooks = list(self._session.hooks.get("response", ())) + [_refuse_redirect]
        auth = None
        if not self._session.auth:
            # With any auth given, requests does not read ~/.netrc, which is not meant for the SDK.
            found = get_auth_from_url(endpoint.url)
            auth = found if any(found) else _add_nothing
        return self._session.prepare_request(requests.Request(
            endpoint.method, endpoint.url, headers=endpoint.headers, data=body, auth=auth,
            hooks={"response": hooks}))

    def close(self):
        """Close the idle connections, if they belong to the SDK and to this process."""
        if self._owned and self.lineage == lineage():
            self._session.close()

    def copy(self):
        """Return Connections with the same settings that share no connection with these.

        :raises Exception: if the user's session cannot be copied.
        """
        return Connections(copy.deepcopy(self._session), True)


def open_connections(given, pool_size):
    """Return Connections on the user's session, or on a new one of the SDK's.

    :param given: a ``requests.Session``, a callable that returns one, or None.
    :param int pool_size: number of connections to keep alive, if the session is the SDK's.
    :raises TypingError: if ``given`` is neither None nor a session, and does not return one.
    """
    if given is None:
        session = requests.Session()
        # A cookie set by one visitor's answer must not be sent with another visitor's request.
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


def direct_session():
    """Return a session that goes past the environment's proxies, for servers of this machine."""
    session = requests.Session()
    session.trust_env = False
    return session


def for_forked_child(given):
    """Return ``given`` for use in a forked child, which must not share connections with its parent.
    """
    if not isinstance(given, requests.Session):
        return given
    try:
        return copy.deepcopy(given)
    except Exception:  # a user's adapter that cannot be copied
        given.close()
        return given


def _settings(session, url):
    """Return the send settings for a URL. The user's settings on the session take precedence over
    environment variables; in requests itself it is the other way round."""
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
            # An empty variable counts as not set; it never disables verification.
            verify = (os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
                      or True)
    proxy, adapter = select_proxy(url, proxies), session.get_adapter(url)
    if proxy:
        proxy = _checked_proxy(proxy)
        if hasattr(adapter, "proxy_manager_for"):
            bind_pools(adapter.proxy_manager_for(proxy))
    elif isinstance(adapter, Adapter):
        proxies = {}  # so the adapter does not look them up again
    return {"proxies": proxies, "verify": verify, "cert": session.cert}


def _checked_proxy(url):
    """Return a proxy's URL with its scheme. Raise Refused, without quoting it, if it is not one."""
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
    # Following it would send the API key or a visitor's context to an address that is not
    # configured.
    if response.is_redirect:
        response.close()
        raise Refused("the platform answered %d, a redirect, which is not followed%s"
                      % (response.status_code, see("redirect")))
