"""Reads a command's bucketing file from a path, a URL, standard input, or an environment of the
platform."""
import sys

from flagship._events import EventLog
from flagship.transport.client import Endpoint, HttpClient, RequestFailed
from flagship.cli import _arguments, _syntax
from flagship.cli._errors import Unavailable, Usage
from flagship.decision import snapshot
from flagship.decision.bucketing_file import file_url
from flagship.decision.content import Unreadable, without_mark
from flagship.decision.content import decode as decode_content
from flagship.decision.snapshot import is_record

_MAX_SIZE = 64 * 1024 * 1024  # bytes


def add(parser, name="file"):
    """Add the arguments that say where the bucketing file is.

    :param str name: an option's name, such as ``--file``; default: FILE is a positional argument.
    """
    parser.add_argument(name, metavar="FILE",
                        help="a bucketing file: a path, an http(s) URL, or - for standard input; "
                             "the copy that the SDK keeps (bucketing.json) will do",
                        **{} if name[0] == "-" else {"nargs": "?"})
    parser.add_argument("--env-id", metavar="ID",
                        help="without FILE: the environment whose file is taken from the "
                             "platform; default: $FLAGSHIP_ENV_ID")
    add_network(parser)


def add_network(parser):
    """Add the arguments for a file that is taken from the platform."""
    parser.add_argument("--cdn-url", metavar="URL", help="base of the platform's bucketing files")
    _arguments.add_timeout(parser)


class Source(object):
    """A bucketing file that was read.

    :ivar str name: its name in messages.
    :ivar bytes content: its content, as read.
    """

    def __init__(self, name, content):
        self.name, self.content = name, content

    def document(self):
        """Return ``(decoded file, its place in the content)``; the place is only non-empty for the
        SDK's snapshot.

        :raises NotJson: if it is not JSON; with line and column.
        """
        decoded = decode(self.content)
        return (decoded[u"content"], u"content") if is_record(decoded) else (decoded, u"")


def read(options):
    """Return the Source that the arguments name; raise Usage or Unavailable."""
    if options.file is None:
        return of_environment(options, _arguments.env_id(options))
    return of_argument(options, "FILE", options.file)


def of_argument(options, argument, given):
    """Return the Source of one argument, a path, a URL or ``-``; raise Usage or Unavailable."""
    name = _arguments.text(argument, given)
    if name.startswith((u"http://", u"https://")):
        return Source(name, _fetch_file(_arguments.config(options), name))
    return Source(name, content(given, name))


def of_environment(options, env_id):
    """Return the Source of an environment's file, from the platform; raise Usage or Unavailable."""
    settings = _arguments.config(options, cdn_url=options.cdn_url)
    name = file_url(settings.cdn_url, env_id)
    return Source(name, _fetch_file(settings, name))


def content(path, name):
    """Return the bytes of a file, or of standard input for ``-``; raise Usage if it cannot be read.
    """
    if path == "-":
        try:
            return getattr(sys.stdin, "buffer", sys.stdin).read()
        except (AttributeError, EnvironmentError) as problem:  # None: closed by the shell with <&-
            raise Usage("standard input: %s" % (getattr(problem, "strerror", 0) or "it is closed"))
    try:
        found = snapshot.read(path, _MAX_SIZE)
    except Unreadable as problem:
        raise Usage("%s: it %s" % (name, problem))
    if found is None:
        raise Usage("%s: No such file or directory" % name)
    return found


def decode(content):
    """Return the decoded JSON of ``content`` (bytes); raise NotJson if it is not JSON."""
    try:
        return decode_content(content, _MAX_SIZE)
    except Unreadable as error:
        content = without_mark(content)
        try:
            _syntax.check(content.decode("utf-8-sig"))
        except UnicodeDecodeError as wrong:
            before = content[:wrong.start].decode("utf-8")
            raise _syntax.NotJson("a byte that is not UTF-8", before, len(before))
        raise _syntax.NotJson("it %s" % error)  # the syntax is valid, but it has too many parts


def _fetch_file(settings, url):
    http = HttpClient(settings, EventLog(settings.event_handler))
    try:
        return http.send(Endpoint("bucketing", "GET", url, repeatable=True)).body
    except RequestFailed as failure:
        raise Unavailable("%s: %s" % (url, failure.cause))
    finally:
        http.close()
