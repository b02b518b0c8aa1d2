from collections.abc import Iterable
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

def settings_and_problems() -> tuple[Any, list[Error]]: ...
def check_overrides(
    app_configs: Iterable[AppConfig] | None = None, **options: Any
) -> list[CheckMessage]: ...
def check_platform(
    app_configs: Iterable[AppConfig] | None = None, **options: Any
) -> list[CheckMessage]: ...
def check_settings(
    app_configs: Iterable[AppConfig] | None = None, **options: Any
) -> list[CheckMessage]: ...
