from collections.abc import Mapping
from typing import Any, NamedTuple

from flagship.config import Config
from flagship.transport.answer import Answer
from flagship.transport.deadline import Deadline
from flagship.transport.endpoint import Endpoint

class LastError(NamedTuple):
    when: float
    cause: str
    count: int  # type: ignore[assignment]
    status: int | None

def doubt_of_timeout(seconds: float) -> str | None: ...

class HttpClient:
    def __init__(self, config: Config, events: Any) -> None: ...
    @property
    def last_errors(self) -> dict[str, LastError]: ...
    def proxy_of(self, url: str) -> str | None: ...
    def deadline(self, endpoint: Endpoint | None = None) -> Deadline: ...
    def send(
        self,
        endpoint: Endpoint,
        payload: Any = None,
        headers: Mapping[str, str] | None = None,
        deadline: Deadline | None = None,
        body: bytes | None = None,
    ) -> Answer: ...
    def close(self) -> None: ...
    def retire(self) -> None: ...
