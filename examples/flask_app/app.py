"""A page in Flask: the prices of Cairn, a map for walkers, and beside it what the SDK did for it.

    python -m pip install ".[flask]"    # in the checkout
    python examples/flask_app/app.py

It prints the address, on a free port unless one is given as an argument. Without further settings
it brings its own platform, the emulator with the campaigns below. With FLAGSHIP_ENV_ID and
FLAGSHIP_API_KEY in the environment it talks to the real platform instead, and the page shows what
your campaigns say of the same flags.
"""
from __future__ import print_function, unicode_literals

import json
import logging
import os
import sys
import uuid

try:
    from flask import (Flask, flash, jsonify, redirect, render_template_string, request, session,
                       url_for)
    from werkzeug.serving import make_server

    from flagship.contrib.flask import FlagshipExtension, current_visitor
    from flagship.emulator import Emulator
    from flagship.hits import Event, EventCategory, Item, Page, Transaction
except ImportError as missing:
    sys.exit("Flask or the SDK is not installed for this Python: python -m pip install "
             "\".[flask]\" in the checkout does it (%s)." % missing)

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
    """A campaign as the bucketing file has it; a variation is ``(name, allocation, flags)``, the
    reference first."""
    criterion, value = targeting
    return {"id": key, "name": name, "type": "ab" if len(variations) > 1 else "perso",
            "variationGroups": [{
                "id": key + "-group",
                "targeting": {"targetingGroups": [
                    {"targetings": [{"key": criterion, "operator": "EQUALS", "value": value}]}]},
                "variations": [{
                    "id": "%s-%s" % (key, variation), "name": variation, "allocation": allocation,
                    "reference": place == 0, "modifications": {"type": "JSON", "value": flags}}
                    for place, (variation, allocation, flags) in enumerate(variations)]}]}


EVERYBODY = ("fs_all_users", "")
CAMPAIGNS = {"accountSettings": {"enabledXPC": True}, "campaigns": [
    campaign("headline", "What the page promises", EVERYBODY,
             ("original", 50, {"headline": None, "cta_label": None}),
             ("signal", 50,
              {"headline": "Leave the signal behind", "cta_label": "Try it for 30 days"})),
    campaign("plans", "Which plan stands out", EVERYBODY,
             ("hiker", 50, {"highlighted": "hiker", "accent": "#1f6f54"}),
             ("guide", 50, {"highlighted": "guide", "accent": "#b4532a"})),
    campaign("euro", "Euro countries", ("country", ["BE", "FR"]),
             ("euro", 100, {"currency": "EUR"})),
    campaign("britain", "Britain", ("country", "GB"),
             ("pound", 100,
              {"currency": "GBP", "banner": "New: all 214 Wainwrights, with the paths up"})),
    campaign("students", "Half the price for students", ("student", True),
             ("half", 100,
              {"discount_percent": 50, "banner": "Students walk for half the price"}))]}


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
    app.config.update(FLAGSHIP_ENV_ID=env_id, FLAGSHIP_API_KEY=api_key,
                      FLAGSHIP_OPTIONS=options or {})
    FlagshipExtension(app, context=context_of, user_id=user_of)

    @app.route("/")
    def prices():
        current_visitor.send_hit(Page(request.base_url))
        percent = current_visitor.get_modification("discount_percent", 0)
        plans = [dict(plan, price=plan["price"] * (100 - percent) / 100.0) for plan in PLANS]
        return render_template_string(
            PAGE, plans=plans, visitor=current_visitor, countries=COUNTRIES,
            context=context_of(request), signs=SIGNS,
            user=user_of(request), on_emulator=emulator is not None)

    @app.route("/choose/<key>", methods=["POST"])
    def choose(key):
        plan = {plan["key"]: plan for plan in PLANS}[key]
        price = plan["price"] * (
            100 - current_visitor.get_modification("discount_percent", 0)) / 100.0
        order = "order-%s" % uuid.uuid4().hex[:6]
        current_visitor.send_hit(
            Event(EventCategory.ACTION_TRACKING, "choose-plan").with_event_label(key))
        current_visitor.send_hit(
            Transaction(order, "Plan").with_total_revenue(price).with_item_count(1)
            .with_currency(current_visitor.get_modification("currency", "USD")))
        current_visitor.send_hit(
            Item(order, plan["name"], key).with_price(price).with_item_quantity(1))
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
    """What the emulator accepted, the newest first: ``[kind, text]`` each."""
    lines = []
    for each in emulator.requests[-50:] if emulator else ():
        sent = each.json()
        if each.endpoint == "campaigns":
            lines.append(["decision", json.dumps(sent["context"], sort_keys=True)])
        elif each.endpoint == "activate":
            lines.append(["activation", sent["vaid"]])
        elif each.endpoint == "hit":
            lines.append([sent["t"].lower(), FACTS.get(sent["t"], "").format(**sent)])
    return lines[:-15:-1]


