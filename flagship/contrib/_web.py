"""Code shared by the web frameworks: starting the SDK from settings, and the visitor of one
request."""
import atexit
import os
import re
import sys
import threading
import traceback
import warnings

import six

from flagship import _values
from flagship._compat import native, string_types, to_text
from flagship._events import EventLog, current, describe
from flagship._troubleshooting import see
from flagship.app import Flagship, neutral_visitor
from flagship.config import Config
from flagship.contrib._overrides import HEADER, find_overrides
from flagship.errors import InitializationError
from flagship.handler import FlagshipEventHandler
from flagship.transport.client import doubt_of_timeout

#: Prefix of the ids of logged-in users, unless the project supplies its own ids.
USER = "user-"

# The ids accepted in a cookie: more than the ids that are generated here, as other code may have
# set the cookie.
_VISITOR_ID = re.compile(u"[!-~]{1,128}\\Z")
# Ends the value of a cookie without an age, as browsers do not send the age. So the cookie is set
# again when consent is given or withdrawn, and only then.
_OF_SESSION = u"~session"


# The HTTP statuses of an unknown key or environment.
_MISCONFIGURED = (401, 403, 404)
# Errors of a network or proxy that is not set up; an outage rarely looks like this.
_CUT_OFF = (see("malformed-url"), see("proxy"), see("redirect"), see("tls"), see("unknown-host"),
            see("unreachable"))


class _Started(object):
    """The last start from settings: the settings given, the resulting Config (to tell whether the
    SDK still runs with it), and the Config that was last warned about."""

    given = config = warned_of = None


def start(settings):
    """Start the process-wide SDK. Applications with the same settings share it; an application with
    other settings replaces it.

    :param Settings settings: those of ``START``, without problems.
    """
    _start(settings)
    if settings.close_on_signals:
        _close_on_signals()


def _start(settings):
    flagship, handler = Flagship.instance(), settings.options.get("event_handler")
    given = settings.env_id, settings.api_key, settings.options, settings.hooks
    if flagship.is_flagship_started():
        if flagship.config is _Started.config and given == _Started.given:
            return
        if flagship.config.env_id != settings.env_id:
            current().warning("A process has one SDK: the environment of the application that "
                              "starts now replaces that of the one before")
    if _Started.config is None:
        atexit.register(flagship.close)
    # By default an error in an argument is logged and does not fail the request.
    handler = handler or FlagshipEventHandler(catch_all_exceptions=True)
    hooks = _create_hooks(settings, handler)
    config = Config(**dict(settings.options, event_handler=handler, hooks=hooks))
    _Started.given, _Started.config = given, config
    doubt = doubt_of_timeout(settings.options.get("timeout") or 0)
    if doubt:
        warnings.warn(doubt, RuntimeWarning)
    flagship.start(settings.env_id, settings.api_key, config)
    _warn_of_misconfiguration()


def _create_hooks(settings, handler):
    """Return the hooks of the settings; one whose class cannot be called is left out."""
    created = list(settings.options.get("hooks") or ())
    for hook in settings.hooks or ():
        try:
            created.append(hook() if isinstance(hook, type) else hook)
        except Exception as error:
            EventLog(handler).error("[FLAGSHIP_HOOKS] %s() raised %s; it is left out",
                                    hook.__name__, describe(error))
    return created


def _close_on_signals():
    try:
        Flagship.instance().close_on_signals()
    except ValueError:  # Python allows signal handlers only in the main thread
        current().warning("FLAGSHIP_CLOSE_ON_SIGNALS has no effect, as the application was not "
                          "loaded in the main thread; a spool keeps what a signal would lose")


def _warn_of_misconfiguration():
    """Issue a RuntimeWarning, once per start, if the platform does not know the key or environment,
    or cannot be reached. As with missing settings, a log line is not enough: without a configured
    log, one would only see that visitors get the defaults."""
    flagship = Flagship.instance()
    errors = flagship.status.last_errors
    for error in (errors.get("campaigns"), errors.get("bucketing")):
        if error is None or not (error.status in _MISCONFIGURED
                                 or error.cause.endswith(_CUT_OFF)):
            continue
        if _Started.warned_of is not flagship.config:
            _Started.warned_of = flagship.config
            warnings.warn("Flagship: %s" % error.cause, RuntimeWarning)


