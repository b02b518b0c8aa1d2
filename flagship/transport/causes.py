# -*- coding: utf-8 -*-
"""Describes what went wrong in one line; the only place that turns an error into text.

An error's own text may contain an API key, a proxy password or anything a peer sent, in any
encoding. So for known kinds of errors the cause is worded here, and wherever the error's own text
is included, it is masked and escaped.
"""
from __future__ import unicode_literals

import base64
import errno
import json
import re
import socket
import ssl

import six
from six.moves.urllib.parse import quote, quote_plus, unquote
from six.moves.urllib.request import getproxies

from flagship._compat import text_type
from flagship._troubleshooting import see

_MOST = 300  # maximum number of characters of an error's own text

# urllib3 puts the repr of its connection before its message.
_CONNECTION = re.compile("^(<[^>]*>|\\w*Connection(Pool)?\\([^)]*\\)): ")
_USER_INFO = re.compile("//[^/@\\s]*@")
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_MALFORMED = ("InvalidURL", "InvalidProxyURL", "InvalidSchema", "MissingSchema",
              "LocationParseError", "LocationValueError", "ProxySchemeUnknown",
              "ProxySchemeUnsupported", "URLSchemeUnknown")
# The format of environment ids; API keys never have it.
_ENVIRONMENT = re.compile("[0-9a-v]{20}\\Z")
_UNREACHABLE = (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH)
# OpenSSL's message about a certificate -> what it means.
_CERTIFICATES = (
    ("certificate has expired", "its certificate has expired"),
    ("not yet valid", "its certificate is not valid yet, so this machine's clock may be wrong"),
    ("self signed", "nobody whom this machine trusts has signed its certificate"),
    ("self-signed", "nobody whom this machine trusts has signed its certificate"),
    ("unable to get local issuer",
     "nobody whom this machine trusts has signed its certificate"),
    ("doesn't match", "its certificate is for another host"),
    ("Hostname mismatch", "its certificate is for another host"),
    ("IP address mismatch", "its certificate is for another host"))


class Refused(Exception):
    """An answer or a request was rejected. The message is the cause and contains no quoted data."""


