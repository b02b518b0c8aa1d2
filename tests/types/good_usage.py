"""What a typed application does with the SDK: mypy --strict and pyright accept every line, and it
runs.

For Python 3.9 and later, as its own annotations are. ``assert_type`` is the checkers' claim; when
this runs, the same claim is looked at with isinstance. """
from __future__ import annotations

import copy
import enum
import logging
import os
import pathlib
import pickle
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Optional, TypedDict, TypeVar, Union

import requests

from flagship import Config, Flagship, __version__
from flagship.app import Config as AppConfig
from flagship.app import Flagship as AppFlagship
from flagship.cache import (
    MemoryVisitorCache, RedisVisitorCache, SQLiteVisitorCache, VisitorCacheManager)
from flagship.cache.cache_visitor import VisitorCacheManager as OldVisitorCacheManager
from flagship.config import Config as ConfigHome
from flagship.context import PresetContext
from flagship.decision.modification import Modification
from flagship.emulator import Emulator, Request
from flagship.errors import (
    ContextError,
    FlagshipError,
    FlagshipParsingError,
    InitializationError,
    ParamError,
    TypingError,
)
from flagship.handler import FlagshipEventHandler
from flagship.helpers.hits import Page as OldPage
from flagship.helpers.preset_context import PresetContext as OldPresetContext
from flagship.hits import Event, EventCategory, Hit, HitType, Item, Page, Screen, Transaction
from flagship.hooks import Activated, FlagRead, HitsFailed, HitsSent, Hook, Synchronized
from flagship.status import Counters, Status
from flagship.visitor import FlagshipVisitor, Visitor

if TYPE_CHECKING:
    from typing_extensions import assert_type

    # Names that only checkers know.
    from flagship.cache.cache_visitor import VisitorRecord
    from flagship.decision.explanation import ExplainedCampaign, Explanation
    from flagship.visitor import ModificationInfo
else:
    def assert_type(value, claim):
        kinds = getattr(claim, "__origin__", claim)
        if kinds is Union:
            kinds = tuple(getattr(each, "__origin__", each) for each in claim.__args__)
        assert kinds is Any or isinstance(value, kinds), (value, claim)
        return value

FLAGS: dict[str, Any] = {
    "title": "Hello", "big": True, "columns": 3, "ratio": 0.5, "nothing": None,
    "theme": {"color": "red", "size": 12}, "menu": ["home", "cart"],
    "limits": {"low": 1, "high": 9}}
BUCKETING: dict[str, Any] = {"campaigns": [{"id": "campaign", "type": "ab", "variationGroups": [{
    "id": "group",
    "targeting": {
        "targetingGroups": [
            {"targetings": [{"key": "fs_all_users", "operator": "EQUALS", "value": ""}]}]},
    "variations": [
        {"id": "variation", "allocation": 100,
         "modifications": {"type": "JSON", "value": FLAGS}}]}]}]}


class Theme(TypedDict):
    color: str
    size: int


class Color(str, enum.Enum):
    RED = "red"


Plain = TypeVar("Plain", bound=Union[bool, int, float, str])


