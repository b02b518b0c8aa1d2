from flagship.app import Flagship as Flagship
from flagship.config import Config as Config

__all__ = ["Config", "Flagship", "__version__"]

__version__: str
