import os
from typing import Any, Literal, NamedTuple

from flagship.decision.document import Document
from flagship.emulator.bodies import Refusal as Refusal
from flagship.emulator.results import Results

_Endpoint = Literal[
    "campaigns", "events", "activate", "hit", "bucketing", "flags", "accountSettings"
]
_Bucketing = dict[str, Any] | str | os.PathLike[str]
_Answer = tuple[int, dict[str, str], bytes]

ENDPOINTS: tuple[_Endpoint, ...]
KINDS: tuple[Literal["decisions", "context_events", "activations", "hits", "segments"], ...]

class Request:
    endpoint: _Endpoint | None
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int | None
    message: str | None
    time: float
    def __init__(
        self,
        endpoint: _Endpoint | None,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
    ) -> None: ...
    def json(self) -> Any: ...
    def as_dict(self) -> dict[str, Any]: ...

class Route(NamedTuple):
    endpoint: _Endpoint | None
    env_id: str | None
    campaign: str | None
    is_self_hosted: bool

def route_of(path: str) -> Route: ...

class Platform:
    env_id: str
    api_key: str
    panic: bool
    decisions: list[dict[str, Any]]
    context_events: list[dict[str, Any]]
    activations: list[dict[str, Any]]
    hits: list[dict[str, Any]]
    segments: list[dict[str, Any]]
    results: Results
    variation_names: dict[tuple[str, str], str]
    def __init__(
        self,
        env_id: str,
        api_key: str,
        bucketing: _Bucketing | None,
        any_credentials: bool = False,
    ) -> None: ...
    @property
    def accepted(self) -> dict[str, int]: ...
    @property
    def document(self) -> Document: ...
    def forget(self, keep: int = 0) -> None: ...
    def set_bucketing(self, bucketing: _Bucketing | None) -> None: ...
    def answer(self, request: Request) -> _Answer: ...

def encode_json(value: object) -> bytes: ...
