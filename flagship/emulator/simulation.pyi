from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from flagship.decision.document import Document
from flagship.emulator.emulator import Emulator

RATE: float
MAX_VISITORS: int

class Simulation:
    def __init__(
        self, open_visits: Callable[[], AbstractContextManager[Callable[[int], object]]]
    ) -> None: ...
    @property
    def state(self) -> dict[str, Any]: ...
    def start(self, visitors: int) -> None: ...
    def cancel(self, wait: bool = False) -> None: ...
    def restart(self) -> None: ...

def open_visits(
    emulator: Emulator, document: Document
) -> AbstractContextManager[Callable[[int], None]]: ...
def effect(variation_id: str) -> float: ...
