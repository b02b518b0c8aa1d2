"""A visitor cache in Redis, shared by all processes and machines of an application."""
from __future__ import absolute_import

import math

import six

from flagship import _validation as check
from flagship._compat import string_types, text_type
from flagship._events import current
from flagship._json import decode, encode
from flagship.cache.assignments import error_text
from flagship.cache.cache_visitor import VisitorCacheManager

_NINETY_DAYS = 90 * 24 * 3600
_MAX_TTL = 10 * 366 * 24 * 3600
_MAX_TIMEOUT = 3600
_URLS = "redis://[[user]:password@]host[:port][/database], the same with rediss://, or unix://path"


class RedisVisitorCache(VisitorCacheManager):
    """Keeps visitors' assignments in Redis, so that visitors keep their variations across restarts
    and on every machine that uses the same Redis.

    Each call is one round trip. The record of a visitor is JSON text, ``{"version": 1, "data":
    {"vId": visitor id, "vaIds": [variation id, ...]}}``, under the key
    ``prefix:env_id:visitor_id``. It connects at the first call, not in the constructor. It is
    thread-safe, and a forked child uses its own connections.

    When Redis is down or hangs, calls raise redis-py's errors, which the SDK logs: visitors get
    decisions as if nothing was cached, and nothing is saved. The first call after Redis is back
    reconnects.

    :param client_or_url: a URL that redis-py understands,
        ``redis://[[user]:password@]host[:port][/database]``, ``rediss://...`` or ``unix://path``;
        or a client, any object with ``get`` and ``set``, and with ``ttl`` also ``pipeline``, such
        as ``redis.Redis`` and ``redis.RedisCluster``. A client uses its own timeouts and retries,
        and closing it is up to you.
    :param str prefix: prefix of the keys, not empty; default ``flagship``.
    :param float ttl: TTL of a record in seconds, counted from the visitor's last synchronisation;
        greater than 0, at most ten years; default 7776000, 90 days. A lookup renews it too, in the
        same round trip. None: records never expire, which is the default for a client without
        ``pipeline``.
    :param float timeout: maximum seconds to connect and to wait for a response, default 0.5, at
        most 3600; there are no retries. Only for the client that is created from a URL; timeouts in
        the URL itself take precedence.
    :raises ImportError: when a URL is given and redis-py is not installed (``flagship[redis]``).
    :raises TypingError: on an argument of the wrong type.
    :raises ParamError: on an argument out of range, or a URL that redis-py does not understand.
    """

    wants_every_save = False  # a lookup renews the expiry

    def __init__(self, client_or_url, prefix="flagship", ttl=_NINETY_DAYS, timeout=0.5):
        super(RedisVisitorCache, self).__init__()
        self._prefix = check.text("RedisVisitorCache", "prefix", prefix, empty=False)
        self._own = isinstance(client_or_url, string_types)
        if ttl == _NINETY_DAYS and not self._own and not hasattr(client_or_url, "pipeline"):
            ttl = None
        self._ttl_ms = None
        if ttl is not None:
            ttl = check.number("RedisVisitorCache", "ttl", ttl, above=0, maximum=_MAX_TTL)
            self._ttl_ms = int(math.ceil(ttl * 1000))
        timeout = check.number("RedisVisitorCache", "timeout", timeout, above=0,
                               maximum=_MAX_TIMEOUT)
        if self._own:
            self._client = _client_from_url(client_or_url, timeout)
        else:
            self._client = _check_client(client_or_url, ttl is not None)
        self._env_id = u""

    def use_environment(self, env_id):
        """Keep the records of environments separate; called by ``Flagship.start``.

        :param str env_id: the environment's id, part of each key from now on; before this call
            that part is empty.
        """
        self._env_id = check.text("use_environment", "env_id", env_id)

    def save(self, visitor_id, visitor_data):
        key, content = self._key("save", visitor_id), encode(visitor_data).decode("ascii")
        if self._ttl_ms is None:
            self._client.set(key, content)
        else:
            self._client.set(key, content, px=self._ttl_ms)

    def lookup(self, visitor_id):
        key = self._key("lookup", visitor_id)
        try:
            value = self._client.get(key) if self._ttl_ms is None else self._get_and_keep(key)
        except UnicodeDecodeError as error:
            # The client decodes values, and this one is not UTF-8: an unreadable record, which the
            # next save replaces.
            return error.object
        if value is None:
            return None
        try:
            return decode(value.encode("utf-8") if isinstance(value, text_type) else value)
        except (ValueError, TypeError, AttributeError):
            # Returned, not raised: an exception would look like a store that is down, and the
            # record would never be overwritten.
            return value

    def close(self):
        """Close the connections of a client that was created from a URL; idempotent. A later call
        reconnects."""
        if self._own:
            self._client.connection_pool.disconnect()

    def _key(self, function, visitor_id):
        visitor_id = check.text(function, "visitor_id", visitor_id)
        return u":".join((self._prefix, self._env_id, visitor_id))

    def _get_and_keep(self, key):
        """Return the value and renew its expiry. GETEX would do both in one command, but needs
        Redis 6.2."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.get(key)
        pipeline.pexpire(key, self._ttl_ms)
        value, kept = pipeline.execute(raise_on_error=False)
        if isinstance(value, Exception):
            raise value
        if isinstance(kept, Exception):
            # Such as a read-only replica. The value is still the visitor's assignment.
            current().warning("[visitor cache] the expiry was not renewed: %s", error_text(kept))
        return value


def _check_client(client, expires):
    needed = ("get", "set", "pipeline") if expires else ("get", "set")
    # The awaitables of an asyncio client would never be awaited.
    is_async = type(client).__module__.startswith("redis.asyncio")
    has_needed = all(callable(getattr(client, name, None)) for name in needed)
    if isinstance(client, type) or is_async or not has_needed:
        raise check.typing_error("RedisVisitorCache", "client_or_url", client,
                                 "a URL, or a synchronous client with %s" % ", ".join(needed))
    return client


def _client_from_url(url, timeout):
    url = check.text("RedisVisitorCache", "client_or_url", url, empty=False)
    try:
        import redis
    except ImportError as error:
        raise ImportError("RedisVisitorCache needs redis-py, which pip install 'flagship[redis]' "
                          "brings: %s" % error)
    # A thread uses one connection at a time; since redis-py 8 a pool is limited to 100 by default.
    options = {"socket_timeout": timeout, "max_connections": 2 ** 31}
    if not url.startswith("unix:"):
        # redis-py 8 has its own default; Unix sockets do not know the option before redis-py 5.
        options["socket_connect_timeout"] = timeout
    if redis.VERSION >= (5,):
        from redis.backoff import NoBackoff
        from redis.retry import Retry
        # Since redis-py 6 Redis() tries four times, with backoff; from_url does not, but that is
        # not documented. With RESP3 the server may extend the timeouts (to 10 s during
        # maintenance), and Redis before 6 does not support it.
        options.update(retry=Retry(NoBackoff(), 0), protocol=2)
    elif redis.VERSION < (4,):
        # Percent-encoded passwords are decoded, as in later versions.
        options["decode_components"] = True
    try:
        # Python 2's urllib decodes percent-encoded UTF-8 only in bytes.
        client = redis.Redis.from_url(six.ensure_str(url), **options)
        pool = client.connection_pool
        # Does not connect, but raises on an unknown option.
        pool.connection_class(**pool.connection_kwargs)
    except (TypeError, ValueError, redis.RedisError):
        # Raised without its cause, which may quote part of the password.
        problem = "(%s) must be a URL that redis-py %s understands: %s" % (
            type(url).__name__, redis.__version__, _URLS)
        six.raise_from(check.param_error("RedisVisitorCache", "client_or_url", problem), None)
    return client
