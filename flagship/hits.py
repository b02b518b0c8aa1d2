"""Hits: what a visitor did, for the platform's reports."""
import json

from flagship import _validation as check
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
    "type": u"t", "source": u"ds", "location": u"dl",
    "ip": u"uip", "resolution": u"sr", "locale": u"ul", "session_number": u"sn", "session_timestamp": u"cst",
    "category": u"ec", "action": u"ea", "label": u"el", "value": u"ev",
    "transaction_id": u"tid", "affiliation": u"ta", "revenue": u"tr", "shipping": u"ts", "shipping_method": u"sm",
    "taxes": u"tt", "currency": u"tc", "payment": u"pm", "item_count": u"icn", "coupon": u"tcc",
    "product_name": u"in", "product_sku": u"ic", "price": u"ip", "item_quantity": u"iq", "item_category": u"iv",
}

# What a hit of each type cannot be without.
_REQUIRED = {
    HitType.PAGE: ("location",), HitType.SCREENVIEW: ("location",), HitType.EVENT: ("category", "action"),
    HitType.TRANSACTION: ("transaction_id", "affiliation"),
    HitType.ITEM: ("transaction_id", "product_name", "product_sku"),
}

_setter = reports_mistakes(lambda hit, error: hit)


def _constructor(init):
    """A constructor has no neutral result, so a caught mistake leaves a hit that ``send_hit`` refuses."""
    def refuse(hit, error):
        hit._refusal = error.message
    return reports_mistakes(refuse)(init)


class Hit(object):
    """What the five kinds of hit share. Every ``with_...`` method returns the hit, so that calls chain.

    :param HitType hit_type: the kind.
    :raises TypingError: (this and every method) when an argument is of the wrong type.
    :raises ParamError: (this and every method) when an argument is out of range; the hit stays as it was.
    """

    _refusal = None

    def __new__(cls, *args, **kwargs):
        # Here, so that a hit whose constructor refused its arguments, or was never called, still chains.
        hit = super(Hit, cls).__new__(cls)
        hit._fields = {}
        return hit

    @_constructor
    def __init__(self, hit_type):
        check.instance(type(self).__name__, "hit_type", hit_type, HitType)
        self._set("type", hit_type.value)._set("source", u"APP")

    def _set(self, field, value):
        self._fields[_WIRE[field]] = value
        return self

    def _set_text(self, function, field, value, parameter=None, **limits):
        limits.setdefault("max_bytes", _MAX_TEXT)
        return self._set(field, check.text(function, parameter or field, value, **limits))

    def _set_short(self, function, field, value):
        self._set_text(function, field, value)
        size = len(self._fields[_WIRE[field]].encode("utf-8"))
        if size > _ADVISED_SHORT:
            current().warning("[%s] %s is %d bytes long; the platform documents at most %d",
                              function, field, size, _ADVISED_SHORT)
        return self

    @_setter
    def with_ip(self, ip):
        """Set the visitor's IP address.

        :param str ip: at most 500 bytes of UTF-8.
        """
        return self._set_text("with_ip", "ip", ip)

    @_setter
    def with_resolution(self, width, height):
        """Set the screen's resolution.

        :param int width: pixels, greater than 0.
        :param int height: pixels, greater than 0.
        """
        width = check.integer("with_resolution", "width", width, minimum=1)
        height = check.integer("with_resolution", "height", height, minimum=1)
        return self._set("resolution", u"%dx%d" % (width, height))

    @_setter
    def with_locale(self, locale):
        """Set the visitor's language.

        :param str locale: such as ``fr-FR``; at most 500 bytes of UTF-8.
        """
        return self._set_text("with_locale", "locale", locale)

    @_setter
    def with_session_number(self, number):
        """Set which of the visitor's sessions this is.

        :param int number: at least 0.
        """
        return self._set("session_number", check.integer("with_session_number", "number", number, minimum=0))

    @_setter
    def with_session_timestamp(self, timestamp):
        """Set when the visitor's session began.

        :param int timestamp: milliseconds since the epoch, at least 0, at most 2**63 - 1.
        """
        return self._set("session_timestamp", check.integer("with_session_timestamp", "timestamp", timestamp,
                                                            minimum=0, maximum=2 ** 63 - 1))

    @property
    def problem(self):
        """Why the hit cannot be sent, text, or None."""
        if self._refusal:
            return self._refusal
        if _WIRE["type"] not in self._fields:
            return "%s: the hit has no type" % type(self).__name__
        missing = [field for field in _REQUIRED[HitType(self._fields[_WIRE["type"]])]
                   if _WIRE[field] not in self._fields]
        return "%s: %s is missing" % (type(self).__name__, " and ".join(missing)) if missing else None

    def get_data(self):
        """The hit as it goes on the wire, without the visitor.

        :return: a new dict from wire key to value; without the required keys for a hit whose arguments were refused.
        :rtype: dict
        """
        return dict(self._fields)

    def __str__(self):
        return "Hit : %s" % json.dumps(self.get_data())

    __repr__ = __str__


class Page(Hit):
    """A visitor came to a page.

    :param str location: the page's URL, http or https with a host, at most 2048 bytes of UTF-8.
    """

    @_constructor
    def __init__(self, location):
        location = check.url("Page", "location", location, max_bytes=_MAX_LOCATION)
        Hit.__init__(self, HitType.PAGE)
        self._set("location", location)


