import argparse
from collections.abc import Callable
from typing import Any

from flagship.decision.compiled import Campaigns

# What add() is given is argparse's own, and what run() returns the command line's.
def add(commands: Any) -> None: ...
def run(options: argparse.Namespace, say: Callable[[str], object]) -> Any: ...
def compile_source(
    source: Any, say: Callable[[str], object], needs_flags: bool = False
) -> Campaigns: ...
