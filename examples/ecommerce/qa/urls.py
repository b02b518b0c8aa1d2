"""Included by store/urls.py, before the panel's own, only where the demo runs with DEBUG on."""
from django.urls import path

from qa import views

app_name = "qa"
urlpatterns = [
    path("panic/", views.panic, name="panic"),
    path("received/", views.received, name="received"),
]
