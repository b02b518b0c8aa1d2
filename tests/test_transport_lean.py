# -*- coding: utf-8 -*-
"""What a request of the SDK's own session leaves out, nobody misses; who looks sees all of it."""
from __future__ import unicode_literals

import socket
import threading

import pytest
import requests
from requests.adapters import HTTPAdapter

from flagship import Flagship
from flagship.helpers.hits import Page

PAGE = Page("https://shop.example/")


@pytest.mark.parametrize("owner", [requests.Session, HTTPAdapter], ids=lambda each: each.__name__)
def test_an_instrumentation_sees_whole_requests(visitor, monkeypatch, owner):
    """What wraps requests gets requests and responses of requests, as long as it is there."""
    visitor, seen, send = visitor(), [], owner.__dict__["send"]

    def observed(self, request, **options):
        response = send(self, request, **options)
        seen.append((request, response))
        return response
    monkeypatch.setattr(owner, "send", observed)
    assert visitor.send_hit(PAGE) == (True, "200")
    (request, response), = seen
    assert isinstance(request, requests.PreparedRequest) and isinstance(response, requests.Response)
    assert request.headers["CONTENT-TYPE"] == "application/json"
    assert request.path_url == "/collect/" and request.copy().body == request.body
    assert response.headers["content-LENGTH"] == "0" and response.cookies.get_dict() == {}
    monkeypatch.undo()
    assert visitor.send_hit(PAGE) == (True, "200") and len(seen) == 1


class Pieces(object):
    """A platform that answers 200 to all, and keeps what each look at the socket gave."""

    def __init__(self):
        self.received = []
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(1)
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        connection = self._listener.accept()[0]
        for piece in iter(lambda: connection.recv(65536), b""):
            self.received.append(piece)
            if piece.endswith(b"}"):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        connection.close()

    def close(self):
        self._thread.join()
        self._listener.close()


def test_a_request_leaves_in_one_piece(start):
    """Head and body: the platform wakes up once, and a network carries one packet."""
    platform = Pieces()
    visitor = start(tracking_url=platform.url).create_visitor("ann")
    assert [visitor.send_hit(PAGE) for _ in range(20)] == [(True, "200")] * 20
    Flagship.instance().close()
    platform.close()
    assert len(platform.received) == 20
    assert all(piece.startswith(b"POST / HTTP/1.1\r\n") for piece in platform.received)
