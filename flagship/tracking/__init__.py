"""What visitors did, on its way to the platform.

The only place that asks "immediate, deferred or offline?".
"""


def create_client(config, http, events, state):
    """The tracking client that ``config`` asks for; imports only what that one needs."""
    from flagship.tracking import immediate
    if config.offline:
        return immediate.OfflineTrackingClient(config, http, events)
    if config.tracking == "immediate":
        return immediate.TrackingClient(config, http, events)
    from flagship.tracking.deferred import DeferredTrackingClient
    return DeferredTrackingClient(config, http, events, state)
