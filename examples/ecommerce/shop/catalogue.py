"""The catalogue: its categories, in an order that a flag may change."""
from collections import namedtuple

from shop.models import Product

Category = namedtuple("Category", "slug name claim")

CATEGORIES = [
    Category("cups", "Cups", "For the first one of the day, and the fourth."),
    Category("table", "Table", "Plates and bowls that stack, chip seldom and forgive forks."),
    Category("pour", "Pour", "Spouts that do not drip. We checked each."),
    Category("home", "Home", "For stems, and for what grows."),
]
BY_SLUG = {category.slug: category for category in CATEGORIES}
DEFAULT_ORDER = [category.slug for category in CATEGORIES]


def in_order(slugs):
    """All categories, those that a flag names first and in its order; names that the shop does not
    have are passed over, so that no mistake in a campaign loses a category."""
    named = [slug for slug in slugs if slug in BY_SLUG] if isinstance(slugs, list) else []
    rest = [slug for slug in DEFAULT_ORDER if slug not in named]
    return [BY_SLUG[slug] for slug in list(dict.fromkeys(named)) + rest]


def shelves(categories):
    """``[(category, its products)]``."""
    products = list(Product.objects.all())
    return [(category, [each for each in products if each.category == category.slug])
            for category in categories]


def companions(product, count=3):
    """Products of other categories to show beside one."""
    others = Product.objects.exclude(category=product.category)
    return sorted(others, key=lambda other: (other.position - product.position) % 100)[:count]
