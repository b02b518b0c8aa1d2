"""The page for Django's ``runserver``, which starts the SDK by its settings."""
from django.core.management import execute_from_command_line

from tests.servers.application import SETTINGS, configure_django

configure_django(INSTALLED_APPS=["flagship.contrib.django"], **SETTINGS)
execute_from_command_line()
