"""Mistakes with the command line from Python that the checkers must find."""
from __future__ import annotations

from flagship.cli import main


def command_line() -> None:
    main([1])  # error
    main(["validate"], "flagship", "json")  # error
    main(["validate"], program=None)  # error
    text: str = main(["validate"])  # error
