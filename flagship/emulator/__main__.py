"""Run the emulator standalone: ``python -m flagship.emulator --bucketing FILE [--port N]``."""
from __future__ import print_function

import argparse
import sys
import threading

from flagship._compat import to_stream
from flagship.emulator import Emulator
from flagship.errors import FlagshipError


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m flagship.emulator",
                                     description="The Flagship platform on loopback.")
    parser.add_argument("--bucketing", metavar="FILE",
                        help="the campaigns, a bucketing file; default: none")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="default: a free one")
    parser.add_argument("--env-id", default="env", help="default: %(default)s")
    parser.add_argument("--api-key", default="key", help="default: %(default)s")
    options = parser.parse_args(arguments)
    try:
        emulator = Emulator(options.bucketing, options.env_id, options.api_key, options.port)
        emulator.start()
    except (FlagshipError, EnvironmentError, ValueError, OverflowError) as error:
        parser.error(to_stream(u"%s" % error, "ascii"))
    try:
        with emulator:
            for name, url in sorted(emulator.urls.items()):
                print("%s=%s" % (name, url))
            print("received=%s/_emulator/received" % emulator.url)
            sys.stdout.flush()
            while True:
                threading.Event().wait(3600)  # on Python 2 Ctrl-C cannot interrupt an untimed wait
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
