"""The system checks.

==================  ============================================================================
``flagship.E001``   ``FLAGSHIP_ENV_ID`` or ``FLAGSHIP_API_KEY`` is missing, and the SDK was not
                    started by other means
``flagship.E002``   ``FLAGSHIP_ENV_ID`` or ``FLAGSHIP_API_KEY`` is not text, or contains a character
                    that is not allowed
``flagship.E003``   ``FLAGSHIP_OPTIONS`` is not a dict of valid options for
                    :class:`flagship.Config`
``flagship.E004``   ``FLAGSHIP_CONTEXT`` is neither a callable nor the dotted path of one
``flagship.E005``   ``FLAGSHIP_USER_ID`` is neither a callable nor the dotted path of one
``flagship.E006``   ``FLAGSHIP_COOKIE_NAME`` is not a valid cookie name
``flagship.E007``   ``FLAGSHIP_COOKIE_AGE`` is not a number of seconds, an int from 1 to ten years
``flagship.E008``   ``FLAGSHIP_COOKIE_DOMAIN`` is neither a host name nor None
``flagship.E009``   ``FLAGSHIP_COOKIE_SECURE`` is neither a bool nor None
``flagship.E010``   ``FLAGSHIP_COOKIE_SAMESITE`` is not ``"Lax"``, ``"Strict"``, ``"None"`` or None
``flagship.E011``   ``FLAGSHIP_COOKIE_SIGNED`` is not a bool
``flagship.E012``   ``FLAGSHIP_CLOSE_ON_SIGNALS`` is not a bool
``flagship.E014``   ``FLAGSHIP_CONSENT`` is neither a callable nor the dotted path of one, so that
                    nobody counts as having consented
``flagship.E015``   ``FLAGSHIP_OVERRIDES`` is neither a bool, a callable nor the dotted path of one
``flagship.E016``   ``FLAGSHIP_HOOKS`` is not a list of hooks or the dotted paths of hooks
``flagship.W001``   the visitor cache uses the same cache as sessions, so visitors may evict
                    sessions
``flagship.W002``   the visitor cache uses one of Django's caches with a limit of at most 300
                    entries
``flagship.W005``   ``FLAGSHIP_OVERRIDES`` is True, and the project does not know who is staff
``flagship.W006``   the QA panel is installed, and ``FLAGSHIP_OVERRIDES`` lets nobody use it
==================  ============================================================================

With ``manage.py check --deploy``, which makes a request to the platform, with a timeout of 5
seconds, and records nothing there:

==================  ============================================================================
``flagship.E013``   the platform refuses ``FLAGSHIP_API_KEY`` or ``FLAGSHIP_ENV_ID``
``flagship.W003``   the platform cannot be reached, or returns no usable response
``flagship.W004``   the platform is in panic, so that every visitor gets the defaults
``flagship.W007``   ``FLAGSHIP_OVERRIDES`` lets anybody set overrides
``flagship.W008``   the cookie of overrides is also sent over plain http
==================  ============================================================================
"""
from __future__ import absolute_import

from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import Error, Warning
from django.http import HttpRequest

from flagship._events import describe
from flagship._troubleshooting import see
from flagship.app import Flagship
from flagship.config import Config
from flagship.contrib import _settings
from flagship.contrib._overrides import may_override
from flagship.contrib._platform import inquire
from flagship.contrib.django.cache import DjangoVisitorCache

_NUMBERS = {"FLAGSHIP_ENV_ID": "E002", "FLAGSHIP_API_KEY": "E002", "FLAGSHIP_OPTIONS": "E003",
            "FLAGSHIP_CONTEXT": "E004", "FLAGSHIP_USER_ID": "E005",
            "FLAGSHIP_COOKIE_NAME": "E006", "FLAGSHIP_COOKIE_AGE": "E007",
            "FLAGSHIP_COOKIE_DOMAIN": "E008", "FLAGSHIP_COOKIE_SECURE": "E009",
            "FLAGSHIP_COOKIE_SAMESITE": "E010", "FLAGSHIP_COOKIE_SIGNED": "E011",
            "FLAGSHIP_CLOSE_ON_SIGNALS": "E012", "FLAGSHIP_CONSENT": "E014",
            "FLAGSHIP_OVERRIDES": "E015", "FLAGSHIP_HOOKS": "E016"}
_AUTHENTICATION = "AuthenticationMiddleware"  # a project may have a subclass
_PANEL = "flagship.contrib.django.qa"
_SESSIONS_IN_CACHE = ("django.contrib.sessions.backends.cache",
                      "django.contrib.sessions.backends.cached_db")
_REFUSED = (401, 403, 404)
_PATIENCE = 5.0  # timeout of the request to the platform, in seconds
_FEW = 300  # default of MAX_ENTRIES in OPTIONS


