"""What goes with Django: ``flagship[django]``.

Add ``"flagship.contrib.django"`` to ``INSTALLED_APPS`` and, after the middlewares of sessions and
authentication, ``"flagship.contrib.django.middleware.FlagshipMiddleware"`` to ``MIDDLEWARE``. Then
``request.flagship`` is the request's visitor, and ``{% load flagship %}{% flag 'key' default %}``
reads a flag in a template. The settings:

- ``FLAGSHIP_ENV_ID`` and ``FLAGSHIP_API_KEY``: text; without them every visitor gets the defaults.
- ``FLAGSHIP_OPTIONS``: a dict for :class:`flagship.Config`; default none. Without an
  ``event_handler`` mistakes in arguments are log lines and raise nothing.
- ``FLAGSHIP_CLOSE_ON_SIGNALS``: True has what is queued delivered when SIGTERM or SIGINT ends the
  process, as :meth:`flagship.Flagship.close_on_signals` does; default False.
- ``FLAGSHIP_CONTEXT``: a callable, or the dotted path of one, from the request to the visitor's
  context, any mapping, read by what its ``items()`` gives.
- ``FLAGSHIP_USER_ID``: the same, to the id of the visitor who is logged in: text, an int or a UUID;
  None, or whatever else is false, for nobody. By default ``user-`` and the user's primary key. An
  id in the cookie that begins with ``user-`` is refused.
- ``FLAGSHIP_COOKIE_NAME`` (``"flagship_visitor"``), ``FLAGSHIP_COOKIE_AGE`` (seconds, one year),
  ``FLAGSHIP_COOKIE_DOMAIN`` (None: the host that is asked), ``FLAGSHIP_COOKIE_SECURE`` (None: over
  https), ``FLAGSHIP_COOKIE_SAMESITE`` (``"Lax"``; Django 1.11 has none),
  ``FLAGSHIP_COOKIE_SIGNED`` (False; True signs the id with the ``SECRET_KEY``: who writes another's
  id into the cookie is a new visitor).
"""
from __future__ import absolute_import

import django

from flagship.contrib.django.cache import DjangoVisitorCache

if django.VERSION < (3, 2):  # later versions find it, and warn of this
    default_app_config = "flagship.contrib.django.apps.FlagshipConfig"

__all__ = ["DjangoVisitorCache"]
