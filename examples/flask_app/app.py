"""A page in Flask: the prices of Cairn, a map for walkers, and beside it what the SDK did for it.

    pip install "flagship[flask]"    # from a checkout: pip install ".[flask]"
    python examples/flask_app/app.py

It prints the address, on a free port unless one is given as an argument. Without further settings it brings its own
platform, the emulator with the campaigns below. With FLAGSHIP_ENV_ID and FLAGSHIP_API_KEY in the environment it talks to
the real platform instead, and the page shows what your campaigns say of the same flags.
"""
from __future__ import print_function, unicode_literals

import logging
import os
import sys

from flask import Flask, flash, jsonify, redirect, render_template_string, request, session, url_for
from werkzeug.serving import make_server

from flagship.contrib.flask import FlagshipExtension, current_visitor
from flagship.emulator import Emulator
from flagship.hits import Event, EventCategory, Item, Page, Transaction

COUNTRIES = ["BE", "FR", "GB", "US"]
SIGNS = {"EUR": "\u20ac", "GBP": "\u00a3", "USD": "$"}
PLANS = [
    {"key": "walker", "name": "Walker", "price": 0, "for": "Sundays nearby",
     "has": ["Maps of your region", "3 saved walks", "Compass"]},
    {"key": "hiker", "name": "Hiker", "price": 5, "for": "Weeks in the hills",
     "has": ["Maps of all countries", "Offline for 30 days", "Slopes and weather"]},
    {"key": "guide", "name": "Guide", "price": 12, "for": "Groups that count on you",
     "has": ["All that hikers have", "20 people on one map", "Emergency contact"]}]


def campaign(key, name, targeting, *variations):
    """A campaign as the bucketing file has it; a variation is ``(name, allocation, flags)``, the reference first."""
    criterion, value = targeting
    return {"id": key, "name": name, "type": "ab" if len(variations) > 1 else "perso", "variationGroups": [{
        "id": key + "-group",
        "targeting": {"targetingGroups": [{"targetings": [{"key": criterion, "operator": "EQUALS", "value": value}]}]},
        "variations": [{
            "id": "%s-%s" % (key, variation), "name": variation, "allocation": allocation, "reference": place == 0,
            "modifications": {"type": "JSON", "value": flags}}
            for place, (variation, allocation, flags) in enumerate(variations)]}]}


EVERYBODY = ("fs_all_users", "")
CAMPAIGNS = {"accountSettings": {"enabledXPC": True}, "campaigns": [
    campaign("headline", "What the page promises", EVERYBODY,
             ("original", 50, {"headline": None, "cta_label": None}),
             ("signal", 50, {"headline": "Leave the signal behind", "cta_label": "Try it for 30 days"})),
    campaign("plans", "Which plan stands out", EVERYBODY,
             ("hiker", 50, {"highlighted": "hiker", "accent": "#1f6f54"}),
             ("guide", 50, {"highlighted": "guide", "accent": "#b4532a"})),
    campaign("euro", "Euro countries", ("country", ["BE", "FR"]), ("euro", 100, {"currency": "EUR"})),
    campaign("britain", "Britain", ("country", "GB"),
             ("pound", 100, {"currency": "GBP", "banner": "New: all 214 Wainwrights, with the paths up"})),
    campaign("students", "Half the price for students", ("student", True),
             ("half", 100, {"discount_percent": 50, "banner": "Students walk for half the price"}))]}


def context_of(request):
    """What the visitor's campaigns may ask for."""
    return {"country": session.get("country", "FR"), "student": session.get("student", False)}


def user_of(request):
    """Who is logged in."""
    return session.get("user")


