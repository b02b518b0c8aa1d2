from collections.abc import Iterable, Mapping

class Endpoint:
    name: str
    method: str
    url: str
    headers: dict[str, str]
    repeatable: bool
    breaks: bool
    timeout: float | None
    def __init__(
        self,
        name: str,
        method: str,
        url: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        repeatable: bool = False,
        breaks: bool = True,
        timeout: float | None = None,
    ) -> None: ...
    @property
    def host(self) -> str: ...
    @property
    def timeout_option(self) -> str: ...
