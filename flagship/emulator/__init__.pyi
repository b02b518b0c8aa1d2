from flagship.emulator.emulator import Emulator as Emulator
from flagship.emulator.platform import Request as Request

__all__ = ["Emulator", "Request"]