class Screen(Hit):
    """A visitor came to an interface of an application.

    :param str location: the interface's name, 1 to 2048 bytes of UTF-8.
    """

    @_constructor
    def __init__(self, location):
        location = check.text("Screen", "location", location, max_bytes=_MAX_LOCATION, empty=False)
        Hit.__init__(self, HitType.SCREENVIEW)
        self._set("location", location)


class Event(Hit):
    """A visitor did something, such as adding to a cart.

    :param EventCategory category: ``ACTION_TRACKING`` or ``USER_ENGAGEMENT``.
    :param str action: the event's name in the reports, 1 to 500 bytes of UTF-8.
    """

    @_constructor
    def __init__(self, category, action):
        check.instance("Event", "category", category, EventCategory)
        action = check.text("Event", "action", action, max_bytes=_MAX_TEXT, empty=False)
        Hit.__init__(self, HitType.EVENT)
        self._set("category", category.value)._set("action", action)

    @_setter
    def with_event_label(self, label):
        """Describe the event further.

        :param str label: at most 500 bytes of UTF-8.
        """
        return self._set_text("with_event_label", "label", label)

    @_setter
    def with_event_value(self, value):
        """Set what the event is worth.

        :param int value: greater than 0.
        """
        return self._set("value", check.integer("with_event_value", "value", value, minimum=1))


class Transaction(Hit):
    """A visitor completed a purchase.

    :param str transaction_id: identifies the transaction, 1 to 500 bytes of UTF-8.
    :param str affiliation: the name of the goal in the reports, 1 to 500 bytes of UTF-8.
    """

    @_constructor
    def __init__(self, transaction_id, affiliation):
        transaction_id = check.text("Transaction", "transaction_id", transaction_id, _MAX_TEXT, empty=False)
        affiliation = check.text("Transaction", "affiliation", affiliation, _MAX_TEXT, empty=False)
        Hit.__init__(self, HitType.TRANSACTION)
        self._set("transaction_id", transaction_id)._set("affiliation", affiliation)

    @_setter
    def with_total_revenue(self, revenue):
        """Set the total, with shipping and taxes.

        :param revenue: int or finite float, in the transaction's currency.
        """
        return self._set("revenue", check.number("with_total_revenue", "revenue", revenue))

    @_setter
    def with_shipping_cost(self, shipping):
        """Set the cost of shipping.

        :param shipping: int or finite float, in the transaction's currency.
        """
        return self._set("shipping", check.number("with_shipping_cost", "shipping", shipping))

    @_setter
    def with_shipping_method(self, shipping_method):
        """Set how the order is shipped.

        :param str shipping_method: at most 500 bytes of UTF-8; over 10 is sent with a warning.
        """
        return self._set_short("with_shipping_method", "shipping_method", shipping_method)

    @_setter
    def with_taxes(self, taxes):
        """Set the taxes.

        :param taxes: int or finite float, in the transaction's currency.
        """
        return self._set("taxes", check.number("with_taxes", "taxes", taxes))

    @_setter
    def with_currency(self, currency):
        """Set the currency.

        :param str currency: an ISO 4217 code such as ``EUR``; over 10 bytes is sent with a warning.
        """
        return self._set_short("with_currency", "currency", currency)

    @_setter
    def with_payment_method(self, payment):
        """Set how the order is paid.

        :param str payment: at most 500 bytes of UTF-8; over 10 is sent with a warning.
        """
        return self._set_short("with_payment_method", "payment", payment)

    @_setter
    def with_item_count(self, item_nb):
        """Set the number of items.

        :param int item_nb: at least 0.
        """
        return self._set("item_count", check.integer("with_item_count", "item_nb", item_nb, minimum=0))

    @_setter
    def with_coupon_code(self, coupon):
        """Set the coupon that the customer used.

        :param str coupon: at most 500 bytes of UTF-8; over 10 is sent with a warning.
        """
        return self._set_short("with_coupon_code", "coupon", coupon)


class Item(Hit):
    """One line of a transaction; to be sent after it.

    :param str transaction_id: the transaction's, 1 to 500 bytes of UTF-8.
    :param str product_name: 1 to 500 bytes of UTF-8.
    :param str product_sku: 1 to 500 bytes of UTF-8.
    """

    @_constructor
    def __init__(self, transaction_id, product_name, product_sku):
        transaction_id = check.text("Item", "transaction_id", transaction_id, _MAX_TEXT, empty=False)
        product_name = check.text("Item", "product_name", product_name, _MAX_TEXT, empty=False)
        product_sku = check.text("Item", "product_sku", product_sku, _MAX_TEXT, empty=False)
        Hit.__init__(self, HitType.ITEM)
        self._set("transaction_id", transaction_id)
        self._set("product_name", product_name)._set("product_sku", product_sku)

    @_setter
    def with_price(self, price):
        """Set the price of one.

        :param price: int or finite float, in the transaction's currency.
        """
        return self._set("price", check.number("with_price", "price", price))

    @_setter
    def with_item_quantity(self, item_quantity):
        """Set how many were bought.

        :param int item_quantity: at least 0.
        """
        return self._set("item_quantity", check.integer("with_item_quantity", "item_quantity", item_quantity,
                                                        minimum=0))

    @_setter
    def with_item_category(self, category):
        """Set the item's category.

        :param str category: at most 500 bytes of UTF-8.
        """
        return self._set_text("with_item_category", "item_category", category, parameter="category")
