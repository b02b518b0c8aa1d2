"""The FLAGSHIP_* settings of an application on a web framework, each checked once."""
import importlib
import re

from flagship import _validation as check
from flagship._compat import native, string_types, to_text
from flagship._credentials import credential_problem
from flagship._events import describe
from flagship._troubleshooting import see
from flagship.config import Config
from flagship.errors import FlagshipError, ParamError

_ONE_YEAR = 365 * 24 * 3600  # seconds

_COOKIE_NAME = re.compile(u"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}\\Z")
_DOMAIN = re.compile(u"[.0-9A-Za-z-]{1,253}\\Z")
_SAME_SITE = {u"lax": "Lax", u"strict": "Strict", u"none": "None"}


class MissingSetting(ParamError):
    """A setting that the SDK cannot start without."""


def _credential(name, value):
    if value is None or value == "":
        raise MissingSetting("settings: %s is missing, so every visitor gets the defaults%s"
                             % (name, see("missing-settings")), "settings", name)
    accepted = check.text("settings", name, value)
    problem = credential_problem(name[len("FLAGSHIP_"):].lower(), accepted.strip())
    if problem:
        raise check.param_error("settings", name, "(%s) %s" % (type(value).__name__, problem))
    return accepted


def _options(name, value):
    value = {} if value is None else value
    options = dict(check.instance("settings", name, value, dict, "dict or None"))
    for key in options:
        if not isinstance(key, string_types):
            raise check.typing_error("settings", name, key, "a dict with text as keys")
    handler = options.get("event_handler")
    try:
        # The other options are checked without it: a handler that catches all exceptions would
        # swallow their errors.
        Config(event_handler=handler)
        Config(**dict(options, event_handler=None))
    except FlagshipError as error:
        raise type(error)("settings: %s: %s" % (name, error.message), "settings", name)
    return options


def _function(name, value):
    if value is None or callable(value):
        return value
    if not isinstance(value, string_types):
        raise check.typing_error("settings", name, value,
                                 "a callable, the dotted path of one, or None")
    found = _import_path(name, value)
    if not callable(found):
        raise check.typing_error("settings", name, found, "the dotted path of a callable")
    return found


def nobody(request):
    """Stand in for a ``FLAGSHIP_CONSENT`` that is invalid: nobody has consented."""
    return False


def _import_path(name, path):
    """Return what a dotted path names."""
    module, _, attribute = native(check.text("settings", name, path)).rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:  # importing a module may raise anything
        raise check.param_error("settings", name, "(%s) cannot be imported: %s"
                                % (type(path).__name__, describe(error)))


def _hooks(name, value):
    """Return the hooks, and the classes of those that are still to be made: a check must not make
    any, as one may register something."""
    if value is None:
        return ()
    from flagship.hooks import Hook
    allowed = "a list or tuple of hooks, subclasses of flagship.hooks.Hook or their dotted paths"
    found = tuple(_import_path(name, each) if isinstance(each, string_types) else each
                  for each in check.instance("settings", name, value, (list, tuple), allowed))
    for each in found:
        if not (isinstance(each, Hook) or isinstance(each, type) and issubclass(each, Hook)):
            raise check.typing_error("settings", name, each, allowed)
    return found


def _cookie_name(name, value):
    accepted = check.text("settings", name, value)
    if not _COOKIE_NAME.match(accepted):
        raise check.param_error("settings", name, "must be 1 to 128 characters that the name of "
                                "a cookie may have")
    return native(accepted)


def _cookie_age(name, value):
    return check.integer("settings", name, value, minimum=1, maximum=10 * _ONE_YEAR)


def _cookie_domain(name, value):
    if value is None:
        return None
    accepted = check.text("settings", name, value)
    if not _DOMAIN.match(accepted):
        raise check.param_error("settings", name,
                                "must be a host name, or None for the host that is asked")
    return native(accepted)


def _cookie_secure(name, value):
    return value if value is None else check.boolean("settings", name, value)


def _switch(name, value):
    return check.boolean("settings", name, value)


def _overrides(name, value):
    return value if isinstance(value, bool) else _function(name, value) or False


def _cookie_samesite(name, value):
    if value is None:
        return None
    accepted = to_text(value) if isinstance(value, string_types) else None
    if accepted is None or accepted.lower() not in _SAME_SITE:
        raise check.param_error("settings", name, "(%s) must be 'Lax', 'Strict', 'None', or None "
                                "to leave it out" % type(value).__name__)
    return _SAME_SITE[accepted.lower()]


#: name -> (check, default): the settings that the SDK is started with.
START = (("FLAGSHIP_ENV_ID", (_credential, None)),
         ("FLAGSHIP_API_KEY", (_credential, None)),
         ("FLAGSHIP_OPTIONS", (_options, None)),
         ("FLAGSHIP_HOOKS", (_hooks, None)),
         ("FLAGSHIP_CLOSE_ON_SIGNALS", (_switch, False)))
#: Likewise, the settings that the visitor of a request is created with.
VISITOR = (("FLAGSHIP_CONTEXT", (_function, None)),
           ("FLAGSHIP_USER_ID", (_function, None)),
           ("FLAGSHIP_CONSENT", (_function, None)),
           ("FLAGSHIP_COOKIE_NAME", (_cookie_name, "flagship_visitor")),
           ("FLAGSHIP_COOKIE_AGE", (_cookie_age, _ONE_YEAR)),
           ("FLAGSHIP_COOKIE_DOMAIN", (_cookie_domain, None)),
           ("FLAGSHIP_COOKIE_SECURE", (_cookie_secure, None)),
           ("FLAGSHIP_COOKIE_SAMESITE", (_cookie_samesite, "Lax")),
           ("FLAGSHIP_COOKIE_SIGNED", (_switch, False)),
           ("FLAGSHIP_OVERRIDES", (_overrides, False)))


class Settings(object):
    """An application's settings, each checked once; ``FLAGSHIP_COOKIE_AGE`` is the attribute
    ``cookie_age``.

    :param get: called with a setting's name and its default; returns its value.
    :param table: ``START``, ``VISITOR`` or both (default).
    :ivar list problems: a FlagshipError for each setting that is missing or invalid; its default is
        used instead, and :func:`nobody` as the consent.
    """

    def __init__(self, get, table=START + VISITOR):
        self.problems = []
        for name, (checked, default) in table:
            try:
                value = checked(name, get(name, default))
            except FlagshipError as error:
                self.problems.append(error)
                value = nobody if name == "FLAGSHIP_CONSENT" else default
            setattr(self, name[len("FLAGSHIP_"):].lower(), value)
