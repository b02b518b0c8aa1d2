"""What goes with Django: ``flagship[django]``."""
from __future__ import absolute_import

from flagship.contrib.django.cache import DjangoVisitorCache

__all__ = ["DjangoVisitorCache"]
