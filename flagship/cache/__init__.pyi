from flagship.cache.cache_visitor import VisitorCacheManager as VisitorCacheManager
from flagship.cache.memory import MemoryVisitorCache as MemoryVisitorCache
from flagship.cache.redis import RedisVisitorCache as RedisVisitorCache
from flagship.cache.sqlite import SQLiteVisitorCache as SQLiteVisitorCache

__all__ = ["MemoryVisitorCache", "RedisVisitorCache", "SQLiteVisitorCache", "VisitorCacheManager"]
