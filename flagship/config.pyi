import os
from collections.abc import Callable, Sequence
from enum import Enum
from inspect import Signature
from typing import Any, ClassVar, Generic, Literal, TypeVar, type_check_only
from typing_extensions import Never

import requests

from flagship.cache.cache_visitor import _VisitorCache
from flagship.handler import FlagshipEventHandler
from flagship.hooks import Hook

_Path = str | os.PathLike[str]
_Session = requests.Session | Callable[[], requests.Session]
_Tracking = Literal["immediate", "deferred"]
_Read_co = TypeVar("_Read_co", covariant=True)
_Written_contra = TypeVar("_Written_contra", contravariant=True)

# An option that reads as another type than it is written, or, for a callable, that no checker takes
# for a method.
@type_check_only
class _ReadOnly(Generic[_Read_co]):
    def __get__(self, config: Config, owner: type[Config]) -> _Read_co: ...
    def __set__(self, config: Config, value: Never) -> None: ...

@type_check_only
class _Option(Generic[_Read_co, _Written_contra]):
    def __get__(self, config: Config, owner: type[Config]) -> _Read_co: ...
    def __set__(self, config: Config, value: _Written_contra) -> None: ...

class Config:
    class Mode(Enum):
        API = "API"
        BUCKETING = "BUCKETING"

    __signature__: ClassVar[Signature]
    env_id: _ReadOnly[str | None]
    api_key: _ReadOnly[str | None]
    mode: Config.Mode
    timeout: float
    tracking_timeout: float | None
    bucketing_timeout: float
    polling_interval: float
    event_handler: _Option[FlagshipEventHandler, FlagshipEventHandler | None]
    visitor_cache_manager: _VisitorCache | None
    debug: bool
    decision_api_url: str
    decision_api: Literal["platform", "self-hosted"]
    cdn_url: str
    tracking_url: str
    bucketing_file: _Option[str | None, _Path | None]
    initial_bucketing: _Option[dict[str, Any] | str | None, dict[str, Any] | _Path | None]
    offline: bool
    session: _Option[_Session | None, _Session | None]
    connection_pool_size: int
    tracking: _Tracking
    tracking_queue_size: int
    tracking_interval: float
    tracking_batch_size: int
    context_events: bool
    repeat_contexts: bool
    spool: _Option[str | None, _Path | None]
    circuit_breaker: bool
    max_response_size: int
    hooks: _Option[tuple[Hook, ...], Sequence[Hook] | None]

    @property
    def is_self_hosted(self) -> bool: ...
    def __init__(
        self,
        *,
        mode: Config.Mode = ...,
        timeout: float = ...,
        tracking_timeout: float | None = ...,
        bucketing_timeout: float = ...,
        polling_interval: float = ...,
        event_handler: FlagshipEventHandler | None = ...,
        visitor_cache_manager: _VisitorCache | None = ...,
        debug: bool = ...,
        decision_api_url: str = ...,
        decision_api: Literal["platform", "self-hosted"] = ...,
        cdn_url: str = ...,
        tracking_url: str = ...,
        bucketing_file: _Path | None = ...,
        initial_bucketing: dict[str, Any] | _Path | None = ...,
        offline: bool = ...,
        session: _Session | None = ...,
        connection_pool_size: int = ...,
        tracking: _Tracking = ...,
        tracking_queue_size: int = ...,
        tracking_interval: float = ...,
        tracking_batch_size: int = ...,
        context_events: bool = ...,
        repeat_contexts: bool = ...,
        spool: _Path | None = ...,
        circuit_breaker: bool = ...,
        max_response_size: int = ...,
        hooks: Sequence[Hook] | None = ...,
    ) -> None: ...
