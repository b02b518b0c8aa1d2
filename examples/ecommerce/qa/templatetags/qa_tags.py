"""What the panel's template shows of the emulator."""
from django import template

from qa.emulator import emulator
from qa.visitors import recent

register = template.Library()


@register.simple_tag
def emulator_state():
    """``panic`` and ``seen``, the visitors it heard of last; None where the shop runs against the
    platform."""
    return {"panic": emulator.panic, "seen": [
        each.as_link() for each in recent(emulator.requests_after(0)[1])]} if emulator else None
