"""The emulator as its users see it: the platform, its faults and what it received, behind a
server."""
import threading

from flagship import _validation as check
from flagship._emulated import base_urls
from flagship.emulator.bodies import Refusal
from flagship.emulator.faults import Fault, Faults
from flagship.emulator.front import Front, is_own
from flagship.emulator.platform import ENDPOINTS, Platform, encoded
from flagship.emulator.server import Server


class Emulator(object):
    """The platform on loopback, serving until :meth:`stop`. A context manager starts and stops it.

    It accepts and answers what the platform and the vendor's self-hosted Decision API do, whichever
    SDK asks.

    :param bucketing: the campaigns, a decoded bucketing file (dict) or a path of one; None
        (default): no campaigns. A campaign's ``bucketRanges`` count in API mode; one without goes
        to everybody, while the vendor's server gives it to nobody.
    :param str env_id: the one environment it knows; default ``"env"``.
    :param str api_key: the environment's API key; default ``"key"``.
    :param int port: 0 (default) takes a free one.
    :param bool any_credentials: True: it takes every environment's id and key for its own, of
        programs that bring theirs; default False.
    :param int keep: how many requests, and of each kind of what was accepted, are kept at least;
        the oldest are forgotten. None (default): all, until :meth:`clear`.
    :raises FlagshipParsingError: when ``bucketing`` is no bucketing file.
    :raises OSError: from :meth:`start`, when the port is taken.

    Over HTTP, from this machine and from no web page of another origin: ``GET /``, a page that
    shows what arrives; ``GET`` or ``DELETE /_emulator/received``; ``POST`` or ``DELETE
    /_emulator/faults`` with the arguments of :meth:`misbehave` as an object; ``GET``, or ``POST``
    with true or false, ``/_emulator/panic``; ``POST /_emulator/bucketing`` with a file's content.
    """

    host = "127.0.0.1"

    def __init__(self, bucketing=None, env_id="env", api_key="key", port=0, any_credentials=False,
                 keep=None):
        self._platform = Platform(
            check.text("Emulator", "env_id", env_id, empty=False),
            check.text("Emulator", "api_key", api_key, empty=False), bucketing,
            check.boolean("Emulator", "any_credentials", any_credentials))
        self._port = check.integer("Emulator", "port", port, 0, 65535)
        self._keep = keep if keep is None else check.integer("Emulator", "keep", keep, 1)
        self._faults, self._requests, self._front = Faults(), [], Front(self)
        self._arrived = 0  # requests, those that were forgotten too
        self._working = threading.Lock()
        self._server = self._thread = None

    def start(self):
        """Begin to serve, in threads of its own.

        :return: the emulator.
        """
        self._server = Server((self.host, self._port), self._answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,),
                                        name="flagship-emulator")
        self._thread.daemon = True
        self._thread.start()
        return self

    def stop(self):
        """End every connection and thread; idempotent."""
        server, self._server = self._server, None
        if server is not None:
            server.end()
            self._thread.join()

    def __enter__(self):
        return self if self._server else self.start()

    def __exit__(self, *exc_info):
        self.stop()

    @property
    def env_id(self):
        return self._platform.env_id

    @property
    def api_key(self):
        return self._platform.api_key

    @property
    def port(self):
        """The port, an int; kept after :meth:`stop`."""
        if self._server is not None:
            self._port = self._server.server_address[1]
        return self._port

    @property
    def url(self):
        """The base of all addresses, such as ``http://127.0.0.1:40001``."""
        return u"http://%s:%d" % (self.host, self.port)

    @property
    def urls(self):
        """The base URLs as keyword arguments for :class:`Config`."""
        return base_urls(self.url)

    @property
    def requests(self):
        """Every request so far, refused ones too: a list of Request."""
        return list(self._requests)

    def requests_after(self, number):
        """The requests that came after the one with this number, or after all with 0, and are
        kept: a list of ``(number, Request)``. They are numbered from 1 on in the order in which
        they came; :meth:`clear` does not begin anew."""
        with self._working:
            first = self._arrived - len(self._requests) + 1
            return list(enumerate(self._requests[max(0, number + 1 - first):],
                                  max(first, number + 1)))

    @property
    def decisions(self):
        """Bodies of the requests for campaigns or flags that were answered, a list of dicts."""
        return list(self._platform.decisions)

    @property
    def context_events(self):
        """Bodies of the context events that were accepted, a list of dicts. Contexts that came as
        hits, or that a self-hosted server would report, are in :attr:`segments`."""
        return list(self._platform.context_events)

    @property
    def activations(self):
        """The activations that were accepted, a list of dicts; those of a batch with its
        ``cid``."""
        return list(self._platform.activations)

    @property
    def hits(self):
        """The hits that were accepted, a list of dicts; those of a batch with its ``cid`` and
        ``ds``. Without :attr:`segments`."""
        return list(self._platform.hits)

    @property
    def segments(self):
        """The contexts that came as hits of type SEGMENT and were accepted, a list of dicts, one a
        context: ``s`` is the context. Those of a batch with its ``cid`` and ``ds``. Also those that
        a self-hosted server reports itself, when it is asked for campaigns without
        ``sendContextEvent=false``."""
        return list(self._platform.segments)

    @property
    def connections(self):
        """How many connections were accepted since :meth:`start`."""
        return self._server.accepted

    @property
    def accepted(self):
        """How many ``decisions``, ``context_events``, ``activations``, ``hits`` and ``segments``
        were accepted since the emulator was made, a dict; :meth:`clear` does not change it."""
        return self._platform.accepted

    @property
    def received(self):
        """All of the above, as one JSON-serialisable dict."""
        return {"accepted": self.accepted, "connections": self.connections,
                "requests": [request.as_dict() for request in self.requests],
                "decisions": self.decisions, "context_events": self.context_events,
                "activations": self.activations, "hits": self.hits, "segments": self.segments}

    def clear(self):
        """Forget what was received."""
        with self._working:
            del self._requests[:]
            self._platform.forget()

    @property
    def panic(self):
        """Whether the platform is in panic; may be set."""
        return self._platform.panic

    @panic.setter
    def panic(self, panic):
        self._platform.panic = check.boolean("Emulator", "panic", panic)

    def set_bucketing(self, bucketing):
        """Change the campaigns; ``bucketing`` as for the constructor. Each change has a later
        Last-Modified."""
        with self._working:
            self._platform.set_bucketing(bucketing)

    def misbehave(self, endpoint, **fault):
        """Make an endpoint misbehave from now on, instead of any way it did before.

        :param str endpoint: ``campaigns``, ``events``, ``activate``, ``hit``, ``bucketing``,
            ``flags`` or ``accountSettings``; the SDK asks for the first five.
        :param float delay: seconds before anything is sent; default 0, at most a day.
        :param bool hang: never answer; default False.
        :param int status: answer this HTTP status; default None, as ever.
        :param dict headers: further headers of the answer, at most 100; default none.
        :param body: answer this text or bytes, at most 64 MiB; default None, as ever.
        :param int size: answer this many bytes, at most 64 MiB; default None, as ever.
        :param str reset: reset the connection ``"before"`` the answer or ``"inside"`` it; default
            None.
        :param bool truncate: close the connection in the middle of the answer's body; default
            False.
        :param float drip: seconds between two bytes of the answer, its head included; default 0, at
            most a day.
        :param float share: the share of requests, chosen at random; default 1, all.
        :param int times: for so many requests; default None, until :meth:`behave`.
        :raises TypingError: on a value of the wrong type.
        :raises ParamError: on an endpoint that does not exist or a value out of range.
        """
        if endpoint not in ENDPOINTS:
            raise check.param_error("misbehave", "endpoint",
                                    "must be one of %s" % ", ".join(ENDPOINTS))
        self._faults.set(endpoint, Fault(**fault))

    def behave(self, endpoint=None):
        """End the misbehaviour of an endpoint, by default of all."""
        self._faults.clear(endpoint)

    def _answer(self, request):
        """``(status, headers, body, fault)`` for a request; the fault is None where there is
        none."""
        if is_own(request):
            return self._taken(lambda own: self._front.answer(own, self.port), request) + (None,)
        fault = self._faults.take(request.endpoint)
        with self._working:
            self._take(request)
            if fault is not None and fault.replaces:
                request.message = "the emulator misbehaves, as it was told"
                status, headers, body = fault.status or 200, {}, fault.body
                if body is None:
                    body = b" " * fault.size if fault.size else b'{"message": "misbehaving"}'
            else:
                status, headers, body = self._taken(self._platform.answer, request)
            request.status = status
        return status, dict(headers, **fault.headers) if fault else headers, body, fault

    def _take(self, request):
        self._requests.append(request)
        self._arrived += 1
        # Not one by one, as each time the whole list moves up.
        if self._keep is not None and len(self._requests) >= 2 * self._keep:
            del self._requests[:-self._keep]
            self._platform.forget(self._keep)

    @staticmethod
    def _taken(answer, request):
        try:
            return answer(request)
        except Refusal as refusal:
            status, request.message = refusal.status, refusal.message
        except Exception as error:  # a server answers, whatever it is asked
            status, request.message = 500, repr(error)
        return status, {}, encoded({"message": request.message})
