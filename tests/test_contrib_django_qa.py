# -*- coding: utf-8 -*-
"""Overrides in Django: the signed cookie of staff, the QA panel that sets it, and the notice that
says so."""
from __future__ import unicode_literals

import json
import os
import re
import time

import django
import pytest
from django.apps import apps
from django.core import checks, signing
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.test import Client, RequestFactory, override_settings
from django.views.decorators.cache import cache_page

from flagship import Config, Flagship
from flagship.contrib.django.overrides import may_override, save_overrides, sign_overrides
from flagship.errors import ParamError, TypingError
from tests.django_project import project
from tests.support import everybody

try:
    from django.urls import include, re_path
except ImportError:
    from django.conf.urls import include
    from django.conf.urls import url as re_path

COOKIE, ANN = "flagship_visitor_overrides", "ann-of-the-cookie"
SHOP = {"campaigns": [
    everybody("button", ("button-red", 100, {"color": "red"}), ("button-blue", 0, {
        "color": "blue"})),
    {"id": "vip", "name": "<VIP>", "variationGroups": [{
        "id": "vip-group", "name": "Gold", "targeting": {"targetingGroups": [
            {"targetings": [{"key": "plan", "operator": "EQUALS", "value": "gold"}]}]},
        "variations": [{"id": "vip-on", "name": "On & on", "allocation": 100,
                        "modifications": {"value": {"vip": True}}}]}]}]}
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
              "django.middleware.csrf.CsrfViewMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware",
              "flagship.contrib.django.middleware.FlagshipMiddleware"]


def page(request):
    """What a visitor is shown, activated."""
    visitor = request.flagship
    return HttpResponse("%s %s" % (visitor.get_modification("color", "", activate=True),
                                   visitor.get_modification("vip", False, activate=True)))


def noticed(request):
    return render(request, "noticed.html")


def token(request):
    return HttpResponse(get_token(request))


def keep(request):
    """A project's own way to set overrides."""
    response = HttpResponse("kept")
    save_overrides(request, response, json.loads(request.GET["forced"]),
                   json.loads(request.GET.get("context", "null")))
    return response


urlpatterns = [re_path("^page$", page), re_path("^cached$", lambda request: cache_page(60)(page)(
    request)), re_path("^noticed$", noticed), re_path("^token$", token), re_path("^keep$", keep),
    re_path("^qa/", include("flagship.contrib.django.qa.urls"))]


def context_of(request):
    return {"plan": "free", "path": request.path, "zip": "75001", "age": 30, "quoted": '"'}


def anybody(request):
    return True


def raising(request):
    raise KeyError("no such header")


@pytest.fixture(scope="module", autouse=True)
def configured(tmpdir_factory):
    database = str(tmpdir_factory.mktemp("django").join("database"))
    loaders = [("django.template.loaders.locmem.Loader", {
        "noticed.html": "{% load flagship_qa %}<main>{% flagship_override_notice %}</main>"}),
        "django.template.loaders.app_directories.Loader"]
    with project(
            ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions",
             "django.contrib.staticfiles", "flagship.contrib.django", "flagship.contrib.django.qa"],
            SECRET_KEY="secret", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=MIDDLEWARE,
            USE_TZ=True, STATIC_URL="/static/", LOGIN_URL="/login/",
            DEFAULT_AUTO_FIELD="django.db.models.AutoField", FLAGSHIP_CONTEXT=context_of,
            PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
            SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
            TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates",
                        "OPTIONS": {"loaders": loaders}}]):
        from django.contrib.auth.models import Group, Permission, User
        from django.contrib.contenttypes.models import ContentType
        from django.db import connection
        with connection.schema_editor() as editor:
            for model in (ContentType, Permission, Group, User):
                editor.create_model(model)
        User.objects.create_user("customer")
        User.objects.create_user("staff", is_staff=True)
        User.objects.create_user("former", is_staff=True, is_active=False)
        yield


