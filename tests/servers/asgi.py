"""The page on Django's ASGI."""
import django
from django.core.asgi import get_asgi_application

from tests.servers.application import configure_django, start

start()
configure_django()
django.setup()
application = get_asgi_application()