class RequestVisitor(object):
    """The visitor of one request: created and synchronised on first use, then reused.

    :param Settings settings: those of ``VISITOR``.
    :param request: the argument for the functions among the settings.
    :param cookies: a mapping from name to value. The anonymous id in it is kept across login and
        logout; anything but 1 to 128 printable ASCII characters counts as no id, and so does
        anything in the form of a user's id. ``~session`` after the id says that the cookie ends
        with the browser's session, as it does without consent.
    :param dict environ: the request as WSGI has it.
    :param signer: signs the id in the cookie with ``sign`` and reads it with ``unsign``, which
        raises on an invalid signature; None (default): the cookie is not signed.
    :param loads: reads the signed value of overrides, or raises; None (default): there are no
        overrides.
    :ivar dict own_context: the visitor's context without overrides; None before the first use.
    """

    own_context = _overrides = None

    def __init__(self, settings, request, cookies, environ, signer=None, loads=None):
        self._settings, self._request, self._cookies = settings, request, cookies
        self._environ, self._signer, self._loads = environ, signer, loads
        self._visitor, self._at_work = None, False
        self._kept = self._lasts = None  # the id in the cookie, and whether it outlives the session
        self._making = threading.RLock()

    @property
    def used(self):
        """Whether the visitor was used, so that the response depends on :attr:`headers`."""
        return self._visitor is not None

    @property
    def headers(self):
        """The names of the request's headers that say which visitor it is and what it is shown."""
        return ("Cookie", HEADER) if self._settings.overrides else ("Cookie",)

    @property
    def settings(self):
        return self._settings

    @property
    def overrides(self):
        """The Overrides that the sender has chosen, or None; makes no visitor."""
        loads = self._loads
        if loads is not None:
            self._overrides = find_overrides(self._environ, self._cookies, self._settings, loads)
            self._loads = None
        return self._overrides

    def get(self):
        """Return the visitor. Never raises because of the settings' functions, the SDK or the
        platform, and takes at most as long as one synchronisation."""
        if self._visitor is None:
            with self._making:
                if self._at_work:
                    raise RuntimeError("FLAGSHIP_CONTEXT, FLAGSHIP_USER_ID and FLAGSHIP_CONSENT "
                                       "make the visitor and cannot use it")
                if self._visitor is None:
                    self._at_work = True
                    try:
                        self._visitor = self._make()
                    finally:
                        self._at_work = False
        return self._visitor

    def cookie(self, secure):
        """Return the cookie to set on the response.

        :param bool secure: whether the request came over https.
        :return: the arguments of ``set_cookie``, except SameSite, a dict; None if the visitor was
            not used, or if the browser already has the id for as long as it may: without consent
            ``max_age`` is None, so that the cookie ends with the browser's session.
        """
        if self._visitor is None:
            return None
        visitor_id = self._visitor.anonymous_id or self._visitor.visitor_id
        lasts = self._visitor.has_consented
        if visitor_id == self._kept and lasts == self._lasts:
            return None
        settings, value = self._settings, native(visitor_id if lasts else visitor_id + _OF_SESSION)
        if self._signer is not None:
            value = six.ensure_str(self._signer.sign(value))
        return cookie_arguments(settings, settings.cookie_name, value,
                                settings.cookie_age if lasts else None, secure)

    def _make(self):
        settings = self._settings
        self._kept, self._lasts = _read_cookie(
            self._cookies.get(settings.cookie_name), self._signer)
        context = self._ask("FLAGSHIP_CONTEXT", settings.context, _values.pairs,
                            "a mapping or None")
        user_id = self._ask("FLAGSHIP_USER_ID", settings.user_id, _read_id,
                            "text, an int, a UUID or None")
        consents = settings.consent is None or bool(self._ask(
            "FLAGSHIP_CONSENT", settings.consent, _values.boolean, "a bool"))
        flagship = Flagship.instance()
        try:
            visitor = flagship.create_visitor(self._kept, context=context,
                                              has_consented=consents)
            if self._kept is None:
                # Bots ignore cookies: a visitor for each of their requests would fill the store.
                visitor._provisional_id = visitor.visitor_id
            self.own_context = visitor._context
            if self.overrides is not None:
                self.overrides.apply_to(visitor)
            if user_id and flagship.config.mode is Config.Mode.API:
                visitor.authenticate(user_id)
            if not visitor.synchronize_modifications()[0]:
                _warn_of_misconfiguration()
            return visitor
        except InitializationError:
            # Not a warning: either there was one at startup, or the process is ending.
            current().debug("[request] the visitor gets the defaults: Flagship is not started")
        except Exception as error:
            current().error("[request] the visitor gets the defaults: %s", describe(error))
        return neutral_visitor(self._kept, consents)

    def _ask(self, name, function, read, allowed):
        """Return the result of a setting's function for the request, converted by ``read``. None if
        there is no function or no result and, with one log line, if it raises or returns something
        invalid."""
        if function is None:
            return None
        try:
            value = function(self._request)
        except Exception as error:
            path, line = traceback.extract_tb(sys.exc_info()[2])[-1][:2]
            current().error("[%s] raised %s (%s, line %d); the visitor goes without", name,
                            describe(error), os.path.basename(path), line)
            return None
        try:
            return read(value)
        except _values.Absent:
            return None
        except (_values.Unreadable, _values.WrongType) as problem:
            current().error("[%s] returned %s, which %s; the visitor goes without", name,
                            type(value).__name__, "%s" % problem or "must be " + allowed)
            return None


