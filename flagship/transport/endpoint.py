"""An address of the platform."""


class Endpoint(object):
    """One address of the platform: whatever is the same in every request to it.

    :param str name: its name in log lines.
    :param str method: ``GET`` or ``POST``.
    :param str url: the URL; any user input in it must be percent-encoded.
    :param headers: a dict, or pairs.
    :param bool repeatable: whether requests are idempotent, so that one that the platform may have
        received already may be retried.
    :param bool breaks: whether it has a circuit breaker; if not, the caller handles outages.
    :param float timeout: timeout of a whole request in seconds; None (default):
        ``config.timeout``.
    """

    __slots__ = ("name", "method", "url", "headers", "repeatable", "breaks", "timeout")

    def __init__(self, name, method, url, headers=(), repeatable=False, breaks=True, timeout=None):
        self.name, self.method, self.url = name, method, url
        self.repeatable, self.breaks, self.timeout = repeatable, breaks, timeout
        self.headers = {"Accept-Encoding": "gzip, deflate"}
        if method == "POST":
            self.headers["Content-Type"] = "application/json"
        self.headers.update(headers)

    @property
    def host(self):
        """Host and port, without user info."""
        return self.url.split("//", 1)[-1].split("/", 1)[0].rpartition("@")[2]

    @property
    def timeout_option(self):
        """The name of the Config option that is the timeout of its requests."""
        if self.timeout is None:
            return "timeout"
        return {"campaigns": "timeout", "bucketing": "bucketing_timeout"}.get(
            self.name, "tracking_timeout")
