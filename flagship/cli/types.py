"""``flagship types``: a Python module with a typed constant for each flag of a bucketing file."""
import argparse

from flagship._compat import integer_types, text_type
from flagship.cli import _arguments, _source
from flagship.cli._errors import Usage
from flagship.cli._names import MARK, constants
from flagship.cli._output import Outcome
from flagship.cli.decide import compile_source
from flagship.decision.content import without_mark

_DESCRIPTION = """\
Print a Python module with a constant for each flag that a campaign of a
bucketing file sets, for type checkers: a key that no campaign sets, and a value
used as another type, are errors in mypy and pyright.

  from shop import flags
  label = flags.CTA_LABEL.read(request.flagship)

The type is that of the flag's values in all variations, and the default the
first reference variation's value, else an empty one. The module is for Python
3.6 and later and depends on the flags alone: commit it, and have CI compare it
with --check."""

_EPILOG = """\
A constant is the key's words in upper case: CTA_COLOR for cta-color and for
ctaColor. Where a file has both, each has a number behind it.

--json prints {"file", "module", "flags"}: the module's text, and for each flag
key, name, type and default.

Exit codes: 0 printed, or the same as --check; 1 another one than --check, or a
URL gave no answer; 2 usage.

Examples:
  flagship types bucketing.json > shop/flags.py
  flagship types --env-id ENV_ID --check shop/flags.py"""

_MODULE = u'''\
# %s, which writes it anew: do not edit.
# flake8: noqa
"""The flags that Flagship's campaigns set."""
import typing

if typing.TYPE_CHECKING:
    from flagship.visitor import Visitor

_Value = typing.TypeVar("_Value")


class Flag(typing.Generic[_Value]):
    """A flag.

    :ivar key: its key.
    :ivar default: what a visitor without the flag gets.
    """

    def __init__(self, key: str, default: _Value) -> None:
        self.key = key
        self.default = default

    def read(self, visitor: "Visitor", activate: bool = False,
             default: typing.Optional[_Value] = None) -> _Value:
        """Return the visitor's value.

        :param activate: whether to report that the visitor has seen it.
        :param default: in place of the flag's own; None: that one.
        """
        return visitor.get_modification(
            self.key, self.default if default is None else default, activate)


''' % MARK


def add(commands):
    """Add the command and its arguments to the command line."""
    parser = commands.add_parser("types", help="a Python module with a typed constant per flag",
                                 description=_DESCRIPTION, epilog=_EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=run)
    _source.add(parser)
    parser.add_argument("--check", metavar="PATH",
                        help="print nothing, and exit with 1 if this file is not the same module")
    _arguments.add_json(parser)


def run(options, say):
    """Return the Outcome of a parsed command line."""
    check = None if options.check is None else _arguments.text("--check", options.check)
    if options.check == "-":
        raise Usage("--check: must be a file")
    source = _source.read(options)
    campaigns = compile_source(source, say, needs_flags=True)
    flags = _flags(campaigns.document)
    module = _MODULE + u"".join(u"%s: Flag[%s] = Flag(%s, %s)\n" % (
        flag["name"], flag["type"], _literal(flag["key"]), _literal(flag["default"]))
        for flag in flags)
    document = {"file": source.name, "module": module, "flags": flags}
    if check is None:
        return Outcome(0, document, lambda layout: module.splitlines())
    lines = without_mark(_source.content(options.check, check)).splitlines()
    if lines == module.encode("ascii").splitlines():
        return Outcome(0, document, lambda layout: ())
    say("%s: not what \"flagship types\" makes of %s" % (check, source.name))
    return Outcome(1, document, lambda layout: ())


def _flags(document):
    values, defaults = {}, {}
    for campaign in document.campaigns:
        for group in campaign.groups:
            for variation in group.variations:
                for key, value in variation.values.items():
                    values.setdefault(key, []).append(value)
                    if variation.reference and value is not None:
                        defaults.setdefault(key, value)
    names = constants(values)
    flags = [{"key": key, "name": names[key], "type": _type_of(values[key]),
              "default": defaults.get(key, _empty(values[key]))} for key in values]
    return sorted(flags, key=lambda flag: flag["name"])


# In the order in which they stand in a Union.
_TYPES = (
    (bool, "bool"), (integer_types, "int"), (float, "float"), (text_type, "str"),
    (list, "typing.List[typing.Any]"), (dict, "typing.Dict[str, typing.Any]"))


def _type_name(value):
    return next(name for kinds, name in _TYPES if isinstance(value, kinds))


def _type_of(values):
    found = {_type_name(value) for value in values if value is not None}
    if "float" in found:
        found.discard("int")  # the platform does not tell them apart
    names = [name for _, name in _TYPES if name in found]
    if len(names) < 2:
        return names[0] if names else "typing.Any"
    return "typing.Union[%s]" % ", ".join(names)


def _empty(values):
    """Return the empty value of the first type that is among the values; None for null alone."""
    return next((type(value)() for value in values if value is not None), None)


def _literal(value):
    """Return a decoded JSON value as an expression in ASCII, which any locale can write and read.
    """
    if isinstance(value, text_type):
        return u'"%s"' % value.encode("unicode_escape").decode("ascii").replace(u'"', u'\\"')
    if isinstance(value, list):
        return u"[%s]" % u", ".join(map(_literal, value))
    if isinstance(value, dict):
        pairs = [u"%s: %s" % (_literal(key), _literal(value[key])) for key in sorted(value)]
        return u"{%s}" % u", ".join(pairs)
    if isinstance(value, float) and value - value != 0:
        return u'float("%r")' % value
    if isinstance(value, integer_types) and not isinstance(value, bool):
        return u"%d" % value
    return u"%r" % (value,)
