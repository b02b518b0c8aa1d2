"""Generates completion scripts for shells from the argument parser. Pure."""
import argparse

_FILES = "FILE", "NEW", "OLD", "PATH"  # the metavars of arguments that are paths


class Argument(object):
    """An option or a positional argument.

    :ivar list names: the option's names; empty for a positional argument.
    :ivar str about: its help.
    :ivar str value: the name of its value; None for an option that takes none.
    :ivar list choices: its possible values; empty if any value is possible.
    :ivar bool is_path: whether its value is a path.
    """

    def __init__(self, action):
        self.names = list(action.option_strings)
        self.about = (action.help or "") % vars(action)
        self.value = None if action.nargs == 0 else action.metavar or action.dest
        self.choices = list(action.choices or ())
        self.is_path = self.value in _FILES


class Command(object):
    """A command, or the program itself.

    :ivar list path: the words that lead to it, including the program's name.
    :ivar str about: its help.
    :ivar list options: its options, Arguments.
    :ivar list arguments: its positional arguments, Arguments in order.
    :ivar list commands: its subcommands, Commands.
    """

    def __init__(self, path, about, parser):
        self.path, self.about = path, about
        self.options, self.arguments, self.commands = [], [], []
        for action in parser._actions:  # argparse has no other way to read a parser
            if isinstance(action, argparse._SubParsersAction):
                told = {each.dest: each.help for each in action._choices_actions}
                self.commands = [Command(path + [name], told.get(name) or "", inner)
                                 for name, inner in action.choices.items()]
            else:
                of = self.options if action.option_strings else self.arguments
                of.append(Argument(action))

    @property
    def name(self):
        return self.path[-1]

    def all(self):
        """Return this command and all its subcommands, recursively."""
        found = [self]
        for each in self.commands:
            found += each.all()
        return found

    def words(self):
        """Return the possible words for its first argument."""
        return [each.name for each in self.commands] + [
            choice for argument in self.arguments[:1] for choice in argument.choices]

    def takes_files(self):
        return any(each.is_path for each in self.arguments)


def command_of(parser):
    """Return a parser's whole command line as a Command. The program is always called ``flagship``,
    however it was started."""
    return Command(["flagship"], "", parser)


_BASH = """\
# Completion of flagship for bash, made by "flagship completion bash".
_flagship() {
    local word="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
    local command=flagship place kind= words= options=
    # bash takes --option=value for three words.
    if [[ $word == "=" ]]; then
        word=
    elif [[ $previous == "=" && $COMP_CWORD -gt 1 ]]; then
        previous="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    for ((place = 1; place < COMP_CWORD; place++)); do
        case "$command ${COMP_WORDS[place]}" in
            %(paths)s) command="$command ${COMP_WORDS[place]}" ;;
        esac
    done
    COMPREPLY=()
    case "$command $previous" in
%(values)s
    esac
    if [[ -z $kind ]]; then
        case "$command" in
%(commands)s
        esac
        if [[ $word == -* ]]; then
            kind=words words="$options"
        fi
    fi
    if [[ $kind == files ]]; then
        local IFS=$'\\n'
        COMPREPLY=($(compgen -f -- "$word"))
        compopt -o filenames 2>/dev/null
    elif [[ $kind == words ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$word"))
    fi
    return 0
}
complete -F _flagship flagship
"""


def bash(program):
    """Return the script for bash 3.2 and later."""
    values, commands = [], []
    for command in program.all():
        path = " ".join(command.path)
        for option in command.options:
            if option.value is not None:
                asked = "|".join('"%s %s"' % (path, name) for name in option.names)
                values.append("        %s) %s ;;" % (asked, _bash_kind(option)))
        words, kind = " ".join(command.words()), "none"
        if words:
            kind = "words"
        elif command.takes_files():
            kind = "files"
        names = [name for option in command.options for name in option.names]
        commands.append('            "%s") kind=%s words="%s" options="%s" ;;' % (
            path, kind, words, " ".join(names)))
    return _BASH % {
        "paths": "|".join('"%s"' % " ".join(each.path) for each in program.all()[1:]),
        "values": "\n".join(values), "commands": "\n".join(commands)}


