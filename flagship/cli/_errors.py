"""The exceptions that end a command without a result."""
import difflib


class Usage(Exception):
    """The command line, or a file that it names, cannot be used; the message says which and why.
    Exit code 2."""


class Unavailable(Exception):
    """The platform, or a URL, gave no usable answer; the message says why. Exit code 1."""


def suggestion(word, words):
    """Return a suggestion for an unknown word: the most similar one of ``words``, or ``""``."""
    nearest = difflib.get_close_matches(word, words, 1)
    return u"; did you mean %s?" % nearest[0] if nearest else u""
