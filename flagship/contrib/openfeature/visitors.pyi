from collections.abc import Callable, Mapping
from typing import Any

from flagship.app import Flagship
from flagship.context import _ContextValue
from flagship.visitor import Visitor

CONSENT: str

class RecentVisitor:
    visitor: Visitor
    until: float
    problem: str
    def __init__(self, visitor: Visitor) -> None: ...

class RecentVisitors:
    def __init__(
        self, ttl: float, max_visitors: int, outcome: Callable[[RecentVisitor], None]
    ) -> None: ...
    def forget(self) -> None: ...
    def get(
        self,
        flagship: Flagship,
        visitor_id: str,
        context: dict[str, _ContextValue],
        has_consented: bool | None = True,
    ) -> RecentVisitor: ...

class Attributes:
    def __init__(self) -> None: ...
    def context_of(self, attributes: Mapping[str, Any]) -> dict[str, _ContextValue]: ...
