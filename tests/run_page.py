"""Runs the code of one page of docs/: ``python tests/run_page.py PAGE``, in a folder of its own.

The blocks of a page are one program, in their order: ``testsetup``, ``testcode``, ``testcleanup``.
What a ``testoutput`` says is what the ``testcode`` before it printed. A ``code-block`` with a
``:caption:`` is a file of that name, a ``console`` block holds commands and what they print; a dict
``SHOWN`` of a ``testsetup`` says what stands for what in them, such as a port for the one that was
free. A file of Python is compiled, whether or not the page runs it: what it imports may not be
here.
"""
from __future__ import print_function

import doctest
import io
import os
import re
import subprocess
import sys
import textwrap

BLOCK = re.compile(r"^( *)\.\. ([\w-]+):: *(\S*) *\n((?:\1 +:.*\n)*)\n?((?:(?:\1   .*)?\n)+)", re.M)
CHECKER = doctest.OutputChecker()
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

# Commands for another moment: they would install, or serve until they are stopped.
ONLY_READ = re.compile(
    r"(python -m pip install|pip install|gunicorn|python examples/|python benchmarks/"
    r"|python manage.py|flagship emulator)\b")


def blocks(path):
    """``(kind, argument, options, body, line)`` for each block of a page."""
    with io.open(path, encoding="utf-8") as file:
        text = file.read()
    for found in BLOCK.finditer(text + "\n"):
        line = text.count("\n", 0, found.start(5)) + 1
        yield (found.group(2), found.group(3), dict(re.findall(r":(\w+): ?(.*)", found.group(4))),
               textwrap.dedent(found.group(5)).strip("\n") + "\n", line)


class Page(object):
    def __init__(self, path):
        self.path, self.names, self.printed = path, {"__name__": "__main__"}, None

    def run(self):
        for kind, argument, options, body, line in blocks(self.path):
            if kind in ("testsetup", "testcode", "testcleanup"):
                self.printed = self.execute(body, line)
            elif kind == "testoutput":
                self.compare(body, self.printed, line)
            elif kind == "code-block" and "caption" in options:
                self.write(options["caption"], body)
            elif kind == "code-block" and argument == "console":
                self.command(body, line)

    def execute(self, body, line):
        stdout, sys.stdout = sys.stdout, io.StringIO()
        try:
            # Blank lines before, so that a traceback names the page's own lines.
            exec(compile("\n" * (line - 1) + body, self.path, "exec"), self.names)
            return sys.stdout.getvalue()
        finally:
            sys.stdout = stdout

    def compare(self, wanted, got, line):
        if not CHECKER.check_output(wanted, got, OPTIONS):
            sys.exit("%s:%d: it should print\n%s\nbut prints\n%s" % (self.path, line, wanted, got))

    @staticmethod
    def write(name, body):
        folder = os.path.dirname(name)
        if folder and not os.path.isdir(folder):
            os.makedirs(folder)
        if name.endswith(".py"):
            compile(body, name, "exec")
        with io.open(name, "a", encoding="utf-8") as file:
            file.write(body)

    def command(self, body, line):
        for command, output in re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", body, re.M):
            if ONLY_READ.match(command):
                continue
            for shown, meant in self.names.get("SHOWN", {}).items():
                command, output = command.replace(shown, meant), output.replace(shown, meant)
            words = re.sub(r"^(flagship|python)\b", lambda word: {
                "flagship": '"%s" -m flagship', "python": '"%s"'}[word.group()] % sys.executable,
                           command)
            process = subprocess.Popen(words, shell=True, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT)
            self.compare(output, process.communicate()[0].decode("utf-8"), line)


if __name__ == "__main__":
    Page(sys.argv[1]).run()
