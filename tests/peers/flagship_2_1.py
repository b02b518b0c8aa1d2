"""The published SDK of 2.1.x on an emulator: python flagship_2_1.py TASK."""
import redirected

from flagship.app import Config, Flagship
from flagship.helpers.hits import Event, EventCategory, Item, Page, Screen, Transaction

HITS = [
    Page("https://www.example.com/"), Screen("home"),
    Event(EventCategory.ACTION_TRACKING, "cart").with_event_label("blue").with_event_value(3)
    .with_ip("192.0.2.1").with_resolution(640, 480).with_locale("fr").with_session_number(2),
    Event(EventCategory.USER_ENGAGEMENT, "read"),
    Transaction("t1", "purchase").with_total_revenue(59.9).with_shipping_cost(4.0)
    .with_shipping_method("express").with_taxes(9.0).with_currency("EUR")
    .with_payment_method("card").with_item_count(2).with_coupon_code("WELCOME"),
    Item("t1", "Shoes", "s7").with_price(27.95).with_item_quantity(2).with_item_category("shoes"),
]


def main():
    task = redirected.task()
    mode = Config.Mode.API if task["mode"] == "API" else Config.Mode.BUCKETING
    sdk = Flagship.instance()
    sdk.start(task["env_id"], task["api_key"], Config(mode=mode, timeout=20))
    flags = {}
    for each in task["visitors"]:
        visitor = sdk.create_visitor(each["id"], False, each["context"])
        visitor.synchronize_modifications()
        flags[each["id"]] = {key: value_of(visitor, key) for key in task["keys"]
                             if visitor.get_modification_info(key)}
    visitor = sdk.create_visitor("way", False, {"country": "FR"})
    visit(visitor, task["keys"])
    if task["mode"] == "API":
        visitor.authenticate("customer", {"country": "FR", "vip": True}, False)
        visit(visitor, task["keys"])
        visitor.unauthenticate({"country": "FR"}, True)
    sdk.close()
    redirected.tell(flags)


def value_of(visitor, key):
    """None for a flag that is null, which the SDK gives as the default; that must be text or so."""
    value = visitor.get_modification(key, "default")
    return None if value == "default" else value


def visit(visitor, keys):
    visitor.synchronize_modifications()
    for key in keys:
        if visitor.get_modification_info(key):
            visitor.activate_modification(key)
    for hit in HITS:
        visitor.send_hit(hit)


main()
