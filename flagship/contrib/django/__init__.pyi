from flagship.contrib.django.cache import DjangoVisitorCache as DjangoVisitorCache

__all__ = ["DjangoVisitorCache"]
