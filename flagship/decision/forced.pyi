from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flagship.decision.compiled import Campaigns
from flagship.decision.document import Variation
from flagship.decision.modification import Modification

def find_forced(campaigns: Campaigns, forced: Mapping[str, str]) -> dict[str, Variation]: ...
def merge_forced(
    campaigns: Campaigns, variations: Iterable[Variation], found: Mapping[str, Variation]
) -> dict[str, Modification]: ...
def force_answer(
    campaigns: Campaigns, answered: Iterable[Any], found: Mapping[str, Variation]
) -> list[Any]: ...
def ids_of(campaigns: Campaigns, found: Collection[str]) -> set[str]: ...
def mark_forced(
    modifications: Mapping[str, Modification], found: Collection[str]
) -> dict[str, Modification]: ...
