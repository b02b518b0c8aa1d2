"""Argument checks. Each returns the accepted value in its internal form, or raises an error that
names the call, the parameter, what was given and what is allowed. Text never appears in a message:
it may be a secret."""
import re
import socket

from flagship import _values
from flagship._compat import integer_types, urlsplit
from flagship._values import MAX_BITS, is_finite, unwrap_proxy
from flagship.errors import ParamError, TypingError


def typing_error(function, parameter, value, allowed):
    return _alone(TypingError("%s: %s must be %s, not %s" % (
        function, parameter, allowed, type(value).__name__), function, parameter))


def param_error(function, parameter, problem):
    return _alone(ParamError("%s: %s %s" % (function, parameter, problem), function, parameter))


def _alone(error):
    error.__cause__ = None  # so that Python 3 does not print the library's internal exceptions
    return error


def text(function, parameter, value, empty=True):
    """Return text, as :func:`flagship._values.text` reads it."""
    try:
        accepted = _values.text(value)
    except (_values.Absent, _values.WrongType):
        raise typing_error(function, parameter, value, "text")
    except _values.Unreadable as problem:
        raise param_error(function, parameter, "(%s) %s" % (type(value).__name__, problem))
    if not accepted and not empty:
        raise param_error(function, parameter, "(%s) must not be empty" % type(value).__name__)
    return accepted


def boolean(function, parameter, value):
    value = unwrap_proxy(value)
    if value is True or value is False:
        return value
    raise typing_error(function, parameter, value, "bool")


def integer(function, parameter, value, minimum=None, maximum=None):
    """Return an int, not a bool, within the bounds (inclusive)."""
    value = unwrap_proxy(value)
    if isinstance(value, bool) or not isinstance(value, integer_types):
        raise typing_error(function, parameter, value, "int")
    value = _check_bounds(function, parameter, int(value))
    return _within(function, parameter, value, minimum, maximum)


def number(function, parameter, value, above=None, maximum=None):
    """Return a finite int or float, not a bool, greater than ``above`` and at most ``maximum``."""
    value = unwrap_proxy(value)
    if isinstance(value, bool) or not isinstance(value, integer_types + (float,)):
        raise typing_error(function, parameter, value, "int or float")
    if isinstance(value, float):
        if not is_finite(value):
            raise param_error(function, parameter, "(float) must be finite, not NaN or infinity")
        value = float(value)
    else:
        value = _check_bounds(function, parameter, int(value))
    if above is not None and value <= above:
        raise param_error(function, parameter, "must be greater than %s, not %r" % (above, value))
    return _within(function, parameter, value, None, maximum)


def _check_bounds(function, parameter, value):
    if value.bit_length() > MAX_BITS:
        raise param_error(function, parameter, "(int) must be of at most %d bits" % MAX_BITS)
    return value


def _within(function, parameter, value, minimum, maximum):
    if minimum is not None and value < minimum:
        raise param_error(function, parameter, "must be at least %s, not %r" % (minimum, value))
    if maximum is not None and value > maximum:
        raise param_error(function, parameter, "must be at most %s, not %r" % (maximum, value))
    return value


def instance(function, parameter, value, kind, allowed=None):
    if not isinstance(value, kind):
        raise typing_error(function, parameter, value, allowed or kind.__name__)
    return value


def url(function, parameter, value):
    """Return an absolute http or https URL with a host."""
    accepted = text(function, parameter, value, empty=False)
    problem = url_problem(accepted)
    if problem:
        raise param_error(function, parameter, "(%s) must be an http or https URL with a host: %s"
                          % (type(value).__name__, problem))
    return accepted


# White space and control characters; characters that no host name contains; host and port. The
# standard library parses ports and brackets differently from one Python version to the next.
_SPACE = re.compile(u"[\\s\\x00-\\x20\\x7f]", re.UNICODE)
_NO_HOST = re.compile(u"[\"<>\\\\^`{|}%,;!$&'()*+=~\\[\\]@]")
_HOST_AND_PORT = re.compile(u"^(?:\\[([^\\[\\]]*)\\]|([^\\[\\]:]*))(?::([0-9]{0,5}))?$")
_IPV6 = re.compile(u"^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$")


def url_problem(value):
    """Return why the text ``value`` is not an http(s) URL with a host, or None if it is one; the
    reason quotes no part of it."""
    if _SPACE.search(value):
        return "it holds white space"
    try:
        parts = urlsplit(value)
    except ValueError:
        return "its host is not a host name"
    if parts.scheme not in ("http", "https"):
        return "its scheme is not http or https"
    found = _HOST_AND_PORT.match(parts.netloc.rsplit("@", 1)[-1])
    if not found:
        return "its host or port is malformed"
    address, name, port = found.groups()
    if port and not 0 < int(port) < 65536:
        return "its port is out of range"
    if address is not None:
        return None if _is_ipv6(address) else "its host is not an IPv6 address"
    if not name:
        return "it has no host"
    labels = (name[:-1] if name.endswith(".") else name).split(".")
    if _NO_HOST.search(name) or not all(0 < len(label) <= 63 for label in labels):
        return "its host is not a host name"
    return None


def _is_ipv6(host):
    address = host.split("%", 1)[0]
    if not _IPV6.match(address):
        return False
    try:
        socket.inet_pton(socket.AF_INET6, str(address))
    except (socket.error, ValueError):
        return False
    except AttributeError:  # Python 2 on Windows has no inet_pton
        return True
    return True
