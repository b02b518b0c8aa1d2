"""``FLAGSHIP_EMULATOR``: an emulator on this machine in the platform's place, for development."""
import os
import re

from flagship._compat import to_text

VARIABLE = "FLAGSHIP_EMULATOR"

# Where on an emulator the platform's addresses are, by the options of Config.
_PLACES = {"decision_api_url": u"/v2", "cdn_url": u"/cdn", "tracking_url": u"/collect"}

# One spelling each: of the others not everybody reads the same.
_BASE = re.compile(
    u"(http://(?:localhost|127(?:\\.(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])){3}"
    u"|\\[::1\\])(?::([0-9]{1,5}))?)/?\\Z")


def base_urls(base):
    """The base URLs of the emulator at ``base``, by the options of Config."""
    return {name: base + place for name, place in _PLACES.items()}


def default_urls():
    """The base URLs that take the place of the platform's, by the options of Config; none where the
    variable is not set, or is no address of this machine."""
    base = _base(_value())
    return {} if base is None else base_urls(base)


def is_emulated(url):
    """Whether a URL is one of :func:`default_urls`, or below it."""
    return any((url + "/").startswith(base + "/") for base in default_urls().values())


def environment(config):
    """Whose a file on disk is that one run leaves to the next: the environment, or the emulator's
    own. What of it the platform has never seen must not stay when the variable is gone."""
    if not config.offline and any(is_emulated(getattr(config, name)) for name in _PLACES):
        return u"%s on an emulator" % config.env_id  # an environment's id has no spaces
    return config.env_id


def notice(config):
    """What is to be said at a start with ``config``, or None."""
    value = _value()
    base = _base(value)
    if not value:
        return None
    if base is None:
        # Not quoted, as it may hold a password.
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
