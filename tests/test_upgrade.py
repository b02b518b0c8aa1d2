"""A program written for 2.1.x runs unchanged; nothing in it but its imports and calls is this
version's business."""
import json
import logging

import responses

from flagship.app import Flagship
from flagship.cache.cache_visitor import VisitorCacheManager
from flagship.config import Config
from flagship.handler import FlagshipEventHandler
from flagship.helpers.hits import Event, EventCategory, Item, Page, Screen, Transaction
from flagship.helpers.preset_context import PresetContext
from flagship.visitor import FlagshipVisitor


class CustomEventHandler(FlagshipEventHandler):
    def __init__(self):
        FlagshipEventHandler.__init__(self)
        self.logs = []

    def on_log(self, level, message):
        self.logs.append((level, message))

    def on_exception_raised(self, exception, traceback):
        self.logs.append((logging.ERROR, traceback))


class CustomCacheManager(VisitorCacheManager):
    def __init__(self):
        super(CustomCacheManager, self).__init__()
        self.cache = {}

    def save(self, visitor_id, visitor_data):
        self.cache[visitor_id] = json.dumps(visitor_data)

    def lookup(self, visitor_id):
        return json.loads(self.cache[visitor_id]) if visitor_id in self.cache else None


CAMPAIGNS = {"visitorId": "visitor", "campaigns": [{
    "id": "c", "variationGroupId": "g", "slug": "s", "type": "ab", "variation": {
        "id": "v", "reference": False,
        "modifications": {"type": "JSON", "value": {"color": "red", "nothing": None}}}}]}


@responses.activate
def test_a_program_of_2_1():
    responses.add(responses.POST, "https://decision.flagship.io/v2/env_id/campaigns/",
                  json=CAMPAIGNS)
    responses.add(responses.POST, "https://decision.flagship.io/v2/env_id/events", json={})
    responses.add(responses.POST, "https://decision.flagship.io/v2/activate", status=204)
    responses.add(responses.POST, "https://ariane.abtasty.com", status=200)

    handler, cache = CustomEventHandler(), CustomCacheManager()
    Flagship.instance().start("env_id", "api_key", Config(
        mode=Config.Mode.API, timeout=3, polling_interval=10, event_handler=handler,
        visitor_cache_manager=cache,
        debug=False))
    try:
        visitor = Flagship.instance().create_visitor("visitor", True, {"age": 30})
        assert isinstance(visitor, FlagshipVisitor)
        visitor.update_context({"vip": True, PresetContext.LOCATION_CITY: "Paris"})
        visitor.update_context(("plan", "gold"), synchronize=True)
        assert visitor.get_modification("color", "blue", activate=True) == "red"
        assert visitor.get_modification("nothing", "blue") == "blue"
        assert visitor.get_modification_info("color") == {
            "campaignId": "c", "variationGroupId": "g", "variationId": "v", "isReference": False}
        assert visitor.activate_modification("color") == (True, "204")
        visitor.send_hit(Page("https://www.example.com"))
        visitor.send_hit(Screen("home").with_ip("127.0.0.1").with_resolution(200, 100).with_locale(
            "fr_FR"))
        visitor.send_hit(Event(EventCategory.ACTION_TRACKING, "buy").with_event_label(
            "l").with_event_value(3))
        visitor.send_hit(
            Transaction("#12345", "affiliation").with_total_revenue(19.99).with_shipping_cost(1.0)
            .with_shipping_method("express").with_taxes(2.6).with_currency("EUR")
            .with_payment_method("credit_card").with_item_count(1).with_coupon_code("#SALES"))
        visitor.send_hit(Item("#12345", "product", "sku123").with_price(19.99).with_item_quantity(1)
                         .with_item_category("test"))
        visitor.authenticate("logged_in", {"age": 31}, True)
        visitor.unauthenticate()
        assert visitor.get_context() == {"age": 31}
        assert "v" in cache.cache["logged_in"]
        assert len(responses.calls) == 11
        # The only complaint is about the payment method's documented length.
        assert [message for level, message in handler.logs if level >= logging.WARNING
                and "payment" not in message] == []
    finally:
        Flagship.instance().close()
    assert not Flagship.instance().is_flagship_started()
