# -*- coding: utf-8 -*-
"""Orders in the shapes of real shops, sent by what a shop's developer writes, arrive whole.

The orders in `tests/shops/` are made up, in the shapes that the public API references of
WooCommerce, Shopify, Stripe and Odoo describe; django-oscar's, a Django model, is made here. The
handler does not catch all: nothing may raise.
"""
from __future__ import unicode_literals

import io
import json
import os
import uuid
from decimal import Decimal

import pytest
from django.utils.functional import SimpleLazyObject, lazystr
from django.utils.safestring import mark_safe

from flagship.helpers.hits import Item, Transaction
from tests.django_project import project
from tests.kinds import gettext_lazy, pandas
from tests.support import ROOT


def first(values, key):
    return values[0][key] if values else None


def woocommerce(order):
    """Money is text, the price of one a number, what there is not is empty text."""
    yield (Transaction(order["id"], "WooCommerce")
           .with_total_revenue(order["total"]).with_shipping_cost(order["shipping_total"])
           .with_taxes(order["total_tax"]).with_currency(order["currency"])
           .with_ip(order["customer_ip_address"])
           .with_item_count(sum(line["quantity"] for line in order["line_items"]))
           .with_shipping_method(first(order["shipping_lines"], "method_title"))
           .with_payment_method(order["payment_method_title"])
           .with_coupon_code(first(order["coupon_lines"], "code")))
    for line in order["line_items"]:
        yield (Item(order["id"], line["name"], line["sku"])
               .with_price(line["price"]).with_item_quantity(line["quantity"]))


def shopify(order):
    """Money is text, what there is not is null."""
    shipping = order["total_shipping_price_set"]
    yield (Transaction(order["id"], order["name"])
           .with_total_revenue(order["total_price"]).with_taxes(order["total_tax"])
           .with_shipping_cost(shipping and shipping["shop_money"]["amount"])
           .with_currency(order["currency"])
           .with_item_count(sum(line["quantity"] for line in order["line_items"]))
           .with_shipping_method(first(order["shipping_lines"], "title"))
           .with_payment_method(next(iter(order["payment_gateway_names"]), None))
           .with_coupon_code(first(order["discount_codes"], "code"))
           .with_ip(order["browser_ip"]).with_locale(order["customer_locale"]))
    for line in order["line_items"]:
        yield (Item(order["id"], line["title"], line["sku"]).with_price(line["price"])
               .with_item_quantity(line["quantity"]).with_item_category(line["product_type"]))


def stripe(session):
    """Money is an int of cents, or text where it has parts of a cent."""
    details, lines = session["total_details"], session["line_items"]["data"]
    yield (Transaction(session["id"], "Stripe")
           .with_total_revenue(Decimal(session["amount_total"]) / 100)
           .with_shipping_cost(Decimal(details["amount_shipping"]) / 100)
           .with_taxes(Decimal(details["amount_tax"]) / 100).with_currency(session["currency"])
           .with_payment_method(session["payment_method_types"][0])
           .with_coupon_code(first(session["discounts"], "promotion_code"))
           .with_item_count(sum(line["quantity"] for line in lines)).with_locale(session["locale"]))
    for line in lines:
        yield (Item(session["id"], line["description"], line["price"]["product"])
               .with_price(Decimal(line["price"]["unit_amount_decimal"]) / 100)
               .with_item_quantity(line["quantity"]))


def odoo(order):
    """Everything is a float, a reference is ``[id, name]``, and what there is not is False."""
    def name_of(reference):
        return reference[1] if reference else None

    yield (Transaction(order["id"], order["name"])
           .with_total_revenue(order["amount_total"]).with_shipping_cost(order["amount_delivery"])
           .with_taxes(order["amount_tax"]).with_currency(name_of(order["currency_id"]))
           .with_shipping_method(name_of(order["carrier_id"]))
           .with_payment_method(name_of(order["payment_term_id"]))
           .with_coupon_code(order["client_order_ref"] or None)
           .with_item_count(sum(line["product_uom_qty"] for line in order["order_line"])))
    for line in order["order_line"]:
        yield (Item(order["id"], line["name"], line["default_code"] or None)
               .with_price(line["price_unit"]).with_item_quantity(line["product_uom_qty"])
               .with_item_category(name_of(line["categ_id"])))


def orders(shop):
    with io.open(os.path.join(ROOT, "tests", "shops", shop + ".json"), encoding="utf-8") as file:
        return [(each["order"], each["arrives"]) for each in json.load(file)]


