"""Django's settings for one test file, so that several files of a run can have their own in
turn."""
import collections
import contextlib

from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.db import connections
from django.template import engines
from django.urls import clear_url_caches


@contextlib.contextmanager
def project(installed=(), **options):
    """Settings, applications, caches, connections and template engines; what they were before comes
    back."""
    parts = [vars(each) for each in (settings, caches, connections, engines, apps)]
    before = [dict(part) for part in parts]
    for each in (settings, caches, connections, engines):
        vars(each).clear()
        each.__init__()
    settings.configure(INSTALLED_APPS=list(installed), **options)
    # Its models stay in the other registry: a class is made only once.
    apps.app_configs = collections.OrderedDict()
    apps.clear_cache()
    apps.populate(installed)
    clear_url_caches()  # which before Django 2.0 do not ask whose addresses they are
    try:
        yield
    finally:
        connections.close_all()
        for part, old in zip(parts, before):
            part.clear()
            part.update(old)
        apps.clear_cache()
        clear_url_caches()
