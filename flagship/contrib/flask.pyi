from collections.abc import Callable
from typing import Any, Protocol, type_check_only
from uuid import UUID

from flask import Flask, Request, Response

from flagship.context import _Mapping
from flagship.visitor import Visitor

__all__ = [
    "FlagshipExtension",
    "current_visitor",
    "forget_overrides",
    "save_overrides",
    "sign_overrides",
]

# Any mapping, also one that is no Mapping, such as request.headers.
@type_check_only
class _HasItems(Protocol):
    @property
    def items(self) -> Callable[[], Any]: ...

class FlagshipExtension:
    def __init__(
        self,
        app: Flask | None = None,
        context: Callable[[Request], _HasItems | None] | None = None,
        user_id: Callable[[Request], str | int | UUID | None] | None = None,
        consent: Callable[[Request], bool | None] | None = None,
    ) -> None: ...
    def init_app(self, app: Flask) -> None: ...

def save_overrides(
    response: Response,
    forced_variations: _Mapping[object, object] | None,
    context: _Mapping[object, object] | None = None,
) -> None: ...
def sign_overrides(
    forced_variations: _Mapping[object, object] | None,
    context: _Mapping[object, object] | None = None,
) -> str: ...
def forget_overrides(response: Response) -> None: ...

# A proxy, for each request's own visitor.
current_visitor: Visitor
