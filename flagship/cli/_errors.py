"""How a command ends that has nothing to show."""


class Usage(Exception):
    """The command line, or a file that it names, cannot be used; its text says which and why. Exit
    code 2."""


class Unavailable(Exception):
    """The platform, or a URL, gave no usable answer; its text says why. Exit code 1."""
