"""Integrations with other frameworks, one module or package each. The library itself imports none
of them."""
