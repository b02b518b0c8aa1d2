# -*- coding: utf-8 -*-
"""Kinds of value that a program hands to the SDK, each with how it reads."""
from __future__ import unicode_literals

import datetime
import sys
import uuid
import warnings
from collections import namedtuple
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction

from django.utils.functional import SimpleLazyObject, lazystr
from django.utils.safestring import mark_safe
from werkzeug.local import LocalProxy

PY2 = sys.version_info[0] == 2
if PY2:
    from django.utils.translation import ugettext_lazy as gettext_lazy
else:
    from django.utils.translation import gettext_lazy

with warnings.catch_warnings():
    # The last pandas on 2.7 was built with another numpy, which does no harm.
    warnings.simplefilter("ignore")
    import numpy
    import pandas

TEXT = type("")
UNKNOWN = object()  # the contract leaves the reading open; only an exception is wrong

#: How one value reads, each None where it has no such reading: ``text`` anywhere, ``hit_text`` in a
#: hit alone, ``number`` as money or a count, ``context`` as a context's value. ``null``: it is as
#: good as None. ``unread``: it is of a type that numbers come in, but none. ``raises``: what of it
#: raises when it is looked at, "text" or "number".
Kind = namedtuple("Kind", "name make text hit_text number context null unread raises")


class Text(TEXT):
    """Says something else of itself than it holds."""

    def __str__(self):
        return str("not this")


class Colour(TEXT, Enum):
    RED = "red"


class Plain(Enum):
    RED = "red"
    NUMBER = 7


class Size(IntEnum):
    LARGE = 7


class Integer(int):
    def __repr__(self):
        return str("not this")


class Float(float):
    def __repr__(self):
        return str("not this")


class Strange(object):
    """Is nothing that anybody could read."""


class Unreadable(TEXT):
    """Text whose every conversion raises."""

    def __str__(self):
        raise RuntimeError("__str__")

    __repr__ = __unicode__ = encode = __str__


class Money(Decimal):
    """A number whose every conversion raises."""

    def __float__(self):
        raise RuntimeError("__float__")

    __int__ = __trunc__ = __str__ = __repr__ = __eq__ = __hash__ = __float__


def fail():
    raise RuntimeError("the proxy's object is not to be had")


def kind(name, make, text=None, hit_text=None, number=None, context=None, null=False,
         unread=False, raises=()):
    if not callable(make) or isinstance(make, type):
        given = make
        make = lambda: given  # noqa: E731
    return Kind(name, make, text, text if hit_text is None else hit_text, number,
                text if context is None else context, null, unread, raises)


def numeric(name, value, number, context=None, hit_text=None):
    return kind(name, value, number=number, hit_text=hit_text,
                context=number if context is None else context)


def unread(name, value, **options):
    return kind(name, value, unread=True, **options)


ID = uuid.UUID("12345678123456781234567812345678")
SERIES = pandas.Series([19.5, 2.0])
NA = getattr(pandas, "NA", pandas.NaT)  # no NA before pandas 1.0
NUMBER_TEXTS = [
    ("19.90", 19.9), (" 19.90 ", 19.9), ("7", 7), ("1e3", 1000), ("-5", -5), ("+5", 5), ("0", 0),
    (".5", 0.5),
    ("\u0661\u0669", UNKNOWN), ("1_000", UNKNOWN)]
OTHER_TEXTS = ["abc", "19,90", "1,234.56", "0x10", "19.90 \u20ac", "nan", "inf", "-Infinity",
               "1e999999", "9" * 5000, "1/2", "True", " "]

TEXTS = [
    kind("text", "fr", "fr"),
    kind("text beyond the BMP", "\u00e9\U0001f600", "\u00e9\U0001f600"),
    kind("a subclass of text", Text("fr"), "fr"),
    kind("an Enum that is text", Colour.RED, "red"),
    kind("an Enum with a text value", Plain.RED, "red"),
    kind("Markup", mark_safe("<b>"), "<b>"),
    kind("gettext_lazy", lambda: gettext_lazy("fr"), "fr"),
    kind("lazystr", lambda: lazystr("fr"), "fr"),
    kind("SimpleLazyObject", lambda: SimpleLazyObject(lambda: "fr"), "fr"),
    kind("LocalProxy", lambda: LocalProxy(lambda: "fr"), "fr"),
    kind("numpy.str_", numpy.str_("fr"), "fr"),
    kind("an element of a Series of text", lambda: pandas.Series(["fr"])[0], "fr"),
    kind("empty text", "", ""),
    kind("a lone surrogate", "a\ud800b", "a\ufffdb"),
    kind("600 bytes of text", "\u00e9" * 300, "\u00e9" * 300),
    kind("601 bytes of emoji", "a" + "\U0001f600" * 150, "a" + "\U0001f600" * 150),
    kind("10,000 bytes of text", "a" * 10000, "a" * 10000),
    kind("control characters", "a\nb\tc", "a\nb\tc"),
]
TEXTS += [kind("the text %.12r" % text, text, text, number=number) for text, number in NUMBER_TEXTS]
TEXTS += [kind("the text %.12r" % text, text, text) for text in OTHER_TEXTS]
TEXTS += [
    kind("a lazy number as text", lambda: lazystr("19.90"), "19.90", number=19.9),
    kind("a proxied number as text", lambda: LocalProxy(lambda: "19.90"), "19.90", number=19.9),
    # On Python 3 bytes are a mistake.
    kind("bytes", b"fr", "fr" if PY2 else None),
    kind("bytes that are not UTF-8", b"\xff", "\ufffd" if PY2 else None),
]

