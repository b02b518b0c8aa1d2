"""The pytest fixture ``flagship_flags``. It is not there by itself: an entry point would make every
run of pytest in the environment import the SDK, and so requests. Ask for it in the top
``conftest.py``::

    pytest_plugins = ["flagship.testing.pytest_plugin"]
"""
import pytest

from flagship.testing.flags import flagship_flags as _flagship_flags


@pytest.fixture
def flagship_flags():
    """Until the test ends no visitor reaches the network; ``flagship_flags({key: value})`` says
    which flags they get, at first none, and returns what they send."""
    with _flagship_flags({}) as sent:
        def give(flags):
            sent.flags = flags
            return sent
        yield give
