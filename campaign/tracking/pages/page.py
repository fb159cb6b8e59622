"""A page of a letter or a mailbox, which nobody keeps."""

from typing import Any

from flask import Response, render_template

from campaign.core import i18n
from campaign.public.pages.before_request import private


def page(template: str, status: int = 200, /, **facts: Any) -> Response:
    """Render a page that nobody keeps."""
    html = render_template(template, lang=i18n.locale(), **facts)
    return private(Response(html, status, mimetype="text/html"))
