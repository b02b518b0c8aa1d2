"""README.md: its programs run, its commands are where CI looks for them, its table is the options
that there are."""
from __future__ import unicode_literals

import io
import os
import re
import sys

import pytest

from flagship import Config, Flagship
from flagship._compat import native
from flagship.emulator import Emulator
from flagship.errors import ParamError
from tests.test_quickstart import ROOT, run

# Read as text with universal line ends, so that a checkout with CRLF is the same document.
with io.open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
    README = file.read()

EXAMPLES = re.findall("<!-- example: ([a-z-]+) -->\n```python\n(.*?)```\n", README, re.DOTALL)


def example(name):
    """The source of the block that the comment ``<!-- example: name -->`` stands before."""
    found = [source for each, source in EXAMPLES if each == name]
    assert len(found) == 1, name
    return found[0]


def write(path, source):
    with io.open(str(path), "w", encoding="utf-8") as file:
        file.write(source)
    return str(path)


def names_of(source):
    """What a block defines."""
    names = {str("__name__"): str("readme")}
    exec(compile(source.encode("utf-8"), str("README.md"), str("exec")), names)
    return names


def test_every_python_block_has_a_name_of_its_own():
    assert len(EXAMPLES) == README.count("```python")
    assert len({name for name, _ in EXAMPLES}) == len(EXAMPLES)


@pytest.mark.parametrize("name, source", EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_every_python_block_compiles(name, source):
    compile(source.encode("utf-8"), str("README.md, " + name), str("exec"), dont_inherit=True)


@pytest.mark.parametrize("name", ["quickstart", "test"])
def test_each_command_is_one_line_after_its_comment(name):
    assert len(re.findall("<!-- command: %s -->\n```sh\n[^\n]+\n```\n" % name, README)) == 1


def test_the_first_use_runs_as_it_stands(tmpdir):
    status, output, errors = run(write(tmpdir.join("first_use.py"), example("first-use")),
                                 directory=ROOT, NO_PROXY="127.0.0.1")
    assert (status, output.split()) == (0, ["Welcome", "back"]), errors


PROJECT = """
import os, sys, types
import django
from django.conf import settings
from django.test import Client
from flagship.emulator import Emulator

with Emulator(os.path.join({root!r}, "examples", "campaigns.json")) as emulator:
    os.environ.update(FLAGSHIP_ENV_ID=str(emulator.env_id), FLAGSHIP_API_KEY=str(emulator.api_key))
    names = {{"os": os, "INSTALLED_APPS": [], "MIDDLEWARE": []}}
    exec(compile(open("settings.py").read(), "settings.py", "exec"), names)
    names["FLAGSHIP_OPTIONS"].update(emulator.urls)
    urls = types.ModuleType(str("urls"))
    sys.modules["urls"] = urls
    templates = {{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": ["."]}}
    settings.configure(
        SECRET_KEY="s", ALLOWED_HOSTS=["*"], ROOT_URLCONF="urls", USE_TZ=True,
        TEMPLATES=[templates], **{{name: value for name, value in names.items() if name.isupper()}})
    django.setup()
    from shop import views
    try:
        from django.urls import re_path
    except ImportError:
        from django.conf.urls import url as re_path
    urls.urlpatterns = [re_path("^$", views.home)]
    client = Client()
    pages = [client.get("/").content.decode("utf-8") for _ in range(2)]
    assert pages[0] == pages[1], pages
    assert [each["context"] for each in emulator.decisions] == [
        {{"country": "FR"}}] * 2, emulator.decisions
    assert (len(emulator.hits), len(emulator.activations)) == (2, 2), emulator.requests
    print(" ".join(pages[0].split()))
"""


def test_the_django_example_serves_a_page(tmpdir):
    """The three blocks, as a project of their own."""
    tmpdir.mkdir("shop").join("__init__.py").write("")
    write(tmpdir.join("shop", "views.py"), example("django-views"))
    write(tmpdir.join("settings.py"), example("django-settings"))
    template, = re.findall("<!-- example: django-template -->\n```html\n(.*?)```\n", README,
                           re.DOTALL)
    write(tmpdir.join("home.html"), template)
    path = os.pathsep.join([str(tmpdir), ROOT] + [each for each in sys.path if each])
    script = write(tmpdir.join("project.py"), PROJECT.format(root=native(ROOT)))
    status, output, errors = run(script, directory=str(tmpdir), NO_PROXY="127.0.0.1",
                                 PYTHONPATH=path)
    assert status == 0, errors
    button = '<button style="font-size: %spx">Add to cart</button>'
    assert output.strip() in ["<h1>Livraison offerte</h1> " + button % size
                              for size in ("14", "16.5")]


def test_the_flask_example_serves_a_page(monkeypatch):
    with Emulator(os.path.join(ROOT, "examples", "campaigns.json")) as emulator:
        monkeypatch.setenv(native("FLAGSHIP_ENV_ID"), native(emulator.env_id))
        monkeypatch.setenv(native("FLAGSHIP_API_KEY"), native(emulator.api_key))
        with Flagship.instance():
            app = names_of(example("flask"))["create_app"](FLAGSHIP_OPTIONS=emulator.urls)
            assert b"<h1>Livraison offerte</h1>" == app.test_client().get("/").data
        assert emulator.decisions[0]["context"] == {"country": "FR"} and len(emulator.hits) == 1


def test_the_table_of_options_is_the_options_that_there_are():
    """CI's word that a new option is also written down."""
    with io.open(os.path.join(ROOT, "docs", "options.rst"), encoding="utf-8") as file:
        rows = re.findall(r"^   \* - ``(\w+)``\n     - (.+)\n     -.*\n     - .+$", file.read(),
                          re.MULTILINE)
    with pytest.raises(ParamError) as raised:
        Config(no_such_option=1)
    assert sorted(name for name, _ in rows) == raised.value.message.split("there are: ")[1].split(
        ", ")
    config = Config()
    for name, default in rows:
        value = getattr(config, name)
        written = {"mode": "Config.%s" % (value,),
                   "event_handler": "%s()" % type(value).__name__}.get(
                       name, "%s" % (value,))
        assert "``%s``" % written in default, name


def test_every_page_of_the_documentation_is_named():
    pages = {name for name in os.listdir(os.path.join(ROOT, "docs")) if name.endswith(".rst")}
    assert set(re.findall(r"\(docs/([a-z]+\.rst)\)", README)) == pages - {"index.rst"}
