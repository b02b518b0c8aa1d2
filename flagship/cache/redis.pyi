from collections.abc import Callable
from typing import Any, Protocol, type_check_only

from flagship.cache.cache_visitor import VisitorCacheManager, _Record

# redis.Redis, redis.RedisCluster or what looks like one; redis-py need not be installed.
@type_check_only
class _Client(Protocol):
    @property
    def get(self) -> Callable[..., Any]: ...
    @property
    def set(self) -> Callable[..., Any]: ...

class RedisVisitorCache(VisitorCacheManager):
    def __init__(
        self,
        client_or_url: str | _Client,
        prefix: str = "flagship",
        ttl: float | None = 7776000,
        timeout: float = 0.5,
    ) -> None: ...
    def use_environment(self, env_id: str) -> None: ...
    def save(self, visitor_id: str, visitor_data: _Record) -> None: ...
    def lookup(self, visitor_id: str) -> Any: ...
    def close(self) -> None: ...
