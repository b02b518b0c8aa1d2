"""The command line, with one module per command. ``import flagship`` does not import it."""
import argparse
import errno

from flagship._compat import argument_text
from flagship._version import __version__
from flagship.cli import completion, decide, diff, doctor, emulator, lint, send, share, types, \
    validate
from flagship.cli._errors import Unavailable, Usage, suggestion
from flagship.cli._output import Outcome, Output

COMMANDS = (
    decide,
    validate,
    share,
    diff,
    types,
    lint,
    send,
    doctor,
    emulator,
    completion,
)

OK, FOUND, USAGE, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141

_DESCRIPTION = """\
Feature flags of AB Tasty Flagship from the command line: what a visitor gets
and why, what a bucketing file does, hits for smoke tests, and the platform on
this machine for development."""

_EPILOG = """\
Results go to standard output, messages to standard error. With --json the
result is one JSON document, and nothing else is on standard output; where a
URL gave no answer it is {"error": "why"}. With exit code 2 there is none.

Exit codes:
  0    done, and nothing to report
  1    problems or differences found, nothing served, refused, or the platform
       not reached
  2    the command line, or a file that it names, cannot be used
  130  interrupted (141: whoever reads the output went away)

Environment: FLAGSHIP_ENV_ID and FLAGSHIP_API_KEY hold the credentials. Give
the API key there and not as an option: process lists show options to all.
NO_COLOR turns colors off.
"flagship COMMAND --help" tells the rest."""


class _Parser(argparse.ArgumentParser):
    """Raises what argparse would print, because on Python 2 it can only print ASCII."""

    def parse_known_args(self, args=None, namespace=None):
        # In each parser separately, so that the suggestions include the command's own options.
        options, unknown = argparse.ArgumentParser.parse_known_args(self, args, namespace)
        if unknown:
            first = next((each for each in unknown if each.startswith("-")), unknown[0])
            given = (argument_text(first) or u"?").partition(u"=")[0]
            known = [name for name in self._option_string_actions if name.startswith("--")]
            self.error(u"unrecognized argument %s%s" % (given, suggestion(given, known)))
        return options, unknown

    def _check_value(self, action, value):
        # argparse's own message depends on the Python version.
        if action.choices is not None and value not in action.choices:
            given, choices = argument_text(value) or u"?", list(action.choices)
            name = action.metavar or "/".join(action.option_strings)
            self.error(u"%s: must be one of %s, not %s%s" % (
                name, u", ".join(choices), given, suggestion(given, choices)))

    def error(self, message):
        if isinstance(message, bytes):
            message = message.decode("utf-8", "replace")
        raise _Misused(message, self)

    def print_help(self, file=None):
        raise _Shown(self.format_help())


class _Misused(Usage):
    """The parser rejected the command line."""

    def __init__(self, message, parser):
        Usage.__init__(self, message)
        self.program, self.usage = parser.prog, parser.format_usage()


class _Shown(Exception):
    """Raised with a text to write instead of a command's result."""


class _Version(argparse.Action):
    # argparse's own version action writes to stderr on Python 2.
    def __call__(self, parser, namespace, values, option_string=None):
        raise _Shown("flagship %s\n" % __version__)


def _parser(program):
    parser = _Parser(prog=program, description=_DESCRIPTION, epilog=_EPILOG,
                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for command in COMMANDS:
        command.add(commands)
    # json and color: for commands without these options; parser: for the completion command.
    parser.set_defaults(json=False, color="auto", parser=parser)
    return parser


def main(arguments=None, program="flagship"):
    """Run one command.

    :param list arguments: without the program's name; None (default): the process's arguments.
    :param str program: the program's name, for messages.
    :return: the exit code.
    """
    output = Output(program)
    try:
        code = _run(_parser(program), arguments, output)
        output.flush()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except EnvironmentError as error:
        return _unwritten(error, output)


def _run(parser, arguments, output):
    try:
        options = parser.parse_args(arguments)
        if options.command is None:
            parser.error("a COMMAND is needed, such as decide")
        output.program = "%s %s" % (output.program, options.command)
        outcome = options.run(options, output.say)
    except _Shown as shown:
        output.write(shown.args[0])
        return OK
    except Usage as problem:
        if isinstance(problem, _Misused):
            output.write_error(u"%s" % problem.usage)
            output.program = problem.program
        output.say(u"%s" % problem)
        return USAGE
    except Unavailable as problem:
        output.say(u"%s" % problem)
        outcome = Outcome(FOUND, {"error": u"%s" % problem}, lambda layout: ())
    output.show(outcome, options.json, options.color)
    return outcome.code


def _unwritten(error, output):
    """Return the exit code after writing to standard output failed."""
    output.give_up()
    if error.errno == errno.EPIPE:
        return BROKEN_PIPE
    output.say("standard output: %s" % (error.strerror or error))
    return FOUND
