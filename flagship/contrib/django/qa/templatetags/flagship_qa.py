"""``{% load flagship_qa %}``: says in a page that something is overridden."""
from __future__ import absolute_import

import json

from django import template

from flagship.contrib.django.qa._decision import list_choices

register = template.Library()


@register.inclusion_tag("flagship_qa/notice.html", takes_context=True)
def flagship_override_notice(context):
    """Say what the browser's overrides change, with a link to the panel; nothing without any, as
    for every visitor but those that ``FLAGSHIP_OVERRIDES`` lets."""
    request = getattr(context, "request", None) or context.get("request")
    visitor = getattr(request, "_flagship", None)
    if visitor is None or visitor.overrides is None:
        return {}
    forced = request.flagship.forced_variations  # the page is this browser's from here on
    return {"overrides": visitor.overrides, "keys": sorted(visitor.overrides.context),
            "forced": [_names(each) for each in list_choices(forced) if each["id"] in forced]}


def _names(choice):
    chosen = [each["name"] for each in choice["variations"] if each["chosen"]]
    return {"campaign": choice["name"], "variation": chosen[0] if chosen else None,
            "missing": choice["missing"]}


@register.filter
def as_json(value):
    """Return a value as the bucketing file writes it."""
    return json.dumps(value, ensure_ascii=False)


@register.filter
def width(buckets):
    """Return how many buckets there are from the first to the one past the last."""
    return buckets[1] - buckets[0]
