"""Settings of the demo shop. ``demo.py`` sets the SHOP_ variables; without them this is an ordinary
project."""
import os

from django.core.management.utils import get_random_secret_key

from flagship import Config
from flagship.cache import SQLiteVisitorCache

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# The database, the visitor cache and the bucketing file's copy. Not in the checkout, where they
# could be committed, nor where other users of the machine could have made it before.
FOLDER = os.environ.get("SHOP_FOLDER") or os.path.join(
    os.path.expanduser("~"), ".cache", "flagship-marl-shop")
if not os.path.isdir(FOLDER):
    os.makedirs(FOLDER, 0o700)

DEBUG = os.environ.get("SHOP_DEBUG", "1") == "1"
# The addresses to see and change every visitor's decisions are for the demo alone.
QA_PANEL = DEBUG and os.environ.get("SHOP_DEMO") == "1"
# Empty where the shop runs against the platform.
EMULATOR_URL = os.environ.get("SHOP_EMULATOR_URL", "")
CAMPAIGNS = os.path.join(HERE, "campaigns.json")

SECRET_KEY = os.environ.get("SHOP_SECRET_KEY") or get_random_secret_key()
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "flagship.contrib.django",
    "results",
    "shop",
    "qa",  # before the panel, whose template it extends
    "flagship.contrib.django.qa",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # After sessions and authentication: who the visitor is depends on both.
    "flagship.contrib.django.middleware.FlagshipMiddleware",
    "shop.pageviews.PageViewMiddleware",
]

FLAGSHIP_ENV_ID = os.environ.get("FLAGSHIP_ENV_ID", "")
FLAGSHIP_API_KEY = os.environ.get("FLAGSHIP_API_KEY", "")
FLAGSHIP_CONTEXT = "shop.context.context_of"
# A project has True here: for members of staff. The demo's panel is anybody's.
FLAGSHIP_OVERRIDES = "qa.anybody" if QA_PANEL else True
FLAGSHIP_OPTIONS = {
    # The platform decides, so that logging in keeps the experience; in bucketing mode there is no
    # such continuity.
    "mode": Config.Mode[os.environ.get("SHOP_MODE", "API")],
    # What a page can bear, not the default of two seconds.
    "timeout": 1.0,
    # A shop's page must not wait for its reports: a page view alone sends up to six. Sent soon, for
    # the QA panel's live list; a real shop can wait for the default's second.
    "tracking": "deferred",
    "tracking_interval": 0.2,
    # Keeps visitors where they are when an allocation changes.
    "visitor_cache_manager": SQLiteVisitorCache(os.path.join(FOLDER, "visitors.db")),
    "bucketing_file": os.path.join(FOLDER, "bucketing.json"),
    # A panic from the QA panel shows at once in bucketing mode too. A real shop can wait for the
    # default's minute.
    "polling_interval": 1 if EMULATOR_URL else 60,
}
if EMULATOR_URL:
    # What API mode needs for forced variations.
    FLAGSHIP_OPTIONS.update({"initial_bucketing": CAMPAIGNS})
    FLAGSHIP_OPTIONS.update({"decision_api_url": EMULATOR_URL + "/v2",
                             "cdn_url": EMULATOR_URL + "/cdn",
                             "tracking_url": EMULATOR_URL + "/collect"})

ROOT_URLCONF = "store.urls"
WSGI_APPLICATION = "store.wsgi.application"
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
        "shop.page.page",
    ]},
}]

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3",
                         "NAME": os.path.join(FOLDER, "shop.db"), "OPTIONS": {"timeout": 20}}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

if os.environ.get("SHOP_DEMO") == "1":
    # The demo's passwords stand on its login page; Django's own hashers would cost seconds at each
    # start.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGIN_URL = "shop:login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "shop:home"
STATIC_URL = "/static/"
LANGUAGE_CODE = "en"
TIME_ZONE = "Europe/Paris"
USE_I18N = False
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {
        "flagship": {"handlers": ["stderr"], "level": "WARNING"},
        # Not a line for each browser that leaves early.
        "django.server": {"level": "WARNING"},
    },
}
