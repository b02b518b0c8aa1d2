"""What the servers of the matrix run: one page that decides and sends a hit, as WSGI and on
Django's ASGI.

The environment says how: FLAGSHIP_TEST_OPTIONS holds Config's options as JSON,
FLAGSHIP_TEST_SIGNALS whether the recipe for servers that end without ``atexit`` is followed.
"""
import json
import logging
import os
import time

from flagship import Config, Flagship
from flagship.hits import Screen

logging.basicConfig(level=logging.WARNING)
flagship = Flagship.instance()
flagship.start(u"env", u"key", Config(mode=Config.Mode.BUCKETING, bucketing_file=None,
                                      **json.loads(os.environ["FLAGSHIP_TEST_OPTIONS"])))
if os.environ.get("FLAGSHIP_TEST_SIGNALS"):
    flagship.close_on_signals()


def page():
    """The worker's process id, the flag's value, and whether a hit was taken."""
    visitor = flagship.create_visitor()
    visitor.synchronize_modifications()
    value = visitor.get_modification(u"flag0", None)
    taken = visitor.send_hit(Screen(u"page"))[0]
    time.sleep(0.005)  # so that another worker takes the next request
    return ("%d %s %d" % (os.getpid(), value, taken)).encode("ascii")


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [page()]


def asgi():
    """Django's ASGI application with the same page."""
    import django
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.http import HttpResponse
    from django.urls import path

    settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="not one", ROOT_URLCONF=__name__,
                       LOGGING_CONFIG=None)
    django.setup()
    globals()["urlpatterns"] = [path("", lambda request: HttpResponse(page()))]
    return get_asgi_application()
