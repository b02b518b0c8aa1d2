"""The demo's customers, whose passwords stand on the login page."""
from collections import namedtuple

from django.contrib.auth import get_user_model

from shop.models import Customer

DemoCustomer = namedtuple("DemoCustomer", "username password first_name vip")

DEMO_CUSTOMERS = [DemoCustomer("camille", "kiln-and-clay", "Camille", True),
                  DemoCustomer("noor", "salt-glaze", "Noor", False)]


def make_demo_customers():
    """Make those that are not there yet."""
    User = get_user_model()
    for demo in DEMO_CUSTOMERS:
        if not User.objects.filter(username=demo.username).exists():
            user = User.objects.create_user(demo.username, password=demo.password,
                                            first_name=demo.first_name)
            Customer.objects.create(user=user, vip=demo.vip)
