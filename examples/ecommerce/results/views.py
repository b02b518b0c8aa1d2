"""The results' page, which is the emulator's own with other shoppers, and what its script asks
for."""
import json
import pkgutil

import requests
from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from flagship.errors import FlagshipError
from results.shoppers import simulation

_TIMEOUT = 2.0  # seconds
_ASSETS = {"page.css": "text/css", "page.results.css": "text/css",
           "page.results.js": "text/javascript"}


@require_safe
def page(request):
    return render(request, "results/page.html", {"on_emulator": bool(settings.EMULATOR_URL)})


@require_safe
def asset(request, name):
    """A file of the emulator's page, from the package."""
    if name not in _ASSETS:
        raise Http404("no such file")
    return HttpResponse(pkgutil.get_data("flagship.emulator", name), _ASSETS[name])


@require_safe
def numbers(request):
    """What the emulator has counted, of the shop's visitors and of simulated ones."""
    answer = requests.get(settings.EMULATOR_URL + "/_emulator/results", timeout=_TIMEOUT)
    answer.raise_for_status()
    return JsonResponse(dict(answer.json(), simulation=simulation.state))


@require_http_methods(["POST", "DELETE"])
def simulate(request):
    """Begin a simulation, of ``{"visitors": 2000}``, or end it early."""
    if request.method == "DELETE":
        simulation.cancel()
        return JsonResponse({})
    try:
        asked = json.loads(request.body.decode("utf-8"))
        simulation.start(asked.get("visitors") if isinstance(asked, dict) else None)
    except (FlagshipError, ValueError) as problem:
        return JsonResponse({"message": "%s" % problem}, status=400)
    return JsonResponse({})
