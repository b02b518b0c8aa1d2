"""SECURITY.md says nothing that no test shows."""
import io
import os
import re

from tests.support import ROOT


def test_the_tests_that_the_threat_model_names_are_there():
    with io.open(os.path.join(ROOT, "SECURITY.md"), encoding="utf-8") as file:
        named = set(re.findall(r"`(test_\w+\.py|tests/\w+)`", file.read()))
    assert len(named) > 10
    for name in named:
        path = name if name.startswith("tests/") else "tests/" + name
        assert os.path.exists(os.path.join(ROOT, path)), name
