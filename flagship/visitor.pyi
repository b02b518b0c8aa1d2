from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypedDict, TypeVar, overload, type_check_only
from typing_extensions import Never

from flagship.context import _Context, _ContextKey, _ContextValue
from flagship.decision.explanation import Explanation
from flagship.decision.modification import Modification
from flagship.hits import Hit

_Outcome = tuple[bool, str]

# A TypedDict is a dict when the program runs, but no dict to a checker.
@type_check_only
class _AnyTypedDict(Protocol):
    __total__: ClassVar[bool]
    __required_keys__: ClassVar[frozenset[str]]

_Value = TypeVar("_Value", bound=bool | int | float | str | dict[str, Any] | list[Any] | _AnyTypedDict | None)

@type_check_only
class ModificationInfo(TypedDict):
    campaignId: str
    variationGroupId: str
    variationId: str
    isReference: bool

class Visitor:
    # For Flagship.create_visitor alone.
    def __init__(self, runtime: Any, visitor_id: str, authenticated: bool, context: _Context | None) -> None: ...
    @property
    def visitor_id(self) -> str: ...
    @property
    def anonymous_id(self) -> str | None: ...
    @property
    def modifications(self) -> Mapping[str, Modification]: ...
    def get_context(self) -> dict[str, _ContextValue]: ...
    def update_context(
        self, context: _Context | tuple[_ContextKey, _ContextValue], synchronize: bool = False
    ) -> tuple[tuple[tuple[str, bool, str, None], ...], _Outcome | None]: ...
    def authenticate(self, visitor_id: str, context: _Context | None = None, synchronize: bool = False) -> None: ...
    def unauthenticate(self, context: _Context | None = None, synchronize: bool = False) -> None: ...
    def synchronize_modifications(self) -> _Outcome: ...

    # The type of the default, as a promise of the account: a value comes back as the platform gave
    # it. Of a subclass, an Enum or a Literal only the plain type is promised, as the platform knows
    # no other; an empty dict or list, and None, say nothing of what is in the value.
    @overload
    def get_modification(self, key: str, default_value: None, activate: bool = False) -> Any: ...
    @overload
    def get_modification(self, key: str, default_value: bool, activate: bool = False) -> bool: ...
    @overload
    def get_modification(self, key: str, default_value: int, activate: bool = False) -> int: ...
    @overload
    def get_modification(self, key: str, default_value: float, activate: bool = False) -> float: ...
    @overload
    def get_modification(self, key: str, default_value: str, activate: bool = False) -> str: ...
    @overload
    def get_modification(
        self, key: str, default_value: dict[Never, Never], activate: bool = False
    ) -> dict[Any, Any]: ...
    @overload
    def get_modification(self, key: str, default_value: list[Never], activate: bool = False) -> list[Any]: ...
    @overload
    def get_modification(self, key: str, default_value: _Value, activate: bool = False) -> _Value: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: None, activate: bool = False
    ) -> tuple[Any, bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: bool, activate: bool = False
    ) -> tuple[bool, bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: int, activate: bool = False
    ) -> tuple[int, bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: float, activate: bool = False
    ) -> tuple[float, bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: str, activate: bool = False
    ) -> tuple[str, bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: dict[Never, Never], activate: bool = False
    ) -> tuple[dict[Any, Any], bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: list[Never], activate: bool = False
    ) -> tuple[list[Any], bool, str, _Outcome | None]: ...
    @overload
    def get_modification_with_results(
        self, key: str, default_value: _Value, activate: bool = False
    ) -> tuple[_Value, bool, str, _Outcome | None]: ...
    def get_modification_info(self, key: str) -> ModificationInfo | None: ...
    def explain(self, key: str | None = None) -> Explanation: ...
    def activate_modification(self, key: str) -> _Outcome: ...
    def send_hit(self, hit: Hit) -> _Outcome: ...

FlagshipVisitor = Visitor

def new_id() -> str: ...
