"""examples/quickstart.py runs for somebody who has nothing but the package: no account, no
network."""
from __future__ import unicode_literals

import os
import re
import subprocess
import sys

import pytest
from tests.support import slow

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCRIPT = os.path.join(ROOT, "examples", "quickstart.py")


def environment(**variables):
    """This process's environment with no way out but loopback: every proxy is a port where nobody
    listens."""
    values = {name: value for name, value in os.environ.items()
              if "PROXY" not in name.upper() and not name.startswith("FLAGSHIP_")}
    values.update({"HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1",
                   "PYTHONPATH": ROOT})
    values.update(variables)
    return {str(name): str(value) for name, value in values.items()}


def run(script=SCRIPT, directory=None, **variables):
    """Run a script as a process of its own; ``(exit code, stdout, stderr)``."""
    process = subprocess.Popen([sys.executable, script], env=environment(**variables),
                               cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = process.communicate()
    return process.returncode, output.decode("utf-8"), errors.decode("utf-8", "replace")


@pytest.fixture(scope="module")
def tour():
    """What one good run printed."""
    status, output, errors = run()
    assert status == 0, errors
    return output


def lines(output, first):
    return [line for line in output.splitlines() if line.startswith(first)]


def test_it_says_which_mode_and_which_platform(tour):
    assert tour.startswith("API mode, on the emulator with campaigns.json.")


def test_both_visitors_get_flags_from_campaigns_and_variations(tour):
    flag = r" +\w+ +\S.* +c[0-9a-z]{19}  c[0-9a-z]{19}( \(reference\))?$"
    for visitor in ("guest-58207", "customer-1042"):
        assert [line for line in lines(tour, visitor) if re.match(visitor + flag, line)]


def test_null_gives_the_default_and_other_values_themselves(tour):
    assert lines(tour, "guest-58207    cta_label           null ")
    assert "guest-58207 sees the button: Add to cart" in tour
    assert "customer-1042 sees the button: Buy now" in tour


def test_logging_in_keeps_the_experience(tour):
    assert "guest-77129 logged in as customer-1042 and keeps the variation of the button." in tour


def test_both_modes_agree(tour):
    """Every flag of every visitor is the same in both modes, and is shown twice."""
    assert tour.splitlines()[-1] == "API and BUCKETING mode gave the same flags."
    assert len(lines(tour, "BUCKETING mode, on the emulator")) == 1
    in_api, in_bucketing = tour.split("BUCKETING mode, on the emulator")
    shown = [[line.split("  ", 1)[1].strip()
              for line in part.splitlines() if re.search(" c[0-9a-z]{19}", line)
              and not line.startswith("activation")] for part in (in_api, in_bucketing)]
    assert shown[0] == shown[1] and len(shown[0]) > 10


def test_the_platform_received_everything(tour):
    assert tour.count("The platform received 3 context events, 9 activations and 5 hits:") == 2
    assert len(lines(tour, "context ")) == 6
    assert len(lines(tour, "activation ")) == 18
    for visitor in ("guest-58207", r"customer-1042 \(guest-77129\)"):
        assert re.search("^activation +" + visitor, tour, re.MULTILINE)


@pytest.mark.parametrize("kind, visitor, fact", [
    ("PAGEVIEW", "guest-58207", "https://shop.example.com/shoes/trail-42"),
    ("SCREENVIEW", "guest-58207", "Size guide, 390x844, fr-BE"),
    ("EVENT", "customer-1042 (guest-77129)", "Action Tracking: add-to-cart, trail-42, 89"),
    ("TRANSACTION", "customer-1042 (guest-77129)", "order-20431, Purchase: 94.8 EUR"),
    ("ITEM", "customer-1042 (guest-77129)", "order-20431: 1 x Trail shoe 42"),
])
def test_each_kind_of_hit_arrived(tour, kind, visitor, fact):
    # In bucketing mode nobody logs in.
    for line, who in zip(lines(tour, kind + " "), (visitor, visitor.split("(")[-1].rstrip(")"))):
        assert line.split("  ")[-1].startswith(fact) and who in line
    assert len(lines(tour, kind + " ")) == 2


@slow
def test_two_runs_print_the_same(tour):
    assert run()[1] == tour


@slow
def test_it_leaves_no_file_behind(tmpdir):
    assert run(directory=str(tmpdir))[0] == 0
    assert not tmpdir.listdir()


def test_an_unreachable_platform_ends_it_with_a_clear_message():
    status, output, errors = run(FLAGSHIP_ENV_ID="some-environment", FLAGSHIP_API_KEY="s3cret-key")
    assert status == 1
    assert output.startswith("API mode, on the real platform.")
    assert "Failed: " in errors and "Traceback" not in errors
    assert "s3cret-key" not in output + errors


def test_half_of_the_credentials_are_refused():
    status, output, errors = run(FLAGSHIP_ENV_ID="some-environment")
    assert (status, output) == (2, "")
    assert errors.strip() == "Set both FLAGSHIP_ENV_ID and FLAGSHIP_API_KEY, or neither."
