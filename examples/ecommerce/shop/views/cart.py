"""The cart."""
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from shop import delivery, hits
from shop.cart import Cart
from shop.forms import QuantityForm
from shop.models import Product


@require_safe
def show(request):
    cart = Cart(request.session)
    cost, free_from = delivery.cost(request.flagship, cart.subtotal), delivery.free_from(
        request.flagship)
    return render(request, "shop/cart.html", {
        "cart": cart, "delivery": cost, "total": cart.subtotal + cost, "free_from": free_from,
        "quantities": range(1, 13)})


@require_POST
def add(request, slug):
    product = get_object_or_404(Product, slug=slug)
    form = QuantityForm(request.POST)
    quantity = form.cleaned_data["quantity"] if form.is_valid() else 1
    if quantity:
        Cart(request.session).add(product, quantity)
        request.flagship.send_hit(hits.added_to_cart(product, quantity))
        messages.success(request, "%s is in your cart." % product.name)
    return redirect("shop:cart")


@require_POST
def change(request, slug):
    form = QuantityForm(request.POST)
    if form.is_valid():
        Cart(request.session).set(slug, form.cleaned_data["quantity"])
    return redirect("shop:cart")
