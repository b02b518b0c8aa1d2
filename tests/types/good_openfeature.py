"""What a typed application does with the OpenFeature provider: accepted by the checkers, and it
runs."""
# OpenFeature is a namespace package, whose py.typed pyright does not look for.
# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import pathlib

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.provider import AbstractProvider

from flagship import Config
from flagship.contrib.openfeature import FlagshipProvider
from flagship.emulator import Emulator


def main(folder: pathlib.Path) -> None:
    FlagshipProvider()
    FlagshipProvider(activate=["label", "color"], ttl=0, max_visitors=10)
    with Emulator() as platform:
        config = Config(bucketing_file=None, **platform.urls)
        provider: AbstractProvider = FlagshipProvider(platform.env_id, platform.api_key, config,
                                                      activate=True)
        api.set_provider_and_wait(provider)
        try:
            label: str = api.get_client().get_string_value(
                "label", "Buy", EvaluationContext("ann", {"country": "FR"}))
            assert label == "Buy"
        finally:
            api.shutdown()
            api.clear_providers()
    details = FlagshipProvider().resolve_boolean_details("big", False, EvaluationContext("ann"))
    big: bool = details.value
    assert big is False and details.error_message
