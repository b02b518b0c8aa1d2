"""What a deferred delivery costs: how many hits a second one process takes and delivers, how much
of that time is the receiver's, and how many requests the contexts of many visitors make.

A receiver is a process of its own on loopback: a plain one, which reads a request and answers 200,
or the emulator, which checks each hit. The time is from the first hit taken to the last answer, so
that taking and sending share one interpreter, as in a server. CPU is of one process each; where
the sum is over 100 %, both worked at once.

Linux tells the receiver's CPU time.

Usage: python benchmarks/delivery.py [--hits 40000] [--rounds 5] [--visitors 10000]
"""
from __future__ import print_function

import argparse
import json
import os
import socket
import subprocess
import sys
import threading
import timeit

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
# Not beside the script, where a module has the name of one of the standard library's.
sys.path[:] = [ROOT] + [path for path in sys.path if os.path.abspath(path) != HERE]

CAMPAIGNS = os.path.join(ROOT, "examples", "campaigns.json")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


def cpu_time():
    """Seconds of CPU that this process has taken."""
    times = os.times()
    return times[0] + times[1]


class Plain(object):
    """The plain receiver: serves one connection a thread until its process ends."""

    def __init__(self):
        self.requests = self.items = 0
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(16)
        print("http://127.0.0.1:%d" % self._listener.getsockname()[1])
        sys.stdout.flush()

    def serve(self):
        while True:
            thread = threading.Thread(target=self._serve, args=(self._listener.accept()[0],))
            thread.daemon = True
            thread.start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = b""
        while True:
            while b"\r\n\r\n" not in received:
                piece = connection.recv(262144)
                if not piece:
                    return
                received += piece
            head, _, received = received.partition(b"\r\n\r\n")
            if head.startswith(b"GET"):
                answer = json.dumps([self.requests, self.items]).encode("ascii")
                connection.sendall(OK.replace(b"%d", b"%d" % len(answer)) + answer)
                continue
            pieces, length = [received], _length(head)
            left = length - len(received)
            while left > 0:
                pieces.append(connection.recv(left))
                if not pieces[-1]:
                    return
                left -= len(pieces[-1])
            body, received = b"".join(pieces)[:length], b"".join(pieces)[length:]
            self.requests += 1
            self.items += body.count(b'"qt":')
            connection.sendall(OK.replace(b"%d", b"0"))


def _length(head):
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


class Receiver(object):
    """A receiver in a process of its own, as the measuring process sees it."""

    def __init__(self, name):
        emulator = ["-m", "flagship.emulator", "--bucketing", CAMPAIGNS]
        arguments = emulator if name == "emulator" else [os.path.abspath(__file__), "--serve"]
        self._process = subprocess.Popen([sys.executable] + arguments, stdout=subprocess.PIPE,
                                         env=dict(os.environ, PYTHONPATH=ROOT))
        self.name, self._is_emulator, self._before = name, name == "emulator", [0, 0]
        lines = [self._process.stdout.readline().decode("ascii").strip()
                 for _ in range(4 if self._is_emulator else 1)]
        if self._is_emulator:
            self.urls = dict(line.split("=", 1) for line in lines)
            self._received = self.urls.pop("received")
        else:
            self.urls = {"tracking_url": lines[0], "decision_api_url": lines[0],
                         "cdn_url": lines[0]}

    def counts(self, session):
        """How many requests and items it has received since the last time."""
        if self._is_emulator:
            received = session.get(self._received).json()
            session.delete(self._received)
            return [len(received["requests"]), len(received["hits"]) + len(received["segments"])]
        before, self._before = self._before, session.get(self.urls["tracking_url"]).json()
        return [now - then for now, then in zip(self._before, before)]

    def cpu_time(self):
        """Seconds of CPU that it has taken."""
        with open("/proc/%d/stat" % self._process.pid) as file:
            ticks = file.read().rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / float(os.sysconf("SC_CLK_TCK"))

    def close(self):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()


def deliver(receiver, session, hits):
    """Take hits and deliver them once; what it took."""
    from flagship import Config, Flagship
    from flagship.hits import Event, EventCategory
    flagship = Flagship.instance()
    flagship.start("env", "key", Config(tracking="deferred", tracking_queue_size=2 * hits,
                                        **receiver.urls))
    visitors = [flagship.create_visitor(u"visitor-%d" % number) for number in range(100)]
    hit = Event(EventCategory.ACTION_TRACKING, u"buy").with_event_value(3)
    receiver.counts(session)
    theirs, ours, began = receiver.cpu_time(), cpu_time(), timeit.default_timer()
    for number in range(hits):
        visitors[number % 100].send_hit(hit)
    taken = timeit.default_timer() - began
    assert flagship.flush(120)
    took = timeit.default_timer() - began
    ours, theirs = cpu_time() - ours, receiver.cpu_time() - theirs
    (requests, received), sent = receiver.counts(session), flagship.status.tracking.sent
    flagship.close()
    assert sent == received == hits, (sent, received)
    return {"took": took, "taken": taken, "cpu": ours, "receiver": theirs, "requests": requests}


def measure_hits(receiver, session, options):
    """Print the best of some rounds."""
    rounds = [deliver(receiver, session, options.hits) for _ in range(options.rounds)]
    best, hits = min(rounds, key=lambda each: each["took"]), options.hits
    print("%s: %.0f hits/s, %d hits in %d requests, %.2f s" % (
        receiver.name, hits / best["took"], hits, best["requests"], best["took"]))
    print("  a hit, us: %.1f in all; CPU of this process %.1f, of the receiver %.1f" % tuple(
        best[name] / hits * 1e6 for name in ("took", "cpu", "receiver")))
    print("  taken in %.2f s; the receiver was at work for %.0f %% of the time" % (
        best["taken"], 100 * best["receiver"] / best["took"]))


def measure_contexts(receiver, session, visitors):
    """Print how many requests the synchronisations of so many visitors make in bucketing mode."""
    from flagship import Config, Flagship
    flagship = Flagship.instance()
    receiver.counts(session)
    flagship.start("env", "key", Config(
        mode=Config.Mode.BUCKETING, tracking="deferred", tracking_queue_size=2 * visitors,
        polling_interval=0, bucketing_file=None, **receiver.urls))
    began = timeit.default_timer()
    for number in range(visitors):
        visitor = flagship.create_visitor(u"visitor-%d" % number, context={u"number": number})
        assert visitor.synchronize_modifications()[0]
    assert flagship.flush(120)
    took, (requests, received) = timeit.default_timer() - began, receiver.counts(session)
    flagship.close()
    print("%d visitors synchronised in bucketing mode: %d contexts in %d requests, the one for the "
          "file among them, %.2f s" % (visitors, received, requests, took))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hits", type=int, default=40000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--visitors", type=int, default=10000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return Plain().serve()
    os.environ["no_proxy"] = "127.0.0.1"
    import requests
    with requests.Session() as session:
        for name in ("plain", "emulator"):
            receiver = Receiver(name)
            try:
                measure_hits(receiver, session, options)
                if name == "emulator":
                    measure_contexts(receiver, session, options.visitors)
            finally:
                receiver.close()


if __name__ == "__main__":
    main()
