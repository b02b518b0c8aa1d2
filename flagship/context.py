"""What a visitor's context may contain, and which part of it is sent to the platform."""
from flagship import _values
from flagship._compat import Enum, is_ascii, text_type
from flagship.errors import ContextError

# Keys with this prefix are for targeting inside the process only.
PRIVATE_PREFIX = u"fs_"


class PresetContext(Enum):
    """The context keys that are predefined on the platform. Any of them may be used as a key of a
    visitor's context; none is set unless the caller sets it."""

    FS_ALL_USERS = u"fs_all_users"
    FS_USERS = u"fs_users"
    DEVICE_LOCALE = u"sdk_deviceLanguage"
    DEVICE_TYPE = u"sdk_deviceType"
    DEVICE_MODEL = u"sdk_deviceModel"
    LOCATION_CITY = u"sdk_city"
    LOCATION_REGION = u"sdk_region"
    LOCATION_COUNTRY = u"sdk_country"
    LOCATION_LAT = u"sdk_lat"
    LOCATION_LONG = u"sdk_long"
    IP = u"sdk_ip"
    OS_NAME = u"sdk_osName"
    OS_VERSION = u"sdk_osVersion"
    API_LEVEL = u"sdk_apiLevel"
    PYTHON_VERSION = u"sdk_pythonVersion"
    CARRIER_NAME = u"sdk_carrierName"
    DEV_MODE = u"sdk_devMode"
    FIRST_TIME_INIT = u"sdk_firstTimeInit"
    INTERNET_CONNECTION = u"sdk_internetConnection"
    APP_VERSION_NAME = u"sdk_versionName"
    APP_VERSION_CODE = u"sdk_versionCode"
    FS_VERSION = u"sdk_fsVersion"
    INTERFACE_NAME = u"sdk_interfaceName"


_PLAIN = 2 ** 63  # ints below this need no size check
_PRESET_KEYS = frozenset(key.value for key in PresetContext)


def key_text(key):
    """Return the context key ``key`` as text; raises ContextError if it is not a valid key."""
    try:
        return _values.text(key)
    except (_values.Absent, _values.WrongType):
        raise ContextError("a context key must be text or a PresetContext, not %s"
                           % type(key).__name__)
    except _values.Unreadable as problem:
        raise ContextError("a context key (%s) %s" % (type(key).__name__, problem))


def checked_value(key, value):
    """Return the context value ``value`` in its internal form.

    :raises flagship._values.Absent: if there is no value.
    :raises ContextError: if it cannot be a context value.
    """
    try:
        return _values.scalar(value)
    except _values.WrongType:
        raise ContextError("the value of context key %r must be text, bool, int or float, not %s"
                           % (key, type(value).__name__))
    except _values.Unreadable as problem:
        raise ContextError("the value of context key %r (%s) %s"
                           % (key, type(value).__name__, problem))


def checked_pairs(function, pairs, events):
    """Check each pair, and return ``({key: value} of the valid ones, a tuple of one (key, success,
    log, None) per pair)``. An invalid pair is rejected individually.

    :param str function: the name of the call that was given the pairs, for the log lines.
    :param EventLog events: receives a line for each pair that is rejected or has no value.
    """
    good, results = {}, []
    for pair in pairs:
        key, log = pair[0] if pair else None, ""
        try:
            if len(pair) != 2:
                raise ContextError("a context tuple must be (key, value), not of length %d"
                                   % len(pair))
            key = key_text(key)
            good[key] = checked_value(key, pair[1])
        except _values.Absent:
            log = "[%s] the context key %r has no value" % (function, key)
            events.debug("%s", log)
        except ContextError as error:
            log = "[%s] refused: %s" % (function, error.message)
            events.error("%s", log)
        results.append((key, not log, log, None))
    return good, tuple(results)


def plain_copy(context):
    """Return a copy of ``context`` if it is a dict whose pairs are all of plain types (the usual
    case), or None if each pair has to be checked."""
    if type(context) is not dict:
        return None  # the items() of a subclass may differ from what it stores
    for key, value in context.items():
        kind = type(value)
        if type(key) is not text_type or not is_ascii(key) or not (
                kind is bool or kind is text_type and is_ascii(value)
                or kind is int and -_PLAIN < value < _PLAIN):
            return None
    return dict(context)


def without_preset_keys(context):
    """Return a copy of ``context`` without the platform's preset keys."""
    return {key: value for key, value in context.items() if key not in _PRESET_KEYS}


def without_private_keys(context):
    """Return the part of ``context`` that may be sent; ``context`` itself if that is all of it."""
    for key in context:
        if key.startswith(PRIVATE_PREFIX):
            return {key: value for key, value in context.items()
                    if not key.startswith(PRIVATE_PREFIX)}
    return context
