"""The short names under which docs/troubleshooting.rst tells causes of lines and their cures."""


def see(name):
    """What a line ends with that has a section there.

    :param str name: the section's anchor. It is stable: people search for it.
    """
    return " (see troubleshooting: %s)" % name
