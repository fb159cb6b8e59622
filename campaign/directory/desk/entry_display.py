"""What the pages of officials and missions show alike."""

from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from campaign.core import i18n
from campaign.directory.postal_addresses import address_lines, address_problems
from campaign.models.directory import Mission, Official


def country_choices(codes: list[str]) -> list[Any]:
    """Choices of a filter: everything, then the countries of `codes` by name."""
    wanted = set(codes)
    named = [SelectChoice(code, name) for code, name in i18n.senders() if code in wanted]
    return [SelectChoice("", _("All")), *named]


def listing_url(**changes: object) -> str:
    """This list's address with other filters, order or page; empty values are left out."""
    state = request.args.to_dict() | {name: str(value) for name, value in changes.items()}
    query = urlencode({name: value for name, value in state.items() if value})
    return f"{request.path}?{query}" if query else request.path


def address_shown(
    place: Official | Mission, *, country: str, head: list[str], locale: str, abroad: bool = True
) -> dict[str, Any]:
    """Lines of the address as they will be printed, and what looks wrong about it.

    Letters that come from `abroad` name the country.
    """
    parts: dict[str, Any] = {
        "country": country,
        "street": place.address,
        "locality": place.locality,
        "region": place.region,
        "postal_code": place.postal_code,
    }
    lines = address_lines(
        **parts, country_name=i18n.country_name(country, locale) if abroad else ""
    )
    empty = not (place.address or place.locality or place.postal_code)
    return {
        "lines": [*(line for line in head if line), *lines],
        "problems": [] if empty else address_problems(**parts),
    }
