from collections.abc import Callable, Iterable, Mapping
from typing import Any
from typing_extensions import Self

from flagship.decision.document import Document, Problem, Targeting

class Campaigns:
    document: Document
    walk: tuple[Any, ...]
    setters: dict[str, list[tuple[Any, ...]]]
    few: int
    audiences: dict[frozenset[Condition], tuple[Any, ...]]
    targetings: Targetings
    group_of: dict[str, str]
    panic: bool
    count: int
    def nearest_key(self, key: str) -> str | None: ...
    def __init__(self, decoded: object) -> None: ...
    @property
    def experience_continuity(self) -> bool: ...
    @property
    def problems(self) -> tuple[Problem, ...]: ...
    def in_panic(self) -> Self: ...

class Condition:
    key: str
    operator: str
    value: Any
    holds: Callable[[Mapping[str, Any], str], Any]
    def __init__(self, key: str, operator: str, value: Any) -> None: ...

class Targetings:
    def __init__(self) -> None: ...
    @property
    def ask_visitor_id(self) -> bool: ...
    def target(
        self, alternatives: Iterable[tuple[Targeting, ...]]
    ) -> tuple[frozenset[Condition], ...]: ...
    def seal(self) -> None: ...
    def holding(self, context: Mapping[str, Any], visitor_id: str) -> set[Condition]: ...
