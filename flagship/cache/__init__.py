"""Where visitors' assignments are kept between synchronisations."""
from flagship.cache.cache_visitor import VisitorCacheManager

__all__ = ["VisitorCacheManager"]
