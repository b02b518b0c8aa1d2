# -*- coding: utf-8 -*-
"""examples/ecommerce, started as its users start it: the shop's pages, its QA panel, and what the
platform received."""
from __future__ import unicode_literals

import contextlib
import io
import json
import os
import re
import subprocess
import sys

import django
import pytest
import requests

from flagship.decision.compiled import Campaigns
from flagship.decision.evaluator import assign
from tests.support import ROOT, SLOW, WHOLE, eventually
from tests.test_quickstart import environment

if django.VERSION < (3, 2):
    pytest.skip("the demo needs Django 3.2, which Python 2.7 does not have",
                allow_module_level=True)
if not WHOLE:
    pytest.skip(SLOW, allow_module_level=True)

from html.parser import HTMLParser  # noqa: E402
from shutil import which as find_executable  # noqa: E402

ECOMMERCE = os.path.join(ROOT, "examples", "ecommerce")
FRENCH = "fr-FR,fr;q=0.9"
PHONE = ("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile "
         "Safari/537.36")
# What is logged of the addresses that tests ask for in vain, and of a panic.
EXPECTED = ("Not Found: /wishlist/", "Not Found: /thank-you/", "Bad Request: /qa/",
            "Forbidden (CSRF", "Not Found: /qa/results/",
            "WARNING flagship: The platform")
PAGES = ["", "shelf/cups/", "product/harbour-mug/", "wishlist/", "cart/", "login/"]
ADDRESS = {"name": "Ann Lee", "email": "ann@example.com", "street": "Rue 1", "postcode": "69001",
           "city": "Lyon", "country": "FR"}

with io.open(os.path.join(ECOMMERCE, "campaigns.json"), encoding="utf-8") as file:
    CAMPAIGNS = Campaigns(json.load(file))


def loaded(name):
    """A module of the demo, which is no package that one could import."""
    from importlib import util
    spec = util.spec_from_file_location("ecommerce_" + name, os.path.join(ECOMMERCE, name + ".py"))
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def started(tmp, *arguments, **variables):
    """The demo; what it writes to stderr is in ``tmp``/stderr, its own files are in ``tmp``/own."""
    own = str(tmp.ensure("own", dir=True))
    with io.open(str(tmp.join("stderr")), "w") as stderr:
        with loaded("running").running_demo(
                *arguments, stderr=stderr, env=environment(TMPDIR=own, **variables)) as demo:
            yield demo


@pytest.fixture(scope="module")
def demo(tmpdir_factory):
    """The demo in API mode. Each test comes with a cookie of its own, and so as somebody else."""
    tmp = tmpdir_factory.mktemp("demo")
    with started(tmp) as demo:
        yield demo
    assert complaints(tmp) == []


def complaints(tmp):
    return [line for line in tmp.join("stderr").read().splitlines()
            if not line.startswith(EXPECTED)]


class Guest(object):
    """Somebody with a browser that keeps cookies and follows redirects.

    :param str visitor_id: the cookie's id; None: the shop makes one.
    """

    def __init__(self, demo, visitor_id=None, **headers):
        self._demo, self._session = demo, requests.Session()
        self._session.trust_env = False
        self._session.headers["Accept-Language"] = FRENCH
        self._session.headers.update(
            {name.replace("_", "-"): value for name, value in headers.items()})
        if visitor_id:
            self._session.cookies.set("flagship_visitor", visitor_id, domain="127.0.0.1")

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._session.close()

    @property
    def id(self):
        return self._session.cookies["flagship_visitor"]

    def get(self, path="", status=200):
        return self._checked(self._session.get(self._demo.shop + path), status)

    def post(self, path, status=200, **fields):
        """Send a form, with the token that each page's forms have."""
        if "csrftoken" not in self._session.cookies:
            self.get("login/")
        fields["csrfmiddlewaretoken"] = self._session.cookies["csrftoken"]
        return self._checked(self._session.post(self._demo.shop + path, fields), status)

    def log_in(self, username, password):
        self.post("login/", username=username, password=password)

    @staticmethod
    def _checked(answer, status):
        assert answer.status_code == status, answer.text[:2000]
        return answer.text


@pytest.fixture
def guest(demo):
    """Makes Guests; their connections end with the test."""
    guests = []

    def guest(*arguments, **headers):
        guests.append(Guest(demo, *arguments, **headers))
        return guests[-1]
    yield guest
    for each in guests:
        each.__exit__()


