"""The panel's page and what its script asks for."""
import io
import json

from django.conf import settings
from django.http import HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from qa import overrides
from qa.decision import decision as decide
from qa.emulator import emulator
from qa.received import lines
from qa.visitors import own_ids, recent
from shop.context import context_of

with io.open(settings.CAMPAIGNS, encoding="utf-8") as file:
    # For names, also in panic, when the emulator's own file hides them.
    CAMPAIGNS = json.load(file)


@require_safe
def panel(request):
    seen = recent(emulator.requests) if emulator else []
    own = own_ids(request)
    asked = request.GET.get("visitor", "").strip()
    visitor_id = asked or (own[0] if own else seen[0].visitor_id if seen else "")
    chosen = next((each for each in seen if each.visitor_id == visitor_id), None)
    context = chosen.context if chosen else context_of(request)
    anonymous_id = chosen.anonymous_id if chosen else None
    return render(request, "qa/panel.html", {
        "visitor_id": visitor_id, "anonymous_id": anonymous_id, "own": own, "seen": seen,
        "context": sorted(context.items()), "on_emulator": bool(emulator),
        "panic": bool(emulator) and emulator.panic,
        "decision": decide(visitor_id, anonymous_id, context) if visitor_id else None})


@require_POST
def decision(request):
    """The decision for a context that was edited, a part of the page."""
    try:
        visitor_id, anonymous_id, context = _asked(request)
    except ValueError as problem:
        return HttpResponseBadRequest("%s" % problem)
    return render(request, "qa/decision.html",
                  {"decision": decide(visitor_id, anonymous_id, context)})


@require_POST
def context(request):
    """Have the shop use an edited context for its visitor, or again its own."""
    visitor_id = request.POST.get("visitor", "")
    if "forget" in request.POST:
        overrides.forget(visitor_id)
    else:
        try:
            overrides.change(visitor_id, _object(request.POST.get("before")),
                             _object(request.POST.get("context")))
        except ValueError as problem:
            return HttpResponseBadRequest("%s" % problem)
    return redirect(_panel_of(visitor_id))


@require_POST
def panic(request):
    if emulator:
        emulator.panic = request.POST.get("panic") == "on"
    return redirect(_panel_of(request.POST.get("visitor", "")))


@require_safe
def received(request):
    """What arrived after so many lines, for the script that polls."""
    if not emulator:
        return JsonResponse({"lines": [], "panic": False, "visitors": []})
    try:
        after = max(0, int(request.GET.get("after", 0)))
    except ValueError:
        return HttpResponseBadRequest("after must be a number")
    requests = emulator.requests
    return JsonResponse({"lines": lines(requests, CAMPAIGNS, after), "panic": emulator.panic,
                         "visitors": [each._asdict() for each in recent(requests)]})


def _panel_of(visitor_id):
    return "%s?%s" % (reverse("qa:panel"), urlencode({"visitor": visitor_id}))


def _asked(request):
    visitor_id = request.POST.get("visitor", "").strip()
    if not visitor_id:
        raise ValueError("a visitor's id is missing")
    return visitor_id, request.POST.get("anonymous") or None, _object(request.POST.get("context"))


def _object(text):
    value = json.loads(text or "{}")
    if not isinstance(value, dict) or not all(isinstance(each, (bool, int, float, str))
                                              for each in value.values()):
        raise ValueError("the context must be an object of text, numbers and booleans")
    return value
