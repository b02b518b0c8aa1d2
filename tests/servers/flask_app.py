"""The page for ``flask run``, which starts the SDK by its settings."""
from flask import Flask

from flagship.contrib.flask import FlagshipExtension
from tests.servers.application import SETTINGS, page

app = Flask("shop")
app.config.from_mapping(SETTINGS)
FlagshipExtension(app)
app.add_url_rule("/", "page", page)
