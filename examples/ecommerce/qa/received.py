"""What the emulator received, as lines for people."""
import json


def lines(requests, bucketing):
    """The activations, context events and hits among the emulator's requests, in the order of their
    arrival. Simulated shoppers, of which there are thousands, are left out.

    :param requests: as qa.emulator.Emulator.requests_after gives them.
    :param bucketing: the campaigns' file, for the names of what was activated.
    :return: ``{"kind", "time" (seconds since the epoch), "visitor", "text", "json"}`` each.
    """
    names = _names(bucketing)
    return [_line(request["time"], *each) for request in requests
            for each in _parts(request, names) if not each[1].startswith("shopper-")]


def _parts(request, names):
    """``(kind, visitor, text, body)`` of each thing in a request, which may be a batch."""
    body = request["body"]
    if request["endpoint"] == "events":
        yield "context", body["visitorId"], _context(body["data"]), body
    elif request["endpoint"] == "activate":
        for each in body.get("batch", [body]):
            yield "activation", _who(each["vid"],
                                     each.get("aid")), names.get(each["vaid"], each["vaid"]), each
    elif request["endpoint"] == "hit":
        for each in body.get("h", [body]):
            who = _who(each["cuid"], each["vid"]) if "cuid" in each else each["vid"]
            kind = "context" if each["t"] == "SEGMENT" else each["t"].lower()
            yield kind, who, _TEXTS.get(each["t"], json.dumps)(each), each


def _context(context):
    return ", ".join("%s %s" % (key, json.dumps(value)) for key, value in sorted(context.items()))


def _line(time, kind, visitor, text, body):
    return {"kind": kind, "time": time, "visitor": visitor, "text": text,
            "json": json.dumps(body, sort_keys=True)}


def _who(visitor_id, anonymous_id):
    return "%s (%s)" % (visitor_id, anonymous_id) if anonymous_id else visitor_id


def _names(bucketing):
    return {variation["id"]: "%s: %s" % (campaign.get("name"), variation.get("name"))
            for campaign in bucketing.get("campaigns", ()) for group in campaign["variationGroups"]
            for variation in group["variations"]}


_TEXTS = {
    "SEGMENT": lambda hit: _context(hit["s"]),
    "PAGEVIEW": lambda hit: hit["dl"],
    "EVENT": lambda hit: "%s, %s, worth %s" % (hit["ea"], hit.get("el", "-"), hit.get("ev", "-")),
    "TRANSACTION": lambda hit: "%s: %s %s" % (hit["tid"], hit.get("tr", "-"), hit.get("tc", "")),
    "ITEM": lambda hit: "%s × %s at %s" % (hit.get("iq", 1), hit["in"], hit.get("ip", "-")),
}
