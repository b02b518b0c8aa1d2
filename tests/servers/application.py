"""What the servers of the matrix run: one page that decides and sends a hit. The modules beside
this one give it to them.

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
OPTIONS = dict(json.loads(os.environ["FLAGSHIP_TEST_OPTIONS"]), mode=Config.Mode.BUCKETING,
               bucketing_file=None)
#: As a project on Django or Flask says the same.
SETTINGS = {"FLAGSHIP_ENV_ID": u"env", "FLAGSHIP_API_KEY": u"key", "FLAGSHIP_OPTIONS": OPTIONS,
            "FLAGSHIP_CLOSE_ON_SIGNALS": bool(os.environ.get("FLAGSHIP_TEST_SIGNALS"))}


def start():
    flagship.start(u"env", u"key", Config(**OPTIONS))
    if SETTINGS["FLAGSHIP_CLOSE_ON_SIGNALS"]:
        flagship.close_on_signals()


def page():
    """The worker's process id, the flag's value, and whether a hit was taken."""
    visitor = flagship.create_visitor()
    visitor.synchronize_modifications()
    value = visitor.get_modification(u"flag0", None)
    taken = visitor.send_hit(Screen(u"page"))[0]
    time.sleep(0.005)  # so that another worker takes the next request
    return ("%d %s %d" % (os.getpid(), value, taken)).encode("ascii")


def configure_django(**settings_of_flagship):
    from django.conf import settings
    from django.http import HttpResponse
    from django.urls import path

    settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="not one", ROOT_URLCONF=__name__,
                       LOGGING_CONFIG=None, **settings_of_flagship)
    globals()["urlpatterns"] = [path("", lambda request: HttpResponse(page()))]