@pytest.fixture
def received(demo):
    """What the emulator received of a visitor, by kind; deferred tracking takes a moment."""
    with requests.Session() as session:
        session.trust_env = False
        # Else each look is at what all tests sent.
        session.delete(demo.emulator + "/_emulator/received")

        def received(visitor_id, kind, count):
            """All of it, once there are so many."""
            def there():
                everything = session.get(demo.emulator + "/_emulator/received").json()[kind]
                return [each for each in everything if visitor_id in [
                    each.get(key) for key in ("vid", "cuid", "aid", "visitorId", "anonymousId")]]
            assert eventually(lambda: len(there()) >= count), (count, there())
            return there()
        yield received


def assigned(visitor_id, **context):
    """The ids of the variations that a visitor on a desktop in France gets."""
    context = dict({"sdk_deviceType": "desktop", "sdk_country": "FR", "sdk_deviceLanguage": "fr-FR",
                    "vip": False, "logged_in": False, "cart_value": 0.0}, **context)
    return [variation.id for variation in assign(CAMPAIGNS, visitor_id, context)]


def somebody(*variation_ids, **without):
    """An id that no other test has, of a visitor who gets these variations."""
    numbers = somebody.__dict__.setdefault("numbers", iter(range(10 ** 6)))
    return next("guest-%d" % number for number in numbers
                if set(variation_ids) <= set(assigned("guest-%d" % number, **without)))


def button(page):
    """The label and the colour of the product page's call to action."""
    return re.search(r'id="cta"[^>]*--cta: (#\w+)">([^<]*)<', page).groups()[::-1]


ORIGINAL, WARM = ("Add to cart", "#26221d"), ("Take it home", "#a3431f")


class TestPages:
    @pytest.mark.parametrize("path", PAGES)
    def test_a_page_is_one_synchronisation_and_one_page_hit(self, demo, guest, received, path):
        ann = guest(somebody())
        ann.get(path)
        hit, = received(ann.id, "hits", 1)
        assert (hit["t"], hit["dl"], hit["vid"]) == ("PAGEVIEW", demo.shop + path,
                                                     ann.id) and "cuid" not in hit
        for kind in ("decisions", "segments"):
            assert len(received(ann.id, kind, 1)) == 1

    def test_the_shop_gives_an_id_and_the_variation_stays(self, guest):
        ann = guest()
        seen = {button(ann.get("product/harbour-mug/")) + (ann.id,) for _ in range(3)}
        assert len(seen) == 1 and re.match("[0-9a-f-]{36}$", ann.id)

    @pytest.mark.parametrize("variation_id, shown",
                             [("cta-original", ORIGINAL), ("cta-warm", WARM)])
    def test_the_call_to_action(self, guest, received, variation_id, shown):
        """Each variation has its label and colour, and is activated once where it is shown and not
        elsewhere."""
        ann = guest(somebody(variation_id))
        ann.get("cart/")
        assert button(ann.get("product/moor-plate/")) == shown
        received(ann.id, "hits", 2)
        activations = [each["vaid"] for each in received(ann.id, "activations", 7)]
        assert activations.count(variation_id) == 1

    @pytest.mark.parametrize("variation_id, order", [
        ("menu-original", "Cups Table Pour Home"), ("menu-pour", "Pour Cups Home Table")])
    def test_the_order_of_the_menu(self, guest, variation_id, order):
        page = guest(somebody(variation_id)).get()
        assert re.findall(r'<li><a href="/shelf/\w+/">(\w+)</a>', page) == order.split()
        assert re.findall(r'<h2 id="shelf-\w+"><a [^>]+>(\w+)<', page) == order.split()

    def test_the_wishlist_is_where_its_flag_is(self, guest):
        ann, kim = guest(), guest(Accept_Language="ja-JP")
        ann.post("wishlist/reed-vase/", next="/wishlist/")
        assert "Reed vase" in ann.get("wishlist/")
        ann.post("wishlist/reed-vase/")
        assert "Nothing here yet" in ann.get("wishlist/")
        assert "Wishlist" not in kim.get("product/reed-vase/")
        kim.get("wishlist/", status=404)

    def test_every_page_is_accessible(self, guest):
        """Fields and buttons have names, pictures a text or none, ids are unique, and there is one
        heading."""
        ann = guest()
        ann.post("cart/harbour-mug/add/", quantity="2")
        for path in PAGES + ["checkout/", "qa/"]:
            page = Page(ann.get(path))
            assert page.problems() == [], path

    def test_nothing_comes_from_elsewhere(self, guest):
        """No page, style or drawing names another server."""
        ann = guest()
        for path in PAGES + ["qa/", "static/shop/shop.css", "static/shop/drawings.css",
                             "static/flagship_qa/qa.css", "static/flagship_qa/qa.js",
                             "static/qa/emulator.css", "static/qa/emulator.js"]:
            assert not re.search(r"""(src|href|url|import)[=( "']+(https?:)?//""",
                                 ann.get(path)), path


