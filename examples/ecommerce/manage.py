"""The shop's command line: ``python manage.py demo`` starts the whole demo, everything else is
Django's."""
import os
import sys


def main(arguments):
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "store.settings")
    if arguments[1:2] == ["demo"]:
        # Before Django reads the settings: they name the emulator that this starts.
        from store.demo import main as demo
        return demo(arguments[2:])
    from django.core.management import execute_from_command_line
    return execute_from_command_line(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
