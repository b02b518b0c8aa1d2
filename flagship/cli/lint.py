"""``flagship lint``: flag keys in code that no campaign sets, and those that no code reads."""
import argparse
import os
import re

from flagship._compat import argument_text
from flagship.cli import _arguments, _source, _uses
from flagship.cli._errors import Usage
from flagship.cli._layout import escape, json_shown, name_or_id
from flagship.cli._names import MARK, constants
from flagship.cli._output import Outcome
from flagship.cli.decide import compile_source
from flagship.decision.explanation import unknown_key

_DESCRIPTION = """\
Find flag keys in code and templates that no campaign of a bucketing file sets,
and flags of the file that no code reads. Nothing is imported or run.

In *.py: get_modification and its relatives, activate_modification,
visitor.modifications, what flagship_flags() gives to tests, the constants of
"flagship types", and where a file names openfeature get_..._value and
get_..._details. In templates (*.html, *.txt, *.xml, *.j2, *.jinja...):
{% flag 'key' ... %}, {{ flag('key', ...) }} and calls as in Python; in strings
that are templates as well.

A key that only the running program knows is a note, which is no problem, and
so is what hands all flags to a page (flagship_json, flag_json(), to_json());
with one, no flag is certain to be read nowhere, so these are notes as well."""

_EPILOG = """\
Directories are searched but for hidden ones, node_modules, site-packages and
virtual environments. A comment "flagship: ignore" in a line silences it:
  visitor.get_modification(key, None)  # flagship: ignore

--json prints {"file", "checked", "problems", "findings"}: the number of files
read, of findings that are no notes, and for each path, line, column, kind
(unknown, unread, dynamic, broken), note, key and message. Unread flags are at
line 1 of the bucketing file.

Exit codes: 0 no problem; 1 problems, or a URL gave no answer; 2 usage.

Examples:
  flagship lint --file bucketing.json shop/
  flagship lint --env-id ENV_ID --partial shop/views.py"""

_TEMPLATES = (".html", ".htm", ".txt", ".xml", ".j2", ".jinja", ".jinja2", ".djhtml")
_SKIPPED = "__pycache__", "node_modules", "site-packages"
_MARK = (u"# " + MARK).encode("ascii")
_CONSTANT = re.compile(b"\\b[A-Z][A-Z0-9_]*\\b")


def add(commands):
    """Add the command and its arguments to the command line."""
    parser = commands.add_parser("lint", help="flag keys in code that no campaign sets",
                                 description=_DESCRIPTION, epilog=_EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=run)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file or a directory")
    _source.add(parser, "--file")
    parser.add_argument("--partial", action="store_true",
                        help="this is not all code: say nothing of flags that it does not read")
    _arguments.add_json(parser)
    _arguments.add_color(parser)


def run(options, say):
    """Return the Outcome of a parsed command line."""
    paths = _files(options.paths, say)
    source = _source.read(options)
    campaigns = compile_source(source, say, needs_flags=True)
    linter = _Linter(campaigns)
    linter.read_all(paths)
    if not linter.uses_any:
        say("no file here uses a flag")
    if not options.partial:
        linter.add_unread(source.name)
    problems = sum(not each["note"] for each in linter.findings)
    document = {"file": source.name, "checked": len(paths), "problems": problems,
                "findings": linter.findings}
    return Outcome(int(problems > 0), document, lambda layout: _lines(linter.findings, layout))


def _files(given, say):
    """Return the paths of the files to read, each once; raise Usage if one given is not there."""
    found = []
    for each in given:
        path = _arguments.text("PATH", each)
        if os.path.isdir(each):
            found += _inside(each, say)
        elif os.path.exists(each):
            found.append(each)
        else:
            raise Usage("%s: No such file or directory" % path)
    return sorted(set(map(os.path.normpath, found)))


def _inside(top, say):
    def unreadable(error):
        say(u"%s: %s" % (argument_text(error.filename), error.strerror))

    for folder, folders, names in os.walk(top, onerror=unreadable):
        folders[:] = [name for name in folders if name[0] != "." and name not in _SKIPPED
                      and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))]
        for name in names:
            if name[0] != "." and name.endswith((".py",) + _TEMPLATES):
                yield os.path.join(folder, name)


class _Linter(object):
    """Compares the keys that files use with those that campaigns set.

    :ivar list findings: dicts, as in ``--json``.
    :ivar bool uses_any: whether a file uses any key.
    """

    def __init__(self, campaigns):
        self._campaigns, self.findings, self.uses_any = campaigns, [], False
        self._read, self._is_complete = set(), True
        self._has_constants = False

    def read_all(self, paths):
        """Look at files."""
        for path in paths:
            self._read_file(path)
        if self._has_constants:
            # Seldom, and only now it is known that the names of constants stand for keys.
            self._read_constants(path for path in paths if path.endswith(".py"))

    def _read_file(self, path):
        name = argument_text(path) or u"?"
        try:
            content = _source.content(path, name)
            if path.endswith(".py"):
                is_ours = content.startswith(_MARK)
                self._has_constants = self._has_constants or is_ours
                uses = () if is_ours else _uses.in_python(content)
            else:
                uses = _uses.in_template(content.decode("utf-8", "replace"))
        except Usage as problem:
            reason = (u"%s" % problem).replace(name + u": it ", u"", 1)
            self._add("broken", name, 1, 1, None, reason)
        except _uses.Broken as problem:
            self._add("broken", name, problem.line, problem.column, None,
                      u"cannot be parsed: %s" % problem)
        else:
            for use in uses:
                self._note(name, use)

    def _read_constants(self, paths):
        keys = {name.encode("ascii"): key
                for key, name in constants(self._campaigns.setters).items()}
        for path in paths:
            try:
                content = _source.content(path, path)
            except Usage:
                continue  # reported before
            if not content.startswith(_MARK):
                used = set(keys).intersection(_CONSTANT.findall(content))
                self._read.update(keys[name] for name in used)
                self.uses_any = self.uses_any or bool(used)

    def _note(self, name, use):
        self.uses_any = True
        if use.is_read:
            self._read.update(use.keys or ())
            self._is_complete = self._is_complete and use.keys is not None
        if not use.is_ours:
            return
        if use.keys is None and use.is_read:
            self._add("dynamic", name, use.line, use.column, None,
                      u"only the running program knows which keys are read here", note=True)
        for key in use.keys or ():
            if key not in self._campaigns.setters:
                self._add("unknown", name, use.line, use.column, key,
                          unknown_key(key, self._campaigns.nearest_key(key)))

    def add_unread(self, name):
        """Add the flags that no file reads."""
        for campaign in self._campaigns.document.campaigns:
            keys = {key for group in campaign.groups for variation in group.variations
                    for key in variation.values}
            for key in sorted(keys - self._read):
                self._add("unread", name, 1, 1, key, u"no code reads %s, which campaign %s sets" % (
                    json_shown(key), name_or_id(campaign.name, campaign.id)),
                    note=not self._is_complete)

    def _add(self, kind, path, line, column, key, message, note=False):
        self.findings.append({"kind": kind, "path": path, "line": line, "column": column,
                              "key": key, "message": message, "note": note})


def _lines(findings, layout):
    return [u"%s:%d:%d: %s%s" % (
        layout.paint(escape(each["path"]), "bold"), each["line"], each["column"],
        layout.paint(u"note: ", "yellow") if each["note"] else u"", escape(each["message"]))
        for each in findings]
