"""What the QA panel sets in a visitor's context, until the demo ends."""
from django.conf import settings
from django.core.cache import cache

from qa.visitors import own_ids

_KEY = "qa-context"


def of(request):
    """What is set for the visitor of a request: context key to value, or to None where the key is
    to be missing."""
    if not settings.QA_PANEL:
        return {}
    kept = cache.get(_KEY, {})
    return next((kept[each] for each in own_ids(request) if each in kept), {})


def change(visitor_id, before, after):
    """From now on the visitor's context differs from what the shop makes, by what ``after`` differs
    from ``before``."""
    kept = cache.get(_KEY, {})
    changed = dict(kept.get(visitor_id, {}))
    changed.update((key, None) for key in before if key not in after)
    changed.update((key, value) for key, value in after.items() if key not in before
                   or before[key] != value)
    cache.set(_KEY, dict(kept, **{visitor_id: changed}), None)


def forget(visitor_id):
    kept = cache.get(_KEY, {})
    kept.pop(visitor_id, None)
    cache.set(_KEY, kept, None)


def apply(context, changed):
    """The context with what was set for it."""
    context = dict(context, **changed)
    return {key: value for key, value in context.items() if value is not None}
