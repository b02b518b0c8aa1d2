"""What the shop keeps: products, customers and orders."""
from django.conf import settings
from django.db import models

from shop.countries import COUNTRIES


class Product(models.Model):
    """Something to buy; ``drawing`` is its picture's name in templates/shop/drawings, ``glaze`` a
    class of the CSS."""

    slug = models.SlugField(unique=True)
    sku = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=60)
    category = models.CharField(max_length=12)
    summary = models.CharField(max_length=80)
    description = models.TextField()
    size = models.CharField(max_length=60)
    glaze = models.CharField(max_length=12)
    drawing = models.CharField(max_length=12)
    price = models.DecimalField(max_digits=7, decimal_places=2)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]

    def __str__(self):
        return self.name


class Customer(models.Model):
    """What the shop knows of a user besides the login."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE)
    vip = models.BooleanField(default=False)


class Order(models.Model):
    """A completed purchase; money in euros."""

    number = models.CharField(max_length=20, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    name = models.CharField("Full name", max_length=80)
    email = models.EmailField("E-mail")
    street = models.CharField("Street and number", max_length=120)
    postcode = models.CharField("Postcode", max_length=12)
    city = models.CharField("City", max_length=60)
    country = models.CharField("Country", max_length=2, choices=COUNTRIES)
    gift_note = models.CharField("Gift note", max_length=200, blank=True)
    delivery = models.DecimalField(max_digits=7, decimal_places=2)
    total = models.DecimalField(max_digits=9, decimal_places=2)
    made_at = models.DateTimeField(auto_now_add=True)


class Line(models.Model):
    """A product of an order, at the price of that day."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT)
    quantity = models.PositiveSmallIntegerField()
    price = models.DecimalField(max_digits=7, decimal_places=2)

    @property
    def total(self):
        return self.quantity * self.price
