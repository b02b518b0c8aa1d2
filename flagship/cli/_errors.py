"""How a command ends that has nothing to show."""
import difflib


class Usage(Exception):
    """The command line, or a file that it names, cannot be used; its text says which and why. Exit
    code 2."""


class Unavailable(Exception):
    """The platform, or a URL, gave no usable answer; its text says why. Exit code 1."""


def suggestion(word, words):
    """What to say after a word that is none of ``words``: the nearest of them, or ``""``."""
    nearest = difflib.get_close_matches(word, words, 1)
    return u"; did you mean %s?" % nearest[0] if nearest else u""
