"""Mistakes that the checkers must find: mypy --strict and pyright each report an error on every
line that is marked, and on no other. It is never run. """
from __future__ import annotations

import pathlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import requests

from flagship import Config, Flagship
from flagship import NoSuchName  # error
from flagship.cache import (
    MemoryVisitorCache, RedisVisitorCache, SQLiteVisitorCache, VisitorCacheManager)
from flagship.context import PresetContext
from flagship.decision.modification import Modification
from flagship.emulator import Emulator
from flagship.errors import FlagshipError, ParamError, TypingError
from flagship.handler import FlagshipEventHandler
from flagship.helpers.hits import NoSuchHit  # error
from flagship.hits import Event, EventCategory, Hit, Item, Page, Screen, Transaction
from flagship.hooks import FlagRead, Hook
from flagship.status import Counters, Status
from flagship.visitor import Visitor


def start(flagship: Flagship, folder: pathlib.Path) -> None:
    flagship.start("env")  # error
    flagship.start("env", b"key", Config())  # error
    flagship.start(1, "key", Config())  # error
    flagship.start("env", "key", {"timeout": 1})  # error
    flagship.start("env", "key", Config)  # error
    flagship.config.timeout  # error
    flagship.config = Config()  # error
    flagship.status = None  # error
    flagship.close("2")  # error
    flagship.flush(timeout="2")  # error
    flagship.stop()  # error
    Flagship.instance("env")  # error
    Flagship("env")  # error
    is_started: str = flagship.is_flagship_started()  # error
    with Flagship.instance() as entered:
        entered.start("env")  # error


def visitors(flagship: Flagship) -> None:
    flagship.create_visitor(1)  # error
    flagship.create_visitor("ann", context=("country", "FR"))  # error
    flagship.create_visitor("ann", context={1: "FR"})  # error
    flagship.create_visitor("ann", context=["country", "FR"])  # error
    flagship.create_visitor("ann", context="country")  # error
    flagship.create_visitor(visitor="ann")  # error
    flagship.create_visitor("ann", has_consented="yes")  # error
    text: str = flagship.create_visitor("ann")  # error


def options(folder: pathlib.Path, config: Config) -> None:
    Config("env")  # error
    Config(Config.Mode.API)  # error
    Config(mode="API")  # error
    Config(mode=Config.Mode.OTHER)  # error
    Config(timeout="2")  # error
    Config(timeout=None)  # error
    Config(polling_interval="60")  # error
    Config(event_handler=print)  # error
    Config(event_handler=FlagshipEventHandler)  # error
    Config(visitor_cache_manager=VisitorCacheManager)  # error
    Config(visitor_cache_manager=object())  # error
    Config(visitor_cache_manager={})  # error
    Config(visitor_cache_manager=SavesOnly())  # error
    Config(visitor_cache_manager=LooksUpNumbers())  # error
    Config(hooks="hooks")  # error
    Config(hooks=Hook())  # error
    Config(hooks=[Hook])  # error
    Config(debug="yes")  # error
    Config(decision_api_url=b"https://shop.example.com")  # error
    Config(cdn_url=None)  # error
    Config(tracking_url=folder)  # error
    Config(bucketing_file=1)  # error
    Config(bucketing_file=b"bucketing.json")  # error
    Config(initial_bucketing=[])  # error
    Config(offline="yes")  # error
    Config(session="session")  # error
    Config(session=requests)  # error
    Config(session=lambda: None)  # error
    Config(connection_pool_size=1.5)  # error
    Config(tracking="later")  # error
    Config(tracking=None)  # error
    Config(tracking_queue_size="10")  # error
    Config(tracking_interval="1")  # error
    Config(tracking_batch_size=1.5)  # error
    Config(spool=1)  # error
    Config(circuit_breaker="no")  # error
    Config(max_response_size=1e6)  # error
    Config(time_out=2.0)  # error
    Config(env_id="env")  # error
    config.timeout = "2"  # error
    config.mode = "API"  # error
    config.tracking = "later"  # error
    config.time_out = 2  # error
    config.env_id = "env"  # error
    config.api_key = "key"  # error
    config.bucketing_file = 1  # error
    config.event_handler = print  # error
    config.spool = b"spool.db"  # error
    config.session = "session"  # error
    config.bucketing_refresh_interval  # error
    config.bucketing_file.encode()  # error
    seconds: int = config.timeout  # error


