"""Which visitors there are to choose from."""
from collections import OrderedDict, namedtuple

from django.conf import settings

#: ``context`` is what the platform was last told, ``seen`` when, seconds since the epoch.
SeenVisitor = namedtuple("SeenVisitor", "visitor_id anonymous_id context seen")

_MOST = 8


def own_ids(request):
    """The ids that the sender of a request may have as a visitor, the likelier first; makes no
    visitor."""
    ids = ["user-%s" % request.user.pk] if request.user.is_authenticated else []
    cookie = request.COOKIES.get(getattr(settings, "FLAGSHIP_COOKIE_NAME", "flagship_visitor"))
    return ids + [cookie] if cookie else ids


def recent(requests):
    """The visitors that the emulator heard of last.

    :param requests: its requests, as qa.emulator.Emulator.requests gives them.
    :return: SeenVisitors, the latest first.
    """
    seen, anonymous = OrderedDict(), {}
    for request in requests:
        body = request["body"]
        if request["endpoint"] == "campaigns":
            anonymous[body["visitorId"]] = body.get("anonymousId")
        for visitor_id, context in _contexts(request["endpoint"], body):
            seen.pop(visitor_id, None)
            seen[visitor_id] = context, request["time"]
    return [SeenVisitor(visitor_id, anonymous.get(visitor_id), context, time)
            for visitor_id, (context, time) in list(reversed(list(seen.items())))[:_MOST]]


def _contexts(endpoint, body):
    """``(visitor id, context)`` of each that a request reports, by itself or in a batch of hits."""
    if endpoint == "events":
        yield body["visitorId"], body["data"]
    elif endpoint == "hit":
        for each in body.get("h", [body]):
            if each["t"] == "SEGMENT":
                yield each.get("cuid", each["vid"]), each["s"]
