"""Emulates the platform on loopback, for tests, demos and offline work::

    with Emulator("campaigns.json") as emulator:
        Flagship.instance().start(emulator.env_id, emulator.api_key, Config(**emulator.urls))
        ...
        assert emulator.hits == [...]

``python -m flagship.emulator --bucketing FILE`` runs it standalone.
"""
from flagship.emulator.emulator import Emulator
from flagship.emulator.platform import Request

__all__ = ["Emulator", "Request"]
