"""``flagship completion``: the script that a shell needs to complete the command line."""
import argparse

from flagship.cli._output import Outcome
from flagship.cli._shells import SHELLS, command_of

_DESCRIPTION = """\
Print a script that lets a shell complete the commands, their options, and what
these take. It says what this version has: have it made when the shell starts,
or again after an update."""

_EPILOG = """\
Exit codes: 0 printed; 2 usage.

Examples:
  bash, in ~/.bashrc:                   eval "$(flagship completion bash)"
  zsh, in ~/.zshrc, after compinit:     eval "$(flagship completion zsh)"
  fish, in ~/.config/fish/config.fish:  flagship completion fish | source"""


def add(commands):
    """Add the command and its arguments to the command line."""
    parser = commands.add_parser("completion", help="a script that completes the command line",
                                 description=_DESCRIPTION, epilog=_EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=run)
    parser.add_argument("shell", metavar="SHELL", choices=sorted(SHELLS),
                        help=", ".join(sorted(SHELLS)))


def run(options, say):
    """Return the Outcome of a parsed command line."""
    script = SHELLS[options.shell](command_of(options.parser))
    return Outcome(0, {}, lambda layout: script.splitlines())
