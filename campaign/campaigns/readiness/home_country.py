"""The organisation's country: whose paper letters that go by post are printed on."""

from flask import current_app, has_app_context


def home_country() -> str:
    """As the settings have it; empty where there is no application."""
    if not has_app_context():
        return ""
    return str(current_app.extensions["settings"].organisation_country)
