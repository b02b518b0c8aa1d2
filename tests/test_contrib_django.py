# -*- coding: utf-8 -*-
"""``request.flagship``, the template tag, the system checks and the start by settings, with
Django's test client."""
from __future__ import unicode_literals

import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
import warnings

import django
import pytest
import requests
from django.apps import apps
from django.contrib.auth import login, logout
from django.core import checks
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import render
from django.template import Context, engines
from django.template.response import TemplateResponse
from django.test import Client, RequestFactory, override_settings
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_page
from django.views.decorators.vary import vary_on_cookie

from flagship import Config, Flagship
from flagship._compat import Enum, native
from flagship.cache import MemoryVisitorCache
from flagship.contrib.django import DjangoVisitorCache
from flagship.contrib.django.middleware import FlagshipMiddleware, user_id
from flagship.hits import Page
from tests.django_project import project
from tests.support import OUTAGES, ROOT, RUBBISH, eventually, everybody, free_port, slow

try:
    from django.urls import re_path
except ImportError:
    from django.conf.urls import url as re_path
COOKIE = "flagship_visitor"
ANN = "ann-of-the-cookie"
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware",
              "flagship.contrib.django.middleware.FlagshipMiddleware"]
TEMPLATES = {
    "tag.html": "{% load flagship %}{% flag 'cta-color' 'none' %},{% flag 'nothing' default %}",
    "activate.html": "{% load flagship %}{% flag 'cta-color' 'none' activate=True %}",
    "fragment.html": "{% load cache flagship %}{% flag 'cta-color' 'none' as color %}"
                     "{% cache 600 color color %}{{ color }}{% endcache %}",
    "as.html": "{% load flagship %}{% flag 'banner' None as banner %}{{ banner.title }}"
               "{% flag 'a' 1 as b %}{{ b }}",
    "json.html": "{% load flagship %}{% flagship_json %}",
    "json-off.html": "{% load flagship %}{% autoescape off %}{% flagship_json %}"
                     "{% endautoescape %}",
    "json-as.html": "{% load flagship %}{% flagship_json with_ids=True as all %}{{ all }}",
    "included.html": "{% for each in 'ab' %}"
                     "{% include 'tag.html' with default='x' only %};{% endfor %}"}


def plain(request):
    return HttpResponse("plain")


def color(request):
    return HttpResponse(request.flagship.get_modification("cta-color", "none"))


def often(request):
    """Uses the visitor again and again, from several threads and in a template."""
    values = []

    def read():
        values.append(request.flagship.get_modification("cta-color", "none"))
    threads = [threading.Thread(target=read)
               for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    request.flagship.get_modification("cta-size", 0)
    render(request, "tag.html", {"default": "x"})
    return HttpResponse(",".join(sorted(set(values))))


def varied(request):
    response = color(request)
    response["Vary"] = "Accept-Language"
    return response


def mistaken(request):
    """A view with mistakes in arguments."""
    request.flagship.send_hit(Page("no url"))
    return HttpResponse("%s" % request.flagship.get_modification(5, "default"))


def failing(request):
    request.flagship.get_modification("cta-color", "none")
    raise ValueError("the view's own")


class Thing(object):
    def __str__(self):
        return str("a thing")


def documented(request):
    """The view of docs/django.rst."""
    request.flagship.send_hit(Page(request.build_absolute_uri()))
    size = request.flagship.get_modification("cta_size", 14)
    return HttpResponse("%s" % size + render(request, "activate.html").content.decode("ascii"))


class Seen(MiddlewareMixin):
    """Something in the session."""

    def process_request(self, request):
        request.session["seen"] = 2


def own(request):
    """What differs from one visitor to the next."""
    visitor = request.flagship
    return HttpResponse("%s %s" % (visitor.visitor_id, visitor.get_modification("cta-color", "")))


def rendered(request):
    """The same, in a template that is rendered after the view."""
    source = "{% load flagship %}{{ request.flagship.visitor_id }} {% flag 'cta-color' '' %}"
    return TemplateResponse(request, engines["django"].from_string(source), {"request": request})


class Using(MiddlewareMixin):
    """Uses the visitor before the view does."""

    def process_request(self, request):
        visitor = request.flagship
        request.own = visitor.visitor_id + " " + visitor.get_modification("cta-color", "")


def earlier(request):
    return HttpResponse(request.own)


def public(request):
    response = own(request)
    response["Cache-Control"] = "public, max-age=60"
    return response


def counted(request):
    counted.calls += 1
    return HttpResponse("plain")


counted.calls = 0


def page(request, name):
    """One of the views in a cache of pages; made here, as the decorator asks for the settings."""
    if name == "outside":
        return vary_on_cookie(cache_page(60)(own))(request)
    view = {"own": own, "rendered": rendered, "vary": vary_on_cookie(own), "public": public,
            "earlier": earlier, "counted": counted}[name]
    return cache_page(60)(view)(request)


def twice(request):
    """Synchronises the visitor again."""
    request.flagship.update_context({"vip": True}, True)
    return color(request)


def activated_after(request):
    twice(request)
    request.flagship.activate_modification("cta-color")
    request.flagship.activate_modification("cta-color")
    return color(request)


def activated(request):
    return HttpResponse(request.flagship.get_modification("cta-color", "none", activate=True))


def agreed(request):
    """The banner's yes, in the request that reads a flag."""
    request.flagship.set_consent(True)
    return activated(request)


def template(request, name):
    return render(request, name + ".html", {"default": "<b>"})


def enter(request):
    from django.contrib.auth.models import User
    login(request, User.objects.get())
    return color(request)


def leave(request):
    logout(request)
    return color(request)


urlpatterns = [re_path("^plain$", plain), re_path("^documented$", documented),
               re_path("^own$", own), re_path("^rendered$", rendered), re_path("^public$", public),
               re_path("^counted$", counted), re_path("^earlier$", earlier),
               re_path("^page/(.*)$", page), re_path("^twice$", twice),
               re_path("^activated/after$", activated_after),
               re_path("^activated$", activated), re_path("^agreed$", agreed),
               re_path("^color$", color), re_path("^often$", often),
               re_path("^varied$", varied), re_path("^mistaken$", mistaken),
               re_path("^failing$", failing),
               re_path("^enter$", enter), re_path("^leave$", leave),
               re_path("^template/(.*)$", template)]


def of_request(request):
    """What the settings name for the context."""
    return {"vip": True, "path": request.path}


def raising(request):
    raise KeyError("no such header")


def has_agreed(request):
    return request.COOKIES.get("consent") == "yes"


@pytest.fixture(scope="module", autouse=True)
def configured(tmpdir_factory):
    # Not in memory: Django never closes such a database.
    database = str(tmpdir_factory.mktemp("django").join("database"))
    loader = ("django.template.loaders.locmem.Loader", TEMPLATES)
    with project(
            ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions",
             "flagship.contrib.django"],
            SECRET_KEY="secret", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=MIDDLEWARE,
            USE_TZ=True,
            DEFAULT_AUTO_FIELD="django.db.models.AutoField",
            PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
            SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
            TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates",
                        "OPTIONS": {"loaders": [loader]}}]):
        from django.contrib.auth.models import Group, Permission, User
        from django.contrib.contenttypes.models import ContentType
        with connection.schema_editor() as editor:
            for model in (ContentType, Permission, Group, User):
                editor.create_model(model)
        User.objects.create_user("ann")
        yield