class Flags:
    """An application's own wrapper."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor

    def seen(self, key: str, default: Plain) -> Plain:
        return self._visitor.get_modification(key, default, activate=True)


def flags(visitor: Visitor) -> None:
    assert_type(visitor.get_modification("title", "Welcome"), str)
    assert_type(visitor.get_modification("big", False), bool)
    assert_type(visitor.get_modification("columns", 1), int)
    assert_type(visitor.get_modification("ratio", 1.0), float)
    assert_type(visitor.get_modification("title", None), Any)
    assert_type(visitor.get_modification("theme", {}), dict[Any, Any])
    assert_type(visitor.get_modification("menu", []), list[Any])
    assert_type(visitor.get_modification("limits", {"low": 0, "high": 0}), dict[str, int])
    assert_type(visitor.get_modification("menu", ["home"]), list[str])
    assert_type(visitor.get_modification("title", default_value="Welcome", activate=True), str)
    number: float = visitor.get_modification("columns", 1)
    maybe: str | None = visitor.get_modification("title", None)
    theme: Theme = visitor.get_modification("theme", Theme(color="blue", size=10))
    anything: dict[str, Any] = visitor.get_modification("theme", {"color": "blue", "size": 10})
    names: list[str] = visitor.get_modification("menu", [])
    assert (number, maybe, theme["size"], anything["color"], names) == (
        3, "Hello", 12, "red", ["home", "cart"])

    # What is promised is what the platform can give: no Literal, and no member of an Enum.
    fixed: Final = "Welcome"
    title: Literal["Hello", "Welcome"] = "Welcome"
    assert_type(visitor.get_modification("title", fixed), str)
    assert_type(visitor.get_modification("title", title), str)
    assert_type(visitor.get_modification("color", Color.RED), str)

    # A default is anything, and a flag anything's truth.
    nothing = object()
    assert visitor.get_modification("unknown", nothing) is nothing
    pair: tuple[int, int] = visitor.get_modification("unknown", (1, 2))
    assert pair == (1, 2)
    assert_type(visitor.get_modification("unknown", b"Welcome"), bytes)
    assert_type(visitor.get_modification("unknown", Decimal(1)), Decimal)
    assert_type(visitor.get_modification("title", "Welcome", 1), str)
    assert_type(visitor.get_modification("title", "Welcome", activate=os.environ.get("SEEN")), str)

    unknown: Optional[str] = os.environ.get("TITLE")
    either: Union[int, str] = 0 if unknown else "none"
    several: str | None = visitor.get_modification("title", unknown)
    both: int | str = visitor.get_modification("columns", either)
    assert several == "Hello" and both == 3

    assert_type(Flags(visitor).seen("title", "Welcome"), str)
    assert_type(Flags(visitor).seen("big", False), bool)

    value, success, log, activation = visitor.get_modification_with_results(
        "title", "Welcome", activate=True)
    assert_type(value, str)
    assert_type(success, bool)
    assert_type(log, str)
    assert activation is not None
    assert_type(activation, tuple[bool, str])
    assert_type(visitor.get_modification_with_results("big", False)[0], bool)
    assert_type(visitor.get_modification_with_results("columns", 1)[0], int)
    assert_type(visitor.get_modification_with_results("ratio", 1.5)[0], float)
    assert_type(visitor.get_modification_with_results("theme", {})[0], dict[Any, Any])
    assert_type(visitor.get_modification_with_results("menu", [])[0], list[Any])
    assert_type(visitor.get_modification_with_results("menu", ["home"])[0], list[str])
    assert_type(visitor.get_modification_with_results("title", None)[0], Any)

    origin: ModificationInfo | None = visitor.get_modification_info("title")
    assert origin is not None
    assert_type(origin["campaignId"], str)
    assert_type(origin["isReference"], bool)
    assert visitor.get_modification_info("unknown") is None

    sent, reason = visitor.activate_modification("title")
    assert_type(sent, bool)
    assert_type(reason, str)


def modifications(visitor: Visitor) -> None:
    present: Mapping[str, Modification] = visitor.modifications
    assert sorted(present) == sorted(FLAGS)
    for key, modification in present.items():
        assert_type(key, str)
        assert_type(modification.key, str)
        assert_type(modification.value, Any)
        assert_type(modification.campaign_id, str)
        assert_type(modification.variation_group_id, str)
        assert_type(modification.variation_id, str)
        assert_type(modification.reference, bool)
        assert_type(modification.forced, bool)
    assert_type(visitor.get_selected_variations(), list[str])
    chosen: dict[str, str] = {"no-campaign": "no-variation"}
    visitor.force_variations(chosen)
    assert_type(visitor.forced_variations, dict[str, str])
    visitor.force_variations(None)
    assert pickle.loads(pickle.dumps(present)) == present
    copied: Visitor = copy.deepcopy(visitor)
    assert copied.visitor_id == visitor.visitor_id


def context(visitor: Visitor) -> None:
    results, outcome = visitor.update_context(
        {"country": "FR", "vip": True, "age": 31, "score": 0.5})
    assert outcome is None
    for key, accepted, log, nothing in results:
        assert_type(key, str)
        assert_type(accepted, bool)
        assert_type(log, str)
        assert nothing is None
    visitor.update_context({PresetContext.DEVICE_LOCALE: "fr-FR", "country": "BE"})
    visitor.update_context({PresetContext.LOCATION_LAT: 48.8, PresetContext.LOCATION_LONG: 2.3})
    visitor.update_context({})
    visitor.update_context(None)
    visitor.update_context(MappingProxyType({"country": "BE"}))
    visitor.update_context(OrderedDict(country="BE", cart=Decimal("19.90"), share=Fraction(1, 2)))
    maybe: dict[str, str | None] = {"campaign": os.environ.get("CAMPAIGN")}
    visitor.update_context(maybe, 1)
    visitor.update_context(("campaign", None))
    several: Mapping[str, str] | None = {"country": "BE"}
    visitor.update_context(several)
    visitor.update_context(("country", "FR"))
    visitor.update_context((PresetContext.DEV_MODE, False), synchronize=True)
    names: dict[str, str] = {"city": "Paris"}
    counts: dict[str, int] = {"visits": 3}
    mixed: dict[str, str | int] = {"city": "Lyon", "visits": 4}
    anything: dict[str, Any] = {"vip": False}
    visitor.update_context(names)
    visitor.update_context(counts)
    visitor.update_context(mixed)
    _, synchronised = visitor.update_context(anything, True)
    assert synchronised is not None
    assert_type(synchronised, tuple[bool, str])
    own = visitor.get_context()
    assert_type(own["country"], Union[str, bool, int, float])
    assert own["country"] == "FR" and own["vip"] is False


def identity(flagship: Flagship) -> None:
    names: dict[str, str] = {"country": "FR"}
    visitor = flagship.create_visitor("cookie", context=names)
    assert_type(visitor, Visitor)
    assert_type(visitor.visitor_id, str)
    visitor.authenticate("customer-1042", {"vip": True}, synchronize=True)
    before: str | None = visitor.anonymous_id
    assert before == "cookie"
    visitor.unauthenticate({PresetContext.IP: "127.0.0.1"})
    visitor.authenticate(None, None, 0)
    visitor.set_consent(None)
    visitor.set_consent(True)
    assert_type(visitor.has_consented, bool)
    assert_type(visitor.to_json(), str)
    assert_type(visitor.to_json(with_ids=True), str)
    visitor.authenticate("customer-1042", MappingProxyType({"vip": None}),
                         os.environ.get("SYNCHRONIZE"))
    flagship.create_visitor("cookie", 1, [("country", "FR"), (PresetContext.DEV_MODE, True)])
    flagship.create_visitor("cookie", context=(("country", "FR"), ("page", None)))
    assert not flagship.create_visitor("cookie", has_consented=False).has_consented
    old: FlagshipVisitor = flagship.create_visitor(None, authenticated=True, context=None)
    assert old.visitor_id != flagship.create_visitor().visitor_id
    success, log = visitor.synchronize_modifications()
    assert_type(success, bool)
    assert_type(log, str)


def explanation(visitor: Visitor) -> None:
    told: Explanation = visitor.explain()
    campaign: ExplainedCampaign = told["campaigns"][0]
    assert_type(told["visitorId"], str)
    assert_type(told["serving"], bool)
    assert_type(campaign["reason"], str)
    assert campaign["outcome"] == "assigned" and campaign["decidedBy"] == "platform"
    bucket: int | None = campaign["bucket"]
    reference: bool | None = campaign["reference"]
    assert (bucket, reference) == (None, False)
    assert visitor.explain("title")["modifications"]["title"]["value"] == "Hello"
    for group in campaign["variationGroups"]:
        for targetings in group["targetingGroups"]:
            for targeting in targetings["targetings"]:
                print(targeting["key"], targeting["operator"], targeting["visitorValue"],
                      targeting["problem"])


class Visit(Page):
    """A hit of the application's own."""

    def with_source(self, source: str) -> Visit:
        return self.with_locale(source)