class Page(HTMLParser):
    """What a page's markup says to those who do not see it."""

    def __init__(self, page):
        HTMLParser.__init__(self)
        self._ids, self._labelled, self._fields = [], set(), []
        self._headings, self._missing = 0, []
        self._button = None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self._ids += [attributes["id"]] if "id" in attributes else []
        self._headings += tag == "h1"
        if tag == "label":
            self._labelled.add(attributes.get("for"))
        elif tag in ("input", "select") and attributes.get(
                "type") != "hidden" and "aria-label" not in attributes:
            self._fields.append(attributes.get("id"))
        elif tag == "button":
            self._button = attributes.get("aria-label", "")
        elif tag == "svg" and "aria-hidden" not in attributes and not attributes.get("aria-label"):
            self._missing.append("a picture without a text")
        elif tag == "html" and not attributes.get("lang"):
            self._missing.append("the language")

    def handle_data(self, data):
        if self._button is not None:
            self._button += data.strip()

    def handle_endtag(self, tag):
        if tag == "button":
            self._missing += [] if self._button else ["a button without a name"]
            self._button = None

    def problems(self):
        return (self._missing
                + ["no label: %s" % each for each in self._fields if each not in self._labelled]
                + ["twice: %s" % each for each in set(self._ids) if self._ids.count(each) > 1]
                + ([] if self._headings == 1 else ["%d h1" % self._headings]))


def without(hit, *keys):
    return {key: value for key, value in hit.items() if key not in keys + ("qt",)}


class TestBuying:
    def test_what_was_bought_is_reported(self, demo, guest, received):
        """A page view a page and none a form, an event for each addition, a transaction and its
        items, with the amounts that the pages show."""
        ann = guest(somebody("delivery-90"))
        ann.post("cart/harbour-mug/add/", quantity="2")
        ann.post("cart/pebble-espresso/add/", quantity="1")
        ann.post("cart/harbour-mug/change/", quantity="1")
        assert "€59.40" in ann.get("checkout/")  # 28 + 24.50 + 6.90
        thanks = ann.post("checkout/", **ADDRESS)
        number = re.search("MARL-[0-9A-F]{8}", thanks).group(0)
        ann.get("thank-you/")
        hits = [without(each) for each in received(ann.id, "hits", 12)]
        every = {"cid": "env", "ds": "APP", "vid": ann.id}

        def page(path):
            return {"t": "PAGEVIEW", "dl": demo.shop + path}
        assert hits == [dict(every, **each) for each in [
            page("login/"),
            {"t": "EVENT", "ec": "Action Tracking", "ea": "add-to-cart", "el": "MRL-101", "ev": 56},
            page("cart/"),
            {"t": "EVENT", "ec": "Action Tracking", "ea": "add-to-cart", "el": "MRL-102", "ev": 24},
            page("cart/"),
            page("cart/"), page("checkout/"),
            {"t": "TRANSACTION", "tid": number, "ta": "Purchase", "tr": 59.4, "ts": 6.9, "tt": 9.9,
             "tc": "EUR", "sm": "parcel", "pm": "demo", "icn": 2},
            {"t": "ITEM", "tid": number, "in": "Harbour mug", "ic": "MRL-101", "ip": 28.0, "iq": 1,
             "iv": "cups"},
            {"t": "ITEM", "tid": number, "in": "Pebble espresso cup", "ic": "MRL-102", "ip": 24.5,
             "iq": 1, "iv": "cups"},
            page("thank-you/"), page("thank-you/")]]
        assert "as empty as this bowl" in ann.get("cart/")

    def test_a_wrong_address_buys_nothing(self, guest):
        ann = guest()
        ann.post("cart/harbour-mug/add/", quantity="1")
        assert "This field is required." in ann.post("checkout/", **dict(ADDRESS, city=""))
        assert "€28" in ann.get("cart/")
        ann.get("thank-you/", status=404)

    def test_a_thank_you_page_is_its_buyers(self, guest):
        guest().get("thank-you/", status=404)

    @pytest.mark.parametrize("variation_id, there",
                             [("gift-note-on", True), ("gift-note-off", False), (None, False)])
    def test_the_gift_note_is_a_flag(self, guest, variation_id, there):
        if variation_id:
            ann = guest(somebody(variation_id, cart_value=58.0))
        else:
            ann = guest(next(each for each in iter(somebody, None) if not
                             {"gift-note-on", "gift-note-off"} & set(
                                 assigned(each, cart_value=58.0))))
        ann.post("cart/ferry-jug/add/", quantity="1")
        assert ("Gift note" in ann.get("checkout/")) is there

    @pytest.mark.parametrize("variation_id, cost",
                             [("delivery-90", "€6.90"), ("delivery-60", "Free")])
    def test_delivery_is_a_flag(self, guest, variation_id, cost):
        ann = guest(somebody(variation_id))
        ann.post("cart/reed-vase/add/", quantity="1")
        assert "<dt>Delivery</dt><dd>%s</dd>" % cost in ann.get("cart/")

    @pytest.mark.parametrize("quantity", ["-1", "13", "x", "", "0"])
    def test_no_quantity_breaks_the_cart(self, guest, quantity):
        ann = guest()
        ann.post("cart/reed-vase/add/", quantity=quantity)
        ann.post("cart/reed-vase/change/", quantity=quantity)
        assert ("as empty as" in ann.get("cart/")) is (quantity == "0")


