"""Mistakes with the constants of "flagship types" that the checkers must find."""
from __future__ import annotations

import shop_flags as flags

from flagship.visitor import Visitor


def constants(visitor: Visitor) -> None:
    flags.CTA_LABLE.read(visitor)  # error
    size: str = flags.CTA_SIZE.read(visitor)  # error
    flags.CTA_LABEL.read(visitor, default=3)  # error
    flags.CTA_LABEL.read("ann")  # error
    discount: int = flags.CTA_LABEL.default  # error
