"""Nanoseconds for get_modification without activation, against a floor measured in the same run: a
method that looks a key up in a dict and checks the default's type.

Usage: python benchmarks/reading.py
"""
from __future__ import print_function

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Python looks beside a script first, and would take http.py there for the standard library's.
sys.path[:] = [os.path.dirname(HERE)] + [path for path in sys.path if os.path.abspath(path) != HERE]

import timeit  # noqa: E402

from flagship import Config, Flagship  # noqa: E402
from flagship.emulator import Emulator  # noqa: E402

EVERYBODY = {"targetingGroups": [
    {"targetings": [{"key": "fs_all_users", "operator": "EQUALS", "value": ""}]}]}
FILE = {"campaigns": [
    {"id": "c", "variationGroups": [{"id": "g", "targeting": EVERYBODY, "variations": [
        {"id": "v", "allocation": 100, "modifications": {"type": "JSON", "value": {
            "text": "red", "nested": {"a": [1, 2, 3]}, "null": None}}}]}]}]}
TYPES = (str, type(u""), bool, int, float, dict, list)


class Floor(object):
    def __init__(self, values):
        self._values = values

    def get(self, key, default, activate=False):
        if not isinstance(default, TYPES):
            raise TypeError
        return self._values.get(key, default)


def nanoseconds(call, number=200000, repeat=9):
    return min(timeit.repeat(call, number=number, repeat=repeat)) / number * 1e9


def main():
    with Emulator(FILE) as emulator, Flagship.instance() as flagship:
        flagship.start(emulator.env_id, emulator.api_key, Config(**emulator.urls))
        visitor = flagship.create_visitor(u"ann")
        assert visitor.synchronize_modifications() == (True, "")
        floor = Floor({u"text": u"red"})
        base = nanoseconds(lambda: floor.get(u"text", u"blue"))
        print("floor: dict lookup and type check  %6.0f ns" % base)
        for name, key in (("a text", u"text"), ("a nested dict (copied)", u"nested"),
                          ("a null", u"null"),
                          ("an unknown key", u"unknown")):
            taken = nanoseconds(lambda: visitor.get_modification(key, u"blue"), 50000)
            print("get_modification of %-22s %6.0f ns  %.1f x the floor"
                  % (name, taken, taken / base))


if __name__ == "__main__":
    main()
