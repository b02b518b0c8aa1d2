# -*- coding: utf-8 -*-
"""``current_visitor``, ``flag`` in templates and the start by an application's config, with Flask's
test client."""
from __future__ import unicode_literals

import json
import logging
import os
import re
import sys
import threading
import uuid
import warnings

import flask
import pytest
from hypothesis import given, settings
from hypothesis.strategies import binary, characters
from hypothesis.strategies import text as text_of
from jinja2 import DictLoader
from werkzeug.local import LocalProxy

from flagship import Config, Flagship
from flagship._compat import native
from flagship.cache import MemoryVisitorCache
from flagship.contrib.flask import FlagshipExtension, current_visitor
from flagship.errors import FlagshipError, ParamError
from flagship.hits import Page
from tests.support import OUTAGES, RUBBISH, everybody

COOKIE = "flagship_visitor"
TEMPLATES = {
    "macros.html": "{% macro shown() %}{{ flag('cta-color', 'none') }}{% endmacro %}",
    "tag.html": "{{ flag('cta-color', 'none') }},{{ flag('nothing', '<b>') }}",
    "activate.html": "{{ flag('cta-color', 'none', activate=True) }}",
    "value.html": "{{ flag('banner', {'title': 'none'}).title }}{{ flag('discount', 0) + 1 }}",
    "json.html": "{{ flag_json() }}", "json-ids.html": "{{ flag_json(with_ids=True) }}",
    "macro.html": "{% from 'macros.html' import shown %}{{ shown() }}"}


def application(**config):
    """An application with a page for each way to use the visitor, without the extension."""
    app = flask.Flask(str("shop"))
    app.config.update({str(name): value for name, value in config.items()})
    app.jinja_loader = DictLoader(TEMPLATES)

    @app.route("/plain")
    def plain():
        return "plain"

    @app.route("/color")
    def color():
        return current_visitor.get_modification("cta-color", "none")

    @app.route("/id")
    def visitor_id():
        return current_visitor.visitor_id

    @app.route("/often")
    def often():
        """Uses the visitor again and again, in a thread and in a template too."""
        values = []
        thread = threading.Thread(target=flask.copy_current_request_context(
            lambda: values.append(current_visitor.get_modification("cta-color", "none"))))
        thread.start()
        thread.join()
        current_visitor.get_modification("cta-size", 0)
        flask.render_template("tag.html")
        return ",".join(sorted(set(values)))

    @app.route("/varied")
    def varied():
        return color(), 200, {"Vary": "Accept-Language"}

    @app.route("/public")
    def public():
        return color(), 200, {"Cache-Control": "public, max-age=60"}

    @app.route("/mistaken")
    def mistaken():
        current_visitor.send_hit(Page("no url"))
        return "%s" % current_visitor.get_modification(5, "default")

    @app.route("/failing")
    def failing():
        current_visitor.get_modification("cta-color", "none")
        flask.abort(404)

    @app.route("/enter/<name>")
    def enter(name):
        flask.session["user"] = name
        return color()

    @app.route("/leave")
    def leave():
        flask.session.clear()
        return color()

    @app.route("/activated")
    def activated():
        return current_visitor.get_modification("cta-color", "none", activate=True)

    @app.route("/agreed")
    def agreed():
        current_visitor.set_consent(True)
        return activated()

    @app.route("/template/<name>")
    def template(name):
        return flask.render_template(name + ".html")
    app.secret_key = "secret"
    return app


def logged_in(request):
    return flask.session.get("user")


def of_request(request):
    """What the config names for the context."""
    return {"vip": True, "path": request.path}


def raising(request):
    raise KeyError("no such header")


def has_agreed(request):
    return request.cookies.get("consent") == "yes"


