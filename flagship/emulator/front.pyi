from flagship.emulator.emulator import Emulator
from flagship.emulator.platform import Request

PREFIX: str

def is_own(request: Request) -> bool: ...

class Front:
    def __init__(self, emulator: Emulator) -> None: ...
    def answer(self, request: Request, port: int) -> tuple[int, dict[str, str], bytes]: ...
