"""The local checks of ``flagship doctor``: files, the visitor cache, versions."""
import os
import ssl
import stat
import sys
import tempfile
from collections import namedtuple

from flagship._compat import native
from flagship._troubleshooting import see
from flagship._version import __version__
from flagship.cache.assignments import UnreadableRecord, error_text, make_record, read_record
from flagship.contrib._platform import VISITOR
from flagship.decision.content import Unreadable, decode
from flagship.decision.snapshot import Record, read, why

WRONG, WARNING, OK, SKIPPED = u"wrong", u"warning", u"ok", u"skipped"
LEVELS = (WRONG, WARNING, OK, SKIPPED)

_HEAD = b"SQLite format 3\0"

#: One line of the result: a level, what was checked, and what was found.
Check = namedtuple("Check", ("level", "name", "message"))


def folder_problem(path):
    """Return why this process cannot create files in the directory of ``path``, text, or None."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        descriptor, name = tempfile.mkstemp(".tmp", ".flagship-doctor.", native(folder))
        os.close(descriptor)
        os.remove(name)
    except (EnvironmentError, ValueError) as error:
        return u"the folder %s cannot be written: %s" % (folder, why(error))
    return None


def snapshot(config, env_id):
    """Return the Check of the bucketing file's snapshot on disk."""
    name, path, max_size = u"snapshot", config.bucketing_file, config.max_response_size
    if path is None:
        return Check(OK, name, u"bucketing_file=None keeps no copy")
    try:
        content = read(path, max_size)
        record = None if content is None else Record(decode(content, max_size), env_id)
    except Unreadable as problem:
        return Check(WRONG, name, u"%s %s%s" % (path, problem, see("snapshot")))
    closed = folder_problem(path)
    if closed:
        return Check(WRONG, name, closed + see("snapshot"))
    if record is None:
        return Check(OK, name, u"%s is not there yet, and can be written" % path)
    return Check(OK, name, u"%s, last modified %s" % (path, record.last_modified or u"unknown"))


def spool(path):
    """Return the Check of the spool; the spool is not changed."""
    try:
        problem, private = _spool_problem(path)
    except (EnvironmentError, ValueError) as error:
        problem, private = u"%s cannot be used: %s" % (path, why(error)), True
    if problem:
        return Check(WRONG, u"spool", problem + see("spool"))
    if not private:
        return Check(WARNING, u"spool", u"%s may be read by other users: it holds visitors' ids "
                                        u"and contexts%s" % (path, see("spool")))
    return Check(OK, u"spool", u"%s can be written" % path)


def _spool_problem(path):
    """Return ``(what is wrong with a spool or None, whether no other user may read it)``."""
    problem = folder_problem(path)  # SQLite keeps files beside it
    if problem or not os.path.exists(path):
        return problem, True
    facts = os.stat(path)
    if not stat.S_ISREG(facts.st_mode):
        return u"%s is not a regular file" % path, True
    with open(path, "r+b") as file:
        head = file.read(len(_HEAD))
    if head and head != _HEAD:
        return u"%s is no SQLite file" % path, True
    return None, os.name != "posix" or not facts.st_mode & 0o077


def visitor_cache(manager, env_id):
    """Return the Check of a visitor cache; it saves and reads back the record of a test visitor."""
    kind = type(manager).__name__
    try:
        use_environment = getattr(manager, "use_environment", None)
        if callable(use_environment):
            use_environment(env_id)
        manager.save(VISITOR, make_record(VISITOR, (VISITOR,)))
        record = manager.lookup(VISITOR)
        ids = () if record is None else read_record(record, VISITOR)
        said = None if VISITOR in ids else u"does not give back what it was given"
    except UnreadableRecord as error:
        said = u"gives back another record: %s" % error
    except Exception as error:  # the cache may raise anything
        said = u"raised %s" % error_text(error)
    if said:
        return Check(WRONG, u"cache", u"%s %s%s" % (kind, said, see("visitor-cache")))
    return Check(OK, u"cache", u"%s gives back what it was given" % kind)


def versions():
    """Return the Check of the versions that the SDK runs on."""
    found = [(u"Python", sys.version.split()[0]), (u"flagship", __version__)]
    found += [(name, _version_of(name)) for name in (u"requests", u"urllib3", u"mmh3")]
    return Check(OK, u"versions", u"%s, %s" % (
        u", ".join(u"%s %s" % pair for pair in found), ssl.OPENSSL_VERSION))


def _version_of(name):
    """Return the version of a library that the SDK has imported."""
    version = getattr(sys.modules[native(name)], "__version__", None)
    if version is None:  # from mmh3 5 on
        from importlib import metadata
        version = metadata.version(name)
    return version
