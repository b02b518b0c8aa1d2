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
        elif request["endpoint"] == "events":
            seen.pop(body["visitorId"], None)
            seen[body["visitorId"]] = body["data"], request["time"]
    return [SeenVisitor(visitor_id, anonymous.get(visitor_id), context, time)
            for visitor_id, (context, time) in list(reversed(list(seen.items())))[:_MOST]]
