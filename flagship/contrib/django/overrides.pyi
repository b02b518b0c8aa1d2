from django.http import HttpRequest
from django.http.response import HttpResponseBase

from flagship.context import _Mapping

def may_override(request: HttpRequest) -> bool: ...
def save_overrides(
    request: HttpRequest,
    response: HttpResponseBase,
    forced_variations: _Mapping[object, object] | None,
    context: _Mapping[object, object] | None = None,
) -> None: ...
def sign_overrides(
    forced_variations: _Mapping[object, object] | None,
    context: _Mapping[object, object] | None = None,
) -> str: ...
def forget_overrides(request: HttpRequest, response: HttpResponseBase) -> None: ...
