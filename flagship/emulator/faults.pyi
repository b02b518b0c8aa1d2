from collections.abc import Mapping
from typing import Literal

MAX_BYTES: int
MAX_SECONDS: int

class Fault:
    delay: float
    hang: bool
    status: int | None
    headers: dict[str, str]
    body: bytes | None
    size: int | None
    reset: Literal["before", "inside"] | None
    truncate: bool
    drip: float
    share: float
    times: int | None
    def __init__(
        self,
        delay: float = 0,
        hang: bool = False,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: str | bytes | None = None,
        size: int | None = None,
        reset: Literal["before", "inside"] | None = None,
        truncate: bool = False,
        drip: float = 0,
        share: float = 1,
        times: int | None = None,
    ) -> None: ...
    @property
    def replaces(self) -> bool: ...

class Faults:
    def set(self, endpoint: str, fault: Fault) -> None: ...
    def clear(self, endpoint: str | None = None) -> None: ...
    def take(self, endpoint: str | None) -> Fault | None: ...