@pytest.fixture
def made(emulator, log):
    """An application with the extension, which started the SDK on the emulator; config goes to
    it."""
    def made(options=(), context=None, user_id=None, consent=None, **config):
        config.setdefault("FLAGSHIP_ENV_ID", emulator.env_id)
        config.setdefault("FLAGSHIP_API_KEY", emulator.api_key)
        config.setdefault("FLAGSHIP_OPTIONS", dict(
            emulator.urls, **dict({"event_handler": log, "timeout": 5.0, "bucketing_file": None},
                                  **dict(options))))
        app = application(**config)
        FlagshipExtension(app, context=context, user_id=user_id, consent=consent)
        return app
    yield made
    Flagship.instance().close()


def text(response):
    assert response.status_code == 200
    return response.get_data(as_text=True)


def cookies(response):
    """The cookies that a response sets, each as ``{attribute: value}`` with its own name and
    value."""
    return [{pair.split("=", 1)[0].strip(): (pair.split("=", 1) + [True])[1]
             for pair in header.split(";")}
            for header in response.headers.getlist("Set-Cookie")]


def test_a_view_that_does_not_use_the_visitor_pays_nothing(made, emulator):
    """No cookie, no network, nothing that a cache would have to know."""
    response = made().test_client().get("/plain")
    assert text(response) == "plain" and not cookies(response) and "Vary" not in response.headers
    assert emulator.requests == []


def test_one_visitor_and_one_synchronisation_a_request(made, emulator):
    """However often it is used, in templates and in a thread that has the request's context."""
    client = made().test_client()
    assert text(client.get("/often")) in ("blue", "red")
    assert [each.endpoint for each in emulator.requests] == ["campaigns", "events"]
    client.get("/often")
    assert len(emulator.decisions) == 2
    assert len({each["visitorId"] for each in emulator.decisions}) == 1


def test_the_id_stays_and_its_cookie_is_set_once(made, emulator):
    client = made().test_client()
    first, again = client.get("/color"), client.get("/color")
    cookie, = cookies(first)
    assert emulator.decisions[0]["visitorId"] == cookie[COOKIE] and len(cookie[COOKIE]) == 36
    assert not cookies(again) and text(again) == text(first)
    assert cookie["HttpOnly"] is True and cookie["SameSite"] == "Lax" and cookie["Path"] == "/"
    assert cookie["Max-Age"] == "%d" % (365 * 24 * 3600) and "Secure" not in cookie


@pytest.mark.parametrize("config, https, expected", [
    ({}, True, {"Secure": True}), ({"FLAGSHIP_COOKIE_SECURE": True}, False, {"Secure": True}),
    ({"FLAGSHIP_COOKIE_SECURE": False}, True, {"Secure": None}),
    ({"FLAGSHIP_COOKIE_AGE": 60}, False, {"Max-Age": "60"}),
    ({"FLAGSHIP_COOKIE_DOMAIN": "example.com"}, False, {"Domain": "example.com"}),
    ({"FLAGSHIP_COOKIE_SAMESITE": "strict"}, False, {"SameSite": "Strict"}),
    ({"FLAGSHIP_COOKIE_SAMESITE": "None"}, False, {"SameSite": "None", "Secure": True}),
    ({"FLAGSHIP_COOKIE_SAMESITE": None}, False, {"SameSite": None})], ids=repr)
def test_the_cookie_is_as_the_config_says(made, config, https, expected):
    client = made(FLAGSHIP_COOKIE_NAME="v", **config).test_client()
    cookie, = cookies(client.get("/color",
                                 base_url="http%s://example.com" % ("s" if https else "")))
    assert "v" in cookie and {name: cookie.get(name) for name in expected} == expected


@pytest.mark.parametrize("cookie", RUBBISH, ids=repr)
def test_rubbish_in_the_cookie_gets_a_new_id(made, emulator, cookie):
    client = made().test_client(use_cookies=False)
    header = native(COOKIE + "=" + cookie.decode("latin-1"))
    new, = cookies(client.get("/color", environ_overrides={str("HTTP_COOKIE"): header}))
    assert len(new[COOKIE]) == 36 and emulator.decisions[-1]["visitorId"] == new[COOKIE]


