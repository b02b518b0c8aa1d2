"""Config(offline=True): nothing leaves the process, and what needs no network works."""
from __future__ import unicode_literals

import logging
import threading

import pytest

from flagship import Config
from flagship.hits import Page
from tests.support import data, file_of


@pytest.fixture
def offline(start, emulator):
    """Starts the SDK offline beside an emulator, which must not be asked for anything."""
    yield lambda **options: start(offline=True, **options)
    assert emulator.requests == []


@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
def test_bucketing_mode_decides_on_the_file_that_it_was_given(offline, log, tracking):
    """With no request at start, no thread that polls, and no line about a network that was not
    wanted."""
    before = threading.active_count()
    flagship = offline(mode=Config.Mode.BUCKETING, initial_bucketing=data("shop.json"),
                       tracking=tracking)
    assert threading.active_count() == before
    assert flagship.status.source == "initial"
    visitor = flagship.create_visitor("ann", context={"country": "FR"})
    assert visitor.synchronize_modifications() == (True, "")
    assert "cta-color" in visitor.modifications
    assert log.at(logging.WARNING) == []


@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
def test_what_would_be_sent_is_left_out_and_the_call_says_so(offline, tracking):
    flagship = offline(mode=Config.Mode.BUCKETING, initial_bucketing=file_of("1"),
                       tracking=tracking)
    visitor = flagship.create_visitor("ann")
    visitor.synchronize_modifications()
    assert visitor.get_modification("flag0", "", activate=True) == "1"
    assert visitor.activate_modification("flag0") == (False, "activate: the SDK is offline")
    assert visitor.send_hit(Page("https://shop.example.com/")) == (False, "hit: the SDK is offline")


def test_api_mode_gives_defaults(offline, log):
    visitor = offline().create_visitor("ann")
    success, reason = visitor.synchronize_modifications()
    assert not success and "the SDK is offline" in reason
    for _ in range(3):
        assert visitor.get_modification("cta-color", "red") == "red"
    (line,) = log.at(logging.WARNING)
    assert "every visitor gets defaults" in line