def hits(visitor: Visitor) -> None:
    assert_type(Page("https://shop.example.com/").with_ip("127.0.0.1").with_locale("fr-FR"), Page)
    assert_type(Screen("home").with_resolution(640, 480).with_session_number(1), Screen)
    assert_type(Visit("https://shop.example.com/").with_ip("127.0.0.1").with_source("fr"), Visit)
    event = Event(EventCategory.ACTION_TRACKING, "click").with_event_label(
        "red").with_session_timestamp(1)
    assert_type(event, Event)
    assert_type(event.with_event_value(3), Event)
    order = Transaction("order-1", "Purchase").with_total_revenue(94.8).with_shipping_cost(
        5).with_taxes(1.2)
    assert_type(order, Transaction)
    order.with_currency("EUR").with_payment_method("card").with_shipping_method(
        "post").with_coupon_code("MAY")
    assert_type(order.with_item_count(2), Transaction)
    line = Item("order-1", "Shoes", "shoes-42").with_price(40).with_item_quantity(
        2).with_item_category("shoes")
    assert_type(line, Item)
    data: dict[str, Any] = {"total": "94.80"}
    shop = Transaction(1042, uuid.uuid4()).with_total_revenue(Decimal("94.80")).with_taxes("1.20")
    shop.with_shipping_cost(Fraction(1, 2)).with_item_count("2").with_coupon_code(
        None).with_currency(None)
    shop.with_total_revenue(data["total"]).with_payment_method(7).with_shipping_cost(None)
    article = Item(1042, None, 42).with_price(Decimal("19.90")).with_item_quantity(
        2.0).with_item_category(None)
    article.with_item_quantity(Decimal(-1)).with_price(None).with_session_number("3")
    seen = Event("ACTION_TRACKING", "click").with_event_value(3.0).with_event_value(
        None).with_event_label(None)
    seen.with_ip(None).with_locale(None).with_resolution("640", None).with_session_timestamp(None)
    kind: HitType | None = seen.hit_type
    left_out: str | None = seen.left_out
    assert kind is HitType.EVENT and left_out == "value is None"
    assert shop.left_out is None and article.left_out is None
    sent: list[Hit] = [OldPage("https://shop.example.com/"), Screen("home"), event, order, line]
    for hit in sent:
        success, log = visitor.send_hit(hit)
        assert success and log
        assert hit.problem is None and hit.get_data()["t"] in [kind.value for kind in HitType]


