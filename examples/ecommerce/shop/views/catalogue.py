"""The home page, a shelf and a product."""
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from shop import catalogue, delivery
from shop.models import Product


@require_safe
def home(request):
    # Not activated here: the menu on the same page shows, and activates, the same flag.
    order = request.flagship.get_modification("menu_order", catalogue.DEFAULT_ORDER)
    return render(request, "shop/home.html",
                  {"shelves": catalogue.shelves(catalogue.in_order(order))})


@require_safe
def shelf(request, slug):
    if slug not in catalogue.BY_SLUG:
        raise Http404("no such shelf")
    (category, products), = catalogue.shelves([catalogue.BY_SLUG[slug]])
    return render(request, "shop/shelf.html", {"category": category, "products": products})


@require_safe
def product(request, slug):
    product = get_object_or_404(Product, slug=slug)
    return render(request, "shop/product.html", {
        "product": product, "category": catalogue.BY_SLUG[product.category],
        "companions": catalogue.companions(product),
        "free_from": delivery.free_from(request.flagship), "quantities": range(1, 7)})