def test_whatever_the_cookie_holds_a_page_is_served():
    """With an id that is printable ASCII of at most 128 characters: the cookie's, or a new one that
    is set."""
    app = application()
    with pytest.warns(RuntimeWarning):
        FlagshipExtension(app)
    client = app.test_client(use_cookies=False)

    @settings(max_examples=50, deadline=None)
    @given(binary(max_size=140) | text_of(characters(min_codepoint=33, max_codepoint=126),
                                          max_size=140))
    def holds(cookie):
        cookie = cookie.decode("latin-1") if isinstance(cookie, bytes) else cookie
        response = client.get("/id",
                              environ_overrides={str("HTTP_COOKIE"): native(COOKIE + "=" + cookie)})
        set_to, found = cookies(response), text(response)
        if set_to:
            assert (set_to[0][COOKIE], len(found)) == (found, 36)
        else:
            assert re.match("[!-~]{1,128}$", found)
    holds()


def test_an_id_that_others_made_is_kept(made, emulator):
    client = made().test_client(use_cookies=False)
    response = client.get("/color", headers={"Cookie": COOKIE + "=of-another.tag:5"})
    assert not cookies(response) and emulator.decisions[0]["visitorId"] == "of-another.tag:5"


@pytest.mark.parametrize("cookie", ["user-1", "USER-1"])
def test_an_id_of_a_user_in_the_cookie_gets_a_new_id(made, emulator, cookie):
    """Anybody can write it there; the platform may ignore its case."""
    client = made().test_client(use_cookies=False)
    new, = cookies(client.get("/color", headers={"Cookie": COOKIE + "=" + cookie}))
    assert len(new[COOKIE]) == 36 and emulator.decisions[0]["visitorId"] == new[COOKIE]


def test_a_signed_cookie(made, emulator):
    """The id comes back, and is the same to the platform."""
    client = made(FLAGSHIP_COOKIE_SIGNED=True).test_client()
    first, again = client.get("/color"), client.get("/color")
    visitor_id, _, signature = cookies(first)[0][COOKIE].rpartition(".")
    assert len(visitor_id) == 36 and len(signature) > 20 and not cookies(again)
    assert [each["visitorId"] for each in emulator.decisions] == [visitor_id] * 2


@pytest.mark.parametrize("forged", [
    lambda value: value.split(".")[0], lambda value: "ann" + value[36:],
    lambda value: value[:-9] + value[-9:].swapcase() + "x", lambda value: ".", lambda value: "ann.",
    lambda value: value[36:], lambda value: value * 2])
def test_a_bad_signature_is_a_new_visitor(made, emulator, log, forged):
    """Whoever writes another's id into the cookie does not know how to sign it."""
    client = made(FLAGSHIP_COOKIE_SIGNED=True).test_client(use_cookies=False)
    value = cookies(client.get("/color"))[0][COOKIE]
    new, = cookies(client.get("/color", headers={"Cookie": COOKIE + "=" + forged(value)}))
    visitor_id = new[COOKIE].split(".")[0]
    assert len(visitor_id) == 36 and visitor_id == emulator.decisions[-1]["visitorId"]
    assert new[COOKIE] != value and log.at(logging.WARNING) == []


@pytest.mark.skipif("SECRET_KEY_FALLBACKS" not in flask.Flask.default_config,
                    reason="Flask knows former keys from 3.1 on")
def test_a_former_secret_key_still_reads_the_cookie(made):
    value = cookies(made(FLAGSHIP_COOKIE_SIGNED=True).test_client().get("/color"))[0][COOKIE]
    app = application(FLAGSHIP_COOKIE_SIGNED=True, SECRET_KEY_FALLBACKS=["secret"])
    app.secret_key = "another"
    FlagshipExtension(app)
    client = app.test_client(use_cookies=False)
    assert not cookies(client.get("/color", headers={"Cookie": COOKIE + "=" + value}))


def test_a_signature_needs_a_secret_key():
    app = application(FLAGSHIP_COOKIE_SIGNED=True)
    app.secret_key = None
    with pytest.raises(ParamError, match="SECRET_KEY") as caught:
        FlagshipExtension(app)
    assert caught.value.parameter == "FLAGSHIP_COOKIE_SIGNED"