@pytest.fixture
def serve(emulator, log):
    """Starts the project on the emulator; a client of it as somebody."""
    used = []

    def serve(username="staff", mode="BUCKETING", options=(), **settings):
        emulator.set_bucketing(SHOP)
        settings.setdefault("FLAGSHIP_OVERRIDES", True)
        settings.update(
            FLAGSHIP_ENV_ID=emulator.env_id, FLAGSHIP_API_KEY=emulator.api_key,
            FLAGSHIP_OPTIONS=dict(emulator.urls, mode=Config.Mode[mode], event_handler=log,
                                  polling_interval=0, bucketing_file=None, **dict(options)))
        used.append(override_settings(**settings))
        used[-1].enable()
        apps.get_app_config("flagship").ready()
        client = Client()
        client.cookies[str("flagship_visitor")] = ANN
        if username:
            from django.contrib.auth.models import User
            client.force_login(User.objects.get(username=username))
        return client
    yield serve
    for each in reversed(used):
        each.disable()
    Flagship.instance().close()


def text(response, status=200):
    assert response.status_code == status, response.content[:2000]
    return response.content.decode("utf-8")


def outcomes(panel):
    """Campaign id to the variation id that the panel shows."""
    return dict(re.findall(r'data-campaign="([^"]+)" data-outcome="[^"]+" data-variation="([^"]*)"',
                           panel))


def apply(client, key=(), value=(), **forced):
    """Press the button "Use it on the site"; the panel that follows."""
    fields = {"force." + campaign: variation for campaign, variation in forced.items()}
    return text(client.post("/qa/override/", dict(
        fields, visitor=ANN, apply="", key=list(key), value=list(value)), follow=True))


# The context as the panel's form has it.
ROWS = {"key": ["plan", "zip", "age", "quoted", "path", ""],
        "value": ["free", '"75001"', "30", '"\\""', "/page", ""]}
MODES = pytest.mark.parametrize("mode, options", [
    ("BUCKETING", {}), ("API", {"initial_bucketing": SHOP})], ids=["bucketing", "api"])


@MODES
def test_what_is_forced_in_the_panel_is_shown_on_the_site_and_not_reported(
        serve, emulator, mode, options):
    """And in the panel; once it is taken back, the site's own is back in both."""
    client = serve(mode=mode, options=options)
    assert text(client.get("/page")) == "red False"
    assert outcomes(text(client.get("/qa/"))) == {"button": "button-red", "vip": ""}
    emulator.clear()
    panel = apply(client, button="button-blue", vip="vip-on", **ROWS)
    assert outcomes(panel) == {"button": "button-blue", "vip": "vip-on"}
    assert panel.count("(forced)") == 2 and 'id="overridden"' in panel
    assert 'value="button-blue" selected' in panel
    assert text(client.get("/page")) == "blue True" and emulator.activations == []
    panel = text(client.post("/qa/override/", {"forget": ""}, follow=True))
    assert outcomes(panel) == {"button": "button-red", "vip": ""} and "overridden" not in panel
    assert text(client.get("/page")) == "red False"
    assert {each["vaid"] for each in emulator.activations} == {"button-red"}


@MODES
def test_an_edited_context_counts_and_the_rest_stays_the_sites_own(
        serve, emulator, mode, options):
    """What is not edited goes on coming from FLAGSHIP_CONTEXT: the path is each request's."""
    client = serve(mode=mode, options=options)
    panel = apply(client, key=["plan", "zip", "age", "path", "vip"],
                  value=["gold", '"75001"', "30", "/qa/override/", "true"])
    assert outcomes(panel)["vip"] == "vip-on" and 'value="gold"' in panel
    assert text(client.get("/page")) == "red True"
    assert emulator.context_events[-1]["data"] == {
        "plan": "gold", "path": "/page", "zip": "75001", "age": 30, "vip": True}
    cookie = signing.loads(client.cookies[COOKIE].value, salt="flagship.overrides.flagship_visitor")
    assert cookie == {"v": {}, "c": {"plan": "gold", "quoted": None, "vip": True}}


