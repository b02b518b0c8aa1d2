"""The QA panel: which variation of each campaign a visitor gets, and why; force others, and change
the context, for your own browser.

Add ``"flagship.contrib.django.qa"`` to ``INSTALLED_APPS``, set ``FLAGSHIP_OVERRIDES = True``, which
lets active members of staff, and include ``flagship.contrib.django.qa.urls``. In your base template
``{% load flagship_qa %}{% flagship_override_notice %}`` says where something is overridden. The
panel needs the templates' ``APP_DIRS``, the static files and no script from elsewhere.
"""
import django

if django.VERSION < (3, 2):  # later versions detect the AppConfig, and warn about this setting
    default_app_config = "flagship.contrib.django.qa.apps.FlagshipQaConfig"