def settings_and_problems():
    """Return ``(settings, [Error])``: the project's settings, and an Error for each that is missing
    or invalid."""
    given = _settings.Settings(lambda name, default: getattr(settings, name, default))
    return given, [Error(problem.message, id="flagship." + _number(problem))
                   for problem in given.problems
                   if not (isinstance(problem, _settings.MissingSetting)
                           and Flagship.instance().is_flagship_started())]


def check_settings(app_configs=None, **options):
    """Check the settings; registered by the application.

    :return: a list of :class:`django.core.checks.Error` and :class:`django.core.checks.Warning`.
    """
    given, problems = settings_and_problems()
    cache = (given.options or {}).get("visitor_cache_manager")
    return problems + _override_problems(given.overrides) + (
        _cache_problems(cache) if isinstance(cache, DjangoVisitorCache) else [])


def check_platform(app_configs=None, **options):
    """Check the platform's response to the settings; registered by the application for
    ``check --deploy``.

    :return: a list like that of :func:`check_settings`.
    """
    return _ask_check(_settings.Settings(
        lambda name, default: getattr(settings, name, default), _settings.START))


def check_overrides(app_configs=None, **options):
    """Check that overrides are safe; registered by the application for ``check --deploy``.

    :return: a list like that of :func:`check_settings`.
    """
    given, found = settings_and_problems()[0], []
    if given.overrides not in (True, False) and may_override(given.overrides, _anonymous()):
        found.append(Warning("FLAGSHIP_OVERRIDES lets anybody see and choose variations",
                             id="flagship.W007", hint="True lets members of staff."))
    if given.overrides and given.cookie_secure is False:
        found.append(Warning(
            "FLAGSHIP_OVERRIDES is on and FLAGSHIP_COOKIE_SECURE is False: the cookie of overrides "
            "can be read on the way", id="flagship.W008", hint="Leave it None, or set it to True."))
    return found


def _anonymous():
    request = HttpRequest()
    request.method, request.session = "GET", {}
    if apps.is_installed("django.contrib.auth"):
        from django.contrib.auth.models import AnonymousUser
        request.user = AnonymousUser()
    return request


def _override_problems(overrides):
    if overrides is True and not any(_AUTHENTICATION in each for each in settings.MIDDLEWARE or ()):
        return [Warning("FLAGSHIP_OVERRIDES is True, which lets members of staff, and no "
                        "authentication says who is: nobody may", id="flagship.W005",
                        hint="Add Django's %s to MIDDLEWARE, or set it to a function of the "
                        "request." % _AUTHENTICATION)]
    if not overrides and apps.is_installed(_PANEL):
        return [Warning("%s is installed, and FLAGSHIP_OVERRIDES lets nobody use it" % _PANEL,
                        id="flagship.W006", hint="True lets members of staff.")]
    return []


def _ask_check(given):
    chosen = given.options or {}
    if given.problems or chosen.get("offline"):
        return []  # check_settings reports problems; offline, no request is made
    try:
        inquiry = inquire(given.env_id, given.api_key, chosen, _PATIENCE)
    except Exception as error:  # the user's session may raise anything
        return [Error(describe(error), id="flagship.E013")]
    try:
        bucketing = chosen.get("mode") is Config.Mode.BUCKETING
        reply = inquiry.bucketing() if bucketing else inquiry.campaigns()
    finally:
        inquiry.close()
    if reply.problem:
        kind = (Error, "flagship.E013") if reply.status in _REFUSED else (Warning, "flagship.W003")
        return [kind[0]("Flagship: %s" % reply.problem, id=kind[1],
                        hint='"flagship doctor --settings MODULE" looks at the rest.')]
    if reply.panic:
        return [Warning("Flagship: the platform is in panic, so that every visitor gets the "
                        "defaults%s" % see("panic"), id="flagship.W004")]
    return []


def _number(problem):
    if isinstance(problem, _settings.MissingSetting):
        return "E001"
    return _NUMBERS[problem.parameter]


def _cache_problems(visitor_cache):
    alias, found = visitor_cache.alias, []
    if settings.SESSION_ENGINE in _SESSIONS_IN_CACHE and settings.SESSION_CACHE_ALIAS == alias:
        found.append(Warning(
            "DjangoVisitorCache(%r) is in the cache that sessions live in, so that visitors may "
            "evict sessions" % alias, id="flagship.W001",
            hint="Give it a cache of its own in CACHES: DjangoVisitorCache(alias)."))
    bounded = (LocMemCache, FileBasedCache, DatabaseCache)
    if alias in settings.CACHES and isinstance(caches[alias], bounded):
        if caches[alias]._max_entries <= _FEW:
            found.append(Warning(
                "DjangoVisitorCache(%r) is in a cache that keeps at most %d entries: other "
                "visitors are forgotten" % (alias, caches[alias]._max_entries), id="flagship.W002",
                hint="Set MAX_ENTRIES in its OPTIONS, or use Redis or memcached."))
    return found