def _bash_kind(option):
    if option.choices:
        return 'kind=words words="%s"' % " ".join(option.choices)
    return "kind=files" if option.is_path else "kind=none"


_ZSH = """\
#compdef flagship
# Completion of flagship for zsh, made by "flagship completion zsh".
%s
if [[ $funcstack[1] == _flagship ]]; then
    _flagship "$@"
else
    compdef _flagship flagship
fi
"""


def zsh(program):
    """Return the script for zsh, to be sourced, or installed as ``_flagship`` in a directory of
    ``fpath``."""
    return _ZSH % "\n".join(_zsh_function(each) for each in program.all())


def _zsh_function(command):
    name = "_" + "_".join(command.path)
    specs = []
    for option in command.options:
        value = "" if option.value is None else ":%s:%s" % (option.value, _zsh_kind(option))
        equals = "" if option.value is None else "="
        specs += ["%s%s[%s]%s" % (each, equals if each[:2] == "--" else "",
                                  _zsh_text(option.about), value) for each in option.names]
    specs += [":%s:%s" % (each.value, _zsh_kind(each)) for each in command.arguments]
    lines = ["%s() {" % name]
    if command.commands:
        lines.append('    local curcontext="$curcontext" state line\n    typeset -A opt_args')
        specs += [":command:->command", "*::argument:->arguments"]
    lines.append("    _arguments -C \\\n        " + " \\\n        ".join(map(_quote, specs)))
    if command.commands:
        named = [_quote("%s:%s" % (each.name, each.about)) for each in command.commands]
        lines += ["    case $state in", "        command)",
                  "            local -a commands=(%s)" % " ".join(named),
                  "            _describe command commands", "            ;;",
                  "        arguments)", "            case $line[1] in"]
        lines += ["                %s) %s_%s ;;" % (each.name, name, each.name)
                  for each in command.commands]
        lines += ["            esac", "            ;;", "    esac"]
    return "\n".join(lines + ["}"])


def _zsh_kind(argument):
    if argument.choices:
        return "(%s)" % " ".join(argument.choices)
    return "_files" if argument.is_path else ""


def _zsh_text(text):
    for character in "\\[]:$`":
        text = text.replace(character, "\\" + character)
    return text


def _quote(text):
    return "'%s'" % text.replace("'", "'\\''")


def fish(program):
    """Return the script for fish 3.0 and later."""
    lines = ['# Completion of flagship for fish, made by "flagship completion fish".',
             "complete -c flagship -f"]
    for command in program.all():
        conditions = ["__fish_seen_subcommand_from %s" % each for each in command.path[1:]]
        below = " ".join(each.name for each in command.commands)
        if below:
            conditions.append("not __fish_seen_subcommand_from " + below)
        when = " -n %s" % _quote("; and ".join(conditions)) if conditions else ""
        start = "complete -c flagship" + when
        lines += ["%s -a %s -d %s" % (start, each.name, _fish_text(each.about))
                  for each in command.commands]
        lines += ["%s -a %s" % (start, _fish_text(" ".join(each.choices)))
                  for each in command.arguments if each.choices]
        if command.takes_files():
            lines.append(start + " -F")
        lines += [start + _fish_option(each) for each in command.options]
    return "\n".join(lines) + "\n"


def _fish_option(option):
    names = ["-l " + name[2:] if name[:2] == "--" else "-s " + name[1:] for name in option.names]
    kind = ""
    if option.choices:
        kind = " -x -a " + _fish_text(" ".join(option.choices))
    elif option.value is not None:
        kind = " -r -F" if option.is_path else " -x"
    return " %s%s -d %s" % (" ".join(names), kind, _fish_text(option.about))


def _fish_text(text):
    return "'%s'" % text.replace("\\", "\\\\").replace("'", "\\'")


#: A shell's name to the function that generates its script from a Command.
SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}
