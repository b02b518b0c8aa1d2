from typing import Any

from flagship.config import Config
from flagship.context import _ContextValue
from flagship.decision.modification import Modification
from flagship.hits import Hit
from flagship.state import PlatformState
from flagship.status import Counters

SDK_HEADERS: dict[str, str]

class TrackingClient:
    def __init__(self, config: Config, http: Any, events: Any, state: PlatformState) -> None: ...
    def activate(
        self, visitor_id: str, anonymous_id: str | None, modification: Modification
    ) -> tuple[bool, str]: ...
    def send_context(
        self,
        visitor_id: str,
        context: dict[str, _ContextValue],
        anonymous_id: str | None = ...,
    ) -> tuple[bool, str]: ...
    def send_hit(
        self, visitor_id: str, anonymous_id: str | None, hit: Hit
    ) -> tuple[bool, str]: ...
    @property
    def counters(self) -> Counters | None: ...
    def flush(self, timeout: float) -> bool: ...
    def retire(self, timeout: float) -> None: ...
    def close(self, timeout: float) -> None: ...

class OfflineTrackingClient(TrackingClient): ...

def activation(
    visitor_id: str, anonymous_id: str | None, modification: Modification
) -> dict[str, str]: ...
def with_ids(
    hit: dict[str, Any], visitor_id: str, anonymous_id: str | None
) -> dict[str, Any]: ...
def segment(
    visitor_id: str, anonymous_id: str | None, context: dict[str, _ContextValue]
) -> dict[str, Any]: ...
