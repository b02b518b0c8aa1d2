"""HTTP transport: the only package that talks to the network."""
from flagship.transport.answer import RequestFailed
from flagship.transport.client import HttpClient
from flagship.transport.endpoint import Endpoint

__all__ = ["Endpoint", "HttpClient", "RequestFailed"]