@pytest.mark.parametrize("username, status", [
    (None, 302), ("customer", 403), ("former", 302), ("staff", 200)])
def test_the_panel_is_for_staff(serve, username, status):
    """Others may neither see nor set anything; nobody may be framed or cached."""
    client = serve(username)
    response = client.get("/qa/")
    assert response.status_code == status
    assert client.post("/qa/decision/", {"visitor": "ann"}).status_code == status
    client.post("/qa/override/", {"force.button": "button-blue"})
    assert (COOKIE in client.cookies) is (status == 200)
    if status == 302:
        assert response["Location"].startswith("/login/?next=/qa/")
    if status != 403:  # that page is the project's
        assert "no-cache" in response["Cache-Control"] or "max-age=0" in response["Cache-Control"]
        assert response["X-Frame-Options"] == "DENY"


def unknown_user(get_response):
    """A middleware of a project that has users of its own, with nobody logged in."""
    class Stranger(object):
        is_authenticated = is_active = is_staff = False

    def middleware(request):
        request.user = Stranger()
        return get_response(request)
    return middleware


def test_without_django_s_users_there_is_nowhere_to_log_in(serve, monkeypatch):
    client = serve(None, MIDDLEWARE=[__name__ + ".unknown_user", MIDDLEWARE[-1]])
    monkeypatch.delitem(apps.app_configs, "auth")
    assert client.get("/qa/").status_code == 403


@pytest.mark.parametrize("setting, lets", [
    (False, False), (anybody, True), (__name__ + ".anybody", True), (raising, False)], ids=repr)
def test_who_may_is_a_setting(serve, setting, lets):
    client = serve(None, FLAGSHIP_OVERRIDES=setting)
    assert (client.get("/qa/").status_code == 200) is lets
    assert (client.get("/keep?forced={}").status_code == 200) is lets


def test_a_form_from_elsewhere_sets_nothing(serve):
    """With a project that does without the middleware too."""
    serve()
    client = Client(enforce_csrf_checks=True)
    from django.contrib.auth.models import User
    with override_settings(MIDDLEWARE=[each for each in MIDDLEWARE if "csrf" not in each]):
        client.force_login(User.objects.get(username="staff"))
        assert client.post("/qa/override/", {"force.button": "button-blue"}).status_code == 403
    assert COOKIE not in client.cookies


def signed(kept, **options):
    return signing.dumps(kept, salt=options.get("salt", "flagship.overrides.flagship_visitor"),
                         key=options.get("key"), compress=True)


FORCED = {"v": {"button": "button-blue"}, "c": {}}
BAD = [
    lambda: "", lambda: "x", lambda: "a:b:c", lambda: '"', lambda: "%C3%A9", lambda: "x" * 5000,
    lambda: signed(FORCED)[:-9] + "!" + signed(FORCED)[-8:], lambda: signed(FORCED)[:-9],
    lambda: "." + signed(FORCED), lambda: signed(FORCED) * 2,
    lambda: signed(FORCED, salt="other"), lambda: signed(FORCED, key="another"),
    lambda: signed([]), lambda: signed({}), lambda: signed(None), lambda: signed({"v": 5, "c": {}}),
    lambda: signed({"v": {"button": ["button-blue"]}, "c": {}}),
    lambda: signed({"v": {}, "c": {"plan": {"a": 1}}}),
    lambda: signed({"v": {}, "c": {str(place): time.time() for place in range(999)}})]


