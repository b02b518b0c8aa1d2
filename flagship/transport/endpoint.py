"""An address of the platform."""


class Endpoint(object):
    """One address of the platform: what is the same in every request to it.

    :param str name: what log lines call it.
    :param str method: ``GET`` or ``POST``.
    :param str url: without user input that is not encoded.
    :param headers: a dict, or pairs.
    :param bool repeatable: whether a request may be sent again that the platform may have received
        already.
    :param bool breaks: whether a circuit breaker guards it; else its caller sees to that.
    :param float timeout: seconds that bound each request as a whole; None (default):
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
        """The option of Config that bounds its requests."""
        if self.timeout is None:
            return "timeout"
        return {"campaigns": "timeout", "bucketing": "bucketing_timeout"}.get(
            self.name, "tracking_timeout")
