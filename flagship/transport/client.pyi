from collections.abc import Iterable, Mapping
from typing import Any

from flagship.config import Config
from flagship.transport.answer import Answer
from flagship.transport.deadline import Deadline

class Endpoint:
    name: str
    method: str
    url: str
    headers: dict[str, str]
    repeatable: bool
    breaks: bool
    def __init__(
        self,
        name: str,
        method: str,
        url: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        repeatable: bool = False,
        breaks: bool = True,
    ) -> None: ...

class HttpClient:
    def __init__(self, config: Config, events: Any) -> None: ...
    def deadline(self) -> Deadline: ...
    def send(
        self,
        endpoint: Endpoint,
        payload: Any = None,
        headers: Mapping[str, str] | None = None,
        deadline: Deadline | None = None,
    ) -> Answer: ...
    def close(self) -> None: ...
    def retire(self) -> None: ...
