"""What typed tests do with flagship.testing: accepted by the checkers, and it runs."""
from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any, Callable

from flagship import Flagship
from flagship.cache import MemoryVisitorCache
from flagship.hits import Screen
from flagship.testing import Sent, SentActivation, SentContext, SentHit, flagship_flags
from flagship.testing.visitor_cache import VisitorCacheSuite

if TYPE_CHECKING:
    from flagship.cache.cache_visitor import VisitorRecord
    from flagship.testing.pytest_plugin import GiveFlags


def color(visitor_id: str) -> str:
    visitor = Flagship.instance().create_visitor(visitor_id, context={"vip": True})
    visitor.synchronize_modifications()
    visitor.send_hit(Screen("home"))
    return visitor.get_modification("btn-color", "grey", activate=True)


def with_a_block() -> None:
    chosen: dict[str, str] = {"btn-color": "red"}
    with flagship_flags(chosen) as sent:
        assert color("ann") == "red"
        activation: SentActivation = sent.activations[0]
        hit: SentHit = sent.hits[0]
        event: SentContext = sent.context_events[0]
        visitor_id: str = activation.visitor_id
        before: str | None = activation.anonymous_id
        assert (visitor_id, before, activation.key, activation.value) == (
            "ann", None, "btn-color", "red")
        assert hit.type == "SCREENVIEW" and hit.wire["vid"] == "ann"
        assert event.context["vip"] is True
        sent.clear()
        sent.down = True
        sent.panic = False
        sent.flags = {"btn-color": None}
        sent.flags = lambda visitor_id, context: {"btn-color": visitor_id}
        down: bool = sent.down
        assert down and color("bob") == "grey" and not sent.activations


@flagship_flags({"btn-color": "blue"})
def decorated(name: str) -> str:
    return color(name)


def by_visitor(visitor_id: str, context: dict[str, Any]) -> dict[str, Any]:
    return {"btn-color": "gold" if context["vip"] else "grey"}


@flagship_flags(by_visitor)
class TestColors:
    def test_color(self) -> None:
        assert color("ann") == "gold"


def test_with_the_fixture(flagship_flags: GiveFlags) -> None:
    sent: Sent = flagship_flags({"btn-color": "red"})
    give: Callable[[dict[str, Any]], Sent] = flagship_flags
    assert give({}) is sent


class TestMyStore(VisitorCacheSuite):
    many = 10
    nul = False

    def make_manager(self) -> MemoryVisitorCache:
        return MemoryVisitorCache()

    def corrupt(self, manager: MemoryVisitorCache, visitor_id: str) -> None:
        record: VisitorRecord = {"version": 2, "data": {"vId": visitor_id, "vaIds": []}}
        manager.save(visitor_id, record)

    def close(self, manager: MemoryVisitorCache) -> None:
        assert manager.lookup("nobody") is None


def main(folder: pathlib.Path) -> None:
    with_a_block()
    name: str = decorated("ann")
    assert name == "blue"
    TestColors().test_color()
    store = TestMyStore()
    store.test_many_visitors()
    store.test_a_corrupt_record_costs_no_decision()
