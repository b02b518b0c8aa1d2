from collections.abc import Mapping, Sequence
from typing import Any, overload

from flagship.config import Config
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType
from openfeature.provider import AbstractProvider, Metadata

_Activate = bool | list[str] | tuple[str, ...] | set[str] | frozenset[str]

class FlagshipProvider(AbstractProvider):
    @overload
    def __init__(
        self,
        env_id: None = None,
        api_key: None = None,
        config: None = None,
        activate: _Activate = False,
        ttl: float = 10.0,
        max_visitors: int = 1000,
    ) -> None: ...
    @overload
    def __init__(
        self,
        env_id: str,
        api_key: str,
        config: Config | None = None,
        activate: _Activate = False,
        ttl: float = 10.0,
        max_visitors: int = 1000,
    ) -> None: ...
    def get_metadata(self) -> Metadata: ...
    def initialize(self, evaluation_context: EvaluationContext) -> None: ...
    def shutdown(self) -> None: ...
    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]: ...
    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]: ...
    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]: ...
    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]: ...
    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]: ...
    # The details are the SDK's TrackingEventDetails, which its last release for Python 3.9 does not
    # have.
    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: Any = None,
    ) -> None: ...
