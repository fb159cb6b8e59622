"""What the pages of officials and missions show alike."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request, url_for
from flask_babel import gettext as _
from wtforms import SelectChoice

from campaign.core import i18n
from campaign.directory.postal_addresses import (
    AddressParts,
    AddressProblem,
    address_lines,
    address_problems,
)
from campaign.models.directory import Mission, Official
from campaign.models.directory_import import DirectoryImport


@dataclass(frozen=True, slots=True)
class PrintedAddress:
    """Lines of an address as they will be printed, and what looks wrong about it."""

    lines: list[str]
    problems: list[AddressProblem]


def list_country_choices(codes: Collection[str]) -> list[SelectChoice]:
    """List the choices of a filter: everything, then the countries of `codes` by name."""
    countries = [SelectChoice(code, name) for code, name in i18n.senders() if code in codes]
    return [SelectChoice("", _("All")), *countries]


def get_list_url(**changes: object) -> str:
    """Return this list's address with other filters, order or page; empty values are left out."""
    state = request.args.to_dict() | {name: str(value) for name, value in changes.items()}
    query = urlencode({name: value for name, value in state.items() if value})
    return f"{request.path}?{query}" if query else request.path


def get_import_url(endpoint: str, upload: DirectoryImport, **values: Any) -> str:
    return url_for(
        f"directory.{endpoint}",
        directory=upload.directory.value,
        public_id=upload.public_id,
        **values,
    )


def get_entry_name(entry: Official | Mission) -> str:
    """Return what an entry is called on the desk."""
    words = entry.office if isinstance(entry, Official) else entry.name
    name = entry.name if isinstance(entry, Official) else ""
    return name or i18n.words_in(words, i18n.locale()) or entry.slug


def describe_place(entry: Official | Mission) -> str:
    """Return what tells an entry from its namesakes, in one line."""
    if isinstance(entry, Official):
        office = i18n.words_in(entry.office, i18n.locale()) if entry.name else ""
        parts = (office, i18n.country_name(entry.country), entry.locality)
    else:
        parts = (i18n.country_name(entry.host_country), entry.locality, entry.head_of_mission)
    return " · ".join(part for part in parts if part)


def print_address(
    entry: Official | Mission, *, country: str, head: list[str], locale: str, abroad: bool = True
) -> PrintedAddress:
    """Return the address as it will be printed below `head`.

    Letters that come from `abroad` name the country.
    """
    parts: AddressParts = {
        "country": country,
        "street": entry.address,
        "locality": entry.locality,
        "region": entry.region,
        "postal_code": entry.postal_code,
    }
    is_empty = not (entry.address or entry.locality or entry.postal_code)
    country_name = i18n.country_name(country, locale) if abroad else ""
    return PrintedAddress(
        [*filter(None, head), *address_lines(**parts, country_name=country_name)],
        [] if is_empty else address_problems(**parts),
    )
