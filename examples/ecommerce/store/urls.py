"""The addresses: the shop's, and in the demo those of the QA panel."""
from django.conf import settings
from django.urls import include, path

urlpatterns = [path("", include("shop.urls"))]
if settings.QA_PANEL:
    urlpatterns += [path("qa/results/", include("results.urls")),
                    path("qa/", include("qa.urls")),
                    path("qa/", include("flagship.contrib.django.qa.urls"))]