def test_requests_without_a_cookie_do_not_fill_the_store(made):
    """Of a visitor that a request without an id made up nothing is kept until its id comes back, or
    a flag is activated."""
    store = MemoryVisitorCache()
    app, ids = made({"visitor_cache_manager": store}), []
    for _ in range(20):
        client = app.test_client()
        ids.append(cookies(client.get("/color"))[0][COOKIE])
    assert [each for each in ids if store.lookup(each) is not None] == []
    client.get("/color")
    assert [each for each in ids if store.lookup(each) is not None] == ids[-1:]
    activating = cookies(app.test_client().get("/template/activate"))[0][COOKIE]
    assert store.lookup(activating) is not None


def test_a_response_that_used_the_visitor_varies_on_the_cookie(made):
    client = made().test_client()
    for _ in range(2):
        assert client.get("/color").headers["Vary"] == "Cookie"
    assert client.get("/varied").headers["Vary"] == "Accept-Language, Cookie"


def test_a_response_that_used_the_visitor_is_private(made):
    """Whether it sets the id or not, and whatever the view said; others are as they were."""
    client = made().test_client()
    for path in ("/color", "/color", "/failing", "/public"):
        assert "private" in client.get(path).headers["Cache-Control"], path
    said = client.get("/public").headers["Cache-Control"]
    assert set(said.split(", ")) == {"private", "max-age=60"}
    assert "Cache-Control" not in client.get("/plain").headers


def test_logging_in_and_out_keeps_the_experience(made, emulator):
    """The cookie keeps the anonymous id, which the platform is told of with the user's; one
    synchronisation each."""
    client = made(user_id=logged_in).test_client()
    responses = [client.get(path)
                 for path in ("/color", "/enter/bob", "/color", "/leave", "/color")]
    anonymous = cookies(responses[0])[0][COOKIE]
    assert len({text(response) for response in responses}) == 1
    assert [(each["visitorId"], each.get("anonymousId")) for each in emulator.decisions] == [
        (anonymous, None), ("bob", anonymous), ("bob", anonymous), (anonymous, None),
        (anonymous, None)]


def test_in_bucketing_mode_the_cookie_s_id_is_the_visitor(made, emulator, log):
    """Logged in or not, and without a warning: there is no experience continuity to speak of."""
    client = made({"mode": Config.Mode.BUCKETING, "polling_interval": 0},
                  user_id=lambda request: "bob").test_client()
    visitor_id = cookies(client.get("/color"))[0][COOKIE]
    assert [each["visitorId"] for each in emulator.context_events] == [visitor_id]
    assert log.at(logging.WARNING) == []


@pytest.mark.parametrize("given", [
    {"context": of_request}, {"FLAGSHIP_CONTEXT": of_request},
    {"FLAGSHIP_CONTEXT": __name__ + ".of_request"},
    {"context": of_request, "FLAGSHIP_CONTEXT": raising}], ids=repr)
def test_a_function_says_the_context(made, emulator, given):
    """An argument of the extension, or the config's; the argument comes first."""
    made(**given).test_client().get("/color")
    assert emulator.decisions[0]["context"] == {"vip": True, "path": "/color"}


