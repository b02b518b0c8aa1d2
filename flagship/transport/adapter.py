"""The transport adapter of the SDK's own sessions: it computes once whatever is the same in every
request to a URL.

It overrides only methods that requests documents as overridable. ``HTTPAdapter.send`` is not
overridden, because test mocks replace it. If it or any of its callers has been replaced, full
``requests`` request and response objects are used.
"""
import types

import requests
from requests.adapters import HTTPAdapter
from six import get_function_globals


class _Route(object):
    """Cached values for one URL that is requested without a proxy.

    :ivar pool: urllib3's connection pool.
    :ivar settings: the ``(verify, cert)`` that the pool was set up for, or None.
    :ivar path: the request target (what follows the method in the request line), or None.
    """

    __slots__ = ("pool", "settings", "path")

    def __init__(self, pool):
        self.pool, self.settings, self.path = pool, None, None


class Adapter(HTTPAdapter):
    """An HTTPAdapter for a few URLs that are requested repeatedly."""

    def init_poolmanager(self, *args, **kwargs):
        super(Adapter, self).init_poolmanager(*args, **kwargs)
        self._routes = {}  # URL -> _Route

    def get_connection(self, url, proxies=None):
        # Called by requests before 2.32; later versions call the next method instead.
        if proxies:
            return super(Adapter, self).get_connection(url, proxies)
        return self._pool(url, lambda: super(Adapter, self).get_connection(url))

    def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):
        find = super(Adapter, self).get_connection_with_tls_context
        if proxies:
            return find(request, verify, proxies=proxies, cert=cert)
        return self._pool(request.url, lambda: find(request, verify, cert=cert), (verify, cert))

    def _pool(self, url, find, settings=None):
        route = self._routes.get(url)
        if route is None or settings and route.settings not in (None, settings):
            route = self._routes[url] = _Route(find())
        return route.pool

    def cert_verify(self, conn, url, verify, cert):
        route, settings = self._routes.get(url), (verify, cert)
        if route is None or route.pool is not conn:
            route = _Route(conn)  # a pool that belongs to a proxy
        if route.settings != settings:
            super(Adapter, self).cert_verify(conn, url, verify, cert)
            route.settings = settings

    def request_url(self, request, proxies):
        route = None if proxies else self._routes.get(request.url)
        if route is None:
            return super(Adapter, self).request_url(request, proxies)
        if route.path is None:
            route.path = super(Adapter, self).request_url(request, proxies)
        return route.path

    def build_response(self, req, resp):
        if isinstance(req, LeanRequest):
            return LeanResponse(resp)
        return super(Adapter, self).build_response(req, resp)

    def close(self):
        self._routes = {}
        super(Adapter, self).close()


class LeanRequest(requests.PreparedRequest):
    """A minimal request, seen only by an :class:`Adapter`.

    :param template: a PreparedRequest.
    :param dict headers: the headers, with their names spelled as they are sent.
    """

    def __init__(self, template, headers, body):
        self.method, self.url, self.body, self.headers = (
            template.method, template.url, body, headers)


class LeanResponse(object):
    """The response to a :class:`LeanRequest`: the part of the ``requests`` interface that is used.

    :param raw: urllib3's response.
    """

    __slots__ = ("raw", "status_code", "headers")

    _content_consumed = False

    def __init__(self, raw):
        self.raw, self.status_code, self.headers = raw, raw.status, raw.headers

    @property
    def is_redirect(self):
        """Whether this is a redirect."""
        return self.status_code in _REDIRECTS and "location" in self.headers

    def close(self):
        """Close the connection, or return it to the pool if the response was read to its end."""
        self.raw.close()
        self.raw.release_conn()


_REDIRECTS = (301, 302, 303, 307, 308)


def sees_all(adapter):
    """Return whether a request involves nothing but ``adapter``: it is the SDK's own, and requests
    has not been patched by a mock or by instrumentation."""
    if type(adapter) is not Adapter:
        return False
    for owner, name, function in _AS_MADE:
        if owner.__dict__.get(name) is not function:
            return False
    return True


def _as_made(owner, name):
    """Return a method of a requests class as a function, or None if it has been replaced already.
    """
    function = owner.__dict__.get(name)
    if not isinstance(function, types.FunctionType):
        return None
    made_in = get_function_globals(function).get("__name__")
    return function if made_in == owner.__module__ else None


_AS_MADE = [(owner, name, _as_made(owner, name) or object()) for owner, name in (
    (requests.Session, "send"), (requests.Session, "get_adapter"), (HTTPAdapter, "send"),
    (HTTPAdapter, "build_response"))]
