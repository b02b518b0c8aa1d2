"""A server on loopback that answers as the platform would and keeps what it is asked."""
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer


def _campaign(name, flags):
    return {"id": "c-" + name, "variationGroupId": "g-" + name, "variation": {
        "id": "v-" + name, "reference": False, "modifications": {"type": "JSON", "value": flags}}}


CAMPAIGNS = {
    "ok": {"visitorId": "v", "campaigns": [
        _campaign("color", {"btn-color": "red", "nothing": None}), _campaign("rank", {"rank": 3})]},
    "other": {"visitorId": "v", "campaigns": [_campaign("vip", {"vip": True, "rank": 4})]},
    "panic": {"visitorId": "v", "campaigns": [], "panic": True},
}


def _local(name, targetings, *variations):
    """A variation group; each targeting is ``(key, operator, value)``, each variation
    ``(allocation, flags)``."""
    conditions = [dict(zip(("key", "operator", "value"), each)) for each in targetings]
    return {
        "id": "g-" + name, "targeting": {"targetingGroups": [{"targetings": conditions}]},
        "variations": [
            {"id": "%s-%d" % (name, place), "allocation": allocation,
             "modifications": {"type": "JSON", "value": flags}}
            for place, (allocation, flags) in enumerate(variations)]}


#: Targetings that 2.1.5 reads in another way, each with a flag of the same name.
TARGETINGS = {
    "equals-kind": [("isVIP", "EQUALS", 1)],
    "not-equals-kind": [("isVIP", "NOT_EQUALS", 1)],
    "contains-bool": [("isVIP", "CONTAINS", "true")],
    "contains-float": [("age", "CONTAINS", "1.0")],
    "exists": [("country", "EXISTS", True)],
    "not-exists": [("country", "NOT_EXISTS", True)],
    "preset": [("sdk_city", "NOT_EQUALS", "Paris")],
    "no-targetings": [],
    "users": [("fs_users", "EQUALS", "ann")],
}
BUCKETING = {"campaigns": [
    {"id": "c-color", "type": "ab", "variationGroups": [_local(
        "color", [("fs_all_users", "EQUALS", "")], (50, {"btn-color": "red"}),
        (50, {"btn-color": "green", "nothing": None}))]},
    {"id": "c-rank", "type": "ab", "variationGroups": [
        _local("rank-fr", [("country", "EQUALS", "fr")], (30, {"rank": 1})),
        _local("rank-old", [("age", "GREATER_THAN", 18)], (100, {"rank": 2}))]},
    {"id": "c-vip", "type": "toggle", "variationGroups": [
        _local("vip", [("isVIP", "EQUALS", True)], (100, {"vip": True})),
        _local("plan", [("plan", "CONTAINS", ["gold", "1"])], (100, {"vip": "plan"}))]},
] + [{"id": "c-" + name, "type": "ab", "variationGroups": [_local(
    name, targetings, (100, {name: True}))]} for name, targetings in sorted(TARGETINGS.items())]}
FLAGS = ["btn-color", "nothing", "rank", "vip"] + sorted(TARGETINGS)


def _handler(server):
    """The handler class of a recording server, an http.server one."""
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self):
            if self.path.startswith("/_world/"):
                server.world = self.path[len("/_world/"):]
                self.answer({})
                return
            if self.path == "/_taken":
                taken, server.requests = server.requests, []
                self.answer(taken)
                return
            self.record(None)
            if self.fail():
                return
            self.answer({"campaigns": [], "panic": True} if server.world == "panic" else BUCKETING)

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.record(json.loads(body.decode("utf-8")))
            if self.fail():
                return
            campaigns = CAMPAIGNS.get(server.world, CAMPAIGNS["ok"])
            self.answer(campaigns if "/campaigns" in self.path else {})

        def record(self, body):
            headers = {name.lower(): value for name, value in self.headers.items()
                       if name.lower().startswith("x-")}
            server.requests.append({"method": self.command, "path": self.path, "headers": headers,
                                    "body": body})

        def fail(self):
            if server.world == "drop":
                self.close_connection = True
            elif server.world == "500":
                self.answer({}, 500)
            elif server.world == "garbage":
                self.answer("<html>", encode=lambda text: text)
            return server.world in ("drop", "500", "garbage")

        def answer(self, document, status=200, encode=json.dumps):
            body = encode(document).encode("utf-8")
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Last-Modified", "Fri, 05 Jun 2020 12:20:40 GMT")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Says nothing."""

    return Handler


class Recorder(object):
    """A server that answers as the platform would and keeps what it was asked."""

    def __init__(self):
        self.world, self.requests = "ok", []
        self._server = HTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = "http://127.0.0.1:%d" % self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.daemon = True

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
