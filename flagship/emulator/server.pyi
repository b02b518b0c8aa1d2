import socket
import socketserver
import threading
from collections.abc import Callable
from http.server import HTTPServer
from typing import Any

from flagship.emulator.faults import Fault
from flagship.emulator.platform import Request

_Answer = Callable[[Request], tuple[int, dict[str, str], bytes, Fault | None]]

class Server(socketserver.ThreadingMixIn, HTTPServer):
    answer: _Answer
    ending: threading.Event
    accepted: int
    def __init__(self, address: tuple[str, int], answer: _Answer) -> None: ...
    def server_bind(self) -> None: ...
    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any
    ) -> None: ...
    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any
    ) -> None: ...
    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any
    ) -> None: ...
    def end(self) -> None: ...