def cookie_arguments(settings, name, value, age, secure):
    """Return the arguments of ``set_cookie``, except SameSite, for a cookie with the attributes
    that the settings give.

    :param age: seconds; None: it ends with the browser's session.
    :param bool secure: whether the request came over https.
    """
    if settings.cookie_secure is not None:
        secure = settings.cookie_secure
    elif settings.cookie_samesite == "None":
        secure = True  # browsers refuse the cookie otherwise
    return {"key": name, "value": value, "max_age": age, "path": "/",
            "domain": settings.cookie_domain, "secure": secure, "httponly": True}


def _read_cookie(value, signer):
    """Return the id in a cookie, or None, and whether the cookie outlives the browser's session."""
    value = to_text(value) if isinstance(value, string_types) else None
    if value and signer is not None:
        try:
            value = six.ensure_text(signer.unsign(value))
        except Exception:  # each framework has its own exceptions for a bad signature
            value = None
    value = value or u""
    lasts = not value.endswith(_OF_SESSION)
    value = value if lasts else value[:-len(_OF_SESSION)]
    # Anyone can forge a cookie with a user's id. The platform compares ids case-insensitively.
    if not _VISITOR_ID.match(value) or value.lower().startswith(USER):
        return None, lasts
    return value, lasts


def _read_id(value):
    """Return a user's id as text, or empty text if nobody is logged in. A false value that is not
    an id counts as that too, such as the False of ``user.is_authenticated and user.pk``."""
    try:
        return _values.text(value, identifiers=True)
    except _values.WrongType:
        if _values.flag(value):
            raise
        return u""


def read_flag(visitor, key, default, activate):
    """Return a flag for a template; on any error, log it and return the default.

    :param visitor: a callable that returns the Visitor; the exception that it raises says why there
        is none.
    :param default: anything; it is only returned.
    :param activate: evaluated as a truth value.
    """
    try:
        # Passing None in place of the default ensures that the default is never inspected.
        value = visitor().get_modification(key, None, activate=activate)
    except Exception as error:
        current().error("[flag] the default is shown: %s", describe(error))
        return default
    return default if value is None else value


def read_json(visitor, with_ids):
    """Return the visitor's flags for a page's JavaScript, as :meth:`Visitor.to_json` does; on any
    error, log it and return ``"{}"``.

    :param visitor: as in :func:`read_flag`.
    """
    try:
        return visitor().to_json(with_ids)
    except Exception as error:
        current().error("[flags as JSON] the defaults are shown: %s", describe(error))
        return u"{}"
