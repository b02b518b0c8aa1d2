from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

def may_override(request: HttpRequest) -> bool: ...
def save_overrides(
    request: HttpRequest,
    response: HttpResponseBase,
    forced_variations: Mapping[Any, Any] | None,
    context: Mapping[Any, Any] | None = None,
) -> None: ...
def forget_overrides(request: HttpRequest, response: HttpResponseBase) -> None: ...
