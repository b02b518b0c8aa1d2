from typing import Any

from flagship.config import Config
from flagship.tracking.delivery import Delivery
from flagship.tracking.items import Item
from flagship.tracking.queue import Queue
from flagship.tracking.spool import Spool

class Worker:
    finished: bool
    def __init__(
        self,
        queue: Queue,
        spool: Spool | None,
        delivery: Delivery,
        options: Config,
        events: Any,
    ) -> None: ...
    def begin(self) -> None: ...
    def put(self, item: Item) -> None: ...
    def flush(self, timeout: float) -> bool: ...
    def end(self, timeout: float) -> None: ...
    def close(self, timeout: float) -> None: ...
