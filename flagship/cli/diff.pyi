import argparse
from collections.abc import Callable
from typing import Any

# What add() is given is argparse's own, and what run() returns the command line's.
def add(commands: Any) -> None: ...
def run(options: argparse.Namespace, say: Callable[[str], object]) -> Any: ...
