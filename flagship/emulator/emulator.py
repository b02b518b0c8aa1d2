"""The emulator's public class: the platform, its faults and the received requests, behind a
server."""
import threading

from flagship import _validation as check
from flagship._emulated import base_urls
from flagship.emulator.bodies import Refusal
from flagship.emulator.faults import Fault, Faults
from flagship.emulator.front import Front, is_own
from flagship.emulator.platform import ENDPOINTS, Platform, encoded
from flagship.emulator.server import Server
from flagship.emulator.simulation import Simulation, open_visits


class Emulator(object):
    """The platform on loopback, serving until :meth:`stop`. Also a context manager that starts and
    stops it.

    It accepts the same requests, and answers them in the same way, as the platform and the vendor's
    self-hosted Decision API, whichever SDK sends them.

    :param bucketing: the campaigns, a decoded bucketing file (dict) or its path; None (default): no
        campaigns. In API mode a campaign's ``bucketRanges`` are respected; a campaign without them
        reaches everybody, whereas on the vendor's server it reaches nobody.
    :param str env_id: the only environment it knows; default ``"env"``.
    :param str api_key: the environment's API key; default ``"key"``.
    :param int port: the port; 0 (default): any free port.
    :param bool any_credentials: True: accept any environment id and API key, for programs that have
        their own; default False.
    :param int keep: minimum number of requests to keep, and of accepted items of each kind; the
        oldest are dropped. None (default): keep all until :meth:`clear`.
    :raises FlagshipParsingError: if ``bucketing`` is not a bucketing file.
    :raises OSError: from :meth:`start`, if the port is taken.

    Over HTTP, accessible from this machine, but not to web pages of other origins: ``GET /``, a
    page that shows what arrives; ``GET`` or ``DELETE /_emulator/received``; ``GET
    /_emulator/requests?after=0``, as :meth:`requests_after`; ``POST`` or ``DELETE
    /_emulator/faults`` with the arguments of :meth:`misbehave` as an object; ``GET``, or ``POST``
    with true or false, ``/_emulator/panic``; ``POST /_emulator/bucketing`` with a file's content;
    ``GET /_emulator/results``; ``POST /_emulator/simulation`` with ``{"visitors": 2000}``, or
    ``DELETE``.
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
        self._simulation = Simulation(lambda: open_visits(self, self._platform.document))
        self._arrived = 0  # number of all requests, including those that were dropped
        self._working = threading.Lock()
        self._server = self._thread = None

    def start(self):
        """Start serving, in threads of its own.

        :return: the emulator.
        """
        self._server = Server((self.host, self._port), self._answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,),
                                        name="flagship-emulator")
        self._thread.daemon = True
        self._thread.start()
        return self

    def stop(self):
        """Close every connection and end every thread. Idempotent."""
        self._simulation.cancel(wait=True)
        server, self._server = self._server, None
        if server is not None:
            server.end()
            self._thread.join()
            self._simulation.cancel(wait=True)  # one that a request has begun in the meantime

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
        """The port, an int; still available after :meth:`stop`."""
        if self._server is not None:
            self._port = self._server.server_address[1]
        return self._port

    @property
    def url(self):
        """The base of all its URLs, such as ``http://127.0.0.1:40001``."""
        return u"http://%s:%d" % (self.host, self.port)

    @property
    def urls(self):
        """The base URLs as keyword arguments for :class:`Config`."""
        return base_urls(self.url)

    @property
    def requests(self):
        """Every request so far, including rejected ones: a list of Request."""
        return list(self._requests)

    def requests_after(self, number):
        """Return the requests after the one with this number that are still kept, a list of
        ``(number, Request)``. Requests are numbered from 1 in the order of their arrival, so 0
        returns all; :meth:`clear` does not reset the numbering."""
        with self._working:
            first = self._arrived - len(self._requests) + 1
            return list(enumerate(self._requests[max(0, number + 1 - first):],
                                  max(first, number + 1)))

    @property
    def decisions(self):
        """The bodies of the requests for campaigns or flags that were answered, a list of dicts."""
        return list(self._platform.decisions)

    @property
    def context_events(self):
        """The bodies of the context events that were accepted, a list of dicts. Contexts that were
        sent as hits, or that a self-hosted server would report, are in :attr:`segments`."""
        return list(self._platform.context_events)

    @property
    def activations(self):
        """The activations that were accepted, a list of dicts; those of a batch have its
        ``cid``."""
        return list(self._platform.activations)

    @property
    def hits(self):
        """The hits that were accepted, a list of dicts; those of a batch have its ``cid`` and
        ``ds``. :attr:`segments` are not included."""
        return list(self._platform.hits)

    @property
    def segments(self):
        """The contexts that were accepted as hits of type SEGMENT, a list of dicts, one per
        context; ``s`` is the context. Those of a batch have its ``cid`` and ``ds``. Also includes
        the contexts that a self-hosted server reports itself, when campaigns are requested without
        ``sendContextEvent=false``."""
        return list(self._platform.segments)

    @property
    def connections(self):
        """The number of connections that were accepted since :meth:`start`."""
        return self._server.accepted

    @property
    def accepted(self):
        """The number of ``decisions``, ``context_events``, ``activations``, ``hits`` and
        ``segments`` that were accepted since the emulator was created, a dict; :meth:`clear` does
        not change it."""
        return self._platform.accepted

    @property
    def received(self):
        """All of the above, as one JSON-serialisable dict."""
        return {"accepted": self.accepted, "connections": self.connections,
                "requests": [request.as_dict() for request in self.requests],
                "decisions": self.decisions, "context_events": self.context_events,
                "activations": self.activations, "hits": self.hits, "segments": self.segments}

    @property
    def variation_names(self):
        """What people call the variations: ``{(group's id, variation's id): text}``, the text being
        the campaign's name, the group's where there are several, and the variation's."""
        return self._platform.variation_names

    @property
    def results(self):
        """What the experiments have shown so far, a JSON-serialisable dict; not limited by
        ``keep``. It has ``experiments``, a list, in which each variation has its visitors,
        conversions, revenue, and how these compare with the reference's; ``simulation``, the state
        of the last :meth:`simulate`; ``goals``, ``currencies`` and ``ignored``. What counts is told
        by ``flagship.emulator.results``, how it is compared by ``flagship.emulator.evaluation``.
        """
        with self._working:
            report = self._platform.results.report()
        return dict(report, simulation=self._simulation.state)

    def simulate(self, visitors):
        """Begin to simulate visitors, in a thread, in API mode, and return: the SDK itself decides
        and sends, for made-up visitors who look, and some of whom buy. They are the same ones each
        time, as ``flagship.emulator.simulation`` tells; a further simulation continues with new
        ones, until :meth:`clear`.

        :param int visitors: at most 100,000.
        :raises TypingError: if ``visitors`` is not an int.
        :raises ParamError: if it is out of range, or a simulation is running.
        """
        self._simulation.start(visitors)

    def cancel_simulation(self):
        """End the simulation early; what its visitors did until then stays. Idempotent."""
        self._simulation.cancel()

    def clear(self):
        """Forget what was received, and with it the results."""
        self._simulation.restart()
        with self._working:
            del self._requests[:]
            self._platform.forget()
            self._platform.results.clear()

    @property
    def panic(self):
        """Whether the platform is in panic; can be set."""
        return self._platform.panic

    @panic.setter
    def panic(self, panic):
        self._platform.panic = check.boolean("Emulator", "panic", panic)

    def set_bucketing(self, bucketing):
        """Replace the campaigns; ``bucketing`` is as for the constructor. Each call results in a
        later Last-Modified."""
        with self._working:
            self._platform.set_bucketing(bucketing)

    def misbehave(self, endpoint, **fault):
        """Make an endpoint misbehave from now on; this replaces its previous fault, if any.

        :param str endpoint: ``campaigns``, ``events``, ``activate``, ``hit``, ``bucketing``,
            ``flags`` or ``accountSettings``; the SDK uses the first five.
        :param float delay: seconds before anything is sent; default 0, maximum one day.
        :param bool hang: never answer; default False.
        :param int status: answer with this HTTP status; default None, the usual one.
        :param dict headers: additional headers of the answer, at most 100; default none.
        :param body: answer with this text or bytes, at most 64 MiB; default None, the usual body.
        :param int size: answer with this many bytes, at most 64 MiB; default None, the usual body.
        :param str reset: reset the connection ``"before"`` the answer or ``"inside"`` it; default
            None.
        :param bool truncate: close the connection in the middle of the answer's body; default
            False.
        :param float drip: seconds between the bytes of the answer, including its headers; default
            0, maximum one day.
        :param float share: the fraction of requests affected, chosen at random; default 1, all.
        :param int times: number of requests affected; default None, all until :meth:`behave`.
        :raises TypingError: if a value is of the wrong type.
        :raises ParamError: if the endpoint does not exist or a value is out of range.
        """
        if endpoint not in ENDPOINTS:
            raise check.param_error("misbehave", "endpoint",
                                    "must be one of %s" % ", ".join(ENDPOINTS))
        self._faults.set(endpoint, Fault(**fault))

    def behave(self, endpoint=None):
        """End the misbehaviour of one endpoint, by default of all."""
        self._faults.clear(endpoint)

    def _answer(self, request):
        """Return ``(status, headers, body, fault)`` for a request; fault is None if there is
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
        # Not one by one, because each deletion moves the whole list.
        if self._keep is not None and len(self._requests) >= 2 * self._keep:
            del self._requests[:-self._keep]
            self._platform.forget(self._keep)

    @staticmethod
    def _taken(answer, request):
        try:
            return answer(request)
        except Refusal as refusal:
            status, request.message = refusal.status, refusal.message
        except Exception as error:  # a server must answer any request
            status, request.message = 500, repr(error)
        return status, {}, encoded({"message": request.message})
