"""Filters for the panel's templates."""
import json

from django import template

register = template.Library()


@register.filter
def as_json(value):
    """A value as the campaign file writes it."""
    return json.dumps(value, ensure_ascii=False)


@register.filter
def width(buckets):
    """How many buckets from the first to the one past the last."""
    return buckets[1] - buckets[0]
