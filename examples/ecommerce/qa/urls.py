"""Included by store/urls.py only where the demo runs with DEBUG on."""
from django.urls import path

from qa import views

app_name = "qa"
urlpatterns = [
    path("", views.panel, name="panel"),
    path("decision/", views.decision, name="decision"),
    path("context/", views.context, name="context"),
    path("panic/", views.panic, name="panic"),
    path("received/", views.received, name="received"),
]
