from typing import Any, Literal, NamedTuple

from flagship.config import Config

class Counters(NamedTuple):
    queued: int
    sent: int
    failed: int
    dropped: int
    spooled: int

class Status(NamedTuple):
    mode: Config.Mode | None
    started: bool
    panic: bool = False
    source: Literal["network", "snapshot", "initial"] | None = None
    loaded_at: float | None = None
    last_modified: str | None = None
    campaigns: int | None = None
    tracking: Counters | None = None
    last_errors: dict[str, Any] = ...
    withheld: int = 0