# By the names that the facts of hits have on the wire.
FACTS = {"PAGEVIEW": "{dl}", "EVENT": "{ea}: {el}", "TRANSACTION": "{tid}, {tr} {tc}",
         "ITEM": "{in} for {tid}"}

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cairn: prices</title>
<link rel="icon" href="data:,">
<style>
:root { --accent: {{ flag('accent', '#1f6f54') }}; --ink: #1d2b26; --soft: #5d6b65;
  --paper: #faf8f3; --line: #e2ddd0 }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); display: grid; min-height: 100vh;
  font: 16px/1.5 system-ui, "Segoe UI", Helvetica, sans-serif;
  grid-template-columns: minmax(0, 1fr) 23rem }
button, select { font: inherit; color: inherit }
.banner { background: var(--accent); color: #fff; text-align: center; padding: .5rem 1rem;
  font-size: .95rem }
header { display: flex; align-items: center; justify-content: space-between; gap: 1rem;
  padding: 1.2rem 3rem }
.brand { display: flex; align-items: center; gap: .6rem; font: 600 1.4rem Georgia, serif }
.brand svg { width: 2rem; height: 2rem }
.quiet { background: none; border: 1px solid var(--line); border-radius: 2rem;
  padding: .35rem 1.1rem; cursor: pointer }
.quiet:hover { border-color: var(--accent) }
.hero { position: relative; padding: 2.2rem 3rem 10.5rem; overflow: hidden }
.hero h1 { font: 600 clamp(2rem, 4.4vw, 3.4rem)/1.1 Georgia, serif; margin: 0 0 .6rem;
  max-width: 14em }
