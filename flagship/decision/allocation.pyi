from collections.abc import Callable, Iterable
from typing import TypeVar

_T = TypeVar("_T")

BUCKETS: int
hash32: Callable[[bytes, int, bool], int]

def bucket(group_id: str, visitor_id: str) -> int: ...
def bucket_table(allocations: Iterable[float]) -> tuple[list[int], bytearray]: ...
def spread(variations: Iterable[tuple[float, _T]]) -> tuple[_T | None, ...]: ...
