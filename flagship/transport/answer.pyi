from collections.abc import Callable, Mapping
from typing import Any

from flagship.errors import FlagshipError
from flagship.transport.deadline import Deadline

class RequestFailed(FlagshipError):
    endpoint: str
    cause: str
    status: int | None
    tried: bool
    received: bool
    retry_after: float | None
    def __init__(
        self,
        endpoint: str,
        cause: str,
        status: int | None = None,
        tried: bool = True,
        received: bool = True,
        retry_after: float | None = None,
    ) -> None: ...

class Answer:
    endpoint: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    def __init__(
        self,
        endpoint: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        note: Callable[[RequestFailed], object] = ...,
    ) -> None: ...
    def json(self) -> Any: ...
    def failure(self, cause: str) -> RequestFailed: ...

def retry_after(headers: Mapping[str, str]) -> float | None: ...
def read_body(response: Any, max_size: int, deadline: Deadline) -> bytes: ...
