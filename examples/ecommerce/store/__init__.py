"""The Django project: settings, addresses, and the demo's surroundings."""