.hero p { margin: 0; color: var(--soft); max-width: 34em; font-size: 1.1rem }
.hero svg { position: absolute; inset: auto 0 0 0; width: 100%; height: 9rem }
.thanks { margin: 0 3rem 1rem; padding: .7rem 1rem; border-left: 4px solid var(--accent);
  background: #fff }
.plans { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1.2rem;
  padding: 0 3rem 3rem; margin-top: -5rem; position: relative; align-items: end }
.plan { background: #fff; border: 1px solid var(--line); border-radius: 1rem;
  padding: 1.5rem 1.4rem; display: flex; flex-direction: column;
  box-shadow: 0 8px 24px rgba(29, 43, 38, .07) }
.plan h2 { margin: 0; font: 600 1.35rem Georgia, serif }
.plan .for { color: var(--soft); margin: 0 0 .8rem }
.plan .price { font-size: 2.3rem; font-weight: 650; line-height: 1.1 }
.plan .price small { font-size: .9rem; font-weight: 400; color: var(--soft) }
.plan ul { list-style: none; padding: 0; margin: 1rem 0 1.3rem }
.plan li { padding: .3rem 0 .3rem 1.6rem; position: relative; border-top: 1px solid #f1eee5 }
.plan li::before { content: ""; position: absolute; left: .3rem; top: .72rem; width: .65rem;
  height: .3rem; border: solid var(--accent); border-width: 0 0 2px 2px; transform: rotate(-45deg) }
.plan button { width: 100%; border: 2px solid var(--accent); border-radius: .6rem;
  background: none; padding: .65rem; color: var(--accent); font-weight: 600; cursor: pointer }
.plan.high { border: 2px solid var(--accent); padding-bottom: 2.2rem }
.plan.high button { background: var(--accent); color: #fff }
.mark { align-self: flex-start; background: var(--accent); color: #fff; border-radius: 1rem;
  padding: .1rem .8rem; font-size: .8rem; margin-bottom: .6rem }
aside { background: #14201c; color: #d8e2dc; padding: 1.5rem 1.4rem; font-size: .9rem }
aside h2 { font-size: .78rem; letter-spacing: .09em; text-transform: uppercase; color: #8fa79c;
  margin: 1.6rem 0 .5rem }
aside h2:first-child { margin-top: 0 }
aside code { font: .82rem ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere }
aside .id { display: block; background: #1e2e28; padding: .5rem .7rem; border-radius: .5rem;
  margin-bottom: .4rem }
aside .row { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin-top: .5rem }
aside button, aside select { background: #243a32; border: 1px solid #35524a; border-radius: .5rem;
  padding: .35rem .8rem }
aside button { cursor: pointer }
aside button:hover { background: #2d493f }
aside dl { margin: 0 }
aside dt { display: flex; justify-content: space-between; gap: .8rem; padding-top: .4rem;
  border-top: 1px solid #22342d }
aside dt code:first-child { flex: none }
aside dt code { text-align: right }
aside dd { margin: 0 0 .4rem; color: #8fa79c; font-size: .8rem }
ol { list-style: none; margin: 0; padding: 0 }
ol li { display: grid; grid-template-columns: 6.2rem 1fr; gap: .5rem; padding: .3rem 0;
  border-top: 1px solid #22342d }
ol b { font: 600 .72rem/1.6 ui-monospace, Menlo, Consolas, monospace; color: #e0b36a }
ol span { word-break: break-word; font-size: .82rem }
@media (max-width: 75rem) { body { grid-template-columns: minmax(0, 1fr) } }
@media (max-width: 46rem) {
  header, .hero { padding-left: 1.2rem; padding-right: 1.2rem }
  .plans { grid-template-columns: minmax(0, 1fr); padding: 0 1.2rem 2rem }
  .plan.high { order: -1; padding-bottom: 1.5rem }
  .thanks { margin: 0 1.2rem 1rem }
}
</style>
</head>
<body>
<main>
  {% set banner = flag('banner', '') %}
  {% if banner %}<div class="banner">{{ banner }}</div>{% endif %}
  <header>
    <div class="brand"><svg viewBox="0 0 32 32" aria-hidden="true"><g fill="var(--accent)">
      <ellipse cx="16" cy="26" rx="13" ry="4.5"/><ellipse cx="17" cy="17.5" rx="9" ry="4"/>
      <ellipse cx="15.5" cy="10" rx="6" ry="3.3"/><ellipse cx="16.5" cy="4" rx="3.4" ry="2.3"/>
      </g></svg>Cairn</div>
    <form method="post" action="{{ url_for('logout' if user else 'login') }}">
      <button class="quiet" id="log">{{ 'Log out' if user else 'Log in' }}</button></form>
  </header>
  {% for message in get_flashed_messages() %}<p class="thanks">{{ message }}</p>{% endfor %}
  <section class="hero">
    <h1 id="headline">{{ flag('headline', 'The map that knows the way home', activate=True) }}</h1>
    <p>Paths, water and huts of the places where you walk, on your telephone, with no bar of
      reception.</p>
    <svg viewBox="0 0 1200 180" preserveAspectRatio="none" aria-hidden="true">
      <path fill="#dfe6da"
            d="M0 120 L150 50 L260 105 L420 20 L560 110 L700 60 L860 125 L1010 40 L1200 120
               V180 H0Z"/>
      <path fill="#b9cbb9"
            d="M0 150 L120 100 L300 140 L470 85 L640 150 L820 95 L980 150 L1110 105 L1200 140
               V180 H0Z"/>
      <path fill="var(--accent)" opacity=".85"
            d="M0 172 L200 140 L380 168 L600 138 L790 170 L1000 142 L1200 168 V180 H0Z"/>
    </svg>
  </section>
  {% set highlighted = flag('highlighted', 'hiker', activate=True) %}
  {% set sign = signs.get(flag('currency', 'USD'), '$') %}
  <section class="plans">
    {% for plan in plans %}
    <form class="plan{{ ' high' if plan.key == highlighted }}" method="post"
          action="{{ url_for('choose', key=plan.key) }}">
      {% if plan.key == highlighted %}<span class="mark">Most walkers take this</span>{% endif %}
      <h2>{{ plan.name }}</h2>
      <p class="for">{{ plan['for'] }}</p>
      {% set form = '%.2f' if plan.price % 1 else '%d' %}
      <div class="price">{{ sign }}{{ form % plan.price }} <small>a month</small></div>
      <ul>{% for each in plan.has %}<li>{{ each }}</li>{% endfor %}</ul>
      <button>{{ flag('cta_label', 'Start walking') if plan.price else 'Walk for free' }}</button>
    </form>
    {% endfor %}
  </section>
</main>
<aside>
  <h2>Visitor</h2>
  <code class="id" id="visitor">{{ visitor.visitor_id }}</code>
  {% if visitor.anonymous_id %}
  before: <code id="anonymous">{{ visitor.anonymous_id }}</code>
  {% endif %}
  <form method="post" action="{{ url_for('context') }}" class="row">
    <select name="country" onchange="this.form.submit()" aria-label="Country">
      {% for each in countries %}
      <option{{ ' selected' if each == context.country }}>{{ each }}</option>
      {% endfor %}
    </select>
    <label><input type="checkbox" name="student" onchange="this.form.submit()"
                  {{ 'checked' if context.student }}> student</label>
    <noscript><button>Apply</button></noscript>
  </form>
  <form method="post" action="{{ url_for('somebody_else') }}" class="row">
    <button>Be somebody else</button>
  </form>
  <h2>Flags</h2>
  <dl>
    {% for key, flag in visitor.modifications|dictsort %}
    <dt><code>{{ key }}</code> <code>{{ flag.value|tojson }}</code></dt>
    <dd>{{ flag.variation_id }}</dd>
    {% else %}<dd>None: the page shows its defaults.</dd>
    {% endfor %}
  </dl>
  <h2>{{ 'The platform received' if on_emulator else 'The platform' }}</h2>
  {% if on_emulator %}<ol id="received"></ol>
  <script>
  function show() {
    fetch("{{ url_for('received') }}").then(function (answer) {
      return answer.json();
    }).then(function (lines) {
      var list = document.getElementById("received");
      list.textContent = "";
      lines.forEach(function (line) {
        var item = document.createElement("li");
        ["b", "span"].forEach(function (name, place) {
          item.appendChild(document.createElement(name)).textContent = line[place];
        });
        list.appendChild(item);
      });
    });
  }
  show();
  setInterval(show, 2000);
  </script>
  {% else %}What it received is in your account's reports.{% endif %}
</aside>
</body>
</html>
"""


def main(arguments):
    env_id, api_key = os.environ.get("FLAGSHIP_ENV_ID"), os.environ.get("FLAGSHIP_API_KEY")
    if bool(env_id) != bool(api_key):
        print("Set both FLAGSHIP_ENV_ID and FLAGSHIP_API_KEY, or neither.", file=sys.stderr)
        return 2
    port = port_of(arguments)
    if port is None:
        print("The port must be a number from 0 to 65535.", file=sys.stderr)
        return 2
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    # The page asks every two seconds what was received.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    if env_id:
        return serve(create_app(env_id, api_key), port, "the real platform")
    # requests would send loopback addresses through a proxy too, where the environment names one.
    os.environ["no_proxy"] = Emulator.host
    with Emulator(CAMPAIGNS) as emulator:
        app = create_app(emulator.env_id, emulator.api_key, dict(emulator.urls), emulator)
        return serve(app, port, "the emulator")


def port_of(arguments):
    """The port that was asked for, 0 for any that is free, None for what is no port."""
    try:
        port = int(arguments[0]) if arguments else 0
    except ValueError:
        return None
    return port if 0 <= port < 65536 else None


def serve(app, port, platform):
    try:
        # Newer versions of Werkzeug say themselves that a port is in use, and exit with 1.
        server = make_server("127.0.0.1", port, app, threaded=True)
    except EnvironmentError as problem:
        print("Port %d cannot be used: %s." % (port, problem.strerror), file=sys.stderr)
        return 1
    print("Cairn is on http://127.0.0.1:%d/ with flags of %s. Ctrl-C ends it."
          % (server.server_port, platform))
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
