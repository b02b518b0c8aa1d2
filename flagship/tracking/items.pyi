from collections.abc import Iterable, Iterator, Sequence
from typing import Any

ACTIVATE: str
HIT: str
MAX_AGE: int
MAX_ACTIVATIONS: int
MAX_BATCH_BYTES: int
SEGMENT: str
OTHER: str
RANKS: int

class Item:
    endpoint: str
    made: float
    payload: bytes
    kind: str
    rank: int
    row: int | None
    size: int
    def __init__(
        self, endpoint: str, made: float, payload: bytes, kind: str, row: int | None = ...
    ) -> None: ...

def create_item(
    endpoint: str, made: float, fields: dict[str, Any], row: int | None = ...
) -> Item: ...
def batches(items: Iterable[Item]) -> Iterator[list[Item]]: ...
def body_of(items: Sequence[Item], env_id: str, now: float) -> bytes: ...
def kinds_of(items: Iterable[Item]) -> str: ...
def counts_of(kinds: Iterable[object]) -> tuple[tuple[str, int], ...]: ...
def count_text(number: int) -> str: ...
