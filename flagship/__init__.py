"""Flagship: feature flags and A/B tests.

>>> from flagship import Config, Flagship
"""
import logging

from flagship._version import __version__
from flagship.app import Flagship
from flagship.config import Config

logging.getLogger("flagship").addHandler(logging.NullHandler())

__all__ = ["Config", "Flagship", "__version__"]
