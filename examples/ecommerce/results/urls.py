"""Included by store/urls.py only where the demo runs with DEBUG on."""
from django.urls import path

from results import views

app_name = "results"
urlpatterns = [
    path("", views.page, name="page"),
    path("numbers/", views.numbers, name="numbers"),
    path("simulation/", views.simulate, name="simulation"),
    path("<name>", views.asset, name="asset"),
]
