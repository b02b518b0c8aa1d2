"""The middleware that attaches a visitor to each request."""
from __future__ import absolute_import

import warnings

from django.apps import apps
from django.core.signing import Signer
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject

from flagship._troubleshooting import see
from flagship.app import Flagship
from flagship.contrib import _web
from flagship.contrib.django._cookies import loads_of, set_cookie
from flagship.contrib.django.checks import settings_and_problems


class FlagshipMiddleware(MiddlewareMixin):
    """Attaches the visitor to each request, as ``request.flagship``; place it after the session and
    authentication middleware.

    The visitor is created and synchronised once, when the request first uses it. A request that
    does not use it costs nothing: no cookie, no network. The visitor's anonymous id is in the
    cookie and stays the same across login and logout. In API mode a logged-in user is authenticated
    before the synchronisation; in bucketing mode the visitor keeps the id in the cookie.

    A response that used the visitor is never shared with other visitors: it has ``Vary: Cookie``
    and ``Cache-Control: private``, and neither ``cache_page`` nor the site-wide cache stores it.

    Nothing raises into a view: when the platform is unreachable or in panic, or the SDK is closed
    or not started, the visitor gives the defaults, and if ``FLAGSHIP_CONTEXT``,
    ``FLAGSHIP_USER_ID`` or ``FLAGSHIP_CONSENT`` raises, that is logged. Missing or invalid settings
    cause a RuntimeWarning when the server starts, and their defaults are used; with an invalid
    ``FLAGSHIP_CONSENT``, nobody has consented.

    The SDK waits for the network in the calling thread. In an async view, use the visitor in a
    function passed to ``sync_to_async``. A streaming response that first uses the visitor while it
    is being sent sets no cookie.
    """

    def __init__(self, get_response):
        super(FlagshipMiddleware, self).__init__(get_response)
        self._settings, problems = settings_and_problems()
        self._settings.user_id = self._settings.user_id or user_id
        if self._settings.overrides is True:
            self._settings.overrides = is_staff
        self._loads = loads_of(self._settings) if self._settings.overrides else None
        self._signer = None
        if self._settings.cookie_signed:
            self._signer = Signer(salt="flagship." + self._settings.cookie_name)
        for problem in problems:
            warnings.warn("%s: %s" % (problem.id, problem.msg), RuntimeWarning)
        if not problems and not apps.is_installed("flagship.contrib.django"):
            if not Flagship.instance().is_flagship_started():
                warnings.warn("Nothing has started Flagship, so every visitor gets the defaults: "
                              "'flagship.contrib.django' is not in INSTALLED_APPS"
                              + see("not-started"), RuntimeWarning)

    def process_request(self, request):
        visitor = request._flagship = _web.RequestVisitor(
            self._settings, request, request.COOKIES, request.META, self._signer, self._loads)

        def use():
            _keep_out_of_page_caches(request)
            return visitor.get()
        request.flagship = SimpleLazyObject(use)

    def process_response(self, request, response):
        visitor = request._flagship
        if not visitor.used:
            return response
        patch_vary_headers(response, visitor.headers)
        if visitor.overrides is None:
            patch_cache_control(response, private=True)
        else:
            patch_cache_control(response, private=True, no_store=True)
        cookie = visitor.cookie(request.is_secure())
        if cookie is not None:
            set_cookie(response, cookie, self._settings)
        return response


def is_staff(request):
    """Return whether an active member of staff is logged in; False if the project has no
    authentication."""
    user = getattr(request, "user", None)
    return user is not None and user.is_active and user.is_staff


def user_id(request):
    """Return the id of the logged-in user, such as ``user-5``; None if nobody is logged in, or if
    the project has no authentication."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or user.pk is None:
        return None
    return "%s%s" % (_web.USER, user.pk)


class _Uncached(object):
    """A request whose response Django's page caches do not store.

    In every Django version, ``FetchFromCacheMiddleware`` sets an attribute on the request that
    tells ``UpdateCacheMiddleware`` whether to store the response. As ``cache_page``, both may run
    inside the view, where the response does not have our headers yet, and after another middleware
    has used the visitor.
    """

    @property
    def _cache_update_cache(self):
        return False

    @_cache_update_cache.setter
    def _cache_update_cache(self, update):
        """Ignore the attempt to set it."""


_uncached = {}  # a request's class -> its subclass that is also an _Uncached


def _keep_out_of_page_caches(request):
    kind = type(request)
    if not issubclass(kind, _Uncached):
        if kind not in _uncached:
            _uncached[kind] = type(kind.__name__, (_Uncached, kind), {})
        request.__class__ = _uncached[kind]
