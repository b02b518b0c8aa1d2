"""Microseconds for create_visitor + synchronize_modifications and all flags, or one, of the new
visitor in bucketing mode, with the network part stubbed, against two things measured in the same
run: a straight-line floor for all flags (for each campaign one hash, a modulo, one comparison and
one pick), and the published flagship==2.1.5 in a virtualenv of its own, which decides all flags at
once. Bytes are those of a visitor whose flags were all read, and of one whose flags were not.

Usage: python benchmarks/decisions.py [--python-2-1-5 PYTHON] [--sizes 1,10,100,1000] [--json FILE]

PYTHON is an interpreter that has flagship==2.1.5 installed (it needs one below 3.11); without it
that column is empty. FILE gets the figures for the documentation, which keeps those of
benchmarks/results/decisions.json.
"""
from __future__ import print_function

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Python looks beside a script first, and would take http.py there for the standard library's.
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != HERE]

import argparse  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
import random  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
import timeit  # noqa: E402

CONTEXT = {"plan": "gold", "age": 31, "vip": True, "country": "fr"}
MATCHING = [("plan", "EQUALS", "gold"), ("age", "GREATER_THAN", 18), ("vip", "EQUALS", True),
            ("country", "EQUALS", ["fr", "be"]), ("fs_all_users", "EQUALS", "")]
FAILING = [("plan", "EQUALS", "free"), ("age", "LOWER_THAN", 18), ("vip", "EQUALS", False)]


def document(size, seed=7):
    """A bucketing file of ``size`` campaigns, each with exactly one group that matches CONTEXT."""
    chance = random.Random(seed)

    def group(name, matching):
        targetings = [chance.choice(MATCHING) for _ in range(chance.randint(1, 3))]
        if not matching:
            targetings[chance.randrange(len(targetings))] = chance.choice(FAILING)
        count = chance.randint(2, 4)
        return {"id": name, "targeting": {"targetingGroups": [{"targetings": [
            {"key": key, "operator": operator, "value": value}
            for key, operator, value in targetings]}]},
            "variations": [{"id": "%sv%d" % (name, place), "reference": place == 0,
                            "allocation": 100 // count + 1,
                            "modifications": {"type": "JSON",
                                              "value": {"flag_%s" % name.split("g")[0]: place}}}
                           for place in range(count)]}
    campaigns = []
    for place in range(size):
        groups = chance.randint(1, 3)
        matching = chance.randrange(groups)
        campaigns.append({"id": "c%d" % place, "type": "ab", "slug": "", "variationGroups": [
            group("c%dg%d" % (place, each), each == matching) for each in range(groups)]})
    return {"panic": False, "campaigns": campaigns}


def microseconds(call, budget=1.0):
    """The best of several timings, each a share of ``budget`` seconds."""
    began = time.time()
    call()
    number = max(1, int(budget / 7 / max(time.time() - began, 1e-6)))
    # Of CPU, as the machine may have more to do.
    timer = getattr(time, "process_time", None) or time.clock
    return min(timeit.repeat(call, timer=timer, number=number, repeat=7)) / number * 1e6


class Stub(object):
    """Where the network would be."""

    def send_context(self, *args):
        return True, "204"

    counters = None

    def close(self, timeout):
        pass


def measure_this(file):
    sys.path.insert(0, os.path.dirname(HERE))
    from flagship import Config, Flagship
    flagship = Flagship.instance()
    began = time.time()
    flagship.start("env", "key", Config(
        mode=Config.Mode.BUCKETING, bucketing_file=None, polling_interval=0, initial_bucketing=file,
        timeout=0.2, cdn_url="http://127.0.0.1:9"))
    compile_seconds = time.time() - began
    flagship._runtime.parts = flagship._runtime.parts._replace(tracking=Stub())
    ids = [u"visitor-%d" % place for place in range(1000)]
    turn = [0]

    def read_one():
        turn[0] += 1
        visitor = flagship.create_visitor(ids[turn[0] % 1000], False, CONTEXT)
        visitor.synchronize_modifications()
        return visitor.get_modification(u"flag_c0", -1)

    def decide_all():
        turn[0] += 1
        return _all_decided(_synchronised(flagship, ids[turn[0] % 1000]))
    assert read_one() != -1 and len(decide_all().modifications) == len(file["campaigns"])
    found = {"microseconds": microseconds(decide_all), "one": microseconds(read_one),
             "start": compile_seconds}
    found["bytes"] = bytes_per_visitor(lambda place: _all_decided(
        _synchronised(flagship, ids[place])))
    found["unread"] = bytes_per_visitor(lambda place: _synchronised(flagship, ids[place]))
    flagship.close()
    return found


def _all_decided(visitor):
    len(visitor.modifications)
    return visitor


def _synchronised(flagship, visitor_id):
    visitor = flagship.create_visitor(visitor_id, False, CONTEXT)
    visitor.synchronize_modifications()
    return visitor


def bytes_per_visitor(make, count=300):
    try:
        import tracemalloc
    except ImportError:
        return None
    make(0)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    visitors = [make(place) for place in range(count)]
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return taken / float(len(visitors))


class FloorVisitor(object):
    def __init__(self, visitor_id, context):
        self.visitor_id, self.context, self.flags = visitor_id, dict(context), {}


