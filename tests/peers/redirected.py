"""What the peers in Python share: their task, and their requests sent to an emulator. Runs where
this project is not installed."""
import json
import sys

import requests

_PREFIXES = {"https://decision.flagship.io": "", "https://cdn.flagship.io": "/cdn",
             "https://ariane.abtasty.com": "/collect", "https://events.flagship.io": "/collect"}


def task():
    """The task, a dict as check.py writes it; from now on requests go to its emulator."""
    with open(sys.argv[1]) as file:
        given = json.load(file)
    request = requests.Session.request

    def redirected(self, method, url, **arguments):
        host, slash, rest = url[len("https://"):].partition("/")
        place = given["url"] + _PREFIXES["https://" + host] + slash + rest
        return request(self, method, place, **arguments)
    requests.Session.request = redirected
    return given


def tell(flags):
    """Hand over what the SDK gave: {visitor id: {key: value}}."""
    # On a line of its own: the SDKs print.
    print("\n" + json.dumps({"flags": flags}))