NUMBERS = [
    numeric("int", 7, 7, hit_text="7"),
    numeric("zero", 0, 0, hit_text="0"),
    numeric("a negative int", -3, -3, hit_text="-3"),
    numeric("a large int", 2 ** 70, 2 ** 70, hit_text=TEXT(2 ** 70)),
    numeric("a subclass of int", Integer(7), 7, hit_text="7"),
    numeric("IntEnum", Size.LARGE, 7, hit_text="7"),
    numeric("float", 19.99, 19.99),
    numeric("an integral float", 1.0, 1),
    numeric("a fraction of one", 1.5, 1.5),
    numeric("a negative float", -2.5, -2.5),
    numeric("a subclass of float", Float(1.5), 1.5),
    numeric("Decimal", Decimal("19.90"), 19.9),
    numeric("an integral Decimal", Decimal(5), 5),
    numeric("a negative Decimal", Decimal("-94.80"), -94.8),
    numeric("Fraction", Fraction(1, 2), 0.5, context=UNKNOWN),
    numeric("an integral Fraction", Fraction(4, 2), 2, context=UNKNOWN),
    numeric("numpy.int64", numpy.int64(7), 7, hit_text="7"),
    numeric("numpy.uint8", numpy.uint8(7), 7, hit_text="7"),
    numeric("numpy.float64", numpy.float64(19.9), 19.9),
    numeric("numpy.float32", numpy.float32(0.5), 0.5),
    numeric("an element of a Series", lambda: SERIES[0], 19.5),
    numeric("an integral element of a Series", lambda: SERIES[1], 2),
    numeric("an element of an integral Series", lambda: pandas.Series([3])[0], 3, hit_text="3"),
    numeric("a lazy Decimal", lambda: SimpleLazyObject(lambda: Decimal("19.90")), 19.9),
    numeric("a proxied int", lambda: LocalProxy(lambda: 7), 7, hit_text="7"),
    numeric("a proxied float", lambda: LocalProxy(lambda: 19.99), 19.99),
]

NO_NUMBERS = [
    unread("True", True, context=True),
    unread("False", False, context=False),
    unread("a lazy bool", lambda: SimpleLazyObject(lambda: True), context=True),
    unread("numpy.bool_", numpy.bool_(True), context=UNKNOWN),
    unread("NaN", float("nan")),
    unread("infinity", float("inf")),
    unread("minus infinity", float("-inf")),
    unread("Decimal NaN", Decimal("NaN")),
    unread("a signalling Decimal NaN", Decimal("sNaN")),
    unread("Decimal infinity", Decimal("Infinity")),
    unread("a Decimal beyond any float", Decimal("1E+999999")),
    unread("a Fraction beyond any float", Fraction(10 ** 400, 3), context=None),
    unread("numpy NaN", numpy.float64("nan")),
    unread("an int of 5,000 digits", 10 ** 5000, hit_text=UNKNOWN, number=UNKNOWN, context=UNKNOWN),
]

NULLS = [
    kind("None", None, null=True),
    kind("a lazy None", lambda: SimpleLazyObject(lambda: None), null=True),
    kind("a proxied None", lambda: LocalProxy(lambda: None), null=True),
    kind("pandas.NA", NA, null=True),
    kind("pandas.NaT", pandas.NaT, null=True),
]

OTHERS = [
    kind("pandas.Timestamp", pandas.Timestamp(0)),
    kind("UUID", ID, hit_text=TEXT(ID)),
    kind("an Enum with a number", Plain.NUMBER, hit_text=UNKNOWN, context=UNKNOWN),
    kind("a complex number", 1j),
    kind("a date", datetime.date(2020, 1, 1)),
    kind("a datetime", datetime.datetime(2020, 1, 1)),
    kind("a list", ["fr"]),
    kind("an empty list", []),
    kind("a tuple", ("fr",)),
    kind("a dict", {"fr": 1}),
    kind("a set", {"fr"}),
    kind("an array", numpy.array([1, 2])),
    kind("a Series", SERIES),
    kind("an object", Strange()),
    kind("a class", Strange),
    kind("a function", lambda: fail),
]

RAISING = [
    # On Python 2 nothing needs to convert it.
    kind("text whose __str__ raises", Unreadable("fr"), "fr") if PY2 else kind(
        "text whose __str__ raises", Unreadable("fr"), raises=("text", "number")),
    kind("a number whose __float__ raises", lambda: Money("19.90"), raises=("number",)),
    kind("a lazy value that raises", lambda: SimpleLazyObject(fail), raises=("text", "number")),
    kind("a proxy that raises", lambda: LocalProxy(fail), raises=("text", "number")),
]

KINDS = TEXTS + NUMBERS + NO_NUMBERS + NULLS + OTHERS + RAISING
