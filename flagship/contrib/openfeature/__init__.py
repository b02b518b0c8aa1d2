"""The OpenFeature integration: ``flagship[openfeature]``, Python 3.9 and later."""
from __future__ import absolute_import

from flagship.contrib.openfeature.provider import FlagshipProvider

__all__ = ["FlagshipProvider"]
