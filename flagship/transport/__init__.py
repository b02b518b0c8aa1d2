"""The one road to the network."""
from flagship.transport.client import Endpoint, HttpClient, RequestFailed

__all__ = ["Endpoint", "HttpClient", "RequestFailed"]
