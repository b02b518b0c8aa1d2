"""examples/flask_app runs for somebody who has nothing but the package and Flask: no account, no
network."""
from __future__ import unicode_literals

import contextlib
import os
import re
import subprocess
import sys

import pytest
import requests

from tests.test_quickstart import ROOT, environment

SCRIPT = os.path.join(ROOT, "examples", "flask_app", "app.py")


@contextlib.contextmanager
def running(**variables):
    """The address of the example, as it prints it."""
    path = os.pathsep.join([ROOT] + [each for each in sys.path if each])
    process = subprocess.Popen([sys.executable, SCRIPT], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT,
                               env=environment(PYTHONPATH=path, NO_PROXY="127.0.0.1", **variables))
    try:
        line = process.stdout.readline().decode("utf-8")
        assert "http://127.0.0.1:" in line, line + process.stdout.read().decode("utf-8")
        yield re.search("http://[0-9.:]+/", line).group()
    finally:
        process.terminate()
        output = process.communicate()[0].decode("utf-8")
    assert "Traceback" not in output, output


@pytest.fixture(scope="module")
def address():
    with running() as address:
        yield address


@pytest.fixture
def browser(address):
    """Asks a page, or sends a form where there is one; the text that comes after redirections."""
    with requests.Session() as session:
        def browser(path="", form=None):
            answer = session.get(address + path) if form is None else session.post(
                address + path, data=form)
            assert answer.status_code == 200, answer.text
            return answer.text
        browser.session = session
        yield browser


def flags(page):
    """What the page's panel lists, key to JSON text."""
    return dict(re.findall("<dt><code>(.+?)</code> <code>(.+?)</code></dt>", page))


def one(pattern, page):
    return re.search(pattern, page).group(1)


def test_a_visitor_keeps_its_page(browser):
    first, again = browser(), browser()
    assert flags(first) == flags(again) and one('id="visitor">(.+?)<', first) == one(
        'id="visitor">(.+?)<', again)
    assert one("<h1.*?>(.+?)<", first) in ("The map that knows the way home",
                                           "Leave the signal behind")
    assert flags(first)["currency"] == "&#34;EUR&#34;" or flags(first)["currency"] == '"EUR"'


def test_logging_in_keeps_the_experience(browser):
    guest = browser()
    customer, after = browser("login", {}), browser("logout", {})
    assert one('id="visitor">(.+?)<', customer) == "customer-1042"
    assert one('id="anonymous">(.+?)<', customer) == one('id="visitor">(.+?)<', guest)
    assert flags(guest) == flags(customer) == flags(after)


def test_the_context_decides(browser):
    """Euros in France, pounds in Britain, half the price for students."""
    assert re.findall('class="price">(.+?) <', browser()) == ["\u20ac0", "\u20ac5", "\u20ac12"]
    british = browser("context", {"country": "GB"})
    assert re.findall('class="price">(.+?) <', british) == ["\u00a30", "\u00a35", "\u00a312"]
    assert one('class="banner">(.+?)<', british).startswith("New: all 214 Wainwrights")
    student = browser("context", {"country": "US", "student": "on"})
    assert re.findall('class="price">(.+?) <', student) == ["$0", "$2.50", "$6"]


def test_somebody_else_is_another_visitor(browser):
    before = one('id="visitor">(.+?)<', browser())
    assert one('id="visitor">(.+?)<', browser("new", {})) != before


def test_the_page_shows_what_the_platform_received(browser, address):
    """A choice of a plan is an event, a transaction and an item, between two decisions."""
    browser()
    assert "Hiker is yours" in browser("choose/hiker", {})
    kinds = [kind for kind, _ in browser.session.get(address + "received").json()]
    assert kinds[:12] == ["activation", "activation", "pageview", "decision", "item", "transaction",
                          "event", "decision", "activation", "activation", "pageview", "decision"]


def test_with_credentials_it_asks_the_real_platform():
    """Which nobody reaches here: the page shows its defaults all the same."""
    with running(FLAGSHIP_ENV_ID="env", FLAGSHIP_API_KEY="key") as address:
        page = requests.get(address).text
    assert one("<h1.*?>(.+?)<", page) == "The map that knows the way home"
    assert flags(page) == {} and "your account" in page and 'id="received"' not in page


def test_half_a_pair_of_credentials_is_refused():
    process = subprocess.Popen([sys.executable, SCRIPT], env=environment(FLAGSHIP_ENV_ID="env"),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output = process.communicate()
    assert process.returncode == 2, output
    assert b"both FLAGSHIP_ENV_ID and FLAGSHIP_API_KEY" in output[1], output
