"""Starts the SDK beside a urllib3 whose private parts differ, and meets a platform whose answers'
bodies drip. Prints what came, as JSON.

Usage: other_urllib3.py CASE
"""
from __future__ import print_function, unicode_literals

import json
import logging
import socket
import sys
import threading
import time
import warnings

import urllib3.connection
import urllib3.connectionpool
import urllib3.poolmanager

CONNECTION = urllib3.connection.HTTPConnection
SECONDS = 0.5


def no_way_to_connect():
    """``_new_conn`` has another name."""
    CONNECTION._open_socket = CONNECTION._new_conn
    del CONNECTION._new_conn

    def connect(self):
        self.sock = self._open_socket()
    CONNECTION.connect = connect


def another_way_to_connect():
    """``_new_conn`` takes an argument."""
    real = CONNECTION._new_conn
    CONNECTION._new_conn = lambda self, timeout: real(self)

    def connect(self):
        self.sock = self._new_conn(self.timeout)
    CONNECTION.connect = connect


def other_options():
    """Options of a socket are of another shape, as urllib3-future's."""
    real, begin = CONNECTION._new_conn, CONNECTION.__init__

    def init(self, *args, **kwargs):
        begin(self, *args, **kwargs)
        self.socket_options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1, "tcp")]

    def new_conn(self):
        options, self.socket_options = self.socket_options, []
        try:
            return real(self)
        finally:
            self.socket_options = options
    new_conn.__module__ = "urllib3.connection"
    CONNECTION._new_conn, CONNECTION.__init__ = new_conn, init


def another_reader():
    """Answers are not read by ``response_class``."""
    real = CONNECTION.getresponse

    def getresponse(self, *args, **kwargs):
        own, self.response_class = self.response_class, CONNECTION.response_class
        try:
            return real(self, *args, **kwargs)
        finally:
            self.response_class = own
    CONNECTION.getresponse = getresponse


def no_pool_classes():
    """A PoolManager keeps its pool classes elsewhere."""
    real = urllib3.poolmanager.PoolManager.__init__

    def init(self, *args, **kwargs):
        real(self, *args, **kwargs)
        del self.pool_classes_by_scheme

    def new_pool(self, scheme, host, port, request_context=None):
        return urllib3.connectionpool.HTTPConnectionPool(host, port)
    urllib3.poolmanager.PoolManager.__init__ = init
    urllib3.poolmanager.PoolManager._new_pool = new_pool


def another_connection_class():
    """A pool asks for its connections otherwise than by ``ConnectionCls``."""
    def new_conn(self):
        return CONNECTION(host=self.host, port=self.port, timeout=self.timeout.connect_timeout)
    urllib3.connectionpool.HTTPConnectionPool._new_conn = new_conn


def as_it_is():
    """The installed urllib3."""


class Platform(object):
    """Answers decisions, and hits with a body that drips until nobody listens."""

    def __init__(self):
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(5)
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        thread = threading.Thread(target=self._accept)
        thread.daemon = True
        thread.start()

    def _accept(self):
        while True:
            thread = threading.Thread(target=self._serve, args=(self._listener.accept()[0],))
            thread.daemon = True
            thread.start()

    def _serve(self, connection):
        try:
            file = connection.makefile("rb")
            while True:
                lines = list(iter(file.readline, b"\r\n"))
                length = [int(line.split(b":")[1]) for line in lines
                          if line.lower().startswith(b"content-length")]
                file.read(length[0])
                if b"/env/" in lines[0]:  # a decision, a context event
                    body = b'{"campaigns": []}'
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
                                       + body)
                    continue
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(1000):
                    connection.sendall(b"x")
                    time.sleep(0.05)
                return
        except (IndexError, socket.error):
            pass  # the client has gone


def main(case):
    warnings.simplefilter("ignore")
    globals()[case]()
    from flagship import Config, Flagship
    from flagship.handler import FlagshipEventHandler
    from flagship.helpers.hits import Page
    lines = []

    class Handler(FlagshipEventHandler):
        def on_log(self, level, message):
            if level >= logging.WARNING:
                lines.append(message)
    platform = Platform()
    with Flagship.instance() as flagship:
        flagship.start("env", "key", Config(
            timeout=5, tracking_timeout=SECONDS, event_handler=Handler(),
            circuit_breaker=False, decision_api_url=platform.url, tracking_url=platform.url))
        visitor = flagship.create_visitor("ann")
        decided, began = visitor.synchronize_modifications(), time.time()
        sent = [visitor.send_hit(Page("https://shop.example/")) for _ in range(2)]
        took = time.time() - began
    print(json.dumps({"decided": decided, "sent": sent, "took": took, "lines": lines}))


if __name__ == "__main__":
    main(sys.argv[1])
