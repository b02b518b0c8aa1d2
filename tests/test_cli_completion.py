"""Completion scripts, in the shells that this machine has."""
from __future__ import unicode_literals

import os
import select
import subprocess

import pytest

from flagship._compat import monotonic
from flagship.cli import COMMANDS
from tests.support import ROOT, command

try:
    from shutil import which
except ImportError:
    from distutils.spawn import find_executable as which

# What is typed before the key, and all that the shell then knows, or some of it.
TYPED = [
    ("", ["completion", "decide", "diff", "doctor", "emulator", "lint", "send", "share", "types",
          "validate"]),
    ("val", ["validate"]),
    ("send ", ["event", "item", "page", "screen", "transaction"]),
    ("send page --lo", ["--locale"]),
    ("decide --mo", ["--mode"]),
    ("decide --mode ", ["api", "bucketing"]),
    ("decide --mode b", ["bucketing"]),
    ("decide --flag send --mode a", ["api"]),
    ("share --color n", ["never"]),
    ("completion ", ["bash", "fish", "zsh"]),
    ("validate setup.", ["setup.cfg", "setup.py"]),
    ("diff setup.p", ["setup.py"]),
    ("lint --file setup.p", ["setup.py"]),
    ("decide --cache setup.p", ["setup.py"]),
    ("share README.md --ids setup.p", ["setup.py"]),
    ("decide --visitor setup.p", []),
    ("completion setup.p", []),
]


def script(shell):
    code, output, errors = command(["completion", shell])
    assert (code, errors) == (0, "")
    return output


def run(arguments, source=None):
    """The lines that a program wrote, in the checkout's folder."""
    process = subprocess.Popen(arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    output = process.communicate(source and source.encode("utf-8"))[0].decode("utf-8")
    return output.splitlines()


def bash(typed_lines, script):
    """What bash offers after each of the lines."""
    asks = ['ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _flagship;\n'
            'printf "%s " "${COMPREPLY[@]}"; echo; }']
    for typed in typed_lines:
        asks.append("ask flagship " + " ".join("'%s'" % word for word in typed.split(" ")))
    answers = run(["bash", "--norc", "-u"], "\n".join([script] + asks) + "\n")
    return [sorted(answer.split()) for answer in answers]


def fish(typed_lines, script):
    asks = ["complete -C 'flagship %s'; echo =" % typed for typed in typed_lines]
    answers = "\n".join(run(["fish", "--no-config"], "\n".join([script] + asks) + "\n")) + "\n"
    return [sorted(line.split("\t")[0].rstrip() for line in answer.splitlines() if line.strip())
            for answer in answers.split("=\n")[:len(typed_lines)]]


BOTH = pytest.mark.parametrize("shell", [each for each in ("bash", "fish") if which(str(each))])


@BOTH
def test_completion(shell):
    """The commands, their options, what these take, and files where a file belongs."""
    answers = {"bash": bash, "fish": fish}[shell]([typed for typed, _ in TYPED], script(shell))
    assert list(zip([typed for typed, _ in TYPED], answers)) == TYPED


@pytest.mark.skipif(not which(str("bash")), reason="needs bash")
def test_bash_completes_an_option_with_an_equals_sign():
    """Which it takes for words of their own."""
    typed = ["decide --mode =", "decide --mode = a", "send page --color = n"]
    assert bash(typed, script("bash")) == [["api", "bucketing"], ["api"], ["never"]]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_option_is_in_the_script(shell):
    """It is made of the argument parser, so what a command's help lists is there."""
    text = script(shell)
    for name in [each.__name__.rsplit(".", 1)[1] for each in COMMANDS]:
        assert name in text
        for word in command([name, "--help"])[1].split():
            word = word.strip("[],.")
            if word.startswith("--") and word[2:].replace("-", "").isalpha():
                assert (word[2:] if shell == "fish" else word) in text, word


def zsh(setup, typed, completed):
    """What an interactive zsh shows after the key for completion, until it is what is wanted."""
    import pty  # not on every system
    ours, theirs = pty.openpty()
    process = subprocess.Popen(["zsh", "-f", "-i"], cwd=ROOT, stdin=theirs, stdout=theirs,
                               stderr=theirs, env=dict(os.environ, TERM=str("dumb")))
    os.close(theirs)
    try:
        # In two parts, so that what it echoes is not taken for what it says.
        os.write(ours, (setup + "\necho rea''dy\n").encode("utf-8"))
        said = _read(ours, b"\nready")
        assert b"\nready" in said, said
        os.write(ours, ("flagship %s\t" % typed).encode("utf-8"))
        completed = _read(ours, ("flagship %s " % completed).encode("utf-8"))
        return completed.decode("utf-8")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _read(terminal, until):
    found, ends = b"", monotonic() + 20
    while until not in found and monotonic() < ends:
        if select.select([terminal], [], [], 0.1)[0]:
            found += os.read(terminal, 4096)
    return found


ZSH = [("val", "validate"), ("send ev", "send event"), ("decide --mode a", "decide --mode api"),
       ("decide --mode=b", "decide --mode=bucketing"), ("validate setup.p", "validate setup.py")]


if which(str("zsh")):
    @pytest.mark.parametrize("typed, completed", ZSH)
    def test_zsh(tmpdir, typed, completed):
        path = tmpdir.join("script")
        path.write(script("zsh"))
        setup = "autoload -Uz compinit; compinit -u -D; eval \"$(cat '%s')\"" % path
        shown = zsh(setup, typed, completed)
        assert "flagship %s " % completed in shown, shown
