from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Protocol, TypeVar, type_check_only

_Key_co = TypeVar("_Key_co", covariant=True)
_Value_co = TypeVar("_Value_co", covariant=True)

# What a context holds, and what it is given: None is no value.
_ContextValue = str | bool | int | float
_GivenValue = str | float | Decimal | Fraction | None
_ContextKey = str | PresetContext

# Any mapping, whatever else its keys and values are: dict[str, int] is no
# Mapping[str | PresetContext, int], as keys are invariant.
@type_check_only
class _Mapping(Protocol[_Key_co, _Value_co]):
    def items(self) -> Iterable[tuple[_Key_co, _Value_co]]: ...

_Context = _Mapping[_ContextKey, _GivenValue]
_Pair = tuple[_ContextKey, _GivenValue]
_Pairs = Sequence[_Pair]

PRIVATE_PREFIX: str

class PresetContext(Enum):
    FS_ALL_USERS = "fs_all_users"
    FS_USERS = "fs_users"
    DEVICE_LOCALE = "sdk_deviceLanguage"
    DEVICE_TYPE = "sdk_deviceType"
    DEVICE_MODEL = "sdk_deviceModel"
    LOCATION_CITY = "sdk_city"
    LOCATION_REGION = "sdk_region"
    LOCATION_COUNTRY = "sdk_country"
    LOCATION_LAT = "sdk_lat"
    LOCATION_LONG = "sdk_long"
    IP = "sdk_ip"
    OS_NAME = "sdk_osName"
    OS_VERSION = "sdk_osVersion"
    API_LEVEL = "sdk_apiLevel"
    PYTHON_VERSION = "sdk_pythonVersion"
    CARRIER_NAME = "sdk_carrierName"
    DEV_MODE = "sdk_devMode"
    FIRST_TIME_INIT = "sdk_firstTimeInit"
    INTERNET_CONNECTION = "sdk_internetConnection"
    APP_VERSION_NAME = "sdk_versionName"
    APP_VERSION_CODE = "sdk_versionCode"
    FS_VERSION = "sdk_fsVersion"
    INTERFACE_NAME = "sdk_interfaceName"

def key_text(key: _ContextKey) -> str: ...
def checked_value(key: str, value: _GivenValue) -> _ContextValue: ...
def checked_pairs(
    function: str, pairs: Iterable[_Pair], events: Any
) -> tuple[dict[str, _ContextValue], tuple[tuple[str, bool, str, None], ...]]: ...
def plain_copy(context: object) -> dict[str, _ContextValue] | None: ...
def without_preset_keys(context: dict[str, _ContextValue]) -> dict[str, _ContextValue]: ...
def without_private_keys(context: dict[str, _ContextValue]) -> dict[str, _ContextValue]: ...
