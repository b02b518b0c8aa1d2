"""The checkout and the page after it."""
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from shop import delivery, hits, orders
from shop.cart import Cart
from shop.countries import country_of
from shop.forms import AddressForm
from shop.models import Order

_LAST_ORDER = "last_order"


@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request):
    cart = Cart(request.session)
    if not cart.lines:
        return redirect("shop:cart")
    visitor = request.flagship
    gift_note = visitor.get_modification("gift_note", False) is True
    cost = delivery.cost(visitor, cart.subtotal)
    form = AddressForm(gift_note, request.POST or None,
                       initial={"country": country_of(request), "name": request.user.get_full_name()
                                if request.user.is_authenticated else ""})
    if request.method == "POST" and form.is_valid():
        order = form.save(commit=False)
        orders.place(order, cart, cost, request.user)
        # Here, not on the next page: a reload of that one must not count the purchase again.
        for hit in hits.purchase(order):
            visitor.send_hit(hit)
        request.session[_LAST_ORDER] = order.number
        return redirect("shop:thank-you")
    return render(request, "shop/checkout.html", {
        "form": form, "cart": cart, "delivery": cost, "total": cart.subtotal + cost,
        "gift_note": gift_note})


@require_safe
def thank_you(request):
    # By the session, so that nobody reads another's address.
    order = get_object_or_404(Order, number=request.session.get(_LAST_ORDER))
    return render(request, "shop/thank_you.html",
                  {"order": order, "lines": order.lines.select_related("product")})
