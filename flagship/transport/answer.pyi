from collections.abc import Mapping
from typing import Any

from flagship.errors import FlagshipError

class RequestFailed(FlagshipError):
    endpoint: str
    cause: str
    status: int | None
    tried: bool
    received: bool
    def __init__(
        self,
        endpoint: str,
        cause: str,
        status: int | None = None,
        tried: bool = True,
        received: bool = True,
    ) -> None: ...

class Answer:
    endpoint: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    def __init__(
        self, endpoint: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> None: ...
    def json(self) -> Any: ...

class Refused(Exception): ...

def content(response: Any, max_size: int) -> bytes: ...