def context(visitor: Visitor) -> None:
    visitor.update_context()  # error
    visitor.update_context("country", "FR")  # error
    visitor.update_context(["country", "FR"])  # error
    visitor.update_context([("country", "FR")])  # error
    visitor.update_context("country")  # error
    visitor.update_context({"country": ["FR"]})  # error
    visitor.update_context({"country": b"FR"})  # error
    visitor.update_context({"country": 1j})  # error
    visitor.update_context(MappingProxyType({"country": b"FR"}))  # error
    visitor.update_context({"country"})  # error
    visitor.update_context({1: "FR"})  # error
    visitor.update_context({b"country": "FR"})  # error
    visitor.update_context({EventCategory.ACTION_TRACKING: "FR"})  # error
    visitor.update_context(("country",))  # error
    visitor.update_context(("country", "FR", 1))  # error
    visitor.update_context((1, "FR"))  # error
    visitor.update_context({"country": "FR"}, sync=True)  # error
    visitor.update_context({PresetContext.NO_SUCH: "FR"})  # error
    success, log = visitor.update_context({"country": "FR"})[1]  # error
    visitor.get_context()["country"].upper()  # error
    visitor.get_context("country")  # error
    visitor.get_selected_variations()["title"]  # error
    visitor.force_variations("campaign")  # error
    visitor.force_variations()  # error
    visitor.forced_variations = {}  # error


def objects(visitor: Visitor, given: dict[str, object],
            several: str | list[tuple[str, str]]) -> None:
    visitor.update_context(given)  # error
    visitor.update_context(several)  # error


def flags(visitor: Visitor) -> None:
    visitor.get_modification("title")  # error
    visitor.get_modification(1, "Welcome")  # error
    visitor.get_modification(PresetContext.IP, "Welcome")  # error
    visitor.get_modification("title", default="Welcome")  # error
    visitor.get_modification("title", "Welcome", True, True)  # error
    number: int = visitor.get_modification("title", "Welcome")  # error
    whole: int = visitor.get_modification("ratio", 1.5)  # error
    flag: bool = visitor.get_modification("columns", 1)  # error
    names: list[int] = visitor.get_modification("menu", ["home"])  # error
    visitor.get_modification("columns", 1).upper()  # error
    visitor.get_modification("title", "Welcome") + 1  # error
    visitor.get_modification_with_results("title")  # error
    value, success = visitor.get_modification_with_results("title", "Welcome")  # error
    visitor.get_modification_with_results("title", "Welcome")[0].real  # error
    visitor.get_modification_with_results("title", "Welcome")[3][0]  # error
    visitor.get_modification_info(1)  # error
    visitor.get_modification_info("title")["campaignId"]  # error
    visitor.activate_modification(None)  # error
    visitor.activate_modification()  # error
    visitor.activate_modification("title").success  # error
    sent: bool = visitor.activate_modification("title")  # error
    visitor.synchronise_modifications()  # error
    visitor.synchronize_modifications(True)  # error
    visitor.explain(1)  # error
    visitor.explain()["campaign"]  # error
    visitor.explain()["campaigns"][0]["bucket"] + 1  # error


def present(visitor: Visitor, modification: Modification) -> None:
    visitor.modifications["title"] = modification  # error
    del visitor.modifications["title"]  # error
    visitor.modifications.clear()  # error
    visitor.modifications = {}  # error
    modification.value = 1  # error
    modification.key = "title"  # error
    modification.reference = False  # error
    modification.campaign  # error
    Modification("title", 1)  # error


def identity(visitor: Visitor) -> None:
    visitor.visitor_id = "ann"  # error
    visitor.anonymous_id = None  # error
    visitor.visitor_id()  # error
    visitor.anonymous_id.upper()  # error
    visitor.set_consent()  # error
    visitor.set_consent("yes")  # error
    visitor.has_consented = True  # error
    visitor.authenticate()  # error
    visitor.authenticate(1042)  # error
    visitor.authenticate("customer-1042", [("country", "FR")])  # error
    visitor.unauthenticate("customer-1042")  # error


def hits(visitor: Visitor, hit: Hit) -> None:
    visitor.send_hit("page")  # error
    visitor.send_hit(Page)  # error
    visitor.send_hit({"t": "PAGEVIEW"})  # error
    visitor.send_hit(None)  # error
    visitor.send_hit()  # error
    Hit("PAGEVIEW")  # error
    Page()  # error
    Page("https://shop.example.com/", "home")  # error
    Page(url="https://shop.example.com/")  # error
    Event(EventCategory.ACTION_TRACKING)  # error
    Event(EventCategory.OTHER, "click")  # error
    Event(EventCategory.ACTION_TRACKING, "click").with_price(1)  # error
    Transaction("order-1")  # error
    Transaction("order-1", "Purchase").with_item_quantity(1)  # error
    Item("order-1", "Shoes")  # error
    page: Screen = Page("https://shop.example.com/").with_ip("127.0.0.1")  # error
    hit.with_resolution(640)  # error
    Page([])  # error
    Page(1.5)  # error
    Screen(b"home")  # error
    Event(None, "click")  # error
    Event(EventCategory.ACTION_TRACKING, []).with_event_value(3)  # error
    Event(EventCategory.ACTION_TRACKING, "click").with_event_value([3])  # error
    Event(EventCategory.ACTION_TRACKING, "click").with_event_label(1.5)  # error
    Transaction("order-1", {})  # error
    Transaction("order-1", "Purchase").with_total_revenue({"amount": 94.8})  # error
    Transaction("order-1", "Purchase").with_shipping_cost(1j)  # error
    Transaction("order-1", "Purchase").with_currency(["EUR"])  # error
    Transaction("order-1", "Purchase").with_item_count([1])  # error
    Item("order-1", "Shoes", 1.5)  # error
    Item("order-1", "Shoes", "shoes-42").with_price(b"40")  # error
    Item("order-1", "Shoes", "shoes-42").with_item_category(1.5)  # error
    hit.with_ip(1.5)  # error
    hit.with_resolution((640, 480), 1)  # error
    hit.with_session_number([1])  # error
    hit.left_out = None  # error
    hit.hit_type.value  # error
    hit.problem = None  # error
    hit.with_event_label("red")  # error


