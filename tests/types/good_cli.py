"""The command line from Python: accepted by the checkers, and it runs."""
from __future__ import annotations

import json
import pathlib

from flagship.cli import USAGE, main as command_line


def main(folder: pathlib.Path) -> None:
    campaigns = folder / "bucketing.json"
    campaigns.write_text(json.dumps({"campaigns": []}))
    code: int = command_line(["validate", str(campaigns)], program="shop-flags")
    assert code == 0
    assert command_line(["decide", str(campaigns)]) == USAGE
