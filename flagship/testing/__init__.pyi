from flagship.testing.flags import flagship_flags as flagship_flags
from flagship.testing.sent import (
    Sent as Sent,
    SentActivation as SentActivation,
    SentContext as SentContext,
    SentHit as SentHit,
)

__all__ = ["Sent", "SentActivation", "SentContext", "SentHit", "flagship_flags"]
