"""The demo's emulator, over its own addresses."""
import json
import threading

import requests
from django.conf import settings

_TIMEOUT = 2.0  # seconds


class Emulator(object):
    """What the QA panel asks of the emulator. False where the shop runs against the platform."""

    def __init__(self):
        self._lock = threading.Lock()
        self._last, self._accepted = 0, []

    def __bool__(self):
        return bool(settings.EMULATOR_URL)

    @property
    def panic(self):
        return self._call("GET", "/_emulator/panic")

    @panic.setter
    def panic(self, panic):
        self._call("POST", "/_emulator/panic", json=panic)

    @property
    def bucketing(self):
        """The campaigns, a decoded bucketing file; in panic without any."""
        return self._call("GET", "/cdn/%s/bucketing.json" % settings.FLAGSHIP_ENV_ID)

    @property
    def requests(self):
        """Every request that was accepted, a list of dicts: ``endpoint``, ``time`` (seconds since
        the epoch) and the decoded ``body``."""
        with self._lock:
            # Only what is new: the simulated shoppers make thousands.
            answer = self._call("GET", "/_emulator/requests?after=%d" % self._last)
            self._accepted += [dict(each, body=json.loads(each["body"]))
                               for each in answer["requests"]
                               if each["body"] and each["status"] // 100 == 2]
            self._last = answer["last"]
            return list(self._accepted)

    @staticmethod
    def _call(method, path, **options):
        answer = requests.request(method, settings.EMULATOR_URL + path, timeout=_TIMEOUT, **options)
        answer.raise_for_status()
        return answer.json()


emulator = Emulator()
