"""Mistakes with flagship.testing that the checkers must find."""
from __future__ import annotations

from typing import Any

from flagship.testing import Sent, SentActivation, SentHit, flagship_flags
from flagship.testing import no_such_name  # error
from flagship.testing.pytest_plugin import GiveFlags
from flagship.testing.visitor_cache import VisitorCacheSuite


def by_visitor(visitor_id: str) -> dict[str, Any]:
    return {}


def blocks(sent: Sent, activation: SentActivation, hit: SentHit, give: GiveFlags) -> None:
    flagship_flags()  # error
    flagship_flags("btn-color")  # error
    flagship_flags(["btn-color"])  # error
    flagship_flags({1: "red"})  # error
    flagship_flags(by_visitor)  # error
    flagship_flags({}, {})  # error
    flagship_flags({})(1)  # error
    give("btn-color")  # error
    give({}).activated  # error
    sent.flags = ["btn-color"]  # error
    sent.panic = "yes"  # error
    sent.down = None  # error
    sent.hits[0].key  # error
    sent.activations.append(hit)  # error
    sent.activations = []  # error
    activation.key = "btn-color"  # error
    activation.anonymous_id.upper()  # error
    hit.kind  # error


@flagship_flags({})
def decorated(name: str) -> str:
    return name


def called() -> None:
    decorated()  # error
    decorated(1)  # error


class TestNumbers(VisitorCacheSuite):
    many = "many"  # error

    def make_manager(self) -> int:  # error
        return 1


class TestNothing(VisitorCacheSuite):
    def make_manager(self) -> None:  # error
        return None
