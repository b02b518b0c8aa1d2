"""What typed Django and Flask applications do with the SDK: accepted by the checkers, and it
runs."""
from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

import flask
from django.http import HttpRequest, HttpResponse

from flagship import Config, Flagship
from flagship.contrib.django import DjangoVisitorCache
from flagship.contrib import flask as contrib_flask
from flagship.contrib.flask import FlagshipExtension, current_visitor
from flagship.emulator import Emulator
from flagship.hits import Page
from flagship.visitor import Visitor

if TYPE_CHECKING:
    from flagship.contrib.django.apps import FlagshipConfig
    from flagship.contrib.django.checks import check_settings
    from flagship.contrib.django.middleware import FlagshipMiddleware, FlagshipRequest, user_id
    from flagship.contrib.django.overrides import (
        forget_overrides,
        may_override,
        save_overrides,
        sign_overrides,
    )


def django_view(request: FlagshipRequest) -> HttpResponse:
    visitor: Visitor = request.flagship
    label: str = visitor.get_modification("label", "Add to cart", activate=True)
    visitor.send_hit(Page(request.build_absolute_uri()))
    return HttpResponse(label)


def django_context(request: HttpRequest) -> dict[str, str]:
    return {"country": request.headers.get("X-Country", "FR")}


def django_parts(request: HttpRequest, application: FlagshipConfig) -> HttpResponse:
    application.ready()
    for problem in check_settings(app_configs=None):
        print(problem.id, problem.msg)
    name: str | None = user_id(request)
    middleware = FlagshipMiddleware(lambda request: HttpResponse(name or ""))
    middleware.process_request(request)
    if may_override(request):
        save_overrides(request, HttpResponse(), {"campaign": "variation"}, {"plan": None})
    forget_overrides(request, HttpResponse())
    signed: str = sign_overrides({"campaign": "variation"}, {"plan": None})
    print(signed)
    return middleware.process_response(request, HttpResponse())


def flask_context(request: flask.Request) -> dict[str, str | bool]:
    return {"country": request.headers.get("X-Country", "FR"), "secure": request.is_secure}


def flask_user(request: flask.Request) -> str | None:
    return request.args.get("user")


def force(response: flask.Response) -> None:
    contrib_flask.save_overrides(response, {"campaign": "variation"})
    contrib_flask.forget_overrides(response)
    signed: str = contrib_flask.sign_overrides({"campaign": "variation"})
    print(signed)


def home() -> str:
    label: str = current_visitor.get_modification("label", "Add to cart", activate=True)
    visitor_id: str = current_visitor.visitor_id
    return "%s for %s, %s" % (
        label, visitor_id, flask.render_template_string("{{ flag('label', 'Buy') }}"))


def shop(options: dict[str, Any]) -> flask.Flask:
    app = flask.Flask("shop")
    app.config["FLAGSHIP_ENV_ID"], app.config["FLAGSHIP_API_KEY"] = "env", "key"
    app.config["FLAGSHIP_OPTIONS"] = options
    FlagshipExtension(app, context=lambda request: None)
    extension = FlagshipExtension(context=flask_context, user_id=flask_user)
    extension.init_app(app)
    app.add_url_rule("/", view_func=home)
    return app


def main(folder: pathlib.Path) -> None:
    assert Config(visitor_cache_manager=DjangoVisitorCache("default", prefix="shop", ttl=3600.0))
    with Emulator() as platform:
        try:
            client = shop(dict(platform.urls)).test_client()
            assert client.get("/?user=ann").data == b"Add to cart for ann, Buy"
        finally:
            Flagship.instance().close()
