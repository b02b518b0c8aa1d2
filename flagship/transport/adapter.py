"""The adapter of the SDK's own sessions: what is the same in every request to an address is worked
out once.

Only methods are overridden that requests documents for it, and ``HTTPAdapter.send`` itself stays,
as mocks of tests replace it. Where somebody replaced it or what calls it, requests and responses
are those of requests, whole.
"""
import types

import requests
from requests.adapters import HTTPAdapter
from six import get_function_globals


class _Route(object):
    """What was worked out for one URL, without a proxy.

    :ivar pool: urllib3's pool of connections.
    :ivar settings: the ``(verify, cert)`` that the pool was set up for, or None.
    :ivar path: what follows the method in a request's first line, or None.
    """

    __slots__ = ("pool", "settings", "path")

    def __init__(self, pool):
        self.pool, self.settings, self.path = pool, None, None


class Adapter(HTTPAdapter):
    """An HTTPAdapter for a few URLs that are asked for again and again."""

    def init_poolmanager(self, *args, **kwargs):
        super(Adapter, self).init_poolmanager(*args, **kwargs)
        self._routes = {}  # URL -> _Route

    def get_connection(self, url, proxies=None):
        # Called by requests before 2.32; the next one by those from then on.
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
            route = _Route(conn)  # a proxy's
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
    """A request that nobody but an :class:`Adapter` sees.

    :param template: a PreparedRequest.
    :param dict headers: whose names are spelled as they are sent.
    """

    def __init__(self, template, headers, body):
        self.method, self.url, self.body, self.headers = (
            template.method, template.url, body, headers)


class LeanResponse(object):
    """The answer to one; what is read of a response of requests.

    :param raw: urllib3's response.
    """

    __slots__ = ("raw", "status_code", "headers")

    _content_consumed = False

    def __init__(self, raw):
        self.raw, self.status_code, self.headers = raw, raw.status, raw.headers

    @property
    def is_redirect(self):
        """Whether it says to ask elsewhere."""
        return self.status_code in _REDIRECTS and "location" in self.headers

    def close(self):
        """Close the connection, or give it back where the answer was read to its end."""
        self.raw.close()
        self.raw.release_conn()


_REDIRECTS = (301, 302, 303, 307, 308)


def sees_all(adapter):
    """Whether nobody but an adapter takes part in a request: it is the SDK's, and requests is as it
    was made, without a mock or something that measures in it."""
    if type(adapter) is not Adapter:
        return False
    for owner, name, function in _AS_MADE:
        if owner.__dict__.get(name) is not function:
            return False
    return True


def _as_made(owner, name):
    """The function of a class of requests, or None where somebody has replaced it already."""
    function = owner.__dict__.get(name)
    if not isinstance(function, types.FunctionType):
        return None
    made_in = get_function_globals(function).get("__name__")
    return function if made_in == owner.__module__ else None


_AS_MADE = [(owner, name, _as_made(owner, name) or object()) for owner, name in (
    (requests.Session, "send"), (requests.Session, "get_adapter"), (HTTPAdapter, "send"),
    (HTTPAdapter, "build_response"))]
