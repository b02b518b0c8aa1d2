import abc
from collections.abc import Mapping
from typing import Any, Protocol, TypedDict, type_check_only

@type_check_only
class VisitorAssignments(TypedDict):
    vId: str
    vaIds: list[str]

@type_check_only
class VisitorRecord(TypedDict):
    version: int
    data: VisitorAssignments

@type_check_only
class FlatVisitorRecord(TypedDict):
    version: int
    vId: str
    vaIds: list[str]

_Record = VisitorRecord | FlatVisitorRecord

class VisitorCacheManager(abc.ABC):
    wants_every_save: bool
    def use_environment(self, env_id: str) -> None: ...
    @abc.abstractmethod
    def save(self, visitor_id: str, visitor_data: VisitorRecord) -> None: ...
    @abc.abstractmethod
    def lookup(self, visitor_id: str) -> Mapping[str, Any] | None: ...

# What Config takes: any object with the two methods.
@type_check_only
class _VisitorCache(Protocol):
    def save(self, visitor_id: str, visitor_data: Any, /) -> object: ...
    def lookup(self, visitor_id: str, /) -> Mapping[str, Any] | None: ...
