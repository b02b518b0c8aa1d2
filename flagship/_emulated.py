"""``FLAGSHIP_EMULATOR``: use an emulator on this machine in place of the platform, for
development."""
import os
import re

from flagship._compat import to_text

VARIABLE = "FLAGSHIP_EMULATOR"

# The paths on an emulator that stand for the platform's base URLs, by the Config option.
_PLACES = {"decision_api_url": u"/v2", "cdn_url": u"/cdn", "tracking_url": u"/collect"}

# Only one spelling of each address: parsers disagree on the others.
_BASE = re.compile(
    u"(http://(?:localhost|127(?:\\.(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])){3}"
    u"|\\[::1\\])(?::([0-9]{1,5}))?)/?\\Z")


def base_urls(base):
    """Return the base URLs of the emulator at ``base``, by the Config option."""
    return {name: base + place for name, place in _PLACES.items()}


def default_urls():
    """Return the base URLs that replace the platform's, by the Config option; empty if the variable
    is not set, or is not an address of this machine."""
    base = _base(_value())
    return {} if base is None else base_urls(base)


def is_emulated(url):
    """Return whether a URL is one of :func:`default_urls`, or below one."""
    return any((url + "/").startswith(base + "/") for base in default_urls().values())


def environment(config):
    """Return the owner of files that are kept on disk between runs: the environment's id, with a
    suffix if an emulator is used. Otherwise data that came from an emulator would be used once the
    variable is no longer set."""
    if not config.offline and any(is_emulated(getattr(config, name)) for name in _PLACES):
        return u"%s on an emulator" % config.env_id  # an environment's id has no spaces
    return config.env_id


def notice(config):
    """Return the warning for a start with ``config``, or None."""
    value = _value()
    base = _base(value)
    if not value:
        return None
    if base is None:
        # The value is not quoted, as it may contain a password.
        return ("%s is ignored: it must be http:// and localhost or an address of loopback, such "
                "as http://127.0.0.1:8080" % VARIABLE)
    urls = base_urls(base)
    others = sorted(name for name in urls if getattr(config, name) != urls[name])
    if len(others) == len(urls):
        return None
    elsewhere = ", but not for %s, which the program gives" % " and ".join(others)
    return "%s is set, for development only: %s takes the platform's place%s" % (
        VARIABLE, base, elsewhere if others else "")


def _value():
    return os.environ.get(VARIABLE, "").strip()


def _base(value):
    found = _BASE.match(to_text(value) or u"")
    if found is None or not 0 < int(found.group(2) or 80) < 65536:
        return None
    return found.group(1)
