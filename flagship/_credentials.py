"""Validation of environment ids and API keys."""
import re

from flagship import _validation as check
from flagship._events import EventLog

# The characters allowed in a segment of a URL's path and in a header.
_PLACES = {"env_id": (re.compile(u"[!$&'()*+,.0-9:;=@A-Z_a-z~-]+\\Z"), "a URL's path"),
           "api_key": (re.compile(u"[!-~]+\\Z"), "a header")}


def read_credentials(env_id, api_key, config):
    """Return the credentials as they are sent; raises as :meth:`Flagship.start` does.

    :param Config config: its event handler receives a warning if white space is stripped.
    """
    return (_credential("env_id", env_id, config), _credential("api_key", api_key, config))


def credential_problem(parameter, value):
    """Return why stripped text is not a valid credential, or None if it is; the reason quotes no
    part of it.

    :param str parameter: ``env_id`` or ``api_key``.
    """
    if not value:
        return "must not be empty"
    pattern, place = _PLACES[parameter]
    if not pattern.match(value):
        return "holds a character that cannot stand in " + place
    return None


def _credential(parameter, value, config):
    accepted = check.text("start", parameter, value)
    stripped = accepted.strip()
    problem = credential_problem(parameter, stripped)
    if problem:
        raise check.param_error("start", parameter, "(%s) %s" % (type(value).__name__, problem))
    if stripped != accepted:
        EventLog(config.event_handler).warning("[start] the white space around %s is stripped",
                                               parameter)
    return stripped
