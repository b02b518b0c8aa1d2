"""How cookies, and overrides in a header, are signed and set."""
from __future__ import absolute_import

import django
from django.core import signing

from flagship.contrib._overrides import AGE

_HAS_SAME_SITE = django.VERSION >= (2, 1)
_SALT = "flagship.overrides."


def loads_of(settings):
    """Return the function that reads the signed value of overrides; it raises on one that is forged
    or too old."""
    return lambda value: signing.loads(value, salt=_SALT + settings.cookie_name, max_age=AGE)


def dumps_of(settings):
    """Return the function that signs overrides."""
    return lambda kept: signing.dumps(kept, salt=_SALT + settings.cookie_name, compress=True)


def set_cookie(response, arguments, settings):
    """Set a cookie, with the SameSite of the settings.

    :param dict arguments: for ``set_cookie``.
    """
    response.set_cookie(**arguments)
    if _HAS_SAME_SITE and settings.cookie_samesite:
        # Not through set_cookie, which accepts 'None' only since Django 3.1.
        response.cookies[arguments["key"]]["samesite"] = settings.cookie_samesite
