from flagship.emulator.platform import Request

KINDS: tuple[str, ...]

class Row:
    kind: str
    visitor: str
    what: str
    body: str
    def __init__(self, kind: str, visitor: object, what: str, body: object) -> None: ...
    def as_dict(self) -> dict[str, str]: ...

def rows_of(
    request: Request, most: int = 100, names: dict[tuple[str, str], str] | None = None
) -> list[Row]: ...
