"""The Flask integration: ``flagship[flask]``."""
from __future__ import absolute_import

import hashlib
import warnings

import six
from flask import current_app, has_request_context, request
from itsdangerous import Signer, URLSafeTimedSerializer
from markupsafe import Markup
from werkzeug.exceptions import Forbidden
from werkzeug.local import LocalProxy

from flagship import _validation as check
from flagship.app import Flagship
from flagship.contrib import _overrides, _settings, _web

__all__ = ["FlagshipExtension", "current_visitor", "forget_overrides", "save_overrides",
           "sign_overrides"]

_NAME = "flagship"
_SIGNING = {"key_derivation": "hmac", "digest_method": hashlib.sha256}


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
    - ``FLAGSHIP_OVERRIDES``: a callable, or the dotted path of one, from the request to whether its
      sender may call :func:`save_overrides`; False (default): nobody may, and neither the cookie
      that it sets nor the header of :func:`sign_overrides` is read. Needs the application's secret
      key.

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
    :raises ParamError: on a setting out of range, and if a cookie is to be signed but there is no
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
        :raises ParamError: on a setting out of range, and if a cookie is to be signed but there is
            no secret key; nothing is changed.
        """
        settings = _settings.Settings(
            lambda name, default: self._given.get(name) or app.config.get(name, default))
        missing = [problem for problem in settings.problems
                   if isinstance(problem, _settings.MissingSetting)]
        for problem in settings.problems:
            if problem not in missing:
                raise problem
        signer = _make_signer(app, settings.cookie_name) if settings.cookie_signed else None
        serializer = _make_serializer(app, settings)
        if not missing:
            _web.start(settings)
        elif not Flagship.instance().is_flagship_started():
            for problem in missing:
                warnings.warn(problem.message, RuntimeWarning, stacklevel=2)
        if _NAME not in app.extensions:
            app.after_request(_keep_id)
            # A global, not a context processor, so that imported macros can use it too.
            app.jinja_env.globals.update(flag=_flag, flag_json=_flag_json)
        app.extensions[_NAME] = settings, signer, serializer


def _make_signer(app, cookie_name):
    return Signer(_keys(app, "FLAGSHIP_COOKIE_SIGNED"), salt="flagship." + cookie_name, **_SIGNING)


def _make_serializer(app, settings):
    """Return what signs and reads overrides; None if there are none."""
    if not settings.overrides:
        return None
    if settings.overrides is True:
        raise check.param_error("settings", "FLAGSHIP_OVERRIDES", "must be a function of the "
                                "request, as Flask does not know who is staff")
    return URLSafeTimedSerializer(
        _keys(app, "FLAGSHIP_OVERRIDES"), salt="flagship.overrides." + settings.cookie_name,
        signer_kwargs=_SIGNING)


def _keys(app, setting):
    if not app.secret_key:
        raise check.param_error("settings", setting, "needs the application's SECRET_KEY")
    if "SECRET_KEY_FALLBACKS" in app.default_config:  # Flask 3.1 and later; the current key is last
        return list(app.config.get("SECRET_KEY_FALLBACKS") or ()) + [app.secret_key]
    return app.secret_key


def _request_visitor():
    if not has_request_context():
        raise RuntimeError("current_visitor is the visitor of a request, and there is no request "
                           "here; Flagship.instance().create_visitor() makes one for other work")
    if _NAME not in current_app.extensions:
        raise RuntimeError("current_visitor needs the extension: FlagshipExtension(app)")
    # Stored on the request: flask.g outlives it if a test pushes its own application context.
    own = request._get_current_object()
    if _NAME not in vars(own):
        settings, signer, serializer = current_app.extensions[_NAME]
        loads = serializer and (lambda value: serializer.loads(value, max_age=_overrides.AGE))
        vars(own).setdefault(_NAME, _web.RequestVisitor(
            settings, own, own.cookies, own.environ, signer, loads))
    return vars(own)[_NAME]


#: The visitor of the current request, a :class:`flagship.visitor.Visitor`. Using it outside a
#: request, or without the extension, raises a RuntimeError.
current_visitor = LocalProxy(lambda: _request_visitor().get())


def save_overrides(response, forced_variations, context=None):
    """Have the browser that sent the current request be shown chosen variations for the next twelve
    hours, in place of what was set before. The cookie is signed and HttpOnly; the next request is
    the first to use it. ``current_visitor.forced_variations`` says what a page is shown with.

    :param response: the response that gets the cookie.
    :param forced_variations: a mapping from campaign id to variation id, see
        :meth:`flagship.visitor.Visitor.force_variations`; None: none.
    :param context: a mapping from context key to the value that takes the place of the visitor's
        own, or to None for a key that is taken away; None (default): the context is left as it is.
    :raises werkzeug.exceptions.Forbidden: if ``FLAGSHIP_OVERRIDES`` does not let the sender.
    :raises TypingError: if one of them is neither a mapping nor None.
    :raises ParamError: if they hold something else than text, numbers and booleans, or more than a
        cookie does.
    """
    settings, _, serializer = current_app.extensions[_NAME]
    own = request._get_current_object()
    if not _overrides.may_override(settings.overrides, own):
        raise Forbidden()
    value = _dump("save_overrides", forced_variations, context, serializer)
    response.set_cookie(samesite=settings.cookie_samesite, **_web.cookie_arguments(
        settings, _overrides.cookie_name(settings), value, _overrides.AGE, own.is_secure))


def sign_overrides(forced_variations, context=None):
    """Return the value with which requests that have it in the header ``X-Flagship-Overrides`` are
    shown chosen variations for the next twelve hours, for tests and other programs; called within
    the application's context. It wins over the cookie. Whoever has the value may use it: hand it
    only to whom ``FLAGSHIP_OVERRIDES`` lets.

    :param forced_variations: as for :func:`save_overrides`.
    :param context: likewise; default None.
    :return: ASCII text, of a native ``str``.
    :raises TypingError: if one of them is neither a mapping nor None.
    :raises ParamError: if they hold something else than text, numbers and booleans, or more than a
        cookie does; where ``FLAGSHIP_OVERRIDES`` is off, so that nothing reads it.
    """
    serializer = current_app.extensions[_NAME][2]
    if serializer is None:
        raise check.param_error("settings", "FLAGSHIP_OVERRIDES", "must let somebody, or nothing "
                                "reads what sign_overrides returns")
    return _dump("sign_overrides", forced_variations, context, serializer)


def _dump(function, forced, context, serializer):
    return six.ensure_str(
        _overrides.dump_overrides(function, forced, context, serializer.dumps))


def forget_overrides(response):
    """Have the browser that sent the current request be shown its own variations again. Anybody
    may.

    :param response: the response that removes the cookie.
    """
    settings = current_app.extensions[_NAME][0]
    response.delete_cookie(_overrides.cookie_name(settings), domain=settings.cookie_domain)


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
        response.vary.update(visitor.headers)
        response.cache_control.public = None
        response.cache_control.private = True
        if visitor.overrides is not None:
            response.cache_control.no_store = True
        cookie = visitor.cookie(request.is_secure)
        if cookie is not None:
            response.set_cookie(samesite=visitor.settings.cookie_samesite, **cookie)
    return response