@pytest.fixture
def serve(emulator, log):
    """Starts the project on the emulator with further settings; a client of it."""
    used = []

    def serve(cookie=None, options=(), **settings):
        settings.setdefault("FLAGSHIP_ENV_ID", emulator.env_id)
        settings.setdefault("FLAGSHIP_API_KEY", emulator.api_key)
        settings.setdefault("FLAGSHIP_OPTIONS", dict(
            emulator.urls, **dict({"event_handler": log, "timeout": 5.0, "bucketing_file": None},
                                  **dict(options))))
        used.append(override_settings(**settings))
        used[-1].enable()
        apps.get_app_config("flagship").ready()
        client = Client()
        if cookie is not None:
            client.cookies[str(settings.get("FLAGSHIP_COOKIE_NAME", COOKIE))] = cookie
        return client
    yield serve
    for each in reversed(used):
        each.disable()
    Flagship.instance().close()


def text(response):
    assert response.status_code == 200
    return response.content.decode("utf-8")


def problems():
    """``{id: message}`` of what ``manage.py check`` says of Flagship."""
    return {each.id: each.msg for each in checks.run_checks() if each.id.startswith("flagship.")}


def test_a_view_that_does_not_use_the_visitor_pays_nothing(serve, emulator):
    """No cookie, no network, nothing that a cache would have to know."""
    response = serve().get("/plain")
    assert text(response) == "plain" and not response.cookies and not response.has_header("Vary")
    assert emulator.requests == []


def test_one_visitor_and_one_synchronisation_a_request(serve, emulator):
    """However often and from however many threads it is used."""
    client = serve()
    assert text(client.get("/often")) in ("blue", "red")
    assert [each.endpoint for each in emulator.requests] == ["campaigns", "events"]
    client.get("/often")
    assert len(emulator.decisions) == 2
    assert len({each["visitorId"] for each in emulator.decisions}) == 1


def test_the_id_stays_and_its_cookie_is_set_once(serve, emulator):
    client = serve()
    first, again = client.get("/color"), client.get("/color")
    cookie = first.cookies[COOKIE]
    assert emulator.decisions[0]["visitorId"] == cookie.value and len(cookie.value) == 36
    assert not again.cookies and text(again) == text(first)
    assert (cookie["httponly"], cookie["secure"], cookie["path"],
            cookie["max-age"]) == (True, "", "/", 365 * 24 * 3600)
    if django.VERSION >= (2, 1):  # Django 1.11 has no SameSite
        assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize("settings, https, expected", [
    ({}, True, {"secure": True}), ({"FLAGSHIP_COOKIE_SECURE": True}, False, {"secure": True}),
    ({"FLAGSHIP_COOKIE_SECURE": False}, True, {"secure": ""}),
    ({"FLAGSHIP_COOKIE_AGE": 60}, False, {"max-age": 60}),
    ({"FLAGSHIP_COOKIE_DOMAIN": ".example.com"}, False, {"domain": ".example.com"}),
    ({"FLAGSHIP_COOKIE_NAME": "v"}, False, {}),
    ({"FLAGSHIP_COOKIE_SAMESITE": "strict"}, False, {"samesite": "Strict"}),
    ({"FLAGSHIP_COOKIE_SAMESITE": "None"}, False, {"samesite": "None", "secure": True}),
    ({"FLAGSHIP_COOKIE_SAMESITE": None}, False, {"samesite": ""})], ids=repr)
def test_the_cookie_is_as_the_settings_say(serve, settings, https, expected):
    name = str(settings.get("FLAGSHIP_COOKIE_NAME", COOKIE))
    cookie = serve(**settings).get("/color", secure=https).cookies[name]
    if django.VERSION < (2, 1):
        expected.pop("samesite", None)
    assert {name: cookie[name] for name in expected} == expected


@pytest.mark.parametrize("cookie", RUBBISH, ids=repr)
def test_rubbish_in_the_cookie_gets_a_new_id(serve, emulator, cookie):
    """And the next request has it."""
    client = serve()
    header = native(COOKIE + "=" + cookie.decode("latin-1"))
    new = client.get("/color", **{str("HTTP_COOKIE"): header}).cookies[COOKIE].value
    assert len(new) == 36 and emulator.decisions[-1]["visitorId"] == new
    assert not client.get("/color").cookies and emulator.decisions[-1]["visitorId"] == new


@pytest.mark.parametrize("cookie", ["user-1", "USER-1", "User-anything", "user-"])
@pytest.mark.parametrize("mode", Config.Mode)
def test_an_id_of_a_user_in_the_cookie_gets_a_new_id(serve, emulator, mode, cookie):
    """Anybody can write it there; the platform may ignore its case."""
    client = serve(cookie, options={"mode": mode, "polling_interval": 0})
    new = client.get("/color").cookies[COOKIE].value
    assert len(new) == 36
    assert [each["visitorId"] for each in emulator.context_events] == [new]


def test_a_signed_cookie(serve, emulator):
    """The id comes back, to others of the project too, and is the same to the platform."""
    client = serve(FLAGSHIP_COOKIE_SIGNED=True)
    first, again = client.get("/color"), client.get("/color")
    value = first.cookies[COOKIE].value
    visitor_id, _, signature = value.rpartition(":")
    assert len(visitor_id) == 36 and len(signature) > 20 and not again.cookies
    assert [each["visitorId"] for each in emulator.decisions] == [visitor_id] * 2
    assert not serve(value, FLAGSHIP_COOKIE_SIGNED=True).get("/color").cookies
    assert problems() == {}


