"""What delivery costs; from which amount it is free is a flag."""
from decimal import Decimal

COST = Decimal("6.90")
FREE_FROM = 90


def free_from(visitor):
    """The amount from which delivery is free, in euros; asked for where it is shown."""
    amount = visitor.get_modification("free_delivery_from", FREE_FROM, activate=True)
    # A campaign's mistake must not break the checkout.
    return amount if isinstance(amount,
                                (int, float)) and not isinstance(amount, bool) else FREE_FROM


def cost(visitor, subtotal):
    """Delivery for a cart of this amount, a Decimal."""
    return Decimal("0.00") if subtotal >= Decimal(str(free_from(visitor))) else COST
