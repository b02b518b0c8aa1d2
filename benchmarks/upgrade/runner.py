# -*- coding: utf-8 -*-
"""Runs programs under the version of the SDK that the interpreter has, and tells what each did.

It is run by its path, with the paths of the programs and of the results and the server's URL.
"""
import collections
import enum
import io
import json
import os
import sys
import uuid
from decimal import Decimal
from fractions import Fraction

from six.moves.urllib.request import urlopen

import flagship
from flagship.app import Flagship
from flagship.config import Config
from flagship.handler import FlagshipEventHandler
from flagship.helpers import hits
from flagship.helpers.preset_context import PresetContext

ENV_ID, API_KEY = "my_env_id", "my_api_key"


class Lazy(object):
    """As Django's SimpleLazyObject: shows the class of the object behind it."""

    def __init__(self, value):
        self._wrapped = value

    __class__ = property(lambda self: type(self._wrapped))

    def __getattr__(self, name):
        return getattr(self._wrapped, name)

    def __str__(self):
        return str(self._wrapped)

    def __float__(self):
        return float(self._wrapped)

    def __len__(self):
        return len(self._wrapped)

    def __hash__(self):
        return hash(self._wrapped)

    def __eq__(self, other):
        return self._wrapped == other


class Text(str):
    """A subclass of text."""


class Member(str, enum.Enum):
    RED = "red"


class Thing(object):
    """An object of the application."""


class Truth(object):
    """As the old Djangos' ``user.is_authenticated``."""

    def __init__(self, value):
        self.value = value

    def __bool__(self):
        return self.value

    __call__ = __nonzero__ = __bool__


class Quiet(FlagshipEventHandler):
    """Keeps nothing."""

    def on_log(self, level, message):
        pass

    def on_exception_raised(self, exception, traceback):
        pass


def addresses(url):
    """Point the installed version at the server: by its options, or by 2.1.5's constants."""
    if not flagship.__version__.startswith("2.1."):
        return {"decision_api_url": url + "/v2", "cdn_url": url + "/cdn",
                "tracking_url": url + "/hit"}
    from flagship.helpers.api import ApiManager
    ApiManager._ApiManager__end_point_v2 = url + "/v2/"
    ApiManager._ApiManager__ariane = url + "/hit/"
    ApiManager._ApiManager__end_point_bucketing = url + "/cdn/{id}/bucketing.json"
    return {}


class Runner(object):
    """Runs programs, one after the other, each in a fresh working directory."""

    def __init__(self, url, flags):
        self.flags = flags
        self.url, self.flagship, self.visitor = url, Flagship.instance(), None
        self.options = dict(addresses(url), polling_interval=-1, event_handler=Quiet())
        self.names = dict(
            Config=Config, PresetContext=PresetContext, Decimal=Decimal, Fraction=Fraction,
            uuid=uuid, OrderedDict=collections.OrderedDict, Lazy=Lazy, Text=Text, Member=Member,
            Thing=Thing, Truth=Truth, start=self.start, create=self.create, world=self.world,
            close=self.flagship.close)
        for name in ("Page", "Screen", "Event", "EventCategory", "Transaction", "Item"):
            self.names[name] = getattr(hits, name)

    def ask(self, path):
        answer = urlopen(self.url + path)
        try:
            return json.loads(answer.read().decode("utf-8"))
        finally:
            answer.close()

    def world(self, name):
        self.ask("/_world/" + name)

    def start(self, mode, **options):
        config = Config(mode=mode, **dict(self.options, **options))
        self.flagship.start(ENV_ID, API_KEY, config)

    def create(self, *arguments):
        self.visitor = None
        self.visitor = self.flagship.create_visitor(*arguments)

    def run(self, program):
        """What each step did; None for one that needs a visitor where there is none."""
        self.world("ok")
        self.ask("/_taken")
        self.visitor = None
        if os.path.exists("bucketing.json"):
            os.remove("bucketing.json")
        done = [self.step(step["source"]) for step in program]
        self.flagship.close()
        return done

    def step(self, source):
        """``{"result" or "error", "context", "flags", "requests"}``, all of it JSON."""
        if self.visitor is None and "visitor." in source:
            return None
        done = {}
        try:
            done["result"] = plain(eval(source, dict(self.names, visitor=self.visitor)))
        except Exception as error:
            done["error"] = [kind.__name__ for kind in type(error).__mro__]
            done["words"] = str(error)[:200]
        if self.visitor is not None:
            done["context"] = plain(self.visitor.get_context())
            done["flags"] = {key: plain(self.visitor.get_modification(key, "<default>"))
                             for key in self.flags}
        done["requests"] = self.ask("/_taken")
        return done


def plain(value):
    """A result as JSON, with its type where JSON would lose that."""
    if value is None or type(value) in (bool, int, float, str, type(u"")):
        return value if value == value else "<NaN>"
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [plain(each) for each in value]}
    if isinstance(value, dict):
        pairs = ([plain(key), plain(each)] for key, each in value.items())
        return {"dict": sorted(pairs, key=repr)}
    return "<%s>" % type(value).__name__


def main(source, target, url):
    with io.open(source, encoding="utf-8") as file:
        given = json.load(file)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # 2.1.5 prints
    runner = Runner(url, given["flags"])
    done = [runner.run(program) for program in given["programs"]]
    with open(target, "w") as file:
        json.dump(done, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
