"""Asks the platform what the SDK would, so that nothing is recorded there."""
from flagship._compat import elapsed
from flagship._credentials import read_credentials
from flagship._events import EventLog
from flagship.config import Config
from flagship.decision.api import campaigns_endpoint, read_campaigns
from flagship.decision.compiled import Campaigns
from flagship.decision.content import Unreadable, decode
from flagship.decision.document import RefusedFile
from flagship.handler import FlagshipEventHandler
from flagship.transport.client import Endpoint, HttpClient, RequestFailed

_VISITOR = u"flagship-doctor"
# What a collector that is there may say to a request that is no hit.
_REACHED = (400, 401, 403, 404, 405, 411, 415, 422, 501)


class _Silent(FlagshipEventHandler):
    """For calls that return what happened."""

    def on_log(self, level, message):
        pass


class Reply(object):
    """What came of one question.

    :ivar str url: what was asked.
    :ivar problem: what is wrong, one line, or None.
    :ivar status: the answer's HTTP status; None where there was no answer.
    :ivar headers: of a good answer, a case-insensitive mapping; None without one.
    :ivar float seconds: how long it took.
    :ivar bool panic: whether the answer tells of the platform's panic.
    :ivar campaigns: of the bucketing file, the compiled Campaigns; None without one.
    """

    def __init__(self, url):
        self.url, self.problem, self.status, self.headers = url, None, None, None
        self.seconds, self.panic, self.campaigns = 0.0, False, None


def inquire(env_id, api_key, options, timeout):
    """The Inquiry of one environment.

    :param env_id: the environment's id.
    :param api_key: its API key.
    :param dict options: what Config takes.
    :param float timeout: seconds, the bound on each question.
    :raises FlagshipError: where the credentials or options cannot be used.
    """
    config = Config(**dict(
        options, timeout=timeout, event_handler=_Silent(), circuit_breaker=False,
        # A self-hosted server would report the context of whoever asks it.
        context_events=False))
    config._start(*read_credentials(env_id, api_key, config))
    return Inquiry(config)


class Inquiry(object):
    """Questions to the platform of one environment, each within the timeout; none raises.

    :param Config config: with credentials.
    """

    def __init__(self, config):
        self._config, self.http = config, HttpClient(config, EventLog(config.event_handler))

    def close(self):
        self.http.close()

    @property
    def urls(self):
        """``{question: URL}`` of all questions."""
        config = self._config
        return {"campaigns": campaigns_endpoint(config).url.partition("?")[0],
                "bucketing": "%s/%s/bucketing.json" % (config.cdn_url, config.env_id),
                "hits": config.tracking_url + "/"}

    def campaigns(self):
        """Ask for a decision, for a visitor whom nobody has seen: only activations count one."""
        def read(answer, reply):
            reply.panic = read_campaigns(answer, self._config.max_response_size)[0]
        payload = {"visitorId": _VISITOR, "trigger_hit": False, "context": {}}
        return self._ask("campaigns", campaigns_endpoint(self._config), read, payload)

    def bucketing(self):
        """Ask for the bucketing file."""
        def read(answer, reply):
            campaigns = Campaigns(decode(answer.body, self._config.max_response_size))
            reply.campaigns, reply.panic = campaigns, campaigns.panic
        endpoint = Endpoint("bucketing", "GET", self.urls["bucketing"], repeatable=True)
        return self._ask("bucketing", endpoint, read)

    def hits(self):
        """Ask the collector what it takes, which is no hit. What it refuses so is reached."""
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
