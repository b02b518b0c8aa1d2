"""The short names of the sections of docs/troubleshooting.rst, which log lines refer to."""


def see(name):
    """What a line ends with that has a section there.

    :param str name: the section's anchor. It is stable: people search for it.
    """
    return " (see troubleshooting: %s)" % name
