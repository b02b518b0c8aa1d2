from typing import Any

# A fixture: a test's argument of this name is Callable[[Mapping[str, Any]], flagship.testing.Sent].
flagship_flags: Any
