import os
from typing import Any

from flagship.cache.cache_visitor import VisitorCacheManager, _Record

class SQLiteVisitorCache(VisitorCacheManager):
    def __init__(
        self,
        path: str | os.PathLike[str],
        max_visitors: int | None = 1000000,
        ttl: float | None = None,
        timeout: float = 1.0,
    ) -> None: ...
    def use_environment(self, env_id: str) -> None: ...
    def save(self, visitor_id: str, visitor_data: _Record) -> None: ...
    def lookup(self, visitor_id: str) -> Any: ...
    def close(self) -> None: ...
