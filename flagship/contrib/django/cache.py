"""A visitor cache on top of Django's cache framework."""
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
# Together with a digest and Django's own prefix this fits in memcached's limit of 250 bytes.
_SAFE = re.compile(u"[!-~]{1,100}\\Z")
_MAX_NOTED = 10000


class DjangoVisitorCache(VisitorCacheManager):
    """Keeps visitors' assignments in a cache that a Django project already has.

    The record of a visitor is JSON text under the key ``prefix:digest``, with any backend; the
    digest is the SHA-256 in hex of ``env_id:visitor_id`` in UTF-8, so any visitor id results in a
    key that memcached accepts. Each call gets the cache from ``django.core.cache.caches``, so an
    instance can be created in the settings module, and each thread uses its own backend object.

    A cache may evict entries: memcached when it is full, Django's local-memory, file and database
    caches above ``MAX_ENTRIES``, which is 300 unless ``OPTIONS`` says otherwise. A visitor whose
    record was evicted gets a new decision. Visitors' records may evict other entries of the same
    cache, too: system checks warn of a limit of 300 entries, and of a cache that stores sessions.

    :param str alias: alias of the cache in ``settings.CACHES``; default ``default``.
    :param str prefix: prefix of the keys, 1 to 100 printable ASCII characters without a space;
        default ``flagship``.
    :param float ttl: TTL of a record in seconds, counted from the visitor's last synchronisation;
        greater than 0, at most ten years; None (default): records never expire. memcached and Redis
        use whole seconds. A lookup renews the expiry only once a tenth of the TTL has passed, so a
        record may expire up to that tenth early.
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
        self._kept = {}  # key -> when this process last renewed its expiry

    @property
    def alias(self):
        """The alias of the cache in ``settings.CACHES``."""
        return self._alias

    def use_environment(self, env_id):
        """Keep the records of environments separate; called by ``Flagship.start``.

        :param str env_id: the environment's id, part of each key from now on; before this call
            that part is empty.
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
            # Returned, not raised: an exception would look like a store that is down, and the
            # record would never be overwritten.
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
        except Exception as error:  # from the backend; the value is still the visitor's assignment
            current().warning("[visitor cache] the expiry was not renewed: %s", error_text(error))

    def _note(self, key):
        if self._ttl is None:
            return
        if len(self._kept) >= _MAX_NOTED:
            # Clearing only means that each visitor's expiry is renewed once too early.
            self._kept.clear()
        self._kept[key] = monotonic()