@pytest.mark.parametrize("forged", [
    lambda value: value.split(":")[0], lambda value: "ann" + value[36:],
    lambda value: value[:-1] + ("a" if value[-1] != "a" else "b"), lambda value: ":",
    lambda value: "ann:", lambda value: ":" + value[37:], lambda value: value * 2])
def test_a_bad_signature_is_a_new_visitor(serve, emulator, log, forged):
    """Whoever writes another's id into the cookie does not know how to sign it."""
    client = serve(FLAGSHIP_COOKIE_SIGNED=True)
    value = client.get("/color").cookies[COOKIE].value
    client.cookies[str(COOKIE)] = str(forged(value))
    new = client.get("/color").cookies[COOKIE].value
    assert new.split(":")[0] == emulator.decisions[-1]["visitorId"] and len(new.split(":")[0]) == 36
    assert new != value and log.at(logging.WARNING) == []


@pytest.mark.parametrize("settings", [{"SECRET_KEY": "another"}, {"FLAGSHIP_COOKIE_NAME": "v"}],
                         ids=repr)
def test_a_signature_holds_for_one_key_and_one_cookie(serve, settings):
    value = serve(FLAGSHIP_COOKIE_SIGNED=True).get("/color").cookies[COOKIE].value
    client = serve(value, FLAGSHIP_COOKIE_SIGNED=True, **settings)
    assert client.get("/color").cookies[settings.get("FLAGSHIP_COOKIE_NAME", COOKIE)].value != value


class Store(object):
    """A store of a user's, in a dict."""

    def __init__(self):
        self.records, self.saves = {}, 0

    def save(self, visitor_id, visitor_data):
        self.saves += 1
        self.records[visitor_id] = visitor_data

    def lookup(self, visitor_id):
        return self.records.get(visitor_id)


class Shipping(Store):
    """The same, as the stores that ship are."""

    wants_every_save = False


@pytest.mark.parametrize("store", [Shipping(), MemoryVisitorCache()],
                         ids=lambda store: type(store).__name__)
@pytest.mark.parametrize("mode", Config.Mode)
def test_requests_without_a_cookie_do_not_fill_the_store(serve, store, mode):
    """Of a visitor that a request without an id made up nothing is kept until its id comes back."""
    client = serve(options={"visitor_cache_manager": store, "mode": mode, "polling_interval": 0})
    ids = []
    for _ in range(20):
        client.cookies.clear()
        ids.append(client.get("/color").cookies[COOKIE].value)
    assert [each for each in ids if store.lookup(each) is not None] == []
    client.get("/color")
    assert [each for each in ids if store.lookup(each) is not None] == ids[-1:]


@pytest.mark.parametrize("path, kept", [
    ("/color", False), ("/twice", False), ("/template/activate", True), ("/activated/after", True)])
def test_a_visitor_who_activates_is_kept_at_once(serve, path, kept):
    """As what it saw must not change, also where it was synchronised again in between."""
    store = Shipping()
    client = serve(options={"visitor_cache_manager": store})
    visitor_id = client.get(path).cookies[COOKIE].value
    assert list(store.records) == ([visitor_id] if kept else [])
    assert store.saves == kept
    if kept:
        assert store.records[visitor_id]["data"]["vaIds"]


def test_a_user_who_comes_without_a_cookie_is_kept(serve):
    """The id was not made up."""
    store = Shipping()
    serve(options={"visitor_cache_manager": store},
          FLAGSHIP_USER_ID=lambda request: 5).get("/color")
    assert list(store.records) == ["5"]


def test_a_user_s_store_is_saved_to_after_each_synchronisation(serve):
    store = Store()
    client = serve(options={"visitor_cache_manager": store})
    for _ in range(3):
        client.cookies.clear()
        client.get("/template/activate")
    assert len(store.records) == store.saves == 3


def test_a_response_that_used_the_visitor_varies_on_the_cookie(serve):
    client = serve()
    assert client.get("/color")["Vary"] == "Cookie" and client.get("/color")["Vary"] == "Cookie"
    assert client.get("/varied")["Vary"] == "Accept-Language, Cookie"


SITE_WIDE = (["django.middleware.cache.UpdateCacheMiddleware"] + MIDDLEWARE
             + ["django.middleware.cache.FetchFromCacheMiddleware"])
EARLIER = MIDDLEWARE + [__name__ + ".Using"]
EARLIER_SITE_WIDE = SITE_WIDE[:-1] + [__name__ + ".Using"] + SITE_WIDE[-1:]


@pytest.mark.parametrize("path, middleware", [
    ("/page/own", MIDDLEWARE), ("/page/rendered", MIDDLEWARE), ("/page/vary", MIDDLEWARE),
    ("/page/outside", MIDDLEWARE), ("/page/public", MIDDLEWARE), ("/page/earlier", EARLIER),
    ("/page/own", EARLIER), ("/own", SITE_WIDE), ("/rendered", SITE_WIDE), ("/public", SITE_WIDE),
    ("/page/own", SITE_WIDE), ("/earlier", EARLIER_SITE_WIDE)],
    ids=lambda value: value[1:] if value[0] == "/" else "")
def test_a_page_cache_gives_nobody_another_visitor_s_page(serve, path, middleware):
    """Neither to 30 visitors who have ids of their own, nor to eight who come for the first time
    with the cookie that says what they agreed to."""
    cache.clear()
    client = serve(MIDDLEWARE=middleware)

    def get(path, *cookies):
        client.cookies.clear()
        for name, value in cookies:
            client.cookies[str(name)] = value
        return client.get(path)
    for number in range(30):
        visitor_id = "visitor-%d" % number
        expected = visitor_id + " " + text(get("/color", (COOKIE, visitor_id)))
        assert text(get(path, (COOKIE, visitor_id))) == expected
    found = [get(path, ("consent", "yes")) for _ in range(8)]
    ids = [response.cookies[COOKIE].value for response in found]
    assert [text(response).split()[0] for response in found] == ids and len(set(ids)) == 8
    assert [response["Cache-Control"].count("private") for response in found] == [1] * 8
    assert not [response for response in found if "public" in response["Cache-Control"]]
    cache.clear()


@pytest.mark.parametrize("path, middleware", [
    ("/page/counted", MIDDLEWARE), ("/counted", SITE_WIDE)])
