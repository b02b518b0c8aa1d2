"""Which visitors there are to choose from."""
from collections import OrderedDict, namedtuple
from json import dumps
from urllib.parse import urlencode

_MOST = 8


class SeenVisitor(namedtuple("SeenVisitor", "visitor_id context")):
    """Somebody whom the emulator heard of; ``context`` is what it was told last."""

    def as_link(self):
        """The id, and the query with which the panel shows this visitor in this context."""
        pairs = [("visitor", self.visitor_id)]
        for key, value in sorted(self.context.items()):
            pairs += [("key", key), ("value", dumps(value))]
        return {"visitor_id": self.visitor_id, "query": urlencode(pairs)}


def recent(requests):
    """The visitors that the emulator heard of last.

    :param requests: its requests, as qa.emulator.Emulator.requests_after gives them.
    :return: SeenVisitors, the latest first.
    """
    seen = OrderedDict()
    for request in requests:
        for visitor_id, context in _contexts(request["endpoint"], request["body"]):
            seen.pop(visitor_id, None)
            seen[visitor_id] = context
    return [SeenVisitor(*each) for each in list(reversed(list(seen.items())))[:_MOST]]


def _contexts(endpoint, body):
    """``(visitor id, context)`` of each that a request reports, by itself or in a batch of hits."""
    if endpoint == "events":
        yield body["visitorId"], body["data"]
    elif endpoint == "hit":
        for each in body.get("h", [body]):
            if each["t"] == "SEGMENT":
                yield each.get("cuid", each["vid"]), each["s"]
