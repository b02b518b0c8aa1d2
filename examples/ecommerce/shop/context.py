"""The visitor's context, made of the request: what campaigns can target."""
import re

from flagship.context import PresetContext

from shop.cart import Cart
from shop.countries import country_of, locale_of

_TABLET = re.compile("ipad|tablet|android(?!.*mobi)", re.IGNORECASE)
_MOBILE = re.compile("mobi|iphone|android", re.IGNORECASE)


def context_of(request):
    """The setting FLAGSHIP_CONTEXT: called once a request, before its synchronisation.

    :return: context key to text, bool or float.
    """
    return {
        PresetContext.DEVICE_TYPE.value: device_of(request.META.get("HTTP_USER_AGENT", "")),
        PresetContext.DEVICE_LOCALE.value: locale_of(request),
        PresetContext.LOCATION_COUNTRY.value: country_of(request),
        "logged_in": request.user.is_authenticated,
        "vip": is_vip(request.user),
        "cart_value": float(Cart(request.session).subtotal),
    }


def device_of(user_agent):
    """``mobile``, ``tablet`` or ``desktop``."""
    if _TABLET.search(user_agent):
        return "tablet"
    return "mobile" if _MOBILE.search(user_agent) else "desktop"


def is_vip(user):
    customer = getattr(user, "customer", None) if user.is_authenticated else None
    return customer is not None and customer.vip
