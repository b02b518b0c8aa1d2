"""What the shop reports about its visitors."""
from decimal import Decimal

from flagship.hits import Event, EventCategory, Item, Page, Transaction

CURRENCY = "EUR"
_VAT = Decimal("0.20")


def page_view(request):
    return Page(request.build_absolute_uri())


def added_to_cart(product, quantity):
    """An event that is worth the amount, in whole euros."""
    return Event(EventCategory.ACTION_TRACKING, "add-to-cart").with_event_label(product.sku) \
        .with_event_value(max(1, int(product.price * quantity)))


def purchase(order):
    """An order's hits: its transaction, then an item a line."""
    lines = list(order.lines.select_related("product"))
    yield Transaction(order.number, "Purchase").with_total_revenue(float(order.total)) \
        .with_shipping_cost(float(order.delivery)).with_taxes(float(tax_in(order.total))) \
        .with_shipping_method("parcel").with_payment_method("demo").with_currency(CURRENCY) \
        .with_item_count(sum(line.quantity for line in lines))
    for line in lines:
        yield Item(order.number, line.product.name, line.product.sku).with_price(
            float(line.price)) \
            .with_item_quantity(line.quantity).with_item_category(line.product.category)


def tax_in(total):
    """The value added tax that an amount contains."""
    return (total - total / (1 + _VAT)).quantize(Decimal("0.01"))