def create_app(env_id, api_key, options=None, emulator=None):
    """The application.

    :param emulator: the platform, where it is the emulator, to show what it receives.
    """
    app = Flask(__name__)
    app.secret_key = os.urandom(16)  # sessions end with the process
    app.config.update(FLAGSHIP_ENV_ID=env_id, FLAGSHIP_API_KEY=api_key, FLAGSHIP_OPTIONS=options or {})
    FlagshipExtension(app, context=context_of, user_id=user_of)

    @app.route("/")
    def prices():
        current_visitor.send_hit(Page(request.base_url))
        percent = current_visitor.get_modification("discount_percent", 0)
        plans = [dict(plan, price=plan["price"] * (100 - percent) / 100.0) for plan in PLANS]
        return render_template_string(
            PAGE, plans=plans, visitor=current_visitor, countries=COUNTRIES, context=context_of(request), signs=SIGNS,
            received=received_lines(emulator), on_emulator=emulator is not None)

    @app.route("/choose/<key>", methods=["POST"])
    def choose(key):
        plan = {plan["key"]: plan for plan in PLANS}[key]
        price = plan["price"] * (100 - current_visitor.get_modification("discount_percent", 0)) / 100.0
        order = "order-%s" % os.urandom(4).hex() if hasattr(b"", "hex") else "order-%d" % os.getpid()
        current_visitor.send_hit(Event(EventCategory.ACTION_TRACKING, "choose-plan").with_event_label(key))
        current_visitor.send_hit(Transaction(order, "Plan").with_total_revenue(price).with_item_count(1)
                                 .with_currency(current_visitor.get_modification("currency", "USD")))
        current_visitor.send_hit(Item(order, plan["name"], key).with_price(price).with_item_quantity(1))
        flash("Welcome on the path: %s is yours." % plan["name"])
        return redirect(url_for("prices"))

    @app.route("/context", methods=["POST"])
    def context():
        if request.form.get("country") in COUNTRIES:
            session["country"] = request.form["country"]
        session["student"] = "student" in request.form
        return redirect(url_for("prices"))

    @app.route("/login", methods=["POST"])
    def login():
        session["user"] = "customer-1042"
        return redirect(url_for("prices"))

    @app.route("/logout", methods=["POST"])
    def logout():
        session.pop("user", None)
        return redirect(url_for("prices"))

    @app.route("/new", methods=["POST"])
    def somebody_else():
        session.clear()
        response = redirect(url_for("prices"))
        response.delete_cookie("flagship_visitor")
        return response

    @app.route("/received")
    def received():
        return jsonify(received_lines(emulator))

    return app


def received_lines(emulator):
    """What the emulator got of hits and activations, the newest first: ``[kind, text]`` each."""
    if emulator is None:
        return []
    lines = [["ACTIVATION", each["vaid"]] for each in emulator.activations]
    facts = {"PAGEVIEW": "{dl}", "EVENT": "{ea}: {el}", "TRANSACTION": "{tid}: {tr} {tc}", "ITEM": "{in}"}
    lines += [[hit["t"], facts[hit["t"]].format(**hit)] for hit in emulator.hits]
    return lines


PAGE = """<!doctype html>
"""


def main(arguments):
    env_id, api_key = os.environ.get("FLAGSHIP_ENV_ID"), os.environ.get("FLAGSHIP_API_KEY")
    if bool(env_id) != bool(api_key):
        print("Set both FLAGSHIP_ENV_ID and FLAGSHIP_API_KEY, or neither.", file=sys.stderr)
        return 2
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    port = int(arguments[0]) if arguments else 0
    if env_id:
        return serve(create_app(env_id, api_key), port, "the real platform")
    # requests would send loopback addresses through a proxy too, where the environment names one.
    os.environ["no_proxy"] = Emulator.host
    with Emulator(CAMPAIGNS) as emulator:
        app = create_app(emulator.env_id, emulator.api_key, dict(emulator.urls), emulator)
        return serve(app, port, "the emulator")


def serve(app, port, platform):
    server = make_server("127.0.0.1", port, app, threaded=True)
    print("Cairn is on http://127.0.0.1:%d/ with flags of %s. Ctrl-C ends it." % (server.server_port, platform))
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
