from collections.abc import Iterable
from typing import Any

from flagship.config import Config
from flagship.state import PlatformState
from flagship.status import Counters
from flagship.tracking.immediate import TrackingClient

MAX_BATCH_BYTES: int
MAX_ACTIVATIONS: int
EXIT_SECONDS: float

class DeferredTrackingClient(TrackingClient):
    batch_size: int
    interval: float
    def __init__(self, config: Config, http: Any, events: Any, state: PlatformState) -> None: ...
    @property
    def counters(self) -> Counters: ...
    def warn(self, message: str, *args: object) -> None: ...
    def may_send(self) -> bool: ...
    # An item is (endpoint, seconds since the epoch, payload); endpoints and deadlines are the transport's own.
    def requests(self, items: Iterable[tuple[Any, float, dict[str, Any]]]) -> list[tuple[Any, Any, Any]]: ...
    def deadline(self) -> Any: ...
    def send(self, endpoint: Any, payload: dict[str, Any], deadline: Any) -> None: ...