class TestVisitor:
    def test_login_and_logout_keep_the_experience(self, guest, received):
        """The customer by itself would get the other variation; the reports name both, and after
        the logout one."""
        assert "cta-original" in assigned("user-2")
        noor = guest(somebody("cta-warm"))
        pages = [noor.get("product/ferry-jug/")]
        noor.log_in("noor", "salt-glaze")
        pages.append(noor.get("product/ferry-jug/"))
        noor.post("logout/")
        pages.append(noor.get("product/ferry-jug/"))
        assert [button(page) for page in pages] == [WARM] * 3
        assert ["Hello, " in page for page in pages] == [False, True, False]
        hits = [each for each in received(noor.id, "hits", 5) if each["dl"].endswith("ferry-jug/")]
        assert [(each["vid"], each.get("cuid")) for each in hits] == [
            (noor.id, None), (noor.id, "user-2"), (noor.id, None)]
        activations = [each for each in received(noor.id, "activations", 3)
                       if each["vaid"] == "cta-warm"]
        assert [(each["vid"], each.get("aid")) for each in activations] == [
            (noor.id, None), ("user-2", noor.id), (noor.id, None)]

    def test_a_friend_of_the_kiln(self, guest):
        camille = guest()
        assert "Open studio in Lyon" in camille.get()
        camille.log_in("camille", "kiln-and-clay")
        page = camille.get("product/ferry-jug/")
        assert "First out of the kiln" in page and "Delivery is on us" in page

    def test_a_wrong_password(self, guest):
        assert "Please enter a correct username and password" in guest().post(
            "login/", username="camille", password="no")

    @pytest.mark.parametrize("headers, expected", [
        ({}, ("desktop", "fr-FR", "FR")),
        ({"User_Agent": PHONE}, ("mobile", "fr-FR", "FR")),
        ({"User_Agent": "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) Mobile/15E148"},
         ("tablet", "fr-FR", "FR")),
        ({"Accept_Language": "de-DE,de"}, ("desktop", "de-DE", "DE")),
        ({"Accept_Language": "nl"}, ("desktop", "nl", "FR")),
        ({"CF_IPCountry": "JP"}, ("desktop", "fr-FR", "JP")),
        ({"X_Country": "us"}, ("desktop", "fr-FR", "US")),
        ({"X_Country": "XX"}, ("desktop", "fr-FR", "FR"))], ids=repr)
    def test_the_context_is_the_requests(self, guest, received, headers, expected):
        ann = guest(somebody(), **headers)
        ann.get()
        segment, = received(ann.id, "segments", 1)
        assert segment["s"] == dict(
            zip(("sdk_deviceType", "sdk_deviceLanguage", "sdk_country"), expected),
            vip=False, logged_in=False, cart_value=0.0)

    def test_the_country_that_was_chosen_counts_most(self, guest):
        ann = guest(X_Country="JP")
        assert "Packed for long ways" in ann.get()
        assert "Open studio in Lyon" in ann.post("country/", country="BE", next="/")
        ann.post("country/", country="nowhere", next="https://example.com/")
        assert "Open studio in Lyon" in ann.get()