class Causes(object):
    """Describes what went wrong, without the secrets of one Config.

    :param Config config: the configuration, with the API key and base URLs.
    :param proxies: a function that returns the proxies in use, ``{scheme: URL}``.
    """

    def __init__(self, config, proxies):
        self._api_key, self._env_id, self._proxies = config.api_key, config.env_id, proxies
        self._urls = [config.decision_api_url, config.cdn_url, config.tracking_url]

    def of_status(self, endpoint, status):
        """Return the cause when the platform answered with ``status``."""
        problem = "the platform answered %d" % status
        if status == 407:
            return "the proxy asks for credentials (407)" + see("proxy")
        if status in (401, 403):
            problem += ": the API key or the environment is wrong"
            name = see("wrong-key")
        elif status == 404 and endpoint.name == "bucketing":
            problem += ": it does not know the environment"
            name = see("unknown-environment")
        elif status == 404:
            problem += ": the environment or the base URL is wrong"
            name = see("wrong-url")
        else:
            return problem
        where = "host %s" % endpoint.host
        if looks_swapped(self._env_id, self._api_key):
            problem += ", as the two are swapped"  # so env_id holds the secret: do not log it
        elif self._env_id:
            where = "environment %s, %s" % (self._env_id, where)
        return one_line("%s (%s)" % (problem, where)) + name

    def of_timeout(self, endpoint, seconds):
        """Return the cause when the request timed out."""
        return "no answer within %g s (%s)%s" % (
            seconds, endpoint.timeout_option, see("timeout"))

    def of_error(self, endpoint, error, seconds):
        """Return the cause when a request ended in an error.

        :param float seconds: the request's timeout.
        """
        if isinstance(error, Refused):
            return text_type(error)
        wrappers = list(_wrapped_errors(error))
        names = [type(each).__name__ for each in wrappers]
        error = wrappers[-1]
        message = _message(error)
        if "timeout" in names[-1].lower() or "timed out" in message:
            return self.of_timeout(endpoint, seconds)
        if set(names) & set(_MALFORMED):
            return "the URL or the proxy's URL is malformed" + see("malformed-url")
        if "InvalidHeader" in names or isinstance(error, UnicodeError):
            return "the request holds what cannot be sent (%s)" % names[-1]
        sentence, name = self._sentence(endpoint, error, names, message)
        return one_line("%s%s: %s" % (
            sentence, names[-1], self.mask(_CONNECTION.sub("", message))[:_MOST])) + name

    @staticmethod
    def _sentence(endpoint, error, names, message):
        """Return ``(prefix, suffix)`` to put around the error's own text: what the error means, and
        where to read more. Both are empty if the error's own text says it all."""
        if any("Proxy" in name or "SOCKS" in name for name in names):
            return "the proxy cannot be used; ", see("proxy")
        if isinstance(error, socket.gaierror) or "NameResolutionError" in names:
            return ("the name of the host cannot be resolved (%s); " % endpoint.host,
                    see("unknown-host"))
        if isinstance(error, ssl.SSLError) or "CertificateError" in names or "SSLError" in names:
            meaning = [meaning for text, meaning in _CERTIFICATES if text in message]
            return "TLS with %s failed%s; " % (
                endpoint.host, ": " + meaning[0] if meaning else ""), see("tls")
        if getattr(error, "errno", None) in _UNREACHABLE:
            return "%s cannot be reached; " % endpoint.host, see("unreachable")
        return "", ""

    def mask(self, text):
        """Return a text with the API key, proxy passwords and credentials in URLs masked, however
        they are encoded in it."""
        spellings = set()
        for secret in self._secrets():
            spellings.update(_spellings(secret))
        # Longest first, as one may contain another.
        for spelling in sorted(spellings, key=len, reverse=True):
            text = text.replace(spelling, "***")
        return without_user_info(text)

    def _secrets(self):
        if self._api_key:
            yield self._api_key
        proxies = list(getproxies().values()) + list(self._proxies().values())
        for url in self._urls + proxies:
            if not isinstance(url, six.string_types):
                continue
            # Up to the last "@", as a password may contain any character.
            user_info = _text(url).split("//", 1)[-1].rpartition("@")[0]
            password = user_info.partition(":")[2]
            for secret in (user_info, password, _unquote_text(password)):
                if secret:
                    yield secret
            if user_info:  # as in a Basic authentication header
                yield _text(base64.b64encode(_unquote_text(user_info).encode("utf-8")))


def looks_swapped(env_id, api_key):
    """Return whether the API key looks like an environment id, and the environment id does not."""
    return bool(env_id and api_key and _ENVIRONMENT.match(api_key)
                and not _ENVIRONMENT.match(env_id))


def without_user_info(text):
    """Return a text with the credentials in its URLs masked."""
    return _USER_INFO.sub("//***@", text)


def one_line(text):
    """Return a text with each run of whitespace as one space, and other control characters escaped.
    """
    return _CONTROL.sub(_escape, " ".join(text.split()))


def _escape(match):
    code = ord(match.group())
    return "\\x%02x" % code if code < 256 else "\\u%04x" % code


def _spellings(secret):
    """Yield the forms in which an error may contain a secret: verbatim, stripped, percent-encoded,
    or as a repr."""
    yield secret
    for text in {secret, secret.strip()}:
        if not text:
            continue
        encoded = text.encode("utf-8", "replace")
        yield text
        yield encoded.decode("latin-1")
        yield quote(encoded)
        yield quote(encoded, safe=str(""))
        yield quote_plus(encoded)
        yield json.dumps(text)[1:-1]
        for each in (text, encoded, text.encode("latin-1", "replace")):
            written = _text(repr(each))
            yield written.lstrip("bu")[1:-1]
            yield _text(repr(written))[1:-1].lstrip("bu")[1:-1]


def _unquote_text(text):
    return _text(unquote(six.ensure_str(text)))


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _message(error):
    """Return an error's own text; on Python 2 it may be bytes."""
    try:
        return _text(text_type(error))
    except Exception:
        try:
            return _text(repr(error))
        except Exception:  # an exception class of the user's
            return ""


def _wrapped_errors(error):
    """Yield an error and the errors it wraps, as requests and urllib3 nest them; the original error
    comes last."""
    for _ in range(10):
        yield error
        parts = (getattr(error, "reason", None),) + tuple(getattr(error, "args", ()))
        inner = [part for part in parts if isinstance(part, BaseException)]
        error = inner[-1] if inner else getattr(error, "__cause__", None)
        if error is None:
            break
