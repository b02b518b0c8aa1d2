from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from flagship.context import _ContextValue
from flagship.decision.compiled import Campaigns
from flagship.decision.document import Variation
from flagship.decision.modification import Flags, Modification

_T = TypeVar("_T")

class _Parts(NamedTuple):
    groups: tuple[tuple[bytes, tuple[Variation | None, ...], bytearray, tuple[Variation, ...]], ...]
    singles: tuple[tuple[bytes, str, tuple[Modification | None, ...], bytearray], ...] | None
    certain: bool

class Audience(_Parts):
    @property
    def choices(self) -> list[tuple[Variation | None, ...]]: ...
    def assigner(self, values: Iterable[Sequence[_T]]) -> Callable[[bytes], list[_T]]: ...

def audience_of(
    campaigns: Campaigns, visitor_id: str, context: dict[str, _ContextValue]
) -> Audience: ...
def assign(
    campaigns: Campaigns,
    visitor_id: str,
    context: dict[str, _ContextValue],
    cached_ids: Iterable[str] | None = (),
) -> list[Variation]: ...
def merge(variations: Iterable[Variation]) -> dict[str, Modification]: ...
def decide_flags(
    campaigns: Campaigns, visitor_id: str, context: dict[str, _ContextValue]
) -> dict[str, Modification]: ...

class UndecidedFlags(Flags):
    def __init__(
        self, campaigns: Campaigns, visitor_id: str, context: dict[str, _ContextValue]
    ) -> None: ...
