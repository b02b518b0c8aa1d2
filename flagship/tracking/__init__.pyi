from typing import Any

from flagship.config import Config
from flagship.state import PlatformState
from flagship.tracking.immediate import TrackingClient

def create_client(
    config: Config, http: Any, events: Any, state: PlatformState
) -> TrackingClient: ...
