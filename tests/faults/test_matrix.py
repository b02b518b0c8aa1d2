"""Whatever the world does to whichever endpoint: the call ends in time, says so once, and loses
nothing."""
import pytest

from tests.faults.cells import ENDPOINTS, FAULTS, run
from tests.support import WHOLE


# A fault that only the time-out ends takes a second a cell.
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.title)
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if WHOLE or not fault.slow],
                         ids=lambda fault: fault.title)
def test_cell(endpoint, fault):
    assert run(endpoint, fault).problems == []
