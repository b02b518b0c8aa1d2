# -*- coding: utf-8 -*-
"""Overrides in Flask: the signed cookie of those whom the application lets, and the header."""
from __future__ import unicode_literals

import json
import time

import flask
import pytest

from flagship import Config, Flagship
from flagship.contrib.flask import (
    FlagshipExtension, current_visitor, forget_overrides, save_overrides, sign_overrides)
from flagship.errors import ParamError, TypingError
from tests.support import everybody
from tests.test_contrib_flask import cookies, text

COOKIE, HEADER = "flagship_visitor_overrides", "X-Flagship-Overrides"
SHOP = {"campaigns": [everybody("button", ("button-red", 100, {"color": "red"}),
                                ("button-blue", 0, {"color": "blue"}))]}
FORCED = {"button": "button-blue"}


def is_staff(request):
    return request.headers.get("X-Staff") == "yes"


def raising(request):
    raise KeyError("no such header")


def application(secret="secret", **config):
    app = flask.Flask(str("shop"))
    app.config.update({str(name): value for name, value in config.items()})
    app.secret_key = secret

    @app.route("/color")
    def color():
        return "%s %s" % (current_visitor.get_modification("color", "", activate=True),
                          json.dumps(current_visitor.get_context(), sort_keys=True))

    @app.route("/set", methods=["POST"])
    def change():
        response = flask.make_response("set")
        save_overrides(response, flask.request.get_json(), {"plan": "gold", "old": None})
        return response

    @app.route("/end")
    def end():
        response = flask.make_response("ended")
        forget_overrides(response)
        return response
    return app


@pytest.fixture
def made(emulator, log):
    """A client of an application with the extension; config goes to it."""
    def made(**config):
        emulator.set_bucketing(SHOP)
        config.setdefault("FLAGSHIP_OVERRIDES", is_staff)
        app = application(
            FLAGSHIP_ENV_ID=emulator.env_id, FLAGSHIP_API_KEY=emulator.api_key,
            FLAGSHIP_OPTIONS=dict(emulator.urls, mode=Config.Mode.BUCKETING, event_handler=log,
                                  bucketing_file=None, polling_interval=0), **config)
        FlagshipExtension(app, context=lambda request: {"plan": "free", "old": 1})
        return app.test_client(use_cookies=False)
    yield made
    Flagship.instance().close()


def override(client, staff="yes", forced=None, status=200):
    """The cookie that a member of staff is given, ``{attribute: value}``."""
    response = client.post("/set", data=json.dumps(FORCED if forced is None else forced),
                           headers={"X-Staff": staff, "Content-Type": "application/json"})
    assert response.status_code == status
    return cookies(response)[0] if status == 200 else None


def shown(client, cookie, path="/color"):
    return client.get(path, headers={"Cookie": "%s=%s" % (COOKIE, cookie)})


def test_what_is_forced_is_shown_and_neither_reported_nor_cached(made, emulator):
    client = made()
    cookie = override(client)
    assert (cookie["Path"], cookie["Max-Age"], cookie["SameSite"]) == ("/", "43200", "Lax")
    assert "HttpOnly" in cookie and "Secure" not in cookie
    response = shown(client, cookie[COOKIE])
    assert text(response) == 'blue {"plan": "gold"}' and emulator.activations == []
    assert response.cache_control.private and response.cache_control.no_store
    assert response.headers["Vary"] == "Cookie, X-Flagship-Overrides"
    other = client.get("/color")
    assert other.headers["Vary"] == "Cookie, X-Flagship-Overrides"
    assert text(other) == 'red {"old": 1, "plan": "free"}' and not other.cache_control.no_store
    ended, = cookies(shown(client, cookie[COOKIE], "/end"))
    assert ended[COOKIE] == "" and ended["Max-Age"] == "0"


def test_only_those_whom_the_application_lets_may(made):
    override(made(), staff="no", status=403)
    override(made(FLAGSHIP_OVERRIDES=False), status=403)
    override(made(FLAGSHIP_OVERRIDES=raising), status=403)
    override(made(FLAGSHIP_OVERRIDES=__name__ + ".is_staff"))


def test_no_cookie_but_a_signed_one_of_the_last_twelve_hours_changes_anything(
        made, log, monkeypatch):
    client = made()
    good = override(client)[COOKIE]
    from itsdangerous import URLSafeTimedSerializer
    foreign = URLSafeTimedSerializer("another", salt="flagship.overrides.flagship_visitor")
    other = good[:-9] + ("B" if good[-9] == "A" else "A") + good[-8:]
    for bad in ("", "x", "a.b.c", other, "." + good, good * 2, "x" * 4000,
                foreign.dumps({"v": FORCED, "c": {}}), "%C3%A9"):
        assert text(shown(client, bad)).startswith("red"), bad
    now = time.time()
    for hours, color in ((11, "blue"), (13, "red")):
        monkeypatch.setattr(time, "time", lambda: now + hours * 3600)
        assert text(shown(client, good)).startswith(color)
    assert log.at(30) == []


def test_without_the_setting_the_cookie_is_not_read(made):
    cookie = override(made())[COOKIE]
    client = made(FLAGSHIP_OVERRIDES=False)
    assert text(shown(client, cookie)).startswith("red")
    response = client.get("/color", headers={HEADER: cookie})
    assert text(response).startswith("red") and response.headers["Vary"] == "Cookie"


def sign(client, *arguments):
    with client.application.app_context():
        return sign_overrides(*arguments)


def test_a_program_sends_them_in_a_header(made, emulator, monkeypatch):
    """It wins over the cookie, unless it is forged, old or odd; what the cookie has fits, too."""
    client = made()
    blue, red = override(client)[COOKIE], sign(client, {"button": "button-red"}, {"plan": None})
    response = client.get("/color", headers={HEADER: blue})
    assert text(response) == 'blue {"plan": "gold"}' and emulator.activations == []
    assert response.cache_control.private and response.cache_control.no_store

    def both(header):
        return text(client.get("/color", headers={
            HEADER: header, "Cookie": "%s=%s" % (COOKIE, blue)}))
    assert both(red) == 'red {"old": 1}'
    for bad in ("", "x", "a.b.c", red[:-9], red * 2, "x" * 4000):
        assert both(bad) == 'blue {"plan": "gold"}', bad
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 13 * 3600)
    assert both(red) == 'red {"old": 1, "plan": "free"}'


def test_mistakes_in_sign_overrides(made):
    with pytest.raises(TypingError):
        sign(made(), [1])
    with pytest.raises(ParamError, match="FLAGSHIP_OVERRIDES"):
        sign(made(FLAGSHIP_OVERRIDES=False), FORCED)


@pytest.mark.parametrize("forced, error", [
    ([1], TypingError), ({"a": None}, ParamError), ({"a": [1]}, ParamError)], ids=repr)
def test_mistakes(made, forced, error):
    client = made()
    client.application.testing = True
    with pytest.raises(error):
        override(client, forced=forced)


@pytest.mark.parametrize("setting, secret, problem", [
    (True, "secret", "function of the request"), (is_staff, None, "SECRET_KEY"),
    ("nowhere.at", "secret", "cannot be imported"), (5, "secret", "callable")], ids=repr)
def test_a_wrong_setting(setting, secret, problem):
    app = application(secret, FLAGSHIP_OVERRIDES=setting)
    with pytest.raises((ParamError, TypingError), match=problem) as caught:
        FlagshipExtension(app)
    assert caught.value.parameter == "FLAGSHIP_OVERRIDES"
