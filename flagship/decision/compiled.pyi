from collections.abc import Iterable, Mapping
from typing import Any
from typing_extensions import Self

from flagship.decision.document import Document, Problem, Targeting

class Campaigns:
    document: Document
    walk: tuple[Any, ...]
    audiences: dict[frozenset[int], tuple[Any, ...]]
    targetings: Targetings
    group_of: dict[str, str]
    panic: bool
    count: int
    def __init__(self, decoded: object) -> None: ...
    @property
    def experience_continuity(self) -> bool: ...
    @property
    def problems(self) -> tuple[Problem, ...]: ...
    def in_panic(self) -> Self: ...

class Targetings:
    def __init__(self) -> None: ...
    @property
    def ask_visitor_id(self) -> bool: ...
    def target(
        self, alternatives: Iterable[tuple[Targeting, ...]]
    ) -> tuple[frozenset[int], ...]: ...
    def seal(self) -> None: ...
    def holding(self, context: Mapping[str, Any], visitor_id: str) -> set[int]: ...