def campaigns_on(page):
    """Campaign id to (outcome, variation id), as the QA panel shows them."""
    return {campaign: (outcome, variation) for campaign, outcome, variation in re.findall(
        r'data-campaign="([^"]+)" data-outcome="([^"]+)" data-variation="([^"]*)"', page)}


class TestQaPanel:
    def test_it_tells_what_a_visitor_gets_and_why(self, guest):
        ann = guest(somebody("cta-warm", "menu-original"))
        ann.get()
        page = guest().get("qa/?visitor=" + ann.id)
        shown = campaigns_on(page)
        assert shown["product-cta"] == ("assigned", "cta-warm")
        assert shown["menu-order"] == ("assigned", "menu-original")
        assert shown["gift-note"] == ("not targeted", "")
        assert "has <code>&quot;desktop&quot;</code>" in page
        assert "matches, but an earlier one does too" not in page
        assert "tells no reasons" in page and re.search(r"falls into bucket <strong>\d+</strong>",
                                                        page)

    def test_it_decides_for_anybody_and_any_context(self, guest, received):
        """It agrees with the platform's decision, and reports nothing: neither a hit nor a
        context."""
        qa, visitor_id = guest(), somebody("cta-original")
        context = {"sdk_country": "JP", "vip": True, "cart_value": 40, "sdk_deviceType": "mobile"}
        page = qa.post("qa/decision/", visitor=visitor_id, key=list(context), value=[
            json.dumps(each) for each in context.values()])
        got = [variation for _, variation in campaigns_on(page).values() if variation]
        expected = [variation.id for variation in assign(CAMPAIGNS, visitor_id, context)]
        assert sorted(got) == sorted(expected)
        assert received(visitor_id, "decisions", 0) == received(visitor_id, "hits", 0) == []

    def test_what_is_overridden_counts_in_the_shop_until_it_is_taken_back(self, guest, received):
        """For that browser alone, said on each page, and shown by the panel as by the shop."""
        ann, kim = guest(somebody("cta-original")), guest()
        panel = ann.post("qa/override/", visitor=ann.id, key="sdk_country", value="US", **{
            "force.product-cta": "cta-warm"})
        assert "(forced)" in panel and campaigns_on(panel)["product-cta"][1] == "cta-warm"
        page = ann.get("product/ferry-jug/")
        assert "Packed for long ways" in page and button(page) == WARM
        assert "Overridden in this browser" in page and "Overridden" not in kim.get()
        panel = ann.post("qa/override/", forget="")
        assert campaigns_on(panel)["product-cta"][1] == "cta-original" and "(forced)" not in panel
        page = ann.get("product/ferry-jug/")
        assert "Open studio in Lyon" in page and button(page) == ORIGINAL
        assert "cta-warm" not in [each["vaid"] for each in received(ann.id, "activations", 4)]

    def test_the_cached_assignment_is_told(self, guest):
        ann = guest(somebody("cta-warm"))
        ann.get()
        assert "The visitor cache has <code>cta-warm</code>" in guest().get("qa/?visitor=" + ann.id)

    def test_panic_gives_the_defaults_and_ends(self, guest):
        ann, qa = guest(somebody("cta-warm", "menu-pour")), guest()
        assert button(ann.get("product/ferry-jug/")) == WARM
        try:
            assert "is in panic" in qa.post("qa/panic/", panic="on", visitor=ann.id)
            page = ann.get("product/ferry-jug/")
            assert button(page) == ORIGINAL and "Open studio" not in page and "Wishlist" not in page
            assert re.findall(r'href="/shelf/(\w+)/"', page)[:4] == [
                "cups", "table", "pour", "home"]
        finally:
            qa.post("qa/panic/", panic="off")
        assert button(ann.get("product/ferry-jug/")) == WARM

    def test_the_live_list(self, guest, received):
        """Activations, context events and hits arrive once, in their order, with names that people
        know."""
        ann = guest(somebody("cta-warm"))
        ann.get("product/ferry-jug/")
        ann.post("cart/ferry-jug/add/", quantity="1")
        received(ann.id, "hits", 3)
        first = json.loads(ann.get("qa/received/"))
        lines = first["lines"]
        texts = [(each["kind"], each["text"]) for each in lines if each["visitor"] == ann.id]
        assert ("activation", "Product page: call to action: Warm and direct") in texts
        assert ("event", "add-to-cart, MRL-302, worth 58") in texts
        assert {"pageview", "context"} <= {kind for kind, _ in texts}
        assert ann.id in [each["visitor_id"] for each in first["visitors"]]
        assert first["panic"] is False
        bob = guest(somebody("cta-warm"))
        bob.get("product/ferry-jug/")
        received(bob.id, "hits", 1)
        rest = json.loads(ann.get("qa/received/?after=%d" % first["last"]))
        assert bob.id in [each["visitor"] for each in rest["lines"]]
        assert not [each for each in rest["lines"] if each in lines]
        ann.get("qa/received/?after=x", status=400)

    def test_it_is_there_for_the_demo_alone(self, tmpdir):
        """Not where DEBUG is off, and not in a shop that somebody runs otherwise."""
        code = ("import django, importlib, os\n"
                "django.setup()\n"
                "import store.settings, store.urls\n"
                "from django.conf import settings\n"
                "for demo, debug in ('11', '10', '01', '00'):\n"
                "    os.environ.update(SHOP_DEMO=demo, SHOP_DEBUG=debug)\n"
                "    settings.QA_PANEL = importlib.reload(store.settings).QA_PANEL\n"
                "    urls = importlib.reload(store.urls).urlpatterns\n"
                "    print(demo, debug, [str(each.pattern) for each in urls])\n")
        output = subprocess.check_output([sys.executable, "-W", "ignore", "-c", code],
                                         cwd=ECOMMERCE, env=environment(
                                             DJANGO_SETTINGS_MODULE="store.settings",
                                             SHOP_FOLDER=str(tmpdir),
                                             PYTHONPATH=os.pathsep.join([ROOT, ECOMMERCE])))
        assert output.decode("ascii").splitlines() == [
            "1 1 ['', 'qa/results/', 'qa/', 'qa/']", "1 0 ['']", "0 1 ['']", "0 0 ['']"]


