"""The system checks.

==================  ======================================================================
``flagship.E001``   ``FLAGSHIP_ENV_ID`` or ``FLAGSHIP_API_KEY`` is missing, and nobody else started the SDK
``flagship.E002``   ``FLAGSHIP_ENV_ID`` or ``FLAGSHIP_API_KEY`` is not text
``flagship.E003``   ``FLAGSHIP_OPTIONS`` is not a dict of options that :class:`flagship.Config` takes
``flagship.E004``   ``FLAGSHIP_CONTEXT`` is neither a callable nor the dotted path of one
``flagship.E005``   ``FLAGSHIP_USER_ID`` is neither a callable nor the dotted path of one
``flagship.E006``   ``FLAGSHIP_COOKIE_NAME`` is not the name of a cookie
``flagship.E007``   ``FLAGSHIP_COOKIE_AGE`` is not a number of seconds, an int from 1 to ten years
``flagship.E008``   ``FLAGSHIP_COOKIE_DOMAIN`` is neither a host name nor None
``flagship.E009``   ``FLAGSHIP_COOKIE_SECURE`` is neither a bool nor None
``flagship.E010``   ``FLAGSHIP_COOKIE_SAMESITE`` is none of ``"Lax"``, ``"Strict"``, ``"None"`` and None
==================  ======================================================================
"""
from __future__ import absolute_import

from django.conf import settings
from django.core.checks import Error

from flagship.app import Flagship
from flagship.contrib import _settings

_NUMBERS = {"FLAGSHIP_ENV_ID": "E002", "FLAGSHIP_API_KEY": "E002", "FLAGSHIP_OPTIONS": "E003",
            "FLAGSHIP_CONTEXT": "E004", "FLAGSHIP_USER_ID": "E005", "FLAGSHIP_COOKIE_NAME": "E006",
            "FLAGSHIP_COOKIE_AGE": "E007", "FLAGSHIP_COOKIE_DOMAIN": "E008", "FLAGSHIP_COOKIE_SECURE": "E009",
            "FLAGSHIP_COOKIE_SAMESITE": "E010"}


def settings_and_problems():
    """``(settings, [Error])``: the project's settings, and what is missing or wrong among them."""
    given = _settings.Settings(lambda name, default: getattr(settings, name, default))
    return given, [Error(problem.message, id="flagship." + _number(problem)) for problem in given.problems
                   if not (isinstance(problem, _settings.MissingSetting) and Flagship.instance().is_flagship_started())]


def check_settings(app_configs=None, **options):
    """The check that the application registers; a list of :class:`django.core.checks.Error`."""
    return settings_and_problems()[1]


def _number(problem):
    return "E001" if isinstance(problem, _settings.MissingSetting) else _NUMBERS[problem.parameter]
