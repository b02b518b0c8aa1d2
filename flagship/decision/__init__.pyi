from typing import Any

from flagship.config import Config
from flagship.decision.manager import DecisionManager
from flagship.state import PlatformState

def create_manager(
    config: Config, http: Any, events: Any, state: PlatformState
) -> DecisionManager: ...
