"""Makes the SDK's requests to the platform to check that they work, without recording anything
there."""
from flagship._compat import elapsed
from flagship._credentials import read_credentials
from flagship._events import EventLog
from flagship.config import Config
from flagship.decision.api import campaigns_endpoint, read_campaigns
from flagship.decision.bucketing_file import file_url
from flagship.decision.compiled import Campaigns
from flagship.decision.content import Unreadable, decode
from flagship.decision.document import RefusedFile
from flagship.handler import FlagshipEventHandler
from flagship.transport.client import Endpoint, HttpClient, RequestFailed

#: The id of the visitor in these requests.
VISITOR = u"flagship-doctor"
# The statuses with which a reachable collector may refuse a request that is not a hit.
_REACHED = (400, 401, 403, 404, 405, 411, 415, 422, 501)


class _Silent(FlagshipEventHandler):
    """Discards log lines; the calls here return the outcome."""

    def on_log(self, level, message):
        pass


class Reply(object):
    """The outcome of one request.

    :ivar str url: the URL that was requested.
    :ivar problem: what is wrong, one line, or None.
    :ivar status: the response's HTTP status; None if there was no response.
    :ivar headers: the headers of a successful response, a case-insensitive mapping; None without
        one.
    :ivar float seconds: how long the request took.
    :ivar bool panic: whether the response says that the platform is in panic.
    :ivar campaigns: the compiled Campaigns of the bucketing file; None without one.
    """

    def __init__(self, url):
        self.url, self.problem, self.status, self.headers = url, None, None, None
        self.seconds, self.panic, self.campaigns = 0.0, False, None


def inquire(env_id, api_key, options, timeout):
    """Return the Inquiry for one environment.

    :param env_id: the environment's id.
    :param api_key: the environment's API key.
    :param dict options: options for Config.
    :param float timeout: maximum seconds for each request.
    :raises FlagshipError: if the credentials or options are invalid.
    """
    config = Config(**dict(
        options, timeout=timeout, event_handler=_Silent(), circuit_breaker=False,
        # A self-hosted server would otherwise report the context in the request.
        context_events=False))
    config._start(*read_credentials(env_id, api_key, config))
    return Inquiry(config)


class Inquiry(object):
    """Requests to the platform for one environment, each within the timeout; none raises.

    :param Config config: with credentials.
    """

    def __init__(self, config):
        self._config, self.http = config, HttpClient(config, EventLog(config.event_handler))

    def close(self):
        self.http.close()

    @property
    def urls(self):
        """The URL of each request, by its name: ``{name: URL}``."""
        config = self._config
        return {"campaigns": campaigns_endpoint(config).url.partition("?")[0],
                "bucketing": file_url(config.cdn_url, config.env_id),
                "hits": config.tracking_url + "/"}

    def campaigns(self):
        """Request a decision, for a visitor that is not counted: only activations count visitors.
        """
        def read(answer, reply):
            reply.panic = read_campaigns(answer, self._config.max_response_size)[0]
        payload = {"visitorId": VISITOR, "trigger_hit": False, "context": {}}
        return self._ask("campaigns", campaigns_endpoint(self._config), read, payload)

    def bucketing(self):
        """Request the bucketing file."""
        def read(answer, reply):
            campaigns = Campaigns(decode(answer.body, self._config.max_response_size))
            reply.campaigns, reply.panic = campaigns, campaigns.panic
        endpoint = Endpoint("bucketing", "GET", self.urls["bucketing"], repeatable=True)
        return self._ask("bucketing", endpoint, read)

    def hits(self):
        """Send an OPTIONS request, which is not a hit, to the collector. A refusal also shows that
        the collector can be reached."""
        endpoint = Endpoint("hit", "OPTIONS", self.urls["hits"])
        reply = self._ask("hits", endpoint, lambda answer, reply: None)
        if reply.status in _REACHED:
            reply.problem = None
        return reply

    def _ask(self, question, endpoint, read, payload=None):
        reply, began = Reply(self.urls[question]), elapsed()
        try:
            answer = self.http.send(endpoint, payload)
            reply.status, reply.headers = answer.status, answer.headers
            read(answer, reply)
        except RequestFailed as failure:
            reply.problem, reply.status = failure.cause, failure.status
        except Unreadable as problem:
            reply.problem = u"the answer %s" % problem
        except RefusedFile as problem:
            reply.problem = problem.message
        reply.seconds = elapsed() - began
        return reply
