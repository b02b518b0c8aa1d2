"""The cart, in the session: product slug to quantity."""
from collections import namedtuple
from decimal import Decimal

from shop.models import Product

MAX_QUANTITY = 12
_KEY = "cart"

CartLine = namedtuple("CartLine", "product quantity total")


class Cart(object):
    """The visitor's cart; reads its products once."""

    def __init__(self, session):
        self._session = session
        self._lines = None

    @property
    def lines(self):
        """CartLines, in the order in which they were added; a product that is gone is left out."""
        if self._lines is None:
            kept = self._session.get(_KEY, {})
            products = {each.slug: each
                        for each in Product.objects.filter(slug__in=list(kept))} if kept else {}
            self._lines = [CartLine(products[slug], quantity, products[slug].price * quantity)
                           for slug, quantity in kept.items() if slug in products]
        return self._lines

    @property
    def count(self):
        return sum(self._session.get(_KEY, {}).values())

    @property
    def subtotal(self):
        """Without delivery, a Decimal."""
        return sum((line.total for line in self.lines), Decimal("0.00"))

    def add(self, product, quantity):
        self.set(product.slug, self._session.get(_KEY, {}).get(product.slug, 0) + quantity)

    def set(self, slug, quantity):
        """Have so many of a product; 0 removes it."""
        kept = dict(self._session.get(_KEY, {}))
        kept[slug] = min(quantity, MAX_QUANTITY)
        self._session[_KEY] = {each: number for each, number in kept.items() if number > 0}
        self._lines = None

    def clear(self):
        self._session.pop(_KEY, None)
        self._lines = None
