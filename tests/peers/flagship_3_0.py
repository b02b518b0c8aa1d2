"""The published SDK of 3.0.x on an emulator: python flagship_3_0.py TASK."""
import time

import redirected

from flagship import Flagship
from flagship.config import Bucketing, DecisionApi
from flagship.hits import Event, EventCategory, Item, Page, Screen, Transaction
from flagship.log_manager import LogLevel
from flagship.tracking_manager import CacheStrategy, TrackingManagerConfig

HITS = [
    lambda: Page("https://www.example.com/"), lambda: Screen("home"),
    lambda: Event(EventCategory.ACTION_TRACKING, "cart").with_event_label("blue")
    .with_event_value(3).with_ip("192.0.2.1").with_resolution(640, 480).with_locale("fr")
    .with_session_number(2),
    lambda: Event(EventCategory.USER_ENGAGEMENT, "read"),
    lambda: Transaction("t1", "purchase").with_total_revenue(59.9).with_shipping_cost(4.0)
    .with_shipping_method("express").with_taxes(9.0).with_currency("EUR")
    .with_payment_method("card").with_item_count(2).with_coupon_code("WELCOME"),
    lambda: Item("t1", "Shoes", "s7").with_price(27.95).with_item_quantity(2)
    .with_item_category("shoes"),
]
DELIVERY = 1.5  # seconds; queued hits go out each 0.3


def main():
    task = redirected.task()
    # Here the time-out is 20 seconds, though it is documented in milliseconds.
    tracking = TrackingManagerConfig(cache_strategy=CacheStrategy[task["strategy"]], timeout=20000,
                                     time_interval=300, max_pool_size=20)
    options = {"timeout": 20, "log_level": LogLevel.ERROR, "tracking_manager_config": tracking}
    if task["mode"] == "API":
        Flagship.start(task["env_id"], task["api_key"], DecisionApi(**options))
    else:
        Flagship.start(task["env_id"], task["api_key"], Bucketing(polling_interval=300, **options))
        time.sleep(DELIVERY)  # the first file is asked for in a thread
    flags = {}
    for each in task["visitors"]:
        visitor = Flagship.new_visitor(each["id"], context=each["context"])
        visitor.fetch_flags()
        flags[each["id"]] = {key: value_of(visitor, key) for key in task["keys"]
                             if visitor.get_flag(key, None).exists()}
    visitor = Flagship.new_visitor("way", context={"country": "FR"})
    visit(visitor, task["keys"])
    visitor.authenticate("customer")
    visitor.update_context({"vip": True})
    visit(visitor, task["keys"])
    visitor.unauthenticate()
    visitor.fetch_flags()
    time.sleep(DELIVERY)  # what is queued is taken back where consent ends
    visitor.set_consent(False)
    time.sleep(DELIVERY)
    visitor.set_consent(True)
    time.sleep(DELIVERY)
    Flagship.stop()
    redirected.tell(flags)


def value_of(visitor, key):
    """A flag's value, which the SDK gives only where the default is of its type; else None."""
    for default in ("default", -1, -0.5, {"default": 1}, ["default"], None):
        value = visitor.get_flag(key, default).value(False)
        if value != default:
            return value
    either = [visitor.get_flag(key, default).value(False) for default in (True, False)]
    return either[0] if either[0] == either[1] else None


def visit(visitor, keys):
    visitor.fetch_flags()
    for key in keys:
        visitor.get_flag(key, None).visitor_exposed()
    for hit in HITS:
        visitor.send_hit(hit())


main()
