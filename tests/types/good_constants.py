"""The constants of "flagship types", in shop_flags.py: accepted by the checkers, and it runs."""
from __future__ import annotations

import os
import pathlib
import sys
from typing import Any

sys.path.insert(0, os.path.dirname(__file__))
import shop_flags as flags  # noqa: E402
sys.path.pop(0)

from flagship import Config, Flagship  # noqa: E402
from flagship.visitor import Visitor  # noqa: E402


def constants(visitor: Visitor) -> None:
    label: str = flags.CTA_LABEL.read(visitor, default="Add to cart")
    size: float = flags.CTA_SIZE.read(visitor)
    discount: int = flags.DISCOUNT_PERCENT.read(visitor, activate=True)
    checkout: bool = flags.ONE_PAGE_CHECKOUT.read(visitor)
    sections: list[Any] = flags.HOME_SECTIONS.read(visitor)
    recommendations: dict[str, Any] = flags.RECOMMENDATIONS.read(visitor)
    key: str = flags.CTA_LABEL.key
    assert (label, key, checkout) == ("Add to cart", "cta_label", False)
    assert (size, discount) == (14, 0) and recommendations["size"] + 1 > len(sections)


def main(folder: pathlib.Path) -> None:
    with Flagship.instance() as flagship:
        flagship.start("env", "key", Config(offline=True, bucketing_file=None))
        visitor = flagship.create_visitor("ann")
        constants(visitor)
