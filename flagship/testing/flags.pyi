from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from flagship.testing.sent import Sent, _Flags

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

class flagship_flags:
    def __init__(self, flags: _Flags) -> None: ...
    def __enter__(self) -> Sent: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __call__(self, decorated: _Decorated) -> _Decorated: ...
