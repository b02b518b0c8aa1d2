"""The QA panel: which variations a visitor gets, and why; what the platform received. For the demo
alone."""
