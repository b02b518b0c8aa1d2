import socketserver
import threading
from collections.abc import Callable
from http.server import HTTPServer

from flagship.emulator.faults import Fault
from flagship.emulator.platform import Request

_Answer = Callable[[Request], tuple[int, dict[str, str], bytes, Fault | None]]

class Server(socketserver.ThreadingMixIn, HTTPServer):
    answer: _Answer
    ending: threading.Event
    accepted: int
    def __init__(self, address: tuple[str, int], answer: _Answer) -> None: ...
    def end(self) -> None: ...
