"""Test helpers for applications and extensions that use the SDK; the rest of the library does not
need them."""
from flagship.testing.flags import flagship_flags
from flagship.testing.sent import Sent, SentActivation, SentContext, SentHit

__all__ = ["Sent", "SentActivation", "SentContext", "SentHit", "flagship_flags"]