class SavesOnly:
    def save(self, visitor_id: str, visitor_data: dict[str, Any]) -> None: ...


class LooksUpNumbers:
    def save(self, visitor_id: str, visitor_data: dict[str, Any]) -> None: ...

    def lookup(self, visitor_id: str) -> int:
        return 1


class NoLookup(VisitorCacheManager):
    def save(self, visitor_id: str, visitor_data: Mapping[str, Any]) -> None: ...


class WrongLookup(VisitorCacheManager):
    def save(self, visitor_id: str, visitor_data: Mapping[str, Any]) -> None: ...

    def lookup(self, visitor_id: str) -> list[str]:  # error
        return []


class WrongSave(VisitorCacheManager):
    def save(self, visitor_id: int, visitor_data: Mapping[str, Any]) -> None: ...  # error

    def lookup(self, visitor_id: str) -> None: ...


def caches() -> None:
    VisitorCacheManager()  # error
    NoLookup()  # error
    MemoryVisitorCache("10")  # error
    MemoryVisitorCache(max_visitors=None)  # error
    MemoryVisitorCache().save("ann", {"version": 1})  # error
    MemoryVisitorCache().save("ann", {"version": 1, "data": {"vId": "ann", "vaIds": "a"}})  # error
    MemoryVisitorCache().lookup(1)  # error
    SQLiteVisitorCache()  # error
    SQLiteVisitorCache(1)  # error
    SQLiteVisitorCache("visitors.db", ttl="60")  # error
    SQLiteVisitorCache("visitors.db", max_visitors=1.5)  # error
    SQLiteVisitorCache("visitors.db", time_out=1)  # error
    RedisVisitorCache()  # error
    RedisVisitorCache(object())  # error
    RedisVisitorCache(None)  # error
    RedisVisitorCache("redis://localhost", prefix=None)  # error
    RedisVisitorCache("redis://localhost", ttl="60")  # error


class WrongHandler(FlagshipEventHandler):
    def on_log(self, level: str, message: str) -> None: ...  # error

    def on_exception_raised(self, exception: TypingError, traceback: str) -> None: ...  # error


def handlers(handler: FlagshipEventHandler) -> None:
    FlagshipEventHandler(catch_all_exceptions="yes")  # error
    handler.on_log("INFO", "message")  # error
    handler.on_log(20)  # error


def errors(error: ParamError) -> None:
    FlagshipError()  # error
    FlagshipError("message").parameter  # error
    error.parameter.upper()  # error
    error.value  # error
    error.message + 1  # error


def status(now: Status, counters: Counters) -> None:
    now.started = False  # error
    counters.sent = 0  # error
    now.campaigns + 1  # error
    now.tracking.sent  # error
    now.loaded  # error
    counters.lost  # error
    source: str = now.source  # error


class Watcher(Hook):
    def on_flag_read(self, event: FlagRead) -> None:
        event.key = "other"  # error
        event.default  # error
        len(event.campaign_id)  # error

    def on_activated(self) -> None:  # error
        pass


def emulators(platform: Emulator, folder: pathlib.Path) -> None:
    Emulator([])  # error
    Emulator(1)  # error
    Emulator(port="8080")  # error
    Emulator(env_id=None)  # error
    platform.url = "http://localhost"  # error
    platform.hits = []  # error
    platform.panic = "yes"  # error
    platform.misbehave("campaign")  # error
    platform.misbehave("campaigns", 503)  # error
    platform.misbehave("campaigns", code=503)  # error
    platform.misbehave("campaigns", status="503")  # error
    platform.misbehave("campaigns", reset="after")  # error
    platform.misbehave("campaigns", delay="1")  # error
    platform.misbehave("campaigns", hang="yes")  # error
    platform.misbehave("campaigns", body={})  # error
    platform.misbehave("campaigns", headers=[("X-Odd", "1")])  # error
    platform.misbehave("campaigns", times=1.5)  # error
    platform.behave("campaign")  # error
    platform.set_bucketing([])  # error
    platform.requests[0].url  # error
    platform.urls["collect_url"]  # error
    Config(timeout="1", **platform.urls)  # error
