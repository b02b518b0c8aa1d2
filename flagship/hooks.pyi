from typing import Any, Literal, NamedTuple

_Kinds = tuple[tuple[str, int], ...]

class Hook:
    def on_flag_read(self, event: FlagRead) -> None: ...
    def on_activated(self, event: Activated) -> None: ...
    def on_hits_sent(self, event: HitsSent) -> None: ...
    def on_hits_failed(self, event: HitsFailed) -> None: ...
    def on_synchronized(self, event: Synchronized) -> None: ...
    def on_file_changed(self, event: FileChanged) -> None: ...
    def on_panic_changed(self, event: PanicChanged) -> None: ...

class FlagRead(NamedTuple):
    visitor_id: str
    anonymous_id: str | None
    key: str
    value: Any
    default_value: Any
    reason: Literal["assigned", "null", "missing", "not synchronized", "panic", "closed"]
    campaign_id: str | None
    variation_group_id: str | None
    variation_id: str | None
    is_reference: bool | None
    @property
    def is_default(self) -> bool: ...

class Activated(NamedTuple):
    visitor_id: str
    anonymous_id: str | None
    key: str
    campaign_id: str
    variation_group_id: str
    variation_id: str
    is_reference: bool
    success: bool
    log: str

class HitsSent(NamedTuple):
    kinds: _Kinds
    @property
    def number(self) -> int: ...

class HitsFailed(NamedTuple):
    kinds: _Kinds
    reason: str
    @property
    def number(self) -> int: ...

class Synchronized(NamedTuple):
    visitor_id: str
    anonymous_id: str | None
    mode: Literal["API", "BUCKETING"]
    duration: float
    success: bool
    reason: str

class FileChanged(NamedTuple):
    source: Literal["network", "snapshot", "initial"]
    campaigns: int
    last_modified: str | None
    problems: int
    panic: bool

class PanicChanged(NamedTuple):
    panic: bool
