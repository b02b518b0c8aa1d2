"""The differences between Python versions and systems, in one place."""
from __future__ import absolute_import

import functools
import gc
import os
import re
import shutil
import sys
import threading
import time

import six
from six.moves.urllib.parse import parse_qs, unquote, urlsplit

from enum import Enum

try:
    from thread import get_ident
except ImportError:
    from threading import get_ident

try:
    from collections.abc import Iterable, Mapping
except ImportError:
    from collections import Iterable, Mapping

try:
    from types import MappingProxyType
except ImportError:
    class MappingProxyType(Mapping):
        """A read-only view of a dict, like Python 3's."""

        __slots__ = ("_mapping",)

        def __init__(self, mapping):
            self._mapping = mapping

        def __getitem__(self, key):
            return self._mapping[key]

        def __iter__(self):
            return iter(self._mapping)

        def __len__(self):
            return len(self._mapping)

        def __repr__(self):
            return "mappingproxy(%r)" % (self._mapping,)

try:
    RecursionError = RecursionError
except NameError:
    RecursionError = RuntimeError

PY2 = six.PY2
text_type = six.text_type
string_types = (bytes, six.text_type) if PY2 else (str,)
integer_types = six.integer_types

if hasattr(time, "monotonic"):
    monotonic = time.monotonic
else:
    def monotonic():
        """Return seconds since some point in the past, unaffected by changes of the system clock,
        with a resolution of hundredths. Python 2 on Windows has no such clock and gets the system
        time: setting that back only lengthens a wait."""
        return os.times()[4] or time.time()


if PY2:
    def acquire_within(lock, seconds):
        """Acquire a ``threading.Lock``, waiting at most ``seconds``, or indefinitely if None;
        return whether it was acquired."""
        if seconds is None:
            return lock.acquire()
        ends, pause = monotonic() + seconds, 0.0005
        while not lock.acquire(False):
            left = ends - monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            pause = min(pause * 2, 0.05)
        return True
else:
    def acquire_within(lock, seconds):
        """Acquire a ``threading.Lock``, waiting at most ``seconds``, or indefinitely if None;
        return whether it was acquired."""
        return lock.acquire() if seconds is None else lock.acquire(True, max(0, seconds))

# A lone surrogate has no UTF-8 encoding, so it can be neither hashed nor sent. Python 2 encodes it
# without an error. Its narrow builds represent a character outside the BMP as a surrogate pair,
# which is fine.
_LONE_SURROGATE = re.compile(
    u"[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]") if PY2 else None
try:
    time.clock_gettime(time.CLOCK_BOOTTIME)
    #: Like ``monotonic``, but also counts the time while the machine is suspended, if supported.
    elapsed = functools.partial(time.clock_gettime, time.CLOCK_BOOTTIME)
except (AttributeError, EnvironmentError):
    elapsed = monotonic


if (3,) <= sys.version_info < (3, 9):
    def without_collector(recurse):
        """Return a function that calls ``recurse``, which may fail with a RecursionError, while the
        garbage collector is paused. Finalizers and callbacks of the application run in collections,
        and what they raise is swallowed: at the end of the stack a RecursionError, after which
        these Pythons abort the process at the next one."""
        @functools.wraps(recurse)
        def paused(*args, **options):
            is_enabled = gc.isenabled()
            gc.disable()
            try:
                return recurse(*args, **options)
            finally:
                if is_enabled:
                    gc.enable()
        return paused
else:
    def without_collector(recurse):
        """Return ``recurse``, a function that may fail with a RecursionError: from 3.9 on, and on
        Python 2, it may while the garbage collector runs."""
        return recurse


def to_text(value):
    """Return the text ``value`` as exactly ``text_type``, or None if UTF-8 cannot encode it."""
    if PY2:
        if isinstance(value, bytes):
            try:
                value = value.decode("utf-8")
            except UnicodeDecodeError:
                return None
        return None if _LONE_SURROGATE.search(value) else value + u""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return None
    # A subclass of str may hash or print differently (an Enum does).
    return value if type(value) is str else "".join((value, ""))


_SURROGATE = _LONE_SURROGATE or re.compile(u"[\ud800-\udfff]")


def well_formed(value):
    """Return the text ``value`` as exactly ``text_type``, with U+FFFD in place of each part that
    UTF-8 cannot encode."""
    accepted = to_text(value)
    if accepted is not None:
        return accepted
    if PY2 and isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return _SURROGATE.sub(u"\ufffd", "".join((value, "")))


