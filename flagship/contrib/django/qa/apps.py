"""The Django application of the QA panel."""
from __future__ import absolute_import

from django.apps import AppConfig


class FlagshipQaConfig(AppConfig):
    """The application for ``"flagship.contrib.django.qa"`` in ``INSTALLED_APPS``; it has no
    models."""

    name = "flagship.contrib.django.qa"
    label = "flagship_qa"
    verbose_name = "Flagship QA panel"
