"""What a call over the network costs: the SDK beside bare requests, urllib3 and the published
flagship==2.1.5, on one loopback server in a process of its own, taken in turns in one run; and how
many TCP connections each opened.

Usage: python benchmarks/http.py [--calls 400] [--rounds 7] [--python-2-1-5 PYTHON]

PYTHON is an interpreter that has flagship==2.1.5 installed (it needs one below 3.11); without it
that row is missing.
"""
from __future__ import print_function

import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
# Python looks beside a script first, and would take this one for the standard library's http.
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != HERE]

import json  # noqa: E402
import subprocess  # noqa: E402
import timeit  # noqa: E402

CAMPAIGNS = os.path.join(ROOT, "examples", "campaigns.json")
BODY = {"cid": "env", "caid": "co39jhaq30vme0r3tkgs", "vaid": "cser02m3dv20gskhhegb", "vid": "ann"}


def best(call, calls, rounds=1):
    """Microseconds a call, the best of some rounds."""
    return min(timeit.repeat(call, number=calls, repeat=rounds)) / calls * 1e6


class Server(object):
    """The emulator in a process of its own."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "flagship.emulator", "--bucketing", CAMPAIGNS],
            stdout=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=ROOT))
        lines = [self._process.stdout.readline().decode("ascii").strip() for _ in range(4)]
        self.urls = dict(line.split("=", 1) for line in lines)
        self.received = self.urls.pop("received")

    def connections(self, session):
        """How many it has accepted, and forget the requests of before."""
        count = session.get(self.received).json()["connections"]
        session.delete(self.received)
        return count

    def close(self):
        self._process.terminate()
        self._process.wait()


def measure_2_1_5(url, calls):
    """To be run by an interpreter that has flagship==2.1.5; the addresses that it has built in
    become the server's."""
    import requests
    post = requests.post
    requests.post = lambda address, **options: post(
        address.replace("https://decision.flagship.io/v2", url), **options)
    from flagship.app import Flagship
    from flagship.config import Config
    from flagship.handler import FlagshipEventHandler

    class Quiet(FlagshipEventHandler):
        def on_log(self, level, message):
            pass
    out, sys.stdout = sys.stdout, open(os.devnull, "w")
    Flagship.instance().start("env", "key", Config(mode=Config.Mode.API, event_handler=Quiet()))
    visitor = Flagship.instance().create_visitor("ann", context={"country": "FR"})
    visitor.synchronize_modifications()
    sys.stdout = out
    assert visitor.activate_modification("cta_label")[0]
    print(json.dumps({"activation": best(lambda: visitor.activate_modification("cta_label"), calls),
                      "synchronisation": best(visitor.synchronize_modifications,
                                              max(calls // 4, 1))}))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--python-2-1-5", dest="old", metavar="PYTHON")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return measure_2_1_5(options.child, options.calls)
    sys.path.insert(0, ROOT)
    import requests
    import urllib3
    from flagship import Config, Flagship
    os.environ["no_proxy"] = "127.0.0.1"
    server = Server()
    url = server.urls["decision_api_url"] + "/activate"
    flagship = Flagship.instance()
    flagship.start("env", "key", Config(**server.urls))
    visitor = flagship.create_visitor(u"ann", context={u"country": u"FR"})
    assert visitor.synchronize_modifications()[0]
    plain, trusting, pool = requests.Session(), requests.Session(), urllib3.PoolManager()
    plain.trust_env = False
    content = json.dumps(BODY).encode("ascii")
    counting = requests.Session()
    calls = [
        ("SDK, activate_modification", lambda: visitor.activate_modification(u"cta_label")),
        ("requests.Session(trust_env=False).post", lambda: plain.post(url, json=BODY, timeout=2)),
        ("requests.Session().post", lambda: trusting.post(url, json=BODY, timeout=2)),
        ("requests.post", lambda: requests.post(url, json=BODY, timeout=2)),
        ("urllib3.PoolManager().request", lambda: pool.request(
            "POST", url, body=content, headers={"Content-Type": "application/json"}, timeout=2.0)),
    ]
    taken, opened = {name: [] for name, _ in calls}, {name: 0 for name, _ in calls}
    for _ in range(options.rounds):
        for name, call in calls:
            before = server.connections(counting)
            taken[name].append(best(call, options.calls))
            opened[name] += server.connections(counting) - before
    base = min(taken[calls[1][0]])
    print("an activation, %d calls in %d turns" % (options.calls * options.rounds, options.rounds))
    for name, _ in calls:
        print("  %-40s %8.0f us  %5.2f x requests.Session  %6d connections" % (
            name, min(taken[name]), min(taken[name]) / base, opened[name]))
    if options.old:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        before = server.connections(counting)
        old = json.loads(subprocess.check_output(
            [options.old, os.path.abspath(__file__), "--calls", str(options.calls), "--child",
             server.urls["decision_api_url"]], env=environment).decode("ascii").splitlines()[-1])
        print("  %-40s %8.0f us  %5.2f x requests.Session  %6d connections for its %d calls" % (
            "flagship 2.1.5, activate_modification", old["activation"], old["activation"] / base,
            server.connections(counting) - before, options.calls))
    synchronisation = best(visitor.synchronize_modifications, options.calls // 4, options.rounds)
    print("a synchronisation (two requests)           %8.0f us%s" % (
        synchronisation, ", 2.1.5 %.0f us" % old["synchronisation"] if options.old else ""))
    flagship.close()
    flagship.start("env", "key",
                   Config(tracking="deferred", tracking_queue_size=1000000, **server.urls))
    from flagship.hits import Event, EventCategory
    visitor = flagship.create_visitor(u"ann")
    hit = Event(EventCategory.ACTION_TRACKING, u"buy").with_event_value(3)
    costs = []
    for _ in range(options.rounds):
        costs.append(best(lambda: visitor.send_hit(hit), 500))
        flagship.flush(30)
    print("deferred, a hit in the caller              %8.1f us" % min(costs))
    flagship.close()
    server.close()


if __name__ == "__main__":
    main()