#: Return whether text is ASCII, if Python can tell in constant time (3.7 and later); always False
#: before that, so False does not mean that it is not ASCII.
is_ascii = getattr(text_type, "isascii", lambda text: False)

if PY2:
    def code_points(text):
        """Return a sort key that orders text by code point (narrow builds compare UTF-16 units)."""
        return text.encode("utf-8")
else:
    code_points = None

if hasattr(os, "replace"):
    replace = os.replace
else:
    def replace(source, target):
        """Rename ``source`` to ``target``, replacing it; atomic on POSIX, not on Windows."""
        if os.name == "nt" and os.path.exists(target):
            os.remove(target)
        os.rename(source, target)


def terminal_columns():
    """Return the width of the terminal, an int; 80 if there is none."""
    if hasattr(shutil, "get_terminal_size"):
        return shutil.get_terminal_size().columns
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return int(columns)
    try:
        import fcntl
        import struct
        import termios
        return struct.unpack("hh", fcntl.ioctl(1, termios.TIOCGWINSZ, b"0000"))[1] or 80
    except (EnvironmentError, ImportError):  # no terminal, no POSIX
        return 80


def to_stream(text, encoding):
    """Return text in the form that a standard stream's ``write`` takes; characters that the
    encoding does not have are escaped."""
    encoded = text.encode(encoding, "backslashreplace")
    return encoded if PY2 else encoded.decode(encoding)


def argument_text(value):
    """Return a command-line argument as text, or None if UTF-8 cannot encode it."""
    accepted = to_text(value)
    if accepted is None and not PY2:
        # If the locale is not UTF-8, undecodable bytes are represented as surrogates.
        try:
            return os.fsencode(value).decode("utf-8")
        except UnicodeError:
            return None
    return accepted


if PY2:
    def decode_source(content):
        """Return the text of a file of Python in the encoding that it declares."""
        from lib2to3.pgen2.tokenize import detect_encoding
        encoding, _ = detect_encoding(iter(content.splitlines(True)).next)
        return content.decode(encoding, "replace")
else:
    def decode_source(content):
        """Return the text of a file of Python in the encoding that it declares."""
        from importlib.util import decode_source
        return decode_source(content)


def native(text):
    """Return the text of an HTTP header as ``str``: Python 2's HTTP client concatenates it with a
    body of bytes."""
    return text.encode("latin-1") if PY2 and isinstance(text, text_type) else text


def absolute(path):
    """Return an absolute path; ``path`` itself if the working directory has been removed."""
    try:
        return os.path.abspath(path)
    except EnvironmentError:
        return path


def call_in_forked_child(call):
    """Register ``call()`` to run in every child that this process forks from now on; return whether
    this Python supports that (3.7 and later)."""
    if not hasattr(os, "register_at_fork"):
        return False
    os.register_at_fork(after_in_child=call)
    return True


def call_around_fork(before, after):
    """Register ``before()`` to run in this process before each fork, and ``after()`` to run in
    parent and child after it; do nothing if Python does not support that (before 3.7)."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_parent=after, after_in_child=after)


if PY2:
    class RLock(object):
        """A reentrant lock. Python 2's own is written in Python, so a signal handler that
        interrupts it can deadlock with its own thread."""

        __slots__ = ("_block", "_claims")

        def __init__(self):
            self._block, self._claims = threading.Lock(), {}

        def acquire(self):
            me = get_ident()
            if me in self._claims:
                self._claims[me] += 1
                return
            # Claimed before the lock is acquired: a signal handler that runs in this thread in the
            # meantime must not wait for it.
            self._claims[me] = 1
            self._block.acquire()

        def release(self):
            me = get_ident()
            if self._claims.get(me, 0) > 1:
                self._claims[me] -= 1
            elif me in self._claims:
                self._block.release()
                del self._claims[me]
            else:
                raise RuntimeError("cannot release a lock that was not acquired")
else:
    RLock = threading.RLock


def fspath(value):
    """Return a path as text, from text or from an ``os.PathLike``; None for anything else."""
    if hasattr(value, "__fspath__"):
        value = value.__fspath__()
    return to_text(value) if isinstance(value, string_types) else None


__all__ = ["Enum", "Iterable", "Mapping", "MappingProxyType", "PY2", "RLock", "RecursionError",
           "absolute",
           "acquire_within", "argument_text", "call_around_fork", "call_in_forked_child",
           "code_points", "decode_source", "elapsed",
           "fspath", "integer_types", "is_ascii", "monotonic", "native", "parse_qs", "replace",
           "string_types", "terminal_columns", "text_type", "to_stream", "to_text", "unquote",
           "urlsplit", "well_formed", "without_collector"]
