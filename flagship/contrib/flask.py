"""The Flask integration: ``flagship[flask]``."""
from __future__ import absolute_import

import hashlib
import warnings

from flask import current_app, has_request_context, request
from itsdangerous import Signer
from markupsafe import Markup
from werkzeug.local import LocalProxy

from flagship import _validation as check
from flagship.app import Flagship
from flagship.contrib import _settings, _web

__all__ = ["FlagshipExtension", "current_visitor"]

_NAME = "flagship"


class FlagshipExtension(object):
    """Starts the SDK with an application and gives each request its visitor,
    :data:`current_visitor`.

    The visitor is created and synchronised once, when the request first uses it. A request that
    does not use it costs nothing: no cookie, no network. The visitor's anonymous id is in the
    cookie and stays the same across login and logout. In API mode a logged-in user is authenticated
    before the synchronisation; in bucketing mode the visitor keeps the id in the cookie. A response
    that used the visitor has ``Vary: Cookie`` and ``Cache-Control: private``. In templates
    ``{{ flag('key', default) }}`` and ``{{ flag('key', default, activate=True) }}`` read a flag,
    and ``{{ flag_json() }}`` gives all of them to the page's JavaScript, as
    :meth:`flagship.visitor.Visitor.to_json` writes them.

    Nothing raises into a view: when the platform is unreachable or in panic, or the SDK is closed
    or not started, the visitor gives the defaults, and if one of your functions raises, that is
    logged.

    ``app.config`` may contain:

    - ``FLAGSHIP_ENV_ID`` and ``FLAGSHIP_API_KEY``: text. Without them every visitor gets the
      defaults, with a RuntimeWarning, unless the SDK was started by other means.
    - ``FLAGSHIP_OPTIONS``: a dict for :class:`flagship.Config`; default none. Without an
      ``event_handler``, errors in arguments are logged and not raised.
    - ``FLAGSHIP_CLOSE_ON_SIGNALS``: True delivers what is queued when SIGTERM or SIGINT ends the
      process, as :meth:`flagship.Flagship.close_on_signals` does; default False.
    - ``FLAGSHIP_CONTEXT``, ``FLAGSHIP_USER_ID`` and ``FLAGSHIP_CONSENT``: like the parameters
      below, or the dotted path of such a callable.
    - ``FLAGSHIP_COOKIE_NAME`` (``"flagship_visitor"``), ``FLAGSHIP_COOKIE_AGE`` (seconds, one
      year), ``FLAGSHIP_COOKIE_DOMAIN`` (None: the host of the request), ``FLAGSHIP_COOKIE_SECURE``
      (None: if the request came over https), ``FLAGSHIP_COOKIE_SAMESITE`` (``"Lax"``),
      ``FLAGSHIP_COOKIE_SIGNED`` (False; True signs the id with the application's secret key:
      someone who puts another visitor's id into the cookie becomes a new visitor).

    There is one SDK per process. Applications with the same credentials and options share it; an
    application with different ones replaces it.

    :param flask.Flask app: the application; None (default): :meth:`init_app` is called with it
        later.
    :param context: a callable from the request to the visitor's context, any mapping (read through
        its ``items()``) or None; takes precedence over ``app.config``.
    :param user_id: a callable from the request to the id of the logged-in user: text, an int or a
        UUID; None, or any other false value, if nobody is logged in; takes precedence likewise. An
        id in the cookie that begins with ``user-`` is refused, so give these ids that prefix, or
        sign the cookie.
    :param consent: a callable from the request to whether the visitor has consented to being
        tracked, a bool; takes precedence likewise. None, a value of another type and an exception
        count as no. Without consent nothing is tracked or saved, and the cookie ends with the
        browser's session (see :meth:`flagship.visitor.Visitor.set_consent`). Default: everybody
        has consented.
    :raises TypingError: on a setting of the wrong type.
    :raises ParamError: on a setting out of range, and if the cookie is to be signed but there is no
        secret key.
    """

    def __init__(self, app=None, context=None, user_id=None, consent=None):
        self._given = {"FLAGSHIP_CONTEXT": context, "FLAGSHIP_USER_ID": user_id,
                       "FLAGSHIP_CONSENT": consent}
        if app is not None:
            self.init_app(app)

    def init_app(self, app):
        """Initialise an application; may be called for several.

        :param flask.Flask app: the application, with its config complete.
        :raises TypingError: on a setting of the wrong type; nothing is changed.
        :raises ParamError: on a setting out of range, and if the cookie is to be signed but there
            is no secret key; nothing is changed.
        """
        settings = _settings.Settings(
            lambda name, default: self._given.get(name) or app.config.get(name, default))
        missing = [problem for problem in settings.problems
                   if isinstance(problem, _settings.MissingSetting)]
        for problem in settings.problems:
            if problem not in missing:
                raise problem
        signer = _make_signer(app, settings.cookie_name) if settings.cookie_signed else None
        if not missing:
            _web.start(settings)
        elif not Flagship.instance().is_flagship_started():
            for problem in missing:
                warnings.warn(problem.message, RuntimeWarning, stacklevel=2)
        if _NAME not in app.extensions:
            app.after_request(_keep_id)
            # A global, not a context processor, so that imported macros can use it too.
            app.jinja_env.globals.update(flag=_flag, flag_json=_flag_json)
        app.extensions[_NAME] = settings, signer


def _make_signer(app, cookie_name):
    if not app.secret_key:
        raise check.param_error("settings", "FLAGSHIP_COOKIE_SIGNED",
                                "needs the application's SECRET_KEY")
    keys = app.secret_key
    if "SECRET_KEY_FALLBACKS" in app.default_config:  # Flask 3.1 and later; the current key is last
        keys = list(app.config.get("SECRET_KEY_FALLBACKS") or ()) + [app.secret_key]
    return Signer(keys, salt="flagship." + cookie_name, key_derivation="hmac",
                  digest_method=hashlib.sha256)


def _request_visitor():
    if not has_request_context():
        raise RuntimeError("current_visitor is the visitor of a request, and there is no request "
                           "here; Flagship.instance().create_visitor() makes one for other work")
    if _NAME not in current_app.extensions:
        raise RuntimeError("current_visitor needs the extension: FlagshipExtension(app)")
    # Stored on the request: flask.g outlives it if a test pushes its own application context.
    own = request._get_current_object()
    if _NAME not in vars(own):
        settings, signer = current_app.extensions[_NAME]
        vars(own).setdefault(_NAME, _web.RequestVisitor(settings, own, own.cookies, signer))
    return vars(own)[_NAME]


#: The visitor of the current request, a :class:`flagship.visitor.Visitor`. Using it outside a
#: request, or without the extension, raises a RuntimeError.
current_visitor = LocalProxy(lambda: _request_visitor().get())


def _flag(key, default, activate=False):
    """Return a flag of the request's visitor, for templates; on any error, the default, with a log
    line."""
    return _web.read_flag(lambda: _request_visitor().get(), key, default, activate)


def _flag_json(with_ids=False):
    """Return all flags of the request's visitor as JSON, for templates; on any error ``{}``, with a
    log line."""
    return Markup(_web.read_json(lambda: _request_visitor().get(), with_ids))


def _keep_id(response):
    visitor = vars(request._get_current_object()).get(_NAME)
    if visitor is not None and visitor.used:
        response.vary.add("Cookie")
        response.cache_control.public = None
        response.cache_control.private = True
        cookie = visitor.cookie(request.is_secure)
        if cookie is not None:
            settings, _ = current_app.extensions[_NAME]
            response.set_cookie(samesite=settings.cookie_samesite, **cookie)
    return response
