"""The Django application: starts the SDK together with the project."""
from __future__ import absolute_import

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

from flagship.contrib import _settings, _web
from flagship.contrib.django.checks import check_overrides, check_platform, check_settings


class FlagshipConfig(AppConfig):
    """The application for ``"flagship.contrib.django"`` in ``INSTALLED_APPS``: starts the SDK if
    the settings are complete, closes it when the process ends, and registers the system checks."""

    name = "flagship.contrib.django"
    label = "flagship"
    verbose_name = "Flagship"

    def ready(self):
        checks.register(check_settings, "flagship")
        checks.register(check_platform, "flagship", deploy=True)
        checks.register(check_overrides, "flagship", deploy=True)
        given = _settings.Settings(
            lambda name, default: getattr(settings, name, default), _settings.START)
        # The checks and the middleware report missing or invalid settings.
        if not given.problems:
            _web.start(given)
