"""Whatever the world does to whichever endpoint: the call ends in time, says so once, and loses nothing."""
import sys

import pytest

from tests.faults.cells import ENDPOINTS, FAULTS, run

# A fault that only the time-out ends takes a second a cell, so those are for the oldest, the main and the newest.
WHOLE = sys.version_info[:2] in ((2, 7), (3, 6), (3, 11), (3, 13))


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.title)
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if WHOLE or not fault.slow], ids=lambda fault: fault.title)
def test_cell(endpoint, fault):
    assert run(endpoint, fault).problems == []
