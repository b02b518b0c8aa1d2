"""The panic switch, and what the panel's script asks for."""
import io
import json

from django.conf import settings
from django.http import HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from qa.emulator import emulator
from qa.received import lines
from qa.visitors import recent

with io.open(settings.CAMPAIGNS, encoding="utf-8") as file:
    # For names, also in panic, when the emulator's own file hides them.
    CAMPAIGNS = json.load(file)


@require_POST
def panic(request):
    if emulator:
        emulator.panic = request.POST.get("panic") == "on"
    return redirect("flagship_qa:panel")


@require_safe
def received(request):
    """What arrived after the request with a number, for the script that polls."""
    if not emulator:
        return JsonResponse({"lines": [], "last": 0, "panic": False, "visitors": []})
    try:
        after = max(0, int(request.GET.get("after", 0)))
    except ValueError:
        return HttpResponseBadRequest("after must be a number")
    last, requests = emulator.requests_after(after)
    return JsonResponse({"lines": lines(requests, CAMPAIGNS), "last": last,
                         "panic": emulator.panic,
                         "visitors": [each.as_link() for each in recent(requests)]})
