"""Hits: visitors' actions, for the platform's reports."""
import json

from flagship import _validation as check
from flagship import _values
from flagship._compat import Enum
from flagship._events import current, reports_mistakes

# Bytes of UTF-8.
_MAX_TEXT = 500
_MAX_LOCATION = 2048
# The documented limit, but longer values ("credit_card") are common and the platform accepts them.
_ADVISED_SHORT = 10


class HitType(Enum):
    """The kinds of hits, as the platform names them."""

    PAGE = u"PAGEVIEW"
    SCREENVIEW = u"SCREENVIEW"
    EVENT = u"EVENT"
    TRANSACTION = u"TRANSACTION"
    ITEM = u"ITEM"


class EventCategory(Enum):
    """What an :class:`Event` is about, as the platform names it."""

    ACTION_TRACKING = u"Action Tracking"
    USER_ENGAGEMENT = u"User Engagement"


# The wire key of each field.
_WIRE = {
    "type": u"t", "source": u"ds", "location": u"dl", "ip": u"uip", "resolution": u"sr",
    "locale": u"ul", "session_number": u"sn", "session_timestamp": u"cst",
    "category": u"ec", "action": u"ea", "label": u"el", "value": u"ev",
    "transaction_id": u"tid", "affiliation": u"ta", "revenue": u"tr", "shipping": u"ts",
    "shipping_method": u"sm", "taxes": u"tt", "currency": u"tc", "payment": u"pm",
    "item_count": u"icn", "coupon": u"tcc", "product_name": u"in", "product_sku": u"ic",
    "price": u"ip", "item_quantity": u"iq", "item_category": u"iv",
}

# The required fields of each hit type.
_REQUIRED = {
    HitType.PAGE: ("location",), HitType.SCREENVIEW: ("location",),
    HitType.EVENT: ("category", "action"), HitType.TRANSACTION: ("transaction_id", "affiliation"),
    HitType.ITEM: ("transaction_id", "product_name", "product_sku"),
}

_CATEGORIES = {name: category for category in EventCategory
               for name in (category.name, category.value)}

_setter = reports_mistakes(lambda hit, error: hit)


def _constructor(init):
    """Decorate a constructor, which has no neutral result: after a caught error the hit exists, but
    ``send_hit`` refuses it."""
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


def _cut_text(function, parameter, text, max_bytes=_MAX_TEXT):
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
    """Base class of the five kinds of hit. Every ``with_...`` method returns the hit, so calls can
    be chained.

    Bad data never raises. Text may also be lazy or proxied text, an Enum member with a text value,
    an int or a UUID; text over its limit is truncated between two characters, with a log line. A
    number may be an int, float, Decimal, Fraction or numpy scalar, or text that is a number;
    negative ones, as for returns, are sent. None sets nothing. A value that cannot be read, such as
    NaN, is left out: the hit is sent without it, with a log line, and the result of ``send_hit``
    says so.

    :param HitType hit_type: the type of the hit.
    :ivar HitType hit_type: the type of the hit.
    :raises TypingError: (this and every method) on an argument of an unsupported type, such as a
        list; the hit is left unchanged.
    """

    hit_type = None
    _refusal = None

    def __new__(cls, *args, **kwargs):
        # Set here, so that calls on a hit whose constructor refused its arguments, or was never
        # called, can still be chained. Subclasses written for 2.1.x add their own fields to
        # `_data`.
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
        """Set a required text field. An absent value, such as None, becomes empty text, as in
        2.1.x; if the value cannot be read, the field stays missing, so that ``send_hit`` refuses
        the hit."""
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
        text = _cut_text(name, field, text.strip() if strip else text, max_bytes)
        if not text:
            current().warning("[%s] %s is empty", name, field)
        return self._set(field, text)

    def _read(self, function, field, value, read, allowed, parameter=None):
        """Set an optional field to ``read(value)``, or leave it out if the value cannot be read."""
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
            return _cut_text(function, parameter or field, _values.text(value, identifiers=True))
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
        """Set the screen's resolution; ignored unless both numbers are given.

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
        """Why the hit cannot be sent, text, or None if it can."""
        if self._refusal:
            return self._refusal
        name = type(self).__name__
        if self.hit_type is None:
            return "%s: the hit has no type" % name
        # A subclass of the user's may have a type of its own.
        required = _REQUIRED.get(self.hit_type, ())
        missing = [field for field in required if _WIRE[field] not in self._data]
        if missing:
            return "%s: %s is missing" % (name, " and ".join(missing))
        return None

    @property
    def left_out(self):
        """The values left out of the hit because they could not be read, one line of text, or
        None."""
        return ", ".join("%s %s" % each for each in sorted(self._left_out.items())) or None

    def get_data(self):
        """Return the hit in its wire format, without the visitor.

        :return: the hit's own dict from wire key to value, not a copy, so change it with care; it
            lacks the required keys if the hit's arguments were refused.
        :rtype: dict
        """
        return self._data

    def __str__(self):
        return "Hit : %s" % json.dumps(self.get_data(), default=repr)

    __repr__ = __str__


class Page(Hit):
    """A visitor viewed a page.

    :param str location: the page's URL, http or https with a host; surrounding white space is
        stripped, and it is truncated to 2048 bytes of UTF-8. With any other text the hit is
        created, but ``send_hit`` refuses it.
    """

    @_constructor
    def __init__(self, location):
        Hit.__init__(self, HitType.PAGE)
        self._set_required("location", location, _MAX_LOCATION, strip=True)

    @property
    def problem(self):
        """Why the hit cannot be sent, text, or None if it can."""
        problem = super(Page, self).problem
        if problem:
            return problem
        location = self._data[_WIRE["location"]]
        reason = check.url_problem(location) if location else "it is empty"
        return reason and "Page: location is no http or https URL with a host: %s" % reason


class Screen(Hit):
    """A visitor viewed a screen of an application.

    :param str location: the screen's name, at most 2048 bytes of UTF-8.
    """

    @_constructor
    def __init__(self, location):
        Hit.__init__(self, HitType.SCREENVIEW)
        self._set_required("location", location, _MAX_LOCATION)


class Event(Hit):
    """A visitor did something, such as adding to a cart.

    :param EventCategory category: ``ACTION_TRACKING`` or ``USER_ENGAGEMENT``, or its name or value
        as text.
    :param str action: the event's name in the reports, at most 500 bytes of UTF-8.
    :raises TypingError: on any other category.
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

        :param int value: greater than 0; anything else, None included, is left out with a log line.
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

        :param str shipping_method: at most 500 bytes of UTF-8; over 10, it is sent with a warning.
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

        :param str currency: an ISO 4217 code such as ``EUR``; over 10 bytes, it is sent with a
            warning.
        """
        return self._short("with_currency", "currency", currency)

    @_setter
    def with_payment_method(self, payment):
        """Set how the order is paid.

        :param str payment: at most 500 bytes of UTF-8; over 10, it is sent with a warning.
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

        :param str coupon: at most 500 bytes of UTF-8; over 10, it is sent with a warning.
        """
        return self._short("with_coupon_code", "coupon", coupon)


class Item(Hit):
    """One line item of a transaction; send it after the transaction.

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
        """Set the unit price.

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
