"""What differs between Python 2.7 and 3: the only module that knows."""
from __future__ import absolute_import

import functools
import os
import re
import shutil
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
        """A read-only view of a dict, as Python 3's."""

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
        """Seconds since some point in the past, whatever happens to the clock on the wall; on
        Python 2 in hundredths. Windows has no such clock there: a clock set back only lengthens a
        wait."""
        return os.times()[4] or time.time()


if PY2:
    def acquire_within(lock, seconds):
        """Acquire a ``threading.Lock`` within ``seconds``, None: however long it takes; whether it
        was."""
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
        """Acquire a ``threading.Lock`` within ``seconds``, None: however long it takes; whether it
        was."""
        return lock.acquire() if seconds is None else lock.acquire(True, max(0, seconds))

# A lone surrogate has no UTF-8 form, so it can be neither hashed nor sent. Python 2 encodes it
# without a word, and its narrow builds spell one character outside the BMP as a pair, which is
# fine.
_LONE_SURROGATE = re.compile(
    u"[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]") if PY2 else None
try:
    time.clock_gettime(time.CLOCK_BOOTTIME)
    #: Like ``monotonic``, and goes on while the machine sleeps, where the system tells.
    elapsed = functools.partial(time.clock_gettime, time.CLOCK_BOOTTIME)
except (AttributeError, EnvironmentError):
    elapsed = monotonic


def to_text(value):
    """The text ``value`` as exactly ``text_type``, or None where it is not text that UTF-8 can
    express."""
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
    # A subclass of str may hash or print as something else (an Enum does).
    return value if type(value) is str else "".join((value, ""))


_SURROGATE = _LONE_SURROGATE or re.compile(u"[\ud800-\udfff]")


def well_formed(value):
    """The text ``value`` as exactly ``text_type``, with U+FFFD for each part that UTF-8 cannot
    express."""
    accepted = to_text(value)
    if accepted is not None:
        return accepted
    if PY2 and isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return _SURROGATE.sub(u"\ufffd", "".join((value, "")))


#: Whether a text is ASCII, where Python knows that without looking (3.7); elsewhere the answer is
#: "perhaps not".
is_ascii = getattr(text_type, "isascii", lambda text: False)

if PY2:
    def code_points(text):
        """A key that orders text by code point (narrow builds compare UTF-16 units)."""
        return text.encode("utf-8")
else:
    code_points = None

if hasattr(os, "replace"):
    replace = os.replace
else:
    def replace(source, target):
        """Rename over ``target``; atomic on POSIX, the nearest there is on Windows."""
        if os.name == "nt" and os.path.exists(target):
            os.remove(target)
        os.rename(source, target)


def terminal_columns():
    """The width of the terminal, an int; 80 where there is none."""
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
    """What a standard stream's ``write`` takes for a text; what the encoding cannot express becomes
    an escape."""
    encoded = text.encode(encoding, "backslashreplace")
    return encoded if PY2 else encoded.decode(encoding)


def argument_text(value):
    """An argument of the command line as text, or None where it is not text that UTF-8 can
    express."""
    accepted = to_text(value)
    if accepted is None and not PY2:
        # Where the locale is not UTF-8 the bytes hide in surrogates.
        try:
            return os.fsencode(value).decode("utf-8")
        except UnicodeError:
            return None
    return accepted


def native(text):
    """The text of an HTTP header as ``str``, which is what Python 2's client mixes with a body of
    bytes."""
    return text.encode("latin-1") if PY2 and isinstance(text, text_type) else text


def absolute(path):
    """An absolute path; ``path`` itself where the working directory was removed."""
    try:
        return os.path.abspath(path)
    except EnvironmentError:
        return path


def call_in_forked_child(call):
    """Have ``call()`` called in every child that this process forks from now on; whether this
    Python can do so (3.7)."""
    if not hasattr(os, "register_at_fork"):
        return False
    os.register_at_fork(after_in_child=call)
    return True


def call_around_fork(before, after):
    """Have ``before()`` called in this process before each fork, and ``after()`` in parent and
    child afterwards; does nothing where Python cannot do so (before 3.7)."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_parent=after, after_in_child=after)


if PY2:
    class RLock(object):
        """A lock that its own thread may take again. Python 2's own is written in Python, and a
        signal handler that comes inside of it waits for its own thread for ever."""

        __slots__ = ("_block", "_claims")

        def __init__(self):
            self._block, self._claims = threading.Lock(), {}

        def acquire(self):
            me = get_ident()
            if me in self._claims:
                self._claims[me] += 1
                return
            self._claims[me] = 1  # first: a handler must not wait for what this thread waits for
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
    """A text path from text or from an ``os.PathLike``; None for anything else."""
    if hasattr(value, "__fspath__"):
        value = value.__fspath__()
    return to_text(value) if isinstance(value, string_types) else None


__all__ = ["Enum", "Iterable", "Mapping", "MappingProxyType", "PY2", "RLock", "RecursionError",
           "absolute",
           "acquire_within", "argument_text", "call_around_fork", "call_in_forked_child",
           "code_points", "elapsed",
           "fspath", "integer_types", "is_ascii", "monotonic", "native", "parse_qs", "replace",
           "string_types", "terminal_columns", "text_type", "to_stream", "to_text", "unquote",
           "urlsplit", "well_formed"]
