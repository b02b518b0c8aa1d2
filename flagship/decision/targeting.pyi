from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flagship.context import _ContextValue

ALL_VISITORS: str
VISITOR_ID: str

class Unusable(Exception): ...

class Targetings:
    ask_visitor_id: bool
    def __init__(self) -> None: ...
    def target(
        self, groups: Iterable[Iterable[tuple[str, str | None, Any]]], report: Callable[[str], object]
    ) -> tuple[frozenset[int], ...]: ...
    def holding(self, context: Mapping[str, _ContextValue]) -> set[int]: ...

def judge(key: str, name: str | None, value: Any, context: Mapping[str, _ContextValue]) -> tuple[bool, str]: ...
def json_text(value: _ContextValue) -> str: ...
