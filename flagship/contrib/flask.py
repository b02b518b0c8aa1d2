"""What goes with Flask: ``flagship[flask]``."""
from __future__ import absolute_import

import hashlib
import warnings

from flask import current_app, has_request_context, request
from itsdangerous import Signer
from werkzeug.local import LocalProxy

from flagship import _validation as check
from flagship.app import Flagship
from flagship.contrib import _settings, _web

__all__ = ["FlagshipExtension", "current_visitor"]

_NAME = "flagship"


class FlagshipExtension(object):
    """Starts the SDK with an application and gives each request its visitor,
    :data:`current_visitor`.

    The visitor is made and synchronised when the request first uses it, once. Who does not use it
    pays nothing: no cookie, no network. Its anonymous id is in the cookie and stays the same over
    logging in and out. In API mode a user who is logged in is authenticated before the
    synchronisation; in bucketing mode the id of the cookie stays the visitor's. A response that
    used the visitor varies on the cookie and is ``Cache-Control: private``. In templates
    ``{{ flag('key', default) }}`` and ``{{ flag('key', default, activate=True) }}`` read a flag.

    Nothing raises into a view: without a platform, in panic, with the SDK closed or not started the
    visitor gives the defaults, and a function of yours that raises costs a log line.

    ``app.config`` may hold:

    - ``FLAGSHIP_ENV_ID`` and ``FLAGSHIP_API_KEY``: text. Without them every visitor gets the
      defaults, and a RuntimeWarning says so, unless the SDK was started otherwise.
    - ``FLAGSHIP_OPTIONS``: a dict for :class:`flagship.Config`; default none. Without an
      ``event_handler`` mistakes in arguments are log lines and raise nothing.
    - ``FLAGSHIP_CLOSE_ON_SIGNALS``: True has what is queued delivered when SIGTERM or SIGINT ends
      the process, as :meth:`flagship.Flagship.close_on_signals` does; default False.
    - ``FLAGSHIP_CONTEXT`` and ``FLAGSHIP_USER_ID``: as the parameters below, or the dotted path of
      such a callable.
    - ``FLAGSHIP_COOKIE_NAME`` (``"flagship_visitor"``), ``FLAGSHIP_COOKIE_AGE`` (seconds, one
      year), ``FLAGSHIP_COOKIE_DOMAIN`` (None: the host that is asked), ``FLAGSHIP_COOKIE_SECURE``
      (None: over https), ``FLAGSHIP_COOKIE_SAMESITE`` (``"Lax"``), ``FLAGSHIP_COOKIE_SIGNED``
      (False; True signs the id with the application's secret key: who writes another's id into the
      cookie is a new visitor).

    A process has one SDK. Applications with the same credentials and options share it; another
    one's replace it.

    :param flask.Flask app: the application; None (default): :meth:`init_app` is called with it
        later.
    :param context: a callable from the request to the visitor's context, any mapping or None, read
        by what its ``items()`` gives; it comes before the config's.
    :param user_id: a callable from the request to the id of the visitor who is logged in: text, an
        int or a UUID; None, or whatever else is false, for nobody; likewise. An id in the cookie
        that begins with ``user-`` is refused, so begin these ids so, or sign the cookie.
    :raises TypingError: on a setting of the wrong type.
    :raises ParamError: on a setting out of range, and where the cookie is to be signed without a
        secret key.
    """

    def __init__(self, app=None, context=None, user_id=None):
        self._given = {"FLAGSHIP_CONTEXT": context, "FLAGSHIP_USER_ID": user_id}
        if app is not None:
            self.init_app(app)

    def init_app(self, app):
        """Serve an application; may be called for several.

        :param flask.Flask app: the application, with its config complete.
        :raises TypingError: on a setting of the wrong type; nothing is changed.
        :raises ParamError: on a setting out of range, and where the cookie is to be signed without
            a secret key; nothing is changed.
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
            # A global and not a context processor, so that macros which are imported have it too.
            app.jinja_env.globals["flag"] = _flag
        app.extensions[_NAME] = settings, signer


def _make_signer(app, cookie_name):
    if not app.secret_key:
        raise check.param_error("settings", "FLAGSHIP_COOKIE_SIGNED",
                                "needs the application's SECRET_KEY")
    keys = app.secret_key
    if "SECRET_KEY_FALLBACKS" in app.default_config:  # from Flask 3.1 on; the present key is last
        keys = list(app.config.get("SECRET_KEY_FALLBACKS") or ()) + [app.secret_key]
    return Signer(keys, salt="flagship." + cookie_name, key_derivation="hmac",
                  digest_method=hashlib.sha256)


def _request_visitor():
    if not has_request_context():
        raise RuntimeError("current_visitor is the visitor of a request, and there is no request "
                           "here; Flagship.instance().create_visitor() makes one for other work")
    if _NAME not in current_app.extensions:
        raise RuntimeError("current_visitor needs the extension: FlagshipExtension(app)")
    # On the request, as flask.g outlives it where a test pushes an application context of its own.
    own = request._get_current_object()
    if _NAME not in vars(own):
        settings, signer = current_app.extensions[_NAME]
        vars(own).setdefault(_NAME, _web.RequestVisitor(settings, own, own.cookies, signer))
    return vars(own)[_NAME]


#: The visitor of the present request, a :class:`flagship.visitor.Visitor`. Outside of a request,
#: and without the extension, a use raises a RuntimeError that says so.
current_visitor = LocalProxy(lambda: _request_visitor().get())


def _flag(key, default, activate=False):
    """A flag of the request's visitor, for templates: the default, and a log line, where anything
    fails."""
    return _web.read_flag(lambda: _request_visitor().get(), key, default, activate)


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
