"""Version precedence by Semantic Versioning 2.0 (semver.org). Pure."""
import re

_VERSION = re.compile(
    u"(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)"
    u"(?:-((?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
    u"(?:\\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    u"(?:\\+[0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*)?\\Z")


def precedence(text):
    """Return the precedence of a version: of two versions, the later has the greater precedence.

    :param text: unicode text.
    :return: a tuple to compare with other results of this function; None if ``text`` is not a
        version. Build metadata is ignored.
    """
    found = _VERSION.match(text)
    if found is None:
        return None
    core = tuple(_number(each) for each in found.group(1, 2, 3))
    if found.group(4) is None:
        return core + ((1,),)
    return core + ((0,) + tuple(_identifier(each) for each in found.group(4).split(u".")),)


def _number(digits):
    # As text: there are no leading zeros, and converting many digits to an int is slow or raises.
    return len(digits), digits


def _identifier(text):
    """Return the sort key of a pre-release identifier: numbers come before words."""
    return (0,) + _number(text) if text.isdigit() else (1, text)
