"""The command line: ``python -m flagship``."""
import sys

from flagship.cli import main

if __name__ == "__main__":
    sys.exit(main(program="python -m flagship"))
