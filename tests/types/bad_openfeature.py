"""Mistakes with the OpenFeature provider that the checkers must find."""
from __future__ import annotations

from openfeature import api

from flagship import Config
from flagship.contrib.openfeature import FlagshipProvider


def providers(provider: FlagshipProvider) -> None:
    FlagshipProvider("env")  # error
    FlagshipProvider(api_key="key")  # error
    FlagshipProvider(config=Config())  # error
    FlagshipProvider("env", "key", {"timeout": 1})  # error
    FlagshipProvider(activate="label")  # error
    FlagshipProvider(activate=1)  # error
    FlagshipProvider(ttl="10")  # error
    FlagshipProvider(max_visitors=1.5)  # error
    FlagshipProvider(time_to_live=10)  # error
    api.set_provider(FlagshipProvider)  # error
    provider.resolve_boolean_details("big", "no")  # error
    number: int = provider.resolve_string_details("label", "Buy").value  # error