@pytest.mark.parametrize("user_id, expected", [
    (5, "5"), (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"), ("bob", "bob"),
    (LocalProxy(lambda: "bob"), "bob"), (LocalProxy(lambda: 5), "5")], ids=[
        "int", "UUID", "text", "lazy text", "lazy int"])
def test_an_id_of_a_user(made, emulator, log, user_id, expected):
    """As Flask's tutorial keeps it in the session: an int."""
    client = made(user_id=lambda request: user_id).test_client()
    anonymous, = cookies(client.get("/color"))
    decision, = emulator.decisions
    assert (decision["visitorId"], decision["anonymousId"]) == (expected, anonymous[COOKIE])
    assert log.at(logging.WARNING) == []


@pytest.mark.parametrize("user_id", [
    lambda request: None, lambda request: False, lambda request: "",
    lambda request: LocalProxy(lambda: None)], ids=["None", "False", "empty", "lazy"])
def test_nobody_is_logged_in(made, emulator, log, user_id):
    made(user_id=user_id).test_client().get("/color")
    assert "anonymousId" not in emulator.decisions[0] and log.at(logging.WARNING) == []


@pytest.mark.parametrize("context, expected", [
    (lambda request: request.args, {"country": "FR", "age": "31"}),
    (lambda request: request.cookies, {}), (lambda request: flask.session, {"user": "bob"}),
    (lambda request: LocalProxy(lambda: {"vip": True}), {"vip": True})], ids=[
        "args", "cookies", "session", "lazy"])
def test_the_context_may_be_any_mapping(made, emulator, context, expected):
    """By what its items() gives."""
    client = made(context=context).test_client()
    with client.session_transaction() as session:
        session["user"] = "bob"
    client.get("/color?country=FR&age=31")
    found = emulator.decisions[0]["context"]
    assert {key: found[key] for key in expected} == expected


def test_the_context_may_be_the_headers(made, emulator):
    client = made(context=lambda request: request.headers).test_client()
    client.get("/color", headers={"X-Country": "FR"})
    assert emulator.decisions[0]["context"]["X-Country"] == "FR"


class Broken(dict):
    def items(self):
        raise ValueError("broken")


@pytest.mark.parametrize("given, log_line", [
    ({"context": raising}, "[FLAGSHIP_CONTEXT] raised KeyError"),
    ({"context": lambda request: 5}, "returned int"),
    ({"context": lambda request: Broken()},
     "returned Broken, which cannot be read: it raises ValueError"),
    ({"context": lambda request: {"id": current_visitor.visitor_id}},
     "[FLAGSHIP_CONTEXT] raised RuntimeError"),
    ({"user_id": raising}, "[FLAGSHIP_USER_ID] raised KeyError"),
    ({"user_id": lambda request: 5.0}, "returned float")], ids=repr)
def test_a_function_that_fails_is_a_log_line(made, emulator, log, given, log_line):
    assert text(made(**given).test_client().get("/color")) in ("blue", "red")
    assert emulator.decisions[0]["context"] == {} and len(emulator.decisions[0]["visitorId"]) == 36
    line, = log.at(logging.WARNING)
    assert log_line in line


@pytest.mark.parametrize("given", [
    {"consent": has_agreed}, {"FLAGSHIP_CONSENT": __name__ + ".has_agreed"},
    {"consent": has_agreed, "FLAGSHIP_COOKIE_SIGNED": True}], ids=repr)
def test_consent_says_how_long_the_cookie_lives(made, emulator, given):
    """Without it the browser's session, then its usual age, and the session again; it is set when
    that changes and not in between. The visitor, and so its variation, stays."""
    client, found, kept = made(**given).test_client(use_cookies=False), [], ""
    for answer in ("", "", "yes", "yes", "no", "no"):
        response = client.get("/activated", headers={
            "Cookie": native("consent=%s; %s=%s" % (answer, COOKIE, kept))})
        cookie = cookies(response)
        kept = cookie[0][COOKIE] if cookie else kept
        found.append((text(response), cookie[0].get("Max-Age", "") if cookie else None))
    color = found[0][0]
    assert found == [(color, age) for age in ("", None, "%d" % (365 * 24 * 3600), None, "", None)]
    assert len({each["visitorId"] for each in emulator.decisions}) == 1
    assert ["visitor_consent" in each for each in emulator.decisions] == [
        True, True, False, False, True, True]
    assert [each.endpoint for each in emulator.requests].count("events") == 2
    assert len(emulator.activations) == 2


def test_consent_in_the_view(made, emulator):
    """What follows in the same request is tracked, and the cookie lives as long as ever."""
    cookie, = cookies(made(consent=lambda request: False).test_client().get("/agreed"))
    assert cookie["Max-Age"] == "%d" % (365 * 24 * 3600)
    assert [each.endpoint for each in emulator.requests] == ["campaigns", "activate"]


@pytest.mark.parametrize("consent, log_line", [
    (raising, "raised KeyError"), (lambda request: "yes", "which must be a bool"),
    (lambda request: current_visitor.visitor_id, "raised RuntimeError"),
    (lambda request: None, None)])
def test_a_consent_that_fails_is_a_log_line_and_none(made, emulator, log, consent, log_line):
    response = made(consent=consent).test_client().get("/activated")
    assert text(response) in ("blue", "red") and "Max-Age" not in cookies(response)[0]
    assert [each.endpoint for each in emulator.requests] == ["campaigns"]
    lines = log.at(logging.WARNING)
    assert len(lines) == (1 if log_line else 0)
    assert not log_line or "[FLAGSHIP_CONSENT] " in lines[0] and log_line in lines[0]


@pytest.mark.parametrize("name", ["json", "json-ids"])
def test_flags_for_javascript(made, emulator, name):
    """A page's script reads what the server has. Nothing is activated."""
    title = "</script><!-- & ' \u2028"
    emulator.set_bucketing({"campaigns": [everybody("c", ("v", 100, {"title": title, "n": 1}))]})
    written = text(made().test_client().get("/template/" + name))
    assert not set("<>&'") & set(written) and written == str(written)
    flags = json.loads(written)
    if name == "json-ids":
        assert flags["title"]["variationId"] == "v"
        flags = {key: each["value"] for key, each in flags.items()}
    assert flags == {"title": title, "n": 1} and emulator.activations == []


def test_flags_for_javascript_without_a_request(made, log):
    with made().app_context():
        assert flask.render_template("json.html") == "{}"
    line, = log.at(logging.WARNING)
    assert "there is no request here" in line


@pytest.mark.parametrize("happens", OUTAGES)
def test_whatever_happens_to_the_platform_a_view_gets_the_defaults(made, emulator, happens):
    """And the visitor its cookie, so that it is the same when all is well again."""
    client = made({"timeout": 0.3}).test_client()
    happens(emulator)
    response = client.get("/often")
    assert text(response) == "none" and len(cookies(response)[0][COOKIE]) == 36
    assert text(client.get("/template/tag")) == "none,&lt;b&gt;"
    assert text(client.get("/template/json")) == "{}"


def test_a_view_s_mistake_is_a_log_line(made, emulator, caplog):
    """The handler that the config does not name catches all exceptions."""
    client = made(FLAGSHIP_OPTIONS=dict(emulator.urls)).test_client()
    assert text(client.get("/mistaken")) == "default"
    assert [record.levelname for record in caplog.records
            if record.name == "flagship"].count("ERROR") >= 1


def test_an_error_page_keeps_the_cookie(made):
    response = made().test_client().get("/failing")
    assert response.status_code == 404 and COOKIE in cookies(response)[0]


@pytest.mark.parametrize("name, expected, activations", [
    ("tag", "{color},&lt;b&gt;", 0), ("activate", "{color}", 1), ("value", "Merci21", 0),
    ("macro", "{color}", 0)])
def test_flag_in_templates(made, emulator, name, expected, activations):
    """Escaped like a variable, a value to calculate with, and there in macros that are imported."""
    client = made(context=of_request).test_client()
    color = text(client.get("/color"))
    emulator.clear()
    assert text(client.get("/template/" + name)) == expected.format(color=color)
    assert (len(emulator.decisions), len(emulator.activations)) == (1, activations)


@pytest.mark.parametrize("default", ["'none'", "undefined", "None", "thing"])
def test_the_default_never_hides_the_flag(made, emulator, log, default):
    """Whatever it is."""
    with made().test_request_context("/"):
        def render_flag(key):
            return flask.render_template_string("{{ flag('%s', %s) }}" % (key, default),
                                                thing=LocalProxy(lambda: "lazy"))
        assert render_flag("cta-color") in ("blue", "red")
        assert render_flag("nowhere") == {
            "'none'": "none", "thing": "lazy", "None": "None"}.get(default, "")
    assert log.at(logging.WARNING) == [] and log.caught == []


def test_flag_escapes_what_the_platform_says(made, emulator):
    emulator.set_bucketing({"campaigns": [everybody("c", ("v", 100, {"cta-color": "<script>"}))]})
    assert text(made().test_client().get("/template/activate")) == "&lt;script&gt;"


def test_flag_without_a_request_gives_the_default(made, log):
    """As in a template for a mail."""
    with made().app_context():
        assert flask.render_template("activate.html") == "none"
    line, = log.at(logging.WARNING)
    assert "there is no request here" in line


def test_current_visitor_says_why_there_is_none(made):
    """Outside of a request, and in an application without the extension."""
    for use in (lambda: current_visitor.visitor_id,
                lambda: current_visitor.get_modification("a", 1)):
        with pytest.raises(RuntimeError, match="there is no request here; .*create_visitor"):
            use()
        with made().app_context(), pytest.raises(RuntimeError, match="there is no request here"):
            use()
        with application().test_request_context():
            with pytest.raises(RuntimeError, match="FlagshipExtension"):
                use()


def test_requests_inside_one_application_context_have_visitors_of_their_own(made, emulator):
    """As in tests that push one; flask.g is the same there for all requests."""
    app = made()
    with app.app_context():
        for _ in range(2):
            app.test_client().get("/color")
    assert len({each["visitorId"] for each in emulator.decisions}) == 2


def test_a_request_context_alone_is_enough(made):
    """In a shell, say, where no request is dispatched."""
    with made().test_request_context("/", headers={"Cookie": COOKIE + "=ann"}):
        assert current_visitor.visitor_id == "ann"
        assert current_visitor.get_modification("cta-color", "none") in ("blue", "red")


def test_several_applications_share_the_sdk(made, emulator):
    """Each with its own cookie and context; another's same settings do not start it again."""
    extension = FlagshipExtension(
        context=lambda request: {"from": flask.current_app.config["NAME"]})
    options = {"timeout": 5.0, "bucketing_file": None,
               "decision_api_url": emulator.urls["decision_api_url"]}
    configs, apps = [], []
    for name in ("a", "b"):
        apps.append(application(NAME=name, FLAGSHIP_ENV_ID=emulator.env_id,
                                FLAGSHIP_API_KEY=emulator.api_key,
                                FLAGSHIP_OPTIONS=dict(options), FLAGSHIP_COOKIE_NAME=name))
        extension.init_app(apps[-1])
        configs.append(Flagship.instance().config)
    assert configs[0] is configs[1]
    for app in apps:
        response = app.test_client().get("/color")
        assert app.config["NAME"] in cookies(response)[0]
    assert [each["context"]["from"] for each in emulator.decisions] == ["a", "b"]


def test_an_application_of_another_environment_replaces_the_sdk(made, emulator, log):
    """A process has one, so a line says which it is from now on."""
    made()
    made(FLAGSHIP_ENV_ID="other")
    assert Flagship.instance().config.env_id == "other"
    line, = log.at(logging.WARNING)
    assert "one SDK" in line


def test_an_application_that_is_initialised_twice(made, emulator):
    """As by a factory that calls init_app on what it was given: one cookie, one synchronisation."""
    app = made()
    FlagshipExtension().init_app(app)
    assert len(cookies(app.test_client().get("/color"))) == 1 and len(emulator.decisions) == 1


@pytest.mark.parametrize("missing", [
    ["FLAGSHIP_ENV_ID"], ["FLAGSHIP_API_KEY"], ["FLAGSHIP_ENV_ID", "FLAGSHIP_API_KEY"]])
def test_missing_credentials_are_said_at_the_start(made, missing):
    """Not in the view, which gets the defaults."""
    with pytest.warns(RuntimeWarning) as warned:
        app = made(**{name: "" for name in missing})
    assert ["settings: %s is missing, so every visitor gets the defaults "
            "(see troubleshooting: missing-settings)" % name for name in missing] == [
        "%s" % each.message for each in warned]
    assert text(app.test_client().get("/often")) == "none"


def test_a_wrong_key_is_said_once(made):
    """As a missing one is, and without the key."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        client = made(FLAGSHIP_API_KEY="s3cret").test_client()
        for _ in range(3):
            assert text(client.get("/often")) == "none"
    line, = [str(each.message) for each in warned if each.category is RuntimeWarning]
    assert "the platform answered 401" in line and "s3cret" not in line


@pytest.mark.parametrize("option, value, said", [
    ("decision_api_url", "http://flagship.invalid/v2", "unknown-host"),
    ("decision_api_url", "http://127.0.0.1:1/v2", "unreachable"),
    ("timeout", 2000, "milliseconds")])
def test_what_is_cut_off_is_said_once(made, emulator, option, value, said):
    """As a wrong key is: the console of whoever configures no log would be empty."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        options = dict(emulator.urls, bucketing_file=None)
        client = made(FLAGSHIP_OPTIONS=dict(options, **{option: value})).test_client()
        for _ in range(3):
            text(client.get("/often"))
    line, = [str(each.message) for each in warned if each.category is RuntimeWarning]
    assert line.endswith("(see troubleshooting: %s)" % said)


def test_credentials_are_not_missing_where_somebody_else_starts_the_sdk(start):
    start()
    app = application()
    FlagshipExtension(app)
    assert text(app.test_client().get("/color")) in ("blue", "red")


@pytest.mark.parametrize("name, value", [
    ("FLAGSHIP_ENV_ID", 5), ("FLAGSHIP_OPTIONS", {"timeout": "2"}),
    ("FLAGSHIP_OPTIONS", {"no_such": 1}),
    ("FLAGSHIP_CONTEXT", "nowhere.at_all"), ("FLAGSHIP_USER_ID", 5), ("FLAGSHIP_CONSENT", True),
    ("FLAGSHIP_COOKIE_NAME", "a b"),
    ("FLAGSHIP_COOKIE_AGE", "60"), ("FLAGSHIP_COOKIE_DOMAIN", "a;b"),
    ("FLAGSHIP_COOKIE_SECURE", "yes"),
    ("FLAGSHIP_COOKIE_SAMESITE", "lux"), ("FLAGSHIP_COOKIE_SIGNED", "yes"),
    ("FLAGSHIP_CLOSE_ON_SIGNALS", "yes"), ("FLAGSHIP_HOOKS", [object()])], ids=repr)
def test_a_wrong_setting_is_an_error_that_names_it(made, name, value):
    with pytest.raises(FlagshipError) as caught:
        made(**{str(name): value})
    assert caught.value.parameter == name and name in caught.value.message
    assert not Flagship.instance().is_flagship_started()


def test_signals_outside_of_the_main_thread(made, log):
    """There Python allows no handlers: one line says so, and the SDK starts all the same."""
    raised = []

    def make():
        try:
            made(FLAGSHIP_CLOSE_ON_SIGNALS=True, event_handler=log)
        except Exception as error:
            raised.append(error)
    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    assert raised == [] and Flagship.instance().is_flagship_started()
    line, = log.at(logging.WARNING)
    assert "FLAGSHIP_CLOSE_ON_SIGNALS" in line and "main thread" in line


def test_a_forked_worker_serves(made, emulator):
    """As under gunicorn --preload."""
    client = made().test_client()
    client.get("/color")
    child = os.fork()
    if not child:
        try:
            os._exit(0 if text(client.get("/color")) in ("blue", "red") else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0 and len(emulator.decisions) == 2
    assert text(client.get("/color")) in ("blue", "red")


ASYNC = """
async def color():
    return current_visitor.get_modification("cta-color", "none")
"""


@pytest.mark.skipif(sys.version_info < (3, 7) or not hasattr(flask.Flask, "async_to_sync"),
                    reason="Flask has async views from 2.0, and from Python 3.7, on")
def test_async_views(made, emulator):
    views = {"current_visitor": current_visitor}
    exec(compile(ASYNC, "async_views.py", "exec"), views)
    app = made()
    app.add_url_rule("/async", "async", views["color"])
    response = app.test_client().get("/async")
    assert text(response) in ("blue", "red")
    assert cookies(response)[0][COOKIE] == emulator.decisions[0]["visitorId"]
