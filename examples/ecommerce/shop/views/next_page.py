"""Back to where a form was."""
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def next_page(request):
    """The address that the form names, if it is one of this shop; else the home page."""
    address = request.POST.get("next", "")
    good = url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure())
    return address if good else reverse("shop:home")
