from typing import Any

from django.template import Context, Library

register: Library

def flag(context: Context, key: str, default: Any, activate: bool = False) -> Any: ...