@contextlib.contextmanager
def results_of(demo):
    """A function that asks one of the results' addresses, with the token that the page holds."""
    with requests.Session() as session:
        session.trust_env = False
        page = session.get(demo.shop + "qa/results/").text
        token = re.search('data-token="([^"]+)"', page).group(1)

        def ask(method, path, token=token, **options):
            return session.request(method, demo.shop + "qa/results/" + path,
                                   headers={"X-CSRFToken": token}, timeout=20, **options)
        yield ask


class TestResults:
    @pytest.fixture
    def ask(self, demo):
        with results_of(demo) as ask:
            yield ask

    def test_simulated_shoppers_are_counted_and_the_panel_leaves_them_out(self, ask, guest):
        """They go through the shop's own SDK, and pay what the shop asks."""
        assert ask("POST", "simulation/", json={"visitors": 150}).status_code == 200
        assert ask("POST", "simulation/", json={"visitors": 1}).status_code == 400
        assert eventually(lambda: not ask("GET", "numbers/").json()["simulation"]["running"], 60)
        shown = ask("GET", "numbers/").json()
        assert shown["simulation"]["done"] == 150 and shown["currencies"] == ["EUR"]
        tested, = [each for each in shown["experiments"] if each["group"] == "product-cta-all"]
        assert sum(each["visitors"] for each in tested["variations"]) >= 150
        assert sum(each["revenue"]["total"] for each in tested["variations"]) > 500
        assert "shopper-" not in json.dumps(json.loads(guest().get("qa/received/"))["lines"])

    def test_what_it_refuses(self, ask):
        """A page of another site, which has no token; what is no number; other files."""
        asked = {"visitors": 5}
        assert ask("POST", "simulation/", token="", json=asked).status_code == 403
        assert ask("DELETE", "simulation/", token="").status_code == 403
        for body in ({"visitors": 0}, {"visitors": "5"}, {}, [], 5):
            answer = ask("POST", "simulation/", json=body)
            assert answer.status_code == 400 and "visitors" in answer.json()["message"]
        assert ask("GET", "page.results.js").headers["Content-Type"] == "text/javascript"
        assert [ask("GET", each).status_code for each in ("page.html", "emulator.py")] == [404] * 2

    def test_a_simulation_is_cancelled(self, ask):
        assert ask("POST", "simulation/", json={"visitors": 100000}).status_code == 200
        assert ask("DELETE", "simulation/").status_code == 200
        assert eventually(lambda: not ask("GET", "numbers/").json()["simulation"]["running"])
        assert ask("GET", "numbers/").json()["simulation"]["cancelled"]