def arrived(hits, visitor, emulator):
    """Send every hit; what the emulator got, without what the SDK adds of itself."""
    emulator.clear()
    for hit in hits:
        success, said = visitor.send_hit(hit)
        assert success is True, said
    return [{key: value for key, value in hit.items() if key not in ("cid", "vid", "ds", "t")}
            for hit in emulator.hits]


def assert_whole(got, transaction, items):
    """All hits are there, and all of their fields; a quantity is an int."""
    assert got == [transaction] + items
    for hit in got:
        assert all(isinstance(hit[key], int) for key in ("icn", "iq") if key in hit)


@pytest.mark.parametrize("shop", [woocommerce, shopify, stripe, odoo])
def test_an_order_arrives_whole(shop, visitor, emulator):
    """Every hit, with its revenue, prices and quantities; refunds, too; and nothing raises."""
    ann = visitor()
    for order, arrives in orders(shop.__name__):
        assert_whole(arrived(shop(order), ann, emulator), arrives["transaction"], arrives["items"])


class Oscar(object):
    """An order as django-oscar's models give it: Decimals, lazy text, ids of any kind."""

    def __init__(self, number, total, shipping, tax, method, source, voucher, lines):
        self.number, self.total_incl_tax, self.shipping_incl_tax = number, total, shipping
        self.total_tax, self.shipping_method, self.source_name = tax, method, source
        self.voucher, self.currency, self.lines = voucher, "GBP", lines


class OscarLine(object):
    def __init__(self, title, sku, price, quantity, category):
        self.title, self.partner_sku, self.unit_price_incl_tax = title, sku, price
        self.quantity, self.category = quantity, category


def oscar(order):
    yield (Transaction(order.number, gettext_lazy("Oscar"))
           .with_total_revenue(order.total_incl_tax).with_shipping_cost(order.shipping_incl_tax)
           .with_taxes(order.total_tax).with_currency(order.currency)
           .with_shipping_method(order.shipping_method).with_payment_method(order.source_name)
           .with_coupon_code(order.voucher)
           .with_item_count(sum(line.quantity for line in order.lines)))
    for line in order.lines:
        yield (Item(order.number, line.title, line.partner_sku).with_price(line.unit_price_incl_tax)
               .with_item_quantity(line.quantity).with_item_category(line.category))


ID = uuid.UUID("12345678123456781234567812345678")


def test_an_order_of_oscar_arrives_whole(visitor, emulator):
    """Decimals, lazy and safe text, a UUID for a number, a long title, and a price that is null."""
    with project(USE_I18N=False):
        lines = [
            OscarLine(lazystr("Café ☕ 🙂"), "100-A", Decimal("31.60"), 3, gettext_lazy("Books")),
            OscarLine("🧵" * 200, mark_safe("b&b"), None, Decimal(2), None)]
        order = Oscar(ID, Decimal("94.80"), Decimal("0E-2"),
                      SimpleLazyObject(lambda: Decimal("15.80")), gettext_lazy("Free shipping"),
                      mark_safe("Invoice"), None, lines)
        got = arrived(oscar(order), visitor(), emulator)
    number = "12345678-1234-5678-1234-567812345678"
    assert_whole(got, {
        "tid": number, "ta": "Oscar", "tr": 94.8, "ts": 0, "tt": 15.8, "tc": "GBP",
        "sm": "Free shipping", "pm": "Invoice", "icn": 5}, [
            {"tid": number, "in": "Café ☕ 🙂", "ic": "100-A", "ip": 31.6, "iq": 3, "iv": "Books"},
            {"tid": number, "in": "🧵" * 125, "ic": "b&b", "iq": 2}])


def test_the_order_of_a_frame(visitor, emulator):
    """A row of a pandas frame is an order as well; what is missing in it is left out."""
    frame = pandas.DataFrame({
        "order": [1001, 1002], "total": [19.5, 7.0], "items": [2.0, float("nan")],
        "coupon": pandas.Series(["A", None], dtype=object)})
    hits = [Transaction(row.order, "frame").with_total_revenue(row.total)
            .with_item_count(row.items).with_coupon_code(row.coupon) for row in frame.itertuples()]
    assert arrived(hits, visitor(), emulator) == [
        {"tid": "1001", "ta": "frame", "tr": 19.5, "icn": 2, "tcc": "A"},
        {"tid": "1002", "ta": "frame", "tr": 7}]
