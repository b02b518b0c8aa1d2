"""Tells Sentry which flags were read, so that errors show them. Requires sentry-sdk 2.20."""
from __future__ import absolute_import

import json
import re

import sentry_sdk
from sentry_sdk.feature_flags import add_feature_flag

from flagship._compat import string_types
from flagship.hooks import Hook

# What Sentry takes as the key and as the value of a tag; it discards others.
_TAG = re.compile("[A-Za-z0-9_.:-]{1,32}\\Z")
_MAX_VALUE = 200


class SentryHook(Hook):
    """Adds each flag that is read to Sentry's current scope: errors that follow there show it::

        Config(hooks=[SentryHook()])

    Sentry's list of feature flags only takes booleans, so a flag whose value is one goes there.
    Another becomes the tag ``flag.KEY``: text and numbers as they are, up to 200 characters of one
    line; for a list or dict the id of the variation. A tag's key has at most 32 letters, digits,
    ``_``, ``.``, ``:`` and ``-``; a flag whose key does not fit is left out, and so is a default
    that is anything else. Nothing is sent that names the visitor.
    """

    def on_flag_read(self, event):
        if isinstance(event.value, bool):
            add_feature_flag(event.key, event.value)
            return
        tag, value = "flag.%s" % event.key, event.value
        if not isinstance(value, string_types):
            is_plain = isinstance(value, (int, float))
            value = json.dumps(value) if is_plain else event.variation_id
        if value and _TAG.match(tag):
            sentry_sdk.set_tag(tag, " ".join(value.split())[:_MAX_VALUE])
