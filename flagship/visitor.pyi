from collections.abc import Mapping
from typing import Any, TypedDict, TypeVar, overload, type_check_only
from typing_extensions import Never

from flagship.context import _Context, _ContextValue, _Pair, _Pairs
from flagship.decision.explanation import Explanation
from flagship.decision.modification import Modification
from flagship.hits import Hit

_Outcome = tuple[bool, str]

_Value = TypeVar("_Value")

@type_check_only
class ModificationInfo(TypedDict):
    campaignId: str
    variationGroupId: str
    variationId: str
    isReference: bool

class Visitor:
    # For Flagship.create_visitor alone.
    def __init__(
        self,
        runtime: Any,
        visitor_id: str,
        authenticated: bool,
        context: _Context | _Pairs | None,
        has_consented: bool = True,
    ) -> None: ...
    @property
    def visitor_id(self) -> str: ...
    @property
    def anonymous_id(self) -> str | None: ...
    @property
    def has_consented(self) -> bool: ...
    def set_consent(self, has_consented: bool | None) -> None: ...
    @property
    def modifications(self) -> Mapping[str, Modification]: ...
    def get_selected_variations(self) -> list[str]: ...
    def get_context(self) -> dict[str, _ContextValue]: ...
    def update_context(
        self, context: _Context | _Pair | None, synchronize: object = False
    ) -> tuple[tuple[tuple[str, bool, str, None], ...], _Outcome | None]: ...
    def authenticate(
        self, visitor_id: str | None, context: _Context | None = None, synchronize: object = False
    ) -> None: ...
    def unauthenticate(self, context: _Context | None = None,
                       synchronize: object = False) -> None: ...
    def synchronize_modifications(self) -> _Outcome: ...

    # The type of the default, as a promise of the account: a value comes back as the platform gave
    # it. Of a subclass, an Enum or a Literal only the plain type is promised, as the platform knows
    # no other; an empty dict or list, and None, say nothing of what is in the value.
    @overload
    def get_modification(self, key: str, default_value: None, activate: object = False) -> Any: ...
    @overload
    def get_modification(self, key: str, default_value: bool, activate: object = False) -> bool: ...
    @overload
    def get_modification(self, key: str, default_value: int, activate: object = False) -> int: ...
    @overload
    def get_modification(self, key: str, default_value: float,
                         activate: object = False) -> float: ...
    @overload
    def get_modification(self, key: str, default_value: str, activate: object = False) -> str: ...
    @overload
    def get_modification(
        self, key: str, default_value: dict[Never, Never], activate: object = False
    ) -> dict[Any, Any]: ...
    @overload
    def get_modification(self, key: str, default_value: list[Never],
                         activate: object = False) -> list[Any]: ...
    @overload
    def get_modification(self, key: str, default_value: _Value,
                         activate: object = False) -> _Value: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: None, activate: object = False
    ) -> tuple[Any, bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: bool, activate: object = False
    ) -> tuple[bool, bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: int, activate: object = False
    ) -> tuple[int, bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: float, activate: object = False
    ) -> tuple[float, bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: str, activate: object = False
    ) -> tuple[str, bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: dict[Never, Never], activate: object = False
    ) -> tuple[dict[Any, Any], bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: list[Never], activate: object = False
    ) -> tuple[list[Any], bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: _Value, activate: object = False
    ) -> tuple[_Value, bool, str, _Outcome | None]: ...
    def get_modification_info(self, key: str) -> ModificationInfo | None: ...
    def to_json(self, with_ids: object = False) -> str: ...
    def explain(self, key: str | None = None) -> Explanation: ...
    def activate_modification(self, key: str) -> _Outcome: ...
    def send_hit(self, hit: Hit) -> _Outcome: ...

MAX_ID: int

FlagshipVisitor = Visitor

def read_id(function: str, value: object, events: Any) -> str: ...
def read_consent(function: str, value: object, events: Any) -> bool: ...
def new_id() -> str: ...
