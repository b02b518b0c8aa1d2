"""Overrides: the forced variations and the context that somebody who checks a release has chosen
for their own browser, kept in a signed cookie, or for a program's requests, in a signed header."""
from flagship import _validation as check
from flagship import _values
from flagship._compat import integer_types, string_types
from flagship._events import current, describe

#: Seconds after which a signed value counts no more: a working day.
AGE = 12 * 3600
#: The header that may have such a value in place of the cookie, for programs.
HEADER = "X-Flagship-Overrides"
_IN_ENVIRON = "HTTP_X_FLAGSHIP_OVERRIDES"  # as WSGI has it, and Django's request.META
# Maximum length of the cookie's value; browsers keep 4096 bytes with its name and attributes.
_MOST = 3500
_SUFFIX = "_overrides"


class Overrides(object):
    """
    :ivar dict forced: campaign id to variation id.
    :ivar dict context: context key to the value in place of the visitor's own; None takes the key
        away.
    """

    def __init__(self, forced, context):
        self.forced, self.context = forced, context

    def apply_to(self, visitor):
        """Change a visitor that is not synchronised yet."""
        visitor.force_variations(self.forced)
        if self.context:
            visitor._context = {key: value for key, value in visitor._context.items()
                                if self.context.get(key, value) is not None}
            visitor.update_context(self.context)


def cookie_name(settings):
    """Return the name of the cookie of overrides."""
    return settings.cookie_name + _SUFFIX


def dump_overrides(function, forced, context, dumps):
    """Return the value of the cookie or header.

    :param str function: the name of the call that was given the rest.
    :param dumps: signs a JSON-serialisable object.
    :raises TypingError: if ``forced`` or ``context`` is neither a mapping nor None.
    :raises ParamError: if what they hold cannot be kept in a cookie.
    """
    kept = Overrides(_plain(function, "forced_variations", forced, _read_id),
                     _plain(function, "context", context, _read_scalar))
    value = dumps({"v": kept.forced, "c": kept.context})
    if len(value) > _MOST:
        raise check.param_error(function, "forced_variations", "is too much for a cookie, together "
                                "with the context")
    return value


def find_overrides(environ, cookies, settings, loads):
    """Return the Overrides of a request, those in its header before those in its cookie, or None.

    :param dict environ: as WSGI has it.
    :param cookies: a mapping from name to value.
    :param loads: returns the object that was signed, or raises.
    """
    return (_read_overrides(environ.get(_IN_ENVIRON), loads)
            or _read_overrides(cookies.get(cookie_name(settings)), loads))


def _read_overrides(value, loads):
    """Return the Overrides in a signed value; None, without an error, if it is missing, forged,
    expired or anything else."""
    if not isinstance(value, string_types) or not 0 < len(value) <= _MOST:
        return None
    try:
        kept = loads(value)
        found = Overrides(dict(kept["v"]), dict(kept["c"]))
        if all(map(_is_text, found.forced.values())) and all(
                map(_is_scalar, found.context.values())):
            return found
    except Exception as error:  # each framework has its own exceptions for a bad signature
        current().debug("[overrides] the signed value is ignored: %s", describe(error))
    return None


def may_override(chosen, request):
    """Return whether the sender of a request may set overrides.

    :param chosen: the setting: False, or a function of the request.
    """
    try:
        return bool(chosen) and _values.flag(chosen(request))
    except Exception as error:  # the project's function may raise anything
        current().error("[FLAGSHIP_OVERRIDES] raised %s: nobody may set overrides",
                        describe(error))
        return False


def _plain(function, name, given, read):
    try:
        pairs = _values.pairs(given)
    except _values.Absent:
        return {}
    except (_values.WrongType, _values.Unreadable):
        raise check.typing_error(function, name, given, "a mapping or None")
    try:
        return {_values.text(key, identifiers=True): read(value) for key, value in pairs}
    except (ValueError, _values.Absent, _values.WrongType, _values.Unreadable):  # or no pair
        raise check.param_error(function, name, "has a key or a value that cannot be kept")


def _read_id(value):
    return _values.text(value, identifiers=True)


def _read_scalar(value):
    return value if value is None else _values.scalar(value)


def _is_text(value):
    return isinstance(value, string_types)


def _is_scalar(value):
    return value is None or isinstance(value, string_types + integer_types + (float,))