def test_a_page_cache_stores_what_does_not_use_the_visitor(serve, path, middleware):
    cache.clear()
    counted.calls = 0
    responses = [serve(MIDDLEWARE=middleware).get(path) for _ in range(3)]
    assert counted.calls == 1
    assert not [each for each in responses if "private" in each["Cache-Control"]]
    cache.clear()


def test_a_fragment_with_the_flag_in_its_key_is_each_visitor_s_own(serve):
    """As docs/django.rst tells to do it."""
    cache.clear()
    client, colors = serve(), set()
    for number in range(20):
        client.cookies[str(COOKIE)] = "visitor-%d" % number
        colors.add(text(client.get("/color")))
        assert text(client.get("/template/fragment")) == text(client.get("/color"))
    assert colors == {"blue", "red"}
    cache.clear()


def test_a_request_stays_what_it_was(serve):
    """But for what page caches ask of it."""
    serve()
    request = RequestFactory().get("/")
    kind, described = type(request), repr(request)
    FlagshipMiddleware(lambda request: HttpResponse()).process_request(request)
    assert type(request) is kind
    request.flagship.get_modification("cta-color", "")
    assert isinstance(request, kind) and repr(request) == described
    again = RequestFactory().get("/")
    FlagshipMiddleware(lambda request: HttpResponse()).process_request(again)
    again.flagship.get_modification("cta-color", "")
    assert type(again) is type(request)


def test_logging_in_and_out_keeps_the_experience(serve, emulator):
    """The cookie keeps the anonymous id, which the platform is told of with the user's; one
    synchronisation each."""
    from django.contrib.auth.models import User
    client, user = serve(), "user-%s" % User.objects.get().pk
    colors = [text(client.get(path)) for path in ("/color", "/enter", "/color", "/leave", "/color")]
    anonymous = client.cookies[COOKIE].value
    assert len(set(colors)) == 1
    assert [(each["visitorId"], each.get("anonymousId")) for each in emulator.decisions] == [
        (anonymous, None), (user, anonymous), (user, anonymous), (anonymous, None),
        (anonymous, None)]


def test_who_comes_back_logged_in_without_a_cookie_gets_one(serve, emulator):
    client = serve(FLAGSHIP_USER_ID=lambda request: "bob")
    anonymous = client.get("/color").cookies[COOKIE].value
    assert (emulator.decisions[0]["visitorId"],
            emulator.decisions[0]["anonymousId"]) == ("bob", anonymous)


def test_in_bucketing_mode_the_cookie_s_id_is_the_visitor(serve, emulator, log):
    """Logged in or not, and without a warning: there is no experience continuity to speak of."""
    client = serve(options={"mode": Config.Mode.BUCKETING, "polling_interval": 0},
                   FLAGSHIP_USER_ID=lambda request: "bob")
    visitor_id = client.get("/color").cookies[COOKIE].value
    assert [each["visitorId"] for each in emulator.context_events] == [visitor_id]
    assert log.at(logging.WARNING) == []


class Name(Enum):
    BOB = "bob"


def is_logged_in(request):
    """As ``request.user.is_authenticated`` of Django 1.11: neither a bool nor an int, but false."""
    return {}


