"""What a call over the network costs: the SDK beside urllib3, bare requests and the published
flagship==2.1.5, on one loopback server in a process of its own.

The contenders take turns of a few calls in one run. A time is the best turn's; a ratio is the
median of those to the last contender's turn of the same round, as what the machine does besides,
and how fast it runs, hits both alike. "CPU" is what this process and not the server takes.

Usage: python benchmarks/http.py [--calls 20] [--rounds 200] [--python-2-1-5 PYTHON]

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
import time  # noqa: E402
import timeit  # noqa: E402

CAMPAIGNS = os.path.join(ROOT, "examples", "campaigns.json")
BODY = {"cid": "env", "caid": "co39jhaq30vme0r3tkgs", "vaid": "cser02m3dv20gskhhegb", "vid": "ann"}
SYNCHRONISATION = b'{"visitorId": "ann", "trigger_hit": false, "context": {"country": "FR"}}'
CONTEXT = b'{"type": "CONTEXT", "visitorId": "ann", "data": {"country": "FR"}}'


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

    def opened_by(self, call, times):
        """How many connections so many calls open."""
        from requests import Session
        with Session() as session:
            session.delete(self.received)
            before = session.get(self.received).json()["connections"]
            for _ in range(times):
                call()
            return session.get(self.received).json()["connections"] - before

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


def cpu_time():
    """Seconds of CPU that this process has taken."""
    if hasattr(time, "process_time"):
        return time.process_time()
    return time.clock()  # Python 2


def compare(title, calls, server, options):
    """Let the contenders, ``[(name, call)]``, take turns, and print what a call of each costs."""
    opened, took, cpu = {}, {name: [] for name, _ in calls}, {name: [] for name, _ in calls}
    for name, call in calls:
        opened[name] = server.opened_by(call, options.calls)
    for _ in range(options.rounds):
        for name, call in calls:
            began, before = timeit.default_timer(), cpu_time()
            for _ in range(options.calls):
                call()
            took[name].append((timeit.default_timer() - began) / options.calls * 1e6)
            cpu[name].append((cpu_time() - before) / options.calls * 1e6)
    base = calls[-1][0]
    print("%s, %d turns of %d calls" % (title, options.rounds, options.calls))
    for name, _ in calls:
        print("  %-38s %6.0f us  %4.2f x   CPU %6.0f us  %4.2f x   %d connections" % (
            name, min(took[name]), ratio(took[name], took[base]),
            min(cpu[name]), ratio(cpu[name], cpu[base]), opened[name]))


def ratio(turns, others):
    """The median of what each turn takes as a multiple of another's in its round."""
    ratios = sorted(turn / other for turn, other in zip(turns, others) if other)
    return ratios[len(ratios) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--python-2-1-5", dest="old", metavar="PYTHON")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return measure_2_1_5(options.child, options.calls)
    sys.path.insert(0, ROOT)
    os.environ["no_proxy"] = "127.0.0.1"
    server = Server()
    measure_calls(server, options)
    if options.old:
        calls = max(options.calls, 400)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        old = json.loads(subprocess.check_output(
            [options.old, os.path.abspath(__file__), "--calls", str(calls), "--child",
             server.urls["decision_api_url"]], env=environment).decode("ascii").splitlines()[-1])
        print("flagship 2.1.5, an activation %.0f us, a synchronisation %.0f us" % (
            old["activation"], old["synchronisation"]))
    measure_deferred(server, options)
    server.close()


def measure_calls(server, options):
    """An activation and a synchronisation in API mode."""
    import requests
    import urllib3
    from flagship import Config, Flagship
    flagship = Flagship.instance()
    flagship.start("env", "key", Config(**server.urls))
    visitor = flagship.create_visitor(u"ann", context={u"country": u"FR"})
    assert visitor.synchronize_modifications()[0]
    plain, trusting, pool = requests.Session(), requests.Session(), urllib3.PoolManager()
    plain.trust_env = False
    base = server.urls["decision_api_url"]
    url, content = base + "/activate", json.dumps(BODY).encode("ascii")

    def post(url, content, **headers):
        headers["Content-Type"] = "application/json"
        return pool.request("POST", url, body=content, headers=headers, timeout=2.0)

    def synchronise():
        json.loads(post(base + "/env/campaigns/?exposeAllKeys=true&sendContextEvent=false",
                        SYNCHRONISATION, **{"x-api-key": "key"}).data.decode("utf-8"))
        post(base + "/env/events", CONTEXT)
    compare("an activation", [
        ("SDK, activate_modification", lambda: visitor.activate_modification(u"cta_label")),
        ("requests.Session(trust_env=False).post", lambda: plain.post(url, json=BODY, timeout=2)),
        ("requests.Session().post", lambda: trusting.post(url, json=BODY, timeout=2)),
        ("requests.post", lambda: requests.post(url, json=BODY, timeout=2)),
        ("urllib3.PoolManager().request", lambda: post(url, content))], server, options)
    compare("a synchronisation, two requests", [
        ("SDK, synchronize_modifications", visitor.synchronize_modifications),
        ("urllib3.PoolManager().request, twice", synchronise)], server, options)
    flagship.close()


def measure_deferred(server, options):
    """What a hit costs its caller in deferred mode."""
    from flagship import Config, Flagship
    from flagship.hits import Event, EventCategory
    flagship = Flagship.instance()
    flagship.start("env", "key",
                   Config(tracking="deferred", tracking_queue_size=1000000, **server.urls))
    visitor = flagship.create_visitor(u"ann")
    hit = Event(EventCategory.ACTION_TRACKING, u"buy").with_event_value(3)
    costs = []
    for _ in range(max(options.rounds // 10, 1)):
        costs.append(best(lambda: visitor.send_hit(hit), 500))
        flagship.flush(30)
    print("deferred, a hit in the caller               %6.1f us" % min(costs))
    flagship.close()


if __name__ == "__main__":
    main()
