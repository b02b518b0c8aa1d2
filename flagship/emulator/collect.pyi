from typing import Any

MAX_BATCH: int
MAX_AGE_MS: int
SEGMENT: str

class Invalid(Exception): ...

def hits(body: dict[str, Any], size: int, env_id: str | None) -> list[dict[str, Any]]: ...
