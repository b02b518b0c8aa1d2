import logging

from flagship.errors import FlagshipError

logger: logging.Logger

class FlagshipEventHandler:
    catch_all_exceptions: bool
    logger: logging.Logger
    def __init__(self, catch_all_exceptions: bool = False) -> None: ...
    def on_log(self, level: int, message: str) -> None: ...
    def on_exception_raised(self, exception: FlagshipError, traceback: str) -> None: ...
