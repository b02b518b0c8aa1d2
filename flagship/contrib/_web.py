"""What the web frameworks share: the SDK's start by settings, and the visitor of one request."""
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
from flagship._events import current, describe
from flagship._troubleshooting import see
from flagship.app import Flagship, neutral_visitor
from flagship.config import Config
from flagship.errors import InitializationError
from flagship.handler import FlagshipEventHandler
from flagship.transport.client import doubt_of_timeout

#: What ids of users who are logged in begin with, unless the project makes its own.
USER = "user-"

# What an id in a cookie may be: more than the ids that are made here, as the cookie may be somebody
# else's.
_VISITOR_ID = re.compile(u"[!-~]{1,128}\\Z")


# The platform does not know this key or environment.
_MISCONFIGURED = (401, 403, 404)
# What is between here and the platform is not set up; an outage may look so, too, but rarely.
_CUT_OFF = (see("malformed-url"), see("proxy"), see("redirect"), see("tls"), see("unknown-host"),
            see("unreachable"))


class _Started(object):
    """What the SDK was started with from here: the settings, and the Config that tells whether it
    is still that. And the Config that a warning was given of."""

    given = config = warned_of = None


def start(settings):
    """Start the process's SDK. Applications with the same settings share one start; another one
    replaces it.

    :param Settings settings: those of ``START``, without a problem.
    """
    _start(settings)
    if settings.close_on_signals:
        _close_on_signals()


def _start(settings):
    flagship, handler = Flagship.instance(), settings.options.get("event_handler")
    given = settings.env_id, settings.api_key, settings.options
    if flagship.is_flagship_started():
        if flagship.config is _Started.config and given == _Started.given:
            return
        if flagship.config.env_id != settings.env_id:
            current().warning("A process has one SDK: the environment of the application that "
                              "starts now replaces that of the one before")
    if _Started.config is None:
        atexit.register(flagship.close)
    # A mistake in an argument becomes a log line and not a failed request, unless the settings say
    # otherwise.
    handler = handler or FlagshipEventHandler(catch_all_exceptions=True)
    config = Config(**dict(settings.options, event_handler=handler))
    _Started.given, _Started.config = given, config
    doubt = doubt_of_timeout(settings.options.get("timeout") or 0)
    if doubt:
        warnings.warn(doubt, RuntimeWarning)
    flagship.start(settings.env_id, settings.api_key, config)
    _warn_of_misconfiguration()


def _close_on_signals():
    try:
        Flagship.instance().close_on_signals()
    except ValueError:  # a thread other than the main one, where Python allows no handlers
        current().warning("FLAGSHIP_CLOSE_ON_SIGNALS has no effect, as the application was not "
                          "loaded in the main thread; a spool keeps what a signal would lose")


