"""Help for the tests of those who use or extend the SDK; nothing of the library needs it."""
from flagship.testing.flags import flagship_flags
from flagship.testing.sent import Sent, SentActivation, SentContext, SentHit

__all__ = ["Sent", "SentActivation", "SentContext", "SentHit", "flagship_flags"]
