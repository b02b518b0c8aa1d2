"""The application's template tags."""
