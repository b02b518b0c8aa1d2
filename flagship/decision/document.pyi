from typing import Any

from flagship.decision.modification import Modification
from flagship.errors import FlagshipParsingError

MAX_PROBLEMS: int

class RefusedFile(FlagshipParsingError):
    place: str
    def __init__(self, message: str, place: str = "") -> None: ...

class Problem:
    place: str
    message: str
    campaign: int | None
    def __init__(self, place: str, message: str, campaign: int | None = None) -> None: ...

class Document:
    panic: bool
    experience_continuity: bool
    one_visitor_one_test: bool
    campaigns: tuple[Campaign, ...]
    problems: tuple[Problem, ...]
    problem_count: int
    def __init__(
        self,
        decoded: object,
        root: str = "",
        most: int = 20,
        reader: CampaignsReader | None = None,
    ) -> None: ...

class CampaignsReader:
    problems: Any
    def __init__(self, root: str = "", most: int = 20) -> None: ...
    def read(self, given: object, index: int) -> Any: ...

class Campaign:
    id: str | None
    name: str | None
    slug: str | None
    type: str | None
    groups: tuple[VariationGroup, ...]
    problem: str | None
    index: int
    limits_buckets: bool
    is_sound: bool
    def __init__(self, index: int) -> None: ...

class VariationGroup:
    id: str
    name: str | None
    alternatives: tuple[tuple[Targeting, ...], ...]
    variations: tuple[Variation, ...]
    def __init__(
        self,
        group_id: Any,
        name: str | None,
        alternatives: tuple[tuple[Targeting, ...], ...],
        variations: tuple[Variation, ...],
    ) -> None: ...

class Targeting:
    key: str
    operator: str | None
    value: Any
    problem: tuple[str, str] | None
    def __init__(self, key: Any, operator: str | None, value: Any) -> None: ...

class Variation:
    id: str
    name: str | None
    allocation: float
    reference: bool
    campaign_id: str
    variation_group_id: str
    values: dict[str, Any]
    modifications: dict[str, Modification]
    only: tuple[str, Modification] | None
    def __init__(
        self,
        campaign_id: Any,
        variation_group_id: Any,
        variation_id: Any,
        name: str | None,
        allocation: Any,
        reference: bool,
        values: dict[str, Any],
    ) -> None: ...

def make_flags(variation: Variation) -> None: ...
def id_text(given: object) -> str | None: ...
def place_of(inside: str, part: str | int) -> str: ...
