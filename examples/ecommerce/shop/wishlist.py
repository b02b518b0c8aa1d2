"""The wishlist, in the session: product slugs. Whether there is one at all, a flag says."""
from shop.models import Product

_KEY = "wishlist"


def slugs(session):
    return session.get(_KEY, [])


def products(session):
    """In the order in which they were added."""
    kept = slugs(session)
    return sorted(Product.objects.filter(slug__in=kept),
                  key=lambda product: kept.index(product.slug))


def toggle(session, slug):
    """Add a product, or take it away.

    :return: whether it is on the list now.
    """
    kept = slugs(session)
    added = slug not in kept
    session[_KEY] = kept + [slug] if added else [each for each in kept if each != slug]
    return added
