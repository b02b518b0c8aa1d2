"""The platform on loopback, for tests, demos and work without a network::

    with Emulator("campaigns.json") as emulator:
        Flagship.instance().start(emulator.env_id, emulator.api_key, Config(**emulator.urls))
        ...
        assert emulator.hits == [...]

``python -m flagship.emulator --bucketing FILE`` runs it alone.
"""
from flagship.emulator.faults import Fault
from flagship.emulator.platform import Request
from flagship.emulator.server import Emulator

__all__ = ["Emulator", "Fault", "Request"]