def polls(demo):
    """How often the demo's process asked for the bucketing file."""
    with requests.Session() as session:
        session.trust_env = False
        asked = session.get(demo.emulator + "/_emulator/received").json()["requests"]
    return sum(each["endpoint"] == "bucketing" for each in asked)


class TestStarting:
    def test_bucketing_mode(self, tmpdir):
        """The process decides and tells its own reasons; panic arrives and ends with the next poll;
        nothing is lost or left behind."""
        with started(tmpdir, "--mode", "bucketing") as demo:
            with Guest(demo, somebody("cta-warm")) as ann:
                assert button(ann.get("product/ferry-jug/")) == WARM
                ann.log_in("noor", "salt-glaze")
                assert button(ann.get("product/ferry-jug/")) == WARM
                page = ann.get("qa/?visitor=" + ann.id)
                assert "its own reasons" in page and campaigns_on(page)["product-cta"] == (
                    "assigned", "cta-warm")
                ann.post("qa/panic/", panic="on")
                assert eventually(lambda: button(ann.get("product/ferry-jug/")) == ORIGINAL)
                # What was queued waits for the panic's end; ended before, the demo would lose it.
                ann.post("qa/panic/", panic="off")
                # With the second poll from here the first was heeded. A page in between might
                # synchronise in the panic and read its flags after it, and rightly warn.
                begun = polls(demo)
                assert eventually(lambda: polls(demo) >= begun + 2)
                assert button(ann.get("product/ferry-jug/")) == WARM
            # A simulation ends with the demo, which waits for its shoppers' hits.
            with results_of(demo) as ask:
                assert ask("POST", "simulation/", json={"visitors": 100000}).status_code == 200
        assert demo.process.returncode == 0
        assert complaints(tmpdir) == [] and not tmpdir.join("own").listdir()

    def test_against_a_platform_that_does_not_answer(self, tmpdir):
        """The shop sells with its defaults, and the panel says what is not there."""
        variables = {"FLAGSHIP_ENV_ID": "some-environment", "FLAGSHIP_API_KEY": "s3cret-key"}
        with started(tmpdir, **variables) as demo:
            assert demo.emulator is None
            with Guest(demo) as ann:
                assert button(ann.get("product/ferry-jug/")) == ORIGINAL
                page = ann.get("qa/")
                assert "runs against the platform" in page and "Start a panic" not in page
                assert "your account's reports" in ann.get("qa/results/")
                assert json.loads(ann.get("qa/received/"))["lines"] == []
        assert "s3cret-key" not in tmpdir.join("stderr").read()

    def test_half_of_the_credentials(self):
        process = subprocess.Popen([sys.executable, os.path.join(ECOMMERCE, "manage.py"), "demo"],
                                   env=environment(FLAGSHIP_ENV_ID="some-environment"),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output, errors = process.communicate()
        assert (process.returncode, output) == (2, b"") and b"Set both" in errors

    def test_the_pictures_are_there(self):
        """Those that README.md and the demo's own name exist, have a text, and are small enough for
        a checkout."""
        pictures = set()
        for folder, number in ((ROOT, 4), (ECOMMERCE, 5)):
            with io.open(os.path.join(folder, "README.md"), encoding="utf-8") as file:
                named = re.findall(r"!\[([^\]]+)\]\(([^)]+\.webp)\)", file.read())
            assert len(named) == number
            pictures |= {os.path.abspath(os.path.join(folder, path)) for _, path in named}
        assert len(pictures) == 5 and sum(os.path.getsize(path) for path in pictures) < 500000

    def test_the_campaigns_are_whole(self):
        assert CAMPAIGNS.problems == () and CAMPAIGNS.count == 6


class TestBrowser:
    """What a customer does, in a real browser."""

    pytestmark = [
        pytest.mark.skipif(sys.version_info[:2] != (3, 11),
                           reason="a browser once is enough, on Python 3.11"),
        pytest.mark.skipif(not (find_executable("chromium") and find_executable("chromedriver")),
                           reason="there is no chromium with its chromedriver")]

    @pytest.fixture
    def chromium(self, tmpdir):
        """``(demo, driver, modules)`` of a demo of its own, so that every hit can be compared."""
        browser = loaded("browser")
        with started(tmpdir) as demo, browser.browser() as driver:
            yield demo, driver, browser
        assert complaints(tmpdir) == [] and not tmpdir.join("own").listdir()

    def test_a_customers_way(self, chromium):
        """The variation stays over reload and login, panic shows the defaults, each hit that the
        platform received is one that was due, and no page is wider than a phone."""
        demo, driver, browser = chromium
        find = driver.find_element

        def go(path):
            driver.get(demo.shop + path)

        def shown():
            """The call to action, as the browser paints it."""
            element = find("id", "cta")
            rgb = re.findall(r"\d+", element.value_of_css_property("background-color"))[:3]
            return element.text, "#%02x%02x%02x" % tuple(int(each) for each in rgb)

        def wait(selector):
            return browser.WebDriverWait(driver, browser.PATIENCE).until(
                lambda _: driver.find_elements("css selector", selector))[0]

        # Both customers of the demo would get the original by themselves.
        assert all("cta-original" in assigned("user-%d" % number) for number in (1, 2))
        for _ in range(50):
            go("product/harbour-mug/")
            if shown() == WARM:
                break
            assert shown() == ORIGINAL
            driver.delete_all_cookies()
        visitor_id = driver.get_cookie("flagship_visitor")["value"]
        driver.refresh()
        assert shown() == WARM and driver.get_cookie("flagship_visitor")["value"] == visitor_id

        browser.submit(driver, "#cta")
        assert "Harbour mug" in find("css selector", ".lines").text
        browser.submit(driver, "#to-checkout")
        browser.fill(driver, **{name: text for name, text in ADDRESS.items() if name != "country"})
        total = find("id", "total").text
        browser.submit(driver, "#place-order")
        number = find("id", "order-number").text
        assert find("id", "total").text == total == "€34.90"

        go("login/")
        browser.fill(driver, username="noor", password="salt-glaze")
        browser.submit(driver, "#log-in")
        assert "Noor" in find("css selector", ".own").text
        go("product/harbour-mug/")
        assert shown() == WARM

        go("qa/")
        assert find("id", "visitor").get_attribute("value") == "user-2"
        assert number in wait("[data-kind=transaction]").text
        assert wait("[data-campaign=product-cta]").get_attribute("data-variation") == "cta-warm"
        find("css selector", "[name='force.product-cta'] [value=cta-original]").click()
        wait("[data-campaign=product-cta][data-variation=cta-original]")
        country = find("css selector", "[aria-label='Value of sdk_country']")
        country.clear()
        country.send_keys("JP")
        wait("[data-campaign=banner][data-variation=banner-far-on]")
        browser.submit(driver, "[name=apply]")
        wait("#overridden")
        wait("[data-campaign=banner][data-variation=banner-far-on]")
        browser.submit(driver, "[name=forget]")
        assert not driver.find_elements("id", "overridden")
        wait("[data-campaign=banner][data-variation=banner-vip-on], [data-campaign=banner]:not("
             "[data-variation=banner-far-on])")
        browser.submit(driver, "#panic")
        assert find("id", "panic-state").get_attribute("data-panic") == "on"
        go("product/harbour-mug/")
        assert shown() == ORIGINAL
        go("qa/")
        browser.submit(driver, "#panic")
        go("product/harbour-mug/")
        assert shown() == WARM

        def page(path, **identity):
            return dict({"t": "PAGEVIEW", "dl": demo.shop + path}, **identity)

        def hits():
            with requests.Session() as session:
                session.trust_env = False
                everything = session.get(demo.emulator + "/_emulator/received").json()["hits"]
            return [without(hit, "cid", "ds", "vid")
                    for hit in everything if hit["vid"] == visitor_id]
        noor = {"cuid": "user-2"}
        due = [
            page("product/harbour-mug/"), page("product/harbour-mug/"),
            {"t": "EVENT", "ec": "Action Tracking", "ea": "add-to-cart", "el": "MRL-101", "ev": 28},
            page("cart/"), page("checkout/"),
            {"t": "TRANSACTION", "tid": number, "ta": "Purchase", "tr": 34.9, "ts": 6.9, "tt": 5.82,
             "tc": "EUR", "sm": "parcel", "pm": "demo", "icn": 1},
            {"t": "ITEM", "tid": number, "in": "Harbour mug", "ic": "MRL-101", "ip": 28.0, "iq": 1,
             "iv": "cups"},
            page("thank-you/"), page("login/"), page("", **noor),
            page("product/harbour-mug/", **noor), page("product/harbour-mug/", **noor)]
        assert eventually(lambda: len(hits()) >= len(due)) and hits() == due

        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True})
        for path in PAGES + ["qa/"]:
            go(path)
            assert driver.execute_script("return document.documentElement.scrollWidth") == 390, path
