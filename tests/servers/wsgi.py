"""The page as WSGI."""
from tests.servers.application import page, start

start()


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [page()]
