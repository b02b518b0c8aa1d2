"""Stores that keep visitors' assignments between synchronisations: the interface, and the built-in
stores."""
from flagship.cache.cache_visitor import VisitorCacheManager
from flagship.cache.memory import MemoryVisitorCache
from flagship.cache.redis import RedisVisitorCache
from flagship.cache.sqlite import SQLiteVisitorCache

__all__ = ["MemoryVisitorCache", "RedisVisitorCache", "SQLiteVisitorCache", "VisitorCacheManager"]