class FloorFlag(object):
    __slots__ = ("key", "value", "campaign", "group", "variation", "reference")

    def __init__(self, *facts):
        self.key, self.value, self.campaign, self.group, self.variation, self.reference = facts


def measure_floor(file):
    from mmh3 import hash as murmur
    campaigns = []
    for campaign in file["campaigns"]:
        group = campaign["variationGroups"][0]
        variations, picks = group["variations"], []
        for each in variations:
            (key, value), = each["modifications"]["value"].items()
            picks.append((key, FloorFlag(key, value, campaign["id"], group["id"], each["id"],
                                         each["reference"])))
        campaigns.append((group["id"], "plan", "gold",
                          [picks[place * len(picks) // 100] for place in range(100)]))
    turn = [0]

    def call():
        turn[0] += 1
        visitor = FloorVisitor(u"visitor-%d" % (turn[0] % 1000), CONTEXT)
        visitor_id, context, flags = visitor.visitor_id, visitor.context, visitor.flags
        for group_id, key, value, picks in campaigns:
            if context[key] == value:
                name, flag = picks[murmur(group_id + visitor_id, 0, False) % 100]
                flags[name] = flag
        return flags["flag_c0"].value
    return microseconds(call)


def measure_2_1_5(file):
    """To be run by an interpreter that has flagship==2.1.5: its own network calls are stubbed the
    same way."""
    import requests
    directory = tempfile.mkdtemp()
    os.chdir(directory)

    def answer(method, url, **kwargs):
        response = requests.Response()
        response.status_code, response.url = 200, url
        response._content = json.dumps(file).encode("utf-8") if "bucketing" in url else b"{}"
        # Without it 2.1.5 keeps no file.
        response.headers["Last-Modified"] = "Mon, 23 Nov 2026 00:00:00 GMT"
        response.request = requests.Request(method, url).prepare()
        return response
    requests.api.request = requests.request = answer
    requests.get = lambda url, **kwargs: answer("GET", url)
    requests.post = lambda url, **kwargs: answer("POST", url)
    requests.Session.request = lambda self, method, url, **kwargs: answer(method, url)
    from flagship.app import Flagship
    from flagship.config import Config
    from flagship.handler import FlagshipEventHandler

    class Quiet(FlagshipEventHandler):
        def on_log(self, level, message):
            pass

        def on_exception_raised(self, exception, traceback):
            raise exception
    out, sys.stdout = sys.stdout, open(os.devnull, "w")
    flagship = Flagship.instance()
    flagship.start("env", "key", Config(mode=Config.Mode.BUCKETING, polling_interval=86400,
                                        event_handler=Quiet()))
    time.sleep(0.5)
    turn = [0]

    def call():
        turn[0] += 1
        visitor = flagship.create_visitor("visitor-%d" % (turn[0] % 1000), False, dict(CONTEXT))
        visitor.synchronize_modifications()
        return visitor.get_modification("flag_c0", -1)
    assert call() != -1
    taken = microseconds(call)

    def make(place):
        visitor = flagship.create_visitor("visitor-%d" % place, False, dict(CONTEXT))
        visitor.synchronize_modifications()
        return visitor
    memory = bytes_per_visitor(make, 100)
    sys.stdout = out
    print(json.dumps({"microseconds": taken, "bytes": memory}))
    sys.stdout.flush()
    os._exit(0)  # its poller cannot be stopped


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python-2-1-5", dest="old", metavar="PYTHON")
    parser.add_argument("--sizes", default="1,10,100,1000")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return measure_2_1_5(document(int(options.child)))
    rows = []
    print("%9s %10s %10s %8s %8s %12s %8s %8s %8s %14s %12s" % (
        "campaigns", "floor us", "SDK us", "x floor", "one us", "2.1.5 us", "x SDK", "bytes",
        "unread", "2.1.5 bytes", "start ms"))
    for size in [int(each) for each in options.sizes.split(",")]:
        file = document(size)
        floor, this, old = measure_floor(file), measure_this(file), {}
        if options.old:
            environment = {name: value
                           for name, value in os.environ.items() if name != "PYTHONPATH"}
            old = json.loads(subprocess.check_output(
                [options.old, os.path.abspath(__file__), "--child", str(size)],
                env=environment).decode("ascii").splitlines()[-1])
        taken = old.get("microseconds")
        print("%9d %10.2f %10.2f %8.2f %8.2f %12s %8s %8s %8s %14s %12.1f" % (
            size, floor, this["microseconds"], this["microseconds"] / floor, this["one"],
            "%.0f" % taken if taken else "-",
            "%.0f" % (taken / this["microseconds"]) if taken else "-",
            "%.0f" % this["bytes"] if this["bytes"] else "-",
            "%.0f" % this["unread"] if this["unread"] else "-",
            "%.0f" % old["bytes"] if old.get("bytes") else "-", this["start"] * 1e3))
        rows.append({"campaigns": size, "floor_us": floor, "sdk_us": this["microseconds"],
                     "one_us": this["one"], "sdk_bytes": this["bytes"],
                     "unread_bytes": this["unread"], "old_us": taken,
                     "old_bytes": old.get("bytes")})
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"python": sys.version.split()[0], "date": time.strftime("%Y-%m-%d"),
                       "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
