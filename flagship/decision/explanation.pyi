from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal, TypedDict, type_check_only

from flagship.context import _ContextValue
from flagship.decision.compiled import Campaigns
from flagship.decision.modification import Modification

_Outcome = Literal["assigned", "not allocated", "not targeted", "skipped"]

ASSIGNED: Literal["assigned"]
NOT_ALLOCATED: Literal["not allocated"]
FORCED: tuple[str, Literal["forced"]]
NOT_TARGETED: Literal["not targeted"]
SKIPPED: Literal["skipped"]

@type_check_only
class ExplainedTargeting(TypedDict):
    key: str
    operator: str | None
    value: Any
    present: bool
    visitorValue: _ContextValue | None
    matches: bool
    problem: str

@type_check_only
class ExplainedTargetingGroup(TypedDict):
    matches: bool
    targetings: list[ExplainedTargeting]

@type_check_only
class ExplainedVariation(TypedDict):
    variationId: str
    name: str | None
    allocation: float
    reference: bool
    buckets: list[int]

@type_check_only
class ExplainedVariationGroup(TypedDict):
    variationGroupId: str
    name: str | None
    matches: bool
    chosen: bool
    bucket: int | None
    cachedVariationId: str | None
    targetingGroups: list[ExplainedTargetingGroup]
    variations: list[ExplainedVariation]

@type_check_only
class ExplainedCampaign(TypedDict):
    campaignId: str | None  # None: skipped, as it has none
    name: str | None
    slug: str | None
    type: str | None
    outcome: _Outcome
    reason: str
    decidedBy: Literal["allocation", "cache", "forced", "platform"] | None
    variationGroupId: str | None
    variationId: str | None
    variationName: str | None
    reference: bool | None
    bucket: int | None
    modifications: dict[str, Any]
    variationGroups: list[ExplainedVariationGroup]

@type_check_only
class ExplainedModification(TypedDict):
    value: Any
    campaignId: str
    variationGroupId: str
    variationId: str
    reference: bool

@type_check_only
class Explanation(TypedDict):
    mode: Literal["API", "BUCKETING"]
    visitorId: str
    anonymousId: str | None
    context: dict[str, _ContextValue]
    serving: bool
    reason: str
    cachedVariationIds: list[str] | None
    campaigns: list[ExplainedCampaign]
    modifications: dict[str, ExplainedModification]

def explain(
    campaigns: Campaigns,
    visitor_id: str,
    context: Mapping[str, _ContextValue],
    cached_ids: Collection[str] | None = (),
    key: str | None = None,
    forced: Mapping[str, str] | tuple[()] = (),
) -> list[ExplainedCampaign]: ...
def merge_explained(
    explained: Iterable[ExplainedCampaign], only: str | None = None
) -> dict[str, ExplainedModification]: ...
def unknown_key(key: str, nearest: str | None) -> str: ...
def explain_given(
    modifications: Mapping[str, Modification], key: str | None = None
) -> list[ExplainedCampaign]: ...
