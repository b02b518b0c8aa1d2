"""Hits: what a visitor did, for the platform's reports."""
import json

from flagship import _validation as check
from flagship import _values
from flagship._compat import Enum
from flagship._events import current, reports_mistakes

# Bytes of UTF-8.
_MAX_TEXT = 500
_MAX_LOCATION = 2048
# Documented, but longer values ("credit_card") are common and the platform takes them.
_ADVISED_SHORT = 10


class HitType(Enum):
    PAGE = u"PAGEVIEW"
    SCREENVIEW = u"SCREENVIEW"
    EVENT = u"EVENT"
    TRANSACTION = u"TRANSACTION"
    ITEM = u"ITEM"


class EventCategory(Enum):
    ACTION_TRACKING = u"Action Tracking"
    USER_ENGAGEMENT = u"User Engagement"


# Where each fact stands in the object on the wire.
_WIRE = {
    "type": u"t", "source": u"ds", "location": u"dl", "ip": u"uip", "resolution": u"sr",
    "locale": u"ul", "session_number": u"sn", "session_timestamp": u"cst",
    "category": u"ec", "action": u"ea", "label": u"el", "value": u"ev",
    "transaction_id": u"tid", "affiliation": u"ta", "revenue": u"tr", "shipping": u"ts",
    "shipping_method": u"sm", "taxes": u"tt", "currency": u"tc", "payment": u"pm",
    "item_count": u"icn", "coupon": u"tcc", "product_name": u"in", "product_sku": u"ic",
    "price": u"ip", "item_quantity": u"iq", "item_category": u"iv",
}

# What a hit of each type cannot be without.
_REQUIRED = {
    HitType.PAGE: ("location",), HitType.SCREENVIEW: ("location",),
    HitType.EVENT: ("category", "action"), HitType.TRANSACTION: ("transaction_id", "affiliation"),
    HitType.ITEM: ("transaction_id", "product_name", "product_sku"),
}

_CATEGORIES = {name: category for category in EventCategory
               for name in (category.name, category.value)}

_setter = reports_mistakes(lambda hit, error: hit)


def _constructor(init):
    """A constructor has no neutral result: a caught mistake leaves a hit that ``send_hit``
    refuses."""
    def refuse(hit, error):
        hit._refusal = error.message
    return reports_mistakes(refuse)(init)


def _positive_count(value):
    value = _values.count(value)
    if value <= 0:
        raise _values.Unreadable("is not greater than 0")
    return value


def _not_negative(value):
    value = _values.count(value)
    if value < 0:
        raise _values.Unreadable("is negative")
    return value


def _milliseconds(value):
    value = _values.count(value)
    if not 0 <= value < 2 ** 63:
        raise _values.Unreadable("is out of range")
    return value


def _cut(function, parameter, text, max_bytes=_MAX_TEXT):
    kept = _values.cut_to(text, max_bytes)
    if kept != text:
        current().warning("[%s] %s is cut to %d bytes", function, parameter, max_bytes)
    return kept


def _category(value):
    if _values.is_a(value, EventCategory):
        return value
    try:
        return _CATEGORIES[_values.text(value)]
    except (KeyError, _values.Absent, _values.WrongType):
        names = " or ".join("EventCategory.%s" % each.name for each in EventCategory)
        raise check.typing_error("Event", "category", value, names)


