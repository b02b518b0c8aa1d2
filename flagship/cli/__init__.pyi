from collections.abc import Sequence
from types import ModuleType

COMMANDS: tuple[ModuleType, ...]
OK: int
FOUND: int
USAGE: int
INTERRUPTED: int
BROKEN_PIPE: int

def main(arguments: Sequence[str] | None = None, program: str = "flagship") -> int: ...
