from typing import Any, Literal

from flagship.config import Config
from flagship.decision.manager import DecisionManager
from flagship.state import PlatformState
from flagship.transport.answer import Answer
from flagship.transport.endpoint import Endpoint

def campaigns_endpoint(config: Config, has_consented: bool = True) -> Endpoint: ...
def read_campaigns(answer: Answer, max_size: int) -> tuple[bool, list[Any]]: ...

class ApiDecisionManager(DecisionManager):
    mode: Literal["API"]
    def __init__(self, config: Config, http: Any, events: Any, state: PlatformState) -> None: ...
