"""The shop's command line: ``python manage.py demo`` starts the whole demo, everything else is
Django's."""
from __future__ import print_function

import os
import sys


def main(arguments):
    problem = missing()
    if problem:
        print(problem, file=sys.stderr)
        return 1
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "store.settings")
    if arguments[1:2] == ["demo"]:
        # Before Django reads the settings: they name the emulator that this starts.
        from store.demo import main as demo
        return demo(arguments[2:])
    from django.core.management import execute_from_command_line
    return execute_from_command_line(arguments)


def missing():
    """What this Python lacks to run the shop, in a sentence; ``""`` where it has all."""
    if sys.version_info < (3, 6):
        return "The shop needs Python 3.6 or later, and this is %d.%d." % sys.version_info[:2]
    install = "python -m pip install \".[django]\" in the checkout"
    try:
        import django
        import flagship
    except ImportError as problem:
        return "Django or the SDK is not installed for this Python: %s does it (%s)." % (
            install, problem)
    if django.VERSION < (3, 2):
        return "The shop needs Django 3.2 or later, and this is %s with flagship %s: %s." % (
            django.__version__, flagship.__version__, install)
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv))
