from typing import Any
from typing_extensions import Self

from flagship.decision.modification import Modification
from flagship.decision.targeting import Targetings

class Variation:
    id: str
    reference: bool
    campaign_id: str
    campaign_type: str | None
    campaign_slug: str | None
    variation_group_id: str
    modification_type: str | None
    values: dict[str, Any]
    modifications: dict[str, Modification]
    only: tuple[str, Modification] | None
    def __init__(
        self,
        campaign: dict[str, Any],
        group_id: str,
        id: str,
        reference: bool,
        modification_type: str | None,
        values: dict[str, Any],
    ) -> None: ...

class Campaigns:
    walk: tuple[Any, ...]
    audiences: dict[frozenset[int], tuple[Any, ...]]
    targetings: Targetings
    group_of: dict[str, str]
    experience_continuity: bool
    panic: bool
    count: int
    problems: tuple[str, ...]
    source: tuple[tuple[Any, str | None], ...]
    def __init__(self, document: object) -> None: ...
    def in_panic(self) -> Self: ...