def test_no_cookie_but_a_signed_one_changes_anything(serve, log):
    """And no header. Nor does any break a page, or the notice."""
    client = serve()
    for place, cookie in enumerate(BAD):
        client.cookies[str(COOKIE)] = cookie()
        response = client.get("/page", HTTP_X_FLAGSHIP_OVERRIDES=cookie())
        assert text(response) == "red False", place
        assert "no-store" not in response["Cache-Control"], place
        assert text(client.get("/noticed")) == "<main>\n</main>", place
    assert log.at(30) == []
    client.cookies[str(COOKIE)] = signed(FORCED)
    assert text(client.get("/page")) == "blue False"


def test_a_cookie_counts_for_twelve_hours(serve, monkeypatch):
    client = serve()
    client.get("/keep?forced={\"button\": \"button-blue\"}")
    cookie = client.cookies[COOKIE]
    assert (cookie["max-age"], cookie["httponly"], cookie["path"]) == (12 * 3600, True, "/")
    now = time.time()
    for hours, shown in ((11, "blue False"), (13, "red False")):
        monkeypatch.setattr(time, "time", lambda: now + hours * 3600)
        client.cookies[str(COOKIE)] = cookie.value
        assert text(client.get("/page")) == shown


def test_without_the_setting_the_cookie_is_not_read(serve):
    client = serve()
    client.get("/keep?forced={\"button\": \"button-blue\"}")
    assert text(client.get("/page")) == "blue False"
    other = serve(FLAGSHIP_OVERRIDES=False)
    other.cookies[str(COOKIE)] = client.cookies[COOKIE].value
    assert text(other.get("/page")) == "red False"


def test_a_program_sends_them_in_a_header(serve, emulator, monkeypatch):
    """It wins over the cookie, unless that is all that is good; what the cookie has fits, too."""
    client = serve()
    client.get("/keep?forced={\"button\": \"button-blue\"}")
    blue, red = client.cookies[COOKIE].value, sign_overrides({"button": "button-red"})

    def shown(header, client=client):
        return text(client.get("/page", HTTP_X_FLAGSHIP_OVERRIDES=header))
    assert (shown(red), shown(red[:-9])) == ("red False", "blue False")
    assert shown(sign_overrides({}, {"plan": "gold"}), Client()) == "red True"
    emulator.clear()
    assert shown(blue, Client()) == "blue False" and emulator.activations == []
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 13 * 3600)
    assert shown(blue, Client()) == "red False"


def test_caches_tell_headers_apart(serve):
    """Also where none is sent, as a cache that has such a response may be asked with one next."""
    for client, path in ((serve(), "/page"), (Client(), "/cached")):
        for headers in ({}, {"HTTP_X_FLAGSHIP_OVERRIDES": sign_overrides(FORCED["v"])}):
            response = client.get(path, **headers)
            assert {"Cookie", "X-Flagship-Overrides"} <= set(response["Vary"].split(", "))
            assert ("no-store" in response["Cache-Control"]) is bool(headers)
            assert text(response).startswith("blue" if headers else "red")
    with override_settings(FLAGSHIP_OVERRIDES=False):
        assert "X-Flagship-Overrides" not in Client().get("/page")["Vary"]
        with pytest.raises(ImproperlyConfigured):
            sign_overrides(FORCED["v"])


@pytest.mark.parametrize("path", ["/page", "/cached"])
def test_what_is_overridden_is_nobody_elses(serve, path):
    """No cache stores it, not even the browser's own, and Django's page cache gives each theirs."""
    client = serve()
    client.get("/keep?forced={\"button\": \"button-blue\"}")
    response = client.get(path)
    assert text(response) == "blue False"
    assert {"private", "no-store"} <= set(response["Cache-Control"].split(", "))
    assert "Cookie" in response["Vary"]
    assert text(Client().get(path)) == "red False" and text(client.get(path)) == "blue False"


