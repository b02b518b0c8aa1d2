from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from flagship.context import _ContextValue
from flagship.decision.compiled import Campaigns
from flagship.decision.explanation import ExplainedCampaign
from flagship.decision.modification import Flags, Modification
from flagship.errors import FlagshipError

class DecisionError(FlagshipError):
    expected: bool
    def __init__(self, message: str, expected: bool = False) -> None: ...

class DecisionManager:
    mode: Literal["API", "BUCKETING"] | None
    knows_anonymous: bool
    panic: bool
    @property
    def campaigns(self) -> Campaigns | None: ...
    @property
    def details(self) -> dict[str, Any]: ...
    def start(self) -> None: ...
    def start_again(self) -> None: ...
    def decide(
        self,
        visitor_id: str,
        anonymous_id: str | None,
        context: dict[str, _ContextValue],
        cached_ids: tuple[str, ...] | None,
        has_consented: bool = True,
    ) -> tuple[Flags, tuple[str, ...]]: ...
    def decide_forced(
        self,
        visitor_id: str,
        anonymous_id: str | None,
        context: dict[str, _ContextValue],
        cached_ids: tuple[str, ...] | None,
        has_consented: bool,
        forced: Mapping[str, str],
    ) -> tuple[Flags, tuple[str, ...]]: ...
    def explain(
        self,
        visitor_id: str,
        context: dict[str, _ContextValue],
        cached_ids: tuple[str, ...] | None,
        modifications: Mapping[str, Modification],
        key: str | None,
        forced: Mapping[str, str] | tuple[()] = (),
    ) -> list[ExplainedCampaign]: ...
    def nearest_key(self, key: str) -> str | None: ...
    def find_mistyped(
        self, context: dict[str, _ContextValue]
    ) -> Sequence[tuple[str, str, Collection[str]]]: ...
    def close(self) -> None: ...
