"""The Django integration: ``flagship[django]``.

Add ``"flagship.contrib.django"`` to ``INSTALLED_APPS`` and, after the session and authentication
middleware, ``"flagship.contrib.django.middleware.FlagshipMiddleware"`` to ``MIDDLEWARE``. Then
``request.flagship`` is the request's visitor; after ``{% load flagship %}`` a template reads a flag
with ``{% flag 'key' default %}``, and ``{% flagship_json %}`` gives all of them to the page's
JavaScript. The settings:

- ``FLAGSHIP_ENV_ID`` and ``FLAGSHIP_API_KEY``: text; without them every visitor gets the defaults.
- ``FLAGSHIP_OPTIONS``: a dict for :class:`flagship.Config`; default none. Without an
  ``event_handler``, errors in arguments are logged and not raised.
- ``FLAGSHIP_CLOSE_ON_SIGNALS``: True delivers what is queued when SIGTERM or SIGINT ends the
  process, as :meth:`flagship.Flagship.close_on_signals` does; default False.
- ``FLAGSHIP_CONTEXT``: a callable, or the dotted path of one, from the request to the visitor's
  context, any mapping (read through its ``items()``).
- ``FLAGSHIP_USER_ID``: a callable, or the dotted path of one, from the request to the id of the
  logged-in user: text, an int or a UUID; None, or any other false value, if nobody is logged in. By
  default, ``user-`` followed by the user's primary key. An id in the cookie that begins with
  ``user-`` is refused.
- ``FLAGSHIP_CONSENT``: a callable, or the dotted path of one, from the request to whether the
  visitor has consented to being tracked, a bool; None, a value of another type and an exception
  count as no. Without consent nothing is tracked or saved, and the cookie ends with the browser's
  session (see :meth:`flagship.visitor.Visitor.set_consent`). Default: everybody has consented.
- ``FLAGSHIP_COOKIE_NAME`` (``"flagship_visitor"``), ``FLAGSHIP_COOKIE_AGE`` (seconds, one year),
  ``FLAGSHIP_COOKIE_DOMAIN`` (None: the host of the request), ``FLAGSHIP_COOKIE_SECURE`` (None: if
  the request came over https), ``FLAGSHIP_COOKIE_SAMESITE`` (``"Lax"``; not supported by Django
  1.11), ``FLAGSHIP_COOKIE_SIGNED`` (False; True signs the id with the ``SECRET_KEY``: someone who
  puts another visitor's id into the cookie becomes a new visitor).
- ``FLAGSHIP_OVERRIDES``: who may force variations for their own browser, see
  :mod:`flagship.contrib.django.overrides` and :mod:`flagship.contrib.django.qa`: True for active
  members of staff, or a callable, or the dotted path of one, from the request to a truth value;
  False (default): nobody.
"""
from __future__ import absolute_import

import django

from flagship.contrib.django.cache import DjangoVisitorCache

if django.VERSION < (3, 2):  # later versions detect the AppConfig, and warn about this setting
    default_app_config = "flagship.contrib.django.apps.FlagshipConfig"

__all__ = ["DjangoVisitorCache"]
