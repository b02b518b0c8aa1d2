"""What the web frameworks share: the FLAGSHIP_* settings, the SDK's start, and the visitor of one request."""
import atexit
import importlib
import os
import re
import sys
import threading
import traceback

from flagship import _validation as check
from flagship._compat import native, string_types, to_text
from flagship._events import current
from flagship.app import Flagship, neutral_visitor
from flagship.config import Config
from flagship.errors import FlagshipError, InitializationError, ParamError
from flagship.handler import FlagshipEventHandler

_ONE_YEAR = 365 * 24 * 3600  # seconds

# What an id in a cookie may be: more than the ids that are made here, as the cookie may be somebody else's.
_VISITOR_ID = re.compile(u"[!-~]{1,128}\\Z")
_COOKIE_NAME = re.compile(u"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}\\Z")
_DOMAIN = re.compile(u"[.0-9A-Za-z-]{1,253}\\Z")
_SAME_SITE = {u"lax": "Lax", u"strict": "Strict", u"none": "None"}


class MissingSetting(ParamError):
    """A setting that the SDK cannot start without."""


def _credential(name, value):
    if value is None or value == "":
        raise MissingSetting("settings: %s is missing, so every visitor gets the defaults" % name, "settings", name)
    return check.text("settings", name, value)


def _options(name, value):
    options = dict(check.instance("settings", name, {} if value is None else value, dict, "dict or None"))
    for key in options:
        if not isinstance(key, string_types):
            raise check.typing_error("settings", name, key, "a dict with text as keys")
    handler = options.get("event_handler")
    try:
        # One that catches all exceptions would swallow what is wrong with the others.
        Config(event_handler=handler)
        Config(**dict(options, event_handler=None))
    except FlagshipError as error:
        raise type(error)("settings: %s: %s" % (name, error.message), "settings", name)
    return options


def _function(name, value):
    if value is None or callable(value):
        return value
    if not isinstance(value, string_types):
        raise check.typing_error("settings", name, value, "a callable, the dotted path of one, or None")
    module, _, attribute = native(check.text("settings", name, value)).rpartition(".")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # whatever the module does when it is imported
        raise check.param_error("settings", name, "(%s) cannot be imported: %s" % (type(value).__name__, _said(error)))
    if not callable(found):
        raise check.typing_error("settings", name, found, "the dotted path of a callable")
    return found


def _cookie_name(name, value):
    accepted = check.text("settings", name, value)
    if not _COOKIE_NAME.match(accepted):
        raise check.param_error("settings", name, "must be 1 to 128 characters that the name of a cookie may have")
    return native(accepted)


def _cookie_age(name, value):
    return check.integer("settings", name, value, minimum=1, maximum=10 * _ONE_YEAR)


def _cookie_domain(name, value):
    if value is None:
        return None
    accepted = check.text("settings", name, value)
    if not _DOMAIN.match(accepted):
        raise check.param_error("settings", name, "must be a host name, or None for the host that is asked")
    return native(accepted)


def _cookie_secure(name, value):
    return value if value is None else check.boolean("settings", name, value)


def _cookie_samesite(name, value):
    if value is None:
        return None
    if not isinstance(value, string_types) or to_text(value) is None or to_text(value).lower() not in _SAME_SITE:
        raise check.param_error("settings", name, "(%s) must be 'Lax', 'Strict', 'None', or None to leave it out"
                                % type(value).__name__)
    return _SAME_SITE[to_text(value).lower()]


#: name -> (check, default): what the SDK starts with.
START = (("FLAGSHIP_ENV_ID", (_credential, None)), ("FLAGSHIP_API_KEY", (_credential, None)),
         ("FLAGSHIP_OPTIONS", (_options, None)))
#: The same for what the visitor of a request is made with.
VISITOR = (("FLAGSHIP_CONTEXT", (_function, None)), ("FLAGSHIP_USER_ID", (_function, None)),
           ("FLAGSHIP_COOKIE_NAME", (_cookie_name, "flagship_visitor")),
           ("FLAGSHIP_COOKIE_AGE", (_cookie_age, _ONE_YEAR)), ("FLAGSHIP_COOKIE_DOMAIN", (_cookie_domain, None)),
           ("FLAGSHIP_COOKIE_SECURE", (_cookie_secure, None)), ("FLAGSHIP_COOKIE_SAMESITE", (_cookie_samesite, "Lax")))


class Settings(object):
    """An application's settings, each checked once; ``FLAGSHIP_COOKIE_AGE`` is the attribute ``cookie_age``.

    :param get: called with a setting's name and its default; returns its value.
    :param table: ``START``, ``VISITOR`` or both, which is the default.
    :ivar list problems: a FlagshipError for each setting that is missing or wrong; its default counts instead.
    """

    def __init__(self, get, table=START + VISITOR):
        self.problems = []
        for name, (checked, default) in table:
            try:
                value = checked(name, get(name, default))
            except FlagshipError as error:
                self.problems.append(error)
                value = default
            setattr(self, name[len("FLAGSHIP_"):].lower(), value)


class _Started(object):
    """What the SDK was started with from here: the settings, and the Config that tells whether it is still that."""

    given = config = None