class ShopHandler(FlagshipEventHandler):
    def on_log(self, level: int, message: str) -> None:
        logging.getLogger("shop").log(level, "%s", message)

    def on_exception_raised(self, exception: FlagshipError, traceback: str) -> None:
        logging.getLogger("shop").error("%s\n%s", exception.message, traceback)


class ShopCache(VisitorCacheManager):
    wants_every_save = False

    def __init__(self) -> None:
        self.env_id = ""
        self.records: dict[str, VisitorRecord] = {}

    def use_environment(self, env_id: str) -> None:
        self.env_id = env_id

    def save(self, visitor_id: str, visitor_data: VisitorRecord) -> None:
        assert_type(visitor_data["data"]["vaIds"], list[str])
        self.records[visitor_id] = visitor_data

    def lookup(self, visitor_id: str) -> VisitorRecord | None:
        return self.records.get(visitor_id)


class LooseCache(OldVisitorCacheManager):
    """The record as any mapping."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}

    def save(self, visitor_id: str, visitor_data: Mapping[str, Any]) -> None:
        self.records[visitor_id] = dict(visitor_data)

    def lookup(self, visitor_id: str) -> dict[str, Any] | None:
        return self.records.get(visitor_id)


class DuckCache:
    """No subclass, but with the two methods."""

    def save(self, visitor_id: str, visitor_data: dict[str, Any]) -> bool:
        return bool(visitor_id and visitor_data)

    def lookup(self, visitor_id: str) -> dict[str, Any] | None:
        return None


class FakeRedis:
    def get(self, name: str) -> bytes | None:
        return None

    def set(self, name: str, value: str, px: int | None = None) -> bool:
        return True


def session() -> requests.Session:
    return requests.Session()


def options(folder: pathlib.Path) -> None:
    handler = ShopHandler(catch_all_exceptions=True)
    Config()
    Config(mode=Config.Mode.BUCKETING, timeout=1, polling_interval=0, event_handler=handler,
           debug=True,
           decision_api_url="https://shop.example.com/v2", cdn_url="https://shop.example.com",
           tracking_url="https://shop.example.com", bucketing_file=folder / "bucketing.json",
           initial_bucketing=folder / "initial.json", session=session, connection_pool_size=4,
           tracking="deferred", tracking_queue_size=100, tracking_interval=0.5,
           tracking_batch_size=10,
           spool=folder / "spool.db", circuit_breaker=False, max_response_size=1000000,
           offline=True)
    Config(event_handler=None, visitor_cache_manager=None, bucketing_file=None,
           initial_bucketing=None, spool=None)
    Config(initial_bucketing=BUCKETING, bucketing_file="bucketing.json", spool="spool.db")
    with session() as own:
        Config(session=own)
    Config(session=lambda: requests.Session())
    assert Config(session=requests.Session).session is requests.Session
    config = ConfigHome(visitor_cache_manager=ShopCache())
    for manager in (LooseCache(), DuckCache(), MemoryVisitorCache(10),
                    SQLiteVisitorCache(folder / "v.db", ttl=60)):
        config.visitor_cache_manager = manager
    config.visitor_cache_manager = RedisVisitorCache("redis://localhost:6379/0", ttl=60)
    config.visitor_cache_manager = RedisVisitorCache(FakeRedis(), prefix="shop", timeout=0.1)
    config.visitor_cache_manager = None
    config.timeout = 2
    config.mode = AppConfig.Mode.API
    config.bucketing_file = folder / "other.json"
    config.event_handler = None
    written: str | None = config.bucketing_file
    stock: FlagshipEventHandler = config.event_handler
    stock.logger.debug("%s %s", written, stock.catch_all_exceptions)
    seconds: float = config.timeout
    assert seconds == 2
    assert config.env_id is None and config.api_key is None
    given: dict[str, Any] = {"timeout": 0.5}
    assert Config(**given).timeout == 0.5


def errors() -> None:
    try:
        Config(timeout=-1)
    except ParamError as error:
        assert_type(error.message, str)
        function: str | None = error.function
        parameter: str | None = error.parameter
        assert (function, parameter) == ("Config", "timeout")
    mistakes: list[type[FlagshipError]] = [
        ContextError, FlagshipParsingError, InitializationError, ParamError, TypingError]
    for kind in mistakes:
        assert pickle.loads(pickle.dumps(kind("what"))).message == "what"
    value_error: ValueError = ParamError("what", "function", parameter="parameter")
    type_error: TypeError = TypingError("what")
    assert str(value_error) == str(type_error) == "what"


def status(flagship: Flagship) -> None:
    now: Status = flagship.status
    assert_type(now.started, bool)
    assert_type(now.panic, bool)
    mode: Config.Mode | None = now.mode
    assert mode is Config.Mode.API and mode.value == "API" and mode.name == "API"
    loaded_at: float | None = now.loaded_at
    last_modified: str | None = now.last_modified
    campaigns: int | None = now.campaigns
    assert (now.source, loaded_at, last_modified, campaigns) == (None, None, None, None)
    if now.source == "network":
        print("fresh")
    counters: Counters | None = now.tracking
    assert counters is not None
    assert_type(counters.queued + counters.sent + counters.failed + counters.dropped
                + counters.spooled, int)
    assert_type(flagship.flush(2.0), bool)
    started = flagship.config
    assert started is not None and started.env_id == "env" and started.tracking == "deferred"


def emulator(platform: Emulator) -> None:
    platform.misbehave("campaigns", status=503, times=1)
    platform.misbehave("hit", delay=0.01, drip=0, share=0.5)
    platform.misbehave("bucketing", headers={"X-Odd": "1"}, body=b"{}", truncate=False)
    platform.misbehave("events", body="{}", size=None, reset=None, hang=False)
    platform.misbehave("activate", reset="before")
    platform.behave("hit")
    platform.behave()
    assert_type(platform.port, int)
    assert_type(platform.url, str)
    assert_type(platform.hits, list[dict[str, Any]])
    assert_type(platform.segments, list[dict[str, Any]])
    assert_type(platform.activations, list[dict[str, Any]])
    assert_type(platform.context_events, list[dict[str, Any]])
    assert_type(platform.decisions, list[dict[str, Any]])
    assert_type(platform.accepted, dict[str, int])
    assert_type(platform.received, dict[str, Any])
    assert_type(platform.connections, int)
    request: Request = platform.requests[0]
    answered: int | None = request.status
    assert request.endpoint == "campaigns" and answered == 200 and request.json()["visitorId"]
    assert_type(request.headers, dict[str, str])
    assert_type(request.body, bytes)
    assert_type(request.time, float)
    assert_type(platform.panic, bool)
    platform.panic = True
    platform.panic = False
    platform.set_bucketing({"campaigns": []})
    platform.clear()


class Watcher(Hook):
    def __init__(self) -> None:
        self.told: list[str] = []

    def on_flag_read(self, event: FlagRead) -> None:
        assert_type(event.variation_id, Optional[str])
        assert_type(event.is_default, bool)
        self.told.append("%s: %s" % (event.key, event.value))

    def on_activated(self, event: Activated) -> None:
        assert_type(event.variation_id, str)

    def on_hits_sent(self, event: HitsSent) -> None:
        assert_type(event.number, int)
        assert_type(event.kinds, tuple[tuple[str, int], ...])

    def on_hits_failed(self, event: HitsFailed) -> None:
        assert_type(event.reason, str)

    def on_synchronized(self, event: Synchronized) -> None:
        assert_type(event.duration, float)


def main(folder: pathlib.Path) -> None:
    assert_type(__version__, str)
    assert OldPresetContext is PresetContext and AppFlagship.instance() is Flagship()
    options(folder)
    errors()
    watcher = Watcher()
    assert_type(Config(hooks=[watcher]).hooks, tuple[Hook, ...])
    with Emulator(BUCKETING, port=0) as platform, Flagship.instance() as flagship:
        assert_type(platform, Emulator)
        assert_type(flagship, Flagship)
        flagship.start(" env", "key ")
        flagship.start(platform.env_id, platform.api_key, None)
        flagship.start(
            platform.env_id, platform.api_key,
            Config(timeout=2.0, tracking="deferred", hooks=[watcher], **platform.urls))
        assert_type(flagship.is_flagship_started(), bool)
        visitor = flagship.create_visitor(
            "ann", context={"country": "FR", PresetContext.DEV_MODE: True})
        visitor.synchronize_modifications()
        flags(visitor)
        modifications(visitor)
        context(visitor)
        identity(flagship)
        explanation(visitor)
        hits(visitor)
        status(flagship)
        emulator(platform)
        flagship.close(timeout=2)
    assert "title: Hello" in watcher.told


if __name__ == "__main__":
    import sys
    main(pathlib.Path(sys.argv[1]))
