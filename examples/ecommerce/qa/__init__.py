"""What the demo adds to the QA panel of flagship.contrib.django.qa: what the emulator received, and
its panic."""


def anybody(request):
    """The setting FLAGSHIP_OVERRIDES of the demo, which has no members of staff."""
    return True
