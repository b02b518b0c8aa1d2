"""The panel's page, the part of it that follows what is edited, and what sets the cookie."""
from __future__ import absolute_import

import functools
import json
import re

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import get_script_prefix, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from flagship.contrib.django.overrides import forget_overrides, may_override, save_overrides
from flagship.contrib.django.qa._decision import explain_decision, known_campaigns, list_choices, \
    make_visitor
from flagship.errors import ParamError

_FORCE = "force."  # before a campaign's id in the name of its field
# What is read as JSON where it is typed; anything else is text.
_JSON = re.compile(r'(true|false|-?(0|[1-9]\d{0,14})(\.\d{1,15})?|".*")\Z', re.DOTALL)


def _for_staff(view):
    """Let in whom FLAGSHIP_OVERRIDES lets; ask others to log in."""
    @functools.wraps(view)
    def guarded(request):
        if may_override(request):
            return view(request)
        user = getattr(request, "user", None)
        # A project may do without users, or have users of its own.
        if user is None or user.is_authenticated or not apps.is_installed("django.contrib.auth"):
            raise PermissionDenied
        from django.contrib.auth.views import redirect_to_login
        return redirect_to_login(request.get_full_path())
    return never_cache(xframe_options_deny(csrf_protect(guarded)))


@require_safe
@_for_staff
def panel(request):
    own, asked = request.flagship, request.GET.get("visitor", "").strip()
    if asked in ("", own.visitor_id, own.anonymous_id):
        return _page(request, own)
    context = _context_of(request.GET) or own.explain()["context"]
    return _page(request, make_visitor(asked, None, context, {}))


@require_POST
@_for_staff
def decision(request):
    """The decision for what was edited, a part of the page."""
    visitor = _visitor_of_form(request)
    if visitor is None:
        return HttpResponseBadRequest("a visitor's id is missing")
    return render(request, "flagship_qa/decision.html",
                  {"decision": explain_decision(visitor, False)})


@require_POST
@_for_staff
def override(request):
    """Have the sender's browser use what was edited, or again its own."""
    own = request.flagship
    own.visitor_id  # makes it, and so its own context
    to = reverse("flagship_qa:panel", current_app=request.resolver_match.namespace)
    if "forget" in request.POST:
        response = redirect(to)
        forget_overrides(request, response)
        return response
    try:
        response = redirect(to)
        save_overrides(request, response, _forced_of(request.POST),
                       _difference(request._flagship.own_context or {}, _context_of(request.POST)))
        return response
    except ParamError:
        return _page(request, _visitor_of_form(request) or own,
                     "This is more than a cookie holds.", 400)


def _page(request, visitor, problem="", status=200):
    own = request.flagship
    explained = explain_decision(visitor, visitor is own)
    choices = list_choices(visitor.forced_variations)
    return render(request, "flagship_qa/panel.html", {
        "visitor": visitor, "is_own": visitor.visitor_id == own.visitor_id, "problem": problem,
        "decision": explained,
        "rows": [(key, _typed_form(value)) for key, value in sorted(explained["context"].items())],
        "choices": choices, "can_force": known_campaigns() is not None,
        "is_overridden": request._flagship.overrides is not None, "home": get_script_prefix(),
    }, status=status)


def _visitor_of_form(request):
    """Return the visitor that a form describes, not synchronised; None without an id."""
    visitor_id = request.POST.get("visitor", "").strip()
    if not visitor_id:
        return None
    return make_visitor(visitor_id, request.POST.get("anonymous"), _context_of(request.POST),
                        _forced_of(request.POST))


def _context_of(fields):
    pairs = zip(fields.getlist("key"), fields.getlist("value"))
    return {key.strip(): _typed_value(value) for key, value in pairs if key.strip()}


def _forced_of(fields):
    return {name[len(_FORCE):]: fields[name] for name in fields
            if name.startswith(_FORCE) and fields[name]}


def _difference(own, wanted):
    """Return the overrides of a context that make ``wanted`` of ``own``."""
    changed = {key: None for key in own if key not in wanted}
    changed.update((key, value) for key, value in wanted.items()
                   if key not in own or (type(own[key]), own[key]) != (type(value), value))
    return changed


def _typed_value(text):
    text = text.strip()
    try:
        return json.loads(text) if _JSON.match(text) else text
    except ValueError:  # such as a quotation mark inside
        return text


def _typed_form(value):
    """Return how a context's value is typed, so that it is read as what it is."""
    if isinstance(value, type(u"")) and _typed_value(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)
