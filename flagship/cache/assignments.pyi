from collections.abc import Iterable
from typing import Any

from flagship.cache.cache_visitor import VisitorRecord, _VisitorCache

VERSION: int

class AssignmentCache:
    def __init__(
        self, manager: _VisitorCache, env_id: str, patience: float, events: Any
    ) -> None: ...
    def lookup(self, visitor_id: str) -> tuple[str, ...] | None: ...
    def save(
        self,
        visitor_id: str,
        variation_ids: Iterable[str],
        known_ids: Iterable[str],
        provisional: bool = False,
    ) -> bool: ...

def error_text(error: BaseException) -> str: ...

class UnreadableRecord(Exception): ...

def make_record(visitor_id: str, variation_ids: Iterable[str]) -> VisitorRecord: ...
def read_record(record: object, visitor_id: str) -> tuple[str, ...]: ...
