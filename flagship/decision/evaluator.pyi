from collections.abc import Iterable

from flagship.context import _ContextValue
from flagship.decision.compiled import Campaigns
from flagship.decision.document import Variation
from flagship.decision.modification import Flags, Modification

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
