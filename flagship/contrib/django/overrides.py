"""Forced variations and an edited context for the browser of somebody who checks a release, for
views of your own, and for tests; :mod:`flagship.contrib.django.qa` is a page that sets them."""
from __future__ import absolute_import

from django.core.exceptions import ImproperlyConfigured, PermissionDenied

from flagship.contrib import _overrides
from flagship.contrib._web import cookie_arguments
from flagship.contrib.django._cookies import dumps_of, set_cookie
from flagship.contrib.django.checks import settings_and_problems


def may_override(request):
    """Return whether the sender of a request may set overrides: what ``FLAGSHIP_OVERRIDES`` says,
    which is False by default; True stands for active members of staff.

    :raises ImproperlyConfigured: without FlagshipMiddleware.
    """
    return _overrides.may_override(_settings_of(request).overrides, request)


def save_overrides(request, response, forced_variations, context=None):
    """Have the sender's browser be shown chosen variations for the next twelve hours, in place of
    what was set before. The cookie is signed and HttpOnly; the next request is the first to use it.

    :param request: who asks; checked with :func:`may_override`.
    :param response: the response that gets the cookie.
    :param forced_variations: a mapping from campaign id to variation id, see
        :meth:`flagship.visitor.Visitor.force_variations`; None: none.
    :param context: a mapping from context key to the value that takes the place of the visitor's
        own, or to None for a key that is taken away; None (default): the context is left as it is.
    :raises django.core.exceptions.PermissionDenied: if the sender may not.
    :raises TypingError: if one of them is neither a mapping nor None.
    :raises ParamError: if they hold something else than text, numbers and booleans, or more than a
        cookie does.
    """
    settings = _settings_of(request)
    if not may_override(request):
        raise PermissionDenied
    value = _overrides.dump_overrides(
        "save_overrides", forced_variations, context, dumps_of(settings))
    set_cookie(response, cookie_arguments(settings, _overrides.cookie_name(settings), value,
                                          _overrides.AGE, request.is_secure()), settings)


def forget_overrides(request, response):
    """Have the sender's browser be shown its own variations again. Anybody may.

    :param request: who asks.
    :param response: the response that removes the cookie.
    """
    settings = _settings_of(request)
    response.delete_cookie(_overrides.cookie_name(settings), domain=settings.cookie_domain)


def sign_overrides(forced_variations, context=None):
    """Return the value with which requests that have it in the header ``X-Flagship-Overrides`` are
    shown chosen variations for the next twelve hours, for tests and other programs. It wins over
    the cookie. Whoever has the value may use it: hand it only to whom :func:`may_override` lets.

    :param forced_variations: as for :func:`save_overrides`.
    :param context: likewise; default None.
    :return: ASCII text, of a native ``str``.
    :raises ImproperlyConfigured: where ``FLAGSHIP_OVERRIDES`` is off, so that nothing reads it.
    :raises TypingError: if one of them is neither a mapping nor None.
    :raises ParamError: if they hold something else than text, numbers and booleans, or more than a
        cookie does.
    """
    settings = settings_and_problems()[0]
    if not settings.overrides:
        raise ImproperlyConfigured("sign_overrides needs FLAGSHIP_OVERRIDES")
    return _overrides.dump_overrides(
        "sign_overrides", forced_variations, context, dumps_of(settings))


def _settings_of(request):
    if not hasattr(request, "_flagship"):
        raise ImproperlyConfigured("overrides need FlagshipMiddleware in MIDDLEWARE")
    return request._flagship.settings