USER_IDS = {
    "text": ("bob", "bob"), "int": (5, "5"), "zero": (0, "0"), "large": (2 ** 70, "%d" % 2 ** 70),
    "UUID": (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"), "Enum": (Name.BOB, "bob"),
    "not ASCII": ("zo\u00eb", "zo\u00eb"), "lazy": (SimpleLazyObject(lambda: "bob"), "bob"),
    "lazy int": (SimpleLazyObject(lambda: 5), "5"), "translation": (gettext_lazy("Yes"), "Yes")}


@pytest.mark.parametrize("kind", sorted(USER_IDS))
def test_an_id_of_a_user(serve, emulator, log, kind):
    user_id, expected = USER_IDS[kind]
    client = serve(ANN, FLAGSHIP_USER_ID=lambda request: user_id)
    assert text(client.get("/color")) in ("blue", "red")
    decision, = emulator.decisions
    assert (decision["visitorId"], decision["anonymousId"]) == (expected, ANN)
    assert log.at(logging.WARNING) == []


@pytest.mark.parametrize("user_id, log_lines", [
    (lambda request: None, 0), (lambda request: "", 0), (lambda request: False, 0),
    (is_logged_in, 0), (lambda request: SimpleLazyObject(lambda: None), 0),
    (lambda request: request.user.is_authenticated and request.user.pk, 0),
    (lambda request: True, 1), (lambda request: 5.0, 1), (lambda request: ["bob"], 1),
    (lambda request: SimpleLazyObject(lambda: {}["bob"]), 1), (raising, 1),
    (__name__ + ".raising", 1)], ids=repr)
def test_nobody_is_logged_in(serve, emulator, log, user_id, log_lines):
    """What is no id, or raises, costs a log line and counts as nobody."""
    assert text(serve(ANN, FLAGSHIP_USER_ID=user_id).get("/color")) in ("blue", "red")
    assert [each["visitorId"] for each in emulator.decisions] == [ANN]
    bad = log.at(logging.WARNING)
    assert len(bad) == log_lines and all("FLAGSHIP_USER_ID" in line for line in bad)


def test_a_user_without_a_primary_key_is_nobody(serve, emulator):
    """Else all of them would be one visitor."""
    serve(ANN)
    user = type(str("User"), (), {"is_authenticated": True, "pk": None})
    assert user_id(type(str("Request"), (), {"user": user})) is None


class Session(object):
    """As Django's: a mapping by its methods alone."""

    def items(self):
        return iter([("vip", True)])


class Stored(dict):
    """As Django's QueryDict: what it stores is not what it says."""

    def items(self):
        return [(key, dict.__getitem__(self, key)[-1]) for key in self]


class Broken(dict):
    def items(self):
        raise ValueError("broken")


@pytest.mark.parametrize("context, expected", [
    (of_request, {"vip": True, "path": "/color"}),
    (__name__ + ".of_request", {"vip": True, "path": "/color"}), (lambda request: None, {}),
    (lambda request: {"vip": True, 5: 5, "no": object()}, {"vip": True}),
    (lambda request: request.GET, {"country": "DE", "age": "31"}),
    (lambda request: request.COOKIES, {COOKIE: ANN}),
    (lambda request: request.session, {"seen": 2}), (lambda request: Session(), {"vip": True}),
    (lambda request: Stored(vip=[False, True]), {"vip": True}),
    (lambda request: SimpleLazyObject(lambda: {"vip": True}), {"vip": True})], ids=repr)
def test_the_settings_say_the_context(serve, emulator, context, expected):
    """Any mapping, by what its items() gives."""
    serve(ANN, FLAGSHIP_CONTEXT=context, MIDDLEWARE=MIDDLEWARE[:1] + [
        __name__ + ".Seen"] + MIDDLEWARE[1:]).get("/color?country=FR&country=DE&age=31")
    assert emulator.decisions[0]["context"] == expected


@pytest.mark.skipif(django.VERSION < (2, 2), reason="requests have headers from Django 2.2 on")
def test_the_context_may_be_the_headers(serve, emulator):
    client = serve(FLAGSHIP_CONTEXT=lambda request: request.headers)
    client.get("/color", HTTP_X_COUNTRY="FR")
    assert emulator.decisions[0]["context"]["X-Country"] == "FR"


@pytest.mark.parametrize("context, log_line", [
    (raising, "raised KeyError: %r (test_contrib_django.py, line " % "no such header"),
    (lambda request: [("vip", True)], "returned list, which must be a mapping or None"),
    (lambda request: 5, "returned int, which must be a mapping or None"),
    (lambda request: Broken(vip=True),
     "returned Broken, which cannot be read: it raises ValueError"),
    (lambda request: SimpleLazyObject(lambda: {}["vip"]),
     "returned SimpleLazyObject, which cannot be read: it raises KeyError"),
    (lambda request: {"color": request.flagship.get_modification("cta-color", "")},
     "raised RuntimeError")], ids=repr)
def test_a_context_that_fails_is_a_log_line_and_empty(serve, emulator, log, context, log_line):
    assert text(serve(FLAGSHIP_CONTEXT=context).get("/color")) in ("blue", "red")
    assert emulator.decisions[0]["context"] == {}
    line, = log.at(logging.WARNING)
    assert "[FLAGSHIP_CONTEXT] " + log_line in line


@pytest.mark.parametrize("settings", [{}, {"FLAGSHIP_COOKIE_SIGNED": True}], ids=repr)
def test_consent_says_how_long_the_cookie_lives(serve, emulator, settings):
    """Without it the browser's session, then its usual age, and the session again; it is set when
    that changes and not in between. The visitor, and so its variation, stays."""
    client, found = serve(FLAGSHIP_CONSENT=__name__ + ".has_agreed", **settings), []
    for answer in ("", "", "yes", "yes", "no", "no"):
        client.cookies[str("consent")] = answer
        response = client.get("/activated")
        found.append((text(response), response.cookies[COOKIE]["max-age"]
                      if COOKIE in response.cookies else None))
    color = found[0][0]
    assert found == [(color, age) for age in ("", None, 365 * 24 * 3600, None, "", None)]
    assert len({each["visitorId"] for each in emulator.decisions}) == 1
    assert ["visitor_consent" in each for each in emulator.decisions] == [
        True, True, False, False, True, True]
    assert [each.endpoint for each in emulator.requests].count("events") == 2
    assert len(emulator.activations) == 2


def test_consent_in_the_view(serve, emulator):
    """What follows in the same request is tracked, and the cookie lives as long as ever."""
    response = serve(FLAGSHIP_CONSENT=lambda request: False).get("/agreed")
    assert response.cookies[COOKIE]["max-age"] == 365 * 24 * 3600
    assert [each.endpoint for each in emulator.requests] == ["campaigns", "activate"]


@pytest.mark.parametrize("consent, log_line", [
    (raising, "raised KeyError"), (lambda request: "yes", "returned str, which must be a bool"),
    (lambda request: [True], "returned list, which must be a bool"),
    (lambda request: SimpleLazyObject(lambda: {}["vip"]), "cannot be read: it raises KeyError"),
    (lambda request: request.flagship.visitor_id, "raised RuntimeError"),
    (lambda request: None, None), (lambda request: 0, None)])
def test_a_consent_that_fails_is_a_log_line_and_none(serve, emulator, log, consent, log_line):
    response = serve(FLAGSHIP_CONSENT=consent).get("/activated")
    assert text(response) in ("blue", "red") and response.cookies[COOKIE]["max-age"] == ""
    assert [each.endpoint for each in emulator.requests] == ["campaigns"]
    lines = [line.replace("unicode", "str") for line in log.at(logging.WARNING)]
    assert len(lines) == (1 if log_line else 0)
    assert not log_line or "[FLAGSHIP_CONSENT] " in lines[0] and log_line in lines[0]


def test_with_a_wrong_setting_nobody_has_consented(serve, emulator):
    """Its default would track everybody."""
    client = serve(FLAGSHIP_CONSENT="no.such.function")
    assert list(problems()) == ["flagship.E014"]
    with pytest.warns(RuntimeWarning, match="E014"):
        response = client.get("/activated")
    assert text(response) in ("blue", "red") and response.cookies[COOKIE]["max-age"] == ""
    assert [each.endpoint for each in emulator.requests] == ["campaigns"]


@pytest.mark.parametrize("name", ["json", "json-off", "json-as"])
def test_flags_for_javascript(serve, emulator, name):
    """The same with autoescape and without: a page's script reads what the server has. Nothing is
    activated."""
    title = "</script><!-- & ' \u2028"
    emulator.set_bucketing({"campaigns": [everybody("c", ("v", 100, {"title": title, "n": 1}))]})
    written = text(serve().get("/template/" + name))
    assert not set("<>&'") & set(written) and written == str(written)
    flags = json.loads(written)
    if name == "json-as":
        assert flags["title"].pop("variationId") == "v"
        flags = {key: each["value"] for key, each in flags.items()}
    assert flags == {"title": title, "n": 1} and emulator.activations == []


def test_flags_for_javascript_without_a_request(serve, log):
    serve()
    template = engines["django"].from_string("{% load flagship %}{% flagship_json %}").template
    assert template.render(Context()) == "{}"
    line, = log.at(logging.WARNING)
    assert "the template has no request" in line


@pytest.mark.parametrize("happens", OUTAGES)
def test_whatever_happens_to_the_platform_a_view_gets_the_defaults(serve, emulator, happens):
    """And the visitor its cookie, so that it is the same when all is well again."""
    client = serve(options={"timeout": 0.3})
    happens(emulator)
    response = client.get("/often")
    assert text(response) == "none" and len(response.cookies[COOKIE].value) == 36
    assert text(client.get("/template/tag")) == "none,&lt;b&gt;"
    assert text(client.get("/template/json")) == "{}"


def test_one_try_a_request(serve, emulator):
    """A platform that is down costs a request one time-out, not one a flag."""
    client = serve()
    emulator.misbehave("campaigns", status=500)
    client.get("/often")
    assert [each.endpoint for each in emulator.requests] == ["campaigns"]


def test_a_view_s_mistake_is_a_log_line(emulator, serve, caplog):
    """The handler that the settings do not name catches all exceptions."""
    assert text(serve(FLAGSHIP_OPTIONS=dict(emulator.urls)).get("/mistaken")) == "default"
    assert [record.levelname for record in caplog.records
            if record.name == "flagship"].count("ERROR") >= 1


def test_a_view_that_fails_keeps_its_error_and_its_cookie(serve):
    client = serve()
    client.raise_request_exception = False
    if django.VERSION < (3, 0):
        client.handler.raise_request_exception = False
        client.store_exc_info = lambda **options: None
    response = client.get("/failing")
    assert response.status_code == 500 and response.cookies[COOKIE].value


@pytest.mark.parametrize("name, expected, activations", [
    ("tag", "{color},&lt;b&gt;", 0), ("activate", "{color}", 1), ("as", "Merci1", 0),
    ("included", "{color},x;{color},x;", 0)])
def test_the_template_tag(serve, emulator, name, expected, activations):
    """Escaped like a variable, in includes and loops too, and the visitor's one synchronisation
    serves it all."""
    client = serve(ANN, FLAGSHIP_CONTEXT=of_request)
    color = text(client.get("/color"))
    emulator.clear()
    assert text(client.get("/template/" + name)) == expected.format(color=color)
    assert (len(emulator.decisions), len(emulator.activations)) == (1, activations)


@pytest.mark.parametrize("default", [
    "'none'", "_('Yes')", "undefined", "None", "5", "lazy", "thing", "safe"])
def test_the_default_of_the_tag_never_hides_the_flag(serve, emulator, log, default):
    """Whatever it is: a translation, a variable that nobody has set, an object. It is shown where
    there is no flag."""
    serve()
    values = {"lazy": gettext_lazy("Yes"), "thing": Thing(), "safe": mark_safe("<i>")}
    request = RequestFactory().get("/")
    FlagshipMiddleware(lambda request: HttpResponse()).process_request(request)

    def render_flag(key, options=""):
        source = "{%% load flagship i18n %%}{%% flag '%s' %s%s %%}" % (key, default, options)
        return engines["django"].from_string(source).template.render(
            Context(dict(values, request=request)))
    assert render_flag("cta-color") in ("blue", "red")
    assert render_flag("cta-color", " activate=1") in ("blue", "red")
    assert len(emulator.activations) == 1
    assert render_flag("nowhere") == {
        "'none'": "none", "undefined": "", "None": "None", "5": "5", "thing": "a thing",
        "safe": "<i>"}.get(default, "Yes")
    assert log.at(logging.WARNING) == [] and log.caught == []


@pytest.mark.parametrize("query, host", [
    ("page=1", "testserver"), ("a" * 3000, "testserver"), ("%ff%00", "[::1]"),
    ("q=\u00eb", "xn--e1afmkfd.test")], ids=["plain", "long", "odd", "not ASCII"])
@pytest.mark.parametrize("state", ["unstarted", "closed", "started"])
def test_the_documented_view_takes_any_address(serve, state, query, host):
    """It raises nothing, whatever the address, before the start and after the end too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = serve(**({"FLAGSHIP_ENV_ID": None} if state == "unstarted" else {}))
        if state != "started":
            Flagship.instance().close()
        shown = text(client.get("/documented", QUERY_STRING=native(query), HTTP_HOST=host))
        assert shown in (["14blue", "14red"] if state == "started" else ["14none"])


def test_the_tag_escapes_what_the_platform_says(serve, emulator):
    emulator.set_bucketing({"campaigns": [everybody("c", ("v", 100, {"cta-color": "<script>"}))]})
    assert text(serve().get("/template/activate")) == "&lt;script&gt;"


@pytest.mark.parametrize("context",
                         [Context(), Context({"request": None}), Context({"request": object()})])
def test_the_tag_without_a_request_gives_the_default(serve, log, context):
    """As in a template for a mail."""
    serve()
    template = engines["django"].from_string(TEMPLATES["activate.html"]).template
    assert template.render(context) == "none"
    line, = log.at(logging.WARNING)
    assert "FlagshipMiddleware" in line


def test_the_tag_finds_the_request_in_a_plain_context(serve):
    serve()
    request = RequestFactory().get("/")
    FlagshipMiddleware(lambda request: HttpResponse()).process_request(request)
    template = engines["django"].from_string(TEMPLATES["activate.html"]).template
    assert template.render(Context({"request": request})) in ("blue", "red")


def test_a_forked_worker_serves(serve, emulator):
    """As under gunicorn --preload."""
    client = serve()
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
from asgiref.sync import sync_to_async
from django.http import HttpResponse

async def plain(request):
    return HttpResponse("plain")

async def get(client, path):
    return await client.get(path)

async def color(request):
    return HttpResponse(await sync_to_async(
        lambda: request.flagship.get_modification("cta-color", "none"))())
"""


@pytest.mark.skipif(django.VERSION < (3, 1), reason="Django has an AsyncClient from 3.1 on")
def test_async_handlers(serve, emulator):
    """Under ASGI, views of both kinds have the visitor, and those that do not use it pay
    nothing."""
    from asgiref.sync import async_to_sync
    from django.test import AsyncClient
    views = {"__name__": "async_views"}
    exec(compile(ASYNC, "async_views.py", "exec"), views)
    urls = type("urls", (), {"urlpatterns": [
        re_path("^async/plain$", views["plain"]), re_path("^async/color$", views["color"]),
        re_path("^color$", color)]})
    serve(ROOT_URLCONF=urls, FLAGSHIP_USER_ID=lambda request: None)
    client, get = AsyncClient(), async_to_sync(views["get"])
    response = get(client, "/async/plain")
    assert text(response) == "plain" and not response.cookies and emulator.requests == []
    response = get(client, "/async/color")
    assert text(response) in ("blue", "red") and response["Vary"] == "Cookie"
    assert response.cookies[COOKIE].value == emulator.decisions[0]["visitorId"]
    assert text(get(client, "/color")) == text(response) and len(emulator.decisions) == 2


def test_the_settings_start_the_sdk(serve, emulator):
    serve(FLAGSHIP_OPTIONS=dict(emulator.urls, timeout=1.5))
    config = Flagship.instance().config
    assert (config.env_id, config.timeout) == (emulator.env_id, 1.5) and problems() == {}
    apps.get_app_config("flagship").ready()
    assert Flagship.instance().config is config, "the same settings do not start it again"


@pytest.mark.parametrize("settings", [
    {"FLAGSHIP_ENV_ID": None}, {"FLAGSHIP_ENV_ID": ""}, {"FLAGSHIP_API_KEY": None},
    {"FLAGSHIP_ENV_ID": "", "FLAGSHIP_API_KEY": ""}], ids=repr)
def test_missing_settings(serve, settings):
    """A system check says so, the server says so when it starts, and views get the defaults."""
    client = serve(**settings)
    assert list(problems()) == ["flagship.E001"]
    assert not Flagship.instance().is_flagship_started()
    with pytest.warns(RuntimeWarning) as warned:
        assert text(client.get("/often")) == "none"
    assert ["flagship.E001: settings: %s is missing, so every visitor gets the defaults "
            "(see troubleshooting: missing-settings)" % name
            for name in sorted(settings, reverse=True)] == ["%s" % each.message for each in warned]


@pytest.mark.parametrize("mode, settings, status", [
    (Config.Mode.API, {"FLAGSHIP_API_KEY": "s3cret"}, 401),
    (Config.Mode.API, {"FLAGSHIP_ENV_ID": "of-nobody"}, 401),
    (Config.Mode.BUCKETING, {"FLAGSHIP_ENV_ID": "of-nobody"}, 404)], ids=repr)
def test_a_wrong_key_or_environment_is_said_once(serve, mode, settings, status):
    """As a missing one is, and without the key: whoever configures no log would see nothing but
    defaults. In bucketing mode it is known at the start."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        client = serve(options={"mode": mode, "polling_interval": 0}, **settings)
        for _ in range(3):
            assert text(client.get("/color")) == "none"
    line, = [str(each.message) for each in warned if each.category is RuntimeWarning]
    assert "the platform answered %d" % status in line and "environment" in line
    assert "s3cret" not in line and settings.get("FLAGSHIP_ENV_ID", "") in line


def test_a_warning_that_is_an_error_breaks_no_view(serve):
    """As with ``python -W error``."""
    client = serve(FLAGSHIP_API_KEY="wrong")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert text(client.get("/color")) == "none"


def test_a_platform_that_is_down_is_no_mistake_of_the_settings(serve, emulator):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client = serve()
        emulator.misbehave("campaigns", status=500)
        assert text(client.get("/color")) == "none"


def test_an_application_that_is_not_installed(serve, monkeypatch):
    """With the middleware alone nobody starts the SDK, so the server says so when it starts."""
    client = serve()
    Flagship.instance().close()
    monkeypatch.setattr(apps, "is_installed", lambda name: False)
    with pytest.warns(RuntimeWarning, match="not in INSTALLED_APPS"):
        assert text(client.get("/color")) == "none"


def test_settings_are_not_missing_where_somebody_else_starts_the_sdk(serve, start):
    client = serve(FLAGSHIP_ENV_ID=None, FLAGSHIP_API_KEY=None)
    start()
    assert problems() == {} and text(client.get("/color")) in ("blue", "red")


@pytest.mark.parametrize("number, name, values", [
    ("E002", "FLAGSHIP_ENV_ID", [5, ["env"], "a/b", " "]),
    ("E002", "FLAGSHIP_API_KEY", [True, u"\u201cs3cret\u201d", "a b"]),
    ("E003", "FLAGSHIP_OPTIONS",
     ["mode", [], {"timeout": "2"}, {"no_such": 1}, {5: 5}, {"event_handler": 5}]),
    ("E004", "FLAGSHIP_CONTEXT",
     [5, "", "nowhere", "no.such.module", __name__ + ".nowhere", __name__ + ".COOKIE"]),
    ("E005", "FLAGSHIP_USER_ID", [{}, "nowhere.at_all"]),
    ("E006", "FLAGSHIP_COOKIE_NAME", [None, "", "a b", "a;b", "é"]),
    ("E007", "FLAGSHIP_COOKIE_AGE", [None, 0, -1, "60", True, 1e3, 10 ** 10]),
    ("E008", "FLAGSHIP_COOKIE_DOMAIN", [5, "", "a;b", "example.com:80"]),
    ("E009", "FLAGSHIP_COOKIE_SECURE", ["yes", 1]),
    ("E010", "FLAGSHIP_COOKIE_SAMESITE", ["", "lux", True, 5]),
    ("E011", "FLAGSHIP_COOKIE_SIGNED", [None, "yes", 1]),
    ("E012", "FLAGSHIP_CLOSE_ON_SIGNALS", [None, "yes", 1]),
    ("E014", "FLAGSHIP_CONSENT", [True, "nowhere.at_all"]),
    ("E015", "FLAGSHIP_OVERRIDES", [5, "", "nowhere.at_all"]),
    ("E016", "FLAGSHIP_HOOKS", ["flagship.hooks.Hook", [5], ["no.such"], [__name__ + ".COOKIE"]])])
def test_a_wrong_setting_names_itself(serve, number, name, values):
    """In the check and when the server starts; the view works on, with the setting's default."""
    for value in values:
        client = serve(**{name: value})
        assert list(problems()) == ["flagship." + number], value
        assert name in problems()["flagship." + number], value
        with pytest.warns(RuntimeWarning, match=number):
            assert text(client.get("/color")) in ("blue", "red", "none")
        Flagship.instance().close()


LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
CACHES = {
    "default": {"BACKEND": LOCMEM},
    "roomy": {"BACKEND": LOCMEM, "LOCATION": "roomy", "OPTIONS": {"MAX_ENTRIES": 10000}},
    "database": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "t"},
    "dummy": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
SESSIONS = "django.contrib.sessions.backends."


@pytest.mark.parametrize("alias, settings, expected", [
    ("default", {}, ["W002"]), ("roomy", {}, []), ("database", {}, ["W002"]), ("dummy", {}, []),
    ("default", {"SESSION_ENGINE": SESSIONS + "cache"}, ["W001", "W002"]),
    ("default", {"SESSION_ENGINE": SESSIONS + "cached_db"}, ["W001", "W002"]),
    ("default", {"SESSION_ENGINE": SESSIONS + "db"}, ["W002"]),
    ("roomy", {"SESSION_ENGINE": SESSIONS + "cache", "SESSION_CACHE_ALIAS": "roomy"}, ["W001"]),
    ("roomy", {"SESSION_ENGINE": SESSIONS + "cache"}, []), ("nowhere", {}, [])], ids=repr)
def test_a_visitor_cache_that_forgets_or_evicts_is_a_warning(serve, alias, settings, expected):
    serve(CACHES=CACHES, options={"visitor_cache_manager": DjangoVisitorCache(alias)}, **settings)
    assert sorted(problems()) == ["flagship." + number for number in expected]
    assert all(repr(alias) in message for message in problems().values())


def test_other_visitor_caches_are_no_warning(serve):
    serve(SESSION_ENGINE=SESSIONS + "cache",
          options={"visitor_cache_manager": MemoryVisitorCache()})
    assert problems() == {}


def test_the_checks_are_documented():
    from flagship.contrib.django import checks as ours
    assert sorted(set(re.findall("flagship.([EW][0-9]+)", ours.__doc__))) == sorted(
        set(ours._NUMBERS.values()) | {"E001", "E013"} | {"W00%d" % each for each in range(1, 9)})


def asked():
    """What ``manage.py check --deploy --tag flagship`` says, ``[(id, message)]``."""
    return [(each.id, each.msg) for each in checks.run_checks(
        tags=["flagship"], include_deployment_checks=True)]


def test_a_deployment_check_asks_the_platform(serve, emulator):
    """Without reporting anything; a plain check asks nobody."""
    serve()
    assert problems() == {} and emulator.requests == []
    assert asked() == []
    assert [each.endpoint for each in emulator.requests] == ["campaigns"]
    assert dict(emulator.accepted, decisions=0) == dict.fromkeys(emulator.accepted, 0)


@pytest.mark.parametrize("mode, settings, fault, number, said", [
    (Config.Mode.API, {"FLAGSHIP_API_KEY": "s3cret"}, {}, "E013", "wrong-key"),
    (Config.Mode.API, {"FLAGSHIP_ENV_ID": "of-nobody"}, {}, "E013", "wrong-key"),
    (Config.Mode.BUCKETING, {"FLAGSHIP_ENV_ID": "of-nobody"}, {}, "E013", "unknown-environment"),
    (Config.Mode.API, {}, {"status": 503}, "W003", "answered 503"),
    (Config.Mode.BUCKETING, {}, {"body": "<html>"}, "W003", "is not JSON"),
    (Config.Mode.API, {}, {"body": '{"campaigns": [], "panic": true}'}, "W004", "panic")],
    ids=repr)
def test_a_deployment_check_names_what_is_wrong(serve, emulator, mode, settings, fault, number,
                                                said):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the start
        serve(options={"mode": mode, "polling_interval": 0}, **settings)
    if fault:
        emulator.misbehave("campaigns" if mode is Config.Mode.API else "bucketing", **fault)
    (found, message), = asked()
    assert found == "flagship." + number and said in message and "s3cr" not in message


def test_a_deployment_check_of_wrong_settings_or_offline_asks_nobody(serve, emulator):
    serve(FLAGSHIP_API_KEY=None)
    assert [number for number, _ in asked()] == ["flagship.E001"]
    serve(options={"offline": True})
    assert asked() == [] and emulator.requests == []


MANAGE = """
import os
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.urls import {path} as path
import django
from flagship import Config, Flagship

def home(request):
    return HttpResponse("VERSION %s" % request.flagship.get_modification("cta-color", "none"))

urlpatterns = [path("^$", home)]
settings.configure(
    DEBUG=True, SECRET_KEY="s", ALLOWED_HOSTS=["*"], ROOT_URLCONF="__main__", USE_TZ=True,
    INSTALLED_APPS=["flagship.contrib.django"],
    MIDDLEWARE=["flagship.contrib.django.middleware.FlagshipMiddleware"],
    FLAGSHIP_ENV_ID="env", FLAGSHIP_API_KEY=os.environ["KEY"],
    FLAGSHIP_OPTIONS={{"cdn_url": "{url}/cdn", "decision_api_url": "{url}/v2",
                      "tracking_url": "{url}/collect",
                      "mode": Config.Mode.BUCKETING, "bucketing_file": None}})
execute_from_command_line()
"""


def manage(tmpdir, emulator):
    """Writes a project of one file; starts its commands."""
    path = str(tmpdir.join("manage.py"))
    source = MANAGE.format(url=emulator.url, path="re_path" if django.VERSION >= (2, 0) else "URL")
    source = source.replace("django.urls import URL", "django.conf.urls import url")
    environment = dict(os.environ,
                       PYTHONPATH=os.pathsep.join([ROOT] + [each for each in sys.path if each]),
                       PYTHONUNBUFFERED="1")

    def command(version, key, *arguments):
        with io.open(path, "w") as file:
            file.write(source.replace("VERSION", version))
        return arguments and subprocess.Popen([sys.executable, path] + list(arguments),
                                              env=dict(environment, KEY=key),
                                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                              preexec_fn=os.setsid)
    return command


def test_manage_py_check_says_what_is_missing(tmpdir, emulator):
    process = manage(tmpdir, emulator)("1", "", "check")
    output = process.communicate()[0].decode("utf-8")
    assert process.returncode == 1
    assert "(flagship.E001) settings: FLAGSHIP_API_KEY is missing" in output


@slow
def test_the_autoreloader_restarts_it(tmpdir, emulator):
    """With its poller at work, the server ends at once and comes back with the new source."""
    command, port = manage(tmpdir, emulator), free_port()
    server = command("1", emulator.api_key, "runserver", "127.0.0.1:%d" % port)

    def answers(version):
        try:
            found = requests.get("http://127.0.0.1:%d/" % port, timeout=10).text
        except requests.RequestException:
            found = ""
        time.sleep(0.05)
        return found.split() in ([version, "blue"], [version, "red"])
    try:
        assert eventually(lambda: answers("1"), 30)
        time.sleep(1.1)  # the reloader looks at whole seconds, once a second
        command("2", "")
        assert eventually(lambda: answers("2"), 30)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        output = server.communicate()[0].decode("utf-8", "replace")
    # Django's own server may fail over a request that comes while it ends.
    assert not re.search(r"flagship(/\w+)+\.py", output), output
