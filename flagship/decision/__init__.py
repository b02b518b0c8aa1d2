"""Decisions: which variation of each campaign a visitor gets. The only place that chooses between
API mode and bucketing mode."""
from flagship.config import Config


def create_manager(config, http, events, state):
    """Return the decision manager for ``config.mode``; import only that one."""
    if config.mode is Config.Mode.API:
        from flagship.decision.api import ApiDecisionManager
        return ApiDecisionManager(config, http, events, state)
    from flagship.decision.bucketing import BucketingDecisionManager
    return BucketingDecisionManager(config, http, events, state)
