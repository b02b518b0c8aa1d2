from collections.abc import Callable
from typing import Any, TypeVar, type_check_only

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from flagship.visitor import Visitor

_Response = TypeVar("_Response", bound=HttpResponseBase)

# What a view is given once the middleware is there.
@type_check_only
class FlagshipRequest(HttpRequest):
    flagship: Visitor

class FlagshipMiddleware(MiddlewareMixin):
    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None: ...
    def process_request(self, request: HttpRequest) -> None: ...
    def process_response(self, request: HttpRequest, response: _Response) -> _Response: ...

def is_staff(request: HttpRequest) -> bool: ...
def user_id(request: HttpRequest) -> str | None: ...
