"""Filters and pictures for the shop's templates."""
import re

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from shop.catalogue import in_order

register = template.Library()

register.filter("in_order", in_order)


@register.filter
def price(amount):
    """An amount in euros, as people write it."""
    return "€%.2f" % amount if amount % 1 else "€%d" % amount


@register.filter
def colour(value, default):
    """A flag's colour, if it is one: what a campaign says goes into a style."""
    return value if re.match("#[0-9a-fA-F]{6}$", str(value)) else default


@register.simple_tag(takes_context=True)
def drawing(context, name, glaze, alt=""):
    """A product's picture; without ``alt`` it says nothing that the text beside it does not."""
    # Parts of a picture refer to others by id, and a page shows many pictures.
    return mark_safe(render_to_string("shop/drawings/%s.svg" % name, {
        "glaze": glaze, "alt": alt, "uid": "drawing-%d" % next(context["page"].numbers)}).strip())
