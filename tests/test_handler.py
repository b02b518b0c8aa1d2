"""What an event handler hears of: mistakes, raised or caught, with the line that made them."""
from __future__ import unicode_literals

import inspect
import logging
import os
import sys

import pytest

from flagship import Config, Flagship
from flagship.errors import FlagshipError, InitializationError, ParamError, TypingError
from flagship.hits import Event, Item, Page, Transaction
from tests.support import Log

HERE = os.path.basename(__file__).replace(".pyc", ".py")


def here():
    return inspect.currentframe().f_back.f_lineno


# Each makes one mistake, in its second line, and gives the line before and the error's class.
def in_start(visitor):
    line = here()
    Flagship.instance().start(5, "key", Flagship.instance().config)
    return line, TypingError


def in_create_visitor(visitor):
    line = here()
    Flagship.instance().create_visitor(5)
    return line, TypingError


def in_update_context(visitor):
    line = here()
    visitor.update_context(["country", "fr"])
    return line, TypingError


def in_authenticate(visitor):
    line = here()
    visitor.authenticate([])
    return line, TypingError


def in_get_modification(visitor):
    line = here()
    visitor.get_modification(5, "default")
    return line, TypingError


def in_get_modification_with_results(visitor):
    line = here()
    visitor.get_modification_with_results(None, "default")
    return line, TypingError


def in_get_modification_info(visitor):
    line = here()
    visitor.get_modification_info([])
    return line, TypingError


def in_activate_modification(visitor):
    line = here()
    visitor.activate_modification({})
    return line, TypingError


def in_explain(visitor):
    line = here()
    visitor.explain(5)
    return line, TypingError


def in_a_hit(visitor):
    line = here()
    Item("t", "n", [])
    return line, TypingError


def in_a_category(visitor):
    line = here()
    Event("Action", "cart")
    return line, TypingError


def in_a_setter(visitor):
    line = here()
    Transaction("t", "a").with_total_revenue({})
    return line, TypingError


def in_a_config(visitor):
    line = here()
    Config(event_handler=Flagship.instance().config.event_handler, timeout=-1)
    return line, ParamError


MISTAKES = [in_start, in_create_visitor, in_update_context, in_authenticate, in_get_modification,
            in_get_modification_with_results, in_get_modification_info, in_activate_modification,
            in_explain,
            in_a_hit, in_a_category, in_a_setter, in_a_config]
mistakes = pytest.mark.parametrize("mistake", MISTAKES, ids=[each.__name__ for each in MISTAKES])


@mistakes
@pytest.mark.parametrize("catch", [False, True])
def test_a_mistake_is_heard_of(mistake, catch, visitor, log):
    """Once, raised or caught, with a traceback whose first line is the caller's; the handler gets
    no log line of it."""
    log.catch_all_exceptions = catch
    ann = visitor()
    del log.lines[:]
    if catch:
        line, kind = mistake(ann)
    else:
        with pytest.raises(FlagshipError) as raised:
            mistake(ann)
        (line, kind), = [(entry.lineno, type(raised.value)) for entry in raised.traceback
                         if entry.name == mistake.__name__]
    (error, traceback), = log.caught
    assert type(error) is kind and (catch or error is raised.value)
    head, first = traceback.splitlines()[:2]
    assert head == "Traceback (most recent call last):"
    assert HERE in first and "line %d, in %s" % (line + 1, mistake.__name__) in first
    assert traceback.splitlines()[-1].endswith(error.message)
    assert traceback.count(HERE) == 1 and log.lines == []


@mistakes
def test_the_stock_handler_says_a_caught_mistake_in_one_line(mistake, visitor, caplog):
    """An ERROR with the file and line that made it; what is raised the caller is told already."""
    caplog.set_level(logging.DEBUG, logger="flagship")
    ann = visitor(event_handler=None)
    caplog.clear()
    with pytest.raises(FlagshipError):
        mistake(ann)
    assert caplog.records == []
    Flagship.instance().config.event_handler.catch_all_exceptions = True
    line, _ = mistake(ann)
    record, = caplog.records
    assert record.levelno == logging.ERROR and record.name == "flagship" and not record.exc_info
    assert record.getMessage().endswith(" (%s, line %d)" % (HERE, line + 1))
    assert "\n" not in record.getMessage()


def test_a_visitor_before_start_is_heard_of_and_raised(start, log):
    """It has no neutral result, so it is raised whatever the handler catches."""
    log.catch_all_exceptions = True
    start().close()
    with pytest.raises(InitializationError) as raised:
        Flagship.instance().create_visitor("ann")
    (error, traceback), = log.caught
    assert error is raised.value and HERE in traceback.splitlines()[1]


def test_data_is_no_mistake(visitor, log):
    """What a shop's data holds is told as lines, and never as an exception."""
    ann = visitor()
    ann.update_context({"tags": [], "none": None})
    ann.authenticate(None)
    ann.get_modification("unknown", object())
    ann.send_hit(Page("nowhere").with_ip(None))
    ann.send_hit(Transaction("t", None).with_total_revenue("free").with_taxes(float("nan")))
    ann.send_hit("no hit")
    assert log.caught == [] and len(log.at(logging.WARNING)) >= 6


class Raising(Log):
    def on_exception_raised(self, exception, traceback):
        Log.on_exception_raised(self, exception, traceback)
        raise RuntimeError("on_exception_raised")


@pytest.mark.parametrize("catch", [False, True])
def test_a_handler_that_raises_changes_nothing(catch, visitor, caplog):
    """The mistake reaches the caller, or not, as if the handler had not raised."""
    caplog.set_level(logging.CRITICAL + 1, logger="flagship")
    handler = Raising(catch)
    ann = visitor(event_handler=handler)
    if catch:
        assert ann.get_modification(5, "default") == "default"
    else:
        with pytest.raises(TypingError):
            ann.get_modification(5, "default")
    assert len(handler.caught) == 1


class Deaf(Log):
    def on_log(self, level, message):
        Log.on_log(self, level, message)
        raise RuntimeError("on_log")


def test_a_handler_that_raises_is_said_once(visitor, caplog):
    """Its traceback comes once a minute, not with each line."""
    handler = Deaf()
    ann = visitor(event_handler=handler)
    for number in range(20):
        ann.get_modification("unknown %d" % number, None)
    said = [each for each in caplog.records if "on_log raised" in each.getMessage()]
    assert len(said) == 1 and said[0].exc_info and len(handler.lines) > 20


@pytest.mark.skipif(sys.version_info < (3,), reason="Python 2 chains no exceptions")
def test_a_raised_mistake_stands_alone(visitor):
    """What the library found on its way to it does not confuse the reader of the traceback."""
    ann = visitor()
    for mistake in (in_get_modification, in_update_context, in_a_hit, in_create_visitor,
                    in_a_setter):
        with pytest.raises(TypingError) as raised:
            mistake(ann)
        assert raised.value.__suppress_context__
