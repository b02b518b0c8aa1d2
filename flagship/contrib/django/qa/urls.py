"""The panel's addresses: ``path("qa/", include("flagship.contrib.django.qa.urls"))``."""
from __future__ import absolute_import

try:
    from django.urls import re_path
except ImportError:  # before Django 2.0
    from django.conf.urls import url as re_path

from flagship.contrib.django.qa import _views

app_name = "flagship_qa"
urlpatterns = [
    re_path(r"^$", _views.panel, name="panel"),
    re_path(r"^decision/$", _views.decision, name="decision"),
    re_path(r"^override/$", _views.override, name="override"),
]
