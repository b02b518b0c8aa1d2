"""The wishlist, where its flag is on."""
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from shop import wishlist
from shop.models import Product
from shop.views.next_page import next_page


def _only_where_on(request):
    if request.flagship.get_modification("wishlist", False) is not True:
        raise Http404("there is no wishlist")


@require_safe
def show(request):
    _only_where_on(request)
    return render(request, "shop/wishlist.html", {"products": wishlist.products(request.session)})


@require_POST
def toggle(request, slug):
    _only_where_on(request)
    product = get_object_or_404(Product, slug=slug)
    added = wishlist.toggle(request.session, slug)
    messages.success(request, "%s is %s your wishlist."
                     % (product.name, "on" if added else "no longer on"))
    return redirect(next_page(request))
