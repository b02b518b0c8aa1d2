"""The demo's emulator, over its own addresses."""
import json

import requests
from django.conf import settings

_TIMEOUT = 2.0  # seconds


class Emulator(object):
    """What the QA panel asks of the emulator. False where the shop runs against the platform."""

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

    def requests_after(self, number):
        """Return the last request's number, and what was accepted after the one with ``number``: a
        list of dicts with ``endpoint``, ``time`` (seconds since the epoch) and the decoded
        ``body``. Only these are read, so that a poll costs no more the longer the demo runs."""
        answer = self._call("GET", "/_emulator/received?after=%d" % number)
        return answer["last"], [dict(each, body=json.loads(each["body"]))
                                for each in answer["requests"]
                                if each["body"] and each["status"] // 100 == 2]

    @staticmethod
    def _call(method, path, **options):
        answer = requests.request(method, settings.EMULATOR_URL + path, timeout=_TIMEOUT, **options)
        answer.raise_for_status()
        return answer.json()


emulator = Emulator()