class Hit(object):
    """What the five kinds of hit share. Every ``with_...`` method returns the hit: calls chain.

    What comes out of a shop's data never raises. Text may also be lazy or proxied text, an Enum
    member with a text value, an int or a UUID; over its limit it is cut between two characters,
    with a log line. Numbers may be int, float, Decimal, Fraction, a scalar of numpy, or text that
    is a number; negative ones, as of returns, are sent. None sets nothing. What cannot be read so,
    such as NaN, is left out: the hit goes without it, a log line says so, and so does the result of
    ``send_hit``.

    :param HitType hit_type: the kind.
    :ivar HitType hit_type: the kind.
    :raises TypingError: (this and every method) on an argument of a type that is no data, such as a
        list; the hit stays as it was.
    """

    hit_type = None
    _refusal = None

    def __new__(cls, *args, **kwargs):
        # Here, so that a hit whose constructor refused its arguments, or was never called, still
        # chains. A subclass of 2.1.x puts fields of its own into `_data`.
        hit = super(Hit, cls).__new__(cls)
        hit._data, hit._left_out = {}, {}
        return hit

    @_constructor
    def __init__(self, hit_type):
        check.instance(type(self).__name__, "hit_type", hit_type, HitType)
        self.hit_type = hit_type
        self._set("type", hit_type.value)._set("source", u"APP")

    def _set(self, field, value):
        self._data[_WIRE[field]] = value
        return self

    def _set_required(self, field, value, max_bytes=_MAX_TEXT, strip=False):
        """Set text that the hit cannot be without; where there is none it is empty, as in 2.1.x,
        and where it cannot be read it stays missing, so that ``send_hit`` refuses the hit."""
        name = type(self).__name__
        try:
            text = _values.text(value, identifiers=True)
        except _values.WrongType:
            raise check.typing_error(name, field, value, "text")
        except _values.Absent:
            text = u""
        except _values.Unreadable as problem:
            current().warning("[%s] %s %s", name, field, problem)
            return self
        text = _cut(name, field, text.strip() if strip else text, max_bytes)
        if not text:
            current().warning("[%s] %s is empty", name, field)
        return self._set(field, text)

    def _read(self, function, field, value, read, allowed, parameter=None):
        """Set an optional field to what ``read`` makes of a value, or leave it out."""
        parameter = parameter or field
        try:
            self._set(field, read(value))
        except _values.Absent:
            return self
        except _values.WrongType:
            raise check.typing_error(function, parameter, value, allowed)
        except _values.Unreadable as problem:
            return self._leave_out(function, parameter, problem)
        self._left_out.pop(parameter, None)
        return self

    def _leave_out(self, function, parameter, problem):
        self._left_out[parameter] = str(problem)
        current().warning("[%s] %s %s: it is left out", function, parameter, problem)
        return self

    def _number(self, function, field, value):
        return self._read(function, field, value, _values.number, "a number")

    def _count(self, function, field, value, read=_values.count, parameter=None):
        return self._read(function, field, value, read, "a whole number", parameter)

    def _text(self, function, field, value, parameter=None):
        def read(value):
            return _cut(function, parameter or field, _values.text(value, identifiers=True))
        return self._read(function, field, value, read, "text", parameter)

    def _short(self, function, field, value):
        self._text(function, field, value)
        size = len(self._data.get(_WIRE[field], u"").encode("utf-8"))
        if size > _ADVISED_SHORT:
            current().warning("[%s] %s is %d bytes long; the platform documents at most %d",
                              function, field, size, _ADVISED_SHORT)
        return self

    @_setter
    def with_ip(self, ip):
        """Set the visitor's IP address.

        :param str ip: at most 500 bytes of UTF-8.
        """
        return self._text("with_ip", "ip", ip)

    @_setter
    def with_resolution(self, width, height):
        """Set the screen's resolution; both or none.

        :param int width: pixels, greater than 0.
        :param int height: pixels, greater than 0.
        """
        size = {}
        for parameter, value in (("width", width), ("height", height)):
            try:
                size[parameter] = _positive_count(value)
            except _values.Absent:
                pass
            except _values.WrongType:
                raise check.typing_error("with_resolution", parameter, value, "a whole number")
            except _values.Unreadable as problem:
                self._leave_out("with_resolution", parameter, problem)
            else:
                self._left_out.pop(parameter, None)
        if len(size) == 2:
            self._set("resolution", u"%dx%d" % (size["width"], size["height"]))
        return self

    @_setter
    def with_locale(self, locale):
        """Set the visitor's language.

        :param str locale: such as ``fr-FR``; at most 500 bytes of UTF-8.
        """
        return self._text("with_locale", "locale", locale)

    @_setter
    def with_session_number(self, number):
        """Set which of the visitor's sessions this is.

        :param int number: 1 for the first.
        """
        return self._count("with_session_number", "session_number", number, _not_negative,
                           parameter="number")

    @_setter
    def with_session_timestamp(self, timestamp):
        """Set when the visitor's session began.

        :param int timestamp: milliseconds since the epoch, at least 0, at most 2**63 - 1.
        """
        return self._count("with_session_timestamp", "session_timestamp", timestamp, _milliseconds,
                           parameter="timestamp")

    @property
    def problem(self):
        """Why the hit cannot be sent, text, or None."""
        if self._refusal:
            return self._refusal
        name = type(self).__name__
        if self.hit_type is None:
            return "%s: the hit has no type" % name
        missing = [field for field in _REQUIRED[self.hit_type] if _WIRE[field] not in self._data]
        if missing:
            return "%s: %s is missing" % (name, " and ".join(missing))
        return None

    @property
    def left_out(self):
        """What the hit goes without, one line of text, or None: values that could not be read."""
        return ", ".join("%s %s" % each for each in sorted(self._left_out.items())) or None

    def get_data(self):
        """The hit as it goes on the wire, without the visitor.

        :return: the dict from wire key to value that the hit is made of, to be changed with care;
            without the required keys for a hit whose arguments were refused.
        :rtype: dict
        """
        return self._data

    def __str__(self):
        return "Hit : %s" % json.dumps(self.get_data(), default=repr)

    __repr__ = __str__


class Page(Hit):
    """A visitor came to a page.

    :param str location: the page's URL, http or https with a host; white space around it is
        stripped, and over 2048 bytes of UTF-8 it is cut. A hit with something else is made, and
        ``send_hit`` refuses it.
    """

    @_constructor
    def __init__(self, location):
        Hit.__init__(self, HitType.PAGE)
        self._set_required("location", location, _MAX_LOCATION, strip=True)

    @property
    def problem(self):
        """Why the hit cannot be sent, text, or None."""
        problem = super(Page, self).problem
        if problem:
            return problem
        location = self._data[_WIRE["location"]]
        reason = check.url_problem(location) if location else "it is empty"
        return reason and "Page: location is no http or https URL with a host: %s" % reason


