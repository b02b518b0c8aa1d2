from typing import Any, Protocol, type_check_only

from flagship.testing.sent import Sent, _Flags

# What a test's argument flagship_flags is.
@type_check_only
class GiveFlags(Protocol):
    def __call__(self, flags: _Flags) -> Sent: ...

# A fixture, of a type that each pytest has another name for.
flagship_flags: Any
