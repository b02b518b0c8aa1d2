"""From a cart to an order."""
import uuid

from django.db import transaction

from shop.models import Line


def new_number():
    return "MARL-%s" % uuid.uuid4().hex[:8].upper()


def place(order, cart, delivery, user):
    """Complete an order that the checkout's form made, and empty the cart.

    :param Order order: unsaved, with the address.
    :param delivery: its cost, a Decimal.
    :param user: the user, or AnonymousUser.
    """
    order.number, order.delivery, order.total = new_number(), delivery, cart.subtotal + delivery
    order.user = user if user.is_authenticated else None
    with transaction.atomic():
        order.save()
        Line.objects.bulk_create(Line(order=order, product=line.product, quantity=line.quantity,
                                      price=line.product.price) for line in cart.lines)
    cart.clear()
