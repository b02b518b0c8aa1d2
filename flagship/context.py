"""What a visitor's context may hold, and what of it leaves the process."""
from flagship._compat import Enum, integer_types, is_ascii, string_types, text_type, to_text
from flagship._validation import MAX_BITS, is_finite
from flagship.errors import ContextError

# Keys with this prefix are for targeting inside the process only.
PRIVATE_PREFIX = u"fs_"


class PresetContext(Enum):
    """The context keys that the platform knows by itself. Any of them may be a key of a visitor's context; none is
    set until the caller sets it."""

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


_PLAIN = 2 ** 63  # an int that needs no look at its size
_PRESET_KEYS = frozenset(key.value for key in PresetContext)


def key_text(key):
    """The context key ``key`` as text; raises ContextError where it is none."""
    if isinstance(key, PresetContext):
        return key.value
    if not isinstance(key, string_types):
        raise ContextError("a context key must be text or a PresetContext, not %s" % type(key).__name__)
    accepted = to_text(key)
    if accepted is None:
        raise ContextError("a context key must be text that UTF-8 can express")
    return accepted


def checked_value(key, value):
    """The context value ``value`` in its internal form; raises ContextError where it is none."""
    kind = type(value)
    if kind is bool:
        return value
    if isinstance(value, string_types):
        accepted = to_text(value)
        if accepted is None:
            raise ContextError("the value of context key %r must be text that UTF-8 can express" % key)
        return accepted
    if isinstance(value, float):
        if not is_finite(value):
            raise ContextError("the value of context key %r must be finite, not NaN or infinity" % key)
        return float(value)
    if isinstance(value, integer_types):
        if value.bit_length() > MAX_BITS:
            raise ContextError("the value of context key %r must be of at most %d bits" % (key, MAX_BITS))
        return int(value)
    raise ContextError("the value of context key %r must be text, bool, int or float, not %s" % (key, kind.__name__))


def accepted(function, pairs, refuse):
    """``({key: value} of the good pairs, a tuple of one (key, success, log, None) per pair)``.

    :param str function: the call that was given the pairs, for the log lines.
    :param refuse: is called with one line of text for each bad pair.
    """
    good, results = {}, []
    for pair in pairs:
        given = pair[0] if pair else None
        given = given.value if isinstance(given, PresetContext) else given
        try:
            if len(pair) != 2:
                raise ContextError("a context tuple must be (key, value), not of length %d" % len(pair))
            key = key_text(given)
            good[key] = checked_value(key, pair[1])
            results.append((key, True, "", None))
        except ContextError as error:
            log = "[%s] refused: %s" % (function, error.message)
            refuse(log)
            results.append((given, False, log, None))
    return good, tuple(results)


def plain_copy(context):
    """A copy of a dict all of whose pairs are as simple as they mostly are, or None: then each needs a check."""
    for key, value in context.items():
        kind = type(value)
        if type(key) is not text_type or not is_ascii(key) or not (
                kind is bool or kind is text_type and is_ascii(value) or kind is int and -_PLAIN < value < _PLAIN):
            return None
    return dict(context)


def own(context):
    """A copy of what the caller set, without the platform's preset keys."""
    return {key: value for key, value in context.items() if key not in _PRESET_KEYS}


def public(context):
    """What of a context may be sent."""
    for key in context:
        if key.startswith(PRIVATE_PREFIX):
            return {key: value for key, value in context.items() if not key.startswith(PRIVATE_PREFIX)}
    return context
