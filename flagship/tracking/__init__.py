"""Tracking: sends activations, contexts and hits to the platform.

The only place that chooses between immediate, deferred and offline tracking.
"""


def create_client(config, http, events, state):
    """Return the tracking client for ``config``; import only what that client needs."""
    from flagship.tracking import immediate
    if config.offline:
        return immediate.OfflineTrackingClient(config, http, events, state)
    if config.tracking == "immediate":
        return immediate.TrackingClient(config, http, events, state)
    from flagship.tracking.deferred import DeferredTrackingClient
    return DeferredTrackingClient(config, http, events, state)
