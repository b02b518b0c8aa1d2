"""A visitor cache in Django's cache framework."""
from __future__ import absolute_import

import hashlib
import re

from django.core.cache import caches

from flagship import _validation as check
from flagship._compat import monotonic, text_type
from flagship._events import current
from flagship._json import decode, encode
from flagship.cache.assignments import error_text
from flagship.cache.cache_visitor import VisitorCacheManager

_MAX_TTL = 10 * 366 * 24 * 3600
# With a digest, and Django's own prefix, within memcached's 250 bytes.
_SAFE = re.compile(u"[!-~]{1,100}\\Z")
_MAX_NOTED = 10000


class DjangoVisitorCache(VisitorCacheManager):
    """Visitors keep their variations in a cache that a Django project already has.

    The record of a visitor is JSON text under the key ``prefix:digest``, whatever backend; the
    digest is the SHA-256 in hex of ``env_id:visitor_id`` in UTF-8, so any visitor id makes a key
    that memcached takes. The cache is looked up at each call, so that it may be made in the
    settings themselves, and by the thread that calls.

    A cache may forget: memcached when it is full, Django's local-memory, file and database caches
    above ``MAX_ENTRIES``, which is 300 unless ``OPTIONS`` says otherwise. A visitor that was
    forgotten is decided on anew. What else is in the cache may be forgotten for visitors, too:
    system checks warn of 300 entries, and of a cache that sessions live in.

    :param str alias: the cache in ``settings.CACHES``; default ``default``.
    :param str prefix: what keys begin with, 1 to 100 printable ASCII characters without a space;
        default ``flagship``.
    :param float ttl: seconds after a visitor's last synchronisation at which its record is
        forgotten, greater than 0, at most ten years; None (default): never. memcached and Redis
        count whole seconds. A lookup renews the expiry when a tenth of it has passed, so a record
        may go that tenth early.
    :raises TypingError: on an argument of the wrong type.
    :raises ParamError: on an argument out of range.
    """

    wants_every_save = False  # a lookup renews the expiry

    def __init__(self, alias="default", prefix="flagship", ttl=None):
        super(DjangoVisitorCache, self).__init__()
        self._alias = check.text("DjangoVisitorCache", "alias", alias, empty=False)
        self._prefix = check.text("DjangoVisitorCache", "prefix", prefix)
        if not _SAFE.match(self._prefix):
            raise check.param_error("DjangoVisitorCache", "prefix",
                                    "must be 1 to 100 printable ASCII characters without a space")
        if ttl is not None:
            ttl = check.number("DjangoVisitorCache", "ttl", ttl, above=0, maximum=_MAX_TTL)
        self._ttl = ttl
        self._env_id = u""
        self._kept = {}  # key -> when this process last began its ttl

    @property
    def alias(self):
        """The cache in ``settings.CACHES``."""
        return self._alias

    def use_environment(self, env_id):
        """Keep the records of one environment apart; called by ``Flagship.start``.

        :param str env_id: the environment's id, a part of each key from now on; empty before.
        """
        self._env_id = check.text("use_environment", "env_id", env_id)

    def save(self, visitor_id, visitor_data):
        key = self._key("save", visitor_id)
        caches[self._alias].set(key, encode(visitor_data).decode("ascii"), self._ttl)
        self._note(key)

    def lookup(self, visitor_id):
        cache, key = caches[self._alias], self._key("lookup", visitor_id)
        value = cache.get(key)
        if value is None:
            return None
        if self._ttl is not None:
            began = self._kept.get(key)
            if began is None or monotonic() - began >= self._ttl / 10.0:
                self._keep(cache, key, value)
        try:
            return decode(value.encode("utf-8") if isinstance(value, text_type) else value)
        except (ValueError, TypeError, AttributeError):
            # Raised, it would count as a store that is down, and the record would never be written
            # again.
            return value

    def _key(self, function, visitor_id):
        name = u"%s:%s" % (self._env_id, check.text(function, "visitor_id", visitor_id))
        return u"%s:%s" % (self._prefix, hashlib.sha256(name.encode("utf-8")).hexdigest())

    def _keep(self, cache, key, value):
        try:
            if hasattr(cache, "touch"):
                cache.touch(key, self._ttl)
            else:  # before Django 2.1
                cache.set(key, value, self._ttl)
            self._note(key)
        except Exception as error:  # the backend's; what was read is still the visitor's assignment
            current().warning("[visitor cache] the expiry was not renewed: %s", error_text(error))

    def _note(self, key):
        if self._ttl is None:
            return
        if len(self._kept) >= _MAX_NOTED:
            # Forgetting costs a visitor one early refresh.
            self._kept.clear()
        self._kept[key] = monotonic()
