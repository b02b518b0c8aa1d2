"""``flagship emulator``: emulate the platform on this machine, for development."""
import argparse
import errno
import os
import signal
import time

from flagship.cli import _arguments, _source, _syntax
from flagship.cli._errors import Usage
from flagship.cli._layout import escape
from flagship.cli._output import Outcome, Output
from flagship.decision.compiled import Campaigns
from flagship.errors import FlagshipError, FlagshipParsingError

_DESCRIPTION = """\
Run the platform on this machine, for development: it decides with the
campaigns of FILE, takes activations, contexts and hits, and shows them, a line
a request here and all of it live on a page in the browser. There it also counts
the results per variation, and simulates visitors.

FILE is read again when it changes. Where that fails, the campaigns stay."""

_EPILOG = """\
FLAGSHIP_EMULATOR=http://127.0.0.1:8080 in the environment of a program sends
it here as it is, with its own credentials, in every mode.

Each line holds the time, the method, what was asked for, the visitor and the
status, and what arrived or why it was refused.

Exit codes: 0 ended by Ctrl-C or SIGTERM; 2 FILE or the port cannot be used.

Examples:
  flagship emulator bucketing.json
  flagship emulator bucketing.json --port 9000 --env-id ENV_ID --api-key KEY"""

_PORT = 8080
_EVERY = 0.25   # seconds between checks for new requests and for changes of the file
_KEPT = 1000    # number of requests kept; it may run for weeks


def add(commands):
    """Add the command to argparse's subparsers."""
    parser = commands.add_parser("emulator", help="the platform on this machine",
                                 description=_DESCRIPTION, epilog=_EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=run, json=False)
    parser.add_argument("file", nargs="?", metavar="FILE",
                        help="a bucketing file, or the copy that the SDK keeps; - for standard "
                             "input; default: no campaigns")
    parser.add_argument("--port", type=int, default=_PORT, metavar="N",
                        help="default: %(default)d; 0: a free one")
    parser.add_argument("--env-id", metavar="ID",
                        help="refuse other environments; default: all are taken, or with "
                             "--api-key env")
    parser.add_argument("--api-key", metavar="KEY",
                        help="refuse other keys; default: all are taken, or with --env-id key")


def run(options, say):
    """Serve until a signal ends it; return an empty Outcome."""
    file = None if options.file is None else _File(options.file)
    emulator = _emulator(options, file)
    output, ended = Output("flagship emulator"), []
    before = signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    try:
        with _start_emulator(emulator, options.port):
            output.write(u"".join(line + u"\n" for line in _introduction(emulator, options, file)))
            _serve(emulator, file, output, say, ended)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
    return Outcome(0, {}, lambda layout: ())


def _emulator(options, file):
    # Imported here, because most commands do not need a server.
    from flagship.emulator import Emulator
    given = {name: _arguments.text("--" + name.replace("_", "-"), getattr(options, name))
             for name in ("env_id", "api_key") if getattr(options, name) is not None}
    document = None if file is None else file.read()
    try:
        return Emulator(document, port=options.port, keep=_KEPT, any_credentials=not given,
                        **given)
    except FlagshipParsingError as error:
        raise Usage(u"%s: %s" % (file.name, error.message))
    except FlagshipError as error:
        raise Usage(u"--port: %s" % _arguments.problem(error))


def _start_emulator(emulator, port):
    try:
        return emulator.start()
    except EnvironmentError as error:
        if error.errno == errno.EADDRINUSE:
            raise Usage("--port: %d is in use; take another one, or 0 for a free one" % port)
        raise Usage("--port: %d cannot be had: %s" % (port, error.strerror or error))


def _introduction(emulator, options, file):
    credentials = u"any environment id and API key, such as the program's own"
    if options.env_id is not None or options.api_key is not None:
        credentials = u"environment id %s, API key %s" % (
            escape(emulator.env_id), escape(emulator.api_key))
    campaigns = u"no campaigns" if file is None else file.summary
    urls = [u'%s="%s"' % pair for pair in sorted(emulator.urls.items())]
    pairs = [(u"what arrives", emulator.url + u"/"), (u"results", emulator.url + u"/#results"),
             (u"credentials", credentials),
             (u"any program", u"FLAGSHIP_EMULATOR=%s python app.py" % emulator.url),
             (u"or in its code", u"Config(%s," % urls[0]), (u"", u"       %s," % urls[1]),
             (u"", u"       %s)" % urls[2])]
    return ([u"The platform's emulator, for development, with %s. Ctrl-C ends it." % campaigns, u""]
            + [u"  %-16s%s" % pair for pair in pairs] + [u""])


def _serve(emulator, file, output, say, ended):
    number = 0
    while not ended:
        for number, request in emulator.requests_after(number):
            output.write(_line(request, emulator.variation_names))
        output.flush()
        if file is not None and file.is_changed():
            try:
                emulator.set_bucketing(file.read())
                output.write(u"%s\n" % escape(u"now with " + file.summary))
            except Usage as problem:
                say(u"%s; the campaigns stay as they were" % problem)
            except FlagshipParsingError as error:
                say(u"%s: %s; the campaigns stay as they were" % (file.name, error.message))
            output.flush()
        time.sleep(_EVERY)


def _line(request, names):
    from flagship.emulator.arrivals import rows_of
    rows = rows_of(request, 1, names)
    return escape(u"%s  %-4s  %-10s  %s  %s  %s" % (
        time.strftime("%H:%M:%S", time.localtime(request.time)), request.method,
        request.endpoint or u"-", rows[0].visitor or u"-", request.status,
        u", ".join(row.what for row in rows))).rstrip() + u"\n"


class _File(object):
    """The file with the campaigns, which may change.

    :ivar str name: its name in messages.
    :ivar str summary: its content when it was last read, in a few words.
    """

    def __init__(self, path):
        self.name, self._path = _arguments.text("FILE", path), path
        self.summary, self._read, self._last = u"", None, None

    def read(self):
        """Return the decoded bucketing file; raise Usage if it is not one."""
        self._read = self._last = self._state()
        try:
            document, _ = _source.Source(
                self.name, _source.content(self._path, self.name)).document()
            campaigns = Campaigns(document)
        except _syntax.NotJson as problem:
            raise Usage(u"%s: line %s, column %s: not JSON: %s" % (
                self.name, problem.line, problem.column, problem.message))
        except FlagshipParsingError as error:
            raise Usage(u"%s: %s" % (self.name, error.message))
        self.summary = u"%d %s of %s" % (
            campaigns.count, u"campaign" if campaigns.count == 1 else u"campaigns", self.name)
        problems = campaigns.document.problem_count
        if problems:
            self.summary += u" (and %d problems, see flagship validate)" % problems
        return document

    def is_changed(self):
        """Return whether the file differs from the one that was read, and is no longer being
        written: it has not changed since the previous call."""
        state = self._state()
        settled, self._last = state == self._last, state
        return settled and state != self._read

    def _state(self):
        try:
            facts = os.stat(self._path)
        except (EnvironmentError, ValueError):
            return None
        return facts.st_mtime, facts.st_size, facts.st_ino
