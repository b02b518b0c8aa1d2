"""Arguments that several commands share."""
import os
import re

from flagship._compat import argument_text
from flagship.cli._errors import Usage
from flagship.cli._output import COLORS
from flagship.config import Config
from flagship.errors import FlagshipError
from flagship.handler import FlagshipEventHandler

# "function: parameter (type) must be ..."
_NAMES = re.compile(r"^\w+: \w+ (\(\w+\) )?")


def add_json(parser):
    parser.add_argument("--json", action="store_true", help="one JSON document, for scripts")


def add_color(parser):
    parser.add_argument("--color", choices=COLORS, default="auto",
                        help="colors; default: %(default)s, on a terminal where NO_COLOR is not "
                             "set")


def add_timeout(parser):
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS",
                        help="bound on a request; default: %(default)g")


def env_id(options):
    """Return the environment's id; raise Usage if there is none."""
    value = options.env_id or os.environ.get("FLAGSHIP_ENV_ID")
    if not value:
        raise Usage("--env-id is missing, and FLAGSHIP_ENV_ID is not set")
    return text("--env-id", value)


def text(option, value):
    """Return an argument as non-empty text; raise Usage if it is not."""
    accepted = argument_text(value)
    if not accepted:
        raise Usage("%s: must be text that UTF-8 can express, and not empty" % option)
    return accepted


def config(options, handler=None, **urls):
    """Return the SDK's Config for one command; ``urls`` that are None keep their defaults."""
    given = {name: text("--" + name.replace("_", "-"), url)
             for name, url in urls.items() if url is not None}
    try:
        return Config(timeout=options.timeout, event_handler=handler or Silent(),
                      bucketing_file=None, **given)
    except FlagshipError as error:
        raise Usage("--%s: %s" % (error.parameter.replace("_", "-"), problem(error)))


def problem(error):
    """Return the message of an SDK error about an argument, without the argument's names in the
    SDK."""
    return _NAMES.sub("", error.message)


class Silent(FlagshipEventHandler):
    """Logs nothing; for calls that return what happened."""

    def on_log(self, level, message):
        pass


def api_key(options):
    """Return the API key; raise Usage if there is none."""
    value = options.api_key or os.environ.get("FLAGSHIP_API_KEY")
    if not value:
        raise Usage("FLAGSHIP_API_KEY is not set")
    return text("--api-key", value)