class Screen(Hit):
    """A visitor came to an interface of an application.

    :param str location: the interface's name, at most 2048 bytes of UTF-8.
    """

    @_constructor
    def __init__(self, location):
        Hit.__init__(self, HitType.SCREENVIEW)
        self._set_required("location", location, _MAX_LOCATION)


class Event(Hit):
    """A visitor did something, such as adding to a cart.

    :param EventCategory category: ``ACTION_TRACKING`` or ``USER_ENGAGEMENT``; its name or value as
        text will do.
    :param str action: the event's name in the reports, at most 500 bytes of UTF-8.
    :raises TypingError: on another category.
    """

    @_constructor
    def __init__(self, category, action):
        try:
            category = _category(category)
        except _values.Unreadable as problem:
            current().warning("[Event] category %s", problem)
            category = None
        Hit.__init__(self, HitType.EVENT)
        if category is not None:
            self._set("category", category.value)
        self._set_required("action", action)

    @_setter
    def with_event_label(self, label):
        """Describe the event further.

        :param str label: at most 500 bytes of UTF-8.
        """
        return self._text("with_event_label", "label", label)

    @_setter
    def with_event_value(self, value):
        """Set what the event is worth.

        :param int value: greater than 0; anything else is left out, None with a log line too.
        """
        if value is None:
            return self._leave_out("with_event_value", "value", "is None")
        return self._count("with_event_value", "value", value, _positive_count)


class Transaction(Hit):
    """A visitor completed a purchase.

    :param str transaction_id: identifies the transaction, at most 500 bytes of UTF-8.
    :param str affiliation: the name of the goal in the reports, at most 500 bytes of UTF-8.
    """

    @_constructor
    def __init__(self, transaction_id, affiliation):
        Hit.__init__(self, HitType.TRANSACTION)
        self._set_required("transaction_id", transaction_id)
        self._set_required("affiliation", affiliation)

    @_setter
    def with_total_revenue(self, revenue):
        """Set the total, with shipping and taxes.

        :param revenue: a number, in the transaction's currency.
        """
        return self._number("with_total_revenue", "revenue", revenue)

    @_setter
    def with_shipping_cost(self, shipping):
        """Set the cost of shipping.

        :param shipping: a number, in the transaction's currency.
        """
        return self._number("with_shipping_cost", "shipping", shipping)

    @_setter
    def with_shipping_method(self, shipping_method):
        """Set how the order is shipped.

        :param str shipping_method: at most 500 bytes of UTF-8; over 10 is sent with a warning.
        """
        return self._short("with_shipping_method", "shipping_method", shipping_method)

    @_setter
    def with_taxes(self, taxes):
        """Set the taxes.

        :param taxes: a number, in the transaction's currency.
        """
        return self._number("with_taxes", "taxes", taxes)

    @_setter
    def with_currency(self, currency):
        """Set the currency.

        :param str currency: an ISO 4217 code such as ``EUR``; over 10 bytes is sent with a warning.
        """
        return self._short("with_currency", "currency", currency)

    @_setter
    def with_payment_method(self, payment):
        """Set how the order is paid.

        :param str payment: at most 500 bytes of UTF-8; over 10 is sent with a warning.
        """
        return self._short("with_payment_method", "payment", payment)

    @_setter
    def with_item_count(self, item_nb):
        """Set the number of items.

        :param int item_nb: negative for a return.
        """
        return self._count("with_item_count", "item_count", item_nb, parameter="item_nb")

    @_setter
    def with_coupon_code(self, coupon):
        """Set the coupon that the customer used.

        :param str coupon: at most 500 bytes of UTF-8; over 10 is sent with a warning.
        """
        return self._short("with_coupon_code", "coupon", coupon)


class Item(Hit):
    """One line of a transaction; to be sent after it.

    :param str transaction_id: the transaction's, at most 500 bytes of UTF-8.
    :param str product_name: at most 500 bytes of UTF-8.
    :param str product_sku: at most 500 bytes of UTF-8.
    """

    @_constructor
    def __init__(self, transaction_id, product_name, product_sku):
        Hit.__init__(self, HitType.ITEM)
        self._set_required("transaction_id", transaction_id)
        self._set_required("product_name", product_name)
        self._set_required("product_sku", product_sku)

    @_setter
    def with_price(self, price):
        """Set the price of one.

        :param price: a number, in the transaction's currency.
        """
        return self._number("with_price", "price", price)

    @_setter
    def with_item_quantity(self, item_quantity):
        """Set how many were bought.

        :param int item_quantity: negative for a return.
        """
        return self._count("with_item_quantity", "item_quantity", item_quantity)

    @_setter
    def with_item_category(self, category):
        """Set the item's category.

        :param str category: at most 500 bytes of UTF-8.
        """
        return self._text("with_item_category", "item_category", category, parameter="category")
