from flagship.transport.answer import RequestFailed as RequestFailed
from flagship.transport.client import Endpoint as Endpoint, HttpClient as HttpClient
