from flagship.contrib.openfeature.provider import FlagshipProvider as FlagshipProvider

__all__ = ["FlagshipProvider"]
