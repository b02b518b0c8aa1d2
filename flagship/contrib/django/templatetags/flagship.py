"""``{% load flagship %}``: flags in templates."""
from __future__ import absolute_import

from django import template

from flagship.contrib import _web

register = template.Library()


@register.simple_tag(takes_context=True)
def flag(context, key, default, activate=False):
    """A flag of the request's visitor, escaped as any variable is::

        {% flag 'cta_label' 'Add to cart' %}
        {% flag 'cta_label' 'Add to cart' activate=True %}
        {% flag 'recommendations' None as recommendations %}

    It needs the middleware. Where there is no request, as in a template for a mail, it gives the
    default and logs it.

    :param str key: the flag's key.
    :param default: of any type: what is given when the visitor has no such flag, when its value is
        null, and when anything fails.
    :param activate: whether also to report that the visitor has seen it, by its truth; default
        False.
    """
    def visitor():
        # A RequestContext has it, whatever context processors there are; a plain Context may have
        # been given one.
        request = getattr(context, "request", None) or context.get("request")
        if not hasattr(request, "flagship"):
            raise RuntimeError("the template has no request that FlagshipMiddleware has seen")
        return request.flagship
    return _web.read_flag(visitor, key, default, activate)
