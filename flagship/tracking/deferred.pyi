from typing import Any

from flagship.config import Config
from flagship.state import PlatformState
from flagship.status import Counters
from flagship.tracking.immediate import TrackingClient

EXIT_SECONDS: float

class DeferredTrackingClient(TrackingClient):
    def __init__(self, config: Config, http: Any, events: Any, state: PlatformState) -> None: ...
    @property
    def counters(self) -> Counters: ...