def _warn_of_misconfiguration():
    """Say once a start that the platform knows the key or the environment not, or cannot be
    reached, as it is said that one is missing: whoever configures no log would see defaults and
    nothing else."""
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
    """The visitor of one request: made and synchronised when it is first asked for, and then the
    same.

    :param Settings settings: those of ``VISITOR``.
    :param request: what the functions among the settings are called with.
    :param cookies: a mapping from name to value. The anonymous id in it is kept over logging in and
        out; anything but 1 to 128 printable ASCII characters counts as no id, and so does what has
        the form of a user's id.
    :param signer: signs the id in the cookie with ``sign`` and reads it with ``unsign``, which
        raises where the signature is not its own; None (default) where it is not signed.
    """

    def __init__(self, settings, request, cookies, signer=None):
        self._settings, self._request, self._cookies = settings, request, cookies
        self._signer = signer
        self._visitor, self._kept, self._at_work = None, None, False
        self._making = threading.RLock()

    @property
    def used(self):
        """Whether anybody asked for the visitor, so that the response depends on the cookie."""
        return self._visitor is not None

    def get(self):
        """The visitor. Never raises for what the settings' functions, the SDK or the platform do,
        and takes as long as one synchronisation at most."""
        if self._visitor is None:
            with self._making:
                if self._at_work:
                    raise RuntimeError("FLAGSHIP_CONTEXT and FLAGSHIP_USER_ID make the visitor and "
                                       "cannot use it")
                if self._visitor is None:
                    self._at_work = True
                    try:
                        self._visitor = self._make()
                    finally:
                        self._at_work = False
        return self._visitor

    def cookie(self, secure):
        """The cookie to set on the response.

        :param bool secure: whether the request came over https.
        :return: the arguments of ``set_cookie`` but for SameSite, a dict; None where nobody asked
            for the visitor, or where the browser has the id already.
        """
        if self._visitor is None:
            return None
        visitor_id = self._visitor.anonymous_id or self._visitor.visitor_id
        if visitor_id == self._kept:
            return None
        settings, value = self._settings, native(visitor_id)
        if self._signer is not None:
            value = six.ensure_str(self._signer.sign(value))
        if settings.cookie_secure is not None:
            secure = settings.cookie_secure
        elif settings.cookie_samesite == "None":
            secure = True  # browsers refuse the cookie otherwise
        return {"key": settings.cookie_name, "value": value, "max_age": settings.cookie_age,
                "path": "/", "domain": settings.cookie_domain, "secure": secure, "httponly": True}

    def _make(self):
        settings = self._settings
        self._kept = _read_cookie(self._cookies.get(settings.cookie_name), self._signer)
        context = self._ask("FLAGSHIP_CONTEXT", settings.context, _values.pairs,
                            "a mapping or None")
        user_id = self._ask("FLAGSHIP_USER_ID", settings.user_id, _read_id,
                            "text, an int, a UUID or None")
        flagship = Flagship.instance()
        try:
            visitor = flagship.create_visitor(self._kept, context=context)
            if self._kept is None:
                # Robots take no cookies: a visitor for each of their requests would fill the store.
                visitor._provisional_id = visitor.visitor_id
            if user_id and flagship.config.mode is Config.Mode.API:
                visitor.authenticate(user_id)
            if not visitor.synchronize_modifications()[0]:
                _warn_of_misconfiguration()
            return visitor
        except InitializationError:
            # Not a warning: it is known since the start, or the process ends.
            current().debug("[request] the visitor gets the defaults: Flagship is not started")
        except Exception as error:
            current().error("[request] the visitor gets the defaults: %s", describe(error))
        return neutral_visitor(self._kept)

    def _ask(self, name, function, read, allowed):
        """What a setting's function says of the request, as ``read`` reads it; None where there is
        no function or nothing, and, after one log line, where it fails or gives something else."""
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


def _read_cookie(value, signer):
    """The id in a cookie, or None."""
    value = to_text(value) if isinstance(value, string_types) else None
    if value and signer is not None:
        try:
            value = six.ensure_text(signer.unsign(value))
        except Exception:  # each framework has errors of its own for a bad signature
            return None
    if not value or not _VISITOR_ID.match(value):
        return None
    # Anybody can write a user's id there. The platform ignores case where it compares ids.
    return None if value.lower().startswith(USER) else value


def _read_id(value):
    """The id of a user as text; empty for nobody, which is whatever is no id and false, as what
    ``user.is_authenticated and user.pk`` may be."""
    try:
        return _values.text(value, identifiers=True)
    except _values.WrongType:
        if _values.flag(value):
            raise
        return u""


def read_flag(visitor, key, default, activate):
    """A flag for a template: what goes wrong is a log line and the default.

    :param visitor: gives the Visitor; what it raises says why there is none.
    :param default: anything: it is only ever given back.
    :param activate: by its truth.
    """
    try:
        # None stands for whatever the default is, which no check can then dislike.
        value = visitor().get_modification(key, None, activate=activate)
    except Exception as error:
        current().error("[flag] the default is shown: %s", describe(error))
        return default
    return default if value is None else value
