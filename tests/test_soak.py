"""A short run of the soak: see benchmarks/soak.py."""
import pytest

from benchmarks.soak import problems, soak
from tests.support import SLOW, WHOLE

pytestmark = pytest.mark.skipif(not WHOLE, reason=SLOW)


@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
def test_soak(tracking):
    """Under random faults nothing raises or hangs, and what arrived and what was lost are what was
    sent."""
    report = soak(seconds=3, threads=8, tracking=tracking)
    assert problems(report, tracking) == []
    assert report["told"]["hits"][0] > 50
