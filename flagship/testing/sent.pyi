from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flagship.context import _ContextValue
from flagship.decision.modification import Modification

_Flags = Mapping[str, Any] | Callable[[str, dict[str, _ContextValue]], Mapping[str, Any]]

class SentActivation(NamedTuple):
    visitor_id: str
    anonymous_id: str | None
    key: str
    value: Any
    campaign_id: str
    variation_group_id: str
    variation_id: str
    wire: dict[str, Any]

class SentHit(NamedTuple):
    visitor_id: str
    anonymous_id: str | None
    type: str
    wire: dict[str, Any]

class SentContext(NamedTuple):
    visitor_id: str
    context: dict[str, _ContextValue]
    wire: dict[str, Any]

class Sent:
    panic: bool
    down: bool
    # For flagship_flags alone.
    def __init__(self, flags: _Flags, changed: Callable[[], None]) -> None: ...
    # What is set; read, a dict that was given is a read-only mapping.
    @property
    def flags(self) -> Any: ...
    @flags.setter
    def flags(self, flags: _Flags) -> None: ...
    @property
    def activations(self) -> list[SentActivation]: ...
    @property
    def hits(self) -> list[SentHit]: ...
    @property
    def context_events(self) -> list[SentContext]: ...
    def clear(self) -> None: ...
    def keep(self, record: SentActivation | SentHit | SentContext) -> None: ...
    def modifications_for(
        self, visitor_id: str, context: Mapping[str, _ContextValue]
    ) -> dict[str, Modification]: ...
