from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from typing_extensions import Self

from flagship.decision.document import Document, Problem, Targeting, Variation, VariationGroup
from flagship.decision.modification import Modification

class Campaigns:
    document: Document
    walk: tuple[tuple[Group, ...], ...]
    setters: dict[str, Sequence[tuple[Group, ...]]]
    few: int
    audiences: dict[frozenset[Condition], tuple[Any, ...]]
    targetings: Targetings
    panic: bool
    count: int
    kinds: dict[str, set[str]] | None
    @property
    def group_of(self) -> dict[str, str]: ...
    def nearest_key(self, key: str) -> str | None: ...
    def __init__(
        self,
        decoded: object,
        before: Campaigns | None = None,
        pass_on: Callable[[], object] | None = None,
    ) -> None: ...
    @property
    def experience_continuity(self) -> bool: ...
    @property
    def problems(self) -> tuple[Problem, ...]: ...
    def kinds_compared_with(self, key: str) -> Collection[str]: ...
    def in_panic(self) -> Self: ...

class Condition:
    key: str
    operator: str
    value: Any
    holds: Callable[[Mapping[str, Any], str], Any]
    def __init__(self, key: str, operator: str, value: Any) -> None: ...

class Group:
    targets: tuple[frozenset[Condition], ...]
    id: bytes
    variations: tuple[Variation, ...]
    parts: tuple[bytes, tuple[Variation | None, ...], bytearray, tuple[Variation, ...]] | None
    single: tuple[bytes, str, tuple[Modification | None, ...], bytearray] | None
    def __init__(
        self, targets: tuple[frozenset[Condition], ...], group: VariationGroup
    ) -> None: ...
    def prepare(
        self,
    ) -> tuple[bytes, tuple[Variation | None, ...], bytearray, tuple[Variation, ...]]: ...

class Targetings:
    def __init__(self) -> None: ...
    @property
    def ask_visitor_id(self) -> bool: ...
    def target(
        self, alternatives: Iterable[tuple[Targeting, ...]]
    ) -> tuple[frozenset[Condition], ...]: ...
    def adopt(self, targets: Iterable[frozenset[Condition]]) -> None: ...
    def seal(self) -> None: ...
    def holding(self, context: Mapping[str, Any], visitor_id: str) -> set[Condition]: ...
