"""The pytest fixture ``flagship_flags``. It is not registered automatically: an entry point would
make every pytest run in the environment import the SDK, and so requests. Enable it in the top-level
``conftest.py``::

    pytest_plugins = ["flagship.testing.pytest_plugin"]
"""
import pytest

from flagship.testing.flags import flagship_flags as _flagship_flags


@pytest.fixture
def flagship_flags():
    """Keep visitors off the network until the test ends. ``flagship_flags({key: value})`` sets the
    flags that they get (initially none), and returns the Sent that records what they send."""
    with _flagship_flags({}) as sent:
        def give(flags):
            sent.flags = flags
            return sent
        yield give
