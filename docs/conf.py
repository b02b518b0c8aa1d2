"""How Sphinx builds the site:
``python -m pip install ".[docs]" && python -m sphinx -W docs docs/_build``."""
import os
import re
import sys
from html import escape

from docutils import nodes

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path[:0] = [ROOT, HERE]

with open(os.path.join(ROOT, "flagship", "_version.py"), encoding="utf-8") as file:
    release = version = re.search(r'"(.+)"', file.read()).group(1)

project = "flagship"
author = "Flagship Team"
copyright = "Flagship Team, Apache License 2.0"

extensions = ["sphinx.ext.autodoc", "sphinx.ext.doctest", "sphinx_copybutton", "figures"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "flagship %s" % release
html_favicon = "_static/icon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
templates_path = ["_templates"]
# Of a console's block the commands alone.
copybutton_prompt_text = "$ "
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True}
nitpicky = False


def describe(app, pagename, templatename, context, doctree):
    """Give a page without a description its first paragraph, for search engines to show."""
    first = next(doctree.findall(nodes.paragraph), None) if doctree else None
    if first is not None and 'name="description"' not in context["metatags"]:
        text = " ".join(first.astext().split())
        # As much as they show, to the end of a sentence where there is one.
        text = re.match(r"(.{50,155}[.:]|.{0,155})(?=\s|$)", text).group().rstrip(":")
        context["metatags"] += '<meta name="description" content="%s">' % escape(text)


def setup(app):
    app.connect("html-page-context", describe)
