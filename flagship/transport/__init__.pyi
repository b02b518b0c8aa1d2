from flagship.transport.answer import RequestFailed as RequestFailed
from flagship.transport.client import HttpClient as HttpClient
from flagship.transport.endpoint import Endpoint as Endpoint

__all__ = ["Endpoint", "HttpClient", "RequestFailed"]