def test_the_notice(serve, emulator):
    """It names what is forced and edited, leads to the panel, and is a landmark with a name; for
    all others it is nothing and costs nothing."""
    client = serve()
    response = client.get("/noticed")
    assert text(response) == "<main>\n</main>" and not response.has_header("Vary")
    forced = json.dumps({"button": "button-blue", "vip": "vip-on", "gone": "<i>"})
    client.get("/keep", {"forced": forced, "context": '{"plan": "gold", "zip": null}'})
    response = client.get("/noticed")
    notice = text(response)
    assert "no-store" in response["Cache-Control"]
    assert '<section class="flagship-override" aria-label="Flagship overrides">' in notice
    assert "<span>button is <b>button-blue</b></span>" in notice
    assert "&lt;VIP&gt; is <b>On &amp; on</b>" in notice
    assert "gone is <b>&lt;i&gt;</b>, which does not exist" in notice
    assert "context: plan, zip" in notice and '<a href="/qa/">' in notice


@pytest.mark.parametrize("fields, found", [
    ({}, ""), ({"force.vip": "vip-on"}, "vip-on"), ({"force.vip": "gone"}, ""),
    ({"key": ["plan", " "], "value": ["gold", "x"]}, "vip-on"),
    ({"key": ["plan"], "value": []}, ""), ({"key": ["plan"], "value": ["{"]}, ""),
    ({"key": ["plan"], "value": ['"gold"']}, "vip-on"),
    ({"key": ["x"] * 300, "value": ["1"] * 300}, "")], ids=lambda each: repr(each)[:50])
def test_the_decision_follows_what_is_edited(serve, emulator, fields, found):
    """For anybody, with nothing reported and nothing kept."""
    client = serve()
    emulator.clear()
    part = text(client.post("/qa/decision/", dict(fields, visitor="kim")))
    assert outcomes(part) == {"button": "button-red", "vip": found}
    assert [each.endpoint for each in emulator.requests] == []
    text(client.post("/qa/decision/", dict(fields, visitor=" ")), 400)


def test_another_visitor_in_a_context_of_the_address(serve, emulator):
    client = serve()
    panel = text(client.get("/qa/", {"visitor": "kim", "key": "plan", "value": "gold"}))
    assert outcomes(panel)["vip"] == "vip-on" and "Not this browser" in panel
    assert 'value="kim"' in panel and 'value="75001"' not in panel
    assert not [each for each in emulator.requests if b"kim" in each.body]


def test_a_value_is_read_as_what_it_is(serve):
    """Text that looks like a number is shown with quotes, and stays text."""
    client = serve()
    panel = text(client.get("/qa/"))
    assert 'value="&quot;75001&quot;"' in panel and 'value="30"' in panel
    keys, values = (re.findall('name="%s"[^>]* value="([^"]*)"' % name, panel)
                    for name in ("key", "value"))
    values = [each.replace("&quot;", '"') for each in values]
    apply(client, keys, values)
    kept = signing.loads(client.cookies[COOKIE].value, salt="flagship.overrides.flagship_visitor")
    assert sorted(kept["c"]) == ["path"]  # the form's page and the one that it is sent to differ


def test_what_no_cookie_holds_is_said(serve):
    client = serve()
    values = [os.urandom(40).hex() if hasattr(bytes, "hex") else os.urandom(40).encode("hex")
              for _ in range(100)]
    panel = text(client.post("/qa/override/", {
        "visitor": ANN, "key": ["key%d" % place for place in range(100)], "value": values}), 400)
    assert "more than a cookie holds" in panel and values[0] in panel
    assert COOKIE not in client.cookies


def test_api_mode_without_a_file(serve, emulator):
    """The panel shows what the platform decided, and says what forcing needs."""
    client = serve(mode="API")
    panel = text(client.get("/qa/"))
    assert outcomes(panel) == {"button": "button-red"} and "initial_bucketing" in panel
    part = text(client.post("/qa/decision/", {"visitor": "kim", "key": "plan", "value": "gold"}))
    assert outcomes(part) == {"button": "button-red", "vip": "vip-on"}


