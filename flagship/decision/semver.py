"""Versions by semver.org 2.0: pure."""
import re

_VERSION = re.compile(
    u"(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)"
    u"(?:-((?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
    u"(?:\\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    u"(?:\\+[0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*)?\\Z")


def precedence(text):
    """What orders versions: of two, the one with the greater precedence is the later.

    :param text: unicode text.
    :return: a tuple to compare with others that this function gave; None where ``text`` is no
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
    # As text: there are no leading zeros, and an int of many digits is slow, or refused, to make.
    return len(digits), digits


def _identifier(text):
    """An identifier of a pre-release: numbers come before words."""
    return (0,) + _number(text) if text.isdigit() else (1, text)
