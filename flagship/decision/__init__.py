"""Decisions: which variation of each campaign a visitor gets. The only place that asks "API or
bucketing?"."""
from flagship.config import Config


def create_manager(config, http, events, state):
    """The decision manager for ``config.mode``; imports only that mode's."""
    if config.mode is Config.Mode.API:
        from flagship.decision.api import ApiDecisionManager
        return ApiDecisionManager(config, http, events, state)
    from flagship.decision.bucketing import BucketingDecisionManager
    return BucketingDecisionManager(config, http, events, state)