def test_api_mode_with_an_old_file(serve):
    """The panel shows what the site shows, not what the file would decide."""
    old = {"campaigns": [everybody("button", ("button-blue", 100, {"color": "blue"}))]}
    panel = text(serve(mode="API", options={"initial_bucketing": old}).get("/qa/"))
    assert outcomes(panel) == {"button": "button-red"} and "it is old" in panel


@MODES
def test_in_panic_and_without_an_sdk(serve, emulator, mode, options):
    client = serve(mode=mode, options=options)
    emulator.panic = True
    Flagship.instance().close()
    client = serve(mode=mode, options=options)
    emulator.panic = True
    assert "Nothing is served" in text(client.get("/qa/"))
    Flagship.instance().close()
    assert "Nothing is served" in text(client.get("/qa/", {"visitor": "kim"}))
    apply(client, button="button-blue")
    assert text(client.get("/page")) == " False"


def test_the_page_needs_no_script_or_style_in_line(serve):
    """It works under a policy that allows none."""
    client = serve()
    pages = [text(client.get("/qa/")), apply(client, vip="vip-on"), text(client.get("/noticed"))]
    for each in pages:
        assert not re.search(r"""<script(?![^>]* src=)|<style| style=| on\w+=["']|javascript:""",
                             each)
        assert not re.search(r"""(src|href)=["'](https?:)?//""", each)


def test_the_packaged_files_are_found():
    from django.contrib.staticfiles import finders
    for name in ("qa.css", "qa.js", "notice.css"):
        assert finders.find("flagship_qa/" + name)


@pytest.mark.parametrize("forced, context, error", [
    (5, None, TypingError), ([], None, TypingError), ({}, 5, TypingError),
    ({"a": None}, None, ParamError), ({}, {"a": [1]}, ParamError),
    ({"a": "b" * 9000}, None, None)], ids=lambda each: repr(each)[:20])
def test_mistakes_in_save_overrides(serve, forced, context, error):
    import random
    if error is None:  # what cannot be compressed
        forced = {"a": "".join(chr(random.randrange(33, 127)) for _ in range(9000))}
    serve()
    request = RequestFactory().get("/")
    with pytest.raises(ImproperlyConfigured):
        may_override(request)
    from flagship.contrib.django.middleware import FlagshipMiddleware
    with override_settings(FLAGSHIP_OVERRIDES=anybody):
        FlagshipMiddleware(page).process_request(request)
        with pytest.raises(error or ParamError):
            save_overrides(request, HttpResponse(), forced, context)


def found(**options):
    return sorted(each.id for each in checks.run_checks(tags=["flagship"], **options))


@pytest.mark.parametrize("settings, usual, deployed", [
    ({}, [], []), ({"FLAGSHIP_OVERRIDES": False}, ["W006"], []),
    ({"FLAGSHIP_OVERRIDES": 5}, ["E015"], []), ({"FLAGSHIP_OVERRIDES": "nowhere.at"}, ["E015"], []),
    ({"MIDDLEWARE": MIDDLEWARE[3:]}, ["W005"], []),
    ({"FLAGSHIP_OVERRIDES": anybody}, [], ["W007"]), ({"FLAGSHIP_OVERRIDES": raising}, [], []),
    ({"FLAGSHIP_COOKIE_SECURE": False}, [], ["W008"])], ids=repr)
def test_checks(serve, settings, usual, deployed):
    """``manage.py check`` names what is wrong, ``--deploy`` what is unsafe as well."""
    serve(**settings)
    usual = ["flagship." + each for each in usual]
    if settings.get("FLAGSHIP_OVERRIDES") == 5 or "nowhere.at" in settings.values():
        usual.append("flagship.W006")
    assert found() == usual
    if django.VERSION >= (2, 0):
        assert found(include_deployment_checks=True) == sorted(
            usual + ["flagship." + each for each in deployed])
