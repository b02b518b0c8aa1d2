"""Shoppers who are made up, the same ones each time. They use the shop's own SDK, flags and prices,
without a browser.

A shopper comes from any of the shop's countries, 6 of 10 on a phone, and looks at the home page and
at a product. With the originals, 30 of 100 put it into the cart, 1 to 3 of it, and half of those
pay. What a variation changes of that stands in ADDS and BUYS; the other variations change nothing.
"""
import contextlib
import random
from decimal import Decimal

from django.db import connection

from flagship import Flagship
from flagship.context import PresetContext
from flagship.emulator.simulation import Simulation
from flagship.hits import Item, Page, Transaction
from shop import delivery, hits
from shop.countries import CODES
from shop.models import Product

# The share of shoppers that put something into the cart, that of carts that are paid, and the
# factors of variations.
ADDING, PAYING = 0.30, 0.50
ADDS = {"cta-warm": 1.25, "menu-pour": 0.95}
BUYS = {"delivery-60": 1.30, "gift-note-on": 1.05}

_SITE = "https://marl.example/"
_LANGUAGES = {"BE": "fr-BE", "FR": "fr-FR", "DE": "de-DE", "JP": "ja-JP", "ES": "es-ES",
              "GB": "en-GB", "US": "en-US"}
_BATCH = 50  # shoppers whose hits are delivered before the next ones come
_TIMEOUT = 5.0  # seconds, for that


@contextlib.contextmanager
def open_shop():
    """The visits of shoppers: a function of a shopper's number."""
    products = list(Product.objects.all())
    connection.close()  # this thread's own

    def visit(number):
        _Shopper(number, random.Random(number)).visit(products)
        if number % _BATCH == 0:
            Flagship.instance().flush(_TIMEOUT)
    try:
        yield visit
    finally:
        Flagship.instance().flush(_TIMEOUT)


class _Shopper(object):
    def __init__(self, number, chance):
        self._number, self._chance = number, chance
        country = CODES[int(chance.random() * len(CODES))]
        self._visitor = Flagship.instance().create_visitor("shopper-%d" % number, context={
            PresetContext.DEVICE_TYPE.value: "mobile" if chance.random() < 0.6 else "desktop",
            PresetContext.DEVICE_LOCALE.value: _LANGUAGES[country],
            PresetContext.LOCATION_COUNTRY.value: country,
            "logged_in": False, "vip": False, "cart_value": 0.0})

    def visit(self, products):
        self._visitor.synchronize_modifications()
        self._look("", "banner", "menu_order", "wishlist")
        product = products[int(self._chance.random() * len(products))]
        self._look("product/%s/" % product.slug, "cta_label")
        if not self._does(ADDING, ADDS):
            return
        quantity = 1 + int(self._chance.random() * 3)
        subtotal = product.price * quantity
        self._visitor.send_hit(hits.added_to_cart(product, quantity))
        self._visitor.update_context({"cart_value": float(subtotal)}, synchronize=True)
        total = subtotal + delivery.cost(self._visitor, subtotal)
        self._look("cart/")
        self._look("checkout/", "gift_note")
        if self._does(PAYING, BUYS):
            self._pay(product, quantity, total)

    def _look(self, path, *flags):
        """Look at a page, which shows some flags."""
        self._visitor.send_hit(Page(_SITE + path))
        for flag in flags:
            self._visitor.get_modification(flag, None, activate=True)

    def _does(self, share, factors):
        for variation in self._visitor.get_selected_variations():
            share *= factors.get(variation, 1)
        return self._chance.random() < share

    def _pay(self, product, quantity, total):
        number = "SIMULATED-%d" % self._number
        self._visitor.send_hit(Transaction(number, "Purchase").with_total_revenue(float(total))
                               .with_taxes(float(hits.tax_in(Decimal(total))))
                               .with_currency(hits.CURRENCY).with_item_count(quantity))
        self._visitor.send_hit(Item(number, product.name, product.sku)
                               .with_price(float(product.price)).with_item_quantity(quantity)
                               .with_item_category(product.category))


#: The process's one simulation.
simulation = Simulation(open_shop)
