from collections.abc import Callable, Mapping
from typing import Any

import requests

from flagship.transport.adapter import LeanResponse
from flagship.transport.deadline import Deadline
from flagship.transport.endpoint import Endpoint

class Connections:
    lineage: int
    def __init__(self, session: requests.Session, owned: bool) -> None: ...
    @property
    def proxies(self) -> Mapping[str, str]: ...
    def prepare(
        self, endpoint: Endpoint, body: bytes | None, headers: Mapping[str, str] | None
    ) -> requests.PreparedRequest: ...
    def send(
        self, endpoint: Endpoint, request: requests.PreparedRequest, deadline: Deadline
    ) -> requests.Response | LeanResponse: ...
    def close(self) -> None: ...
    def copy(self) -> Connections: ...

def open_connections(
    given: requests.Session | Callable[[], requests.Session] | None, pool_size: int
) -> Connections: ...
def for_forked_child(given: Any) -> Any: ...
