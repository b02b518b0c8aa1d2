from collections.abc import Sequence
from typing import Any

from django.template import Context, Library

register: Library

def flagship_override_notice(context: Context) -> dict[str, Any]: ...
def as_json(value: Any) -> str: ...
def width(buckets: Sequence[int]) -> int: ...
