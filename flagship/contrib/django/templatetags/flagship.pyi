from typing import Any

from django.template import Context, Library

register: Library

def flagship_json(context: Context, with_ids: bool = False) -> str: ...
def flag(context: Context, key: str, default: Any, activate: bool = False) -> Any: ...
