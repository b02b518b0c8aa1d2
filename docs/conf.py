"""How Sphinx builds the site:
``python -m pip install ".[docs]" && python -m sphinx -W docs docs/_build``."""
import os
import re
import sys

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
html_static_path = ["_static"]
html_css_files = ["site.css"]
# Of a console's block the commands alone.
copybutton_prompt_text = "$ "
html_theme_options = {"navigation_with_keys": True}

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True}
nitpicky = False
