"""The shop's pages, a module a part of the shop."""
from shop.views import account, cart, catalogue, checkout, wishlist

__all__ = ["account", "cart", "catalogue", "checkout", "wishlist"]
