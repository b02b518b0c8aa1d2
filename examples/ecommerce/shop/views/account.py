"""Login, logout, and where the visitor is."""
from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.views import LoginView
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from shop import countries
from shop.customers import DEMO_CUSTOMERS
from shop.views.next_page import next_page


class Login(LoginView):
    """The next request's visitor is the customer, with the cookie's id as its anonymous id: the
    experience goes on."""

    template_name = "shop/login.html"
    extra_context = {"demo_customers": DEMO_CUSTOMERS if settings.DEBUG else []}


@require_POST
def logout(request):
    # The cookie stays, so the visitor is who it was before the login.
    auth.logout(request)
    messages.success(request, "You are logged out.")
    return redirect("shop:home")


@require_POST
def country(request):
    countries.choose(request, request.POST.get("country"))
    return redirect(next_page(request))
