"""examples/quickstart.py runs for somebody who has nothing but the package: no account, no
network."""
from __future__ import unicode_literals

import os
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


def test_it_fits_a_terminal(tour):
    """It is one screen that tells one story."""
    assert len(tour.splitlines()) <= 40 and max(map(len, tour.splitlines())) <= 80


def test_it_says_which_mode_and_which_platform(tour):
    assert tour.startswith(
        "API mode: the platform decides; here its emulator, with campaigns.json.")


def test_both_visitors_get_their_own_flags(tour):
    """Null gives the default and other values themselves."""
    guest, customer = tour.split("\n\n")[1:3]
    assert 'cta_label           null, so the shop\'s default: "Add to cart"' in guest
    assert 'cta_label           "Buy now"' in customer
    assert len(guest.splitlines()) == 8 and len(customer.splitlines()) == 11


def test_logging_in_keeps_the_experience(tour):
    assert "logs in as customer-1042,\nkeeps the variation of the button, and gets" in tour


def test_both_modes_agree(tour):
    assert tour.endswith("\n\nBUCKETING mode: this process decides, with the same campaigns.\n"
                         "Both visitors get the same flags.\n")


def test_the_platform_received_everything(tour):
    assert "The platform received 3 contexts, 9 activations and 5 hits:" in tour
    hits = tour.split(" hits:\n")[1].split("\n\n")[0]
    assert [line.split()[:2] for line in hits.splitlines()] == [
        ["PAGEVIEW", "guest-58207"], ["SCREENVIEW", "guest-58207"], ["EVENT", "customer-1042"],
        ["TRANSACTION", "customer-1042"], ["ITEM", "customer-1042"]]


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
    assert output.startswith("API mode: the real platform decides.")
    assert "Failed: " in errors and "Traceback" not in errors
    assert "s3cret-key" not in output + errors


def test_half_of_the_credentials_are_refused():
    status, output, errors = run(FLAGSHIP_ENV_ID="some-environment")
    assert (status, output) == (2, "")
    assert errors.strip() == "Set both FLAGSHIP_ENV_ID and FLAGSHIP_API_KEY, or neither."