def start(settings):
    """Start the process's SDK. Applications with the same settings share one start; another one replaces it.

    :param Settings settings: those of ``START``, without a problem.
    """
    flagship, handler = Flagship.instance(), settings.options.get("event_handler")
    given = settings.env_id, settings.api_key, settings.options
    if flagship.is_flagship_started():
        if flagship.config is _Started.config and given == _Started.given:
            return
        if flagship.config.env_id != settings.env_id:
            current().warning("A process has one SDK: the environment of the application that starts now replaces "
                              "that of the one before")
    if _Started.config is None:
        atexit.register(flagship.close)
    # A mistake in an argument becomes a log line and not a failed request, unless the settings say otherwise.
    config = Config(**dict(settings.options, event_handler=handler or FlagshipEventHandler(catch_all_exceptions=True)))
    _Started.given, _Started.config = given, config
    flagship.start(settings.env_id, settings.api_key, config)


class RequestVisitor(object):
    """The visitor of one request: made and synchronised when it is first asked for, and then the same.

    :param Settings settings: those of ``VISITOR``.
    :param request: what the functions among the settings are called with.
    :param cookies: a mapping from name to value. The anonymous id in it is kept over logging in and out; anything but
        1 to 128 printable ASCII characters counts as no id.
    """

    def __init__(self, settings, request, cookies):
        self._settings, self._request, self._cookies = settings, request, cookies
        self._visitor, self._kept, self._at_work = None, None, False
        self._making = threading.RLock()

    @property
    def used(self):
        """Whether anybody asked for the visitor, so that the response depends on the cookie."""
        return self._visitor is not None

    def get(self):
        """The visitor. Never raises for what the settings' functions, the SDK or the platform do, and takes as long as
        one synchronisation at most."""
        if self._visitor is None:
            with self._making:
                if self._at_work:
                    raise RuntimeError("FLAGSHIP_CONTEXT and FLAGSHIP_USER_ID make the visitor and cannot use it")
                if self._visitor is None:
                    self._at_work = True
                    try:
                        self._visitor = self._made()
                    finally:
                        self._at_work = False
        return self._visitor

    def cookie(self, secure):
        """The cookie to set on the response.

        :param bool secure: whether the request came over https.
        :return: the arguments of ``set_cookie`` but for SameSite, a dict; None where nobody asked for the visitor, or
            where the browser has the id already.
        """
        if self._visitor is None:
            return None
        visitor_id = self._visitor.anonymous_id or self._visitor.visitor_id
        if visitor_id == self._kept:
            return None
        settings = self._settings
        if settings.cookie_secure is not None:
            secure = settings.cookie_secure
        elif settings.cookie_samesite == "None":
            secure = True  # browsers refuse the cookie otherwise
        return {"key": settings.cookie_name, "value": native(visitor_id), "max_age": settings.cookie_age, "path": "/",
                "domain": settings.cookie_domain, "secure": secure, "httponly": True}

    def _made(self):
        self._kept = _visitor_id(self._cookies.get(self._settings.cookie_name))
        context = self._asked("FLAGSHIP_CONTEXT", self._settings.context, dict, "dict")
        user_id = self._asked("FLAGSHIP_USER_ID", self._settings.user_id, string_types, "text")
        flagship = Flagship.instance()
        try:
            visitor = flagship.create_visitor(self._kept, context=context)
            if user_id and flagship.config.mode is Config.Mode.API:
                visitor.authenticate(user_id)
            visitor.synchronize_modifications()
            return visitor
        except InitializationError:
            # Not a warning: it is known since the start, or the process ends.
            current().debug("[request] the visitor gets the defaults: Flagship is not started")
        except Exception as error:
            current().error("[request] the visitor gets the defaults: %s", _said(error))
        return neutral_visitor(self._kept)

    def _asked(self, name, function, kind, allowed):
        """What a setting's function says of the request; None where it fails, after one log line."""
        if function is None:
            return None
        try:
            value = function(self._request)
        except Exception as error:
            path, line = traceback.extract_tb(sys.exc_info()[2])[-1][:2]
            current().error("[%s] raised %s (%s, line %d); the visitor goes without", name, _said(error),
                            os.path.basename(path), line)
            return None
        if value is None or isinstance(value, kind):
            return value
        current().error("[%s] returned %s, which must be %s or None; the visitor goes without", name,
                        type(value).__name__, allowed)
        return None


def _said(error):
    """An error in one line, such as ``KeyError: 'country'``, whatever its text is made of."""
    return traceback.format_exception_only(type(error), error)[-1].strip()


def _visitor_id(value):
    """The id in a cookie, or None."""
    value = to_text(value) if isinstance(value, string_types) else None
    return value if value and _VISITOR_ID.match(value) else None


def flag(visitor, key, default, activate):
    """A flag for a template: what goes wrong is a log line and the default.

    :param visitor: gives the Visitor; what it raises says why there is none.
    """
    try:
        return visitor().get_modification(key, default, activate=activate)
    except Exception as error:
        current().error("[flag] the default is shown: %s", _said(error))
        return default
