from collections.abc import Callable

from flask import Flask, Request

from flagship.context import _Context
from flagship.visitor import Visitor

__all__ = ["FlagshipExtension", "current_visitor"]

class FlagshipExtension:
    def __init__(
        self,
        app: Flask | None = None,
        context: Callable[[Request], _Context | None] | None = None,
        user_id: Callable[[Request], str | None] | None = None,
    ) -> None: ...
    def init_app(self, app: Flask) -> None: ...

# A proxy, for each request's own visitor.
current_visitor: Visitor
