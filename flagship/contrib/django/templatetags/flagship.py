"""``{% load flagship %}``: flags in templates."""
from __future__ import absolute_import

import functools

from django import template
from django.utils.safestring import mark_safe

from flagship.contrib import _web

register = template.Library()


@register.simple_tag(takes_context=True)
def flag(context, key, default, activate=False):
    """Return a flag of the request's visitor, escaped like any variable::

        {% flag 'cta_label' 'Add to cart' %}
        {% flag 'cta_label' 'Add to cart' activate=True %}
        {% flag 'recommendations' None as recommendations %}

    The tag needs the middleware. Without a request, as in an email template, it gives the default
    and logs that.

    :param str key: the flag's key.
    :param default: of any type; returned when the visitor has no such flag, when its value is null,
        and on any error.
    :param activate: whether to report that the visitor has seen the flag, evaluated as a truth
        value; default False.
    """
    return _web.read_flag(functools.partial(_visitor_of, context), key, default, activate)


@register.simple_tag(takes_context=True)
def flagship_json(context, with_ids=False):
    """Return all flags of the request's visitor for the page's JavaScript, as
    :meth:`flagship.visitor.Visitor.to_json` writes them; they are activated by none of it::

        <script type="application/json" id="flags">{% flagship_json %}</script>
        <script>const flags = {% flagship_json with_ids=True %};</script>

    The same whether autoescape is on or off. ``{}`` on any error, with a log line.

    :param with_ids: whether each flag comes with where it comes from, evaluated as a truth value;
        default False.
    """
    return mark_safe(_web.read_json(functools.partial(_visitor_of, context), with_ids))


def _visitor_of(context):
    # A RequestContext always has the request, whatever the context processors; a plain Context may
    # have been given one.
    request = getattr(context, "request", None) or context.get("request")
    if not hasattr(request, "flagship"):
        raise RuntimeError("the template has no request that FlagshipMiddleware has seen")
    return request.flagship
