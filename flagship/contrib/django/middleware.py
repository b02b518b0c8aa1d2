"""The middleware: a visitor on each request."""
from __future__ import absolute_import

import warnings

import django
from django.apps import apps
from django.core.signing import Signer
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject

from flagship._troubleshooting import see
from flagship.app import Flagship
from flagship.contrib import _web
from flagship.contrib.django.checks import settings_and_problems

_HAS_SAME_SITE = django.VERSION >= (2, 1)


class FlagshipMiddleware(MiddlewareMixin):
    """Puts the visitor on each request, as ``request.flagship``; it belongs after the middlewares
    of sessions and authentication.

    The visitor is made and synchronised when the request first uses it, once. Who does not use it
    pays nothing: no cookie, no network. Its anonymous id is in the cookie and stays the same over
    logging in and out. In API mode a user who is logged in is authenticated before the
    synchronisation; in bucketing mode the id of the cookie stays the visitor's.

    A response that used the visitor is this visitor's alone: it varies on the cookie, is
    ``Cache-Control: private``, and neither ``cache_page`` nor the site-wide cache stores it.

    Nothing raises into a view: without a platform, in panic, with the SDK closed or not started the
    visitor gives the defaults, and a ``FLAGSHIP_CONTEXT`` or ``FLAGSHIP_USER_ID`` that raises costs
    a log line. Settings that are missing or wrong are a RuntimeWarning when the server starts, and
    their defaults count.

    The SDK waits for the network in the thread that calls. An async view uses the visitor in a
    function that it gives to ``sync_to_async``. A streamed response that first uses it while it is
    sent keeps no cookie.
    """

    def __init__(self, get_response):
        super(FlagshipMiddleware, self).__init__(get_response)
        self._settings, problems = settings_and_problems()
        self._settings.user_id = self._settings.user_id or user_id
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
        visitor = request._flagship = _web.RequestVisitor(self._settings, request, request.COOKIES,
                                                          self._signer)

        def use():
            _keep_out_of_page_caches(request)
            return visitor.get()
        request.flagship = SimpleLazyObject(use)

    def process_response(self, request, response):
        visitor = request._flagship
        if not visitor.used:
            return response
        patch_vary_headers(response, ("Cookie",))
        patch_cache_control(response, private=True)
        cookie = visitor.cookie(request.is_secure())
        if cookie is not None:
            response.set_cookie(**cookie)
            if _HAS_SAME_SITE and self._settings.cookie_samesite:
                # Not an argument of set_cookie: 'None' is one from Django 3.1 only.
                response.cookies[cookie["key"]]["samesite"] = self._settings.cookie_samesite
        return response


def user_id(request):
    """The id of the user who is logged in, such as ``user-5``; None where nobody is, or without
    authentication."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or user.pk is None:
        return None
    return "%s%s" % (_web.USER, user.pk)


class _Uncached(object):
    """A request that Django's page caches do not store the response of.

    ``FetchFromCacheMiddleware`` leaves on the request whether ``UpdateCacheMiddleware`` is to
    store, in every Django that there is; both may run inside of the view, as ``cache_page``, where
    no header of ours is on the response yet, and after another middleware has used the visitor.
    """

    @property
    def _cache_update_cache(self):
        return False

    @_cache_update_cache.setter
    def _cache_update_cache(self, update):
        """Not to be had."""


_uncached = {}  # a request's class -> the same, as an _Uncached


def _keep_out_of_page_caches(request):
    kind = type(request)
    if not issubclass(kind, _Uncached):
        if kind not in _uncached:
            _uncached[kind] = type(kind.__name__, (_Uncached, kind), {})
        request.__class__ = _uncached[kind]
