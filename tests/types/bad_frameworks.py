"""Mistakes with Django and Flask that the checkers must find."""
from __future__ import annotations

import flask
from django.http import HttpRequest, HttpResponse

from flagship.contrib.django import DjangoVisitorCache
from flagship.contrib.django.middleware import FlagshipMiddleware, FlagshipRequest, user_id
from flagship.contrib.django.overrides import save_overrides
from flagship.contrib.flask import FlagshipExtension, current_visitor


def django_view(request: FlagshipRequest) -> HttpResponse:
    request.flagship.get_modification("label")  # error
    request.flagship.visitor_id = "ann"  # error
    number: int = request.flagship.get_modification("label", "Buy")  # error
    return HttpResponse(number)


def django_parts(request: HttpRequest) -> None:
    request.flagship  # error
    user_id()  # error
    text: str = user_id(request)  # error
    save_overrides(request, {"campaign": "variation"})  # error
    FlagshipMiddleware()  # error
    FlagshipMiddleware("view")  # error
    DjangoVisitorCache(1)  # error
    DjangoVisitorCache("default", ttl="60")  # error
    DjangoVisitorCache("default", timeout=1)  # error


def names(request: flask.Request) -> list[str]:
    return list(request.args)


def flask_parts(app: flask.Flask) -> None:
    FlagshipExtension("shop")  # error
    FlagshipExtension(app, {"country": "FR"})  # error
    FlagshipExtension(app, context=names)  # error
    FlagshipExtension(app, user_id=names)  # error
    FlagshipExtension(app, user="ann")  # error
    FlagshipExtension(app, consent=True)  # error
    FlagshipExtension().init_app()  # error
    FlagshipExtension().init_app("shop")  # error
    current_visitor()  # error
    current_visitor.get_modification("label")  # error
    current_visitor.visitor_id = "ann"  # error
