"""What every page of the shop shows around its content."""
import itertools

from django.conf import settings
from django.utils.functional import cached_property

from shop import wishlist
from shop.cart import Cart
from shop.catalogue import DEFAULT_ORDER
from shop.countries import COUNTRIES, country_of


def page(request):
    """The context processor."""
    return {"page": PageFrame(request)}


class PageFrame(object):
    """Computed when a template asks, so that a page without the frame costs no decision."""

    countries = COUNTRIES
    default_order = DEFAULT_ORDER

    def __init__(self, request):
        self._request = request
        self.numbers = itertools.count(1)  # for ids in the page

    @cached_property
    def cart(self):
        return Cart(self._request.session)

    @cached_property
    def country(self):
        return country_of(self._request)

    @cached_property
    def wished(self):
        return wishlist.slugs(self._request.session)

    @property
    def qa_panel(self):
        return settings.QA_PANEL

    @property
    def visitor_id(self):
        return self._request.flagship.visitor_id
