from typing import Any, Literal

from flagship.config import Config
from flagship.decision.manager import DecisionManager
from flagship.state import PlatformState

class BucketingDecisionManager(DecisionManager):
    mode: Literal["BUCKETING"]
    def __init__(self, config: Config, http: Any, events: Any, state: PlatformState) -> None: ...
    @property
    def details(self) -> dict[str, Any]: ...
